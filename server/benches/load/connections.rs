//! Sockets that come in and do nothing: what coming in costs, and how much memory one holds afterwards. Measured at the
//! hub alone, and at Chatr's whole door, where each is granted its chats and counts as somebody online.

use crate::ROUNDS;
use crate::crowd::Crowd;
use crate::lab::{
    Fault, Figures, Program, SERVER_CORE, Table, milliseconds, percentile, stay_on_load_core, void,
};
use crate::visitor::{Visitor, ticket};
use std::time::{Duration, Instant};

const SOCKETS: usize = 5_000;

/// People behind the sockets of the whole door: everybody hears of everybody, once each.
const PEOPLE: usize = 50;

const AT_ONCE: usize = 64;

/// How long the server may take to come to rest, and what counts as rest.
const PATIENCE: Duration = Duration::from_secs(20);
const REST: Duration = Duration::from_millis(300);

const HUB: &str = "bench";

#[derive(Default)]
struct Measured {
    memory: Figures,
    connects: Figures,
    cpu: Figures,
    p99: Figures,
}

#[derive(Clone, Copy)]
enum Door {
    /// A token with a role, and a request to join a group, which is confirmed.
    Hub,
    /// A ticket of somebody's, for which the webhook grants groups and hears of the arrival.
    Chatr,
}

pub fn measure() -> Result<Table, Fault> {
    stay_on_load_core()?;
    let (mut hub, mut chatr) = (Measured::default(), Measured::default());
    for _ in 0..ROUNDS {
        round(Door::Hub, &mut hub)?;
        round(Door::Chatr, &mut chatr)?;
    }
    let mut table = Table::default();
    for (name, door, measured) in [
        ("hub, token and join", Door::Hub, &hub),
        ("whole door", Door::Chatr, &chatr),
    ] {
        let goal = match door {
            Door::Hub => ["≤ 20", "≥ 8,000", "≤ 60"],
            Door::Chatr => ["≤ 20", "", ""],
        };
        let of = |what: &str| format!("{name}: {what}");
        table.row(
            &of("memory per idle socket"),
            "KiB",
            &measured.memory,
            goal[0],
        );
        table.row(
            &of("sockets that come in"),
            "a second",
            &measured.connects,
            goal[1],
        );
        table.row(
            &of("CPU per socket that comes in"),
            "µs",
            &measured.cpu,
            goal[2],
        );
        table.row(&of("99 of 100 are in within"), "ms", &measured.p99, "");
    }
    Ok(table)
}

/// A fresh server each time: memory that was used once is not given back.
fn round(door: Door, into: &mut Measured) -> Result<(), Fault> {
    let server = Program::chatr(Some(SERVER_CORE), &[])?;
    let mut crowd = Crowd::new()?;
    let people: Vec<Visitor> = (0..PEOPLE)
        .map(|number| Visitor::sign_in(&server.host, &format!("Guest {number}")))
        .collect::<Result<_, _>>()?;
    let paths = |count: usize| -> Vec<String> {
        (0..count)
            .map(|number| match door {
                Door::Hub => {
                    let user = format!("guest-{number}");
                    ticket(&server.host, HUB, &user, &["webpubsub.joinLeaveGroup"], &[])
                }
                Door::Chatr => {
                    let user = &people[number % PEOPLE].id;
                    ticket(&server.host, "chat", user, &[], &[])
                }
            })
            .collect()
    };
    let (welcome, after) = match door {
        Door::Hub => (
            r#""ackId":1,"success":true"#,
            Some(r#"{"type":"joinGroup","group":"crowd","ackId":1}"#),
        ),
        Door::Chatr => (r#""event":"connected""#, None),
    };
    // What is set up once is set up for these.
    crowd.gather(&server.host, paths(PEOPLE), AT_ONCE, welcome, after)?;
    settle(&server, &mut crowd)?;
    let (memory, cpu, start) = (server.memory()?, server.cpu()?, Instant::now());
    let mut times = crowd.gather(&server.host, paths(SOCKETS), AT_ONCE, welcome, after)?;
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
        if now == before {
            return Ok(());
        }
        before = now;
        if Instant::now() > late {
            return void("the server does not come to rest");
        }
    }
}
