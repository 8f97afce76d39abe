//! JSON text: the same is accepted, understood and printed as by serde_json.

use super::values::{json, text};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use wire::json::{Json, NotJson, Reader, Token, quote};

/// Pieces of JSON in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "{}",
        "[]",
        "{\"a\":",
        "\"a\":",
        ",\"a\":",
        "\"",
        "\\",
        "true",
        "false",
        "null",
        "nul",
        "truefalse",
        "True",
        "0",
        "00",
        "01",
        "1",
        "-",
        "-1",
        "-0",
        "-01",
        "1.5",
        "1.",
        ".5",
        "1e5",
        "1e",
        "1E+5",
        "1e-3",
        "1e+",
        "+1",
        "1.5e3",
        "1 2",
        "NaN",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775808",
        "-9223372036854775809",
        "\"a\"",
        "\"\\\"\"",
        "\"\\u00e9\\n\\/\\b\\f\\r\\t\\\\\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uD83D\\uDE00x\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\n\"",
        "\"\\ud83d\\ud83d\"",
        "\"\\ud83d\\u0041\"",
        "\"\\udbff\\udfff\"",
        "\"\\ud800\\udc00\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u00zz\"",
        "\"\\u+123\"",
        "\"\\U0041\"",
        "\"\\'\"",
        "\"\u{1}\"",
        "\"\u{1f}\"",
        "\"\u{7f}\"",
        "\"\n\"",
        "\"é\"",
        "'a'",
        " ",
        "\n",
        "\r",
        "\t",
        "\u{b}",
        "\u{a0}",
        "\u{feff}",
        "//",
        "\"a plain text of some length\"",
        "\"a longer text with a \\\" in it\"",
        "\"a longer text with a tab \t in it\"",
    ]);
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// JSON that something happened to.
fn damaged() -> impl Strategy<Value = String> {
    let harm = prop::sample::select("{}[],:\"\\tu0189.-+eE \n\u{1}é".chars().collect::<Vec<_>>());
    (json(), any::<Index>(), harm, 0..3).prop_map(|(text, at, harm, how)| {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        match how {
            0 => chars[at] = harm,
            1 => chars.insert(at, harm),
            _ => drop(chars.remove(at)),
        }
        chars.into_iter().collect()
    })
}

/// Numbers that are not counts, in the reader's eyes and in serde's.
const ODD: &str = "odd";

fn read(text: &str) -> Result<Value, NotJson> {
    fn grow(reader: &mut Reader<'_>) -> Result<Value, NotJson> {
        Ok(match reader.value()? {
            Token::Null => Value::Null,
            Token::Flag(flag) => flag.into(),
            Token::Count(count) => count.into(),
            Token::Odd => ODD.into(),
            Token::Text(text) => text.text()?.into(),
            Token::List => {
                let mut list = Vec::new();
                while reader.item()? {
                    list.push(grow(reader)?);
                }
                list.into()
            }
            Token::Object => {
                let mut members = Map::new();
                while let Some(name) = reader.member()? {
                    members.insert(name.into_owned(), grow(reader)?);
                }
                members.into()
            }
        })
    }
    let mut reader = Reader::new(text);
    let value = grow(&mut reader)?;
    reader.end()?;
    Ok(value)
}

fn odd(value: Value) -> Value {
    match value {
        Value::Number(number) if !number.is_u64() => ODD.into(),
        Value::Array(list) => list.into_iter().map(odd).collect(),
        Value::Object(members) => members.into_iter().map(|(k, v)| (k, odd(v))).collect(),
        other => other,
    }
}

fn as_serde_reads(text: &str) -> Result<(), TestCaseError> {
    let serdes = serde_json::from_str::<Box<RawValue>>(text).ok();
    let ours = Json::of(text.to_owned()).ok();
    prop_assert_eq!(
        ours.as_ref().map(Json::get),
        serdes.as_ref().map(|raw| raw.get()),
        "{}",
        text
    );
    match serde_json::from_str::<Value>(text) {
        Ok(value) => prop_assert_eq!(read(text), Ok(odd(value)), "{}", text),
        // What serde cannot put into a float is a number all the same.
        Err(error) if error.to_string().contains("out of range") => {}
        Err(error) => prop_assert!(read(text).is_err(), "{error}: {text}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4_096, ..ProptestConfig::default() })]

    #[test]
    fn what_is_json_for_serde_is_json_and_says_the_same(
        text in text(), json in json(), pieces in pieces(), damaged in damaged(),
    ) {
        for text in [text, json, pieces, damaged] {
            as_serde_reads(&text)?;
        }
    }

    #[test]
    fn a_text_is_quoted_as_serde_quotes_it(text in text(), more in any::<String>()) {
        let text = text + &more;
        let mut quoted = String::new();
        quote(&mut quoted, &text);
        prop_assert_eq!(&quoted, &serde_json::to_string(&text).expect("plain data"));
        prop_assert_eq!(read(&quoted), Ok(text.into()));
    }
}

#[test]
fn every_character_is_quoted_and_read_as_by_serde() {
    for code in 0..0x500 {
        let text: String = char::from_u32(code).into_iter().collect();
        let mut quoted = String::new();
        quote(&mut quoted, &text);
        assert_eq!(quoted, serde_json::to_string(&text).expect("plain data"));
        assert_eq!(
            read(&format!("\"{text}\"")).ok(),
            serde_json::from_str(&format!("\"{text}\"")).ok()
        );
        let escaped = format!("\"\\u{code:04x}\\{text}\"");
        assert_eq!(read(&escaped).ok(), serde_json::from_str(&escaped).ok());
    }
}

#[test]
fn no_depth_is_too_deep_to_be_passed_over() {
    let deep = format!("{}{}", "[{\"a\":".repeat(100_000), "}]".repeat(100_000));
    assert_eq!(Json::of(deep.clone()).err(), Some(NotJson));
    let deep = deep.replace(":}", ":0}");
    assert_eq!(Json::of(deep.clone()).as_ref().map(Json::get), Ok(&*deep));
    assert_eq!(Json::of("[".repeat(100_000)).err(), Some(NotJson));
}

#[test]
fn numbers_are_counted_up_to_64_bits_and_odd_beyond() {
    for (text, count) in [("0", 0), ("18446744073709551615", u64::MAX)] {
        assert_eq!(read(text), Ok(count.into()));
    }
    for text in ["-0", "-1", "0.0", "1e0", "18446744073709551616", "1e999"] {
        assert_eq!(read(text), Ok(ODD.into()), "{text}");
    }
}
