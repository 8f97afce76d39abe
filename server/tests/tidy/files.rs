//! The repository as values: every text file that we wrote, by its path. Knows no rule.

use std::fs;
use std::path::Path;

/// Folders that hold what programs made.
const NOT_OURS: &[&str] = &[
    ".git",
    ".tools",
    "target",
    "data",
    "node_modules",
    "test-results",
    "playwright-report",
];

/// One file, its path from the repository's root, with `/`.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    pub fn new(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub fn is(&self, ending: &str) -> bool {
        self.path.ends_with(ending)
    }

    pub fn under(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Rust that runs only in tests: their own folders and files.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.contains("/benches/") || self.is("/tests.rs")
    }

    /// The Rust of this file without comments, and without the tests at its end. Lines keep their numbers.
    pub fn code(&self) -> String {
        let end = self.text.find("\n#[cfg(test)]\nmod tests {");
        let text = &self.text[..end.map_or(self.text.len(), |end| end + 1)];
        // The slashes of an address in a string open no comment.
        let comment = |line: &str| {
            line.match_indices("//")
                .map(|(at, _)| at)
                .find(|at| !line[..*at].ends_with(':'))
        };
        let lines = text
            .lines()
            .map(|line| &line[..comment(line).unwrap_or(line.len())]);
        lines.flat_map(|line| [line, "\n"]).collect()
    }

    /// `path:line`, for each line that the test holds for.
    pub fn lines_where(&self, text: &str, test: impl Fn(&str) -> bool) -> Vec<String> {
        let numbered = text.lines().enumerate();
        numbered
            .filter(|(_, line)| test(line))
            .map(|(index, _)| format!("{}:{}", self.path, index + 1))
            .collect()
    }
}

/// All of our text files. A file that is not UTF-8 is a picture and no business of the rules.
pub fn repository() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the server is a folder of the repository");
    let mut files = Vec::new();
    collect(root, root, &mut files);
    assert!(
        files.len() > 50,
        "the repository was not found at {}",
        root.display()
    );
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if NOT_OURS.contains(&name) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root).expect("it is below the root");
            files.push(File::new(&path.to_string_lossy(), &text));
        }
    }
}

#[test]
fn code_is_what_remains_without_comments_and_tests() {
    let file = File::new(
        "a.rs",
        "//! a\nlet x = \"http://b\"; // c\n#[cfg(test)]\nmod tests {\n d }\n",
    );
    assert_eq!(file.code(), "\nlet x = \"http://b\"; \n");
}
