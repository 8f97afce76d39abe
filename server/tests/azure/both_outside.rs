//! The stories with everything outside: what stands at Azure. The service is called with its secondary key.

#[expect(dead_code, reason = "nobody is killed in these stories")]
#[path = "../app/house.rs"]
mod house;
#[path = "../app/membership.rs"]
mod membership;
#[path = "../app/messages.rs"]
mod messages;
#[path = "../app/presence.rs"]
mod presence;
#[path = "../app/program.rs"]
mod program;

mod surroundings {
    use crate::service::{SECONDARY, Service};
    use crate::storage::Storage;

    pub struct Surroundings(Service, Storage);

    impl Surroundings {
        pub async fn of(host: &str) -> Self {
            Surroundings(Service::telling(host), Storage::new())
        }

        pub fn options(&self) -> Vec<String> {
            let service = self.0.connection_string(SECONDARY);
            let storage = self.1.connection_string();
            vec![
                format!("--pubsub-connection-string={service}"),
                format!("--storage-connection-string={storage}"),
            ]
        }
    }
}
