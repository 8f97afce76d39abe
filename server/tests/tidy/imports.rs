//! Who may import whom. Reads paths (`head::next`) out of the source; refuses to know what they mean to the compiler.

use crate::files::File;
use std::collections::BTreeSet;

/// What a place may import of ours, besides itself. The longest matching place counts.
const WALLS: &[(&str, &[&str])] = &[
    ("app/wire/", &[]),
    // How letters and JSON are made of other letters and text: as pure as the words that are made of them.
    ("app/src/letters", &[]),
    ("app/src/tree", &["wire::json"]),
    ("app/src/print", &["wire::json"]),
    (
        "app/src/chat",
        &["crate::letters", "crate::tree", "crate::print"],
    ),
    ("app/src/signal", &[]),
    ("app/src/markup", &["crate::api", "crate::signal"]),
    ("app/src/script", &[]),
    (
        "app/src/api",
        &[
            "crate::chat",
            "crate::tree",
            "crate::print",
            "crate::script",
            "wire",
        ],
    ),
    (
        "app/src/realtime",
        &[
            "wire",
            "crate::chat",
            "crate::api",
            "crate::tree",
            "crate::print",
            "crate::signal",
        ],
    ),
    (
        "app/src/state",
        &["crate::chat", "crate::letters", "crate::signal"],
    ),
    (
        "app/src/components",
        &[
            "crate::state",
            "crate::realtime",
            "crate::chat",
            "crate::api",
            "crate::letters",
            "crate::markup",
            "crate::signal",
            "crate::script",
        ],
    ),
    // The open chat is what is alive: it has its pages turned.
    (
        "app/src/components/chat_pane",
        &[
            "crate::state",
            "crate::chat",
            "crate::components",
            "crate::live",
            "crate::markup",
            "crate::signal",
        ],
    ),
    ("app/src/pages", &["crate"]),
    ("app/src/lib.rs", &["crate"]),
    ("frontend/", &["app"]),
    ("server/hub/", &["wire"]),
    ("server/hub/src/main.rs", &["crate", "hub"]),
    ("server/hub/fuzz/", &["wire", "hub"]),
    ("server/hub/src/program", &["hub"]),
    // A decision sees rows and judges words; both are plain values behind these doors.
    (
        "server/src/chat/decide",
        &[
            "app::chat",
            "crate::store::Scope",
            "crate::store::View",
            "crate::chat::moderator",
        ],
    ),
    (
        "server/src/chat/effects",
        &[
            "app::chat",
            "crate::store::Commit",
            "wire::rest",
            "wire::frame",
            "wire::json",
            "wire::role",
        ],
    ),
    ("server/src/chat", &["app", "wire::rest", "crate"]),
    ("server/src/store", &["app::chat", "crate::transport"]),
    (
        "server/src/pubsub",
        &["wire", "crate::transport", "app::chat"],
    ),
    (
        "server/src/events",
        &["wire", "crate::transport", "app::chat", "crate::chat"],
    ),
    ("server/src/lib.rs", &["app", "wire", "crate", "hub"]),
    ("server/src/main.rs", &["server"]),
    ("server/src", &["app", "wire", "crate"]),
];

/// Crates that are named in these places only, and what stands between them and everybody else.
const KEPT: &[(&str, &[&str], &str)] = &[
    (
        "web_sys",
        &["app/src/realtime/", "app/src/components/", "app/src/pages/"],
        "realtime",
    ),
    (
        "tokio",
        &["server/"],
        "the server: the browser has no threads",
    ),
    (
        "leptos",
        &["app/src/", "frontend/", "server/src/"],
        "app: the protocol and the hub know no screen",
    ),
    ("rusqlite", &["server/src/store/"], "trait Store"),
    ("azure_core", &["server/src/store/tables"], "trait Store"),
    (
        "azure_core_1",
        &["server/src/identity.rs"],
        "transport::Bearer",
    ),
    (
        "azure_identity",
        &["server/src/identity.rs"],
        "transport::Bearer",
    ),
    (
        "azure_data_tables",
        &["server/src/store/tables"],
        "trait Store",
    ),
    ("azure_storage", &["server/src/store/tables"], "trait Store"),
    (
        "reqwest",
        &[
            "server/src/transport.rs",
            "server/src/store/tables/carrier.rs",
        ],
        "transport::https",
    ),
    (
        "jsonwebtoken",
        &["server/", "app/wire/src/token.rs"],
        "the server: who holds the key signs",
    ),
];

/// Where `cfg(feature)` may stand: one code path for both sides everywhere else.
const TWO_SIDED: &[&str] = &[
    "app/src/lib.rs",
    "app/src/api.rs",
    "app/src/realtime/mod.rs",
    // Neither side: a part of the browser's program that may be a file of its own.
    "app/src/components/later.rs",
];

