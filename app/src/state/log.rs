//! A chat's timeline with its signals: one for the list of blocks, one per block, one for the drafts at the
//! end, one for the edges. A burst of facts becomes one redraw per animation frame.

use super::write::Frame;
use crate::chat::timeline::{Line, Timeline, Zone};
use crate::chat::{ChatId, Seq};
use crate::signal::{ArcRwSignal, ArcStoredValue};

/// A block of lines on the screen. Keyed by `id`.
#[derive(Clone)]
pub struct Block {
    pub id: u32,
    pub day: i64,
    /// The first block of its day: a heading stands before it.
    pub opens_day: bool,
    lines: ArcRwSignal<Vec<Line>>,
}

impl Block {
    /// Reactive.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.get()
    }
}

/// What lies beyond the loaded messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    pub loaded: bool,
    /// Older messages exist.
    pub before: bool,
    /// How many newer messages exist.
    pub behind: u64,
    pub oldest: Seq,
    pub newest: Seq,
    /// There is nothing here, not even a draft.
    pub empty: bool,
    /// Off-the-record messages.
    pub said: u64,
}

impl Edges {
    /// How many messages are known to exist.
    pub fn existing(&self) -> u64 {
        self.newest.0 + self.behind + self.said
    }
}

/// A chat's messages. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    pub chat: ChatId,
    timeline: ArcStoredValue<Timeline>,
    blocks: ArcRwSignal<Vec<Block>>,
    tail: ArcRwSignal<Vec<Line>>,
    edges: ArcRwSignal<Edges>,
    /// A redraw is due with the next animation frame.
    due: ArcStoredValue<bool>,
}

impl Log {
    pub(super) fn new(chat: ChatId, zone: Zone) -> Log {
        Log {
            chat,
            timeline: ArcStoredValue::new(Timeline::new(zone)),
            blocks: ArcRwSignal::new(Vec::new()),
            tail: ArcRwSignal::new(Vec::new()),
            edges: ArcRwSignal::new(Edges::default()),
            due: ArcStoredValue::new(false),
        }
    }

    /// Reactive: blocks coming and going.
    pub fn blocks(&self) -> Vec<Block> {
        self.blocks.get()
    }

    /// Drafts of a kept chat. Reactive.
    pub fn tail(&self) -> Vec<Line> {
        self.tail.get()
    }

    /// Reactive.
    pub fn edges(&self) -> Edges {
        self.edges.get()
    }

    pub fn edges_now(&self) -> Edges {
        self.edges.get_untracked()
    }

    /// Looks at the timeline. Not reactive.
    pub fn read<T>(&self, look: impl FnOnce(&Timeline) -> T) -> T {
        self.timeline.with_value(look)
    }

    /// Changes the timeline; the screen follows at once.
    pub(super) fn write<T>(&self, change: impl FnOnce(&mut Timeline) -> T) -> T {
        let mut change = Some(change);
        let mut out = None;
        self.timeline.update_value(|timeline| {
            out = change.take().map(|change| change(timeline));
        });
        out.expect("an unshared value can be written")
    }

    /// Changes the timeline; the screen follows when `frame` calls back, once for many changes.
    pub(super) fn draw(&self, frame: Option<Frame>) {
        match frame {
            None => self.flush(),
            Some(frame) => {
                if !self.due.get_value() {
                    self.due.set_value(true);
                    let log = self.clone();
                    frame(Box::new(move || log.flush()));
                }
            }
        }
    }

    fn flush(&self) {
        self.due.set_value(false);
        let touched = self.write(Timeline::take_touched);
        let blocks = self.blocks.get_untracked();
        let known = |id| blocks.iter().rev().find(|block| block.id == id);
        self.timeline.with_value(|timeline| {
            let chunks = timeline.chunks();
            for chunk in chunks
                .iter()
                .rev()
                .filter(|c| touched.chunks.contains(&c.id))
            {
                if let Some(block) = known(chunk.id) {
                    block.lines.set(chunk.lines.clone());
                }
            }
            if touched.list {
                let mut above = None;
                let drawn = chunks.iter().map(|chunk| {
                    let opens_day = above.replace(chunk.day) != Some(chunk.day);
                    let lines = match known(chunk.id) {
                        Some(block) => block.lines.clone(),
                        None => ArcRwSignal::new(chunk.lines.clone()),
                    };
                    Block {
                        id: chunk.id,
                        day: chunk.day,
                        opens_day,
                        lines,
                    }
                });
                self.blocks.set(drawn.collect());
            }
            if touched.tail && self.tail.with_untracked(|tail| tail != timeline.tail()) {
                self.tail.set(timeline.tail().to_vec());
            }
            let edges = Edges {
                loaded: timeline.is_loaded(),
                before: timeline.has_before(),
                behind: timeline.behind(),
                oldest: timeline.oldest(),
                newest: timeline.newest(),
                empty: timeline.lines().next().is_none(),
                said: timeline.said_count(),
            };
            if self.edges.get_untracked() != edges {
                self.edges.set(edges);
            }
        });
    }
}
