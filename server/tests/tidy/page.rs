//! What reaches the browser: markup and stylesheets. The content security policy forbids inline style; this says so
//! before a browser does.

use crate::files::File;
use std::collections::BTreeSet;

pub fn inline(files: &[File]) -> Vec<String> {
    let forbidden = [
        (
            " style=",
            "put the style into a stylesheet, by a data- attribute",
        ),
        (
            " style:",
            "put the style into a stylesheet, by a data- attribute",
        ),
        ("inner_html", "markup is made of elements, not of strings"),
        ("innerHTML", "markup is made of elements, not of strings"),
        (
            "insertAdjacentHTML",
            "markup is made of elements, not of strings",
        ),
        (
            "document.write",
            "markup is made of elements, not of strings",
        ),
    ];
    let mut complaints = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.under("app/src/") || file.under("public/"))
    {
        let text = if file.is(".rs") {
            file.code()
        } else {
            file.text.clone()
        };
        for (word, instead) in forbidden {
            let places = file.lines_where(&text, |line| {
                format!(" {}", line.trim_start()).contains(word)
            });
            complaints.extend(places.iter().map(|place| format!("{place}: {instead}")));
        }
    }
    complaints
}

/// The main stylesheet imports every other one once, and dresses nothing that no view shows.
pub fn stylesheets(files: &[File]) -> Vec<String> {
    let main = files
        .iter()
        .find(|file| file.path == "style/main.css")
        .map_or("", |main| &main.text);
    let views = files
        .iter()
        .filter(|file| file.under("app/src/") && file.is(".rs"))
        .map(File::code);
    let shown: BTreeSet<String> = views.flat_map(|code| words_in_strings(&code)).collect();
    let mut complaints = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.under("style/") && file.is(".css") && file.path != "style/main.css")
    {
        let line = format!("@import \"{}\";", &file.path["style/".len()..]);
        if main.matches(&line).count() != 1 {
            complaints.push(format!(
                "{}: write {line} into style/main.css, once",
                file.path
            ));
        }
        for class in classes(&file.text).difference(&shown) {
            complaints.push(format!("{}: no view has the class {class}", file.path));
        }
    }
    complaints
}

fn words_in_strings(code: &str) -> Vec<String> {
    let strings = code.split('"').skip(1).step_by(2);
    strings
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

/// The classes that a stylesheet's selectors name.
fn classes(css: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // What stands before a brace is a selector; what stands before that, up to the last end of something, is not.
    for part in without_comments(css).split('{') {
        let selector = part.rsplit(['}', ';']).next().unwrap_or_default();
        for name in selector.split('.').skip(1) {
            let end = name.find(|c: char| c != '-' && c != '_' && !c.is_alphanumeric());
            let name = &name[..end.unwrap_or(name.len())];
            if name.starts_with(char::is_alphabetic) && !selector.trim_start().starts_with('@') {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

fn without_comments(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| {
        kept + part.split_once("*/").map_or("", |(_, after)| after)
    })
}

pub fn raw_values(files: &[File]) -> Vec<String> {
    let dressed = files
        .iter()
        .filter(|file| file.under("style/") && file.is(".css") && !file.is("/tokens.css"));
    let mut complaints = Vec::new();
    for file in dressed {
        for place in file.lines_where(&file.text, |line| {
            line.split_once(':')
                .is_some_and(|(_, value)| has_colour(value))
        }) {
            complaints.push(format!(
                "{place}: name this colour in style/tokens.css and read its meaning here"
            ));
        }
        for place in file.lines_where(&file.text, |line| line.contains("!important")) {
            complaints.push(format!(
                "{place}: let the layers decide, without !important"
            ));
        }
        for place in file.lines_where(&file.text, |line| line.trim_start().starts_with('#')) {
            complaints.push(format!("{place}: select by class or attribute, not by id"));
        }
    }
    complaints
}

/// A colour in hexadecimal: `#` and three to eight such digits, at the beginning of a value.
fn has_colour(value: &str) -> bool {
    value.match_indices('#').any(|(at, _)| {
        let digits = value[at + 1..]
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .count();
        (3..=8).contains(&digits) && !value[..at].ends_with("url(")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;

    #[test]
    fn style_and_markup_in_strings_are_found() {
        judge(
            inline,
            &[
                ("app/src/components/a.rs", "<li style=\"color: red\">"),
                ("app/src/components/a.rs", "    style:width=move || width()"),
                ("app/src/components/a.rs", "<p inner_html=text/>"),
                ("public/offline.html", "<p style=''>"),
            ],
            &[
                ("app/src/components/a.rs", "<li data-style=\"x\"> // style="),
                ("end2end/a.ts", " style="),
            ],
        );
    }

    #[test]
    fn a_stylesheet_of_nothing_is_found() {
        judge(
            stylesheets,
            &[("style/reset.css", "a { margin: 0; }")],
            &[("style/main.css", "")],
        );
        let dressed = |css: &str| {
            stylesheets(&[
                File::new("style/main.css", "@import \"components/row.css\";"),
                File::new("style/components/row.css", css),
                File::new("app/src/components/row.rs", "<ul class=\"bare row\">"),
            ])
        };
        assert!(
            dressed("/* .x{} */ @layer a.b { .row:has(> .bare) { margin: .5rem; } }").is_empty()
        );
        assert_eq!(
            dressed("@layer a { li.ghost > .row { margin: 0; } }").len(),
            1
        );
    }

    #[test]
    fn a_raw_value_is_found() {
        judge(
            raw_values,
            &[
                ("style/base.css", "  color: #fff;"),
                ("style/base.css", "  margin: 0 !important;"),
                ("style/base.css", "#main {"),
            ],
            &[
                ("style/tokens.css", "--red-1: #f00;"),
                ("style/base.css", "a:hover { color: var(--ink); }"),
            ],
        );
    }
}
