//! The front page: a name, and you are in. A plain form, so it works before and without scripts; what was
//! wrong comes back in the address (`/?problem=…&name=…`). Refuses to judge names: the server does.

use crate::api::{Provider, WaysIn};
use crate::chat::{Name, Unfit};
use crate::components::{Mark, PasskeyDoor};
use crate::markup::{View, view};
use leptos::prelude::*;

/// The page at `/` with what stands behind `?` there.
pub fn sign_in(ways_in: WaysIn, query: &str) -> View {
    let of = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned())
    };
    let back = of("return").filter(|path| is_local(path));
    let back = back.unwrap_or_else(|| "/".into());
    view! { <Welcome ways_in name=of("name").unwrap_or_default() code=of("problem") back/> }
}

#[component]
fn Welcome(ways_in: WaysIn, name: String, code: Option<String>, back: String) -> View {
    let WaysIn {
        by_name,
        by_passkey,
        providers,
    } = ways_in;
    let guests = by_name.is_some();
    // What is not about a name stands above all ways in.
    let of_name = guests && !code.as_deref().is_some_and(is_of_provider);
    let problem = code.map(|code| explain(&code));
    let (name_problem, problem) = match of_name {
        true => (problem, None),
        false => (None, problem),
    };
    let problem = problem.map(|text| {
        view! {
            <p class="problem" role="alert">
                {text}
            </p>
        }
    });
    let links = providers
        .into_iter()
        .map(|provider| {
            let to = address_of(&provider, &back);
            view! {
                <a class="button" data-size="large" rel="external" href=to>
                    {format!("Sign in with {}", provider.label)}
                </a>
            }
        })
        .collect::<Vec<_>>();
    let either = (guests && !links.is_empty()).then(|| view! { <p class="welcome-or">"or"</p> });
    let links = (!links.is_empty())
        .then(|| view! { <nav class="stack" aria-label="Sign in">{links}</nav> });
    let closed = (!guests && links.is_none() && problem.is_none())
        .then(|| view! { <p>{explain("guestsOff")}</p> });
    // The one thing here that lives by scripts.
    let door = by_passkey.then(|| {
        view! {
            <div class="passkey-door" id="passkey-door" data-back=back.clone()>
                <PasskeyDoor back=back.clone()/>
            </div>
        }
    });
    let form = by_name.map(|action| view! { <NameForm action name back problem=name_problem/> });
    let (lead, note) = match guests {
        true => (
            "Type a name and start talking. No account, no password, nothing to install.",
            "Everybody sees your name. This browser remembers you until you sign out.",
        ),
        false => (
            "Sign in and start talking. Nothing to install.",
            "Everybody sees your name and who vouches for it. This browser remembers you until you sign out.",
        ),
    };

    view! {
        <main class="welcome" id="main">
            <div class="welcome-card">
                <Mark/>
                <h1>"Chat that is there at once"</h1>
                <p class="welcome-lead">{lead}</p>
                {problem}
                {closed}
                {form}
                {either}
                {links}
                {door}
                <p class="welcome-note">{note}</p>
            </div>
            <Scene/>
        </main>
    }
}

#[component]
fn NameForm(action: String, name: String, back: String, problem: Option<String>) -> View {
    let described = problem.is_some().then_some("name-problem");
    view! {
        <form class="stack" method="post" action=action>
            <input type="hidden" name="post_login_redirect_uri" value=back/>
            <label class="field">
                <span class="field-label">"Your name"</span>
                <input
                    class="input"
                    type="text"
                    name="name"
                    value=name
                    required
                    autofocus
                    maxlength=Name::MAX
                    autocomplete="nickname"
                    autocapitalize="words"
                    spellcheck="false"
                    dir="auto"
                    aria-invalid=described.map(|_| "true")
                    aria-describedby=described
                />
            </label>
            {problem
                .map(|text| {
                    view! {
                        <p class="problem" id="name-problem" role="alert">
                            {text}
                        </p>
                    }
                })}
            <button class="button" data-kind="primary" data-size="large" type="submit">
                "Join"
            </button>
        </form>
    }
}

/// A conversation without words, for the eye only.
#[component]
fn Scene() -> View {
    const LINES: [(&str, &str, &str); 6] = [
        ("7", "theirs", "long"),
        ("7", "theirs", "short"),
        ("5", "own", "mid"),
        ("1", "theirs", "mid"),
        ("5", "own", "long"),
        ("9", "theirs", "typing"),
    ];
    view! {
        <div class="scene" aria-hidden="true">
            {LINES
                .into_iter()
                .map(|(hue, side, length)| {
                    view! {
                        <div class="scene-line" data-side=side data-length=length>
                            <span class="avatar" data-hue=hue></span>
                            <span class="scene-bubble"><i></i><i></i><i></i></span>
                        </div>
                    }
                })
                .collect::<Vec<_>>()}
        </div>
    }
}

/// The sentence for a problem's code. The address is anybody's to write, so no text is taken from it.
fn explain(code: &str) -> String {
    match code {
        "empty" => Unfit::Empty.to_string(),
        "tooLong" => Unfit::TooLong { max: Name::MAX }.to_string(),
        "invisible" => Unfit::Invisible.to_string(),
        "tooFast" => "That were many tries in a short time. Wait a minute, then join.".into(),
        "guestsOff" => "This server lets nobody in by name alone.".into(),
        "signedOut" => "You were signed out. Join again to go on.".into(),
        "denied" => "The sign-in was called off, so you are not signed in.".into(),
        "expired" => {
            "That sign-in took too long or was begun elsewhere. Please sign in again.".into()
        }
        "providerDown" => {
            "The sign-in service does not answer just now. Please try again in a minute.".into()
        }
        "signInFailed" => "The sign-in did not work out. Please try again.".into(),
        _ => "That did not work. Please try again.".into(),
    }
}

/// Whether a problem's code is about signing in with a provider.
fn is_of_provider(code: &str) -> bool {
    matches!(code, "denied" | "expired" | "providerDown" | "signInFailed")
}

/// Where a provider's sign-in begins, with the way back.
fn address_of(provider: &Provider, back: &str) -> String {
    let to = |path: &str, back: &str| {
        let back = back
            .replace('%', "%25")
            .replace('&', "%26")
            .replace('#', "%23");
        let back = back
            .replace('+', "%2B")
            .replace('?', "%3F")
            .replace('=', "%3D");
        format!("{path}?post_login_redirect_uri={back}")
    };
    let back = match &provider.by_way_of {
        Some(way) => to(way, back),
        None => back.to_owned(),
    };
    to(&provider.path, &back)
}

/// A path of this site and not of another one that a link smuggles in.
fn is_local(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::{Provider, address_of, is_local};

    #[test]
    fn only_paths_of_this_site_are_returned_to() {
        assert!(is_local("/chat/1"));
        for path in ["//evil.example", "https://evil.example", "/\\evil", "chat"] {
            assert!(!is_local(path), "{path}");
        }
    }

    #[test]
    fn the_way_back_survives_every_address_that_it_is_carried_in() {
        let mut github = Provider {
            label: "GitHub".into(),
            path: "/.auth/login/github".into(),
            by_way_of: None,
        };
        assert_eq!(
            address_of(&github, "/chat/1"),
            "/.auth/login/github?post_login_redirect_uri=/chat/1"
        );
        github.by_way_of = Some("/api/signedIn".into());
        assert_eq!(
            address_of(&github, "/chat/1"),
            "/.auth/login/github?post_login_redirect_uri=/api/signedIn%3Fpost_login_redirect_uri%3D/chat/1"
        );
    }
}
