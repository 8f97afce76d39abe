//! Names that look alike: who takes one that somebody has, gets a tag to be told apart by. Refuses to know who
//! has which; the store does.

use crate::store::Newcomer;
use app::chat::Person;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// Names that sound like somebody in charge: never without a tag.
const RESERVED: [&str; 10] = [
    "admin",
    "administrator",
    "chatr",
    "everyone",
    "moderator",
    "owner",
    "root",
    "server",
    "support",
    "system",
];

/// A newcomer with what the store needs to find namesakes. Source of the look-alikes: Unicode TS 39.
pub fn newcomer(person: Person) -> Newcomer {
    let skeleton = look(person.name.as_str());
    Newcomer {
        reserved: RESERVED.iter().any(|name| look(name) == skeleton),
        skeleton,
        person,
    }
}

/// What is equal for names that look alike, whatever their case, width and spaces.
fn look(name: &str) -> String {
    let plain: String = name.nfkc().flat_map(char::to_lowercase).collect();
    skeleton(&plain)
        .filter(|letter| !letter.is_whitespace())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_look() {
        assert_eq!(look("Ada"), look("аda"), "Cyrillic");
        assert_eq!(look("Ada"), look("ＡＤＡ"), "full width");
        assert_eq!(look("Ada Lovelace"), look("AdaLovelace"));
        assert_ne!(look("Ada"), look("Ida"));
    }
}
