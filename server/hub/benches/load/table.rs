//! What a part of the measurement found, as tables: one of figures side by side, one of goals. Refuses to know how it
//! was measured.

use crate::lab::{Fault, Figures, shown, write_section};

/// The text of a part's place in docs/benchmarks.md. Printed as it grows.
#[derive(Default)]
pub struct Report {
    text: String,
    goals: Vec<String>,
}

/// What a ratio or a figure should be.
#[derive(Clone, Copy)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Report {
    pub fn paragraph(&mut self, words: &str) {
        self.line(words);
        self.line("");
    }

    pub fn heading(&mut self, cells: &[&str]) {
        self.line(&format!("| {} |", cells.join(" | ")));
        let rules = vec!["---:"; cells.len() - 1].join(" | ");
        self.line(&format!("| --- | {rules} |"));
    }

    pub fn row(&mut self, cells: &[String]) {
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    pub fn end_of_table(&mut self) {
        self.line("");
    }

    fn line(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Holds the median against what it should be.
    pub fn goal(&mut self, what: &str, goal: Goal, unit: &str, figures: &Figures) {
        let median = figures.median();
        if median.is_nan() {
            return;
        }
        let (sign, wanted, short) = match goal {
            Goal::AtLeast(wanted) => ("≥", wanted, 1.0 - median / wanted),
            Goal::AtMost(wanted) => ("≤", wanted, median / wanted - 1.0),
        };
        let verdict = match short <= 0.0 {
            true => "met".to_owned(),
            false => format!("**missed by {:.0} %**", short * 100.0),
        };
        let cell = cell(figures);
        let wanted = match wanted >= 1_000.0 {
            true => shown(wanted),
            false => wanted.to_string(),
        };
        let line = format!("| {what} | {sign} {wanted} {unit} | {cell} | {verdict} |");
        self.goals.push(line);
    }

    /// The goals first, since they are the answer.
    pub fn finish(self) -> String {
        let mut text = String::new();
        if !self.goals.is_empty() {
            let head =
                "| goal | wanted | median (smallest – greatest) | |\n| --- | --- | --- | --- |\n";
            text = format!("{head}{}\n\n", self.goals.join("\n"));
            println!("{text}");
        }
        text + self.text.trim_end() + "\n"
    }

    /// Puts it into its place in docs/benchmarks.md, with when it was measured.
    pub fn publish(self, name: &str, when: &str) -> Result<(), Fault> {
        write_section(name, &format!("{when}\n\n{}", self.finish()))
    }
}

/// The median, and the ends in parentheses, where there are several rounds.
pub fn cell(figures: &Figures) -> String {
    let (from, to) = figures.ends();
    match from.is_finite() {
        true if from == to => shown(from),
        true => format!(
            "{} ({} – {})",
            shown(figures.median()),
            shown(from),
            shown(to)
        ),
        false => String::new(),
    }
}
