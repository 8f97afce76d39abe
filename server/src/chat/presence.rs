//! Who is there, merged over pages and devices: a person is online while one connection is, and away when all
//! their connections are idle. Pure: says what changed, and leaves telling and waiting to the service.

use app::chat::{Fact, Person, Presence, Present, UserId};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How long somebody without a connection still counts as there: a reload makes no noise.
pub const GRACE: Duration = Duration::from_secs(10);

/// Connections whose end is remembered: more than can end while the rows of one that opened are read.
const ENDED: usize = 16_384;

#[derive(Default)]
pub struct Roster {
    people: HashMap<UserId, Here>,
    owners: HashMap<String, UserId>,
    ended: Ended,
    departures: u64,
}

/// The last connections that closed, in the order in which they did. What is told of one that was short may
/// come after its end.
#[derive(Default)]
struct Ended {
    known: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

struct Here {
    person: Person,
    /// Each with whether it is idle.
    connections: HashMap<String, bool>,
    told: Presence,
    /// Which departure is waited for.
    departure: Option<Departure>,
}

/// The last connection has gone; the person has, if none comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    pub user: UserId,
    number: u64,
}

/// What the end of a connection means.
#[derive(Debug, PartialEq)]
pub enum Left {
    Nothing,
    Changed(Box<Fact>),
    /// To be confirmed after `GRACE`.
    Leaving(Departure),
}

impl Roster {
    /// A connection opened. Once is enough; again is nothing, and so is what comes after its end.
    pub fn arrive(&mut self, connection: &str, person: Person) -> Option<Fact> {
        if self.ended.known.contains(connection) {
            return None;
        }
        let user = person.id;
        self.owners.insert(connection.to_owned(), user);
        let Some(here) = self.people.get_mut(&user) else {
            let present = Present {
                person: person.clone(),
                presence: Presence::Online,
            };
            let here = Here {
                person,
                connections: HashMap::from([(connection.to_owned(), false)]),
                told: Presence::Online,
                departure: None,
            };
            self.people.insert(user, here);
            return Some(Fact::UserOnline(present));
        };
        here.departure = None;
        here.connections
            .entry(connection.to_owned())
            .or_insert(false);
        here.settle()
    }

    /// A connection closed for good, perhaps before it arrived.
    pub fn leave(&mut self, connection: &str) -> Left {
        self.ended.add(connection);
        let Some(user) = self.owners.remove(connection) else {
            return Left::Nothing;
        };
        let Some(here) = self.people.get_mut(&user) else {
            return Left::Nothing;
        };
        here.connections.remove(connection);
        if here.connections.is_empty() {
            self.departures += 1;
            let departure = Departure {
                user,
                number: self.departures,
            };
            here.departure = Some(departure);
            return Left::Leaving(departure);
        }
        here.settle()
            .map_or(Left::Nothing, |fact| Left::Changed(Box::new(fact)))
    }

    /// The time of grace is over: `None` if somebody came back.
    pub fn confirm(&mut self, departure: Departure) -> Option<Fact> {
        let user = departure.user;
        if self.people.get(&user)?.departure != Some(departure) {
            return None;
        }
        self.people.remove(&user);
        Some(Fact::UserOffline { user })
    }

    /// A page of `user` says whether anybody is at it.
    pub fn idle(&mut self, user: UserId, connection: &str, idle: bool) -> Option<Fact> {
        let here = self.people.get_mut(&user)?;
        *here.connections.get_mut(connection)? = idle;
        here.settle()
    }

    /// What another server knows of somebody: these connections, each with whether it is idle. Told by that one.
    pub fn absorb(&mut self, user: UserId, seats: Vec<(&Person, &str, bool)>) {
        if let Some(before) = self.people.remove(&user) {
            for connection in before.connections.keys() {
                self.owners.remove(connection);
            }
        }
        let mut seats = seats.into_iter();
        let Some((person, connection, idle)) = seats.next() else {
            return;
        };
        let mut here = Here {
            person: person.clone(),
            connections: HashMap::from([(connection.to_owned(), idle)]),
            told: Presence::Online,
            departure: None,
        };
        let others = seats.map(|(_, connection, idle)| (connection.to_owned(), idle));
        here.connections.extend(others);
        // Silently.
        let _ = here.settle();
        for connection in here.connections.keys() {
            self.owners.insert(connection.clone(), user);
        }
        self.people.insert(user, here);
    }

