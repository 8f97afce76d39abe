//! One message to many: Chatr's embedded hub beside the limit of this machine. Every delivery is compared with what
//! was sent, byte by byte and in order. Knows the frames of a publisher; refuses to know chats.

use crate::crowd::Crowd;
use crate::lab::{
    Fault, Figures, Program, SERVER_CORE, Table, milliseconds, percentile, stay_on_load_core, void,
};
use crate::visitor::ticket;
use crate::{ROUNDS, limit};
use serde_json::{Value, json};
use std::ops::Range;
use std::time::{Duration, Instant};

const SIZES: [usize; 2] = [100, 1_000];

/// Messages that are on their way at once when as much as possible is sent.
const WINDOW: u64 = 16;
const SATURATED: Duration = Duration::from_secs(2);

/// Deliveries a second when the load is light and every message travels alone.
const RATE: u64 = 20_000;
const STEADY: Duration = Duration::from_secs(3);

/// How long what is on its way may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a message, and of the number in front of it.
const PAYLOAD: usize = 200;
const NUMBER: usize = 10;

const AT_ONCE: usize = 64;
const GROUP: &str = "crowd";
/// A hub of Chatr's that has no application behind it.
const HUB: &str = "bench";

/// How messages follow each other.
#[derive(Clone, Copy)]
enum Pace {
    /// The next one when the sixteenth before it has reached everybody.
    Window,
    /// So many a second, whatever happens.
    Rate(u64),
}

#[derive(Default)]
struct Measured {
    deliveries_per_second: Figures,
    cpu_seconds_per_million: Figures,
    p50: Figures,
    p99: Figures,
}

/// Who is measured, and how it is talked to.
struct Stage {
    server: Program,
    crowd: Crowd,
    listeners: usize,
    is_limit: bool,
}

pub fn measure() -> Result<Table, Fault> {
    stay_on_load_core()?;
    let mut table = Table::default();
    for listeners in SIZES {
        let (mut ours, mut best) = (Kind::default(), Kind::default());
        for _ in 0..ROUNDS {
            for (is_limit, kind) in [(false, &mut ours), (true, &mut best)] {
                let mut stage = Stage::set(listeners, is_limit)?;
                let rate = RATE / listeners as u64;
                // The first messages find cold caches and small buffers.
                stage.run(Pace::Rate(rate), STEADY / 10, &mut Measured::default())?;
                stage.run(Pace::Rate(rate), STEADY, &mut kind.steady)?;
                stage.run(Pace::Window, SATURATED, &mut kind.saturated)?;
            }
        }
        report(&mut table, listeners, &ours, &best);
    }
    Ok(table)
}

#[derive(Default)]
struct Kind {
    steady: Measured,
    saturated: Measured,
}

fn report(table: &mut Table, listeners: usize, ours: &Kind, best: &Kind) {
    let (full, light) = (&ours.saturated, &ours.steady);
    let of = |what: &str| format!("{what}, group of {listeners}");
    let deliveries = &full.deliveries_per_second;
    table.row(&of("window 16: deliveries"), "a second", deliveries, "");
    let ratio = deliveries.against(&best.saturated.deliveries_per_second);
    table.row(&of("… of the limit's"), "×", &ratio, "≥ 0.9");
    let cpu = &full.cpu_seconds_per_million;
    table.row(&of("… CPU per million deliveries"), "s", cpu, "");
    let limit = &best.saturated.cpu_seconds_per_million;
    table.row(&of("… the limit's"), "s", limit, "");
    table.row(&of("… ratio"), "×", &cpu.against(limit), "");
    let cpu = &light.cpu_seconds_per_million;
    let limit = &best.steady.cpu_seconds_per_million;
    table.row(&of("20,000 a second: CPU per delivery"), "µs", cpu, "");
    table.row(&of("… the limit's"), "µs", limit, "");
    table.row(&of("… ratio"), "×", &cpu.against(limit), "≤ 1.15");
    table.row(&of("… half arrive within"), "ms", &light.p50, "");
    table.row(&of("… 99 of 100 arrive within"), "ms", &light.p99, "");
    let ratio = light.p99.against(&best.steady.p99);
    table.row(&of("… ratio to the limit's"), "×", &ratio, "≤ 1.25");
}

impl Stage {
    /// Starts a server, and lets the listeners and, as the last one, the publisher in.
    fn set(listeners: usize, is_limit: bool) -> Result<Stage, Fault> {
        let server = match is_limit {
            true => Program::ourselves(limit::NAME)?,
            false => Program::chatr(Some(SERVER_CORE), &[])?,
        };
        let mut crowd = Crowd::new()?;
        let role = "webpubsub.sendToGroup";
        let path = |user: &str, groups: &[&str]| ticket(&server.host, HUB, user, &[role], groups);
        let mut paths: Vec<String> = (0..listeners)
            .map(|number| path(&format!("listener-{number}"), &[GROUP]))
            .collect();
        paths.push(path("publisher", &[]));
        let welcome = r#""event":"connected""#;
        crowd.gather(&server.host, paths, AT_ONCE, welcome, None)?;
        Ok(Stage {
            server,
            crowd,
            listeners,
            is_limit,
        })
    }

