//! Text that people wrote, parsed once: a value of these types is fit to store and to show. The only place
//! where a length limit is written. Refuses to judge words; that is the moderator's work.

use crate::print::Print;
use crate::tree::Read;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text cannot be used. `Display` is written to the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub enum Unfit {
    #[error("Please type something first.")]
    Empty,
    #[error("That is too long: {max} characters at most.")]
    TooLong { max: usize },
    #[error("Please leave out invisible and control characters.")]
    Invisible,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, max = $max:expr, parse = $parse:path) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Print, Read,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The longest allowed text, in Unicode scalar values.
            pub const MAX: usize = $max;

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Unfit;
            fn from_str(text: &str) -> Result<Self, Unfit> {
                $parse(text, Self::MAX).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Unfit;
            fn try_from(text: String) -> Result<Self, Unfit> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// A person's name, one line, 1 to 64 characters, no invisible characters.
    Name, max = 64, parse = parse_line
}
text! {
    /// A chat's name, one line, 1 to 64 characters, no invisible characters.
    ChatName, max = 64, parse = parse_line
}
text! {
    /// What a message says: 1 to 8,000 characters, lines allowed.
    Body, max = 8_000, parse = parse_lines
}

/// One line: trimmed, inner white space folded to single spaces.
fn parse_line(text: &str, max: usize) -> Result<String, Unfit> {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    if folded.chars().any(is_invisible) {
        return Err(Unfit::Invisible);
    }
    within(folded, max)
}

/// Many lines: trimmed at the end and of leading blank lines; control characters but new line and tab are
/// dropped, because a paste may carry them and the person cannot see them; so are the returns of those who end
/// their lines by two characters.
fn parse_lines(text: &str, max: usize) -> Result<String, Unfit> {
    let kept: String = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    let kept = kept.trim_end().trim_start_matches('\n').to_owned();
    if kept.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
        return Err(Unfit::Empty);
    }
    within(kept, max)
}

fn within(text: String, max: usize) -> Result<String, Unfit> {
    if text.is_empty() {
        return Err(Unfit::Empty);
    }
    if text.chars().count() > max {
        return Err(Unfit::TooLong { max });
    }
    Ok(text)
}

/// Characters that take no room or change the direction of what follows: they let one name pass for another.
/// Joiners (U+200C, U+200D) and variation selectors are kept out of names too, at the price of some emoji.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_its_inner_space_folded() {
        assert_eq!(
            "  Ada \t Lovelace ".parse::<Name>().map(String::from),
            Ok("Ada Lovelace".into())
        );
    }

    #[test]
    fn a_name_of_nothing_or_of_invisible_characters_is_refused() {
        assert_eq!("   ".parse::<Name>(), Err(Unfit::Empty));
        assert_eq!("\u{200B}\u{200D}".parse::<Name>(), Err(Unfit::Invisible));
        assert_eq!("Ada\u{202E}nimda".parse::<Name>(), Err(Unfit::Invisible));
    }

    #[test]
    fn limits_count_characters_and_not_bytes() {
        assert!("é".repeat(64).parse::<Name>().is_ok());
        assert_eq!(
            "é".repeat(65).parse::<Name>(),
            Err(Unfit::TooLong { max: 64 })
        );
        assert!("界".repeat(8_000).parse::<Body>().is_ok());
        assert_eq!(
            "界".repeat(8_001).parse::<Body>(),
            Err(Unfit::TooLong { max: 8_000 })
        );
    }

    #[test]
    fn a_body_keeps_its_lines_and_loses_control_characters() {
        assert_eq!(
            "\n a\r\n\u{0007}b \n".parse::<Body>().map(String::from),
            Ok(" a\nb".into())
        );
    }

    #[test]
    fn a_body_keeps_joined_emoji_but_must_show_something() {
        assert!("👩\u{200D}💻".parse::<Body>().is_ok());
        assert_eq!("\u{200B} \n".parse::<Body>(), Err(Unfit::Empty));
    }
}
