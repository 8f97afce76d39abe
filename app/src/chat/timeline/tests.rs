//! The timeline as sentences, and as properties over facts in any order.

use super::*;
use crate::chat::{ChatId, Kind, Refusal};
use proptest::prelude::*;

const MINUTE: u64 = 60_000;

fn person(id: u8) -> Person {
    Person {
        id: UserId::from_bytes([id; 16]),
        name: format!("Person {id}").parse().expect("fit"),
        tag: None,
        kind: Kind::Guest,
    }
}

fn draft(seq: u64) -> DraftId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seq.to_be_bytes());
    DraftId::from_bytes(bytes)
}

fn body(text: &str) -> Body {
    text.parse().expect("fit")
}

/// Message `seq`: a minute after the one before, by one of three people in turn.
fn message(seq: u64) -> Message {
    Message {
        chat: ChatId::from_bytes([1; 16]),
        seq: Seq(seq),
        draft: draft(seq),
        author: person((seq / 4 % 3) as u8),
        body: body(&format!("message {seq}")),
        posted_at: Millis(seq * MINUTE),
        masked: false,
    }
}

fn page(from: u64, to: u64, last: u64) -> Page {
    Page {
        messages: (from..=to).map(message).collect(),
        before: from > 1,
        after: to < last,
    }
}

fn loaded(from: u64, to: u64, last: u64) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.load(Window::Latest, page(from, to, last), Seq(last));
    timeline
}

fn seqs(timeline: &Timeline) -> Vec<u64> {
    timeline
        .lines()
        .filter_map(|line| line.entry.seq.map(|seq| seq.0))
        .collect()
}

#[test]
fn a_message_twice_is_the_message_once() {
    let mut timeline = loaded(1, 3, 3);
    timeline.receive(message(4));
    timeline.receive(message(4));
    timeline.receive(message(2));
    assert_eq!(seqs(&timeline), [1, 2, 3, 4]);
}

#[test]
fn a_message_that_skipped_others_waits_and_the_missing_ones_are_wanted() {
    let mut timeline = loaded(1, 3, 3);
    timeline.receive(message(6));
    assert_eq!(seqs(&timeline), [1, 2, 3]);
    assert_eq!(timeline.wants(), Some(Window::After(Seq(3))));
    timeline.receive(message(4));
    timeline.load(Window::After(Seq(3)), page(4, 6, 6), Seq(6));
    assert_eq!(seqs(&timeline), [1, 2, 3, 4, 5, 6]);
    assert_eq!(timeline.wants(), None);
}

#[test]
fn what_was_posted_while_nobody_told_is_wanted() {
    let mut timeline = loaded(1, 3, 3);
    timeline.reaches(Seq(5));
    assert_eq!(timeline.wants(), Some(Window::After(Seq(3))));
    timeline.load(Window::After(Seq(3)), page(4, 5, 5), Seq(5));
    timeline.reaches(Seq(4));
    assert_eq!(timeline.wants(), None);
}

#[test]
fn a_viewer_in_the_middle_gets_newer_pages_only_on_demand() {
    let mut timeline = Timeline::default();
    timeline.load(Window::Around(Seq(100)), page(76, 125, 500), Seq(500));
    assert_eq!(timeline.behind(), 375);
    timeline.receive(message(501));
    assert_eq!(timeline.behind(), 376);
    timeline.load(Window::After(Seq(125)), page(126, 175, 501), Seq(501));
    assert_eq!(seqs(&timeline), (76..=175).collect::<Vec<_>>());
}

#[test]
fn older_pages_join_in_front_until_the_beginning() {
    let mut timeline = loaded(101, 150, 150);
    assert!(timeline.has_before());
    timeline.load(Window::Before(Seq(101)), page(51, 100, 150), Seq(150));
    timeline.load(Window::Before(Seq(101)), page(51, 100, 150), Seq(150));
    timeline.load(Window::Before(Seq(51)), page(1, 50, 150), Seq(150));
    assert_eq!(seqs(&timeline), (1..=150).collect::<Vec<_>>());
    assert!(!timeline.has_before());
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let mut timeline = loaded(901, 950, 950);
    timeline.load(Window::Before(Seq(500)), page(450, 499, 950), Seq(950));
    timeline.load(Window::After(Seq(500)), page(501, 550, 950), Seq(950));
    assert_eq!(seqs(&timeline), (901..=950).collect::<Vec<_>>());
}

#[test]
fn a_small_hole_is_filled_and_a_large_one_starts_again() {
    let mut timeline = loaded(1, 50, 50);
    timeline.load(Window::Latest, page(101, 150, 150), Seq(150));
    assert_eq!(seqs(&timeline).len(), 50);
    assert_eq!(timeline.wants(), Some(Window::After(Seq(50))));
    timeline.load(Window::Latest, page(951, 1_000, 1_000), Seq(1_000));
    assert_eq!(seqs(&timeline), (951..=1_000).collect::<Vec<_>>());
}

