//! Who and which: opaque identities, safe in a URL, a row key, a group name and a header. Refuses to carry
//! meaning: no id is derived from a name or from another id.

use crate::print::Print;
use crate::tree::{Read, Tree, Unread};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Text that is not an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("that is not a valid id")]
pub struct BadId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Wraps 16 bytes that the caller drew at random.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// A new identity with 122 random bits, from the operating system or the browser.
            pub fn random() -> Self {
                Self(Uuid::new_v4().into_bytes())
            }

            pub const fn as_u128(&self) -> u128 {
                u128::from_be_bytes(self.0)
            }

            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            /// 32 lower-case hexadecimal digits: short, and without characters that need escaping.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&print(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))?;
                f.write_str("(")?;
                f.write_str(&print(&self.0))?;
                f.write_str(")")
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&print(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                parse(&text).map(Self).map_err(D::Error::custom)
            }
        }

        impl Print for $name {
            fn print(&self, into: &mut String) {
                self.to_string().print(into);
            }
        }

        impl Read for $name {
            fn read(tree: Tree) -> Result<Self, Unread> {
                String::read(tree)?.parse().map_err(|_| Unread)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                parse(text).map(Self)
            }
        }
    };
}

fn print(id: &[u8; 16]) -> String {
    let mut text = String::with_capacity(32);
    for byte in id {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
    }
    text
}

/// 32 hexadecimal digits, or the same with the four hyphens of a UUID.
fn parse(text: &str) -> Result<[u8; 16], BadId> {
    let (mut id, mut digits) = ([0; 16], 0);
    for (at, c) in text.chars().enumerate() {
        if c == '-' && text.len() == 36 && matches!(at, 8 | 13 | 18 | 23) {
            continue;
        }
        let digit = c.to_digit(16).ok_or(BadId)? as u8;
        let byte = id.get_mut(digits / 2).ok_or(BadId)?;
        *byte = *byte << 4 | digit;
        digits += 1;
    }
    if digits == 32 { Ok(id) } else { Err(BadId) }
}

id! {
    /// A person's (or a bot's) identity; also the user id on Web PubSub.
    UserId
}
id! {
    /// A chat's identity; also the name of its Web PubSub group and its partition key.
    ChatId
}
id! {
    /// A request that its maker may repeat: the store does it once. A message's draft id joins the pending
    /// bubble to the stored message.
    DraftId
}

impl ChatId {
    /// Where its page is.
    pub fn path(&self) -> String {
        format!("/chat/{self}")
    }

    /// The group that carries what the server published. No client may send there.
    pub fn group(&self) -> String {
        self.to_string()
    }

    /// The group that carries what members send each other directly (typing, off-the-record messages).
    pub fn talk_group(&self) -> String {
        format!("{self}.talk")
    }
}

/// A message's place in its chat: 1, 2, 3 … without gaps. 0 stands before the first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Print,
    Read,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first message.
    pub const ZERO: Seq = Seq(0);

    pub const fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_without_separators_and_reads_both_forms() {
        let id = ChatId::from_bytes([0xab; 16]);
        assert_eq!(id.to_string(), "ab".repeat(16));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("abababab-abab-abab-abab-abababababab".parse(), Ok(id));
        assert_eq!("ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB".parse(), Ok(id));
        assert_eq!(format!("{id:?}"), format!("ChatId({id})"));
        for bad in [
            "",
            "o'hara",
            &"ab".repeat(15),
            &"ab".repeat(17),
            &"ab".repeat(18),
            &"-".repeat(36),
            "abababa-babab-abab-abab-abababababab",
            "abababab-abab-abab-abab-ababababab\u{e4}",
        ] {
            assert_eq!(bad.parse::<ChatId>(), Err(BadId), "{bad}");
        }
    }

    #[test]
    fn the_two_lanes_of_a_chat_are_two_groups() {
        let id = ChatId::from_bytes([1; 16]);
        assert_ne!(id.group(), id.talk_group());
        assert!(id.talk_group().ends_with(".talk"));
    }
}
