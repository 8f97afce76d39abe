//! Connections as rows of the table `presence`, one partition for each person. Refuses to know who is told.

use super::client::{Failure, Table};
use super::key::Key;
use super::lane::pause;
use super::row::Row;
use super::rows::{self, with_person};
use super::{Inner, Tables, soon};
use crate::store::attendance::{Attendance, Change, Seat, State};
use crate::store::{Reading, StoreError};
use app::chat::{Millis, UserId};

/// How often a change is made again when somebody else was faster.
const TRIES: u32 = 8;

impl Attendance for Tables {
    fn add(&self, seat: Seat) -> Reading<'_, bool> {
        soon(async move {
            let row = row_of(&seat);
            match self.0.client.insert(Table::Presence, &row).await {
                Ok(()) => Ok(true),
                Err(Failure::Exists) => Ok(false),
                Err(failure) => Err(failure),
            }
        })
    }

    fn change(
        &self,
        user: UserId,
        connection: String,
        change: Change,
    ) -> Reading<'_, Option<Seat>> {
        soon(async move { self.0.change_seat(user, &connection, &change).await })
    }

    fn of(&self, user: UserId) -> Reading<'_, Vec<Seat>> {
        soon(async move {
            let client = &self.0.client;
            let rows = client.query(Table::Presence, &Key::id(user), None, usize::MAX);
            Ok(rows.await?.iter().map(seat).collect::<Result<_, _>>()?)
        })
    }

    fn all(&self) -> Reading<'_, Vec<Seat>> {
        // As many answers as it takes, each in its time.
        Box::pin(async move {
            let mut seats = Vec::new();
            let mut scan = self.0.client.scan(Table::Presence, None);
            while let Some(rows) = scan.next().await.map_err(StoreError::from)? {
                for row in &rows {
                    seats.push(seat(row)?);
                }
            }
            Ok(seats)
        })
    }

    fn remove(&self, user: UserId, connection: String) -> Reading<'_, ()> {
        soon(async move {
            let client = &self.0.client;
            let (partition, key) = (Key::id(user), key(&connection));
            let Some(row) = client.get(Table::Presence, &partition, &key).await? else {
                return Ok(());
            };
            match client.delete(Table::Presence, &row).await {
                // It was changed: whoever did that has a use for it.
                Err(Failure::Changed) => Ok(()),
                done => done,
            }
        })
    }
}

impl Inner {
    async fn change_seat(
        &self,
        user: UserId,
        connection: &str,
        change: &Change,
    ) -> Result<Option<Seat>, Failure> {
        let (partition, key) = (Key::id(user), key(connection));
        for tries in 1..=TRIES {
            let found = self.client.get(Table::Presence, &partition, &key).await?;
            let Some(row) = found else { return Ok(None) };
            let before = seat(&row)?;
            let mut after = before.clone();
            if !change(&mut after) {
                return Ok(Some(before));
            }
            let changed = self
                .client
                .update(Table::Presence, &row_of(&after), &row.etag()?)
                .await;
            match changed {
                Ok(()) => return Ok(Some(before)),
                Err(Failure::Changed | Failure::Missing) => {
                    tokio::time::sleep(pause(tries)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Changed)
    }
}

fn key(connection: &str) -> Key {
    Key::word("at").and(connection)
}

fn row_of(seat: &Seat) -> Row {
    let row = Row::new(Key::id(seat.user()), key(&seat.connection))
        .with("connection", &seat.connection)
        .with("idle", seat.idle)
        .with_number("changed", seat.changed.0)
        .with("by", &seat.by)
        .with_number("until", seat.until.0);
    let row = with_person(row, &seat.person);
    match &seat.state {
        State::Open => row.with("state", "open"),
        State::Ended => row.with("state", "ended"),
        State::Opening { given } => {
            // 33 characters each, and nobody is in more than 500 chats: it fits.
            let ids: Vec<String> = given.iter().map(ToString::to_string).collect();
            row.with("state", "opening").with("given", ids.join(","))
        }
    }
}

fn seat(row: &Row) -> Result<Seat, StoreError> {
    let corrupt = || StoreError::Corrupt {
        key: format!("{}/{}", row.partition, row.key),
    };
    let state: String = row.get("state")?;
    let state = match state.as_str() {
        "open" => State::Open,
        "ended" => State::Ended,
        "opening" => {
            let ids: String = row.get("given")?;
            let ids = ids.split(',').filter(|id| !id.is_empty());
            let given = ids.map(|id| id.parse().map_err(|_| corrupt()));
            State::Opening {
                given: given.collect::<Result<_, _>>()?,
            }
        }
        _ => return Err(corrupt()),
    };
    Ok(Seat {
        person: rows::person(row)?,
        connection: row.get("connection")?,
        state,
        idle: row.get("idle")?,
        changed: Millis(row.number("changed")?),
        by: row.get("by")?,
        until: Millis(row.number("until")?),
    })
}
