//! The language moderator: which words of a text are not fit for a moderated chat. Refuses to know what
//! becomes of the message; the chat's policy says so (`decide`).

use rustrict::{Censor, Type};
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The words, as they were written.
    pub words: Vec<String>,
    /// The text with these words as asterisks.
    pub masked: String,
}

/// Judges texts. Others plug in here: a word list of their own, a service.
pub trait Moderator: Send + Sync {
    /// `None` for a text with nothing wrong.
    fn judge(&self, text: &str) -> Option<Verdict>;
}

/// The one that needs nobody else: a word list that sees through spaces, look-alikes and repetitions.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalModerator;

/// Stands for a masked character in the list's answer; nobody can type it, as bodies keep no such characters
/// that mean anything.
const MASK: char = '\u{E000}';

impl Moderator for LocalModerator {
    fn judge(&self, text: &str) -> Option<Verdict> {
        let plain = plain(text);
        let letters: String = plain.iter().map(|(letter, _)| *letter).collect();
        let (censored, kind) = Censor::from_str(&letters)
            .with_censor_replacement(MASK)
            .with_censor_first_character_threshold(Type::INAPPROPRIATE)
            .censor_and_analyze();
        if !kind.is(Type::INAPPROPRIATE) || !censored.contains(MASK) {
            return None;
        }
        let censored: Vec<char> = censored.chars().collect();
        if censored.len() != plain.len() {
            // The list dropped letters, so places do not match: what it made of the text is all there is.
            let masked = censored
                .iter()
                .map(|&c| if c == MASK { '*' } else { c })
                .collect();
            return Some(Verdict {
                words: Vec::new(),
                masked,
            });
        }
        let written: Vec<char> = text.chars().collect();
        let mut bad = vec![false; written.len()];
        for ((_, place), letter) in plain.iter().zip(&censored) {
            bad[*place] |= *letter == MASK;
        }
        let found = found(&written, &bad);
        if found.is_empty() {
            return None;
        }
        for (place, bad) in bad.iter_mut().enumerate() {
            *bad &= found.iter().any(|word| word.contains(&place));
        }
        let word = |word: &Range<usize>| {
            let letters = written[word.clone()].iter();
            letters.filter(|c| !is_invisible(**c)).collect()
        };
        Some(Verdict {
            words: found.iter().map(word).collect(),
            masked: mask(&written, &bad),
        })
    }
}

/// The letters that a reader sees, each with its place in the text: full-width and other disguises undone,
/// accents and invisible characters left out.
fn plain(text: &str) -> Vec<(char, usize)> {
    text.chars()
        .enumerate()
        .flat_map(|(place, written)| {
            written
                .nfkd()
                .filter(|letter| !is_combining_mark(*letter) && !is_invisible(*letter))
                .map(move |letter| (letter, place))
        })
        .collect()
}

/// Takes no room on the screen, so that it can split a word which a reader sees whole.
const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// Where bad characters stand, a range for each word; a single space or sign between two runs of single letters
/// was a disguise. What has no letter at all, as in 1 + 1, is a sum and no word.
fn found(written: &[char], bad: &[bool]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for place in (0..written.len()).filter(|place| bad[*place]) {
        let same = found.last().is_some_and(|word| {
            let gap = &written[word.end..place];
            gap.iter().filter(|c| !is_invisible(**c)).count() <= 1
                && gap.iter().all(|c| !c.is_alphanumeric())
        });
        match found.last_mut() {
            Some(word) if same => word.end = place + 1,
            Some(_) | None => found.push(place..place + 1),
        }
    }
    found
        .into_iter()
        .filter_map(|word| {
            let left = without_sums(written, word.clone())?;
            // The list takes an asterisk for any letter: what is bad only together with one beyond a space is not.
            (left == word || is_bad(&written[left.clone()])).then_some(left)
        })
        .collect()
}

/// Whether these letters are bad by themselves.
fn is_bad(written: &[char]) -> bool {
    let text: String = written.iter().collect();
    let letters: String = plain(&text).iter().map(|(letter, _)| *letter).collect();
    Censor::from_str(&letters).analyze().is(Type::INAPPROPRIATE)
}

