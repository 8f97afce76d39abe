//! A link with everything around it: a driver, a network, a service and a clock that only the test turns.

use super::service::{Answers, Service};
use proptest::prelude::TestCaseError;
use std::collections::{BTreeMap, BTreeSet};
use wire::frame::Payload;
use wire::link::{Input, Link, NoTicket, Outcome, Output, Request, Status, What};

const TICKET_TAKES: u64 = 50;
const OPENING_TAKES: u64 = 20;
const FRAME_TAKES: u64 = 10;

/// The key of requests that have none, in the service's record.
pub const PASSING: u128 = 1_000_000;

pub struct World {
    pub now: u64,
    pub link: Link,
    pub service: Service,
    pub ticket: Result<(), NoTicket>,
    /// Requests for tickets are never answered.
    pub ticket_lost: bool,
    pub tickets: u32,
    pub opened: Vec<String>,
    pub opened_at: Vec<u64>,
    pub statuses: Vec<Status>,
    pub transmitted: Vec<String>,
    pub delivered: Vec<u64>,
    pub settled: Vec<(u128, Outcome)>,
    /// How many outputs there were.
    pub outputs: usize,
    timer: Option<u64>,
    coming: BTreeMap<(u64, u64), Coming>,
    order: u64,
    sockets: u64,
    socket: Option<Socket>,
    started: bool,
}

struct Socket {
    number: u64,
    url: String,
    connection: Option<String>,
    /// Nothing passes any more, and nobody says so.
    dead: bool,
}

enum Coming {
    Ticket(Result<String, NoTicket>),
    Accepted { socket: u64 },
    Frame { socket: u64, text: String },
    Closed { socket: u64, code: Option<u16> },
}

pub fn event(key: u128) -> What {
    What::Event {
        event: "say".into(),
        payload: Payload::json(&key).expect("numbers are JSON"),
    }
}

