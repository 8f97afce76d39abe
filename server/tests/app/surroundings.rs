//! What a house needs beside itself: nothing. The stories are told in other surroundings too (`tests/azure`).

pub struct Surroundings;

impl Surroundings {
    /// Around a server that answers at `host`.
    pub async fn of(_host: &str) -> Self {
        Surroundings
    }

    /// Settings that name what is there.
    pub fn options(&self) -> Vec<String> {
        Vec::new()
    }
}
