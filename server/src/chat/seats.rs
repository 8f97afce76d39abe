//! Presence that several servers share. Each event of a connection comes to whichever server; that one writes the
//! connection's row, reads all rows of the person, and tells what changed by it. The others find it in the rows
//! when they look around, and tell nothing. Refuses to know how rows are kept.
//!
//! Written first, read after it: of two servers at work on one person, at least one sees what both did. What is told
//! twice is harmless, so in doubt it is told: a row that another server changed a moment ago may be one that it has not
//! counted yet. Within a server, people take turns.
//!
//! Nothing is for ever: a row counts until its time, then one server asks the service whether the connection is
//! there. So whoever was on a server that died halfway, or whose end nobody heard of, goes offline after a while.

use super::presence::GRACE;
use super::tally::{Reads, counts, within};
use super::{ChatService, effects};
use crate::store::StoreError;
use crate::store::attendance::{Attendance, Seat, State};
use app::chat::{ChatId, Fact, Millis, Person, Presence, Present, UserId};
use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;
use uuid::Uuid;

/// A row that was changed so short a time ago may not have been counted by the server that did: clocks differ, too.
const UNSURE: Duration = Duration::from_secs(10);

/// Connections that one server asks the service about when it looks around.
const ASKED: usize = 64;

/// What a connection may take to open after it was let in.
const OPENING: Duration = Duration::from_secs(60);

/// How patient a server is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a connection counts before somebody asks whether it is there.
    pub lease: Duration,
    /// How often a server reads what others did.
    pub look: Duration,
    /// How long somebody without a connection still counts as there.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            lease: Duration::from_secs(180),
            look: Duration::from_secs(5),
            grace: GRACE,
        }
    }
}

/// Rows that are shared, and how often.
#[derive(Clone)]
pub struct Shared {
    pub rows: Arc<dyn Attendance>,
    pub pace: Pace,
}

/// One person's events wait for each other.
const TURNS: usize = 64;

/// What a server knows by itself.
pub struct Own {
    /// Its name in the rows.
    name: String,
    pub(super) reads: Reads,
    turns: [tokio::sync::Mutex<()>; TURNS],
}

impl Default for Own {
    fn default() -> Self {
        Own {
            name: Uuid::new_v4().simple().to_string(),
            reads: Reads::default(),
            turns: std::array::from_fn(|_| tokio::sync::Mutex::default()),
        }
    }
}

/// How a connection that opens is met.
pub enum Met {
    /// It has ended already.
    Ended,
    /// Another server met it.
    Known,
    /// These chats were given to it when it was let in.
    New(HashSet<ChatId>),
}

type Done = Result<(), StoreError>;

impl ChatService {
    /// A connection was let in.
    pub(super) async fn expect_seat(
        &self,
        shared: &Shared,
        person: Person,
        connection: &str,
        given: &HashSet<ChatId>,
    ) -> Done {
        let now = self.now();
        let seat = Seat {
            person,
            connection: connection.to_owned(),
            state: State::Opening {
                given: given.iter().copied().collect(),
            },
            idle: false,
            changed: now,
            by: self.own.name.clone(),
            until: after(now, OPENING),
        };
        shared.rows.add(seat).await.map(drop)
    }

    /// A connection is open.
    pub(super) async fn take_seat(
        &self,
        shared: &Shared,
        person: Person,
        connection: &str,
    ) -> Result<Met, StoreError> {
        let user = person.id;
        let _turn = self.own.turn(user).lock().await;
        let now = self.now();
        let until = after(now, shared.pace.lease);
        let by = self.own.name.clone();
        let opened = move |seat: &mut Seat| {
            if !matches!(seat.state, State::Opening { .. }) {
                return false;
            }
            seat.state = State::Open;
            (seat.changed, seat.by, seat.until) = (now, by.clone(), until);
            true
        };
        let before = shared
            .rows
            .change(user, connection.to_owned(), Arc::new(opened))
            .await?;
        let given = match before.map(|seat| seat.state) {
            Some(State::Opening { given }) => given.into_iter().collect(),
            Some(State::Ended) => return Ok(Met::Ended),
            Some(State::Open) => {
                self.refresh(shared, user).await?;
                return Ok(Met::Known);
            }
            None => {
                let seat = Seat {
                    person,
                    connection: connection.to_owned(),
                    state: State::Open,
                    idle: false,
                    changed: now,
                    by: self.own.name.clone(),
                    until,
                };
                shared.rows.add(seat).await?;
                HashSet::new()
            }
        };
        self.settle(shared, user, connection, None).await?;
        Ok(Met::New(given))
    }

