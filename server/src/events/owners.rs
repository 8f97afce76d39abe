//! Whose connection it is. A signature covers the connection's id only, so the first event of a connection says
//! whose it is, and later ones may not say otherwise. Refuses to know what they may do.

use app::chat::UserId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections that are remembered, also after their end: what was recorded may be sent later.
const CONNECTIONS: usize = 65_536;

#[derive(Default)]
pub struct Owners(Mutex<Known>);

#[derive(Default)]
struct Known {
    of: HashMap<Arc<str>, UserId>,
    order: VecDeque<Arc<str>>,
}

impl Owners {
    /// Whether the connection is, or from now on is, this person's.
    pub fn is_of(&self, connection: &str, user: UserId) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = known.of.get(connection) {
            return *owner == user;
        }
        let connection: Arc<str> = connection.into();
        known.of.insert(connection.clone(), user);
        known.order.push_back(connection);
        if known.order.len() > CONNECTIONS
            && let Some(oldest) = known.order.pop_front()
        {
            known.of.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_whose_it_was_first() {
        let owners = Owners::default();
        let [ada, bob] = [1, 2].map(|id| UserId::from_bytes([id; 16]));
        assert!(owners.is_of("a", ada) && owners.is_of("a", ada));
        assert!(!owners.is_of("a", bob));
        assert!(owners.is_of("b", bob));
    }

    #[test]
    fn so_many_are_remembered_and_no_more() {
        let owners = Owners::default();
        let [ada, bob] = [1, 2].map(|id| UserId::from_bytes([id; 16]));
        for number in 0..=CONNECTIONS {
            assert!(owners.is_of(&number.to_string(), ada));
        }
        assert_eq!(owners.0.lock().expect("whole").of.len(), CONNECTIONS);
        assert!(!owners.is_of("1", bob));
        assert!(owners.is_of("0", bob));
    }
}