    /// Publishes for so long, waits until everything has arrived, and writes down what it took.
    fn run(&mut self, pace: Pace, length: Duration, into: &mut Measured) -> Result<(), Fault> {
        let mut audience = Audience::new(self.listeners);
        let before = self.server.cpu()?;
        let start = Instant::now();
        // When each message should have been sent: a load that waits for a slow server would not notice it.
        let mut due: Vec<Instant> = Vec::new();
        let mut latencies: Vec<f64> = Vec::new();
        loop {
            let now = Instant::now();
            let over = now - start >= length;
            let sent = due.len() as u64;
            if over && audience.complete == sent {
                break;
            }
            if over && now - start > length + PATIENCE {
                return void(format!("{} of {sent} messages arrived", audience.complete));
            }
            let patience = match pace {
                Pace::Window => {
                    if !over && sent - audience.complete < WINDOW {
                        self.publish(&mut audience, &mut due, now)?;
                        continue;
                    }
                    Duration::from_millis(100)
                }
                Pace::Rate(rate) => {
                    let next = start + Duration::from_secs_f64(sent as f64 / rate as f64);
                    if !over && now >= next {
                        self.publish(&mut audience, &mut due, next)?;
                        continue;
                    }
                    // The kernel wakes on whole milliseconds; the last one is spent looking.
                    (next.saturating_duration_since(now)).saturating_sub(Duration::from_millis(1))
                }
            };
            let steady = matches!(pace, Pace::Rate(_));
            self.crowd.listen(Some(patience), |member, text| {
                if let Some(number) = audience.hear(member, text)
                    && steady
                {
                    latencies.push(milliseconds(due[number as usize].elapsed()));
                }
            })?;
            if let Some(why) = audience.fault.take() {
                return void(why);
            }
        }
        let took = start.elapsed().as_secs_f64();
        let deliveries = due.len() as f64 * self.listeners as f64;
        let cpu = (self.server.cpu()? - before).as_secs_f64();
        into.deliveries_per_second.add(deliveries / took);
        into.cpu_seconds_per_million.add(cpu / deliveries * 1e6);
        into.p50.add(percentile(&mut latencies, 0.5));
        into.p99.add(percentile(&mut latencies, 0.99));
        Ok(())
    }

    fn publish(
        &mut self,
        audience: &mut Audience,
        due: &mut Vec<Instant>,
        at: Instant,
    ) -> Result<(), Fault> {
        let number = due.len() as u64;
        due.push(at);
        let data = payload(number);
        audience.sent.push(data.clone());
        let text = match self.is_limit {
            // The limit reads nothing: it is handed what the hub would make of it.
            true => format!(
                r#"{{"type":"message","from":"group","fromUserId":"publisher","group":"{GROUP}","dataType":"text","data":"{data}"}}"#
            ),
            false => json!({
                "type": "sendToGroup", "group": GROUP, "dataType": "text", "data": data, "noEcho": true,
            })
            .to_string(),
        };
        self.crowd.send(self.listeners, &text)
    }
}

/// What everybody has heard so far.
struct Audience {
    /// The data of every message.
    sent: Vec<String>,
    /// The next message of each listener.
    next: Vec<u64>,
    /// How many heard each message that is on its way, and how many messages everybody has heard.
    heard: Vec<usize>,
    complete: u64,
    /// Where the data stands in a delivery; what is around it is the same in each.
    envelope: Option<(Vec<u8>, Range<usize>)>,
    fault: Option<String>,
}

impl Audience {
    fn new(listeners: usize) -> Audience {
        Audience {
            sent: Vec::new(),
            next: vec![0; listeners],
            heard: Vec::new(),
            complete: 0,
            envelope: None,
            fault: None,
        }
    }

    /// Compares a delivery with what this listener should hear next, and gives the message's number.
    fn hear(&mut self, listener: usize, text: &[u8]) -> Option<u64> {
        let Some(next) = self.next.get_mut(listener) else {
            self.fault = Some(format!(
                "the publisher heard {}",
                String::from_utf8_lossy(text)
            ));
            return None;
        };
        let number = *next;
        let expected = self.sent.get(number as usize).map_or("", String::as_str);
        if self.envelope.is_none() {
            self.envelope = envelope(text);
        }
        let right = self.envelope.as_ref().is_some_and(|(first, place)| {
            text.len() == first.len()
                && text[place.clone()] == *expected.as_bytes()
                && text[..place.start] == first[..place.start]
                && text[place.end..] == first[place.end..]
        });
        if !right {
            self.fault = Some(format!(
                "listener {listener} waited for message {number} and heard {}",
                String::from_utf8_lossy(text)
            ));
            return None;
        }
        *next += 1;
        let place = number as usize;
        if self.heard.len() <= place {
            self.heard.resize(place + 1, 0);
        }
        self.heard[place] += 1;
        // Each listener hears in order, so messages are complete in order.
        if self.heard[place] == self.next.len() {
            self.complete += 1;
        }
        Some(number)
    }
}

/// The first delivery, read as the protocol says, and where its data stands.
fn envelope(text: &[u8]) -> Option<(Vec<u8>, Range<usize>)> {
    let frame: Value = serde_json::from_slice(text).ok()?;
    let right = frame["type"] == "message"
        && frame["from"] == "group"
        && frame["fromUserId"] == "publisher"
        && frame["group"] == GROUP
        && frame["dataType"] == "text";
    let data = frame["data"].as_str()?;
    let from = text
        .windows(data.len())
        .position(|part| part == data.as_bytes())?;
    right.then(|| (text.to_vec(), from..from + data.len()))
}

/// The number, and letters that differ from those of the messages before and after.
fn payload(number: u64) -> String {
    let letters =
        (0..PAYLOAD - NUMBER).map(|at| (b'a' + ((number as usize + at) % 26) as u8) as char);
    let mut text = format!("{number:0NUMBER$}");
    text.extend(letters);
    text
}
