//! One chat's messages as the screen shows them: consecutive, oldest first, in blocks, with the drafts that are
//! on their way at the end. A message twice is the message once; a message that skipped others waits until
//! these are there; a draft and the message it became are never both shown. Refuses to fetch: `wants` says what
//! is missing. What changed is kept in `touched`, so that a screen redraws only those blocks.

mod line;
#[cfg(test)]
mod tests;

pub use line::{Entry, Line, State, Zone};

use super::id::{DraftId, Seq, UserId};
use super::model::{Message, Millis, Person};
use super::snapshot::{Page, Window};
use super::sorted::Sorted;
use super::text::Body;
use std::sync::Arc;

/// Lines in a block. A browser skips the layout of blocks that are out of sight.
pub const BLOCK: usize = 50;
/// A hole of more messages is not filled page by page: the newest page replaces what was loaded.
const FAR: u64 = 4 * Page::SIZE as u64;

/// Up to `BLOCK` lines of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Never reused in a timeline.
    pub id: u32,
    /// Days since 1970-01-01 in the viewer's zone.
    pub day: i64,
    pub lines: Vec<Line>,
}

/// What was written since the screen last looked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Touched {
    /// Blocks came or went.
    pub list: bool,
    pub chunks: Vec<u32>,
    pub tail: bool,
}

impl Touched {
    fn chunk(&mut self, id: u32) {
        if self.chunks.last() != Some(&id) && !self.chunks.contains(&id) {
            self.chunks.push(id);
        }
    }
}

/// The messages of one chat.
#[derive(Clone, Debug)]
pub struct Timeline {
    chunks: Vec<Chunk>,
    /// Drafts of a kept chat: on their way, or not sent.
    tail: Vec<Line>,
    /// Messages that came before the ones in front of them.
    ahead: Sorted<Seq, Message>,
    /// Off-the-record messages that were seen.
    said: Sorted<(UserId, DraftId), ()>,
    oldest: Seq,
    newest: Seq,
    /// The newest that is known to exist.
    last: Seq,
    before: bool,
    loaded: bool,
    /// The newest message was on the screen, so newer ones belong there too.
    following: bool,
    mark: Option<Seq>,
    zone: Zone,
    next_id: u32,
    touched: Touched,
}

impl Default for Timeline {
    fn default() -> Self {
        Timeline {
            chunks: Vec::new(),
            tail: Vec::new(),
            ahead: Sorted::new(),
            said: Sorted::new(),
            oldest: Seq::ZERO,
            newest: Seq::ZERO,
            last: Seq::ZERO,
            before: false,
            loaded: false,
            following: true,
            mark: None,
            zone: Zone::UTC,
            next_id: 0,
            touched: Touched::default(),
        }
    }
}

