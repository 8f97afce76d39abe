//! A row of a table: named values under two keys. Owns the limits of the real service, which the emulator does
//! not hold, and how values are written so that they come back the same. Refuses to know what they mean.

use super::key::Key;
use crate::store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What the service takes. Source: "Understanding the Table service data model".
const MAX_TEXT: usize = 32 * 1024;
const MAX_VALUES: usize = 252;
const MAX_ROW: usize = 1024 * 1024;
const MAX_KEY: usize = 512;

/// The version of a row. A change names the one that it was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag(pub String);

#[derive(Clone, Debug)]
pub struct Row {
    pub partition: Key,
    pub key: Key,
    values: Map<String, Value>,
    /// `None` for a row that was not read.
    pub etag: Option<Etag>,
}

/// A row that the service would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {key} does not fit a table: {why}")]
pub struct Unfit {
    pub key: String,
    pub why: String,
}

impl Row {
    pub fn new(partition: Key, key: Key) -> Row {
        Row {
            partition,
            key,
            values: Map::new(),
            etag: None,
        }
    }

    /// Reads what the service sent.
    pub fn stored(mut values: Map<String, Value>) -> Result<Row, StoreError> {
        let mut key = |name: &str| {
            let text = values.remove(name);
            let key = text.as_ref().and_then(Value::as_str).and_then(Key::stored);
            key.ok_or_else(|| StoreError::Corrupt {
                key: format!("{name} {text:?}"),
            })
        };
        let (partition, row) = (key("PartitionKey")?, key("RowKey")?);
        let etag = match values.get("odata.etag") {
            Some(Value::String(etag)) => Some(Etag(etag.clone())),
            _ => None,
        };
        values.retain(|name, _| !name.contains("odata.") && name != "Timestamp");
        Ok(Row {
            partition,
            key: row,
            values,
            etag,
        })
    }

    /// A plain value that JSON writes as text or as true or false.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Row {
        let value = serde_json::to_value(value).expect("a plain value");
        debug_assert!(value.is_string() || value.is_boolean() || value.is_null());
        if !value.is_null() {
            self.values.insert(name.to_owned(), value);
        }
        self
    }

    /// A whole number. As text with its type beside it: a bare number beyond 32 bits would become a rounded one.
    #[must_use]
    pub fn with_number(mut self, name: &str, value: u64) -> Row {
        let signed = i64::try_from(value).unwrap_or(i64::MAX);
        self.values
            .insert(name.to_owned(), signed.to_string().into());
        self.values
            .insert(format!("{name}@odata.type"), "Edm.Int64".into());
        self
    }

    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        let value = self.values.get(name).cloned().unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|_| self.corrupt(name))
    }

    pub fn number(&self, name: &str) -> Result<u64, StoreError> {
        let number = match self.values.get(name) {
            Some(Value::String(text)) => text.parse().ok(),
            Some(Value::Number(number)) => number.as_u64(),
            _ => None,
        };
        number.ok_or_else(|| self.corrupt(name))
    }

    pub fn etag(&self) -> Result<Etag, StoreError> {
        self.etag.clone().ok_or_else(|| self.corrupt("etag"))
    }

    /// Whether both say the same, whoever wrote them and whenever.
    pub fn says_what(&self, other: &Row) -> bool {
        let plain = |row: &Row| {
            let mut values = row.values.clone();
            values.retain(|name, _| !name.contains("odata."));
            values
        };
        plain(self) == plain(other)
    }

    /// What is sent. Fails on what the real service refuses, also where the emulator does not.
    pub fn to_json(&self) -> Result<Box<RawValue>, Unfit> {
        self.check()?;
        let mut values = self.values.clone();
        values.insert("PartitionKey".into(), self.partition.as_str().into());
        values.insert("RowKey".into(), self.key.as_str().into());
        let mut json = Value::Object(values).to_string();
        // Two characters that end a line for some, and a batch is read line by line.
        for (plain, escaped) in [('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")] {
            if json.contains(plain) {
                json = json.replace(plain, escaped);
            }
        }
        Ok(RawValue::from_string(json).expect("JSON with two characters escaped is JSON"))
    }

    fn check(&self) -> Result<(), Unfit> {
        let unfit = |why: String| Unfit {
            key: self.key.to_string(),
            why,
        };
        for key in [&self.partition, &self.key] {
            if key.as_str().len() > MAX_KEY {
                return Err(unfit(format!(
                    "its key is longer than {MAX_KEY} characters"
                )));
            }
        }
        let own = self.values.keys().filter(|name| !name.contains('@'));
        if own.clone().count() > MAX_VALUES {
            return Err(unfit(format!("it has more than {MAX_VALUES} values")));
        }
        let mut size = 0;
        for (name, value) in &self.values {
            let text = value.as_str().unwrap_or_default();
            let units = text.encode_utf16().count();
            if units > MAX_TEXT {
                return Err(unfit(format!(
                    "{name} has {units} characters, {MAX_TEXT} at most"
                )));
            }
            size += 2 * (name.len() + units) + 16;
        }
        if size > MAX_ROW {
            return Err(unfit(format!(
                "it has about {size} bytes, {MAX_ROW} at most"
            )));
        }
        Ok(())
    }

    fn corrupt(&self, name: &str) -> StoreError {
        StoreError::Corrupt {
            key: format!("{}/{} {name}", self.partition, self.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::new(Key::word("p"), Key::word("r"))
    }

    fn sent(row: &Row) -> Map<String, Value> {
        serde_json::from_str(row.to_json().unwrap().get()).unwrap()
    }

    #[test]
    fn no_character_of_a_text_ends_its_line() {
        let text = "one\ntwo\r\u{2028}three\u{2029}four";
        let row = row().with("text", text);
        let json = row.to_json().unwrap();
        assert!(!json.get().contains(['\n', '\r', '\u{2028}', '\u{2029}']));
        assert_eq!(sent(&row)["text"], text);
    }

    #[test]
    fn a_number_travels_as_text_with_its_type() {
        let odd = 9_007_199_254_740_993;
        let sent = sent(&row().with_number("n", odd));
        assert_eq!(sent["n"], "9007199254740993");
        assert_eq!(sent["n@odata.type"], "Edm.Int64");
        assert_eq!(Row::stored(sent).unwrap().number("n").unwrap(), odd);
    }

    #[test]
    fn what_the_real_service_refuses_is_refused_here() {
        let long = "é".repeat(MAX_TEXT);
        assert!(row().with("text", &long).to_json().is_ok());
        assert!(row().with("text", format!("{long}!")).to_json().is_err());
        assert!(
            Row::new(Key::word("p"), Key::word("r").and("x".repeat(MAX_KEY)))
                .to_json()
                .is_err()
        );
        let wide = (0..=MAX_VALUES).fold(row(), |row, n| row.with(&format!("v{n}"), true));
        assert!(wide.to_json().is_err());
        let heavy = (0..17).fold(row(), |row, n| row.with(&format!("v{n}"), &long));
        assert!(heavy.to_json().is_err());
    }

    #[test]
    fn a_row_without_what_it_needs_names_itself() {
        let error = row().number("last").unwrap_err();
        assert!(error.to_string().contains("p/r last"), "{error}");
    }
}
