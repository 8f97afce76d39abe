//! The stories with state in tables, and sockets in the server.

#[path = "../app/attacks.rs"]
mod attacks;
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
    use crate::storage::Storage;

    pub struct Surroundings(Storage);

    impl Surroundings {
        pub async fn of(_host: &str) -> Self {
            Surroundings(Storage::new())
        }

        pub fn options(&self) -> Vec<String> {
            let storage = self.0.connection_string();
            vec![format!("--storage-connection-string={storage}")]
        }
    }
}
