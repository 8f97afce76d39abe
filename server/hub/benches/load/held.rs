//! As many connections as this machine holds, and messages that pass meanwhile: each group has one who publishes, its
//! members hear it, and every delivery is checked. Refuses to compare with others: this is about holding.

use crate::Choice;
use crate::audience::Audience;
use crate::crowd::{Crowd, Entry};
use crate::lab::{Fault, Figures, milliseconds, percentile, stay_on_load_core, void};
use crate::peers::{AT_ONCE, HUB_PLAIN, Peer, send_to_group, ticket};
use crate::table::{Goal, Report, cell};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 15_000;

/// Members of a group. The last of them publishes, and the others hear it.
const MEMBERS: usize = 10;
const LISTENERS: usize = MEMBERS - 1;
const GROUPS: usize = CONNECTIONS / MEMBERS;

/// Published messages, one group after the other.
const RATE: f64 = 1_000.0;
const LENGTH: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(10);

pub fn measure(choice: &Choice) -> Result<Report, Fault> {
    stay_on_load_core()?;
    let mut measured = Measured::default();
    for round in 1..=choice.rounds {
        eprintln!("bench: {CONNECTIONS} connections held, round {round}");
        play(&mut measured)?;
    }
    let mut report = Report::default();
    report.heading(&[
        "connections held",
        "messages published a second",
        "deliveries, all checked",
        "lost, doubled, reordered",
        "half within ms",
        "99 of 100 within ms",
        "CPU of the hub, of one core",
        "memory of the hub, MiB",
    ]);
    report.row(&[
        cell(&measured.connections),
        cell(&measured.rate),
        cell(&measured.deliveries),
        "0".to_owned(),
        cell(&measured.p50),
        cell(&measured.p99),
        cell(&measured.cpu),
        cell(&measured.memory),
    ]);
    report.end_of_table();
    let connections = Goal::AtLeast(CONNECTIONS as f64);
    report.goal("connections held", connections, "", &measured.connections);
    // What is sent last goes out a little after the time for it.
    report.goal(
        "messages that pass meanwhile",
        Goal::AtLeast(990.0),
        "a second",
        &measured.rate,
    );
    Ok(report)
}

#[derive(Default)]
struct Measured {
    connections: Figures,
    rate: Figures,
    deliveries: Figures,
    p50: Figures,
    p99: Figures,
    cpu: Figures,
    memory: Figures,
}

/// A group whose members are these clients, and what they should hear.
struct Hall {
    first: usize,
    audience: Audience,
    due: Vec<Instant>,
}

fn play(into: &mut Measured) -> Result<(), Fault> {
    let hub = Peer::named(HUB_PLAIN)
        .map(Peer::start)
        .transpose()?
        .flatten();
    let Some(server) = hub else {
        return void("the hub is not there");
    };
    let mut crowd = Crowd::new()?;
    let paths = (0..CONNECTIONS).map(|number| {
        let group = group_of(number / MEMBERS);
        ticket(&server.host, &format!("member-{number}"), &[&group])
    });
    let times = crowd.gather(&server.host, paths.collect(), AT_ONCE, Entry::AZURE)?;
    let mut halls: Vec<Hall> = (0..GROUPS)
        .map(|number| Hall {
            first: number * MEMBERS,
            audience: Audience::of(
                &group_of(number),
                &format!("member-{}", number * MEMBERS + LISTENERS),
                LISTENERS,
            ),
            due: Vec::new(),
        })
        .collect();
    let (before, start) = (server.cpu()?, Instant::now());
    let mut latencies = Vec::new();
    let (mut sent, mut deliveries) = (0_usize, 0_usize);
    loop {
        let now = Instant::now();
        let over = now - start >= LENGTH;
        if over && deliveries == sent * LISTENERS {
            break;
        }
        if over && now - start > LENGTH + PATIENCE {
            return void(format!(
                "{deliveries} of {} deliveries came",
                sent * LISTENERS
            ));
        }
        let next = start + Duration::from_secs_f64(sent as f64 / RATE);
        if !over && now >= next {
            let hall = &mut halls[sent % GROUPS];
            hall.due.push(next);
            let data = hall.audience.compose();
            let text = send_to_group(&group_of(sent % GROUPS), &data);
            crowd.send(hall.first + LISTENERS, &text)?;
            sent += 1;
            continue;
        }
        let patience = next.saturating_duration_since(now).as_millis() as u64;
        crowd.listen(Some(Duration::from_millis(patience)), |member, text| {
            let hall = &mut halls[member / MEMBERS];
            if let Some(number) = hall.audience.hear(member - hall.first, text) {
                latencies.push(milliseconds(hall.due[number as usize].elapsed()));
                deliveries += 1;
            }
        })?;
        if let Some(why) = halls.iter_mut().find_map(|hall| hall.audience.fault.take()) {
            return void(why);
        }
    }
    let took = start.elapsed().as_secs_f64();
    into.connections.add(times.len() as f64);
    into.rate.add(sent as f64 / took);
    into.deliveries.add(deliveries as f64);
    into.p50.add(percentile(&mut latencies, 0.5));
    into.p99.add(percentile(&mut latencies, 0.99));
    into.cpu.add((server.cpu()? - before).as_secs_f64() / took);
    into.memory.add(server.memory()? / 1024.0 / 1024.0);
    Ok(())
}

fn group_of(number: usize) -> String {
    format!("hall-{number}")
}