pub fn publish(key: u128) -> What {
    What::Publish {
        group: "room".into(),
        payload: Payload::json(&key).expect("numbers are JSON"),
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            now: 1_000_000,
            link: Link::new(seed),
            service: Service::new(),
            ticket: Ok(()),
            ticket_lost: false,
            tickets: 0,
            opened: Vec::new(),
            opened_at: Vec::new(),
            statuses: Vec::new(),
            transmitted: Vec::new(),
            delivered: Vec::new(),
            settled: Vec::new(),
            outputs: 0,
            timer: None,
            coming: BTreeMap::new(),
            order: 0,
            sockets: 0,
            socket: None,
            started: false,
        }
    }

    /// A world whose link has just come online.
    pub fn online() -> Self {
        let mut world = Self::new(1);
        world.start();
        world.run_until(|world| world.statuses.last() == Some(&Status::Fresh { first: true }));
        world
    }

    pub fn start(&mut self) {
        self.started = true;
        self.input(Input::Start);
    }

    pub fn send(&mut self, request: Request) {
        self.input(Input::Send(request));
    }

    pub fn input(&mut self, input: Input) -> Vec<Output> {
        let outputs = self.link.handle(self.now, input);
        self.outputs += outputs.len();
        for output in outputs.clone() {
            self.obey(output);
        }
        outputs
    }

    pub fn executed(&self) -> Vec<u128> {
        self.service.record.iter().map(|(_, key)| *key).collect()
    }

    /// The ids of requests in the order of their arrival.
    pub fn ack_ids(&self) -> &[u64] {
        &self.service.ack_ids
    }

    pub fn pings(&self) -> usize {
        self.transmitted
            .iter()
            .filter(|t| t.contains("ping"))
            .count()
    }

    pub fn sequence_acks(&self) -> usize {
        let acks = self
            .transmitted
            .iter()
            .filter(|t| t.contains("sequenceAck"));
        acks.count()
    }

    /// The network ends the socket, if there is one.
    pub fn drop_socket(&mut self, code: Option<u16>) {
        if let Some(socket) = self.socket.take() {
            self.service.lose(socket.connection, self.now, code);
            self.input(Input::Closed { code });
        }
    }

    /// The network swallows what is on the socket from now on.
    pub fn swallow(&mut self) {
        if let Some(socket) = &mut self.socket {
            socket.dead = true;
        }
    }

    pub fn heal(&mut self) {
        self.ticket = Ok(());
        self.ticket_lost = false;
        self.service.answers = Answers::All;
        self.service.reachable = true;
        self.service.mute = false;
    }

    /// Time passes, and everything happens in its time.
    pub fn run_for(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.step(end) {}
        self.now = end;
    }

    pub fn run_until(&mut self, done: impl Fn(&World) -> bool) {
        let end = self.now + 600_000;
        while !done(self) {
            assert!(self.step(end), "it never happens");
        }
    }

    /// Time passes and nothing happens until the end.
    pub fn sleep_for(&mut self, ms: u64) {
        self.now += ms;
    }

    /// What holds at any time.
    pub fn check(&self) -> Result<(), TestCaseError> {
        let wanted = self.started && self.statuses.last() != Some(&Status::SignedOut);
        let awake = self.timer.is_some_and(|at| at <= self.now + 60_000);
        let holds = [
            ("a wanted link wakes up again", awake || !wanted),
            (
                "nothing is delivered twice or out of order",
                self.delivered.is_sorted_by(|a, b| a < b),
            ),
            (
                "requests are executed in order",
                self.keyed().map(|(_, key)| key).is_sorted(),
            ),
            (
                "a connection executes a request once",
                self.keyed().collect::<BTreeSet<_>>().len() == self.keyed().count(),
            ),
        ];
        for (what, holds) in holds {
            if !holds {
                return Err(TestCaseError::fail(what));
            }
        }
        Ok(())
    }

    fn keyed(&self) -> impl Iterator<Item = &(String, u128)> {
        let record = self.service.record.iter();
        record.filter(|(_, key)| *key != PASSING)
    }

    fn step(&mut self, end: u64) -> bool {
        self.carry();
        let event = self.coming.first_key_value().map(|((at, _), _)| *at);
        let next = [event, self.timer].into_iter().flatten().min();
        let Some(at) = next.filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        if event == Some(at) {
            let (_, coming) = self.coming.pop_first().expect("it was just seen");
            self.happen(coming);
        } else {
            self.timer = None;
            self.input(Input::Timer);
        }
        true
    }

    fn later(&mut self, ms: u64, coming: Coming) {
        self.order += 1;
        self.coming.insert((self.now + ms, self.order), coming);
        assert!(self.order < 1_000_000, "the link spins");
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::FetchTicket => {
                self.tickets += 1;
                let number = self.tickets;
                let url = format!("wss://hub/client/hubs/chat?access_token=t{number}");
                if !self.ticket_lost {
                    self.later(TICKET_TAKES, Coming::Ticket(self.ticket.map(|()| url)));
                }
            }
            Output::Open { url } => {
                assert!(self.socket.is_none(), "one socket at a time");
                self.sockets += 1;
                let number = self.sockets;
                self.opened.push(url.clone());
                self.opened_at.push(self.now);
                self.socket = Some(Socket {
                    number,
                    url,
                    connection: None,
                    dead: self.service.mute,
                });
                let coming = if self.service.reachable {
                    Coming::Accepted { socket: number }
                } else {
                    Coming::Closed {
                        socket: number,
                        code: None,
                    }
                };
                self.later(OPENING_TAKES, coming);
            }
            Output::Close => {
                let socket = self.socket.take().expect("only an open socket is closed");
                self.service.lose(socket.connection, self.now, None);
            }
            Output::Transmit(text) => {
                let socket = self.socket.as_ref().expect("a socket to transmit on");
                let connection = socket.connection.clone();
                if !socket.dead {
                    self.service
                        .hear(&connection.expect("it was connected"), &text);
                }
                self.transmitted.push(text);
            }
            Output::Deliver(message) => {
                let Payload::Json(json) = &message.payload else {
                    panic!("the service says numbers");
                };
                self.delivered.push(json.get().parse().expect("a number"));
            }
            Output::Settled { key, outcome } => self.settled.push((key, outcome)),
            Output::Status(status) => self.statuses.push(status),
            Output::WakeAt(at) => self.timer = Some(at),
        }
    }

    fn happen(&mut self, coming: Coming) {
        let current = self.socket.as_ref().map(|socket| socket.number);
        match coming {
            Coming::Ticket(ticket) => {
                self.input(Input::Ticket(ticket));
            }
            Coming::Accepted { socket } if current == Some(socket) => self.accept(),
            Coming::Frame { socket, text } if current == Some(socket) => {
                self.input(Input::Frame(text));
            }
            Coming::Closed { socket, code } if current == Some(socket) => self.drop_socket(code),
            Coming::Accepted { .. } | Coming::Frame { .. } | Coming::Closed { .. } => {}
        }
    }

    fn accept(&mut self) {
        let socket = self.socket.as_mut().expect("it is the current one");
        if socket.dead {
            return;
        }
        let connection = if socket.url.contains("access_token") {
            Some(self.service.connect())
        } else {
            self.service.recover(&socket.url, self.now)
        };
        let (number, refused) = (socket.number, connection.is_none());
        socket.connection = connection;
        if refused {
            let code = Some(1008);
            self.later(
                FRAME_TAKES,
                Coming::Closed {
                    socket: number,
                    code,
                },
            );
        }
    }

    /// What the service said sets out for the socket.
    fn carry(&mut self) {
        for (connection, text) in std::mem::take(&mut self.service.said) {
            if let Some(socket) = &self.socket
                && socket.connection.as_ref() == Some(&connection)
                && !socket.dead
            {
                let socket = socket.number;
                self.later(FRAME_TAKES, Coming::Frame { socket, text });
            }
        }
    }
}
