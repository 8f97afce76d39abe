//! The table of `docs/hub.md`: every row of the conformance list is there once, and every test that it names exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rows of the list, by their letters.
const ROWS: [(&str, usize); 9] = [
    ("CN", 15),
    ("TK", 13),
    ("FR", 23),
    ("IN", 10),
    ("RL", 13),
    ("PB", 3),
    ("EV", 17),
    ("RS", 17),
    ("LM", 4),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The cells behind the row's name, of every line that begins with one.
fn table() -> BTreeMap<String, Vec<String>> {
    let text =
        std::fs::read_to_string(repository().join("docs/hub.md")).expect("the page is there");
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some((name, rest)) = cells.split_first() else {
            continue;
        };
        let is_row = ROWS.iter().any(|(letters, _)| {
            name.strip_prefix(letters)
                .is_some_and(|rest| rest.starts_with('-'))
        });
        if is_row {
            let rest = rest.iter().map(|cell| (*cell).to_owned()).collect();
            let before = rows.insert((*name).to_owned(), rest);
            assert!(before.is_none(), "{name} is there twice");
        }
    }
    rows
}

#[test]
fn the_table_has_every_row_once_with_a_test_and_a_result() {
    let wanted: BTreeSet<String> = ROWS
        .iter()
        .flat_map(|(letters, count)| (1..=*count).map(move |n| format!("{letters}-{n:02}")))
        .collect();
    assert_eq!(wanted.len(), 115);
    let rows = table();
    assert_eq!(rows.keys().cloned().collect::<BTreeSet<_>>(), wanted);
    for (name, cells) in &rows {
        let [statement, tests, result] = cells.as_slice() else {
            panic!("{name} has {} cells", cells.len());
        };
        assert!(!statement.is_empty() && tests.contains('`'), "{name}");
        assert!(
            result == "passes" || result.starts_with("passes; decision: "),
            "{name}: {result}"
        );
    }
}

#[test]
fn every_test_that_the_table_names_exists() {
    for (name, cells) in table() {
        for test in cells[1].split('`').skip(1).step_by(2) {
            let (file, words) = place(test).unwrap_or_else(|| panic!("{name}: what is {test}?"));
            let text = std::fs::read_to_string(repository().join(&file))
                .unwrap_or_else(|_| panic!("{name}: there is no {file}"));
            assert!(text.contains(&words), "{name}: {file} has no {words}");
        }
    }
}

/// The file of a test, and how the test begins there.
fn place(test: &str) -> Option<(String, String)> {
    if let Some((file, title)) = test.split_once(": ") {
        let (folder, words) = match file.rsplit_once('.')?.1 {
            "js" => ("end2end/wire", title.to_owned()),
            "py" => ("end2end/wire/python", format!("def {title}(")),
            _ => return None,
        };
        return Some((format!("{folder}/{file}"), words));
    }
    let parts: Vec<&str> = test.split("::").collect();
    let (file, function) = match parts.as_slice() {
        ["hub", module, function] => (format!("server/hub/src/{module}.rs"), function),
        ["wire", module, function] => (format!("app/wire/src/{module}.rs"), function),
        ["bytes", module, function] => (format!("app/wire/tests/bytes/{module}.rs"), function),
        [module, function] => (format!("server/hub/tests/service/{module}.rs"), function),
        _ => return None,
    };
    Some((file, format!("fn {function}(")))
}
