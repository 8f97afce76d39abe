//! What goes into the link and what comes out of it, as plain values. Refuses to know what the link makes of it.

use crate::frame::{AckErrorName, ClientFrame, Message, Metadata, Payload};

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Connect, and stay connected. Harmless when that is being done already.
    Start,
    /// The answer to [`Output::FetchTicket`]: an address to open, good for one fresh connection.
    Ticket(Result<String, NoTicket>),
    /// A text message from the socket.
    Frame(String),
    /// The socket ended, or could not be opened. `None`: without a close frame.
    Closed {
        /// The close frame's code.
        code: Option<u16>,
    },
    /// The timer fired.
    Timer,
    /// Somebody wants something.
    Send(Request),
    /// Nobody wants this any more. If it is on its way already it may happen all the same.
    Forget {
        /// The request's key.
        key: u128,
    },
    /// A good moment to look: somebody asks for it, the network is back, the page is in front again.
    Hurry,
    /// Disconnect. Requests wait until the next [`Input::Start`].
    Stop,
}

/// Why there is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTicket {
    /// Nobody is signed in. Not asked again before the next [`Input::Start`].
    SignedOut,
    /// Worth trying again.
    Unreachable,
}

/// Something to ask of the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// With a key the request waits for a connection, keeps its place and is settled; without one it is
    /// dropped unless there is a connection, and nobody hears how it went.
    pub key: Option<u128>,
    /// The request itself.
    pub what: What,
}

/// The two things to ask.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An event for the application's server.
    Event {
        /// Its name; see [`crate::frame::is_event_name`].
        event: String,
        /// Its data.
        payload: Payload,
    },
    /// A message to everybody else in a group.
    Publish {
        /// The group's name.
        group: String,
        /// The message.
        payload: Payload,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Get the address for a fresh connection.
    FetchTicket,
    /// Open a socket with [`super::SUBPROTOCOL`].
    Open {
        /// Its address.
        url: String,
    },
    /// Close the socket and hear nothing of it any more.
    Close,
    /// Send a text message.
    Transmit(String),
    /// Something for the application, in order and once.
    Deliver(Message),
    /// A keyed request is done with.
    Settled {
        /// The request's key.
        key: u128,
        /// How it ended.
        outcome: Outcome,
    },
    /// The link is in another state.
    Status(Status),
    /// Set the timer.
    WakeAt(u64),
}

/// How a keyed request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service has it.
    Done,
    /// The service will not.
    Refused(AckErrorName),
    /// The service could not, or never answered; it may have happened.
    Failed,
    /// Too many wait already ([`super::MOST_WAITING`]); this one was not taken.
    Full,
}

/// How the link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// An attempt has begun.
    Connecting,
    /// Online, and the service knows nothing of earlier: what happened in between was missed.
    Fresh {
        /// Whether this is the link's first connection.
        first: bool,
    },
    /// Online again as if nothing had been: nothing was missed.
    Recovered,
    /// Offline; the next attempt is a matter of time.
    Lost,
    /// Offline until the next start.
    SignedOut,
}

impl What {
    /// Without an id the service sends no answer.
    pub(super) fn frame(&self, ack_id: Option<u64>) -> ClientFrame {
        match self {
            What::Event { event, payload } => ClientFrame::Event {
                event: event.clone(),
                payload: payload.clone(),
                ack_id,
                metadata: Metadata::new(),
            },
            What::Publish { group, payload } => ClientFrame::SendToGroup {
                group: group.clone(),
                payload: payload.clone(),
                no_echo: true,
                ack_id,
                ttl_seconds: None,
                metadata: Metadata::new(),
            },
        }
    }
}

impl Request {
    /// A request that is kept until it is settled.
    pub fn keyed(key: u128, what: What) -> Self {
        Self {
            key: Some(key),
            what,
        }
    }

    /// A request for now or never.
    pub fn passing(what: What) -> Self {
        Self { key: None, what }
    }
}
