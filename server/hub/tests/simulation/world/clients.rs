//! The clients of one run: a link each, and a driver that does what it says.

use super::{Coming, World};
use crate::application::{KEY, LOG};
use crate::ledger::{Broken, Ledger, TALK};
use crate::socket::{Socket, close_frame, frame};
use wire::frame::Payload;
use wire::link::{Input, Link, NoTicket, Output, Request, Status, What};
use wire::token::{Claims, sign};

/// Keys of client `n` begin at `n + 1` times this.
const KEYS: u64 = 1_000_000;

pub struct Client {
    pub name: String,
    pub link: Link,
    pub ledger: Ledger,
    pub connection: Option<String>,
    /// What it wanted to tell: by an event, or in the talk.
    by_event: Vec<bool>,
    number: u64,
    /// Until when nothing arrives at it, it reads nothing, or it is not even awake.
    pub unreachable_until: u64,
    pub(super) stalled_until: u64,
    pub(super) asleep_until: u64,
    pub(super) socket: Option<Socket>,
    pub(super) timer: Option<u64>,
    /// What came while it slept.
    pub(super) inbox: Vec<Coming>,
}

impl Client {
    pub(super) fn new(number: u64, seed: u64) -> Self {
        Self {
            name: format!("c{number}"),
            link: Link::new(seed),
            ledger: Ledger::default(),
            connection: None,
            by_event: Vec::new(),
            number,
            unreachable_until: 0,
            stalled_until: 0,
            asleep_until: 0,
            socket: None,
            timer: None,
            inbox: Vec::new(),
        }
    }

    /// The keys of what it wanted to tell, and whether that was by an event.
    pub fn said(&self) -> impl Iterator<Item = (u64, bool)> {
        let first = (self.number + 1) * KEYS + 1;
        (first..).zip(self.by_event.iter().copied())
    }
}

impl World {
    pub fn input(&mut self, client: usize, input: Input) -> Result<(), Broken> {
        let outputs = self.clients[client].link.handle(self.now, input);
        outputs
            .into_iter()
            .try_for_each(|output| self.obey(client, output))
    }

    /// A client wants to tell everybody something: by way of the application, or in the talk.
    pub fn say(&mut self, client: usize) -> Result<(), Broken> {
        let by_event = self.chance.percent(50);
        let speaker = &mut self.clients[client];
        speaker.by_event.push(by_event);
        let key = (speaker.number + 1) * KEYS + speaker.by_event.len() as u64;
        let payload = Payload::json(&key).expect("numbers are JSON");
        let what = if by_event {
            What::Event {
                event: "say".into(),
                payload,
            }
        } else {
            What::Publish {
                group: TALK.into(),
                payload,
            }
        };
        self.input(client, Input::Send(Request::keyed(key.into(), what)))
    }

    pub(super) fn obey(&mut self, client: usize, output: Output) -> Result<(), Broken> {
        match output {
            Output::WakeAt(at) => {
                self.clients[client].timer = Some(at);
                self.at(at.max(self.now), Coming::Timer { client, at });
            }
            Output::FetchTicket => {
                let reachable = self.tickets && self.clients[client].unreachable_until <= self.now;
                let ticket = reachable.then(|| self.ticket(client));
                let takes = self.chance.between(5, 200);
                let ticket = ticket.ok_or(NoTicket::Unreachable);
                self.later(takes, Coming::Ticket { client, ticket });
            }
            Output::Open { url } => self.open(client, &url),
            Output::Close => {
                let socket = self.clients[client].socket.take();
                let number = socket.expect("only an open socket is closed").wire;
                self.carry_to_hub(number, close_frame());
                self.hang_up(number);
            }
            Output::Transmit(text) => {
                self.story.tell_text(self.now, "says", client, &text);
                let teller = &mut self.clients[client];
                if let Some((_, number)) = text.split_once(r#""sequenceId":"#) {
                    let number = number.trim_end_matches('}').parse();
                    teller.ledger.acknowledge(number.expect("a number"))?;
                } else if text.contains(r#""ackId":"#)
                    && let Some((key, _)) = teller.link.unsettled().next()
                {
                    let key = u64::try_from(key).expect("a small key");
                    teller.ledger.send(self.now, key);
                }
                let number = teller.socket.as_ref().expect("a socket to say it on").wire;
                self.carry_to_hub(number, frame(1, text.as_bytes()));
            }
            Output::Deliver(message) => self.clients[client].ledger.hear(&message)?,
            Output::Settled { key, outcome } => {
                let key = u64::try_from(key).expect("a small key");
                self.clients[client].ledger.settle(key, outcome)?;
            }
            Output::Status(status) => {
                self.story.tell(self.now, "has a new state", client, 0);
                if let Status::Fresh { .. } = status {
                    let written = self.application.written();
                    let ledger = &mut self.clients[client].ledger;
                    ledger.begin(self.now, written);
                    let session = ledger.session;
                    let takes = self.chance.between(5, 500);
                    self.later(takes, Coming::Picture { client, session });
                }
            }
        }
        Ok(())
    }

    fn ticket(&self, client: usize) -> String {
        let claims = Claims {
            aud: "http://hub/client/hubs/chat".into(),
            exp: u64::from(u32::MAX),
            sub: Some(self.clients[client].name.clone()),
            role: vec![format!("webpubsub.sendToGroup.{TALK}")],
            groups: vec![LOG.into(), TALK.into()],
            ..Claims::default()
        };
        let token = sign(&claims, KEY).expect("signs");
        format!("ws://hub/client/hubs/chat?access_token={token}")
    }

    /// Which client a key belongs to.
    pub fn speaker(key: u64) -> Option<usize> {
        usize::try_from(key / KEYS).ok()?.checked_sub(1)
    }
}
