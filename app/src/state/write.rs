//! The narrow writes: a collection's verb, then the signals of what it touched.

use super::{ChatRow, Lobby, PersonRow};
use crate::chat::chats::Chats;
use crate::chat::people::{Change, People};
use crate::chat::sorted::sort_by_name;
use crate::chat::timeline::{Line, State, Timeline, Zone};
use crate::chat::typing::Typists;
use crate::chat::{
    Body, ChatId, ChatSummary, Command, DraftId, Millis, OpenChat, Page, Person, Record, Seq,
    Snapshot, UserId, Window,
};
use crate::letters::lower;

/// Runs something with the next animation frame.
pub type Frame = fn(Box<dyn FnOnce()>);

impl Lobby {
    /// From here on the viewer's clock is known, and redraws of messages wait for `frame`.
    pub fn come_alive(&self, zone: Zone, frame: Frame) {
        let logs = self.hall.try_update_value(|hall| {
            hall.zone = zone;
            hall.frame = Some(frame);
            hall.logs.values().cloned().collect::<Vec<_>>()
        });
        for log in logs.unwrap_or_default() {
            self.edit(log.chat, |log| log.set_zone(zone));
        }
    }

    /// Shows this person's message at once: pending until `settled`.
    pub fn say(&self, chat: ChatId, draft: DraftId, body: Body, now: Millis) {
        let me = self.me();
        match self.summary(chat).map(|row| row.chat.record) {
            Some(Record::Off) => {
                self.edit(chat, |log| log.said(&me, draft, body, now, State::Pending));
            }
            Some(Record::Kept) | None => self.edit(chat, |log| log.pend(&me, draft, body, now)),
        }
    }

    /// A draft that was refused is on its way again.
    pub fn retry(&self, chat: ChatId, draft: DraftId) {
        self.edit(chat, |log| log.fare(draft, State::Pending));
    }

    /// Takes a draft away, and gives its text back.
    pub fn discard(&self, chat: ChatId, draft: DraftId) -> Option<Body> {
        self.edit(chat, |log| log.discard(draft))
    }

    /// This person saw everything up to `seq`: the command that tells the server, if that is news.
    pub fn see(&self, chat: ChatId, seq: Seq) -> Option<Command> {
        let read = self.summary(chat)?.read?;
        if seq <= read {
            return None;
        }
        self.chats_write(|chats| chats.read(chat, seq));
        Some(Command::MarkRead { chat, seq })
    }

    /// Takes in a page of messages.
    pub fn turn(&self, chat: ChatId, window: Window, page: Page) {
        let last = self.summary(chat).map_or(Seq::ZERO, |row| row.chat.last);
        self.edit(chat, |log| log.load(window, page, last));
    }

    /// Forgets what is loaded and starts again at the newest page.
    pub fn restart(&self, chat: ChatId, page: Page) {
        let last = self.summary(chat).map_or(Seq::ZERO, |row| row.chat.last);
        self.edit(chat, |log| log.restart(page, last));
    }

    /// Takes the separator "New messages" away.
    pub fn unmark(&self, chat: ChatId) {
        self.edit(chat, |log| log.set_mark(None));
    }

    /// Forgets typists of whom nothing was heard.
    pub fn forget_typists(&self, chat: ChatId, now: Millis) {
        self.typing(chat, |typists| typists.forget(now));
    }

    /// A snapshot is being fetched: facts that arrive are remembered until `resync` or `give_up`.
    pub fn hold(&self) {
        self.hall.update_value(|hall| hall.fetching += 1);
    }

    /// The fetch that `hold` announced failed.
    pub fn give_up(&self) {
        self.hall.update_value(|hall| {
            hall.fetching = hall.fetching.saturating_sub(1);
            if hall.fetching == 0 {
                hall.held.clear();
            }
        });
    }

    /// Takes over a later snapshot, and the facts that arrived while it was fetched on top.
    pub fn resync(&self, snapshot: Snapshot) {
        let held = self.hall.try_update_value(|hall| {
            hall.chats.replace(snapshot.chats, snapshot.taken_at);
            hall.people = People::new(snapshot.people);
            hall.held.clone()
        });
        self.give_up();
        self.draw_chats();
        self.draw_people();
        if let Some(open) = snapshot.open {
            self.load(open);
        }
        for fact in held.unwrap_or_default() {
            self.happened(fact, super::absorb::Came::Again);
        }
    }

    pub(super) fn load(&self, open: OpenChat) {
        let OpenChat {
            summary,
            mut members,
            page,
        } = open;
        let chat = summary.chat.id;
        sort_by_name(&mut members, |person| lower(&person.to_string()));
        self.members_signal(chat).set(members);
        let window = match self.log(chat).read(Timeline::is_loaded) {
            true => Window::Latest,
            false => Window::Around(Seq::ZERO),
        };
        self.edit(chat, |log| {
            log.load(window, page, summary.chat.last);
            log.arrive();
        });
    }

