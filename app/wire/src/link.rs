//! The client's end of one `json.reliable.webpubsub.azure.v1` connection as a machine: what happens goes in,
//! what to do comes out. Owns reconnecting, recovery, acknowledgements both ways and the requests that wait.
//! Refuses to know sockets, clocks, chance and what payloads mean.
//!
//! The contract with its driver:
//!
//! - There is one socket at most. [`Output::Open`] makes it; [`Output::Close`] ends it, and nothing of a socket
//!   is reported after that, its close neither. A socket that ends by itself is reported as [`Input::Closed`].
//! - There is one timer. [`Output::WakeAt`] sets it and replaces the one before; when it fires it is reported
//!   as [`Input::Timer`].
//! - Times are milliseconds of a clock that does not go backwards; only differences matter.
//! - Every [`Output::FetchTicket`] is answered by an [`Input::Ticket`]; late answers do no harm.

mod exchange;
mod outgoing;
pub mod pace;
mod session;

pub use exchange::{Input, NoTicket, Outcome, Output, Request, Status, What};
pub use outgoing::MOST_WAITING;

use crate::frame::{ClientFrame, ServiceFrame};
use outgoing::Outgoing;
use pace::{
    Backoff, Chance, DOUBT_MS, GOODBYE_MS, OPEN_MS, PONG_MS, SILENCE_MS, SLEPT_MS, TICKET_MS,
};
use session::Session;

/// What the socket must be opened with.
pub const SUBPROTOCOL: &str = "json.reliable.webpubsub.azure.v1";

/// The close code by which the service says that a session is over.
const REFUSED: u16 = 1008;

/// The machine. See the module.
pub struct Link {
    phase: Phase,
    session: Option<Session>,
    outgoing: Outgoing,
    backoff: Backoff,
    chance: Chance,
    was_fresh: bool,
    status: Option<Status>,
    wake_at: Option<u64>,
}

enum Phase {
    /// Nobody wants a connection.
    Idle,
    /// A ticket is on its way.
    Ticket { by: u64 },
    /// A socket opens; `ticket` is its address, `None` while a session is taken up again.
    Open { by: u64, ticket: Option<String> },
    /// The service answers.
    Online { since: u64, heard: u64, next: Check },
    /// Until the next attempt.
    Pause { until: u64 },
}

/// How the link makes sure that there is somebody at the other end.
#[derive(Clone, Copy)]
enum Check {
    Ping {
        at: u64,
    },
    /// Only a frame, or the end, can come now.
    Pong {
        by: u64,
    },
}

impl Link {
    /// A link that does nothing before [`Input::Start`]. `seed` spreads reconnects: different for every client.
    pub fn new(seed: u64) -> Self {
        Self {
            phase: Phase::Idle,
            session: None,
            outgoing: Outgoing::default(),
            backoff: Backoff::default(),
            chance: Chance::new(seed),
            was_fresh: false,
            status: None,
            wake_at: None,
        }
    }

    /// Keyed requests that are not settled, oldest first.
    pub fn unsettled(&self) -> impl Iterator<Item = (u128, &What)> {
        self.outgoing.unsettled()
    }

