//! What the parts of one open conversation share: where the composer and the list are, and what one asks of
//! the other. In context of `Conversation`.

use crate::chat::{Body, ChatId, Command, DraftId, Post, Record, Seq, Talk};
use crate::components::Preferences;
use crate::components::clock::now;
use crate::markup::NodeRef;
use crate::realtime::Realtime;
use crate::signal::{RwSignal, expect_context, provide_context};
use crate::state::Lobby;
use leptos::html::{Div, Textarea};

/// One open chat's desk.
#[derive(Clone, Copy)]
pub struct Desk {
    pub chat: ChatId,
    pub lobby: Lobby,
    realtime: Realtime,
    preferences: Preferences,
    pub composer: NodeRef<Textarea>,
    pub scroller: NodeRef<Div>,
    /// Text for the composer to take over.
    pub handed: RwSignal<Option<String>>,
    /// Counts the wishes to see the newest message.
    pub wish: RwSignal<u32>,
    /// The newest message is in sight, so newer ones are to be as well.
    pub at_bottom: RwSignal<bool>,
    /// The oldest, or the newest, loaded message is not far out of sight.
    pub near_top: RwSignal<bool>,
    pub near_bottom: RwSignal<bool>,
}

impl Desk {
    pub fn provide(chat: ChatId) -> Desk {
        let desk = Desk {
            chat,
            lobby: Lobby::expect(),
            realtime: Realtime::expect(),
            preferences: Preferences::expect(),
            composer: NodeRef::new(),
            scroller: NodeRef::new(),
            handed: RwSignal::new(None),
            wish: RwSignal::new(0),
            at_bottom: RwSignal::new(true),
            near_top: RwSignal::new(false),
            near_bottom: RwSignal::new(false),
        };
        provide_context(desk);
        desk
    }

    pub fn expect() -> Desk {
        expect_context()
    }

    /// Shows a new message at once and sends it on its lane.
    pub fn say(&self, body: Body) {
        let draft = DraftId::random();
        self.lobby.say(self.chat, draft, body.clone(), now());
        self.post(draft, body);
        self.jump();
    }

    /// Sends a draft that was refused once more.
    pub fn retry(&self, draft: DraftId, body: Body) {
        self.lobby.retry(self.chat, draft);
        self.post(draft, body);
        self.focus_composer();
    }

    /// Takes an unsent draft away; with `edit`, its text goes back into the composer.
    pub fn discard(&self, draft: DraftId, edit: bool) {
        self.realtime.forget(draft);
        let body = self.lobby.discard(self.chat, draft);
        if let Some(body) = body.filter(|_| edit) {
            self.handed.set(Some(body.into()));
        }
        self.focus_composer();
    }

    /// Goes to the newest message.
    pub fn jump(&self) {
        self.wish.update(|wish| *wish += 1);
    }

    /// The newest message is loaded: the end is what to look at.
    pub fn settle_at_bottom(&self) {
        self.at_bottom.set(true);
    }

    pub fn focus_composer(&self) {
        if let Some(composer) = self.composer.get_untracked() {
            // An element that is in the page can take the focus.
            let _ = composer.focus();
        }
    }

    /// Everything up to `seq` was seen.
    pub fn see(&self, seq: Seq) {
        if let Some(command) = self.lobby.see(self.chat, seq) {
            self.realtime.send(command);
        }
    }

    /// Not reactive.
    pub fn has_unread(&self) -> bool {
        self.lobby.unread_in(self.chat) > 0
    }

    pub fn join(&self) {
        self.realtime.send(Command::JoinChat { chat: self.chat });
    }

    /// Lets the others know, unless this person keeps it to themselves.
    pub fn typing(&self, active: bool) {
        if !self.preferences.typing.get_untracked() {
            return;
        }
        self.realtime.talk(self.chat, Talk::Typing { active });
    }

    fn post(&self, draft: DraftId, body: Body) {
        let chat = self.chat;
        match self.lobby.record_of(chat) {
            Record::Kept => self
                .realtime
                .send(Command::PostMessage(Post { chat, draft, body })),
            Record::Off => self.realtime.talk(chat, Talk::Said { draft, body }),
        }
    }
}