    /// A connection has ended. The person has too, if none comes back.
    pub(super) async fn leave_seat(&self, shared: &Shared, user: UserId, connection: &str) -> Done {
        let _turn = self.own.turn(user).lock().await;
        let now = self.now();
        let by = self.own.name.clone();
        let ended = move |seat: &mut Seat| {
            if seat.state == State::Ended {
                return false;
            }
            seat.state = State::Ended;
            (seat.changed, seat.by) = (now, by.clone());
            true
        };
        let before = shared
            .rows
            .change(user, connection.to_owned(), Arc::new(ended))
            .await?;
        let idle = match before {
            Some(seat) if seat.is_open() => seat.idle,
            Some(Seat {
                state: State::Ended,
                ..
            }) => return Ok(()),
            Some(_) => return shared.rows.remove(user, connection.to_owned()).await,
            // What is told of it may come after its end.
            None => return self.bury(shared, user, connection, now).await,
        };
        if self.settle(shared, user, connection, Some(idle)).await? {
            return shared.rows.remove(user, connection.to_owned()).await;
        }
        self.depart_later(shared, user);
        Ok(())
    }

    /// A page says whether anybody is at it.
    pub(super) async fn idle_seat(
        &self,
        shared: &Shared,
        user: UserId,
        connection: &str,
        idle: bool,
    ) -> Done {
        let _turn = self.own.turn(user).lock().await;
        let now = self.now();
        let until = after(now, shared.pace.lease);
        let by = self.own.name.clone();
        let changed = move |seat: &mut Seat| {
            if !seat.is_open() {
                return false;
            }
            (seat.idle, seat.until) = (idle, until);
            (seat.changed, seat.by) = (now, by.clone());
            true
        };
        let before = shared
            .rows
            .change(user, connection.to_owned(), Arc::new(changed))
            .await?;
        match before {
            Some(seat) if seat.is_open() && seat.idle != idle => self
                .settle(shared, user, connection, Some(seat.idle))
                .await
                .map(drop),
            Some(_) | None => Ok(()),
        }
    }

    /// Counts the person's rows, of which one was just changed, and tells what followed from that. `before`: whether
    /// that connection was idle; `None` if it was not there. Says whether the person is there.
    async fn settle(
        &self,
        shared: &Shared,
        user: UserId,
        connection: &str,
        before: Option<bool>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let seats = self.count(shared, user).await?;
        let is_own = |seat: &&Seat| seat.connection == connection;
        let others = || seats.iter().filter(|seat| !is_own(seat));
        // A page that is loaded again makes no noise.
        let was_there = others().filter(|seat| match before {
            None => counts(seat, shared.pace.grace, now),
            Some(_) => seat.is_open(),
        });
        let was = merged(was_there.map(|seat| seat.idle).chain(before));
        let is = merged(
            seats
                .iter()
                .filter(|seat| seat.is_open())
                .map(|seat| seat.idle),
        );
        let is_unsure = others()
            .filter(|seat| seat.is_open() && seat.by != self.own.name)
            .any(|seat| within(seat.changed, UNSURE, now));
        let Some(presence) = is else {
            return Ok(false);
        };
        if was != is || is_unsure {
            let fact = match (before, was, presence) {
                (None, None, _) => self.online(&seats, user, presence),
                (None, Some(_), _) if is_unsure => self.online(&seats, user, presence),
                (_, _, Presence::Online) => Some(Fact::UserNotIdle { user }),
                (_, _, Presence::Away) => Some(Fact::UserIsIdle { user }),
            };
            self.tell_presence(|_| fact);
        }
        Ok(true)
    }

    fn online(&self, seats: &[Seat], user: UserId, presence: Presence) -> Option<Fact> {
        let person = seats
            .iter()
            .find(|seat| seat.user() == user)?
            .person
            .clone();
        Some(Fact::UserOnline(Present { person, presence }))
    }

    /// An end that came first: it is remembered for a while.
    async fn bury(&self, shared: &Shared, user: UserId, connection: &str, now: Millis) -> Done {
        let Some(person) = self.wiring.store.person(user).await? else {
            return Ok(());
        };
        let seat = Seat {
            person,
            connection: connection.to_owned(),
            state: State::Ended,
            idle: false,
            changed: now,
            by: self.own.name.clone(),
            until: now,
        };
        shared.rows.add(seat).await.map(drop)
    }

