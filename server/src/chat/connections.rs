//! Connections as they come and go: what each may hear and say, and who is there by it. Refuses to know where they
//! are kept in mind: in this process (`presence`), or where several servers share them (`seats`).

use super::presence::{GRACE, Left};
use super::seats::Met;
use super::{ChatService, effects, lock, stored};
use app::chat::{Outcome, Refusal, UserId};

/// What a connection is given when it opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    pub groups: Vec<String>,
    pub roles: Vec<String>,
}

impl ChatService {
    /// What a new connection of `user` may hear and say, from the rows of now. Fails with `SignedOut` for
    /// somebody who is not stored.
    pub async fn connect(&self, connection: &str, user: UserId) -> Result<Grant, Refusal> {
        let person = self.actor(user).await?;
        let chats = self.chats_of(user).await?;
        let (groups, roles) = effects::granted(chats.iter().copied());
        match &self.wiring.shared {
            Some(shared) => {
                let expected = self.expect_seat(shared, person, connection, &chats);
                stored(expected.await)?;
            }
            None => lock(&self.arriving).expect(connection, chats),
        }
        Ok(Grant { groups, roles })
    }

    /// The connection is open: whoever it is, is online; and what changed since `connect` is made up for.
    pub async fn connected(&self, connection: &str, user: UserId) {
        let Ok(person) = self.actor(user).await else {
            return;
        };
        let granted = match &self.wiring.shared {
            Some(shared) => match stored(self.take_seat(shared, person, connection).await) {
                Ok(Met::New(given)) => given,
                Ok(Met::Ended | Met::Known) | Err(_) => return,
            },
            None => {
                self.tell_presence(|roster| roster.arrive(connection, person));
                lock(&self.arriving).take(connection)
            }
        };
        if !self.knows(connection) {
            // It was short: its end was told meanwhile.
            return;
        }
        // From here on, changes find the connection in the roster; those before are in the rows.
        let Ok(chats) = self.chats_of(user).await else {
            return;
        };
        let come = chats
            .difference(&granted)
            .map(|chat| (*chat, effects::admit_connection(*chat, connection)));
        let gone = granted
            .difference(&chats)
            .map(|chat| (*chat, effects::dismiss_connection(*chat, connection)));
        for (chat, calls) in come.chain(gone) {
            // A lane that has ended has nobody left to tell.
            let _ = self.lanes.calls(chat, calls).await;
        }
    }

    /// Sees to it that the roster has everybody who came before now, by whichever server.
    pub(super) async fn know_who_is_there(&self) -> Result<(), Refusal> {
        match &self.wiring.shared {
            Some(shared) => stored(self.catch_up(shared).await),
            None => Ok(()),
        }
    }

    /// Whether the connection was told of since this server started.
    pub fn knows(&self, connection: &str) -> bool {
        lock(&self.roster).knows(connection)
    }

    /// The connection is closed for good. `user` is who it was, where the service says so.
    pub async fn disconnected(&self, connection: &str, user: Option<UserId>) {
        if let Some(shared) = &self.wiring.shared {
            if let Some(user) = user {
                // Whoever looks around later finds that it is not there any more.
                let _ = stored(self.leave_seat(shared, user, connection).await);
            }
            return;
        }
        lock(&self.arriving).take(connection);
        let mut leaving = None;
        self.tell_presence(|roster| match roster.leave(connection) {
            Left::Nothing => None,
            Left::Changed(fact) => Some(*fact),
            Left::Leaving(departure) => {
                leaving = Some(departure);
                None
            }
        });
        if let Some(departure) = leaving {
            let me = self.me.clone();
            tokio::spawn(async move {
                tokio::time::sleep(GRACE).await;
                if let Some(service) = me.upgrade() {
                    service.tell_presence(|roster| roster.confirm(departure));
                }
            });
        }
    }

    /// A page says whether anybody is at it.
    pub(super) async fn idle(
        &self,
        user: UserId,
        connection: Option<&str>,
        idle: bool,
    ) -> Result<Outcome, Refusal> {
        match (connection, &self.wiring.shared) {
            (Some(connection), Some(shared)) => {
                stored(self.idle_seat(shared, user, connection, idle).await)?;
            }
            (Some(connection), None) => {
                self.tell_presence(|roster| roster.idle(user, connection, idle));
            }
            (None, _) => {}
        }
        Ok(Outcome::Done {
            facts: Vec::new(),
            remark: None,
        })
    }
}
