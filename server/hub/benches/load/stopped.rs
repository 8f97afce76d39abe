//! Readers that stop reading: what they cost those who go on. Their sockets are filled before, so that the hub has to
//! keep or to cut what is for them. Refuses to judge which: both are right, as long as nobody else waits.

use crate::Choice;
use crate::audience::GROUP;
use crate::crowd::Entry;
use crate::lab::{Fault, Figures, stay_on_load_core, void};
use crate::peers::{AT_ONCE, HUB_PLAIN, Peer, send_to_group, ticket};
use crate::stage::{Measured, Pace, Stage};
use crate::table::{Goal, Report, cell};
use std::fs;
use std::time::{Duration, Instant};

const LISTENERS: usize = 1_000;
const STOPPED: usize = 50;

/// Messages a second, to all: 20,000 deliveries.
const RATE: Pace = Pace::Rate(20);
const LENGTH: Duration = Duration::from_secs(4);

/// The group of those who stop, and the messages that fill their sockets.
const SLOW: &str = "slow";
const FILLER: usize = 256 * 1024;

/// How long filling may take, and what counts as a socket that takes nothing more.
const PATIENCE: Duration = Duration::from_secs(30);
const STILL: Duration = Duration::from_millis(100);

/// A socket that is open on both ends. Source: the kernel's tcp_states.h.
const ESTABLISHED: &str = "01";

pub fn measure(choice: &Choice) -> Result<Report, Fault> {
    stay_on_load_core()?;
    let (mut all, mut healthy) = (Measured::default(), Measured::default());
    let mut held = Figures::default();
    for round in 1..=choice.rounds {
        eprintln!("bench: {STOPPED} stopped readers, round {round}");
        let mut stage = set(0)?;
        run(&mut stage, &mut all)?;
        drop(stage);
        let mut stage = set(STOPPED)?;
        fill(&mut stage)?;
        run(&mut stage, &mut healthy)?;
        // The publisher has a socket as well.
        let others = LISTENERS - STOPPED + 1;
        held.add(Queues::of(&stage.server.host)?.open as f64 - others as f64);
    }
    let mut report = Report::default();
    report.heading(&[
        "",
        "half within ms",
        "99 of 100 within ms",
        "999 of 1,000 within ms",
        "CPU µs per delivery",
    ]);
    let alone = format!("{LISTENERS} read");
    let beside = format!("{} read, {STOPPED} stopped", LISTENERS - STOPPED);
    for (name, measured) in [(alone, &all), (beside, &healthy)] {
        report.row(&[
            name,
            cell(&measured.p50),
            cell(&measured.p99),
            cell(&measured.p999),
            cell(&measured.cpu_per_delivery),
        ]);
    }
    report.end_of_table();
    let held = cell(&held);
    report.paragraph(&format!(
        "Stopped readers whose sockets were still open at the end: {held}."
    ));
    report.goal(
        "99 of 100 arrive at those who read, of the same without stopped readers",
        Goal::AtMost(1.2),
        "×",
        &healthy.p99.against(&all.p99),
    );
    Ok(report)
}

fn run(stage: &mut Stage, into: &mut Measured) -> Result<(), Fault> {
    stage.run(RATE, LENGTH / 8, &mut Measured::default())?;
    stage.run(RATE, LENGTH, into)
}

/// A thousand listeners, the last of which stop at once.
fn set(stopped: usize) -> Result<Stage, Fault> {
    let Some(peer) = Peer::named(HUB_PLAIN) else {
        return void("the hub is not there");
    };
    let Some(server) = peer.start()? else {
        return void("the hub is not there");
    };
    let mut crowd = peer.crowd()?;
    let reading = LISTENERS - stopped;
    peer.fill(&server.host, reading, &mut crowd)?;
    let path = |number: usize| ticket(&server.host, &format!("stopped-{number}"), &[GROUP, SLOW]);
    let paths = (0..stopped).map(path).collect();
    crowd.gather(&server.host, paths, AT_ONCE, Entry::AZURE)?;
    for number in 0..stopped {
        crowd.stop(reading + 1 + number)?;
    }
    Ok(Stage::of(peer, server, crowd, reading))
}

/// Sends to those who have stopped until their sockets take no more, so that the hub has to keep the rest.
fn fill(stage: &mut Stage) -> Result<(), Fault> {
    let data = "x".repeat(FILLER);
    let text = send_to_group(SLOW, &data);
    let late = Instant::now() + PATIENCE;
    let mut before = 0;
    while Instant::now() < late {
        stage.say(&text)?;
        let now = settled(stage)?;
        if now < before + STOPPED * FILLER / 2 {
            return Ok(());
        }
        before = now;
    }
    void("the sockets of those who have stopped never fill")
}

/// Bytes that wait in the kernel, once they do not change any more.
fn settled(stage: &mut Stage) -> Result<usize, Fault> {
    let mut before = Queues::of(&stage.server.host)?.bytes;
    let mut since = Instant::now();
    while since.elapsed() < STILL {
        // What the publisher could not send at once goes out here.
        stage.idle(STILL / 10)?;
        let now = Queues::of(&stage.server.host)?.bytes;
        if now != before {
            (before, since) = (now, Instant::now());
        }
    }
    Ok(before)
}

/// What the kernel says about the sockets of a server.
struct Queues {
    /// Bytes that were sent and not read, on both ends.
    bytes: usize,
    open: usize,
}

impl Queues {
    fn of(host: &str) -> Result<Queues, Fault> {
        let port = host
            .rsplit(':')
            .next()
            .and_then(|port| port.parse::<u16>().ok());
        let port = format!(":{:04X}", port.unwrap_or_default());
        let mut queues = Queues { bytes: 0, open: 0 };
        for line in fs::read_to_string("/proc/net/tcp")?.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, state, waiting, ..] = fields[..] else {
                continue;
            };
            if !(local.ends_with(&port) || remote.ends_with(&port)) {
                continue;
            }
            for queue in waiting.split(':') {
                queues.bytes += usize::from_str_radix(queue, 16).unwrap_or(0);
            }
            queues.open += usize::from(local.ends_with(&port) && state == ESTABLISHED);
        }
        Ok(queues)
    }
}
