//! The network of one run: it carries, tears, delays, stalls and loses bytes, and each side learns of a loss at a time
//! of its own, or never.

use super::{Client, Coming, World};
use crate::ledger::Broken;
use crate::pipe::{End, HubEnd, Pipe};
use crate::socket::{Heard, Socket, close_frame, frame, question};
use axum::body::Body;
use http::Request;
use hub::Lingering;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tower::ServiceExt as _;
use wire::link::Input;

pub(super) struct Wire {
    pub(super) client: usize,
    pub(super) pipe: Pipe,
    /// When the last bytes arrive, each way: they do not overtake each other.
    pub(super) at_hub: u64,
    pub(super) at_client: u64,
    /// Nothing passes any more.
    pub(super) dead: bool,
    /// The client was or will be told that the hub is gone.
    pub(super) over: bool,
}

impl World {
    /// The network loses the client's socket and what is on it. Each side learns of it at a time of its own, or never.
    pub fn cut(&mut self, client: usize, hub_learns: Option<u64>, client_learns: Option<u64>) {
        let Some(number) = self.clients[client].socket.as_ref().map(|s| s.wire) else {
            return;
        };
        if let Some(wire) = self.wires.get_mut(&number) {
            wire.dead = true;
        }
        if let Some(ms) = hub_learns {
            let end = End::Reset;
            self.later(ms, Coming::EndsAtHub { wire: number, end });
        }
        if let Some(ms) = client_learns {
            self.later(ms, Coming::EndsAtClient { wire: number });
        }
    }

    /// What no client holds any more is lost too.
    pub fn cut_the_rest(&mut self) {
        for wire in self.wires.values_mut() {
            wire.dead = true;
            wire.pipe.end(End::Reset);
        }
    }

    /// The client's side stops reading, or everything, until a time.
    pub fn stall(&mut self, client: usize, ms: u64) {
        self.clients[client].stalled_until = self.now + ms;
        self.later(ms, Coming::ReadsOn);
    }

    pub fn fall_asleep(&mut self, client: usize, ms: u64) {
        self.clients[client].asleep_until = self.now + ms;
        self.stall(client, ms);
    }

    /// What hubs wrote sets out for the clients, as far as they read.
    pub(super) fn carry_to_clients(&mut self) {
        let mut set_out = Vec::new();
        let now = self.now;
        for (number, wire) in &mut self.wires {
            if !wire.dead && !wire.over && self.clients[wire.client].stalled_until <= now {
                let bytes = wire.pipe.take();
                let gone = wire.pipe.hub_is_gone();
                if bytes.is_empty() && !gone {
                    continue;
                }
                let travels = self.chance.between(self.travel.0, self.travel.1);
                wire.at_client = wire.at_client.max(now + travels);
                if !bytes.is_empty() {
                    set_out.push((
                        wire.at_client,
                        Coming::ToClient {
                            wire: *number,
                            bytes,
                        },
                    ));
                }
                if gone {
                    wire.over = true;
                    set_out.push((wire.at_client, Coming::EndsAtClient { wire: *number }));
                }
            }
        }
        for (time, coming) in set_out {
            self.at(time, coming);
        }
        let clients = &self.clients;
        self.wires.retain(|number, wire| {
            let socket = clients[wire.client].socket.as_ref();
            !wire.pipe.hub_is_gone() || socket.is_some_and(|socket| socket.wire == *number)
        });
    }

    pub(super) fn carry_to_hub(&mut self, number: u64, bytes: Vec<u8>) {
        let travels = self.chance.between(self.travel.0, self.travel.1);
        let torn = self
            .chance
            .percent(10)
            .then(|| self.chance.below(bytes.len() as u64));
        let Some(wire) = self.wires.get_mut(&number) else {
            return;
        };
        if wire.dead {
            return;
        }
        wire.at_hub = wire.at_hub.max(self.now + travels);
        let first = wire.at_hub;
        let Some(torn) = torn.and_then(|at| usize::try_from(at).ok()) else {
            return self.at(
                first,
                Coming::ToHub {
                    wire: number,
                    bytes,
                },
            );
        };
        wire.at_hub += 5;
        let (start, rest) = bytes.split_at(torn);
        let (start, rest) = (start.to_vec(), rest.to_vec());
        self.at(
            first,
            Coming::ToHub {
                wire: number,
                bytes: start,
            },
        );
        self.at(
            first + 5,
            Coming::ToHub {
                wire: number,
                bytes: rest,
            },
        );
    }

