//! Bots: authors of a kind of their own, which answer what they hear in chats. A bot sees one message at a
//! time and says what it wants to happen; it refuses to post by itself, so that every rule holds for it too.

mod concierge;

pub use concierge::Concierge;

use app::chat::{DraftId, Message, Millis, Person};
use std::time::Duration;

/// A bot. Others plug in here.
pub trait Bot: Send + Sync {
    /// Who it is; its kind is `Bot`, and its id never changes.
    fn person(&self) -> Person;

    /// Whether it has anything to say to this. Cheap: asked about every message.
    fn is_addressed(&self, message: &Message, is_private: bool) -> bool;

    /// What it does about a message by which it is addressed.
    fn answer(&self, heard: &Heard<'_>) -> Vec<Act>;
}

/// A message, and what a bot may know besides.
pub struct Heard<'a> {
    pub message: &'a Message,
    /// The chat is the author's and the bot's alone.
    pub is_private: bool,
    /// Who of the chat is online, in the order of their names.
    pub here: &'a [Person],
    pub now: Millis,
    /// Draws a number from 1 to the given one.
    pub roll: &'a dyn Fn(u32) -> u32,
}

/// What a bot wants to happen, in the chat where it heard the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Say(String),
    /// Says `text` after `delay`, also if the server stops in between; `confirmation` if that was noted,
    /// `refusal` if the author has too many of these waiting.
    Remind {
        text: String,
        delay: Duration,
        confirmation: String,
        refusal: String,
    },
}

/// The draft of the answer to a message: the same for the same message, so that nothing is answered twice.
pub fn answer_to(message: DraftId, bot: &Person) -> DraftId {
    let mut bytes = *message.as_bytes();
    for (byte, of_bot) in bytes.iter_mut().zip(bot.id.as_bytes()) {
        *byte ^= of_bot;
    }
    DraftId::from_bytes(bytes)
}