impl Timeline {
    pub fn new(zone: Zone) -> Self {
        Timeline {
            zone,
            ..Timeline::default()
        }
    }

    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Drafts that are not stored yet, in the order in which they were written.
    pub fn tail(&self) -> &[Line] {
        &self.tail
    }

    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.chunks
            .iter()
            .flat_map(|chunk| &chunk.lines)
            .chain(&self.tail)
    }

    /// A page was loaded, be it an empty one.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Older messages exist than those here.
    pub fn has_before(&self) -> bool {
        self.before
    }

    /// How many newer messages exist than those here.
    pub fn behind(&self) -> u64 {
        self.last.0.saturating_sub(self.newest.0)
    }

    pub fn oldest(&self) -> Seq {
        self.oldest
    }

    pub fn newest(&self) -> Seq {
        self.newest
    }

    /// How many off-the-record messages came.
    pub fn said_count(&self) -> u64 {
        self.said.len() as u64
    }

    /// The page to fetch at once: messages are missing at the end, where the viewer is.
    pub fn wants(&self) -> Option<Window> {
        (self.loaded && self.following && self.behind() > 0).then_some(Window::After(self.newest))
    }

    /// What was touched since the last call.
    pub fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// Takes a page in: joins it to what is here when nothing is missing in between, else a newest or a
    /// middle page takes its place, and an older or newer one, being an answer that comes too late, is
    /// dropped. `last` is the chat's newest message, as far as known.
    pub fn load(&mut self, window: Window, page: Page, last: Seq) {
        let ends = page
            .messages
            .first()
            .zip(page.messages.last())
            .map(|(first, end)| (first.seq, end.seq));
        let beyond = match ends {
            Some((_, end)) if page.after => end.next(),
            Some((_, end)) => end,
            None => Seq::ZERO,
        };
        self.last = self.last.max(last).max(beyond);
        let Some((first, end)) = ends else {
            if self.newest == Seq::ZERO {
                self.loaded = true;
            } else if matches!(window, Window::Before(seq) if seq == self.oldest) {
                self.before = false;
            } else if matches!(window, Window::After(seq) if seq == self.newest) {
                self.last = self.newest;
            }
            return;
        };
        let joins = match window {
            Window::Before(seq) => seq >= self.oldest && first < self.oldest,
            Window::After(seq) => seq <= self.newest && end > self.newest,
            Window::Latest | Window::Around(_) => {
                first <= self.newest.next() && end.next() >= self.oldest
            }
        };
        let far = self.newest != Seq::ZERO && !joins;
        match window {
            Window::Before(_) | Window::After(_) if far => return,
            Window::Latest
                if far && self.following && first.0.saturating_sub(self.newest.0) <= FAR =>
            {
                return;
            }
            Window::Latest | Window::Around(_) if far => self.clear(),
            Window::Before(_) | Window::After(_) | Window::Latest | Window::Around(_) => {}
        }
        if self.newest == Seq::ZERO || first < self.oldest {
            self.before = page.before;
        }
        self.loaded = true;
        let old = self.oldest;
        let (older, newer): (Vec<_>, Vec<_>) = page
            .messages
            .into_iter()
            .partition(|message| message.seq < old);
        self.prepend(older);
        for message in newer {
            self.append(message);
        }
        self.catch_up();
    }

    /// A message was posted, or is told of again.
    pub fn receive(&mut self, message: Message) {
        self.last = self.last.max(message.seq);
        self.settle(&message);
        if message.seq > self.newest && self.loaded {
            self.ahead.insert(message.seq, message);
            self.catch_up();
        }
    }

    /// Messages up to `last` exist, of which nothing was told: this person was not a member.
    pub fn reaches(&mut self, last: Seq) {
        self.last = self.last.max(last);
    }

    /// Shows a draft at once. Nothing if the message or the draft is here already.
    pub fn pend(&mut self, me: &Person, draft: DraftId, body: Body, at: Millis) {
        if !self.lines().any(|line| line.entry.is_by(me.id, draft)) {
            self.tail.push(Line::new(Entry {
                seq: None,
                draft,
                author: me.clone(),
                body,
                at,
                masked: false,
                state: State::Pending,
            }));
            self.edge();
        }
    }

    /// An off-the-record message, from `by`, in the order of arrival. Says whether it is a new one.
    pub fn said(
        &mut self,
        by: &Person,
        draft: DraftId,
        body: Body,
        at: Millis,
        state: State,
    ) -> bool {
        let new = self.said.insert((by.id, draft), ()).is_none();
        if new {
            self.push(Entry {
                seq: None,
                draft,
                author: by.clone(),
                body,
                at,
                masked: false,
                state,
            });
        } else if state == State::Posted {
            self.sent(draft);
        }
        new
    }

    /// An off-the-record draft reached the others. A kept one waits for its message.
    pub fn sent(&mut self, draft: DraftId) {
        self.fare_said(draft, State::Posted);
    }

    /// Writes how a draft fares. A message that is stored stays stored.
    pub fn fare(&mut self, draft: DraftId, state: State) {
        for line in &mut self.tail {
            if line.entry.draft == draft {
                line.entry = Arc::new(line.entry.faring(state.clone()));
                self.touched.tail = true;
            }
        }
        self.fare_said(draft, state);
    }

    fn fare_said(&mut self, draft: DraftId, state: State) {
        for chunk in self.chunks.iter_mut().rev() {
            for line in &mut chunk.lines {
                let entry = &line.entry;
                if entry.draft == draft && entry.seq.is_none() && entry.state != State::Posted {
                    line.entry = Arc::new(entry.faring(state.clone()));
                    self.touched.chunk(chunk.id);
                }
            }
        }
    }

    /// Takes an unsent draft away, and gives its text back.
    pub fn discard(&mut self, draft: DraftId) -> Option<Body> {
        let unsent = |line: &Line| line.entry.draft == draft && line.entry.state != State::Posted;
        let found = self.lines().rev().find(|line| unsent(line))?;
        let body = found.entry.body.clone();
        self.tail.retain(|line| !unsent(line));
        for chunk in &mut self.chunks {
            if chunk.lines.iter().any(unsent) {
                chunk.lines.retain(|line| !unsent(line));
                self.touched.chunk(chunk.id);
            }
        }
        self.edge();
        Some(body)
    }

    /// Puts the separator "New messages" after `read`, or takes it away.
    pub fn set_mark(&mut self, read: Option<Seq>) {
        if self.mark != read {
            self.mark = read;
            self.rebuild();
        }
    }

    pub fn mark(&self) -> Option<Seq> {
        self.mark
    }

    /// Sees the days as the viewer's clock cuts them. Blocks that are still of one day stay as they are.
    pub fn set_zone(&mut self, zone: Zone) {
        self.zone = zone;
        let one_day = |chunk: &Chunk| {
            let mut days = chunk.lines.iter().map(|line| zone.day(line.entry.at));
            let first = days.next();
            days.all(|day| Some(day) == first)
        };
        if !self.chunks.iter().all(one_day) {
            return self.rebuild();
        }
        let mut above: Option<Line> = None;
        for chunk in &mut self.chunks {
            if let Some(line) = chunk.lines.first_mut() {
                chunk.day = zone.day(line.entry.at);
                let seen = line.after(above.as_ref(), self.mark, zone);
                if seen != *line {
                    *line = seen;
                    self.touched.chunk(chunk.id);
                }
            }
            above = chunk.lines.last().cloned();
        }
        self.touched.list = true;
        self.edge();
    }

    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Starts again at the newest page.
    pub fn restart(&mut self, page: Page, last: Seq) {
        self.clear();
        self.following = true;
        self.load(Window::Latest, page, last);
    }

    /// The chat was read from the server, be there messages or not.
    pub fn arrive(&mut self) {
        self.loaded = true;
        self.edge();
    }

    /// Forgets the stored messages; drafts stay.
    fn clear(&mut self) {
        self.chunks.clear();
        (self.oldest, self.newest) = (Seq::ZERO, Seq::ZERO);
        self.touched.list = true;
    }

    /// Moves what waits into place, as far as nothing is missing before it.
    fn catch_up(&mut self) {
        if self
            .ahead
            .first()
            .is_some_and(|next| *next <= self.newest.next())
        {
            for (seq, message) in std::mem::take(&mut self.ahead) {
                match seq <= self.newest.next() {
                    true => self.append(message),
                    false => drop(self.ahead.insert(seq, message)),
                }
            }
        }
        if self.behind() == 0 {
            self.following = true;
        }
        self.edge();
    }

    fn append(&mut self, message: Message) {
        if message.seq > self.newest {
            self.settle(&message);
            if self.newest == Seq::ZERO {
                self.oldest = message.seq;
            }
            self.newest = message.seq;
            self.push(Entry::from(message));
        }
    }

    /// The draft became this message.
    fn settle(&mut self, message: &Message) {
        let before = self.tail.len();
        self.tail
            .retain(|line| !line.entry.is_by(message.author.id, message.draft));
        if self.tail.len() != before {
            self.edge();
        }
    }

    fn push(&mut self, entry: Entry) {
        let day = self.zone.day(entry.at);
        let before = self.chunks.last().and_then(|chunk| chunk.lines.last());
        let line = Line::new(entry).after(before, self.mark, self.zone);
        match self.chunks.last_mut() {
            Some(chunk) if chunk.day == day && chunk.lines.len() < BLOCK => {
                self.touched.chunk(chunk.id);
                chunk.lines.push(line);
            }
            Some(_) | None => {
                let id = self.new_id();
                self.touched.list = true;
                self.chunks.push(Chunk {
                    id,
                    day,
                    lines: vec![line],
                });
            }
        }
        self.edge();
    }

    fn prepend(&mut self, older: Vec<Message>) {
        let Some(first) = older.first() else {
            return;
        };
        self.oldest = first.seq;
        let mut front = Vec::new();
        std::mem::swap(&mut front, &mut self.chunks);
        for message in older {
            self.newest = self.newest.max(message.seq);
            self.settle(&message);
            self.push(Entry::from(message));
        }
        let last = self.chunks.last().and_then(|chunk| chunk.lines.last());
        if let Some(chunk) = front.first_mut()
            && let Some(line) = chunk.lines.first_mut()
        {
            *line = line.after(last, self.mark, self.zone);
            self.touched.chunk(chunk.id);
        }
        self.chunks.append(&mut front);
        self.edge();
    }

    /// Lines at the end stand under others than before.
    fn edge(&mut self) {
        let mut last = self
            .chunks
            .last()
            .and_then(|chunk| chunk.lines.last())
            .cloned();
        for line in &mut self.tail {
            *line = line.after(last.as_ref(), self.mark, self.zone);
            last = Some(line.clone());
        }
        self.touched.tail = true;
    }

    fn rebuild(&mut self) {
        let chunks = std::mem::take(&mut self.chunks);
        self.touched.list = true;
        for line in chunks.into_iter().flat_map(|chunk| chunk.lines) {
            self.push((*line.entry).clone());
        }
        self.edge();
    }

    fn new_id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id
    }
}
