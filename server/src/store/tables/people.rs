//! Who is known, and under which name. A name has a row of its own, so that of two who want it one is first.
//! Refuses to know which names look alike: they come with what is equal for those.

use super::Inner;
use super::client::{Failure, Table};
use super::key::Key;
use super::row::Row;
use super::rows::{self, person_row};
use crate::store::Newcomer;
use app::chat::{Person, UserId};
use sha2::{Digest, Sha256};

/// Bytes of a name that its key can hold, three characters for each.
const LONG: usize = 128;

pub fn name_row(person: &Person, skeleton: &str) -> Row {
    let key = match &person.tag {
        None => Key::word("plain"),
        Some(tag) => Key::word("tag").and(tag),
    };
    Row::new(names(skeleton), key).with("person", person.id)
}

/// A name of rare characters makes a longer key than a table takes: its digest does as well.
fn names(skeleton: &str) -> Key {
    match skeleton.len() {
        ..=LONG => Key::word("name").and(skeleton),
        _ => Key::word("long").and(format_args!("{:x}", Sha256::digest(skeleton))),
    }
}

impl Inner {
    pub async fn one_person(&self, user: UserId) -> Result<Option<Person>, Failure> {
        let found = self
            .client
            .get(Table::Users, &Key::id(user), &rows::person_key());
        match found.await? {
            Some(row) => Ok(Some(rows::person(&row)?)),
            None => Ok(None),
        }
    }

    /// Admits a newcomer, without the tag where nobody looks like them.
    pub async fn admit_newcomer(&self, newcomer: Newcomer) -> Result<Person, Failure> {
        let Newcomer {
            person,
            skeleton,
            reserved,
        } = newcomer;
        let plain = Person {
            tag: None,
            ..person.clone()
        };
        let namesakes = self.client.query(Table::Users, &names(&skeleton), None, 1);
        if !reserved && namesakes.await?.is_empty() {
            match self.admit(&plain, &skeleton).await {
                // Somebody was faster.
                Err(Failure::Exists) => {}
                done => return done.map(|()| plain),
            }
        }
        self.admit(&person, &skeleton).await?;
        Ok(person)
    }

    /// Somebody is known from now on. The name first: one that nobody bears is no harm, two bearers would be.
    pub async fn admit(&self, person: &Person, skeleton: &str) -> Result<(), Failure> {
        self.client
            .insert(Table::Users, &name_row(person, skeleton))
            .await?;
        self.client.insert(Table::Users, &person_row(person)).await
    }
}
