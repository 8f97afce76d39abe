//! The door to the link: what components send, and what comes in. `envelope` and `outbox` are pure, `driver`
//! has the browser in its hands; on the server there is nobody to connect to, and nothing happens.

#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
mod driver;
#[cfg(any(test, all(feature = "hydrate", not(feature = "ssr"))))]
mod envelope;
#[cfg(any(test, all(feature = "hydrate", not(feature = "ssr"))))]
mod outbox;

use crate::chat::{Body, ChatId, Command, DraftId, Millis, Notice, Outcome, Talk, UserId};
use crate::signal::{RwSignal, expect_context, provide_context};
use driver::Driver;

/// How the link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not online yet.
    Connecting,
    Online,
    /// Not online any more, for longer than a blink.
    Offline,
}

/// What comes over the link.
#[derive(Debug)]
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
    /// This person's own message from before a reload: it is on its way again.
    Unsent {
        chat: ChatId,
        draft: DraftId,
        body: Body,
        at: Millis,
    },
    /// Online for the first time; what happened since the page was rendered was missed.
    Fresh,
    /// Online again, and what happened meanwhile was missed.
    Resync,
    /// Online again, and nothing was missed.
    Recovered,
}

/// The only way to the server that a component knows.
#[derive(Clone, Copy)]
pub struct Realtime {
    status: RwSignal<Status>,
    driver: Driver,
}

impl Realtime {
    pub fn provide() -> Self {
        let status = RwSignal::new(Status::Connecting);
        let realtime = Realtime {
            status,
            driver: Driver::new(status),
        };
        provide_context(realtime);
        realtime
    }

    pub fn expect() -> Self {
        expect_context()
    }

    /// Reactive.
    pub fn status(&self) -> Status {
        self.status.get()
    }

    /// Asks the server for something, now or as soon as there is a connection. The answer comes in as a notice;
    /// if it never can, as `Settled`.
    pub fn send(&self, command: Command) {
        self.driver.send(command);
    }

    /// Says something to the members, past the server. What somebody is typing is for now or never.
    pub fn talk(&self, chat: ChatId, talk: Talk) {
        self.driver.talk(chat, talk);
    }

    /// Nobody wants this draft sent any more. What is on its way may arrive all the same.
    pub fn forget(&self, draft: DraftId) {
        self.driver.forget(draft);
    }

    /// Does not wait for the next attempt.
    pub fn reconnect_now(&self) {
        self.driver.hurry();
    }

    /// Connects in the name of the person who is signed in, until the owner of this call is cleaned up. What the
    /// last page left unsent comes in first.
    pub fn start(&self, user: UserId, on: impl Fn(Incoming) + 'static) {
        self.driver.start(user, on);
    }
}

/// Where there is no browser there is no link.
#[cfg(not(all(feature = "hydrate", not(feature = "ssr"))))]
mod driver {
    use super::{ChatId, Command, DraftId, Incoming, RwSignal, Status, Talk, UserId};

    #[derive(Clone, Copy)]
    pub struct Driver;

    impl Driver {
        pub fn new(_status: RwSignal<Status>) -> Self {
            Driver
        }

        pub fn start(&self, _user: UserId, _on: impl Fn(Incoming) + 'static) {}

        pub fn send(&self, _command: Command) {}

        pub fn talk(&self, _chat: ChatId, _talk: Talk) {}

        pub fn forget(&self, _draft: DraftId) {}

        pub fn hurry(&self) {}
    }
}
