//! Tables of figures that are read one by one: what, how much, and what it should be. Refuses to know what they mean.

use crate::lab::{Fault, Figures, shown, write_section};
use std::fmt::Write as _;

/// What one part of the measurement found.
#[derive(Default)]
pub struct Table {
    rows: String,
}

impl Table {
    /// `goal` is what the figure should be, or empty.
    pub fn row(&mut self, what: &str, unit: &str, figures: &Figures, goal: &str) {
        let (from, to) = figures.ends();
        let line = format!(
            "| {what} | {} | {} – {} | {unit} | {goal} |",
            shown(figures.median()),
            shown(from),
            shown(to)
        );
        println!("{line}");
        // Writing to a text cannot fail.
        let _ = writeln!(self.rows, "{line}");
    }

    /// Puts the table into its place in docs/benchmarks.md.
    pub fn publish(self, name: &str) -> Result<(), Fault> {
        let head = "| what | median | smallest – greatest | unit | goal |\n| --- | ---: | ---: | --- | --- |\n";
        write_section(name, &format!("{head}{}", self.rows))
    }
}
