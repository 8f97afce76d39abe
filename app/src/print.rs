//! What a page tells the server and keeps for itself, printed as JSON: the bytes that serde prints, without the
//! printers that serde compiles. The server prints with serde. Refuses to read: `tree` does.

use wire::json::{name, quote};

pub use macros::Print;

/// A type that can be printed. Derived by the same attributes as serde's printer.
pub trait Print {
    fn print(&self, into: &mut String);
}

/// Prints a JSON text.
pub fn print(value: &dyn Print) -> String {
    let mut text = String::new();
    value.print(&mut text);
    text
}

/// Appends a member of an object.
pub fn member(into: &mut String, key: &str, value: &dyn Print) {
    name(into, key);
    value.print(into);
}

impl Print for bool {
    fn print(&self, into: &mut String) {
        into.push_str(if *self { "true" } else { "false" });
    }
}

impl Print for u64 {
    fn print(&self, into: &mut String) {
        into.push_str(&self.to_string());
    }
}

impl Print for &str {
    fn print(&self, into: &mut String) {
        quote(into, self);
    }
}

impl Print for String {
    fn print(&self, into: &mut String) {
        quote(into, self);
    }
}

impl<T: Print> Print for Option<T> {
    fn print(&self, into: &mut String) {
        match self {
            Some(value) => value.print(into),
            None => into.push_str("null"),
        }
    }
}

impl<T: Print> Print for Vec<T> {
    fn print(&self, into: &mut String) {
        into.push('[');
        for (at, value) in self.iter().enumerate() {
            if at > 0 {
                into.push(',');
            }
            value.print(into);
        }
        into.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Serialize;

    #[derive(Debug, Serialize, Print)]
    #[serde(rename_all = "camelCase")]
    struct Cup {
        of_tea: Vec<u64>,
        #[serde(rename = "With sugar")]
        sugar: Option<bool>,
        note: String,
    }

    #[derive(Debug, Serialize, Print)]
    struct Empty {}

    #[derive(Debug, Serialize, Print)]
    #[serde(rename_all = "camelCase")]
    enum Size {
        Small,
        VeryLarge,
    }

    #[derive(Debug, Serialize, Print)]
    #[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
    enum Inside {
        Nothing,
        Something { so_much: u64, cup: Cup },
    }

    #[derive(Debug, Serialize, Print)]
    #[serde(tag = "is", content = "what", rename_all = "camelCase")]
    enum Beside {
        Nothing,
        Nobody {},
        Cup(Cup),
        #[serde(rename = "by size")]
        Sized {
            size: Size,
        },
    }

    fn same<T: Serialize + Print>(value: &T) -> Result<(), TestCaseError> {
        let serdes = serde_json::to_string(value).expect("plain data");
        prop_assert_eq!(print(value), serdes);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn types_are_printed_as_serde_prints_them(
            of_tea in prop::collection::vec(any::<u64>(), 0..3),
            sugar: Option<bool>,
            note: String,
        ) {
            let cup = || Cup { of_tea: of_tea.clone(), sugar, note: note.clone() };
            same(&cup())?;
            same(&Empty {})?;
            same(&[Size::Small, Size::VeryLarge].into_iter().map(Some).collect::<Vec<_>>())?;
            same(&vec![Inside::Nothing, Inside::Something { so_much: 1, cup: cup() }])?;
            same(&vec![
                Beside::Nothing,
                Beside::Nobody {},
                Beside::Cup(cup()),
                Beside::Sized { size: Size::VeryLarge },
            ])?;
        }
    }
}
