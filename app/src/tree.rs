//! JSON as a tree, and types read out of it. serde compiles a reader for each type and each way in, some thousand
//! bytes for each; a browser fetches this one instead, which is the same for all. The server reads with serde.
//! Refuses to write: `print` does.

use wire::json::{NotJson, Reader, Token};

pub use macros::Read;

/// Lists and objects within one another; serde_json enters as many.
const DEEPEST: usize = 127;

/// A text that is not what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not what is expected here")]
pub struct Unread;

/// One value of a JSON text.
#[derive(Debug)]
pub enum Tree {
    Null,
    Flag(bool),
    /// Chatr counts and never measures: all its numbers are whole, and none is negative.
    Count(u64),
    /// A number that no type here can hold.
    Odd,
    Text(String),
    List(Vec<Tree>),
    Fields(Fields),
}

/// The members of an object.
#[derive(Debug)]
pub struct Fields(Vec<(String, Tree)>);

/// A type that can be read out of a tree. Derived by the same attributes as serde's reader.
pub trait Read: Sized {
    fn read(tree: Tree) -> Result<Self, Unread>;

    /// What an absent member is.
    fn absent() -> Result<Self, Unread> {
        Err(Unread)
    }
}

/// Reads a JSON text.
pub fn read<T: Read>(text: &str) -> Result<T, Unread> {
    T::read(Tree::of(text)?)
}

impl Tree {
    pub fn of(text: &str) -> Result<Tree, Unread> {
        let mut reader = Reader::new(text);
        let tree = grow(&mut reader, DEEPEST)?;
        reader.end()?;
        Ok(tree)
    }

    /// A member of an object, if it is one and has it.
    pub fn get(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Fields(Fields(fields)) => {
                let field = fields.iter().find(|(known, _)| known == name);
                field.map(|(_, tree)| tree)
            }
            _ => None,
        }
    }

    pub fn fields(self) -> Result<Fields, Unread> {
        match self {
            Tree::Fields(fields) => Ok(fields),
            _ => Err(Unread),
        }
    }

    fn text(self) -> Result<String, Unread> {
        match self {
            Tree::Text(text) => Ok(text),
            _ => Err(Unread),
        }
    }

    fn count(self) -> Result<u64, Unread> {
        match self {
            Tree::Count(count) => Ok(count),
            _ => Err(Unread),
        }
    }

    fn list(self) -> Result<Vec<Tree>, Unread> {
        match self {
            Tree::List(list) => Ok(list),
            _ => Err(Unread),
        }
    }

    /// `"name"` or `{ "name": content }`.
    pub fn variant(self) -> Result<(String, Tree), Unread> {
        match self {
            Tree::Text(name) => Ok((name, Tree::Null)),
            Tree::Fields(Fields(mut fields)) if fields.len() == 1 => fields.pop().ok_or(Unread),
            _ => Err(Unread),
        }
    }

    /// `{ tag: "name", … }`; what remains is the content.
    pub fn tagged(self, tag: &str) -> Result<(String, Tree), Unread> {
        let mut fields = self.fields()?;
        let name = fields.take(tag)?;
        Ok((name, Tree::Fields(fields)))
    }

    /// `{ tag: "name", content: … }`.
    pub fn tagged_beside(self, tag: &str, content: &str) -> Result<(String, Tree), Unread> {
        let mut fields = self.fields()?;
        let name = fields.take(tag)?;
        Ok((name, fields.remove(content).unwrap_or(Tree::Null)))
    }
}

impl Fields {
    /// Reads a member, once.
    pub fn take<T: Read>(&mut self, name: &str) -> Result<T, Unread> {
        match self.remove(name) {
            Some(tree) => T::read(tree),
            None => T::absent(),
        }
    }

    /// Reads a member that may be absent.
    pub fn take_or_default<T: Read + Default>(&mut self, name: &str) -> Result<T, Unread> {
        self.remove(name).map_or(Ok(T::default()), T::read)
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Unread> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Unread),
        }
    }

    fn remove(&mut self, name: &str) -> Option<Tree> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

impl Read for bool {
    fn read(tree: Tree) -> Result<bool, Unread> {
        match tree {
            Tree::Flag(flag) => Ok(flag),
            _ => Err(Unread),
        }
    }
}

impl Read for u64 {
    fn read(tree: Tree) -> Result<u64, Unread> {
        tree.count()
    }
}

