//! The roster as the rows make it, where several servers share them (`seats`): what was read of one person and of
//! all, and which of two answers holds. Tells nothing, and refuses to know what changes a row.

use super::seats::{Shared, after};
use super::{ChatService, lock};
use crate::store::StoreError;
use crate::store::attendance::{Seat, State};
use app::chat::{Millis, Person, UserId};
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// When the rows were asked for that the roster is made of: of two answers, the one that was asked for later holds.
#[derive(Default)]
pub struct Reads {
    last: Mutex<Last>,
    /// One at a time reads all rows.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Last {
    everybody: Option<Instant>,
    /// Those who were asked for alone since then.
    alone: HashMap<UserId, Instant>,
}

/// All rows, person by person.
type Everybody = BTreeMap<UserId, Vec<Seat>>;

impl ChatService {
    /// The person's connections as the rows are now.
    pub(super) async fn refresh(&self, shared: &Shared, user: UserId) -> Result<(), StoreError> {
        self.count(shared, user).await.map(drop)
    }

    /// Everybody's as they are now or later, since what happens after it is told. Those who come at once wait for one
    /// answer.
    pub(super) async fn catch_up(&self, shared: &Shared) -> Result<(), StoreError> {
        self.count_all(shared, Some(Instant::now())).await.map(drop)
    }

    /// Takes the person's rows for true, silently.
    pub(super) async fn count(
        &self,
        shared: &Shared,
        user: UserId,
    ) -> Result<Vec<Seat>, StoreError> {
        let asked = Instant::now();
        let seats = shared.rows.of(user).await?;
        let mut last = lock(&self.own.reads.last);
        let before = last.alone.get(&user).copied().max(last.everybody);
        if before.is_none_or(|before| before <= asked) {
            last.alone.insert(user, asked);
            lock(&self.roster).absorb(user, present(&seats, shared.pace.grace, self.now()));
        }
        Ok(seats)
    }

    /// Takes all rows for true, silently. `None` if somebody did who asked after `since`.
    pub(super) async fn count_all(
        &self,
        shared: &Shared,
        since: Option<Instant>,
    ) -> Result<Option<Everybody>, StoreError> {
        let reads = &self.own.reads;
        let _looking = reads.looking.lock().await;
        let before = lock(&reads.last).everybody;
        if since
            .zip(before)
            .is_some_and(|(since, before)| before >= since)
        {
            return Ok(None);
        }
        let asked = Instant::now();
        let seats = shared.rows.all().await?;
        let mut people = Everybody::new();
        for seat in seats {
            people.entry(seat.user()).or_default().push(seat);
        }
        let now = self.now();
        let mut last = lock(&reads.last);
        last.everybody = Some(asked);
        last.alone.retain(|_, at| *at > asked);
        let is_newer = |user: &UserId| last.alone.contains_key(user);
        let mut roster = lock(&self.roster);
        for (user, seats) in people.iter().filter(|(user, _)| !is_newer(user)) {
            roster.absorb(*user, present(seats, shared.pace.grace, now));
        }
        roster.retain(|user| people.contains_key(user) || is_newer(user));
        Ok(Some(people))
    }
}

/// Those which count: open ones, and for a while those that have ended.
fn present(seats: &[Seat], grace: Duration, now: Millis) -> Vec<(&Person, &str, bool)> {
    seats
        .iter()
        .filter(|seat| counts(seat, grace, now))
        .map(|seat| (&seat.person, seat.connection.as_str(), seat.idle))
        .collect()
}

pub fn counts(seat: &Seat, grace: Duration, now: Millis) -> bool {
    match seat.state {
        State::Open => true,
        State::Ended => within(seat.changed, grace, now),
        State::Opening { .. } => false,
    }
}

pub fn within(since: Millis, time: Duration, now: Millis) -> bool {
    now < after(since, time)
}
