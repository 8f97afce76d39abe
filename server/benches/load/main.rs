//! Chatr under load, measured from outside: the program of the release build on one core, this load on another,
//! beside the limit that the machine itself sets. Prints tables and writes them into docs/benchmarks.md.
//!
//! `cargo bench -p server --bench load` runs all parts, with `-- fanout` one of them. Rounds of what is compared
//! take turns, so that a busy moment of the machine meets all of them; a run in which anything was lost, doubled,
//! reordered or changed ends the program with an error. What a browser feels is measured in end2end/bench.

mod commands;
mod connections;
mod crowd;
mod door;
mod fanout;
mod frames;
mod lab;
mod limit;
mod pages;
mod visitor;

use std::process::ExitCode;

/// Times that everything is measured. Source: three show which figures wander, and fit into the time.
const ROUNDS: usize = 3;

type Part = fn() -> Result<lab::Table, lab::Fault>;

const PARTS: &[(&str, Part)] = &[
    ("commands", commands::measure),
    ("door", door::measure),
    ("fanout", fanout::measure),
    ("connections", connections::measure),
    ("pages", pages::measure),
];

fn main() -> ExitCode {
    // cargo adds `--bench`.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let done = match words.first().map(String::as_str) {
        Some(limit::NAME) => limit::serve().map_err(lab::Fault::from),
        _ => measure(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(wanted: &[String]) -> Result<(), lab::Fault> {
    if let Some(unknown) = wanted
        .iter()
        .find(|word| PARTS.iter().all(|(name, _)| name != word))
    {
        return Err(lab::Fault::Unknown(unknown.clone()));
    }
    lab::write_machine()?;
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            part()?.publish(name)?;
        }
    }
    Ok(())
}
