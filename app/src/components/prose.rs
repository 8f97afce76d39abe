//! What somebody wrote, as text and links. A link is a bare `http://` or `https://` address and nothing else;
//! everything reaches the page as text nodes. Refuses other schemes and any markup.

use crate::markup::{View, part, view};
use leptos::prelude::*;

/// A stretch of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Link(&'a str),
}

/// The text of a message. Lines stay lines by the stylesheet.
#[component]
pub fn Prose(#[prop(into)] text: String) -> View {
    let pieces = parts(&text)
        .into_iter()
        .map(|piece| match piece {
            Part::Text(text) => part(text.to_owned()),
            Part::Link(address) => view! {
                <a href=address.to_owned() target="_blank" rel="noopener nofollow ugc">
                    {address.to_owned()}
                </a>
            },
        })
        .collect::<Vec<_>>();
    part(pieces)
}

/// Cuts a text into text and links; joined again, the parts are the text.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut plain = 0;
    let mut from = 0;
    while let Some(found) = text[from..].find(':') {
        let colon = from + found;
        from = colon + 1;
        if !text[colon..].starts_with("://") {
            continue;
        }
        from = colon + 3;
        let Some(start) = scheme(&text[..colon]).filter(|start| *start >= plain) else {
            continue;
        };
        let end = from + address_length(&text[from..]);
        if end == from {
            continue;
        }
        if start > plain {
            parts.push(Part::Text(&text[plain..start]));
        }
        parts.push(Part::Link(&text[start..end]));
        (plain, from) = (end, end);
    }
    if plain < text.len() {
        parts.push(Part::Text(&text[plain..]));
    }
    parts
}

/// Where `http` or `https` begins at the end of `before`, if it stands there as a word of its own.
fn scheme(before: &str) -> Option<usize> {
    let start = ["https", "http"].into_iter().find_map(|scheme| {
        let start = before.len().checked_sub(scheme.len())?;
        before
            .get(start..)
            .filter(|end| end.eq_ignore_ascii_case(scheme))
            .map(|_| start)
    })?;
    let word = before[..start].chars().next_back();
    word.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '+' | '-' | '.'))
        .then_some(start)
}

/// How far the rest of an address goes. A host begins with a letter or a digit; marks that end a sentence, and
/// brackets that were opened outside, belong to the sentence.
fn address_length(rest: &str) -> usize {
    if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
        return 0;
    }
    let end = rest.find(is_outside).unwrap_or(rest.len());
    let mut address = &rest[..end];
    loop {
        let Some(last) = address.chars().next_back() else {
            return 0;
        };
        let opened = match last {
            ')' => Some('('),
            ']' => Some('['),
            '}' => Some('{'),
            _ => None,
        };
        let outside = match opened {
            Some(open) => address.matches(last).count() > address.matches(open).count(),
            None => matches!(
                last,
                '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '…'
            ),
        };
        if !outside {
            return address.len();
        }
        address = &address[..address.len() - last.len_utf8()];
    }
}

/// Characters that no address contains, those among them that could disguise one.
fn is_outside(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '<' | '>' | '"' | '`' | '|' | '\\' | '^' | '“' | '”' | '«' | '»'
        )
        || matches!(c, '\u{00AD}' | '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn links(text: &str) -> Vec<&str> {
        parts(text)
            .into_iter()
            .filter_map(|part| match part {
                Part::Link(address) => Some(address),
                Part::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn an_address_is_a_link_without_the_marks_around_it() {
        assert_eq!(
            links("see https://example.org/a?b=c#d."),
            ["https://example.org/a?b=c#d"]
        );
        assert_eq!(links("(http://example.org), ok"), ["http://example.org"]);
        assert_eq!(
            links("https://en.example.org/wiki/Tea_(drink)!"),
            ["https://en.example.org/wiki/Tea_(drink)"]
        );
        assert_eq!(
            links("<https://a.example><HTTPS://b.example>"),
            ["https://a.example", "HTTPS://b.example"]
        );
        assert_eq!(links("http://[::1]:3000/x"), ["http://[::1]:3000/x"]);
    }

    #[test]
    fn other_schemes_and_half_addresses_stay_text() {
        for text in [
            "javascript://example.org/%0aalert(1)",
            "data:text/html,<script>",
            "ftp://example.org",
            "xhttp://example.org",
            "view-source+http://example.org",
            "http://",
            "https:// example.org",
            "://example.org",
            "http:example.org",
        ] {
            assert_eq!(links(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn a_character_that_turns_the_direction_ends_an_address() {
        assert_eq!(
            links("https://a.example/\u{202E}gpj.exe"),
            ["https://a.example/"]
        );
    }

    #[test]
    fn an_address_inside_an_address_belongs_to_it() {
        assert_eq!(
            links("https://a.example/?to=https://b.example"),
            ["https://a.example/?to=https://b.example"]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_link_has_another_scheme(
            pieces in prop::collection::vec(
                prop_oneof![
                    Just("http://".to_owned()), Just("HtTpS://".to_owned()), Just("javascript:".to_owned()),
                    Just("://".to_owned()), Just(" ".to_owned()), Just(")".to_owned()), "\\PC{0,6}", any::<String>()
                ],
                0..12,
            )
        ) {
            let text = pieces.concat();
            let parts = parts(&text);
            let joined: String = parts
                .iter()
                .map(|piece| match piece { Part::Text(text) | Part::Link(text) => *text })
                .collect();
            prop_assert_eq!(&joined, &text);
            for part in parts {
                if let Part::Link(address) = part {
                    let lower = address.to_ascii_lowercase();
                    prop_assert!(lower.starts_with("http://") || lower.starts_with("https://"));
                    prop_assert!(!address.chars().any(|c| c.is_whitespace() || c.is_control()));
                }
            }
        }
    }
}
