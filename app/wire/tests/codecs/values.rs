//! Whatever may travel: names, payloads, metadata, and JSON that means nothing.

use proptest::prelude::*;
use serde_json::Value;
use wire::frame::{Metadata, Payload};
use wire::json::Json;

/// Text with whatever a person, a program or an attacker may put in.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{1,8}",
        "[ -~]{0,40}",
        prop::sample::select(vec![
            "",
            " ",
            "\"",
            "\\",
            "\\u0000",
            "\u{0}",
            "\r\n",
            "\u{2028}",
            "👩\u{200D}💻",
            "żółw/ü?#%2F&=+",
            "..",
            ":send",
        ])
        .prop_map(str::to_owned),
    ]
}

/// Text that is more than white space.
pub fn visible() -> impl Strategy<Value = String> {
    text().prop_map(|text| match text.trim().is_empty() {
        true => format!("x{text}"),
        false => text,
    })
}

pub fn group() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => visible(),
        1 => Just("界".repeat(1_024)),
    ]
}

pub fn event() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9_.-]{0,127}"
}

/// JSON as a sender may print it: with its own spaces, order and numbers.
pub fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "true",
            "0",
            "-0",
            "1.0e3",
            "18446744073709551615",
            "-9223372036854775808",
            "123456789012345678901234567890",
            "0.1000",
            "\"\\u00e9\\ud83d\\ude00\\/\"",
            "[ ]",
            "{ }",
            "[null]",
        ])
        .prop_map(str::to_owned),
        text().prop_map(|text| Value::from(text).to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = text().prop_map(|text| Value::from(text).to_string());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|all| format!("[{}]", all.join(" , "))),
            prop::collection::vec((key, inner), 0..4).prop_map(|all| {
                let members: Vec<String> = all.iter().map(|(k, v)| format!("{k}:\t{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

pub fn raw(text: String) -> Json {
    Json::of(text).expect("JSON")
}

pub fn payload() -> impl Strategy<Value = Payload> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..60);
    prop_oneof![
        text().prop_map(Payload::Text),
        json().prop_map(|text| Payload::Json(raw(text))),
        bytes().prop_map(|bytes| Payload::Binary(bytes.into())),
        bytes().prop_map(|bytes| Payload::Protobuf(bytes.into())),
    ]
}

/// Metadata as it survives HTTP too: keys without capitals, values without commas and outer spaces.
pub fn metadata() -> impl Strategy<Value = Metadata> {
    let key = "[a-z0-9!#$%&'*+.^_`|~-]{1,12}";
    let value = "([!-+\\--~]([ -+\\--~]{0,8}[!-+\\--~])?)?";
    prop::collection::btree_map(key, value, 0..4)
}
