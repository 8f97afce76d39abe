//! JSON text: a reader that goes through it value by value ([`Reader`]), a text that is known to be JSON
//! ([`Json`]), and what is needed to print ([`quote`], [`name`]). Accepts and prints what serde_json does. serde
//! compiles its way through a text for each type anew; this is one way for all, because a browser fetches it.
//! Refuses to build anything, and to know numbers but whole ones that are not negative.

mod print;
mod reader;

pub use print::{name, quote};
pub use reader::{Quoted, Reader, Token};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// A text that is not JSON, or not the JSON that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the JSON that is expected here")]
pub struct NotJson;

/// One JSON value, kept as the text it was written in, so that the format of numbers and the order of keys
/// survive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    /// Takes a text, without the white space around it.
    pub fn of(text: String) -> Result<Json, NotJson> {
        let mut reader = Reader::new(&text);
        let value = reader.span()?;
        reader.end()?;
        Ok(match value.len() == text.len() {
            true => Json(text.into()),
            false => Json(value.into()),
        })
    }

    /// Takes a part of a text that a reader went through.
    pub(crate) fn passed(span: &str) -> Json {
        Json(span.into())
    }

    /// Prints any serialisable value. Fails on maps whose keys are not text.
    pub fn print(value: &impl Serialize) -> Result<Json, serde_json::Error> {
        to_raw_value(value).map(|raw| Json(raw.into()))
    }

    /// The text.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Json(raw.into()))
    }
}
