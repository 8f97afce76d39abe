//! The service at the other end: sessions that can be taken up again, answers as the test wants them, and a
//! record of what was executed.

use std::collections::{BTreeSet, VecDeque};
use wire::frame::{
    AckError, AckErrorName, ClientFrame, Message, Metadata, Payload, Sender, ServiceFrame,
};

const KEPT: u64 = 30_000;

pub enum Answers {
    All,
    /// Requests are executed, and nobody is told.
    None,
    /// So many requests are not executed; then all are.
    Errors(AckErrorName, u32),
}

pub struct Service {
    pub answers: Answers,
    pub reachable: bool,
    /// Sockets open, and nothing comes.
    pub mute: bool,
    pub reliable: bool,
    pub announces_recovery: bool,
    /// Connection id and key of what was executed.
    pub record: Vec<(String, u128)>,
    pub ack_ids: Vec<u64>,
    sessions: Vec<Session>,
    made: u32,
    pub said: Vec<(String, String)>,
}

struct Session {
    id: String,
    token: String,
    executed: BTreeSet<u64>,
    last: u64,
    unacknowledged: VecDeque<(u64, String)>,
    lost_at: Option<u64>,
}

impl Service {
    pub fn new() -> Self {
        Self {
            answers: Answers::All,
            reachable: true,
            mute: false,
            reliable: true,
            announces_recovery: true,
            record: Vec::new(),
            ack_ids: Vec::new(),
            sessions: Vec::new(),
            made: 0,
            said: Vec::new(),
        }
    }

    /// A message for the newest session, if that still lives.
    pub fn say(&mut self, number: u64) {
        let Some(session) = self.sessions.last_mut() else {
            return;
        };
        session.last += 1;
        let message = ServiceFrame::Message(Message {
            from: Sender::Server,
            payload: Payload::json(&number).expect("numbers are JSON"),
            sequence_id: Some(session.last),
            metadata: Metadata::new(),
            stream: None,
        });
        let text = message.to_json();
        session
            .unacknowledged
            .push_back((session.last, text.clone()));
        self.said.push((session.id.clone(), text));
    }

    pub fn goodbye(&mut self) {
        if let Some(session) = self.sessions.last() {
            let message = "The service goes home.".to_owned();
            let frame = ServiceFrame::Disconnected { message };
            self.said.push((session.id.clone(), frame.to_json()));
        }
    }

    /// As after a restart: no session can be taken up again. Sockets live on.
    pub fn forget_sessions(&mut self) {
        for session in &mut self.sessions {
            session.token.clear();
        }
    }

    pub fn unacknowledged(&self) -> usize {
        self.sessions
            .last()
            .map_or(0, |session| session.unacknowledged.len())
    }

    pub fn connect(&mut self) -> String {
        self.made += 1;
        let (id, token) = (format!("c/{}", self.made), format!("tok/+={}", self.made));
        let frame = ServiceFrame::Connected {
            connection_id: id.clone(),
            user_id: None,
            reconnection_token: self.reliable.then(|| token.clone()),
        };
        self.said.push((id.clone(), frame.to_json()));
        self.sessions.push(Session {
            id: id.clone(),
            token,
            executed: BTreeSet::new(),
            last: 0,
            unacknowledged: VecDeque::new(),
            lost_at: None,
        });
        id
    }

    pub fn recover(&mut self, url: &str, now: u64) -> Option<String> {
        let (_, query) = url.split_once('?')?;
        let escape = |text: &str| {
            text.replace('/', "%2F")
                .replace('+', "%2B")
                .replace('=', "%3D")
        };
        let session = self.sessions.iter_mut().find(|session| {
            let (id, token) = (escape(&session.id), escape(&session.token));
            query == format!("awps_connection_id={id}&awps_reconnection_token={token}")
        })?;
        if session.lost_at.is_some_and(|at| now - at > KEPT) {
            return None;
        }
        session.lost_at = None;
        if self.announces_recovery {
            let frame = ServiceFrame::Connected {
                connection_id: session.id.clone(),
                user_id: None,
                reconnection_token: None,
            };
            self.said.push((session.id.clone(), frame.to_json()));
        }
        for (_, text) in &session.unacknowledged {
            self.said.push((session.id.clone(), text.clone()));
        }
        Some(session.id.clone())
    }

    pub fn lose(&mut self, connection: Option<String>, now: u64, code: Option<u16>) {
        let session = self
            .sessions
            .iter_mut()
            .find(|session| Some(&session.id) == connection.as_ref());
        if let Some(session) = session {
            session.lost_at = Some(now);
            if code == Some(1008) {
                session.token.clear();
            }
        }
    }

    pub fn hear(&mut self, connection: &str, text: &str) {
        let session = self
            .sessions
            .iter_mut()
            .find(|session| session.id == connection)
            .expect("an open connection has a session");
        let (ack_id, payload) = match ClientFrame::from_json(text).expect("a frame") {
            ClientFrame::Ping => {
                let pong = ServiceFrame::Pong.to_json();
                self.said.push((connection.to_owned(), pong));
                return;
            }
            ClientFrame::SequenceAck { sequence_id } => {
                session.unacknowledged.retain(|(id, _)| *id > sequence_id);
                return;
            }
            ClientFrame::Event {
                ack_id, payload, ..
            }
            | ClientFrame::SendToGroup {
                ack_id, payload, ..
            } => (ack_id, payload),
            ClientFrame::JoinGroup { .. } | ClientFrame::LeaveGroup { .. } => {
                panic!("the server decides on groups")
            }
            other => panic!("the link sends no {other:?}"),
        };
        let Payload::Json(json) = payload else {
            panic!("the tests send numbers");
        };
        let key: u128 = json.get().parse().expect("a number");
        let Some(ack_id) = ack_id else {
            self.record.push((connection.to_owned(), key));
            return;
        };
        self.ack_ids.push(ack_id);
        let error = |name| {
            Err(AckError {
                name,
                message: String::new(),
            })
        };
        let result = match &mut self.answers {
            _ if session.executed.contains(&ack_id) => error(AckErrorName::Duplicate),
            Answers::Errors(name, left) if *left > 0 => {
                *left -= 1;
                error(name.clone())
            }
            Answers::All | Answers::None | Answers::Errors(..) => {
                session.executed.insert(ack_id);
                self.record.push((connection.to_owned(), key));
                Ok(())
            }
        };
        if !matches!(self.answers, Answers::None) {
            let ack = ServiceFrame::Ack { ack_id, result };
            self.said.push((connection.to_owned(), ack.to_json()));
        }
    }
}