    /// Takes in what happened at `now` and says what to do, in this order.
    pub fn handle(&mut self, now: u64, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Start => {
                if matches!(self.phase, Phase::Idle) {
                    self.backoff.reset();
                    self.attempt(now, &mut out);
                }
            }
            Input::Ticket(ticket) => self.take_ticket(now, ticket, &mut out),
            Input::Frame(text) => self.hear(now, &text, &mut out),
            Input::Closed { code } => match self.phase {
                Phase::Open { .. } | Phase::Online { .. } => self.lose(now, code, &mut out),
                Phase::Idle | Phase::Ticket { .. } | Phase::Pause { .. } => {}
            },
            Input::Timer => {
                let late = self.wake_at.take().map_or(0, |at| now.saturating_sub(at));
                if late > SLEPT_MS && matches!(self.phase, Phase::Online { .. }) {
                    out.push(Output::Close);
                    self.lose(now, None, &mut out);
                }
            }
            Input::Send(request) => self.take_request(request, &mut out),
            Input::Forget { key } => self.outgoing.forget(key),
            Input::Hurry => self.hurry(now, &mut out),
            Input::Stop => {
                if matches!(self.phase, Phase::Open { .. } | Phase::Online { .. }) {
                    out.push(Output::Close);
                }
                self.rest();
            }
        }
        self.keep_time(now, &mut out);
        self.set_timer(&mut out);
        out
    }

    /// Begins an attempt: the old session if the service can still know it, else a new one.
    fn attempt(&mut self, now: u64, out: &mut Vec<Output>) {
        self.tell(Status::Connecting, out);
        let recovery = self.session.as_ref().and_then(|s| s.recovery_url(now));
        if let Some(url) = recovery {
            self.open(now, url, None, out);
        } else {
            self.session = None;
            self.phase = Phase::Ticket {
                by: now.saturating_add(TICKET_MS),
            };
            out.push(Output::FetchTicket);
        }
    }

    fn open(&mut self, now: u64, url: String, ticket: Option<String>, out: &mut Vec<Output>) {
        self.phase = Phase::Open {
            by: now.saturating_add(OPEN_MS),
            ticket,
        };
        out.push(Output::Open { url });
    }

    fn take_ticket(&mut self, now: u64, ticket: Result<String, NoTicket>, out: &mut Vec<Output>) {
        if !matches!(self.phase, Phase::Ticket { .. }) {
            return;
        }
        match ticket {
            Ok(url) => self.open(now, url.clone(), Some(url), out),
            Err(NoTicket::Unreachable) => self.wait(now, out),
            Err(NoTicket::SignedOut) => {
                self.rest();
                self.tell(Status::SignedOut, out);
            }
        }
    }

    fn take_request(&mut self, Request { key, what }: Request, out: &mut Vec<Output>) {
        match key {
            Some(key) => {
                if let Err(outcome) = self.outgoing.push(key, what) {
                    out.push(Output::Settled { key, outcome });
                }
            }
            None => {
                if matches!(self.phase, Phase::Online { .. }) {
                    out.push(Output::Transmit(what.frame(None).to_json()));
                }
            }
        }
    }

    fn hear(&mut self, now: u64, text: &str, out: &mut Vec<Output>) {
        // A newer service may say things that this client does not know; they show that it is there.
        let frame = ServiceFrame::from_json(text).ok().flatten();
        match &self.phase {
            Phase::Open { ticket, .. } => {
                let ticket = ticket.clone();
                match frame {
                    Some(ServiceFrame::Connected {
                        connection_id,
                        reconnection_token,
                        ..
                    }) => self.connected(now, ticket, connection_id, reconnection_token, out),
                    // The word that a session was taken up again may be missing: any other frame says so too.
                    Some(
                        ServiceFrame::Ack { .. } | ServiceFrame::Message(_) | ServiceFrame::Pong,
                    ) if ticket.is_none() => {
                        self.resume(now, None, out);
                        self.obey(now, frame, out);
                    }
                    Some(_) | None => {}
                }
            }
            Phase::Online { since, .. } => {
                self.phase = Phase::Online {
                    since: *since,
                    heard: now,
                    next: Check::Ping {
                        at: now.saturating_add(SILENCE_MS),
                    },
                };
                self.obey(now, frame, out);
            }
            Phase::Idle | Phase::Ticket { .. } | Phase::Pause { .. } => {}
        }
    }

    fn obey(&mut self, now: u64, frame: Option<ServiceFrame>, out: &mut Vec<Output>) {
        match frame {
            Some(ServiceFrame::Ack { ack_id, result }) => {
                let settled = self.outgoing.answer(ack_id, result, now, &mut self.chance);
                settle(settled, out);
            }
            Some(ServiceFrame::Message(message)) => {
                let new = match (message.sequence_id, &mut self.session) {
                    (Some(id), Some(session)) => session.receive(id, now),
                    _ => true,
                };
                if new {
                    out.push(Output::Deliver(message));
                }
            }
            Some(ServiceFrame::Disconnected { .. }) => {
                if let Phase::Online { next, .. } = &mut self.phase {
                    *next = Check::Pong {
                        by: now.saturating_add(GOODBYE_MS),
                    };
                }
            }
            // The link neither invokes nor streams.
            Some(
                ServiceFrame::Connected { .. }
                | ServiceFrame::Pong
                | ServiceFrame::InvokeResponse { .. }
                | ServiceFrame::StreamAck { .. }
                | ServiceFrame::StreamNack { .. }
                | ServiceFrame::StreamClosed { .. },
            )
            | None => {}
        }
    }

    fn connected(
        &mut self,
        now: u64,
        ticket: Option<String>,
        connection_id: String,
        token: Option<String>,
        out: &mut Vec<Output>,
    ) {
        match ticket {
            None if self
                .session
                .as_ref()
                .is_some_and(|session| session.connection_id == connection_id) =>
            {
                self.resume(now, token, out);
            }
            // Not the session that was asked for: nothing of it is known here, so begin anew.
            None => {
                out.push(Output::Close);
                self.session = None;
                self.attempt(now, out);
            }
            Some(ticket) => {
                self.session = Some(Session::new(&ticket, connection_id, token));
                self.outgoing.renew();
                self.go_online(now);
                let first = !self.was_fresh;
                self.was_fresh = true;
                self.tell(Status::Fresh { first }, out);
            }
        }
    }

    fn resume(&mut self, now: u64, token: Option<String>, out: &mut Vec<Output>) {
        if let Some(session) = &mut self.session {
            session.resume(token);
        }
        self.go_online(now);
        self.tell(Status::Recovered, out);
    }

    fn go_online(&mut self, now: u64) {
        self.phase = Phase::Online {
            since: now,
            heard: now,
            next: Check::Ping {
                at: now.saturating_add(SILENCE_MS),
            },
        };
    }

    /// The socket is gone, or as good as gone.
    fn lose(&mut self, now: u64, code: Option<u16>, out: &mut Vec<Output>) {
        settle(self.outgoing.lose(code), out);
        let refused = code == Some(REFUSED);
        let recovering = matches!(self.phase, Phase::Open { ticket: None, .. });
        if let Phase::Online { since, .. } = self.phase {
            self.backoff.was_online(now.saturating_sub(since));
        }
        match &mut self.session {
            Some(_) if refused => self.session = None,
            Some(session) => session.lose(now),
            None => {}
        }
        if refused && recovering {
            // This attempt was waited for already.
            self.attempt(now, out);
        } else {
            self.wait(now, out);
        }
    }

    fn wait(&mut self, now: u64, out: &mut Vec<Output>) {
        self.tell(Status::Lost, out);
        let pause = self.backoff.next(&mut self.chance);
        self.phase = Phase::Pause {
            until: now.saturating_add(pause),
        };
    }

    fn hurry(&mut self, now: u64, out: &mut Vec<Output>) {
        match &mut self.phase {
            Phase::Pause { .. } => {
                self.backoff.reset();
                self.attempt(now, out);
            }
            Phase::Online {
                heard,
                next: next @ Check::Ping { .. },
                ..
            } if now.saturating_sub(*heard) >= DOUBT_MS => *next = Check::Ping { at: now },
            Phase::Idle | Phase::Ticket { .. } | Phase::Open { .. } | Phase::Online { .. } => {}
        }
    }

    fn rest(&mut self) {
        self.outgoing.renew();
        self.session = None;
        self.phase = Phase::Idle;
        self.status = None;
    }

    /// Does what is due.
    fn keep_time(&mut self, now: u64, out: &mut Vec<Output>) {
        match &mut self.phase {
            Phase::Idle => {}
            Phase::Ticket { by } => {
                if *by <= now {
                    self.wait(now, out);
                }
            }
            Phase::Open { by, .. } => {
                if *by <= now {
                    out.push(Output::Close);
                    self.lose(now, None, out);
                }
            }
            Phase::Pause { until } => {
                if *until <= now {
                    self.attempt(now, out);
                }
            }
            Phase::Online { next, .. } => {
                match *next {
                    Check::Pong { by } if by <= now => {
                        out.push(Output::Close);
                        self.lose(now, None, out);
                        return;
                    }
                    Check::Ping { at } if at <= now => {
                        *next = Check::Pong {
                            by: now.saturating_add(PONG_MS),
                        };
                        out.push(Output::Transmit(ClientFrame::Ping.to_json()));
                    }
                    Check::Ping { .. } | Check::Pong { .. } => {}
                }
                let received = self.session.as_mut().and_then(|s| s.acknowledge(now));
                if let Some(sequence_id) = received {
                    let frame = ClientFrame::SequenceAck { sequence_id };
                    out.push(Output::Transmit(frame.to_json()));
                }
                settle(self.outgoing.expire(now), out);
                out.extend(self.outgoing.transmit(now).map(Output::Transmit));
            }
        }
    }

    /// There is always a next moment while a connection is wanted: the link cannot fall asleep.
    fn set_timer(&mut self, out: &mut Vec<Output>) {
        let next = match &self.phase {
            Phase::Idle => None,
            Phase::Ticket { by } | Phase::Open { by, .. } => Some(*by),
            Phase::Pause { until } => Some(*until),
            Phase::Online { next, .. } => {
                let check = match next {
                    Check::Ping { at } => *at,
                    Check::Pong { by } => *by,
                };
                let received = self.session.as_ref().and_then(Session::ack_at);
                [Some(check), received, self.outgoing.wake_at()]
                    .into_iter()
                    .flatten()
                    .min()
            }
        };
        if let Some(at) = next.filter(|_| next != self.wake_at) {
            out.push(Output::WakeAt(at));
        }
        self.wake_at = next;
    }

    fn tell(&mut self, status: Status, out: &mut Vec<Output>) {
        if self.status != Some(status) {
            self.status = Some(status);
            out.push(Output::Status(status));
        }
    }
}

fn settle(settled: Option<(u128, Outcome)>, out: &mut Vec<Output>) {
    out.extend(settled.map(|(key, outcome)| Output::Settled { key, outcome }));
}
