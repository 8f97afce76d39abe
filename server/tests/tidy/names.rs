//! Words and sizes: what a file opens with, how long it may be, what a thing may not be called.

use crate::files::File;

/// More lines than this need a reason in the file's first words.
const LONG: usize = 500;

/// What says that a long file has been thought about.
const REASON: &str = "Long because";

/// Parts of a name that say nothing, or that are another word in our vocabulary.
const FORBIDDEN: &[(&str, &str)] = &[
    ("Manager", "say what it does"),
    ("Helper", "say what it does"),
    ("Util", "split by noun"),
    ("Info", "say which facts"),
    ("Room", "the word is Chat"),
    ("Conversation", "the word is Chat"),
    ("Repository", "the word is Store"),
    ("Optimistic", "the word is Draft"),
];

/// Files that collect what has no place.
const FORBIDDEN_FILES: &[&str] = &[
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "types",
    "misc",
    "constants",
];

pub fn opening_words(files: &[File]) -> Vec<String> {
    let silent = rust(files).filter(|file| !file.text.starts_with("//! "));
    silent
        .map(|file| {
            format!(
                "{}: open with `//!`: what it owns, what it refuses to know",
                file.path
            )
        })
        .collect()
}

pub fn sizes(files: &[File]) -> Vec<String> {
    let written = [".rs", ".css", ".ts", ".mjs", ".js", ".sh"];
    let long = files
        .iter()
        .filter(|file| written.iter().any(|ending| file.is(ending)))
        .filter_map(|file| {
            let lines = if file.is(".rs") {
                file.code().lines().count()
            } else {
                file.text.lines().count()
            };
            (lines > LONG && !file.text.contains(REASON)).then_some((file, lines))
        });
    long.map(|(file, lines)| {
        format!(
            "{}: {lines} lines: split it by noun, or say '{REASON} …'",
            file.path
        )
    })
    .collect()
}

pub fn forbidden_names(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let stem = file
            .path
            .rsplit('/')
            .next()
            .and_then(|name| name.split('.').next())
            .unwrap_or_default();
        if FORBIDDEN_FILES.contains(&stem) {
            complaints.push(format!(
                "{}: a file is named after the noun in it",
                file.path
            ));
        }
    }
    for file in rust(files).filter(|file| !file.is_test()) {
        for line in file.code().lines() {
            let Some(name) = defined(line) else { continue };
            for (word, instead) in FORBIDDEN {
                if has_word(name, word) {
                    complaints.push(format!("{}: {name}: {instead}", file.path));
                }
            }
        }
    }
    complaints
}

pub fn forbidden_attributes(files: &[File]) -> Vec<String> {
    let forbidden = [
        (concat!("[", "allow("), "use #[expect(.., reason = \"..\")]"),
        (concat!("[", "ignore"), "a test runs or does not exist"),
    ];
    let mut complaints = Vec::new();
    for file in rust(files) {
        for (attribute, instead) in forbidden {
            let places = file.lines_where(&file.text, |line| {
                line.trim_start().starts_with('#') && line.contains(attribute)
            });
            complaints.extend(places.iter().map(|place| format!("{place}: {instead}")));
        }
    }
    complaints
}

pub fn leftovers(files: &[File]) -> Vec<String> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("dbg", "!("),
    ];
    let written = files
        .iter()
        .filter(|file| !file.is(".lock") && !file.is("package-lock.json"));
    written
        .flat_map(|file| {
            file.lines_where(&file.text, |line| {
                marks.iter().any(|mark| line.contains(mark))
            })
        })
        .map(|place| format!("{place}: do it now, or say in the text what is missing and for whom"))
        .collect()
}

fn rust(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.is(".rs"))
}

/// The name of the type, trait, module or function that a line defines.
fn defined(line: &str) -> Option<&str> {
    let kinds = ["struct", "enum", "trait", "type", "mod", "fn", "union"];
    let mut words = line
        .split_whitespace()
        .skip_while(|word| !kinds.contains(word));
    words.next()?;
    let name = words.next()?;
    Some(
        name.split(|c: char| c != '_' && !c.is_alphanumeric())
            .next()
            .unwrap_or_default(),
    )
}

/// Is the word one of those that the name is made of? `RoomKey` and `room_key` hold `Room`, `Roomy` does not.
fn has_word(name: &str, word: &str) -> bool {
    let snake = word.to_lowercase();
    if name
        .split('_')
        .any(|part| part == snake || part == format!("{snake}s"))
    {
        return true;
    }
    name.match_indices(word).any(|(at, _)| {
        let next = name[at + word.len()..]
            .trim_start_matches('s')
            .chars()
            .next();
        next.is_none_or(char::is_uppercase)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;

    #[test]
    fn a_silent_file_is_found() {
        judge(
            opening_words,
            &[("app/src/a.rs", "use std::fmt;")],
            &[("app/src/a.rs", "//! What it is.\n")],
        );
    }

    #[test]
    fn a_long_file_is_found() {
        let long = "let a;\n".repeat(LONG + 1);
        let reasoned = format!("//! Long because it is a table.\n{long}");
        let tested = format!("//! a\n#[cfg(test)]\nmod tests {{\n{long}");
        judge(
            sizes,
            &[("a.rs", &long), ("a.css", &long)],
            &[("a.rs", &reasoned), ("a.rs", &tested), ("a.lock", &long)],
        );
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        judge(
            forbidden_names,
            &[
                ("app/src/utils.rs", ""),
                ("style/common.css", ""),
                ("a.rs", "pub struct SocketManager {"),
                ("a.rs", "pub(crate) fn room_of(id: u8) {"),
                ("a.rs", "enum Rooms {"),
                ("a.rs", "struct RoomKey(u8);"),
            ],
            &[
                ("a.rs", "fn informed() {"),
                ("a.rs", "struct Information;"),
                ("a.rs", "mod timeline;"),
            ],
        );
    }

    #[test]
    fn a_silenced_lint_and_a_skipped_test_are_found() {
        let allowed = concat!("#![", "allow(dead_code)]");
        let skipped = concat!("#[", "ignore]");
        judge(
            forbidden_attributes,
            &[("a.rs", allowed), ("a.rs", skipped)],
            &[("a.rs", "#[expect(dead_code, reason = \"..\")]")],
        );
    }

    #[test]
    fn a_leftover_is_found() {
        judge(
            leftovers,
            &[("style/a.css", concat!("/* TO", "DO */"))],
            &[("a.rs", "let todo = 1;")],
        );
    }
}
