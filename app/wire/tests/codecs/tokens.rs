//! Tokens and connection strings.

use crate::values::text;
use proptest::prelude::*;
use serde_json::{Map, Value};
use wire::token::{Claims, ConnectionString, host_and_path, sign, verify};

/// A key as the service makes them: long.
fn key() -> impl Strategy<Value = String> {
    "[A-Za-z0-9+/=]{32,88}"
}

fn claims() -> impl Strategy<Value = Claims> {
    let texts = || prop::collection::vec(text(), 0..3);
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    let other = prop::collection::btree_map("x[a-z.]{0,8}", value, 0..3);
    (
        "https?://[a-z0-9.:]{1,20}(/[!-~]{0,20})?",
        // Valid for long: to the last second that fits.
        prop_oneof![Just(u64::MAX), 4_000_000_000..u64::MAX],
        prop::option::of(any::<u64>()),
        prop::option::of(text()),
        texts(),
        texts(),
        other,
    )
        .prop_map(|(aud, exp, iat, sub, role, groups, other)| Claims {
            aud,
            exp,
            iat,
            sub,
            role,
            groups,
            other: Map::from_iter(other),
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_token_opens_what_it_was_signed_for_and_says_what_was_signed(claims in claims(), key in key(), other in key()) {
        let token = sign(&claims, &key).expect("signs");
        let aud = claims.aud.clone();
        let (host, path) = host_and_path(&aud).expect("an address");
        let verified = verify(&token, [other.as_str(), key.as_str()], |h, p| (h, p) == (host, path));
        prop_assert_eq!(verified.expect("verifies"), claims);
        prop_assert!(verify(&token, [key.as_str()], |_, _| false).is_err());
        prop_assume!(key != other);
        prop_assert!(verify(&token, [other.as_str()], |_, _| true).is_err());
    }

    #[test]
    fn a_token_with_one_changed_letter_opens_nothing(
        claims in claims(), key in key(), place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.-]",
    ) {
        let token = sign(&claims, &key).expect("signs");
        let place = place.index(token.len());
        prop_assume!(token[place..=place] != letter);
        let changed = format!("{}{letter}{}", &token[..place], &token[place + 1..]);
        prop_assert!(verify(&changed, [key.as_str()], |_, _| true).is_err(), "{}", changed);
        prop_assert!(verify(&token[..place], [key.as_str()], |_, _| true).is_err());
    }

    #[test]
    fn nothing_opens_what_nobody_signed(token in any::<String>(), parts in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,3}", key in key()) {
        prop_assert!(verify(&token, [key.as_str()], |_, _| true).is_err());
        prop_assert!(verify(&parts, [key.as_str()], |_, _| true).is_err());
    }

    #[test]
    fn a_connection_string_reads_whatever_its_order_and_case(
        host in "https?://[a-z0-9.:-]{1,30}", key in key(), swapped in any::<bool>(), slash in "/{0,2}",
    ) {
        let parts = [format!("ENDPOINT={host}{slash}"), format!(" AccessKey = {key}")];
        let text = match swapped {
            false => format!("{};{};Version=1.0;", parts[0], parts[1]),
            true => format!("Version=1.0;{};{}", parts[1], parts[0]),
        };
        let read: ConnectionString = text.parse().expect("reads");
        prop_assert_eq!(&read.endpoint, &host);
        prop_assert_eq!(&read.access_key, &key);
        let printed = format!("{read:?}");
        prop_assert!(!printed.contains(&key));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), ascii in "[ -~]{0,60}") {
        for text in [&text, &ascii] {
            let _ = (text.parse::<ConnectionString>(), host_and_path(text));
            let _ = host_and_path(&format!("https://{text}"));
        }
    }
}
