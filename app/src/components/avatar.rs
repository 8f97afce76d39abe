//! A person as a coloured disc with initials: one of twelve hues, always the same for the same id. For the
//! eye only; the name stands beside it.

use crate::chat::{Person, UserId};
use crate::letters::upper;
use crate::markup::{View, view};
use leptos::prelude::*;

/// The stylesheet knows this many hues (`data-hue`).
const HUES: u8 = 12;

#[component]
pub fn Avatar(person: Person) -> View {
    view! {
        <span class="avatar" data-hue=hue(person.id).to_string() aria-hidden="true">
            {initials(person.name.as_str())}
        </span>
    }
}

/// A hue from 0 to 11. Ids are random, so the sum of their bytes spreads well enough.
pub fn hue(user: UserId) -> u8 {
    let sum = user
        .as_bytes()
        .iter()
        .fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
    sum % HUES
}

/// First letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name
        .split(' ')
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let letters: String = first.into_iter().chain(words.next_back()).collect();
    match letters.is_empty() {
        true => name.chars().take(1).collect(),
        false => upper(&letters),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_the_first_and_last_word() {
        assert_eq!(initials("Ada King Lovelace"), "AL");
        assert_eq!(initials("bo"), "B");
        assert_eq!(initials("李 小龙"), "李小");
        assert_eq!(initials("🦀"), "🦀");
    }

    #[test]
    fn a_hue_is_one_that_the_stylesheet_knows() {
        for byte in 0..=255 {
            assert!(hue(UserId::from_bytes([byte; 16])) < HUES);
        }
    }
}
