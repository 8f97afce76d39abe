//! What is not a program: lock files, manifests, the README. It must hold on every machine and promise what exists.

use crate::files::File;

/// What may stand at the top, so that a newcomer sees the whole at a glance.
const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "app",
    "deploy",
    "docs",
    "end2end",
    "frontend",
    "public",
    "rust-toolchain.toml",
    "server",
    "style",
];

pub fn machine_paths(files: &[File]) -> Vec<String> {
    let somebodys = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/tm", "p/wt"),
        concat!("/wo", "rk/"),
    ];
    files
        .iter()
        .flat_map(|file| {
            file.lines_where(&file.text, |line| {
                somebodys.iter().any(|path| line.contains(path))
            })
        })
        .map(|place| format!("{place}: this path exists on one machine only"))
        .collect()
}

pub fn lock_files(files: &[File]) -> Vec<String> {
    let index = "registry+https://github.com/rust-lang/crates.io-index";
    let cargo = files
        .iter()
        .filter(|file| file.is("Cargo.lock"))
        .flat_map(|file| {
            file.lines_where(&file.text, |line| {
                line.starts_with("source = ") && !line.contains(index)
            })
        });
    let npm = files
        .iter()
        .filter(|file| file.is("package-lock.json"))
        .flat_map(|file| {
            file.lines_where(&file.text, |line| line.contains("\"resolved\": \"http"))
        });
    cargo
        .chain(npm)
        .map(|place| format!("{place}: a lock file names versions, not where one machine got them"))
        .collect()
}

/// Every path in backticks that begins with a folder of ours exists, if only as the start of a name.
pub fn paths_in_readme(files: &[File]) -> Vec<String> {
    let Some(readme) = files.iter().find(|file| file.path == "README.md") else {
        return Vec::new();
    };
    let quoted = readme.text.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|text| {
        let top = text.split('/').next().unwrap_or_default();
        text.contains('/')
            && !text.contains(' ')
            && !text.contains('\n')
            && (TOP.contains(&top) || top.starts_with(".ci"))
    });
    let missing = paths.filter(|path| {
        !files
            .iter()
            .any(|file| file.path == *path || (path.ends_with('/') && file.under(path)))
    });
    missing
        .map(|path| format!("README.md: {path} does not exist"))
        .collect()
}

/// Numbers and names that tools make us say twice.
pub fn twins(files: &[File]) -> Vec<String> {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map_or("", |file| &file.text)
    };
    let twins = [
        (
            "Cargo.toml",
            "wasm-bindgen = ",
            "deploy/tools/wasm-bindgen/Cargo.toml",
            "wasm-bindgen-cli-support = ",
        ),
        (
            "Cargo.toml",
            "name = ",
            ".cargo/config.toml",
            "LEPTOS_OUTPUT_NAME = ",
        ),
    ];
    let mut complaints = Vec::new();
    for (first, key, second, other) in twins {
        let (one, two) = (value(text(first), key), value(text(second), other));
        if one != two {
            complaints.push(format!(
                "{first}: {key}{one:?}, but {second}: {other}{two:?}"
            ));
        }
    }
    complaints
}

pub fn top_level(files: &[File]) -> Vec<String> {
    let strange = files.iter().filter(|file| {
        let top = file.path.split('/').next().unwrap_or_default();
        !top.starts_with('.') && !TOP.contains(&top)
    });
    strange
        .map(|file| format!("{}: find it a place inside {}", file.path, TOP.join(", ")))
        .collect()
}

/// The string behind the first line that starts with the key.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;

    #[test]
    fn a_path_of_one_machine_is_found() {
        judge(
            machine_paths,
            &[("docs/a.md", concat!("see /ho", "me/ada/x"))],
            &[("docs/a.md", "see docs/b.md")],
        );
    }

    #[test]
    fn an_address_in_a_lock_file_is_found() {
        judge(
            lock_files,
            &[
                (
                    "end2end/package-lock.json",
                    "  \"resolved\": \"https://mirror/x.tgz\",",
                ),
                ("Cargo.lock", "source = \"registry+https://mirror\""),
            ],
            &[(
                "Cargo.lock",
                "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
            )],
        );
    }

    #[test]
    fn a_promise_of_the_readme_that_nothing_keeps_is_found() {
        judge(
            paths_in_readme,
            &[("README.md", "see `server/src/ghost.rs` and `/api/chats`")],
            &[],
        );
        let kept = [
            File::new("README.md", "in `app/src/`"),
            File::new("app/src/lib.rs", ""),
        ];
        assert!(paths_in_readme(&kept).is_empty());
    }

    #[test]
    fn twins_that_differ_are_found() {
        judge(twins, &[("Cargo.toml", "wasm-bindgen = \"=1.0.0\"\n")], &[]);
    }

    #[test]
    fn a_new_thing_at_the_top_is_found() {
        judge(
            top_level,
            &[("tools/a.rs", ""), ("notes.txt", "")],
            &[(".ci/run", ""), ("app/src/lib.rs", "")],
        );
    }
}
