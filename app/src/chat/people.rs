//! Who is here: one row per person who is online, sorted by name. One verb per fact, and applying a fact twice
//! changes nothing the second time. Refuses to know how rows are shown.

use super::id::UserId;
use super::model::{Presence, Present};
use crate::letters::lower;
use std::cmp::Ordering;

/// What a verb touched, so that the screen redraws no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<Id> {
    Nothing,
    /// One row's content; rows and order are as before.
    Row(Id),
    /// Rows came, went or moved; this one among them.
    List(Id),
}

/// Everybody who is online.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct People {
    rows: Vec<Present>,
}

impl People {
    /// Keeps the last of several rows about one person.
    pub fn new(present: Vec<Present>) -> Self {
        let mut people = People::default();
        for one in present {
            people.online(one);
        }
        people
    }

    pub fn rows(&self) -> &[Present] {
        &self.rows
    }

    pub fn get(&self, user: UserId) -> Option<&Present> {
        self.rows.iter().find(|row| row.person.id == user)
    }

    /// Somebody is here, or is here under another name.
    pub fn online(&mut self, present: Present) -> Change<UserId> {
        let user = present.person.id;
        if let Some(row) = self.rows.iter_mut().find(|row| row.person.id == user) {
            if *row == present {
                return Change::Nothing;
            }
            if row.person == present.person {
                row.presence = present.presence;
                return Change::Row(user);
            }
            self.rows.retain(|row| row.person.id != user);
        }
        let place = self
            .rows
            .partition_point(|row| by_name(row, &present) == Ordering::Less);
        self.rows.insert(place, present);
        Change::List(user)
    }

    pub fn offline(&mut self, user: UserId) -> Change<UserId> {
        let before = self.rows.len();
        self.rows.retain(|row| row.person.id != user);
        match self.rows.len() == before {
            true => Change::Nothing,
            false => Change::List(user),
        }
    }

    /// Says how a person who is here is here; about others it says nothing.
    pub fn presence(&mut self, user: UserId, presence: Presence) -> Change<UserId> {
        match self.rows.iter_mut().find(|row| row.person.id == user) {
            Some(row) if row.presence != presence => {
                row.presence = presence;
                Change::Row(user)
            }
            Some(_) | None => Change::Nothing,
        }
    }
}

fn by_name(a: &Present, b: &Present) -> Ordering {
    let name = |row: &Present| lower(&row.person.to_string());
    name(a)
        .cmp(&name(b))
        .then_with(|| a.person.id.cmp(&b.person.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Kind, Person};
    use proptest::prelude::*;

    fn present(id: u8, name: &str, presence: Presence) -> Present {
        let person = Person {
            id: UserId::from_bytes([id; 16]),
            name: name.parse().expect("fit"),
            tag: None,
            kind: Kind::Guest,
        };
        Present { person, presence }
    }

    fn names(people: &People) -> Vec<String> {
        people.rows().iter().map(|r| r.person.to_string()).collect()
    }

    #[test]
    fn people_stand_in_the_order_of_their_names_whatever_the_case() {
        let people = People::new(vec![
            present(1, "cy", Presence::Online),
            present(2, "Ada", Presence::Online),
            present(3, "Bo", Presence::Away),
        ]);
        assert_eq!(names(&people), ["Ada", "Bo", "cy"]);
    }

    #[test]
    fn a_new_name_moves_the_row_and_a_new_presence_does_not() {
        let mut people = People::new(vec![
            present(1, "Ada", Presence::Online),
            present(2, "Bo", Presence::Online),
        ]);
        let ada = UserId::from_bytes([1; 16]);
        assert_eq!(people.presence(ada, Presence::Away), Change::Row(ada));
        assert_eq!(people.presence(ada, Presence::Away), Change::Nothing);
        assert_eq!(
            people.online(present(1, "Zoe", Presence::Away)),
            Change::List(ada)
        );
        assert_eq!(names(&people), ["Bo", "Zoe"]);
    }

    #[test]
    fn idleness_of_somebody_who_is_not_here_brings_nobody() {
        let mut people = People::default();
        let ghost = UserId::from_bytes([9; 16]);
        assert_eq!(people.presence(ghost, Presence::Away), Change::Nothing);
        assert!(people.rows().is_empty());
    }

    proptest! {
        #[test]
        fn each_fact_twice_is_the_fact_once(steps in prop::collection::vec((0u8..5, 0u8..4, 0u8..3), 0..40)) {
            let (mut once, mut twice) = (People::default(), People::default());
            for (who, what, name) in steps {
                let user = UserId::from_bytes([who; 16]);
                let apply = |people: &mut People| match what {
                    0 => people.online(present(who, ["Ada", "Bo", "cy"][name as usize], Presence::Online)),
                    1 => people.offline(user),
                    2 => people.presence(user, Presence::Away),
                    _ => people.presence(user, Presence::Online),
                };
                apply(&mut once);
                apply(&mut twice);
                prop_assert_eq!(apply(&mut twice), Change::Nothing);
            }
            prop_assert_eq!(&once, &twice);
            prop_assert!(once.rows().is_sorted_by(|a, b| by_name(a, b) == Ordering::Less));
        }
    }
}
