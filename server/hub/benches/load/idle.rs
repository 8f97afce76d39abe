//! Sockets that come in and do nothing: what coming in costs, how much memory one holds afterwards, and how soon a
//! server that was just started takes the first. A socket of the hub's brings a token and joins a group, which is
//! confirmed; one of a peer's gets what its peer tells apart as a subscription.

use crate::Choice;
use crate::crowd::Crowd;
use crate::lab::{Fault, Figures, Program, milliseconds, percentile, stay_on_load_core, void};
use crate::peers::{AT_ONCE, BUN, HUB_PLAIN, HUB_RELIABLE, LIMIT_EACH, Peer};
use crate::table::{Goal, Report, cell};
use std::time::{Duration, Instant};

const SOCKETS: usize = 10_000;

/// Those before them: what is set up once is set up for these.
const FIRST: usize = 50;

/// How long the server may take to come to rest, and what counts as rest.
const PATIENCE: Duration = Duration::from_secs(20);
const REST: Duration = Duration::from_millis(300);
const STILL: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Measured {
    memory: Figures,
    connects: Figures,
    cpu: Figures,
    p99: Figures,
    start: Figures,
}

pub fn measure(choice: &Choice) -> Result<Report, Fault> {
    stay_on_load_core()?;
    // Both limits do the same with those who say nothing.
    let chosen = choice.peers.iter().filter(|peer| peer.name != LIMIT_EACH);
    let mut kinds: Vec<(&Peer, Measured)> =
        chosen.map(|peer| (*peer, Measured::default())).collect();
    for round in 1..=choice.rounds {
        for (peer, measured) in &mut kinds {
            eprintln!(
                "bench: {SOCKETS} idle sockets, round {round}: {}",
                peer.name
            );
            play(peer, measured)?;
        }
    }
    let mut report = Report::default();
    report.heading(&[
        "",
        "KiB of memory per idle socket",
        "sockets that come in, a second",
        "CPU µs per socket that comes in",
        "99 of 100 are in within ms",
        "cold start ms",
    ]);
    for (peer, measured) in &kinds {
        report.row(&[
            peer.title.to_owned(),
            cell(&measured.memory),
            cell(&measured.connects),
            cell(&measured.cpu),
            cell(&measured.p99),
            cell(&measured.start),
        ]);
    }
    report.end_of_table();
    let empty = Measured::default();
    let of = |name: &str| {
        let kind = kinds.iter().find(|(peer, _)| peer.name == name);
        kind.map_or(&empty, |(_, measured)| measured)
    };
    let (hub, reliable, bun) = (of(HUB_PLAIN), of(HUB_RELIABLE), of(BUN));
    report.goal(
        "memory per idle socket",
        Goal::AtMost(2.0),
        "KiB",
        &hub.memory,
    );
    report.goal(
        "the same, reliable",
        Goal::AtMost(3.0),
        "KiB",
        &reliable.memory,
    );
    report.goal(
        "CPU per connect, token and join",
        Goal::AtMost(60.0),
        "µs",
        &hub.cpu,
    );
    report.goal(
        "sockets that come in",
        Goal::AtLeast(8_000.0),
        "a second",
        &hub.connects,
    );
    let ratio = hub.p99.against(&bun.p99);
    report.goal(
        "99 of 100 are in, of Bun's",
        Goal::AtMost(1.25),
        "×",
        &ratio,
    );
    report.goal("cold start", Goal::AtMost(8.0), "ms", &hub.start);
    Ok(report)
}

/// A fresh server each time: memory that was used once is not given back.
fn play(peer: &Peer, into: &mut Measured) -> Result<(), Fault> {
    let Some(server) = peer.start()? else {
        return Ok(());
    };
    let mut crowd = peer.crowd()?;
    let paths = peer.guests(&server.host, 0..FIRST);
    crowd.gather(&server.host, paths, AT_ONCE, peer.joins)?;
    settle(&server, &mut crowd)?;
    let paths = peer.guests(&server.host, FIRST..FIRST + SOCKETS);
    let (memory, cpu, start) = (server.memory()?, server.cpu()?, Instant::now());
    let mut times = crowd.gather(&server.host, paths, AT_ONCE, peer.joins)?;
    let took = start.elapsed().as_secs_f64();
    let cpu = (server.cpu()? - cpu).as_secs_f64();
    settle(&server, &mut crowd)?;
    let sockets = SOCKETS as f64;
    into.memory
        .add((server.memory()? - memory) / sockets / 1024.0);
    into.connects.add(sockets / took);
    into.cpu.add(cpu / sockets * 1e6);
    let mut times: Vec<f64> = times.drain(..).map(milliseconds).collect();
    into.p99.add(percentile(&mut times, 0.99));
    into.start.add(milliseconds(server.start));
    Ok(())
}

/// Waits until the server has nothing left to do, and reads what it still says.
fn settle(server: &Program, crowd: &mut Crowd) -> Result<(), Fault> {
    let late = Instant::now() + PATIENCE;
    let mut before = server.cpu()?;
    loop {
        let until = Instant::now() + REST;
        while Instant::now() < until {
            crowd.listen(Some(Duration::from_millis(50)), |_, _| {})?;
        }
        let now = server.cpu()?;
        if now.saturating_sub(before) < STILL {
            return Ok(());
        }
        before = now;
        if Instant::now() > late {
            return void("the server does not come to rest");
        }
    }
}
