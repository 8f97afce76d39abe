//! The door to the link, as components see it. Only its shape so far: nothing is sent.

use crate::chat::{ChatId, Command, DraftId, Notice, Outcome, Talk, UserId};
use leptos::prelude::*;

/// How the link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Connecting,
    Online,
    Offline,
}

/// What comes over the link.
pub enum Incoming {
    Notice(Notice),
    Talk {
        chat: ChatId,
        from: UserId,
        talk: Talk,
    },
    Settled {
        draft: DraftId,
        outcome: Outcome,
    },
    Fresh,
    Resync,
    Recovered,
}

/// The only way to the server that a component knows.
#[derive(Clone, Copy)]
pub struct Realtime {
    status: RwSignal<Status>,
}

impl Realtime {
    pub fn provide() -> Self {
        let realtime = Realtime {
            status: RwSignal::new(Status::Connecting),
        };
        provide_context(realtime);
        realtime
    }

    pub fn expect() -> Self {
        expect_context()
    }

    pub fn status(&self) -> Status {
        self.status.get()
    }

    pub fn send(&self, _command: Command) {}

    pub fn talk(&self, _chat: ChatId, _talk: Talk) {}

    pub fn reconnect_now(&self) {}

    pub fn start(&self, _on: impl Fn(Incoming) + 'static) {}
}
