//! Keys of rows. Made of letters, digits and `_ . ~ -` only: Azure forbids some other characters, and the crate
//! forgets to escape more. Refuses to know what the rows hold.

use std::fmt::{self, Write};

/// A partition key or a row key: a word and parts after it, each behind a dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    pub fn word(word: &'static str) -> Key {
        Key(escaped(word))
    }

    /// An id prints as hexadecimal digits.
    pub fn id(id: impl fmt::Display) -> Key {
        Key(escaped(&id.to_string()))
    }

    /// Any text at all. Different texts make different keys.
    #[must_use]
    pub fn and(mut self, part: impl fmt::Display) -> Key {
        self.0.push('.');
        self.0.push_str(&escaped(&part.to_string()));
        self
    }

    /// A number, so that keys sort as their numbers do.
    #[must_use]
    pub fn and_number(self, number: u64) -> Key {
        self.and(format_args!("{number:016x}"))
    }

    /// The row keys that go on after this one: from the first to before the second. The second is no key; it
    /// sorts right behind the dot.
    pub fn range(&self) -> (String, String) {
        (format!("{}.", self.0), format!("{}/", self.0))
    }

    /// Reads a key that a row brought.
    pub fn stored(text: &str) -> Option<Key> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.~-".contains(c);
        text.chars().all(plain).then(|| Key(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last dot.
    pub fn last(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is no letter, digit, `_` or `-` becomes `~` and its bytes in hexadecimal: dots stay between parts.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => safe.push(char::from(byte)),
            other => {
                let _ = write!(safe, "~{other:02x}");
            }
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_says_what_it_is_for() {
        let key = Key::word("message").and_number(10);
        assert_eq!(key.as_str(), "message.000000000000000a");
        assert_eq!(key.last(), "000000000000000a");
        assert_eq!(
            Key::word("name").and("o'hara/é").as_str(),
            "name.o~27hara~2f~c3~a9"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_that_no_other_text_is(a: String, b: String) {
            let (one, two) = (Key::word("t").and(&a), Key::word("t").and(&b));
            prop_assert_eq!(Key::stored(one.as_str()), Some(one.clone()));
            prop_assert_eq!(a == b, one == two);
        }

        #[test]
        fn parts_do_not_run_into_each_other(a: String, b: String) {
            prop_assume!(!b.is_empty());
            prop_assert_ne!(Key::word("t").and(&a).and(&b), Key::word("t").and(format!("{a}.{b}")));
        }

        #[test]
        fn keys_sort_as_their_numbers(a: u64, b: u64) {
            let key = |number| Key::word("m").and_number(number);
            prop_assert_eq!(a.cmp(&b), key(a).as_str().cmp(key(b).as_str()));
            let (from, to) = Key::word("m").range();
            prop_assert!(from.as_str() < key(a).as_str() && key(a).as_str() < to.as_str());
        }
    }
}
