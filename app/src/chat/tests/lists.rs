//! The list of chats, told of things in any order and more than once.

use crate::chat::chats::Chats;
use crate::chat::people::Change;
use crate::chat::{
    Access, Chat, ChatId, ChatSummary, Kind, Membership, Millis, Moderation, Person, Record, Seq,
    UserId,
};
use proptest::prelude::*;

const ME: u8 = 1;

fn person(id: u8) -> Person {
    Person {
        id: UserId::from_bytes([id; 16]),
        name: format!("Person {id}").parse().expect("fit"),
        tag: None,
        kind: Kind::Guest,
    }
}

fn chat(id: u8, version: u64, last: u64) -> Chat {
    Chat {
        id: ChatId::from_bytes([id; 16]),
        name: format!("Chat {}", 9 - id).parse().expect("fit"),
        access: [Access::Public, Access::Private, Access::Pair][usize::from(id) % 3],
        record: Record::Kept,
        moderation: Moderation::Off,
        owner: (id % 3 != 2).then(|| person(id % 2 + 1).id),
        created_at: Millis(0),
        last: Seq(last),
        version,
    }
}

/// What the list may be told about chat `.0`.
#[derive(Clone, Debug)]
enum Told {
    Created(u8),
    Paired(u8),
    Renamed(u8, u64),
    Moderated(u8, u64),
    Owned(u8, u64, u8),
    Deleted(u8),
    Joined(u8, u8, u64),
    Left(u8, u8),
    Posted(u8, u64, u8),
    Read(u8, u64),
    Counted(u8, u32),
}

fn told() -> impl Strategy<Value = Told> {
    let (id, who, number) = (0..6u8, 1..4u8, 0..9u64);
    prop_oneof![
        id.clone().prop_map(Told::Created),
        id.clone().prop_map(Told::Paired),
        (id.clone(), number.clone()).prop_map(|(c, n)| Told::Renamed(c, n)),
        (id.clone(), number.clone()).prop_map(|(c, n)| Told::Moderated(c, n)),
        (id.clone(), number.clone(), who.clone()).prop_map(|(c, n, w)| Told::Owned(c, n, w)),
        id.clone().prop_map(Told::Deleted),
        (id.clone(), who.clone(), number.clone()).prop_map(|(c, w, n)| Told::Joined(c, w, n)),
        (id.clone(), who.clone()).prop_map(|(c, w)| Told::Left(c, w)),
        (id.clone(), number.clone(), who).prop_map(|(c, n, w)| Told::Posted(c, n, w)),
        (id.clone(), number).prop_map(|(c, n)| Told::Read(c, n)),
        (id, 0..9u32).prop_map(|(c, n)| Told::Counted(c, n)),
    ]
}

fn tell(chats: &mut Chats, told: &Told) -> Change<ChatId> {
    let id = |chat: u8| ChatId::from_bytes([chat; 16]);
    match *told {
        Told::Created(c) => chats.created(&chat(c, 1, 0)),
        Told::Paired(c) => chats.paired(&chat(c, 1, 0), &person(ME), &person(2)),
        Told::Renamed(c, version) => {
            let name = format!("Name {version}").parse().expect("fit");
            chats.renamed(id(c), &name, version)
        }
        Told::Moderated(c, version) => chats.moderated(id(c), Moderation::Block, version),
        Told::Owned(c, version, who) => chats.owned(id(c), person(who).id, version),
        Told::Deleted(c) => chats.deleted(id(c)),
        Told::Joined(c, who, at) => {
            let chat = chat(c, 1, at);
            let member = Membership {
                chat: chat.id,
                user: person(who).id,
                read: Seq(at),
                joined_at: Millis(at),
            };
            chats.joined(&chat, &member)
        }
        Told::Left(c, who) => chats.left(id(c), person(who).id),
        Told::Posted(c, seq, who) => chats.posted(id(c), Seq(seq), person(who).id),
        Told::Read(c, seq) => chats.read(id(c), Seq(seq)),
        Told::Counted(c, members) => chats.counted(id(c), members),
    }
}

fn summary(id: u8, version: u64, last: u64, read: Option<u64>) -> ChatSummary {
    let chat = chat(id, version, last);
    ChatSummary {
        with: (chat.access == Access::Pair).then(|| person(2)),
        read: read.map(|read| Seq(read.min(last))),
        members: 3,
        chat,
    }
}

