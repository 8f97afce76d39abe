//! What is on the screen, as one value in context. `Lobby` is seeded from a `Snapshot` on both sides and from
//! then on only facts change it (`absorb`); lists and rows are separate signals, so that one fact redraws one
//! row. Refuses to know sockets, HTTP and the DOM: what must happen elsewhere is told as an `Aside`.

mod absorb;
mod aside;
mod log;
mod rows;
#[cfg(test)]
mod tests;
mod write;

pub use aside::Aside;
pub use log::{Block, Log};
pub use rows::{ChatRow, PersonRow, Unread};
pub use write::Frame;

use crate::chat::chats::Chats;
use crate::chat::people::People;
use crate::chat::sorted::Sorted;
use crate::chat::timeline::Zone;
use crate::chat::typing::Typists;
use crate::chat::{
    ChatId, DraftId, Fact, Kind, Millis, Person, Presence, Record, Settings, Snapshot, UserId,
};
use crate::signal::{ArcRwSignal, RwSignal, StoredValue, expect_context, provide_context};
use std::sync::Arc;

/// The screen's state. `Copy`: take it from context with `Lobby::expect`.
#[derive(Clone, Copy)]
pub struct Lobby {
    hall: StoredValue<Hall>,
    me: StoredValue<Person>,
    default_chat: ChatId,
    settings: Settings,
    chats: RwSignal<Vec<ChatRow>>,
    people: RwSignal<Vec<PersonRow>>,
    open: RwSignal<Option<ChatId>>,
    /// Words that the moderator replaced in this person's messages.
    remarks: RwSignal<Sorted<DraftId, Vec<String>>>,
    taken_at: Millis,
}

type Listener = Arc<dyn Fn(&Aside) + Send + Sync>;

/// The collections behind the signals.
struct Hall {
    chats: Chats,
    people: People,
    logs: Sorted<ChatId, Log>,
    members: Sorted<ChatId, ArcRwSignal<Vec<Person>>>,
    typists: Sorted<ChatId, ArcRwSignal<Typists>>,
    /// Facts that arrive while a snapshot is fetched: done at once, and done again on top of it.
    held: Vec<Fact>,
    /// Snapshots on their way.
    fetching: u32,
    frame: Option<Frame>,
    zone: Zone,
    listeners: Vec<Listener>,
}

impl Lobby {
    /// Seeds the state and puts it into context. The same on both sides: the first paint is a function of
    /// the snapshot alone.
    pub fn provide(snapshot: Snapshot) -> Lobby {
        let lobby = Lobby::new(snapshot);
        provide_context(lobby);
        lobby
    }

    pub fn expect() -> Lobby {
        expect_context()
    }

    pub(crate) fn new(snapshot: Snapshot) -> Lobby {
        let Snapshot {
            me,
            default_chat,
            chats,
            people,
            open,
            settings,
            taken_at,
        } = snapshot;
        let chats = Chats::new(me.id, default_chat, chats, taken_at);
        let people = People::new(people);
        let lobby = Lobby {
            chats: RwSignal::new(chats.rows().iter().map(ChatRow::new).collect()),
            people: RwSignal::new(people.rows().iter().map(PersonRow::new).collect()),
            hall: StoredValue::new(Hall {
                chats,
                people,
                logs: Sorted::new(),
                members: Sorted::new(),
                typists: Sorted::new(),
                held: Vec::new(),
                fetching: 0,
                frame: None,
                zone: Zone::UTC,
                listeners: Vec::new(),
            }),
            me: StoredValue::new(me),
            default_chat,
            settings,
            open: RwSignal::new(open.as_ref().map(|open| open.summary.chat.id)),
            remarks: RwSignal::new(Sorted::new()),
            taken_at,
        };
        if let Some(open) = open {
            let chat = open.summary.chat.id;
            lobby.mark(chat);
            lobby.load(open);
        }
        lobby
    }

    /// Who looks at this screen.
    pub fn me(&self) -> Person {
        self.me.get_value()
    }

    pub fn is_me(&self, user: UserId) -> bool {
        self.me.with_value(|me| me.id == user)
    }

    pub fn settings(&self) -> Settings {
        self.settings
    }

    pub fn default_chat(&self) -> ChatId {
        self.default_chat
    }

    /// The chats in their order: the default one, groups, pairs. Tracks rows coming, going and moving; a
    /// row's content is the row's own signal.
    pub fn chats(&self) -> Vec<ChatRow> {
        self.chats.get()
    }

    /// One chat's row. Tracks like `chats`.
    pub fn chat(&self, chat: ChatId) -> Option<ChatRow> {
        self.chats
            .with(|rows| rows.iter().find(|row| row.id == chat).cloned())
    }

    /// One chat's row as it stands; its content is a signal all the same. Not reactive.
    pub fn chat_now(&self, chat: ChatId) -> Option<ChatRow> {
        self.chats
            .with_untracked(|rows| rows.iter().find(|row| row.id == chat).cloned())
    }