    /// Forgets all others, as nobody knows of them any more.
    pub fn retain(&mut self, is_there: impl Fn(&UserId) -> bool) {
        self.people.retain(|user, _| is_there(user));
        self.owners.retain(|_, user| is_there(user));
    }

    pub fn knows(&self, connection: &str) -> bool {
        self.owners.contains_key(connection)
    }

    pub fn person(&self, user: UserId) -> Option<Person> {
        self.people.get(&user).map(|here| here.person.clone())
    }

    pub fn contains(&self, user: UserId) -> bool {
        self.people.contains_key(&user)
    }

    pub fn everybody(&self) -> Vec<Present> {
        self.people
            .values()
            .map(|here| Present {
                person: here.person.clone(),
                presence: here.told,
            })
            .collect()
    }

    pub fn connections(&self, user: UserId) -> Vec<String> {
        self.people
            .get(&user)
            .map(|here| here.connections.keys().cloned().collect())
            .unwrap_or_default()
    }
}

impl Ended {
    fn add(&mut self, connection: &str) {
        let connection: Arc<str> = connection.into();
        if !self.known.insert(connection.clone()) {
            return;
        }
        self.order.push_back(connection);
        if self.order.len() > ENDED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

impl Here {
    /// One fact for each change, none for none.
    fn settle(&mut self) -> Option<Fact> {
        let user = self.person.id;
        let all_idle = self.connections.values().all(|idle| *idle);
        match (self.told, all_idle) {
            (Presence::Online, true) => {
                self.told = Presence::Away;
                Some(Fact::UserIsIdle { user })
            }
            (Presence::Away, false) => {
                self.told = Presence::Online;
                Some(Fact::UserNotIdle { user })
            }
            (Presence::Online, false) | (Presence::Away, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::chat::Kind;
    use proptest::prelude::*;

    fn person(id: u8) -> Person {
        Person {
            id: UserId::from_bytes([id; 16]),
            name: "Ada".parse().expect("fit"),
            tag: None,
            kind: Kind::Guest,
        }
    }

    fn ada() -> UserId {
        person(1).id
    }

    #[test]
    fn two_tabs_are_one_person_and_the_first_to_close_changes_nothing() {
        let mut roster = Roster::default();
        assert!(matches!(
            roster.arrive("a", person(1)),
            Some(Fact::UserOnline(_))
        ));
        assert_eq!(roster.arrive("b", person(1)), None);
        assert_eq!(roster.leave("a"), Left::Nothing);
        assert_eq!(roster.everybody().len(), 1);
    }

    #[test]
    fn a_reload_makes_no_noise() {
        let mut roster = Roster::default();
        roster.arrive("a", person(1));
        let Left::Leaving(departure) = roster.leave("a") else {
            panic!("the last connection")
        };
        assert_eq!(roster.arrive("b", person(1)), None);
        assert_eq!(roster.confirm(departure), None);
        assert!(roster.contains(ada()));
    }

    #[test]
    fn whoever_stays_away_goes_offline_once() {
        let mut roster = Roster::default();
        roster.arrive("a", person(1));
        let Left::Leaving(departure) = roster.leave("a") else {
            panic!("the last connection")
        };
        assert_eq!(
            roster.confirm(departure),
            Some(Fact::UserOffline { user: ada() })
        );
        assert_eq!(roster.confirm(departure), None);
        assert_eq!(roster.leave("a"), Left::Nothing);
    }

    #[test]
    fn a_person_is_away_only_when_every_page_is_idle() {
        let mut roster = Roster::default();
        roster.arrive("a", person(1));
        roster.arrive("b", person(1));
        assert_eq!(roster.idle(ada(), "a", true), None);
        assert_eq!(
            roster.idle(ada(), "b", true),
            Some(Fact::UserIsIdle { user: ada() })
        );
        assert_eq!(
            roster.idle(ada(), "b", true),
            None,
            "one fact for one change"
        );
        assert_eq!(
            roster.idle(ada(), "a", false),
            Some(Fact::UserNotIdle { user: ada() })
        );
        assert_eq!(
            roster.leave("a"),
            Left::Changed(Box::new(Fact::UserIsIdle { user: ada() }))
        );
    }

    #[test]
    fn nobody_makes_somebody_else_idle() {
        let mut roster = Roster::default();
        roster.arrive("a", person(1));
        roster.arrive("b", person(2));
        assert_eq!(roster.idle(person(2).id, "a", true), None);
        assert!(
            roster
                .everybody()
                .iter()
                .all(|one| one.presence == Presence::Online)
        );
    }

    #[test]
    fn a_connection_that_has_ended_does_not_arrive_any_more() {
        let mut roster = Roster::default();
        assert_eq!(roster.leave("short"), Left::Nothing);
        assert_eq!(roster.arrive("short", person(1)), None);
        assert!(!roster.knows("short"));
        assert!(roster.everybody().is_empty());
        assert!(roster.arrive("next", person(1)).is_some());
    }

    #[test]
    fn so_many_ends_are_remembered_and_no_more() {
        let mut roster = Roster::default();
        for number in 0..=ENDED {
            roster.leave(&number.to_string());
            roster.leave(&number.to_string());
        }
        assert_eq!(roster.ended.known.len(), ENDED);
        assert_eq!(roster.ended.order.len(), ENDED);
        assert_eq!(roster.arrive("1", person(1)), None);
        assert!(roster.arrive("0", person(1)).is_some());
    }

    #[test]
    fn what_others_know_replaces_what_was_known() {
        let mut roster = Roster::default();
        roster.arrive("a", person(1));
        roster.arrive("c", person(2));
        let ada_there = person(1);
        roster.absorb(
            ada(),
            vec![(&ada_there, "b", true), (&ada_there, "d", true)],
        );
        assert!(!roster.knows("a") && roster.knows("b"));
        let here = roster.everybody();
        let away = here.iter().find(|one| one.person.id == ada());
        assert_eq!(away.map(|one| one.presence), Some(Presence::Away));
        roster.absorb(ada(), Vec::new());
        assert!(!roster.contains(ada()) && !roster.knows("b"));
        roster.retain(|_| false);
        assert!(roster.everybody().is_empty() && !roster.knows("c"));
    }

    proptest! {
        #[test]
        fn facts_told_one_after_another_are_the_roster(
            steps in prop::collection::vec((0u8..4, 0u8..3, 0u8..3), 0..80)
        ) {
            let mut roster = Roster::default();
            let mut told = app::chat::people::People::default();
            let mut waiting = Vec::new();
            // A connection that has ended is never there again: the next one has another name.
            let mut lives: HashMap<(u8, u8), usize> = HashMap::new();
            for (what, who, which) in steps {
                let life = lives.entry((who, which)).or_default();
                let connection = format!("{who}-{which}-{life}");
                if what == 1 {
                    *life += 1;
                }
                let user = person(who).id;
                let fact = match what {
                    0 => roster.arrive(&connection, person(who)),
                    1 => match roster.leave(&connection) {
                        Left::Nothing => None,
                        Left::Changed(fact) => Some(*fact),
                        Left::Leaving(departure) => { waiting.push(departure); None }
                    },
                    2 => waiting.pop().and_then(|departure| roster.confirm(departure)),
                    _ => roster.idle(user, &connection, which % 2 == 0),
                };
                match fact {
                    Some(Fact::UserOnline(present)) => { told.online(present); }
                    Some(Fact::UserOffline { user }) => { told.offline(user); }
                    Some(Fact::UserIsIdle { user }) => { told.presence(user, Presence::Away); }
                    Some(Fact::UserNotIdle { user }) => { told.presence(user, Presence::Online); }
                    Some(other) => prop_assert!(false, "{other:?}"),
                    None => {}
                }
                let mut listed: Vec<_> = roster.everybody();
                listed.sort_by_key(|one| one.person.id);
                let mut seen: Vec<_> = told.rows().to_vec();
                seen.sort_by_key(|one| one.person.id);
                prop_assert_eq!(listed, seen);
            }
        }
    }
}