    /// Later things do not overtake those that wait.
    pub(super) fn sleeps(&self, client: usize) -> bool {
        let client = &self.clients[client];
        client.asleep_until > self.now || !client.inbox.is_empty()
    }

    pub(super) fn wake(&mut self) -> Result<(), Broken> {
        for client in 0..self.clients.len() {
            if self.clients[client].asleep_until <= self.now {
                for late in std::mem::take(&mut self.clients[client].inbox) {
                    self.happen(late)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn arrive(&mut self, number: u64, bytes: Vec<u8>) -> Result<(), Broken> {
        let Some(wire) = self.wires.get(&number) else {
            return Ok(());
        };
        let (client, dead) = (wire.client, wire.dead);
        if dead {
            return Ok(());
        }
        if self.sleeps(client) {
            let late = Coming::ToClient {
                wire: number,
                bytes,
            };
            self.clients[client].inbox.push(late);
            return Ok(());
        }
        if let Some(socket) = self.clients[client].socket.as_mut()
            && socket.wire == number
        {
            socket.take(&bytes);
        }
        // What is heard may close the socket.
        while let Some(socket) = self.clients[client].socket.as_mut()
            && socket.wire == number
            && let Some(heard) = socket.next()
        {
            match heard {
                Heard::Text(text) => {
                    self.story.tell_text(self.now, "hears", client, &text);
                    if let Some((_, rest)) = text.split_once(r#""connectionId":""#) {
                        self.clients[client].connection = rest.split('"').next().map(str::to_owned);
                    }
                    self.input(client, Input::Frame(text))?;
                }
                Heard::Ping(payload) => self.carry_to_hub(number, frame(10, &payload)),
                Heard::Closed(code) => {
                    self.carry_to_hub(number, close_frame());
                    self.hang_up(number);
                    self.end_at_client(number, code)?;
                }
                Heard::Refused => self.end_at_client(number, None)?,
            }
        }
        Ok(())
    }

    /// The client closes its side once what it wrote has arrived.
    pub(super) fn hang_up(&mut self, number: u64) {
        if let Some(wire) = self.wires.get(&number).filter(|wire| !wire.dead) {
            let end = End::Closed;
            self.at(wire.at_hub, Coming::EndsAtHub { wire: number, end });
        }
    }

    pub(super) fn end_at_client(&mut self, number: u64, code: Option<u16>) -> Result<(), Broken> {
        let owner = |client: &Client| client.socket.as_ref().is_some_and(|s| s.wire == number);
        let Some(client) = self.clients.iter().position(owner) else {
            return Ok(());
        };
        if code.is_none() && self.sleeps(client) {
            let late = Coming::EndsAtClient { wire: number };
            self.clients[client].inbox.push(late);
            return Ok(());
        }
        self.story.tell(
            self.now,
            "loses its socket",
            client,
            code.unwrap_or_default().into(),
        );
        self.clients[client].socket = None;
        self.input(client, Input::Closed { code })
    }

    pub(super) fn open(&mut self, client: usize, url: &str) {
        self.made += 1;
        let number = self.made;
        self.clients[client].socket = Some(Socket::new(number));
        let house = match &self.hub {
            Some(house) if self.clients[client].unreachable_until <= self.now => house.clone(),
            // Refused at once, or never answered.
            _ => {
                if self.chance.percent(70) {
                    self.later(10, Coming::EndsAtClient { wire: number });
                }
                return;
            }
        };
        let room = 1 << self.chance.between(10, 17);
        let pipe = Pipe::new(room, self.told.clone());
        let wire = Wire {
            client,
            pipe: pipe.clone(),
            at_hub: 0,
            at_client: 0,
            dead: false,
            over: false,
        };
        self.wires.insert(number, wire);
        let sockets = house.sockets;
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            sockets.clone().oneshot(request.map(Body::new))
        });
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(Lingering::new(HubEnd(pipe))), service)
            .with_upgrades();
        tokio::spawn(connection);
        self.carry_to_hub(number, question(url));
    }
}
