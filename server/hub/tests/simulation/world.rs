//! One run: a hub, an application and some clients, a network that the run's seed makes bad, and one clock. Everything
//! happens in one thread, in an order that follows from the seed alone.

mod clients;
mod network;

pub use clients::Client;

use super::application::{Application, KEY};
use super::chance::Chance;
use super::ledger::Broken;
use super::pipe::End;
use super::story::Story;
use axum::Router;
use hub::{Config, Handler, Hub};
use network::Wire;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use wire::link::{Input, NoTicket};

/// What the clock shows at first: no number that anything begins with.
const START: u64 = 1_000_000;

/// Keys of what no client said begin here.
pub const NOBODYS: u64 = 900_000_000;

/// Things after which a run must have come to its end.
const MOST: u64 = 1_000_000;

pub struct World {
    pub now: u64,
    pub chance: Chance,
    pub story: Story,
    pub clients: Vec<Client>,
    pub application: Application,
    pub hub: Option<House>,
    /// Milliseconds that bytes travel, at least and at most.
    pub travel: (u64, u64),
    /// The application's tickets are to be had.
    pub tickets: bool,
    began: Instant,
    told: Arc<Notify>,
    wires: BTreeMap<u64, Wire>,
    made: u64,
    coming: BTreeMap<(u64, u64), Coming>,
    order: u64,
}

/// One hub from its start to its end.
#[derive(Clone)]
pub struct House {
    pub hub: Hub,
    sockets: Router,
    pub rest: Router,
}

/// What will happen at its time.
enum Coming {
    Timer {
        client: usize,
        at: u64,
    },
    Ticket {
        client: usize,
        ticket: Result<String, NoTicket>,
    },
    Picture {
        client: usize,
        session: u64,
    },
    ToClient {
        wire: u64,
        bytes: Vec<u8>,
    },
    ToHub {
        wire: u64,
        bytes: Vec<u8>,
    },
    EndsAtClient {
        wire: u64,
    },
    EndsAtHub {
        wire: u64,
        end: End,
    },
    ReadsOn,
    HubOpens,
    Pause,
}

/// What a step was.
#[derive(PartialEq, Eq)]
pub enum Step {
    Passed,
    /// The time that was asked for is over.
    Over,
}
impl World {
    pub fn new(seed: u64, tells: bool) -> Self {
        let mut chance = Chance::new(seed);
        let clients = chance.between(2, 4);
        let application = Application::new(chance.next());
        let clients = (0..clients)
            .map(|n| Client::new(n, chance.next()))
            .collect();
        let mut world = Self {
            now: START,
            chance,
            story: Story::new(tells),
            clients,
            application,
            hub: None,
            travel: (1, 20),
            tickets: true,
            began: Instant::now(),
            told: Arc::default(),
            wires: BTreeMap::new(),
            made: 0,
            coming: BTreeMap::new(),
            order: 0,
        };
        world.open_hub();
        world
    }

    fn open_hub(&mut self) {
        let hub = Hub::new(Config {
            handlers: vec![Handler::of_everything("/handle/{event}")],
            ..Config::new(KEY)
        });
        let house = House {
            sockets: hub.socket_router(self.application.service()),
            rest: hub.rest_router(),
            hub,
        };
        self.application.publish_through(Some(house.rest.clone()));
        self.hub = Some(house);
    }

    /// Whoever comes is turned away for a while; then there is a new hub, which knows nobody.
    pub fn close_hub(&mut self, pause: u64) -> Option<House> {
        let house = self.hub.take()?;
        self.application.publish_through(None);
        self.later(pause, Coming::HubOpens);
        Some(house)
    }

    /// Lets everything happen that happens within so many milliseconds.
    pub async fn pass(&mut self, ms: u64) -> Result<(), Broken> {
        self.later(ms, Coming::Pause);
        while self.step().await? == Step::Passed {}
        Ok(())
    }

    fn later(&mut self, ms: u64, coming: Coming) {
        self.at(self.now + ms, coming);
    }

    fn at(&mut self, time: u64, coming: Coming) {
        self.order += 1;
        self.coming.insert((time, self.order), coming);
    }

    async fn step(&mut self) -> Result<Step, Broken> {
        if self.order > MOST {
            return Err("it never comes to rest".to_owned());
        }
        let (&(time, order), _) = self.coming.first_key_value().expect("a pause is coming");
        let due = self.began + Duration::from_millis(time - START);
        let written = tokio::select! {
            biased;
            () = self.told.notified() => true,
            () = tokio::time::sleep_until(due) => false,
        };
        let passed = Instant::now() - self.began;
        self.now = START + u64::try_from(passed.as_millis()).expect("a short time");
        if written {
            self.carry_to_clients();
            return Ok(Step::Passed);
        }
        let coming = self
            .coming
            .remove(&(time, order))
            .expect("it was just seen");
        self.happen(coming)
    }

    fn happen(&mut self, coming: Coming) -> Result<Step, Broken> {
        match coming {
            Coming::Pause => return Ok(Step::Over),
            Coming::ReadsOn => {
                self.carry_to_clients();
                self.wake()?;
            }
            Coming::HubOpens => {
                self.story.tell(self.now, "a hub opens", 0, 0);
                self.open_hub();
            }
            Coming::Timer { client, at } => {
                let asleep = self.clients[client].asleep_until;
                if self.clients[client].timer != Some(at) {
                } else if asleep > self.now {
                    self.at(asleep, Coming::Timer { client, at });
                } else {
                    self.clients[client].timer = None;
                    self.input(client, Input::Timer)?;
                }
            }
            Coming::Ticket { client, ticket } => self.input(client, Input::Ticket(ticket))?,
            Coming::Picture { client, session } => {
                let ledger = &mut self.clients[client].ledger;
                if ledger.session == session && ledger.is_waiting() {
                    ledger.learn(self.application.log())?;
                }
            }
            Coming::ToClient { wire, bytes } => self.arrive(wire, bytes)?,
            Coming::ToHub { wire, bytes } => {
                if let Some(wire) = self.wires.get(&wire).filter(|wire| !wire.dead) {
                    wire.pipe.give(&bytes);
                }
            }
            Coming::EndsAtHub { wire, end } => {
                if let Some(wire) = self.wires.get(&wire) {
                    wire.pipe.end(end);
                }
            }
            Coming::EndsAtClient { wire } => self.end_at_client(wire, None)?,
        }
        Ok(Step::Passed)
    }

    /// Something that the application says of its own accord.
    pub async fn write_for_nobody(&mut self) {
        let key = NOBODYS + self.application.written() as u64;
        self.application.write(key).await;
    }
}