    fn depart_later(&self, shared: &Shared, user: UserId) {
        let (me, shared) = (self.me.clone(), shared.clone());
        tokio::spawn(async move {
            tokio::time::sleep(shared.pace.grace).await;
            if let Some(service) = me.upgrade()
                && let Err(error) = service.depart(&shared, user).await
            {
                // Whoever looks around next does it.
                tracing::warn!(%error, "whether somebody has gone is not known");
            }
        });
    }

    /// The time of grace is over. Told first and removed after it: what is told twice is harmless.
    async fn depart(&self, shared: &Shared, user: UserId) -> Done {
        let _turn = self.own.turn(user).lock().await;
        let seats = self.count(shared, user).await?;
        let ended: Vec<&Seat> = seats
            .iter()
            .filter(|seat| seat.state == State::Ended)
            .collect();
        if !ended.is_empty() && !seats.iter().any(Seat::is_open) {
            self.tell_presence(|_| Some(Fact::UserOffline { user }));
        }
        for seat in ended {
            shared.rows.remove(user, seat.connection.clone()).await?;
        }
        Ok(())
    }

    /// Reads what all servers did, and does what one of them did not get done.
    async fn look_around(&self, shared: &Shared) -> Done {
        let people = self.count_all(shared, None).await?.unwrap_or_default();
        let now = self.now();
        let forgotten = 2 * shared.pace.grace;
        let mut asked = 0;
        for (user, seats) in &people {
            let is_left =
                |seat: &Seat| seat.state == State::Ended && !within(seat.changed, forgotten, now);
            if seats.iter().any(is_left) {
                self.depart(shared, *user).await?;
            }
            let late = seats
                .iter()
                .filter(|seat| seat.state != State::Ended && seat.until < now);
            for seat in late {
                if asked == ASKED {
                    return Ok(());
                }
                asked += 1;
                self.ask_for(shared, seat, now).await?;
            }
        }
        Ok(())
    }

    /// Asks the service whether the connection is there: one server does, whoever renews the row first.
    async fn ask_for(&self, shared: &Shared, seat: &Seat, now: Millis) -> Done {
        let (late, until) = (seat.until, after(now, shared.pace.lease));
        let renew = move |seat: &mut Seat| {
            let is_late = seat.until == late && seat.state != State::Ended;
            if is_late {
                seat.until = until;
            }
            is_late
        };
        let renewed = shared
            .rows
            .change(seat.user(), seat.connection.clone(), Arc::new(renew));
        match renewed.await {
            Ok(Some(before)) if before.until == late => {}
            // Somebody else does.
            Ok(_) | Err(StoreError::Conflict) => return Ok(()),
            Err(error) => return Err(error),
        }
        match self.wiring.publish.exists(&seat.connection).await {
            Ok(true) => Ok(()),
            Ok(false) => self.leave_seat(shared, seat.user(), &seat.connection).await,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "not known who is there"
                );
                Ok(())
            }
        }
    }

    pub(super) fn now(&self) -> Millis {
        (self.wiring.clock)()
    }
}

impl Own {
    fn turn(&self, user: UserId) -> &tokio::sync::Mutex<()> {
        &self.turns[usize::from(user.as_bytes()[15]) % TURNS]
    }
}

/// Looks around now and then, as long as the service lives.
pub async fn keep_looking(service: Weak<ChatService>, shared: Shared) {
    loop {
        let Some(service) = service.upgrade() else {
            return;
        };
        if let Err(error) = service.look_around(&shared).await {
            tracing::warn!(%error, "what other servers know is not known here");
        }
        drop(service);
        tokio::time::sleep(shared.pace.look).await;
    }
}

/// What follows from a commit reaches connections that other servers met, too.
pub async fn refresh_concerned(
    service: &ChatService,
    shared: &Shared,
    commit: &crate::store::Commit,
) {
    for user in effects::concerned(commit) {
        if let Err(error) = service.refresh(shared, user).await {
            tracing::warn!(%error, "a connection that another server met may keep, or miss, a right");
        }
    }
}

/// `None` for nobody; away when all are idle.
fn merged(idle: impl Iterator<Item = bool>) -> Option<Presence> {
    idle.fold(None, |presence, idle| match (presence, idle) {
        (Some(Presence::Online), _) | (_, false) => Some(Presence::Online),
        (None | Some(Presence::Away), true) => Some(Presence::Away),
    })
}

pub fn after(now: Millis, time: Duration) -> Millis {
    Millis(now.0 + u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2))
}