const OURS: &[&str] = &["crate", "wire", "hub", "app", "server", "frontend"];

pub fn walls(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.is(".rs") && !file.is_test())
    {
        let Some((place, allowed)) = wall_of(&file.path) else {
            continue;
        };
        for path in paths(&file.path, &file.code()) {
            let ours = is_module(&path) && OURS.iter().any(|name| starts_with(&path, name));
            if ours
                && !at_home(place, &path)
                && !allowed.iter().any(|name| starts_with(&path, name))
            {
                complaints.push(format!("{}: may not import {path}", file.path));
            }
        }
    }
    complaints
}

pub fn kept_crates(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.is(".rs") && !file.is_test())
    {
        let paths = paths(&file.path, &file.code());
        for (name, places, instead) in KEPT {
            let outside = !places.iter().any(|place| file.under(place));
            if outside && paths.iter().any(|path| starts_with(path, name)) {
                complaints.push(format!("{}: {name} belongs behind {instead}", file.path));
            }
        }
    }
    complaints
}

pub fn cfg_features(files: &[File]) -> Vec<String> {
    let one_sided = files.iter().filter(|file| {
        file.is(".rs") && file.under("app/src/") && !TWO_SIDED.contains(&file.path.as_str())
    });
    one_sided
        .flat_map(|file| {
            file.lines_where(&file.code(), |line| {
                line.contains("cfg") && line.contains("feature =")
            })
        })
        .map(|place| {
            format!(
                "{place}: cfg(feature) may stand in {} only",
                TWO_SIDED.join(", ")
            )
        })
        .collect()
}

pub fn json_literals(files: &[File]) -> Vec<String> {
    let rust = files
        .iter()
        .filter(|file| file.is(".rs") && !file.is_test() && !file.under("app/wire/"));
    rust.flat_map(|file| {
        file.lines_where(&file.code(), |line| line.contains(concat!("json", "!(")))
    })
    .map(|place| format!("{place}: give these bytes a type in wire"))
    .collect()
}

fn wall_of(path: &str) -> Option<(&'static str, &'static [&'static str])> {
    let walls = WALLS.iter().filter(|(place, _)| path.starts_with(place));
    walls.max_by_key(|(place, _)| place.len()).copied()
}

/// Is this path inside the place that names it? A crate's own folder, or the module with the place's name.
fn at_home(place: &str, path: &str) -> bool {
    match place.split_once("src/") {
        Some((_, modules)) => starts_with(
            path,
            &format!(
                "crate::{}",
                modules.trim_end_matches(".rs").replace('/', "::")
            ),
        ),
        None => starts_with(path, "crate"),
    }
}

/// `a::b` starts with `a` and `a::b`, not with `a::bc`.
fn starts_with(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every path that the code names, braces spelled out and `super` resolved: `crate::chat::Fact`.
fn paths(file: &str, code: &str) -> BTreeSet<String> {
    let module = module_of(file);
    let mut found = BTreeSet::new();
    let mut rest = code;
    while let Some(start) = rest.find(|c: char| is_name(c) || c == ':') {
        let (tree, after) = tree(&rest[start..]);
        // What begins with `::` goes on from a bracket, as in `<T>::new`, or is a lone colon.
        if !rest[start..].starts_with(':') && tree.iter().any(|path| path.contains("::")) {
            found.extend(tree.iter().map(|path| absolute(&module, path)));
        }
        rest = after;
    }
    found
}

/// The paths of the use tree that the code begins with, and the code after it: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn tree(code: &str) -> (Vec<String>, &str) {
    let (head, rest) = code.split_at(code.find(|c| !is_name(c)).unwrap_or(code.len()));
    let Some(rest) = rest.strip_prefix("::") else {
        // A lone colon is passed over, or a caller would not get on.
        let rest = if head.is_empty() {
            rest.strip_prefix(':').unwrap_or(rest)
        } else {
            rest
        };
        return (vec![head.to_owned()], rest);
    };
    let (tails, rest) = match rest.strip_prefix('{') {
        Some(branches) => forest(branches),
        None => tree(rest),
    };
    (
        tails
            .into_iter()
            .map(|tail| format!("{head}::{tail}"))
            .collect(),
        rest,
    )
}

/// The paths of the use trees up to the closing brace, and the code after it.
fn forest(code: &str) -> (Vec<String>, &str) {
    let mut paths = Vec::new();
    let mut rest = code;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if let Some(after) = rest.strip_prefix('}') {
            return (paths, after);
        }
        let (branch, after) = tree(rest);
        paths.extend(branch);
        // `as name` and `*` need no understanding, only passing over.
        let next = after.find([',', '}']).unwrap_or(after.len());
        rest = &after[next..];
        if rest.is_empty() {
            return (paths, rest);
        }
    }
}

