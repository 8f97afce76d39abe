//! A server, those who listen to it and one who publishes: runs of messages, each delivery of which is checked, and what
//! they took. Refuses to know how runs are compared.

use crate::audience::Audience;
use crate::crowd::Crowd;
use crate::lab::{Fault, Figures, Program, cpu, milliseconds, percentile, void};
use crate::nats;
use crate::peers::Peer;
use std::time::{Duration, Instant};

/// Messages that are on their way at once when as much as possible is sent.
const WINDOW: u64 = 16;

const PATIENCE: Duration = Duration::from_secs(10);
const IMPATIENCE: Duration = Duration::from_millis(500);

/// How messages follow each other.
#[derive(Clone, Copy)]
pub enum Pace {
    /// The next one when the sixteenth before it has reached everybody.
    Window,
    /// So many a second, whatever happens.
    Rate(u64),
}

/// What runs of one kind took, a figure for each.
#[derive(Default)]
pub struct Measured {
    pub deliveries_per_second: Figures,
    /// Processor time of the server in µs, also in seconds per million.
    pub cpu_per_delivery: Figures,
    pub p50: Figures,
    pub p99: Figures,
    pub p999: Figures,
    /// The share of its core that the load itself used.
    pub load: Figures,
}

pub struct Stage {
    pub server: Program,
    crowd: Crowd,
    peer: Peer,
    audience: Audience,
    /// The number of who publishes.
    publisher: usize,
    /// How long what is on its way may take to arrive.
    patience: Duration,
}

impl Stage {
    /// Starts a server, and lets the listeners and then the publisher in. `None` if the peer is not installed here.
    pub fn set(peer: &Peer, listeners: usize) -> Result<Option<Stage>, Fault> {
        let Some(server) = peer.start()? else {
            return Ok(None);
        };
        let mut crowd = peer.crowd()?;
        peer.fill(&server.host, listeners, &mut crowd)?;
        Ok(Some(Stage::of(peer, server, crowd, listeners)))
    }

    /// A server with a crowd: the listeners, then the publisher, then others of whom nothing is expected.
    pub fn of(peer: &Peer, server: Program, crowd: Crowd, listeners: usize) -> Stage {
        Stage {
            server,
            crowd,
            peer: *peer,
            audience: Audience::new(listeners),
            publisher: listeners,
            patience: PATIENCE,
        }
    }

    /// Publishes for so long, waits until everything has arrived, and writes down what it took.
    pub fn run(&mut self, pace: Pace, length: Duration, into: &mut Measured) -> Result<(), Fault> {
        self.audience.begin();
        let (before, load_before) = (self.server.cpu()?, cpu(std::process::id())?);
        let start = Instant::now();
        // When each message should have been sent: a load that waits for a slow server would not notice it.
        let mut due: Vec<Instant> = Vec::new();
        let mut latencies: Vec<f64> = Vec::new();
        loop {
            let now = Instant::now();
            let over = now - start >= length;
            let (sent, complete) = (self.audience.sent(), self.audience.complete);
            if over && complete == sent {
                break;
            }
            if over && now - start > length + self.patience {
                return void(format!("{complete} of {sent} messages reached everybody"));
            }
            let patience = match pace {
                Pace::Window => {
                    let free = WINDOW - (sent - complete);
                    if !over && free > 0 {
                        due.extend((0..free).map(|_| now));
                        self.publish(free)?;
                        continue;
                    }
                    Duration::from_millis(100)
                }
                Pace::Rate(rate) => {
                    let next = start + Duration::from_secs_f64(sent as f64 / rate as f64);
                    if !over && now >= next {
                        due.push(next);
                        self.publish(1)?;
                        continue;
                    }
                    // The kernel wakes on whole milliseconds; the last one is spent looking.
                    (next.saturating_duration_since(now)).saturating_sub(Duration::from_millis(1))
                }
            };
            self.listen(patience, |number| {
                latencies.push(milliseconds(due[number as usize].elapsed()));
            })?;
        }
        let took = start.elapsed().as_secs_f64();
        let deliveries = due.len() as f64 * self.audience.listeners() as f64;
        let server = (self.server.cpu()? - before).as_secs_f64();
        let load = (cpu(std::process::id())? - load_before).as_secs_f64();
        into.deliveries_per_second.add(deliveries / took);
        into.cpu_per_delivery.add(server / deliveries * 1e6);
        into.p50.add(percentile(&mut latencies, 0.5));
        into.p99.add(percentile(&mut latencies, 0.99));
        into.p999.add(percentile(&mut latencies, 0.999));
        into.load.add(load / took);
        Ok(())
    }

    /// Waits at most so long, compares what has come, and tells the number of each message that arrived somewhere.
    fn listen(&mut self, patience: Duration, mut arrived: impl FnMut(u64)) -> Result<(), Fault> {
        let Stage {
            crowd,
            audience,
            peer,
            publisher,
            ..
        } = self;
        crowd.listen(Some(patience), |member, text| {
            let idle = text == nats::PING || (member == *publisher && peer.answers);
            if !idle && let Some(number) = audience.hear(member, text) {
                arrived(number);
            }
        })?;
        if let Some(why) = audience.fault.take() {
            return void(why);
        }
        for (member, number) in audience.owed.drain(..) {
            let text = format!(r#"{{"type":"sequenceAck","sequenceId":{number}}}"#);
            crowd.send(member, &text)?;
        }
        Ok(())
    }

    /// Sends so many messages in one write: how many of them a server finds when it wakes shall not be chance.
    fn publish(&mut self, count: u64) -> Result<(), Fault> {
        let texts = (0..count).map(|_| (self.peer.publish)(&self.audience.compose()));
        let texts: Vec<String> = texts.collect();
        self.crowd.send_together(self.publisher, &texts)
    }

    /// Where messages are meant to get lost, waiting for them would only take time.
    pub fn be_impatient(&mut self) {
        self.patience = IMPATIENCE;
    }

    /// Lets time pass in which nothing should arrive.
    pub fn idle(&mut self, time: Duration) -> Result<(), Fault> {
        self.listen(time, |_| {})
    }

    /// Says something as the publisher.
    pub fn say(&mut self, text: &str) -> Result<(), Fault> {
        self.crowd.send(self.publisher, text)
    }
}