impl Read for u32 {
    fn read(tree: Tree) -> Result<u32, Unread> {
        tree.count()?.try_into().map_err(|_| Unread)
    }
}

impl Read for usize {
    fn read(tree: Tree) -> Result<usize, Unread> {
        tree.count()?.try_into().map_err(|_| Unread)
    }
}

impl Read for String {
    fn read(tree: Tree) -> Result<String, Unread> {
        tree.text()
    }
}

impl Read for () {
    fn read(tree: Tree) -> Result<(), Unread> {
        match tree {
            Tree::Null => Ok(()),
            _ => Err(Unread),
        }
    }
}

impl<T: Read> Read for Option<T> {
    fn read(tree: Tree) -> Result<Option<T>, Unread> {
        match tree {
            Tree::Null => Ok(None),
            tree => T::read(tree).map(Some),
        }
    }

    fn absent() -> Result<Option<T>, Unread> {
        Ok(None)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(tree: Tree) -> Result<Vec<T>, Unread> {
        tree.list()?.into_iter().map(T::read).collect()
    }
}

/// As serde writes it: `{ "Ok": … }` or `{ "Err": … }`.
impl<T: Read, E: Read> Read for Result<T, E> {
    fn read(tree: Tree) -> Result<Result<T, E>, Unread> {
        let (name, tree) = tree.variant()?;
        match name.as_str() {
            "Ok" => T::read(tree).map(Ok),
            "Err" => E::read(tree).map(Err),
            _ => Err(Unread),
        }
    }
}

impl From<NotJson> for Unread {
    fn from(_: NotJson) -> Unread {
        Unread
    }
}

fn grow(reader: &mut Reader<'_>, room: usize) -> Result<Tree, Unread> {
    let within = || room.checked_sub(1).ok_or(Unread);
    Ok(match reader.value()? {
        Token::Null => Tree::Null,
        Token::Flag(flag) => Tree::Flag(flag),
        Token::Count(count) => Tree::Count(count),
        Token::Odd => Tree::Odd,
        Token::Text(text) => Tree::Text(text.text()?.into_owned()),
        Token::List => {
            let room = within()?;
            let mut list = Vec::new();
            while reader.item()? {
                list.push(grow(reader, room)?);
            }
            Tree::List(list)
        }
        Token::Object => {
            let room = within()?;
            let mut fields = Vec::new();
            while let Some(name) = reader.member()? {
                fields.push((name.into_owned(), grow(reader, room)?));
            }
            Tree::Fields(Fields(fields))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Read)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Cup {
        of_tea: u32,
        #[serde(default)]
        sugar: u64,
        note: Option<String>,
    }

    #[test]
    fn members_are_read_by_name_and_some_may_be_absent() {
        let cup = Cup {
            of_tea: 2,
            sugar: 0,
            note: None,
        };
        assert_eq!(read(r#"{"ofTea":2}"#), Ok(cup));
        for bad in [
            "{}",
            r#"{"of_tea":2}"#,
            r#"{"ofTea":-2}"#,
            r#"{"ofTea":2.5}"#,
            r#"{"ofTea":4294967296}"#,
            r#"{"ofTea":null}"#,
            r#"{"ofTea":2,"milk":1}"#,
            r#"{"ofTea":2"#,
            "[2]",
            "",
        ] {
            assert_eq!(read::<Cup>(bad).err(), Some(Unread), "{bad}");
        }
    }

    #[test]
    fn what_nobody_asks_for_may_be_anything() {
        #[derive(Debug, PartialEq, Read)]
        struct Name {
            name: String,
        }
        let text = r#"{"other":[-1,2.5,{"deep":null}],"name":"A\u00e9","more":true}"#;
        let name = Name { name: "Aé".into() };
        assert_eq!(read(text), Ok(name));
    }

    #[test]
    fn a_tree_grows_as_high_as_serdes_and_of_two_members_of_a_name_the_first_counts() {
        for (open, close) in [("[", "]"), ("{\"a\":[", "]}")] {
            for depth in [1, 2, 63, 64, 126, 127, 128, 129, 100_000] {
                let text = open.repeat(depth) + &close.repeat(depth);
                let serdes = serde_json::from_str::<serde_json::Value>(&text);
                assert_eq!(Tree::of(&text).is_ok(), serdes.is_ok(), "{depth}");
            }
        }
        let tree = Tree::of(r#"{"a":1,"a":2}"#).expect("JSON");
        assert!(matches!(tree.get("a"), Some(Tree::Count(1))));
    }
}
