//! Words on the wire.

use super::values::{
    answer, chat_id, command, fact, number, refusal, snapshot, talk, user_id, window, written,
};
use crate::chat::command::NotACommand;
use crate::chat::{
    Body, ChatId, ChatName, Command, Fact, Name, Notice, Refusal, Snapshot, Talk, UserId, Window,
};
use crate::print::{Print, print};
use crate::tree::{self, Read};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Through JSON and back.
fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("plain data");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Through JSON and back by either reader: serde's, and that of the pages.
fn both<T: Serialize + DeserializeOwned + Read + PartialEq + std::fmt::Debug>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("plain data");
    let read: T = tree::read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(read, again(value));
    read
}

/// What pages print is what serde prints.
fn printed<T: Serialize + Print>(value: &T) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(value).expect("plain data");
    prop_assert_eq!(print(value), text);
    Ok(())
}

/// JSON with the words of our wire in wrong places.
fn nearly() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "\"chatEvent\"",
        "\"data\"",
        "\"event\"",
        "\"answer\"",
        "\"talk\"",
        "\"is\"",
        "\"messagePosted\"",
        "\"typing\"",
        "\"done\"",
        "\"chat\"",
        "\"draft\"",
        "\"body\"",
        "\"seq\"",
        "\"01010101010101010101010101010101\"",
        "null",
        "true",
        "-1",
        "1.5",
        "[]",
        "{}",
    ]);
    let leaf = prop_oneof![
        words.prop_map(str::to_owned),
        written().prop_map(|text| Value::from(text).to_string()),
        number().prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop::sample::select(vec![
            "chatEvent",
            "data",
            "event",
            "answer",
            "talk",
            "is",
            "chat",
            "draft",
            "body",
            "seq",
            "active",
            "user",
            "facts",
            "outcome",
            "why",
        ]);
        prop::collection::vec((key, inner), 0..5).prop_map(|members| {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("\"{key}\":{value}"))
                .collect();
            format!("{{{}}}", members.join(","))
        })
    })
}

