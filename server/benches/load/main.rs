//! Chatr under load, measured from outside: the program of the release build on one core, this load on another,
//! beside the limit that the machine itself sets. Prints tables and writes them into docs/benchmarks.md.
//!
//! `cargo bench -p server --bench load` runs all parts, with `-- door` one of them. The hub alone, beside others of its
//! kind, is measured in server/hub/benches. Rounds of what is compared take turns, so that a busy moment of the machine
//! meets all of them; a run in which anything was lost, doubled, reordered or changed ends the program with an error.
//! What a browser feels is measured in end2end/bench.

mod chatr;
mod commands;
mod connections;
mod door;
mod pages;
mod table;
mod visitor;

// The load and the laboratory are the hub's bench's, which uses all of them.
#[path = "../../hub/benches/load/crowd.rs"]
#[expect(
    dead_code,
    reason = "nobody stops reading here, and no server sends streams"
)]
mod crowd;
#[path = "../../hub/benches/load/frames.rs"]
#[expect(dead_code, reason = "nobody is a server here")]
mod frames;
#[path = "../../hub/benches/load/lab.rs"]
#[expect(dead_code, reason = "figures are read one by one here")]
mod lab;

use std::process::ExitCode;

/// Times that everything is measured. Source: three show which figures wander, and fit into the time.
const ROUNDS: usize = 3;

type Part = fn() -> Result<table::Table, lab::Fault>;

const PARTS: &[(&str, Part)] = &[
    ("commands", commands::measure),
    ("door", door::measure),
    ("connections", connections::measure),
    ("pages", pages::measure),
];

fn main() -> ExitCode {
    // Only `cargo bench` adds this word: figures of another build than the release build are none.
    if std::env::args().all(|word| word != "--bench") {
        println!("bench: run by `cargo bench` only");
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    match measure(&words) {
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
        return Err(lab::Fault::Unknown(format!(
            "{unknown} is no part of the measurement"
        )));
    }
    lab::allow_many_sockets()?;
    let machine = lab::machine();
    print!("{machine}");
    lab::write_section("machine", &machine)?;
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            part()?.publish(name)?;
        }
    }
    Ok(())
}
