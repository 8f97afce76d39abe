//! What an aside of the lobby becomes: a way to go, a toast, a desktop notification. Decides by one
//! question: is somebody looking at that chat right now?

use super::{Address, Preferences, Toast, Toasts, desktop};
use crate::chat::ChatId;
use crate::state::{Aside, Lobby};
use leptos::prelude::*;

/// Listens to the lobby for as long as the page lives.
pub fn herald(lobby: Lobby, toasts: Toasts, preferences: Preferences) {
    let address = Address::expect();
    lobby.listen(move |aside| {
        if let Aside::PairReady { chat } = aside {
            address.go(&chat.path());
        }
        if let Aside::Gone { was_open: true, .. } = aside {
            address.go_instead(&lobby.default_chat().path());
        }
        let Some(toast) = toast_of(aside, lobby) else {
            return;
        };
        let watched = desktop::is_watched();
        let in_front = toast.about.is_some() && toast.about == untrack(|| lobby.open_chat());
        if !watched
            && preferences.notify.get_untracked()
            && let Some(chat) = toast.about
        {
            desktop::notify(&chat.to_string(), &toast.title, &toast.text, move || {
                address.go(&chat.path());
            });
        }
        if !in_front {
            toasts.show(toast);
        }
    });
}

fn toast_of(aside: &Aside, lobby: Lobby) -> Option<Toast> {
    let toast = |about: Option<ChatId>, title: String, text: String| Toast {
        about,
        title,
        text,
        urgent: false,
    };
    match aside {
        Aside::Created { .. } | Aside::PairReady { .. } => None,
        Aside::PairOpened { chat, by } => Some(toast(
            Some(*chat),
            by.to_string(),
            "opened a private chat with you.".into(),
        )),
        Aside::Invited { chat, name, by } => Some(toast(
            Some(*chat),
            name.to_string(),
            format!("{by} invited you."),
        )),
        Aside::Gone { by: Some(by), .. } if lobby.is_me(by.id) => None,
        Aside::Gone { title, by, .. } => Some(toast(
            None,
            title.clone(),
            match by {
                Some(by) => format!("{by} deleted this chat."),
                None => "You are no longer in this chat.".into(),
            },
        )),
        Aside::Said {
            chat,
            title,
            by,
            text,
        } => Some(toast(
            Some(*chat),
            match by.to_string() {
                name if name == *title => name,
                name => format!("{name} · {title}"),
            },
            text.clone(),
        )),
        // The form that waits for this draft shows it itself.
        Aside::Refused { draft: Some(_), .. } => None,
        Aside::Refused { why, draft: None } => Some(Toast {
            about: None,
            title: "That did not work".into(),
            text: why.to_string(),
            urgent: true,
        }),
    }
}