    /// A chat comes to the front: its separator stands where this person stopped reading.
    pub(super) fn mark(&self, chat: ChatId) {
        let read = self
            .summary(chat)
            .filter(|row| row.unread() > 0)
            .and_then(|row| row.read);
        self.edit(chat, |log| log.set_mark(read));
    }

    pub(super) fn edit<T>(&self, chat: ChatId, change: impl FnOnce(&mut Timeline) -> T) -> T {
        let log = self.log(chat);
        let out = log.write(change);
        log.draw(self.hall.with_value(|hall| hall.frame));
        out
    }

    pub(super) fn chats_write(&self, change: impl FnOnce(&mut Chats) -> Change<ChatId>) {
        let change = self
            .hall
            .try_update_value(|hall| change(&mut hall.chats))
            .unwrap_or(Change::Nothing);
        match change {
            Change::Nothing => {}
            Change::Row(chat) => {
                let row = self
                    .chats
                    .with_untracked(|rows| rows.iter().find(|row| row.id == chat).cloned());
                if let (Some(row), Some(summary)) = (row, self.summary(chat)) {
                    row.write(&summary);
                }
            }
            Change::List(_) => self.draw_chats(),
        }
    }

    pub(super) fn people_write(&self, change: impl FnOnce(&mut People) -> Change<UserId>) {
        let change = self
            .hall
            .try_update_value(|hall| change(&mut hall.people))
            .unwrap_or(Change::Nothing);
        match change {
            Change::Nothing => {}
            Change::Row(user) => {
                let row = self
                    .people
                    .with_untracked(|rows| rows.iter().find(|row| row.id == user).cloned());
                let present = self.hall.with_value(|hall| hall.people.get(user).cloned());
                if let (Some(row), Some(present)) = (row, present) {
                    row.write(&present);
                }
            }
            Change::List(_) => self.draw_people(),
        }
    }

    fn draw_chats(&self) {
        let known = self.chats.get_untracked();
        let rows = self.hall.with_value(|hall| {
            let row = |summary: &ChatSummary| {
                let row = known.iter().find(|row| row.id == summary.chat.id);
                row.inspect(|row| row.write(summary))
                    .cloned()
                    .unwrap_or_else(|| ChatRow::new(summary))
            };
            hall.chats.rows().iter().map(row).collect::<Vec<_>>()
        });
        if !rows
            .iter()
            .map(|row| row.id)
            .eq(known.iter().map(|row| row.id))
        {
            self.chats.set(rows);
        }
    }

    fn draw_people(&self) {
        let known = self.people.get_untracked();
        let rows = self.hall.with_value(|hall| {
            let row = |present: &crate::chat::Present| {
                let row = known.iter().find(|row| row.id == present.person.id);
                row.inspect(|row| row.write(present))
                    .cloned()
                    .unwrap_or_else(|| PersonRow::new(present))
            };
            hall.people.rows().iter().map(row).collect::<Vec<_>>()
        });
        if !rows
            .iter()
            .map(|row| row.id)
            .eq(known.iter().map(|row| row.id))
        {
            self.people.set(rows);
        }
    }

    pub(super) fn typing(&self, chat: ChatId, change: impl FnOnce(&mut Typists) -> bool) {
        let known = self
            .hall
            .with_value(|hall| hall.typists.get(&chat).cloned());
        let typists = known.unwrap_or_else(|| self.typists(chat));
        if typists.try_update_untracked(change) == Some(true) {
            typists.notify();
        }
    }

    pub(super) fn stop_typing_everywhere(&self, user: UserId) {
        let chats: Vec<ChatId> = self
            .hall
            .with_value(|hall| hall.typists.keys().copied().collect());
        for chat in chats {
            self.typing(chat, |typists| typists.stop(user));
        }
    }

    pub(super) fn members_write(&self, chat: ChatId, change: impl FnOnce(&mut Vec<Person>)) {
        let known = self
            .hall
            .with_value(|hall| hall.members.get(&chat).cloned());
        if let Some(members) = known {
            members.update(change);
        }
    }

    pub(super) fn summary(&self, chat: ChatId) -> Option<ChatSummary> {
        self.hall.with_value(|hall| hall.chats.get(chat).cloned())
    }

    /// The chat in which a draft of this person stands.
    pub(super) fn chat_of(&self, draft: DraftId) -> Option<ChatId> {
        self.hall.with_value(|hall| {
            let stands = |line: &Line| {
                line.entry.draft == draft
                    && line.entry.state != State::Posted
                    && self.is_me(line.entry.author.id)
            };
            hall.logs
                .values()
                .find(|log| log.read(|timeline| timeline.lines().rev().any(stands)))
                .map(|log| log.chat)
        })
    }
}