    /// Everybody who is online, this person too, by name. Tracks like `chats`.
    pub fn people(&self) -> Vec<PersonRow> {
        self.people.get()
    }

    /// How somebody is here; `None` when they are not. Reactive.
    pub fn presence_of(&self, user: UserId) -> Option<Presence> {
        let row = self
            .people
            .with(|rows| rows.iter().find(|row| row.id == user).cloned())?;
        Some(row.presence())
    }

    /// The chat in front. Reactive.
    pub fn open_chat(&self) -> Option<ChatId> {
        self.open.get()
    }

    /// The chat in front. Not reactive.
    pub fn open_now(&self) -> Option<ChatId> {
        self.open.try_get_untracked().flatten()
    }

    /// Whether a chat's messages were fetched. Not reactive.
    pub fn is_loaded(&self, chat: ChatId) -> bool {
        self.log(chat).read(|timeline| timeline.is_loaded())
    }

    /// Brings a chat to the front; its messages may still have to be fetched (`live` does).
    pub fn open(&self, chat: Option<ChatId>) {
        let left = self.open.get_untracked();
        if left == chat {
            return;
        }
        if let Some(left) = left.filter(|left| self.summary(*left).is_some()) {
            self.unmark(left);
        }
        if let Some(chat) = chat {
            self.mark(chat);
        }
        self.open.set(chat);
    }

    /// The people of a chat, by name; empty until its messages were loaded once. Reactive.
    pub fn members(&self, chat: ChatId) -> Vec<Person> {
        self.members_signal(chat).get()
    }

    /// What is unread in all chats together. Reactive.
    pub fn unread(&self) -> Unread {
        self.chats
            .get()
            .iter()
            .fold(Unread::default(), |sum, row| sum.and(&row.summary()))
    }

    /// The name to show for somebody: from who is online, else from the open chat's members. Not reactive.
    pub fn name_of(&self, user: UserId) -> Option<Person> {
        let online = self.people.with_untracked(|rows| {
            rows.iter()
                .find(|row| row.id == user)
                .map(PersonRow::person_now)
        });
        online.or_else(|| {
            self.hall.with_value(|hall| {
                hall.members.values().find_map(|members| {
                    members.with_untracked(|m| m.iter().find(|p| p.id == user).cloned())
                })
            })
        })
    }

    /// Whether a chat's messages are kept. Not reactive: it never changes.
    pub fn record_of(&self, chat: ChatId) -> Record {
        self.summary(chat)
            .map_or(Record::Kept, |row| row.chat.record)
    }

    /// How much of a chat is unread. Not reactive.
    pub fn unread_in(&self, chat: ChatId) -> u64 {
        self.summary(chat).map_or(0, |row| row.unread())
    }

    /// Somebody, by name if it is known.
    pub fn person(&self, user: UserId) -> Person {
        self.name_of(user).unwrap_or_else(|| Person {
            id: user,
            name: "Somebody".parse().expect("a short word is a name"),
            tag: None,
            kind: Kind::Guest,
        })
    }

    /// The messages of a chat, loaded or not.
    pub fn log(&self, chat: ChatId) -> Log {
        let known = self.hall.with_value(|hall| hall.logs.get(&chat).cloned());
        known.unwrap_or_else(|| {
            let log = Log::new(chat, self.hall.with_value(|hall| hall.zone));
            self.hall.update_value(|hall| {
                hall.logs.insert(chat, log.clone());
            });
            log
        })
    }

    /// The words that the moderator replaced in this person's own message. Reactive.
    pub fn remark(&self, draft: DraftId) -> Option<Vec<String>> {
        self.remarks.with(|remarks| remarks.get(&draft).cloned())
    }

    /// When the first snapshot was taken, by the server's clock: the "now" of the first paint.
    pub fn taken_at(&self) -> Millis {
        self.taken_at
    }

    /// Who is typing in a chat. Reactive through the signal.
    pub fn typists(&self, chat: ChatId) -> ArcRwSignal<Typists> {
        self.hall
            .try_update_value(|hall| {
                hall.typists
                    .get_or_insert(chat, ArcRwSignal::default)
                    .clone()
            })
            .unwrap_or_default()
    }

    /// Has somebody told of what the screen cannot show in its place: toasts, navigation, announcements.
    pub fn listen(&self, listener: impl Fn(&Aside) + Send + Sync + 'static) {
        self.hall
            .update_value(|hall| hall.listeners.push(Arc::new(listener)));
    }

    fn tell(&self, aside: Aside) {
        let listeners = self.hall.with_value(|hall| hall.listeners.clone());
        for listener in listeners {
            listener(&aside);
        }
    }

    fn members_signal(&self, chat: ChatId) -> ArcRwSignal<Vec<Person>> {
        self.hall
            .try_update_value(|hall| {
                hall.members
                    .get_or_insert(chat, ArcRwSignal::default)
                    .clone()
            })
            .unwrap_or_default()
    }
}
