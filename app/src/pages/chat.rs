//! The signed-in screen: chats, the open conversation, people. One blocking resource brings everything that
//! the first paint shows; from then on the lobby lives by facts. Refuses to know how a message looks.

use crate::api::{self, ApiError};
use crate::chat::{ChatId, Refusal, Snapshot};
use leptos::prelude::*;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_params_map;

/// What the address asks for. On a narrow screen it also says which pane is in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `/chat`: the list.
    List,
    Chat(ChatId),
    /// `/chat/…` with something that is no id.
    Nonsense,
}

#[component]
pub fn ChatPage() -> impl IntoView {
    let params = use_params_map();
    let wanted = Memo::new(move |_| match params.read().get("id") {
        None => Wanted::List,
        Some(id) => id.parse().map_or(Wanted::Nonsense, Wanted::Chat),
    });
    let snapshot = Resource::new_blocking(
        || (),
        move |()| {
            api::take_snapshot(match wanted.get_untracked() {
                Wanted::Chat(chat) => Some(chat),
                Wanted::List | Wanted::Nonsense => None,
            })
        },
    );

    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match snapshot.await {
                    Ok(snapshot) => view! { <Frame snapshot wanted/> }.into_any(),
                    Err(ApiError::Refused { why: Refusal::SignedOut }) => {
                        view! { <Redirect path=way_back(wanted.get_untracked())/> }.into_any()
                    }
                    Err(problem) => {
                        view! {
                            <main class="lost" id="main">
                                <h1>"Chatr is not answering"</h1>
                                <p role="alert">{problem.to_string()}</p>
                            </main>
                        }
                            .into_any()
                    }
                }
            })}
        </Suspense>
    }
}

/// The front page, which returns to what was wanted after signing in.
fn way_back(wanted: Wanted) -> String {
    match wanted {
        Wanted::Chat(chat) => format!("/?return=/chat/{chat}"),
        Wanted::List | Wanted::Nonsense => "/".into(),
    }
}

#[component]
fn Frame(snapshot: Snapshot, wanted: Memo<Wanted>) -> impl IntoView {
    let pane = move || match wanted.get() {
        Wanted::List => "list",
        Wanted::Chat(_) | Wanted::Nonsense => "chat",
    };
    view! {
        <div class="app" data-pane=pane>
            <nav class="app-chats" aria-label="Chats">{snapshot.chats.len()}</nav>
            <main class="app-main" id="main"></main>
            <aside class="app-people" aria-label="People">{snapshot.people.len()}</aside>
        </div>
    }
}