fn rows() -> impl Strategy<Value = Vec<ChatSummary>> {
    let row = (0..6u8, 0..9u64, 0..9u64, prop::option::of(0..9u64));
    prop::collection::vec(row, 0..6).prop_map(|rows| {
        let mut rows: Vec<ChatSummary> = rows
            .into_iter()
            .map(|(id, version, last, read)| summary(id, version, last, read))
            .collect();
        rows.sort_by_key(|row| row.chat.id);
        rows.dedup_by_key(|row| row.chat.id);
        rows
    })
}

fn started(rows: Vec<ChatSummary>) -> Chats {
    let default_chat = ChatId::from_bytes([0; 16]);
    Chats::new(person(ME).id, default_chat, rows, Millis(4))
}

/// Pairs come last, and titles rise in between.
fn is_in_order(chats: &Chats) -> bool {
    let place = |row: &ChatSummary| {
        let first = row.chat.id != ChatId::from_bytes([0; 16]);
        let pair = row.chat.access == Access::Pair && first;
        (first, pair, row.title().to_lowercase(), row.chat.id)
    };
    chats.rows().is_sorted_by(|a, b| place(a) < place(b))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_fact_twice_is_the_fact_once(rows in rows(), facts in prop::collection::vec(told(), 0..40)) {
        let (mut once, mut twice) = (started(rows.clone()), started(rows));
        for fact in &facts {
            tell(&mut once, fact);
            tell(&mut twice, fact);
            prop_assert_eq!(tell(&mut twice, fact), Change::Nothing, "{:?}", fact);
        }
        prop_assert_eq!(once.rows(), twice.rows());
        prop_assert!(is_in_order(&once));
    }

    #[test]
    fn what_a_change_says_is_what_the_screen_must_redraw(rows in rows(), facts in prop::collection::vec(told(), 0..40)) {
        let mut chats = started(rows);
        for fact in &facts {
            let before = chats.rows().to_vec();
            let ids = |rows: &[ChatSummary]| rows.iter().map(|row| row.chat.id).collect::<Vec<_>>();
            let change = tell(&mut chats, fact);
            let differs = |id: &ChatId| {
                let old = before.iter().find(|row| row.chat.id == *id);
                old != chats.get(*id)
            };
            match change {
                Change::Nothing => prop_assert_eq!(&before[..], chats.rows()),
                Change::Row(id) => {
                    prop_assert_eq!(ids(&before), ids(chats.rows()));
                    prop_assert!(ids(&before).iter().filter(|other| differs(other)).all(|other| *other == id));
                }
                Change::List(id) => {
                    let mut others = ids(&before);
                    others.retain(|other| *other != id && differs(other));
                    prop_assert!(others.is_empty());
                }
            }
        }
    }

    #[test]
    fn nothing_moves_back_and_nothing_dead_returns(rows in rows(), facts in prop::collection::vec(told(), 0..60)) {
        let mut chats = started(rows);
        let mut dead = Vec::new();
        for fact in &facts {
            let before = chats.clone();
            tell(&mut chats, fact);
            if let Told::Deleted(c) = fact {
                dead.push(ChatId::from_bytes([*c; 16]));
            }
            for row in chats.rows() {
                prop_assert!(!dead.contains(&row.chat.id));
                let Some(old) = before.get(row.chat.id) else { continue };
                prop_assert!(row.chat.version >= old.chat.version);
                prop_assert!(row.chat.last >= old.chat.last);
                if let (Some(read), Some(known)) = (row.read, old.read) {
                    prop_assert!(read >= known);
                }
            }
        }
        // A later snapshot neither undoes what is newer here nor wakes the dead.
        let mut later: Vec<ChatSummary> = chats.rows().to_vec();
        later.extend(dead.iter().map(|id| summary(id.as_bytes()[0], 9, 9, None)));
        for row in &mut later {
            row.chat.version = row.chat.version.saturating_sub(1);
            row.chat.last = Seq(row.chat.last.0.saturating_sub(1));
        }
        let before = chats.clone();
        chats.replace(later, Millis(9));
        prop_assert_eq!(chats.rows(), before.rows());
    }
}