/// `app/src/chat/id.rs` is the module `crate::chat::id`.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.split_once("src/").map_or("", |(_, inside)| inside);
    let mut names: Vec<String> = inside
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if names
        .last()
        .is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str()))
    {
        names.pop();
    }
    names.insert(0, "crate".to_owned());
    names
}

fn absolute(module: &[String], path: &str) -> String {
    let mut base = module.to_vec();
    let mut rest = path;
    if let Some(tail) = rest.strip_prefix("self::") {
        rest = tail;
    } else if !rest.starts_with("super::") {
        return path.to_owned();
    }
    while let Some(tail) = rest.strip_prefix("super::") {
        base.pop();
        rest = tail;
    }
    format!("{}::{rest}", base.join("::"))
}

/// `crate::Lobby` and `crate::*` name no module: that is `super` out of a module inside the same file.
fn is_module(path: &str) -> bool {
    let next = path.strip_prefix("crate::").unwrap_or("a");
    next.starts_with(char::is_lowercase)
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;

    #[test]
    fn a_wall_holds_whatever_way_the_path_is_written() {
        judge(
            walls,
            &[
                ("app/src/chat/id.rs", "use crate::state::Lobby;"),
                ("app/src/chat/id.rs", "use super::super::state::Lobby;"),
                ("app/src/chat/id.rs", "fn f() { crate::api::open() }"),
                ("app/src/state.rs", "use crate::{chat::Fact, realtime};"),
                ("app/wire/src/frame.rs", "use app::chat::Body;"),
                ("server/hub/src/lib.rs", "use app::chat::{ChatId};"),
                ("server/src/chat/decide.rs", "use crate::store::{Store};"),
                ("server/src/store/tables.rs", "use app::api::Backend;"),
                ("server/src/pubsub.rs", "use hub::Hub;"),
            ],
            &[
                (
                    "app/src/chat/id.rs",
                    "use super::text::Body; use crate::chat::{self, Fact};",
                ),
                ("app/src/chat/id.rs", "// use crate::state::Lobby;"),
                (
                    "app/src/state/rows.rs",
                    "use super::log::Log; use crate::chat::Fact;",
                ),
                (
                    "server/src/lib.rs",
                    "use hub::Hub; use crate::store::Store;",
                ),
                (
                    "server/src/chat/effects.rs",
                    "use wire::rest::Call; use app::chat::Fact;",
                ),
                (
                    "server/hub/src/rest.rs",
                    "use crate::registry::Registry; use wire::rest::Call;",
                ),
            ],
        );
    }

    #[test]
    fn a_kept_crate_is_found_outside_its_place() {
        judge(
            kept_crates,
            &[
                ("app/src/state.rs", "let w = web_sys::window();"),
                ("app/src/realtime/driver.rs", "use tokio::time;"),
                ("app/wire/src/lib.rs", "use leptos::prelude::*;"),
                ("server/src/web.rs", "use rusqlite::Connection;"),
            ],
            &[
                ("app/src/realtime/driver.rs", "use web_sys::WebSocket;"),
                ("server/src/store/embedded.rs", "use rusqlite::Connection;"),
            ],
        );
    }

    #[test]
    fn a_feature_is_found_where_both_sides_should_be_one() {
        judge(
            cfg_features,
            &[("app/src/pages/chat.rs", "#[cfg(feature = \"ssr\")]")],
            &[
                ("app/src/api.rs", "#[cfg(feature = \"ssr\")]"),
                ("app/src/state.rs", "#[cfg(test)]"),
            ],
        );
    }

    #[test]
    fn a_json_literal_is_found_outside_the_wire() {
        let literal = concat!("json", "!({})");
        judge(
            json_literals,
            &[("server/src/events.rs", literal)],
            &[
                ("app/wire/src/frame.rs", literal),
                ("server/tests/app.rs", literal),
            ],
        );
    }

    #[test]
    fn paths_are_spelled_out() {
        let found = paths(
            "app/src/chat/id.rs",
            "use a::{b, c::{d as x, e}, *}; x::<T>(); v: super::f::g();",
        );
        let expected = [
            "a::",
            "a::b",
            "a::c::d",
            "a::c::e",
            "crate::chat::f::g",
            "x::",
        ];
        assert_eq!(
            found.iter().map(String::as_str).collect::<Vec<_>>(),
            expected
        );
    }
}
