//! Why not. Every refusal is written to the person who asked and says what to do.

use super::text::Unfit;
use crate::tree::Read;
use serde::{Deserialize, Serialize};

/// Nothing was changed. A chat that does not exist and one that the actor may not know of are both
/// `NoSuchChat`, so that answers betray nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, Read)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Refusal {
    #[error("You are signed out. Sign in again to go on.")]
    SignedOut,
    #[error("This chat does not exist, or it is not open to you.")]
    NoSuchChat,
    #[error("That person is not here. They may have left for good.")]
    NoSuchPerson,
    #[error("Join the chat first.")]
    NotAMember,
    #[error("Only the chat's owner can do that.")]
    NotOwner,
    #[error("A private chat of two cannot be changed.")]
    FixedPair,
    #[error("The default chat stays for everybody.")]
    FixedDefault,
    #[error("You cannot open a private chat with yourself.")]
    OnlyYou,
    #[error("This chat is off the record: the server takes no messages for it.")]
    OffTheRecord,
    #[error("{0}")]
    Unfit(UnfitText),
    #[error(
        "The moderator of this chat stopped this message because of: {}. Change it and send it again.",
        listed(words)
    )]
    Blocked { words: Vec<String> },
    #[error("That was a bit fast. Try again in {} s.", retry_after_ms.div_ceil(1000))]
    TooFast { retry_after_ms: u64 },
    #[error("You have reached the limit of {max} chats. Leave or delete one first.")]
    TooMany { max: usize },
    #[error("That person is in {max} chats already, and cannot be in more.")]
    TooManyForThem { max: usize },
    #[error("The server did not understand that. Reload the page to get its newest version.")]
    Malformed,
    #[error("The server could not store this just now. Nothing was lost; try again in a moment.")]
    Unavailable,
}

/// Words as they stand in a sentence.
pub fn listed(words: &[String]) -> String {
    let mut list = String::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            list.push_str(", ");
        }
        list.push_str(word);
    }
    list
}

/// `Unfit` inside a tagged enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Read)]
pub struct UnfitText {
    pub why: Unfit,
}

impl std::fmt::Display for UnfitText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.why.fmt(f)
    }
}

impl From<Unfit> for Refusal {
    fn from(why: Unfit) -> Self {
        Refusal::Unfit(UnfitText { why })
    }
}