/// Member `key` of an object, as JSON text, put in front of the others.
fn with(object: &str, member: &str) -> String {
    match object {
        "{}" => format!("{{{member}}}"),
        _ => format!("{{{member},{}", &object[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_command_reads_back_and_claims_nothing_more(command in command(), victim in user_id()) {
        let data = command.data();
        prop_assert_eq!(&Command::from_event(command.name(), &data).expect("reads"), &command);
        prop_assert_eq!(&again(&command), &command);
        printed(&command)?;
        for claim in ["fromUserId", "author", "user_id", "actor", "seq2", "role"] {
            let claimed = with(&data, &format!("\"{claim}\":\"{victim}\""));
            let read = Command::from_event(command.name(), &claimed);
            prop_assert!(matches!(read, Err(NotACommand::Malformed(_))), "{}", claimed);
        }
    }

    #[test]
    fn a_notice_reads_back(fact in fact(), answer in answer()) {
        prop_assert_eq!(&both(&fact), &fact);
        prop_assert_eq!(&both(&answer), &answer);
        for notice in [Notice::Fact(Box::new(fact)), Notice::Answer(answer)] {
            let text = notice.to_json();
            let read = Notice::from_json(&text);
            prop_assert_eq!(read.unwrap_or_else(|error| panic!("{error}: {text}")), notice);
        }
    }

    #[test]
    fn talk_windows_refusals_and_snapshots_read_back(
        talk in talk(), window in window(), refusal in refusal(), snapshot in snapshot(),
    ) {
        printed(&talk)?;
        printed(&window)?;
        prop_assert_eq!(both(&talk), talk);
        prop_assert_eq!(both(&window), window);
        prop_assert_eq!(both(&refusal), refusal);
        prop_assert_eq!(both(&snapshot), snapshot);
    }

    #[test]
    fn a_newer_servers_words_are_read_as_far_as_they_are_known(fact in fact(), value in number()) {
        let text = Notice::Fact(Box::new(fact.clone())).to_json();
        let newer = with(&text, &format!("\"newer\":{value}"));
        prop_assert_eq!(Notice::from_json(&newer).expect("reads"), Notice::Fact(Box::new(fact)));
        let unknown = format!("{{\"chatEvent\":\"somethingNew\",\"data\":{value}}}");
        prop_assert!(Notice::from_json(&unknown).is_err());
    }

    #[test]
    fn nothing_that_arrives_panics(text in any::<String>(), nearly in nearly(), name in any::<String>(), command in command()) {
        for text in [&text, &nearly] {
            for name in [name.as_str(), command.name()] {
                if let Ok(read) = Command::from_event(name, text) {
                    prop_assert_eq!(Command::from_event(read.name(), &read.data()).expect("reads"), read);
                }
            }
            let _ = (Notice::from_json(text), serde_json::from_str::<Talk>(text));
            let _ = (serde_json::from_str::<Window>(text), serde_json::from_str::<Snapshot>(text));
            let _ = (tree::read::<Talk>(text), tree::read::<Window>(text), tree::read::<Snapshot>(text));
            let _ = (serde_json::from_str::<Fact>(text), serde_json::from_str::<Refusal>(text));
        }
    }

    #[test]
    fn an_event_of_no_name_that_we_know_is_no_command(name in "[a-zA-Z_]{0,14}", nearly in nearly()) {
        let known = ["postMessage", "createChat", "createPrivateChat", "joinChat", "leaveChat", "renameChat",
            "deleteChat", "inviteToChat", "setModeration", "markRead", "userEnterIdle", "userExitIdle"];
        prop_assume!(!known.contains(&name.as_str()));
        prop_assert!(matches!(Command::from_event(&name, &nearly), Err(NotACommand::Unknown)));
    }

    #[test]
    fn an_id_prints_as_it_reads_and_no_other_text_is_one(chat in chat_id(), text in any::<String>()) {
        let printed = chat.to_string();
        prop_assert_eq!(printed.len(), 32);
        prop_assert!(printed.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        prop_assert_eq!(printed.parse(), Ok(chat));
        prop_assert_eq!(both(&chat), chat);
        if let Ok(id) = text.parse::<UserId>() {
            let bare = text.to_lowercase().replace(['-', '{', '}'], "");
            let says_it = bare.contains(&id.to_string());
            prop_assert!(says_it);
        }
        let _ = serde_json::from_str::<ChatId>(&Value::from(text).to_string());
    }

    #[test]
    fn a_text_that_is_fit_stays_as_it_is(text in written()) {
        if let Ok(name) = text.parse::<Name>() {
            prop_assert_eq!(name.as_str().parse(), Ok(name.clone()));
            prop_assert_eq!(again(&name), name.clone());
            prop_assert!((1..=Name::MAX).contains(&name.as_str().chars().count()));
            let hidden = name.as_str().contains(['\n', '\r', '\t', '\u{0}', '\u{202E}']);
            prop_assert!(!hidden);
            prop_assert_eq!(name.as_str(), name.as_str().trim());
        }
        if let Ok(name) = text.parse::<ChatName>() {
            prop_assert_eq!(again(&name), name);
        }
        if let Ok(body) = text.parse::<Body>() {
            prop_assert_eq!(body.as_str().parse(), Ok(body.clone()));
            prop_assert_eq!(again(&body), body.clone());
            prop_assert!((1..=Body::MAX).contains(&body.as_str().chars().count()));
            let hidden = body.as_str().contains(['\r', '\u{0}', '\u{7f}']);
            prop_assert!(!hidden);
        }
    }
}

#[test]
fn numbers_are_whole_and_exact() {
    let data = |seq: &str| format!(r#"{{"chat":"{}","seq":{seq}}}"#, "01".repeat(16));
    for exact in ["0", "9007199254740993", "18446744073709551615"] {
        let read = Command::from_event("markRead", &data(exact)).expect("reads");
        assert!(read.data().contains(&format!("\"seq\":{exact}")), "{exact}");
    }
    for bad in ["-1", "1.5", "1e3", "\"7\"", "18446744073709551616", "null"] {
        let read = Command::from_event("markRead", &data(bad));
        assert!(matches!(read, Err(NotACommand::Malformed(_))), "{bad}");
    }
}

#[test]
fn a_command_that_says_a_thing_twice_or_buries_it_deep_is_refused() {
    let chat = "01".repeat(16);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for data in [
        format!(r#"{{"chat":"{chat}","chat":"{chat}"}}"#),
        format!(r#"{{"chat":"{chat}"}} trailing"#),
        format!(r#"{{"chat":"{chat}","deep":{deep}}}"#),
        format!(r#"{{"chat":{deep}}}"#),
        deep.clone(),
        r#"{"chat":"#.to_owned(),
        String::new(),
    ] {
        let read = Command::from_event("joinChat", &data);
        assert!(matches!(read, Err(NotACommand::Malformed(_))));
        assert!(Notice::from_json(&data).is_err());
    }
}