/// What is left of a word without the parts before and after it that have no letter.
fn without_sums(written: &[char], word: Range<usize>) -> Option<Range<usize>> {
    let is_letter = |place: &usize| written[*place].is_alphabetic();
    let is_space = |place: &usize| written[*place].is_whitespace();
    let first = word.clone().find(is_letter)?;
    let last = word.clone().rfind(is_letter)?;
    let start = (word.start..first).rfind(is_space);
    let end = (last..word.end).find(is_space);
    Some(start.map_or(word.start, |space| space + 1)..end.unwrap_or(word.end))
}

fn mask(written: &[char], bad: &[bool]) -> String {
    let mut masked = String::with_capacity(written.len());
    for (place, letter) in written.iter().enumerate() {
        let inside = place > 0 && bad[place - 1] && is_invisible(*letter);
        if bad[place] {
            masked.push('*');
        } else if !inside {
            masked.push(*letter);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::chat::Body;
    use proptest::prelude::*;

    fn masked(text: &str) -> Option<String> {
        LocalModerator.judge(text).map(|verdict| verdict.masked)
    }

    #[test]
    fn a_bad_word_is_masked_and_the_rest_stays_as_written() {
        assert_eq!(
            masked("Oh shit, Žofie 👩\u{200D}💻!").as_deref(),
            Some("Oh ****, Žofie 👩\u{200D}💻!")
        );
    }

    #[test]
    fn full_width_letters_and_zero_width_spaces_hide_nothing() {
        assert_eq!(masked("ｓｈｉｔ").as_deref(), Some("****"));
        assert_eq!(
            masked("s\u{200B}h\u{200B}i\u{200B}t").as_deref(),
            Some("****")
        );
        assert!(masked("s h i t").is_some());
        assert!(masked("ѕhіt").is_some(), "look-alikes of another alphabet");
    }

    #[test]
    fn the_author_is_told_the_word() {
        let verdict = LocalModerator.judge("what the fuck").expect("found");
        assert_eq!(verdict.words, ["fuck"]);
    }

    #[test]
    fn innocent_words_with_bad_ones_inside_pass() {
        for text in [
            "Scunthorpe",
            "cockpit",
            "assassin",
            "therapist",
            "Grüße aus Zürich",
            "שלום",
            "****",
            "Ada threw 1 + 1 + 1 = 3.",
            "2 + 1 + 1",
            "They did. **Two** chairs are missing.",
        ] {
            assert_eq!(masked(text), None, "{text}");
        }
    }

    #[test]
    fn a_sum_beside_a_bad_word_stays_as_written() {
        assert_eq!(
            masked("1 + 1 + 1 = shit").as_deref(),
            Some("1 + 1 + 1 = ****")
        );
    }

    #[test]
    fn the_longest_text_of_any_sort_is_judged() {
        for part in [
            "a",
            "@",
            "*",
            "\u{200B}",
            ">",
            "[",
            "s h i t ",
            "shi",
            "a.s.s.",
            "ﷺ",
            "e\u{301}",
            "ｓ",
            "👩\u{200D}💻",
            "ѕhі",
            "$#!7",
            "fu",
        ] {
            let text: String = part.chars().cycle().take(Body::MAX).collect();
            LocalModerator.judge(&text);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_masked_is_fit_to_be_posted(
            text in prop_oneof![any::<String>(), "([a-z@$!*. ]{0,3}(shit|fuck|ass|ｓｈｉｔ)[a-z@$!*. \u{200B}]{0,3}){1,5}"],
        ) {
            let Ok(body) = text.parse::<Body>() else {
                return Ok(());
            };
            if let Some(verdict) = LocalModerator.judge(body.as_str()) {
                prop_assert!(verdict.masked.parse::<Body>().is_ok(), "{}", verdict.masked);
                prop_assert!(verdict.masked.contains('*'));
                prop_assert_ne!(verdict.masked.as_str(), body.as_str());
            }
        }
    }
}
