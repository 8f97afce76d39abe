//! What a fact means beyond the place where it is shown: a toast, a way to go, words for a screen reader.

use crate::chat::{ChatId, ChatName, DraftId, Message, Person, Refusal};

/// Told once to every listener of the `Lobby`.
#[derive(Clone, Debug, PartialEq)]
pub enum Aside {
    /// This person made the chat, on this page or another; `draft` tells which.
    Created { chat: ChatId, draft: DraftId },
    /// This person asked on this page for the pair's chat, and here it is: go there.
    PairReady { chat: ChatId },
    /// Somebody opened a private chat with this person.
    PairOpened { chat: ChatId, by: Person },
    /// Somebody put this person into a chat.
    Invited {
        chat: ChatId,
        name: ChatName,
        by: Person,
    },
    /// A chat was deleted (`by` somebody, perhaps by this person), or this person is no longer in it. If it
    /// was in front, the default chat is now.
    Gone {
        chat: ChatId,
        title: String,
        by: Option<Person>,
        was_open: bool,
    },
    /// Somebody else said something, in whatever chat. Kept messages only once, also when they come twice.
    Said {
        chat: ChatId,
        title: String,
        by: Person,
        text: String,
    },
    /// A command without a place of its own on the screen was refused.
    Refused {
        why: Refusal,
        draft: Option<DraftId>,
    },
}

impl Aside {
    pub(super) fn said(title: String, message: &Message) -> Aside {
        Aside::Said {
            chat: message.chat,
            title,
            by: message.author.clone(),
            text: message.body.as_str().to_owned(),
        }
    }
}