#[test]
fn a_draft_becomes_its_message_and_both_are_never_shown() {
    let me = person(0);
    let mut timeline = loaded(1, 1, 1);
    let mine = Message {
        author: me.clone(),
        ..message(2)
    };
    timeline.pend(&me, mine.draft, body("mine"), Millis(0));
    assert_eq!(timeline.tail().len(), 1);
    timeline.receive(mine.clone());
    assert_eq!((timeline.tail().len(), seqs(&timeline)), (0, vec![1, 2]));
    timeline.pend(&me, mine.draft, body("mine"), Millis(0));
    assert!(timeline.tail().is_empty());
}

#[test]
fn somebody_elses_message_with_my_draft_id_does_not_take_my_draft() {
    let me = person(9);
    let mut timeline = loaded(1, 1, 1);
    timeline.pend(&me, draft(2), body("mine"), Millis(0));
    timeline.receive(message(2));
    assert_eq!(timeline.tail().len(), 1);
}

#[test]
fn a_refused_draft_keeps_its_text_until_it_is_taken_away() {
    let me = person(9);
    let mut timeline = loaded(1, 1, 1);
    timeline.pend(&me, draft(7), body("dear text"), Millis(0));
    timeline.fare(draft(7), State::Refused(Refusal::NotAMember));
    assert_eq!(
        timeline.tail()[0].entry.state,
        State::Refused(Refusal::NotAMember)
    );
    assert_eq!(timeline.discard(draft(7)), Some(body("dear text")));
    assert!(timeline.tail().is_empty());
    assert_eq!(timeline.discard(draft(1)), None);
    assert_eq!(seqs(&timeline), [1]);
}

#[test]
fn five_minutes_of_one_author_are_a_group() {
    let ada = person(1);
    let at = |seq: u64, minute: u64| Message {
        author: ada.clone(),
        posted_at: Millis(minute * MINUTE),
        ..message(seq)
    };
    let mut timeline = Timeline::default();
    timeline.arrive();
    for (seq, minute) in [(1, 0), (2, 5), (3, 10), (4, 16)] {
        timeline.receive(at(seq, minute));
    }
    timeline.receive(Message {
        author: person(2),
        ..at(5, 16)
    });
    let heads: Vec<bool> = timeline.lines().map(|line| line.head).collect();
    assert_eq!(heads, [true, false, false, true, true]);
}

#[test]
fn midnight_in_the_viewers_zone_ends_a_group_and_a_block() {
    let at = |seq, posted_at| Message {
        author: person(1),
        posted_at: Millis(posted_at),
        ..message(seq)
    };
    let midnight = 24 * 60 * MINUTE;
    let mut timeline = Timeline::new(Zone(|_| 60));
    timeline.arrive();
    timeline.receive(at(1, midnight - 61 * MINUTE));
    timeline.receive(at(2, midnight - 60 * MINUTE));
    assert_eq!(
        timeline.chunks().iter().map(|c| c.day).collect::<Vec<_>>(),
        [0, 1]
    );
    assert!(timeline.lines().all(|line| line.head));
    timeline.set_zone(Zone::UTC);
    assert!(timeline.chunks().iter().all(|chunk| chunk.day == 0));
    let heads: Vec<bool> = timeline.lines().map(|line| line.head).collect();
    assert_eq!(heads, [true, false]);
}

#[test]
fn another_zone_with_the_same_days_keeps_the_blocks() {
    let mut timeline = loaded(1, 20, 20);
    let ids: Vec<u32> = timeline.chunks().iter().map(|chunk| chunk.id).collect();
    timeline.set_zone(Zone(|_| 120));
    assert_eq!(
        ids,
        timeline.chunks().iter().map(|c| c.id).collect::<Vec<_>>()
    );
}

#[test]
fn the_separator_stands_before_the_first_unread_message_and_opens_a_group() {
    let mut timeline = loaded(1, 20, 20);
    timeline.set_mark(Some(Seq(9)));
    let marks: Vec<u64> = timeline
        .lines()
        .filter(|line| line.mark)
        .filter_map(|line| line.entry.seq.map(|seq| seq.0))
        .collect();
    assert_eq!(marks, [10]);
    assert!(timeline.lines().nth(9).is_some_and(|line| line.head));
    timeline.set_mark(None);
    assert!(timeline.lines().all(|line| !line.mark));
}

#[test]
fn only_the_last_block_is_touched_by_a_new_message() {
    let mut timeline = loaded(1, 120, 120);
    timeline.take_touched();
    timeline.receive(message(121));
    let touched = timeline.take_touched();
    assert!(!touched.list);
    assert_eq!(
        touched.chunks.into_iter().collect::<Vec<_>>(),
        [timeline.chunks().last().expect("some").id]
    );
}

