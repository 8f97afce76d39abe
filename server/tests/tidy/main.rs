//! The house rules as tests: who may import whom, what a file may be called and contain, what the papers promise.
//!
//! A rule is a pure function from files to complaints, so each is tried twice: on the repository, where it must find
//! nothing, and beside its definition on a bad sample, where it must complain. A complaint says what to do instead.
//!
//! `files` reads the repository, `imports` guards the walls, `names` the words, `page` what reaches the browser and
//! `papers` everything that is not a program.

mod files;
mod imports;
mod names;
mod page;
mod papers;

use files::{File, repository};

/// A house rule.
type Rule = fn(&[File]) -> Vec<String>;

/// Every rule, by the sentence that it enforces.
const RULES: &[(&str, Rule)] = &[
    (
        "modules import only what their place allows",
        imports::walls,
    ),
    (
        "a crate with a place of its own stays there",
        imports::kept_crates,
    ),
    (
        "the two sides differ in three files only",
        imports::cfg_features,
    ),
    (
        "bytes on the wire are made from the wire's types",
        imports::json_literals,
    ),
    ("every Rust file says what it is for", names::opening_words),
    ("no file grows without a reason", names::sizes),
    ("names say what a thing is", names::forbidden_names),
    (
        "lints are expected with a reason, tests are never skipped",
        names::forbidden_attributes,
    ),
    ("nothing is left for later", names::leftovers),
    (
        "the page has no inline style and no markup from strings",
        page::inline,
    ),
    (
        "every stylesheet belongs to something and is imported once",
        page::stylesheets,
    ),
    ("components read meanings, not raw values", page::raw_values),
    ("no file names a machine", papers::machine_paths),
    ("lock files carry no addresses", papers::lock_files),
    ("the README shows what exists", papers::paths_in_readme),
    ("a version that is stated twice is the same", papers::twins),
    ("the top level stays small", papers::top_level),
];

#[test]
fn the_house_is_tidy() {
    let files = repository();
    let complaints: Vec<String> = RULES
        .iter()
        .flat_map(|(sentence, rule)| {
            rule(&files)
                .into_iter()
                .map(move |complaint| format!("{complaint}\n    because {sentence}"))
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Asserts that a rule complains once about each of the bad samples and accepts the good ones.
#[track_caller]
fn judge(rule: Rule, bad: &[(&str, &str)], good: &[(&str, &str)]) {
    for (path, text) in bad {
        let complaints = rule(&[File::new(path, text)]);
        assert_eq!(complaints.len(), 1, "{path}: {text}\n{complaints:#?}");
        assert!(complaints[0].contains(path), "{complaints:?}");
    }
    for (path, text) in good {
        assert_eq!(
            rule(&[File::new(path, text)]),
            Vec::<String>::new(),
            "{path}: {text}"
        );
    }
}
