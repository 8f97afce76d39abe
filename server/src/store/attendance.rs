//! Who is connected, where several servers share it: one row for each connection. A store of one server has no such
//! thing, since that server knows. Refuses to know what follows from it (`chat::seats`).

use super::Reading;
use app::chat::{ChatId, Millis, Person, UserId};
use std::sync::Arc;

/// A connection of somebody's.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    pub person: Person,
    pub connection: String,
    pub state: State,
    pub idle: bool,
    /// When something about it, but for `until`, was last changed, and by which server.
    pub changed: Millis,
    pub by: String,
    /// Until then it counts without being asked for; after that, somebody asks the service whether it is there.
    pub until: Millis,
}

#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It was let in, into these chats, and is not open yet.
    Opening {
        given: Vec<ChatId>,
    },
    Open,
    /// It has ended; whether the person has gone too is waited for.
    Ended,
}

impl Seat {
    pub fn user(&self) -> UserId {
        self.person.id
    }

    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }
}

/// Changes a seat, and says whether it did. Called again when somebody else was faster.
pub type Change = Arc<dyn Fn(&mut Seat) -> bool + Send + Sync>;

pub trait Attendance: Send + Sync {
    /// Adds a seat, unless there is one for the connection; says whether it did.
    fn add(&self, seat: Seat) -> Reading<'_, bool>;

    /// Changes the seat, and returns it as it was before. `None` if there is none.
    fn change(&self, user: UserId, connection: String, change: Change)
    -> Reading<'_, Option<Seat>>;

    /// The seats of one person.
    fn of(&self, user: UserId) -> Reading<'_, Vec<Seat>>;

    /// All seats, person by person.
    fn all(&self) -> Reading<'_, Vec<Seat>>;

    /// One that is not there is no failure.
    fn remove(&self, user: UserId, connection: String) -> Reading<'_, ()>;
}
