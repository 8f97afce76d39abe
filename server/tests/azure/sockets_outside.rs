//! The stories with SQLite, and sockets at a service outside that is called with its primary key.

#[expect(dead_code, reason = "nobody is killed in these stories")]
#[path = "../app/house.rs"]
pub mod house;
#[path = "../app/membership.rs"]
mod membership;
#[path = "../app/messages.rs"]
mod messages;
#[path = "../app/presence.rs"]
mod presence;
#[path = "../app/program.rs"]
mod program;

mod surroundings {
    use crate::service::{PRIMARY, Service};

    pub struct Surroundings(Service);

    impl Surroundings {
        pub async fn of(host: &str) -> Self {
            Surroundings(Service::telling(host))
        }

        pub fn options(&self) -> Vec<String> {
            let service = self.0.connection_string(PRIMARY);
            vec![format!("--pubsub-connection-string={service}")]
        }
    }
}
