//! Short names for what a module and its JavaScript take from each other.

use crate::module::{Reader, Writer, sections};
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of sections.
const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;
/// Functions; the tags of exceptions have a byte more.
const FUNCTION: u8 = 0;
/// What wasm-bindgen calls the place that its own functions are taken from, in the JavaScript.
const PLACE_END: &str = "_bg.js";
const SHORT_PLACE: &str = "w";

/// The module and the JavaScript with short names in both. `None`: this is no module as wasm-bindgen makes it.
///
/// Every import from wasm-bindgen's own place gets one, and every export that begins as the names of the compiler and of
/// wasm-bindgen do: other exports are somebody's to call.
pub fn names(module: &[u8], script: &str) -> Option<(Vec<u8>, String)> {
    let mut given = Given::default();
    let mut written = Writer::module();
    for section in sections(module)? {
        match section.kind {
            IMPORTS => written.section(IMPORTS, &imports(section.content, &mut given)?),
            EXPORTS => written.section(EXPORTS, &exports(section.content, &mut given)?),
            kind => written.section(kind, section.content),
        }
    }
    Some((written.0, given.replace_in(script)))
}

fn imports(content: &[u8], given: &mut Given) -> Option<Vec<u8>> {
    let mut reader = Reader(content);
    let count = reader.number()?;
    let mut written = Writer(Vec::new());
    written.number(count);
    for _ in 0..count {
        let (place, name) = (reader.text()?, reader.text()?);
        match reader.byte()? {
            FUNCTION if place.ends_with(PLACE_END) => {
                given.places.insert(place.to_owned());
                written.bytes(SHORT_PLACE.as_bytes());
                written.bytes(given.short(name).as_bytes());
            }
            FUNCTION => {
                written.bytes(place.as_bytes());
                written.bytes(name.as_bytes());
            }
            // Memories and the like are the module's own.
            _ => return None,
        }
        written.0.push(FUNCTION);
        written.number(reader.number()?);
    }
    Some(written.0)
}

fn exports(content: &[u8], given: &mut Given) -> Option<Vec<u8>> {
    let mut reader = Reader(content);
    let count = reader.number()?;
    let mut written = Writer(Vec::new());
    written.number(count);
    for _ in 0..count {
        let name = reader.text()?;
        match ["_R", "__wb", "wasm_bindgen_"]
            .iter()
            .any(|own| name.starts_with(own))
        {
            true => written.bytes(given.short(name).as_bytes()),
            false => written.bytes(name.as_bytes()),
        }
        written.0.push(reader.byte()?);
        written.number(reader.number()?);
    }
    Some(written.0)
}

/// Which names were given to which.
#[derive(Default)]
struct Given {
    places: BTreeSet<String>,
    names: BTreeMap<String, String>,
}

impl Given {
    fn short(&mut self, name: &str) -> &str {
        let next = self.names.len();
        self.names
            .entry(name.to_owned())
            .or_insert_with(|| numbered(next))
    }

    /// A word of the script that is a long name becomes the short one, wherever it stands: a function in the script
    /// may bear the name of the export that it calls.
    fn replace_in(&self, script: &str) -> String {
        let mut text = script.to_owned();
        for place in &self.places {
            text = text.replace(place.as_str(), SHORT_PLACE);
        }
        let mut written = String::with_capacity(text.len());
        let mut word = String::new();
        for character in text.chars().chain([' ']) {
            if character.is_alphanumeric() || "_$".contains(character) {
                word.push(character);
                continue;
            }
            written.push_str(self.names.get(&word).unwrap_or(&word));
            word.clear();
            written.push(character);
        }
        written.pop();
        written
    }
}

/// `$a` to `$z`, `$ba`, and so on: names that neither wasm-bindgen nor anybody here gives.
fn numbered(number: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = number;
    loop {
        letters.push(b'a' + (rest % 26) as u8);
        rest /= 26;
        if rest == 0 {
            break;
        }
    }
    letters.push(b'$');
    letters
        .iter()
        .rev()
        .map(|letter| char::from(*letter))
        .collect()
}
