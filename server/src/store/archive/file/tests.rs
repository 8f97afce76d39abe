//! Files as values: what is written is read, and what was touched is found where it was touched.

use super::*;
use app::chat::{
    Access, Chat, ChatId, DraftId, Kind, Millis, Moderation, Person, Record, Seq, UserId,
};
use proptest::prelude::*;

fn user(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}

fn chat(number: u8, last: u64) -> Chat {
    Chat {
        id: ChatId::from_bytes([number; 16]),
        name: "Tea \u{2028} \"now\"".parse().expect("fit"),
        access: Access::Public,
        record: Record::Kept,
        moderation: Moderation::Mask,
        owner: Some(user(1)),
        created_at: Millis(1),
        last: Seq(last),
        version: 1,
    }
}

fn message(seq: u64) -> Entry {
    Entry::Message {
        seq: Seq(seq),
        author: user(1),
        draft: DraftId::from_bytes([seq.to_le_bytes()[0]; 16]),
        body: "line\nand é".parse().expect("fit"),
        posted_at: Millis(seq),
        masked: false,
    }
}

fn member(number: u8) -> Entry {
    Entry::Member {
        user: user(number),
        read: Seq(1),
        joined_at: Millis(1),
    }
}

fn entries() -> Vec<Entry> {
    vec![
        Entry::DefaultChat(ChatId::from_bytes([1; 16])),
        Entry::Person(Person {
            id: user(1),
            name: "Ada".parse().expect("fit"),
            tag: None,
            kind: Kind::Guest,
        }),
        Entry::Chat {
            chat: chat(1, 2),
            members: 1,
        },
        member(1),
        message(1),
        message(2),
        Entry::Grave(ChatId::from_bytes([2; 16])),
        Entry::Request {
            user: user(1),
            draft: DraftId::from_bytes([9; 16]),
            chat: ChatId::from_bytes([2; 16]),
        },
    ]
}

fn written(entries: Vec<Entry>) -> io::Result<(Vec<u8>, Summary)> {
    let mut writer = Writer::new(Vec::new())?;
    for entry in entries {
        writer.write(entry)?;
    }
    writer.finish()
}

fn read(bytes: &[u8]) -> Result<(Vec<Entry>, Option<Summary>), Unsound> {
    let mut reader = Reader::new(bytes)?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        entries.push(entry);
    }
    Ok((entries, reader.summary()))
}

#[test]
fn what_is_written_is_read() {
    let (bytes, summary) = written(entries()).unwrap();
    let (found, read) = read(&bytes).unwrap();
    assert_eq!(found, entries());
    assert_eq!(read, Some(summary.clone()));
    let counts: Vec<u64> = summary.sections.iter().map(|end| end.entries).collect();
    assert_eq!(counts, [1, 1, 5, 1, 0]);
    for line in bytes.split(|byte| *byte == b'\n') {
        let is_json = serde_json::from_slice::<serde_json::Value>(line).is_ok();
        assert!(line.is_empty() || is_json);
    }
}

#[test]
fn nothing_at_all_is_a_file_too() {
    let (bytes, summary) = written(Vec::new()).unwrap();
    assert_eq!(read(&bytes).unwrap(), (Vec::new(), Some(summary)));
}

#[test]
fn any_byte_that_is_changed_is_found_in_its_line() {
    let (bytes, _) = written(entries()).unwrap();
    for place in 0..bytes.len() {
        let line = 1 + bytes[..place].iter().filter(|byte| **byte == b'\n').count() as u64;
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let found = match read(&changed) {
            Err(Unsound::Line { line, .. } | Unsound::Short { line }) => line,
            other => panic!("byte {place} of line {line}: {other:?}"),
        };
        assert_eq!(found, line, "byte {place}");
    }
}

#[test]
fn a_file_that_is_cut_off_is_no_file() {
    let (bytes, _) = written(entries()).unwrap();
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "{end} of {}", bytes.len());
    }
    let more = [&bytes[..], b"\n"].concat();
    assert!(read(&more).is_err());
}

#[test]
fn lines_are_neither_lost_nor_doubled_nor_exchanged() {
    let (bytes, _) = written(entries()).unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for place in 0..lines.len() - 1 {
        let mut lost = lines.clone();
        lost.remove(place);
        assert!(read(&lost.concat()).is_err(), "without line {place}");
        let mut doubled = lines.clone();
        doubled.insert(place, lines[place]);
        assert!(read(&doubled.concat()).is_err(), "line {place} twice");
        let mut exchanged = lines.clone();
        exchanged.swap(place, place + 1);
        assert!(read(&exchanged.concat()).is_err(), "line {place} later");
    }
}

#[test]
fn a_store_that_contradicts_itself_is_not_written() {
    let whole = || Entry::Chat {
        chat: chat(1, 2),
        members: 1,
    };
    for (why, wrong) in [
        ("and there are 0", vec![whole()]),
        ("and there are 1", vec![whole(), member(1), message(1)]),
        ("is followed by 2", vec![whole(), member(1), message(2)]),
        ("is of no chat", vec![member(1)]),
        ("twice", vec![whole(), member(2), member(1)]),
        (
            "too late",
            vec![
                Entry::Grave(ChatId::from_bytes([1; 16])),
                entries()[1].clone(),
            ],
        ),
    ] {
        let error = written(wrong).unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_and_harm_nobody(bytes: Vec<u8>) {
        prop_assert!(read(&bytes).is_err());
    }
}
