//! What connections that are about to open were given, until they have. Refuses to wait for ever: some never open.

use app::chat::ChatId;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long a connection that was let in may take to open.
const OPENING: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Arrivals(HashMap<String, (Instant, HashSet<ChatId>)>);

impl Arrivals {
    pub fn expect(&mut self, connection: &str, given: HashSet<ChatId>) {
        self.0
            .insert(connection.to_owned(), (Instant::now(), given));
    }

    /// Nothing for a connection that nobody expects.
    pub fn take(&mut self, connection: &str) -> HashSet<ChatId> {
        let arrival = self.0.remove(connection);
        arrival.map(|(_, given)| given).unwrap_or_default()
    }

    /// Forgets those that never opened.
    pub fn tidy(&mut self) {
        self.0.retain(|_, (since, _)| since.elapsed() <= OPENING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_never_opens_is_forgotten_after_a_minute() {
        let mut arrivals = Arrivals::default();
        let given = HashSet::from([ChatId::random()]);
        arrivals.expect("never", given.clone());
        tokio::time::advance(OPENING).await;
        arrivals.expect("soon", given.clone());
        arrivals.tidy();
        assert_eq!(arrivals.0.len(), 2);
        tokio::time::advance(Duration::from_secs(1)).await;
        arrivals.tidy();
        assert_eq!(arrivals.take("never"), HashSet::new());
        assert_eq!(arrivals.take("soon"), given);
    }
}