#[test]
fn what_is_off_the_record_stands_in_the_order_of_arrival_and_once() {
    let (me, ada) = (person(1), person(2));
    let mut timeline = Timeline::default();
    assert!(timeline.said(&me, draft(1), body("one"), Millis(0), State::Pending));
    assert!(timeline.said(&ada, draft(2), body("two"), Millis(1), State::Posted));
    assert!(!timeline.said(&ada, draft(2), body("two"), Millis(2), State::Posted));
    timeline.sent(draft(1));
    let texts: Vec<_> = timeline
        .lines()
        .map(|line| (line.entry.body.as_str(), &line.entry.state))
        .collect();
    assert_eq!(texts, [("one", &State::Posted), ("two", &State::Posted)]);
}

/// What can reach a timeline about a chat of 120 messages, own drafts among them.
#[derive(Clone, Debug)]
enum Step {
    Receive(u64),
    Pend(u64),
    Turn(Turn, u64),
}

#[derive(Clone, Copy, Debug)]
enum Turn {
    Latest,
    Before,
    After,
    Around,
}

const LAST: u64 = 120;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let turn = prop_oneof![
        Just(Turn::Latest),
        Just(Turn::Before),
        Just(Turn::After),
        Just(Turn::Around)
    ];
    let step = prop_oneof![
        (1..=LAST).prop_map(Step::Receive),
        (1..=LAST).prop_map(Step::Pend),
        (turn, 1..=LAST).prop_map(|(turn, seq)| Step::Turn(turn, seq)),
    ];
    prop::collection::vec(step, 0..60)
}

/// The page that a server with messages up to `last` gives.
fn served(turn: Turn, seq: u64, last: u64) -> (Window, Page) {
    const SIZE: u64 = 20;
    let (window, from, to) = match turn {
        Turn::Latest => (Window::Latest, last.saturating_sub(SIZE) + 1, last),
        Turn::Before => (
            Window::Before(Seq(seq)),
            seq.saturating_sub(SIZE).max(1),
            seq - 1,
        ),
        Turn::After => (Window::After(Seq(seq)), seq + 1, (seq + SIZE).min(last)),
        Turn::Around => (
            Window::Around(Seq(seq)),
            seq.saturating_sub(SIZE / 2).max(1),
            (seq + SIZE / 2).min(last),
        ),
    };
    let page = match from <= to {
        true => page(from, to, last),
        false => Page {
            messages: Vec::new(),
            before: seq > 1 && last > 0,
            after: false,
        },
    };
    (window, page)
}

proptest! {
    #[test]
    fn whatever_comes_in_whatever_order_the_screen_stays_a_stretch_of_the_chat(steps in steps()) {
        let mut timeline = Timeline::default();
        for step in steps {
            match step {
                Step::Receive(seq) => timeline.receive(message(seq)),
                Step::Pend(seq) => {
                    let author = message(seq).author;
                    timeline.pend(&author, draft(seq), body("pending"), Millis(0));
                }
                Step::Turn(turn, seq) => {
                    let (window, page) = served(turn, seq, LAST);
                    timeline.load(window, page, Seq(LAST));
                }
            }
            let seqs = seqs(&timeline);
            prop_assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{:?}", seqs);
            prop_assert_eq!(seqs.first().copied().unwrap_or(0), timeline.oldest().0);
            prop_assert_eq!(seqs.last().copied().unwrap_or(0), timeline.newest().0);
            prop_assert!(timeline.chunks().iter().all(|c| !c.lines.is_empty() && c.lines.len() <= BLOCK));
            for line in timeline.tail() {
                prop_assert!(!timeline.chunks().iter().flat_map(|c| &c.lines).any(|known| {
                    known.entry.is_by(line.entry.author.id, line.entry.draft)
                }), "a draft stands beside its message");
            }
            for (above, line) in timeline.lines().zip(timeline.lines().skip(1)) {
                let again = line.after(Some(above), timeline.mark(), timeline.zone());
                prop_assert_eq!(again.head, line.head);
            }
        }
        // Whoever asks for what is wanted gets everything there is, up to the newest.
        let (window, page) = served(Turn::Latest, LAST, LAST);
        timeline.load(window, page, Seq(LAST));
        for _ in 0..LAST {
            let newest = timeline.newest().0;
            let (window, page) = served(Turn::After, newest, LAST);
            timeline.load(window, page, Seq(LAST));
        }
        prop_assert_eq!(timeline.behind(), 0);
        prop_assert_eq!(timeline.wants(), None);
    }

    #[test]
    fn any_order_of_the_same_facts_gives_the_same_screen(
        order in Just((11..=40u64).collect::<Vec<_>>()).prop_shuffle(),
        twice in prop::collection::vec(11..=40u64, 0..10),
    ) {
        let mut live = loaded(1, 10, 10);
        for seq in order.into_iter().chain(twice) {
            live.receive(message(seq));
        }
        let fresh = loaded(1, 40, 40);
        let lines = |timeline: &Timeline| timeline.lines().cloned().collect::<Vec<_>>();
        prop_assert_eq!(lines(&live), lines(&fresh));
    }
}
