//! One message to many: the hub beside its peers and the limit of this machine, in turns. Refuses to know how each is
//! talked to.

use crate::Choice;
use crate::lab::{Fault, Figures, shown, stay_on_load_core};
use crate::peers::{BUN, HUB_PLAIN, HUB_RELIABLE, LIMIT_EACH, LIMIT_JOINED, Peer};
use crate::stage::{Measured, Pace, Stage};
use crate::table::{Goal, Report, cell};
use std::time::Duration;

/// Deliveries a second when the load is light and every message travels alone.
const RATE: u64 = 20_000;
const STEADY: Duration = Duration::from_millis(2_500);
const SATURATED: Duration = Duration::from_millis(1_500);

/// Where the goals are set.
const JUDGED: usize = 1_000;

struct Kind {
    peer: &'static Peer,
    steady: Measured,
    saturated: Measured,
}

pub fn measure(choice: &Choice) -> Result<Report, Fault> {
    stay_on_load_core()?;
    let mut report = Report::default();
    for &listeners in &choice.sizes {
        let mut kinds: Vec<Kind> = choice.peers.iter().map(|peer| Kind::of(peer)).collect();
        for round in 1..=choice.rounds {
            for kind in &mut kinds {
                let name = kind.peer.name;
                eprintln!("bench: fan-out to {listeners}, round {round}: {name}");
                kind.play(listeners)?;
            }
        }
        tell(&mut report, listeners, &kinds);
    }
    Ok(report)
}

impl Kind {
    fn of(peer: &'static Peer) -> Kind {
        Kind {
            peer,
            steady: Measured::default(),
            saturated: Measured::default(),
        }
    }

    fn play(&mut self, listeners: usize) -> Result<(), Fault> {
        let Some(mut stage) = Stage::set(self.peer, listeners)? else {
            return Ok(());
        };
        let rate = Pace::Rate(RATE / listeners as u64);
        // The first messages find cold caches and small buffers.
        stage.run(rate, STEADY / 5, &mut Measured::default())?;
        stage.run(rate, STEADY, &mut self.steady)?;
        stage.run(Pace::Window, SATURATED / 5, &mut Measured::default())?;
        stage.run(Pace::Window, SATURATED, &mut self.saturated)
    }
}

/// The figures of somebody, or none.
fn of<'a>(kinds: &'a [Kind], name: &str, figures: fn(&Kind) -> &Figures) -> Figures {
    let kind: Option<&'a Kind> = kinds.iter().find(|kind| kind.peer.name == name);
    kind.map(|kind| figures(kind).clone()).unwrap_or_default()
}

/// Each round's best of all who are neither ours nor the limit.
fn best(kinds: &[Kind], figures: fn(&Kind) -> &Figures, better: fn(f64, f64) -> f64) -> Figures {
    let ours = [HUB_PLAIN, HUB_RELIABLE, LIMIT_EACH, LIMIT_JOINED];
    let peers = kinds.iter().filter(|kind| !ours.contains(&kind.peer.name));
    // Whoever is not installed has no figures.
    let all = peers
        .map(|kind| figures(kind).clone())
        .filter(|figures| !figures.median().is_nan());
    all.reduce(|one, other| one.each(&other, better))
        .unwrap_or_default()
}

const RATES: fn(&Kind) -> &Figures = |kind| &kind.saturated.deliveries_per_second;
const JOINED: fn(&Kind) -> &Figures = |kind| &kind.saturated.cpu_per_delivery;
const LONE: fn(&Kind) -> &Figures = |kind| &kind.steady.cpu_per_delivery;
const P99: fn(&Kind) -> &Figures = |kind| &kind.steady.p99;

fn tell(report: &mut Report, listeners: usize, kinds: &[Kind]) {
    let crowd = format!("{} subscribers", shown(listeners as f64));
    report.paragraph(&format!("**{crowd}**, as much as possible, window 16:"));
    report.heading(&[
        "",
        "deliveries a second",
        "× Bun",
        "× limit, joined",
        "CPU-s per million deliveries",
        "× Bun",
        "load's own CPU",
    ]);
    let bun = of(kinds, BUN, RATES);
    let limit = of(kinds, LIMIT_JOINED, RATES);
    let bun_cpu = of(kinds, BUN, JOINED);
    for kind in kinds {
        report.row(&[
            kind.peer.title.to_owned(),
            cell(RATES(kind)),
            cell(&RATES(kind).against(&bun)),
            cell(&RATES(kind).against(&limit)),
            cell(JOINED(kind)),
            cell(&JOINED(kind).against(&bun_cpu)),
            cell(&kind.saturated.load),
        ]);
    }
    report.end_of_table();
    report.paragraph(&format!(
        "**{crowd}**, 20,000 deliveries a second, nothing to join:"
    ));
    report.heading(&[
        "",
        "CPU µs per delivery",
        "× limit, each",
        "half within ms",
        "99 of 100 within ms",
        "× best peer",
        "999 of 1,000 within ms",
    ]);
    let limit_cpu = of(kinds, LIMIT_EACH, LONE);
    let best_p99 = best(kinds, P99, f64::min);
    for kind in kinds {
        report.row(&[
            kind.peer.title.to_owned(),
            cell(LONE(kind)),
            cell(&LONE(kind).against(&limit_cpu)),
            cell(&kind.steady.p50),
            cell(P99(kind)),
            cell(&P99(kind).against(&best_p99)),
            cell(&kind.steady.p999),
        ]);
    }
    report.end_of_table();
    let hub = |figures| of(kinds, HUB_PLAIN, figures);
    let to = |what: &str| format!("{what}, {crowd}");
    let best_joined = best(kinds, JOINED, f64::min);
    report.goal(
        &to("CPU per delivery, saturated, of the best peer's"),
        Goal::AtMost(1.0),
        "×",
        &hub(JOINED).against(&best_joined),
    );
    report.goal(
        &to("CPU per lone delivery, of the limit's"),
        Goal::AtMost(1.15),
        "×",
        &hub(LONE).against(&limit_cpu),
    );
    let reliable = of(kinds, HUB_RELIABLE, LONE);
    report.goal(
        &to("CPU per lone delivery, reliable, of our own plain"),
        Goal::AtMost(1.25),
        "×",
        &reliable.against(&hub(LONE)),
    );
    if listeners != JUDGED {
        return;
    }
    let rates = hub(RATES);
    report.goal(
        &to("throughput, of Bun's"),
        Goal::AtLeast(1.0),
        "×",
        &rates.against(&bun),
    );
    report.goal(
        &to("throughput, of the joined limit's"),
        Goal::AtLeast(0.9),
        "×",
        &rates.against(&limit),
    );
    report.goal(
        &to("99 of 100 arrive, of the best peer's"),
        Goal::AtMost(1.0),
        "×",
        &hub(P99).against(&best_p99),
    );
}
