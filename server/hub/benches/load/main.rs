//! The hub under load, measured from outside: the program of the release build on one core, this load on another,
//! beside its peers and the limit that the machine itself sets. Prints tables and writes them into docs/benchmarks.md.
//!
//! `--help` says how a part is run alone. Rounds of what is compared take turns, so that a busy moment of the machine
//! meets all of them; a run in which anything was lost, doubled, reordered or changed ends the program with an error.

mod audience;
mod crowd;
mod fanout;
mod flaw;
mod frames;
mod held;
mod idle;
mod lab;
mod limit;
mod nats;
mod peers;
mod proof;
mod stage;
mod stopped;
mod table;

use lab::Fault;
use peers::{HUB_PLAIN, PEERS, Peer};
use std::process::ExitCode;

const HELP: &str = "\
make bench-hub [PART='fanout idle ...'] [PEERS=bun,limit] [ROUNDS=1] [SIZES=1000]

  PART    what to measure, everything if left out: fanout, idle (10,000 sockets, cold start), held (15,000 connections
          and 1,000 messages a second), stopped (50 readers that stop)
  PEERS   beside the hub, which is always measured: limit, limit-each, hub-reliable, bun, ws, socket.io, nats, nchan;
          all if left out. PEERS= measures the hub alone
  ROUNDS  how often, in turns; 3 if left out
  SIZES   subscribers of a fan-out; 100,1000,5000 if left out

A choice of peers, rounds or sizes is printed only; whole parts are written into docs/benchmarks.md.
Quick, without make: PEERS=bun,limit,limit-each ROUNDS=1 SIZES=1000 cargo bench -p hub --bench load -- fanout
";

/// Times that everything is measured. Source: three show which figures wander, and fit into the time.
const ROUNDS: usize = 3;

const SIZES: [usize; 3] = [100, 1_000, 5_000];

type Part = fn(&Choice) -> Result<table::Report, Fault>;

const PARTS: &[(&str, Part)] = &[
    ("fanout", fanout::measure),
    ("idle", idle::measure),
    ("held", held::measure),
    ("stopped", stopped::measure),
];

/// What is to be measured.
pub struct Choice {
    peers: Vec<&'static Peer>,
    rounds: usize,
    sizes: Vec<usize>,
    /// Nothing was left out: the tables can be kept.
    whole: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match &words[..] {
        [role, port, way] if role == limit::NAME => {
            limit::serve(port.parse().unwrap_or(0), way).map_err(Fault::from)
        }
        words if words.iter().any(|word| word == "--help") => {
            print!("{HELP}");
            Ok(())
        }
        // Only `cargo bench` says this word; `cargo test` wants to know whether the load can be trusted.
        words if words.iter().all(|word| word != "--bench") => proof::prove(),
        words => measure(words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(words: &[String]) -> Result<(), Fault> {
    let wanted: Vec<&str> = words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .filter(|word| !word.starts_with("--"))
        .collect();
    if let Some(unknown) = wanted
        .iter()
        .find(|word| PARTS.iter().all(|(name, _)| name != *word))
    {
        return Err(Fault::Unknown(format!(
            "{unknown} is no part of the measurement\n\n{HELP}"
        )));
    }
    let choice = Choice::made()?;
    proof::prove()?;
    lab::allow_many_sockets()?;
    let machine = lab::machine();
    print!("{machine}");
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.contains(name) {
            let began = lab::moment();
            let report = part(&choice)?;
            let when = format!("From {began}, to {}.", lab::moment());
            match choice.whole {
                true => report.publish(&format!("hub-{name}"), &when)?,
                false => drop(report.finish()),
            }
        }
    }
    match choice.whole {
        true => lab::write_section("hub-machine", &format!("{machine}{}", versions())),
        false => Ok(()),
    }
}

impl Choice {
    /// Reads it from the environment, where an empty word is one that was not said, but for the peers.
    fn made() -> Result<Choice, Fault> {
        let said = |name: &str| std::env::var(name).ok();
        let number = |word: &str| {
            let number = word.trim().parse::<usize>();
            number.map_err(|_| Fault::Unknown(format!("{word} is no number\n\n{HELP}")))
        };
        let (peers, rounds, sizes) = (said("PEERS"), said("ROUNDS"), said("SIZES"));
        let whole = peers.is_none() && rounds.is_none() && sizes.is_none();
        let peers = match peers {
            None => PEERS.iter().collect(),
            Some(names) => {
                let names: Vec<&str> = names
                    .split([',', ' '])
                    .filter(|name| !name.is_empty())
                    .collect();
                if let Some(unknown) = names.iter().find(|name| Peer::named(name).is_none()) {
                    return Err(Fault::Unknown(format!("{unknown} is no peer\n\n{HELP}")));
                }
                let chosen = |peer: &&Peer| peer.name == HUB_PLAIN || names.contains(&peer.name);
                PEERS.iter().filter(chosen).collect()
            }
        };
        let sizes = match sizes {
            None => SIZES.to_vec(),
            Some(sizes) => sizes.split(',').map(number).collect::<Result<_, _>>()?,
        };
        Ok(Choice {
            peers,
            rounds: rounds.as_deref().map_or(Ok(ROUNDS), number)?,
            sizes,
            whole,
        })
    }
}

/// Who took part.
fn versions() -> String {
    let known: Vec<String> = PEERS.iter().filter_map(Peer::known_as).collect();
    format!("Peers: {}.\n", known.join(", "))
}
