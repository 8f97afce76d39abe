//! Sockets that come in and do nothing: what coming in costs, and how much memory one holds afterwards. Each comes with
//! a ticket of somebody's, for which the webhook grants groups and hears of the arrival. The hub alone has its own bench.

use crate::ROUNDS;
use crate::chatr;
use crate::crowd::{Crowd, Entry};
use crate::lab::{
    Fault, Figures, Program, SERVER_CORE, milliseconds, percentile, stay_on_load_core, void,
};
use crate::table::Table;
use crate::visitor::{Visitor, ticket};
use std::time::{Duration, Instant};

const SOCKETS: usize = 5_000;

/// People behind the sockets of the whole door: everybody hears of everybody, once each.
const PEOPLE: usize = 50;

const AT_ONCE: usize = 64;

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
}

pub fn measure() -> Result<Table, Fault> {
    stay_on_load_core()?;
    let mut measured = Measured::default();
    for _ in 0..ROUNDS {
        round(&mut measured)?;
    }
    let mut table = Table::default();
    let memory = &measured.memory;
    table.row("memory per idle socket", "KiB", memory, "≤ 20");
    table.row("sockets that come in", "a second", &measured.connects, "");
    table.row("CPU per socket that comes in", "µs", &measured.cpu, "");
    table.row("99 of 100 are in within", "ms", &measured.p99, "");
    Ok(table)
}

/// A fresh server each time: memory that was used once is not given back.
fn round(into: &mut Measured) -> Result<(), Fault> {
    let server = chatr::start(Some(SERVER_CORE), &[])?;
    let mut crowd = Crowd::new()?;
    let people: Vec<Visitor> = (0..PEOPLE)
        .map(|number| Visitor::sign_in(&server.host, &format!("Guest {number}")))
        .collect::<Result<_, _>>()?;
    let paths = |count: usize| -> Vec<String> {
        let of = |number: usize| ticket(&server.host, &people[number % PEOPLE].id);
        (0..count).map(of).collect()
    };
    // What is set up once is set up for these.
    crowd.gather(&server.host, paths(PEOPLE), AT_ONCE, Entry::AZURE)?;
    settle(&server, &mut crowd)?;
    let (memory, cpu, start) = (server.memory()?, server.cpu()?, Instant::now());
    let mut times = crowd.gather(&server.host, paths(SOCKETS), AT_ONCE, Entry::AZURE)?;
    let took = start.elapsed().as_secs_f64();
    settle(&server, &mut crowd)?;
    let (cpu, sockets) = ((server.cpu()? - cpu).as_secs_f64(), SOCKETS as f64);
    into.memory
        .add((server.memory()? - memory) / sockets / 1024.0);
    into.connects.add(sockets / took);
    into.cpu.add(cpu / sockets * 1e6);
    let mut times: Vec<f64> = times.drain(..).map(milliseconds).collect();
    into.p99.add(percentile(&mut times, 0.99));
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
