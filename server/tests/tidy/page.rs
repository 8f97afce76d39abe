//! What reaches the browser: markup and stylesheets. The content security policy forbids inline style; this says so
//! before a browser does.

use crate::files::File;

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

/// `style/components/x.css` dresses the class `x`, which some view uses, and the main stylesheet imports every other
/// one once.
pub fn stylesheets(files: &[File]) -> Vec<String> {
    let main = files.iter().find(|file| file.path == "style/main.css");
    let views: Vec<String> = files
        .iter()
        .filter(|file| file.under("app/src/") && file.is(".rs"))
        .map(File::code)
        .collect();
    let mut complaints = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.under("style/") && file.is(".css") && file.path != "style/main.css")
    {
        let place = &file.path["style/".len()..];
        if let Some(name) = place
            .strip_prefix("components/")
            .and_then(|name| name.strip_suffix(".css"))
        {
            let dresses = file.text.contains(&format!(".{name}"));
            if !dresses || !views.iter().any(|code| has_class(code, name)) {
                complaints.push(format!("{}: no view has the class {name}", file.path));
                continue;
            }
        }
        let line = format!("@import \"{place}\";");
        let times = main.map_or(0, |main| main.text.matches(&line).count());
        if times != 1 {
            complaints.push(format!(
                "{}: style/main.css imports it {times} times; write {line} once",
                file.path
            ));
        }
    }
    complaints
}

/// Does some string of the code hold the class as a word?
fn has_class(code: &str, class: &str) -> bool {
    let strings = code.split('"').skip(1).step_by(2);
    strings
        .flat_map(str::split_whitespace)
        .any(|word| word == class)
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
            &[("style/components/ghost.css", ""), ("style/reset.css", "")],
            &[("style/main.css", "")],
        );
        let dressed = [
            File::new("style/main.css", "@import \"components/chat-list.css\";"),
            File::new(
                "style/components/chat-list.css",
                ".chat-list { margin: 0; }",
            ),
            File::new(
                "app/src/components/chat_list.rs",
                "<ul class=\"bare chat-list\">",
            ),
        ];
        assert!(stylesheets(&dressed).is_empty());
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
