//! The front page: a name, and you are in. A plain form, so it works before and without scripts; what was
//! wrong comes back in the address (`/?problem=…&name=…`). Refuses to judge names: the server does.

use crate::api;
use crate::chat::{Name, Unfit};
use crate::components::Mark;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;

/// Somebody who is signed in already goes on to the default chat.
#[component]
pub fn SignIn() -> impl IntoView {
    let visitor = Resource::new_blocking(|| (), |()| api::take_snapshot(None));

    view! {
        <Title text="Chatr"/>
        <Suspense>
            {move || Suspend::new(async move {
                match visitor.await {
                    Ok(snapshot) => {
                        let path = format!("/chat/{}", snapshot.default_chat);
                        view! { <Redirect path/> }.into_any()
                    }
                    Err(_) => view! { <Welcome/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Welcome() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let name = query.get("name").unwrap_or_default();
    let problem = query.get("problem").map(|code| explain(&code));
    let back = query
        .get("return")
        .filter(|path| is_local(path))
        .unwrap_or_else(|| "/".into());
    let described = problem.is_some().then_some("name-problem");

    view! {
        <main class="welcome" id="main">
            <div class="welcome-card">
                <Mark/>
                <h1>"Chat that is there at once"</h1>
                <p class="welcome-lead">
                    "Type a name and start talking. No account, no password, nothing to install."
                </p>
                <form class="stack" method="post" action="/.auth/login/guest">
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
                <p class="welcome-note">
                    "Everybody sees your name. This browser remembers you until you sign out."
                </p>
            </div>
            <Scene/>
        </main>
    }
}

/// A conversation without words, for the eye only.
#[component]
fn Scene() -> impl IntoView {
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
                .map(|(hue, side, length)| {
                    view! {
                        <div class="scene-line" data-side=side data-length=length>
                            <span class="avatar" data-hue=hue></span>
                            <span class="scene-bubble"><i></i><i></i><i></i></span>
                        </div>
                    }
                })
                .collect_view()}
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
        _ => "That did not work. Please try again.".into(),
    }
}

/// A path of this site and not of another one that a link smuggles in.
fn is_local(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_paths_of_this_site_are_returned_to() {
        assert!(is_local("/chat/1"));
        for path in ["//evil.example", "https://evil.example", "/\\evil", "chat"] {
            assert!(!is_local(path), "{path}");
        }
    }
}
