//! Between the link's payloads and the chat's words: what a message from the service says, what a command looks
//! like on the wire, and what the end of a request means to whoever made it. Refuses to know sockets.

use super::Incoming;
use crate::chat::{Answer, ChatId, Command, DraftId, Fact, Notice, Outcome, Refusal, Talk};
use crate::print::print;
use crate::tree::{self, Unread};
use wire::frame::{AckErrorName, Message, Payload, Sender};
use wire::json::Json;
use wire::link::{self, What};

/// The group of members' own words is named so.
const TALK: &str = ".talk";

/// The key of the one report of idleness that may wait: only the last one counts. No id is as small.
const IDLENESS: u128 = 1;

/// Why a message from the service says nothing to this page.
#[derive(Debug, thiserror::Error)]
pub enum Unheard {
    /// Only the server speaks in a chat's group, and it has no user id.
    #[error("somebody spoke in the server's name")]
    Forged,
    /// A newer server may say what this page does not know.
    #[error("not understood: {0}")]
    Malformed(#[from] Unread),
    #[error("not addressed or signed as the chat's messages are")]
    Stray,
}

/// Reads a message from the service.
pub fn open(message: &Message) -> Result<Incoming, Unheard> {
    let text = match &message.payload {
        Payload::Json(json) => json.get(),
        Payload::Text(text) => text,
        Payload::Binary(_) | Payload::Protobuf(_) => return Err(Unheard::Stray),
    };
    match &message.from {
        Sender::Server => Ok(Incoming::Notice(Notice::from_json(text)?)),
        Sender::Group { group, user } => match (group.strip_suffix(TALK), user) {
            (None, None) => Ok(Incoming::Notice(Notice::from_json(text)?)),
            (None, Some(_)) => Err(Unheard::Forged),
            (Some(_), None) => Err(Unheard::Stray),
            (Some(chat), Some(user)) => Ok(Incoming::Talk {
                chat: chat.parse().map_err(|_| Unheard::Stray)?,
                from: user.parse().map_err(|_| Unheard::Stray)?,
                talk: tree::read(text)?,
            }),
        },
    }
}

/// A command for the server.
pub fn event(command: &Command) -> What {
    What::Event {
        event: command.name().to_owned(),
        payload: json(command.data()),
    }
}

/// Words for the other members.
pub fn publish(chat: ChatId, talk: &Talk) -> What {
    What::Publish {
        group: chat.talk_group(),
        payload: json(print(talk)),
    }
}

/// The draft that needs to be kept no longer: it is stored, or refused for good.
pub fn laid_to_rest(incoming: &Incoming) -> Option<DraftId> {
    let (draft, outcome) = match incoming {
        Incoming::Notice(Notice::Answer(Answer { draft, outcome })) => ((*draft)?, outcome),
        Incoming::Settled { draft, outcome } => (*draft, outcome),
        Incoming::Notice(Notice::Fact(fact)) => match &**fact {
            Fact::MessagePosted(message) => return Some(message.draft),
            _ => return None,
        },
        Incoming::Unsent { .. }
        | Incoming::Talk { .. }
        | Incoming::Fresh
        | Incoming::Resync
        | Incoming::Recovered => return None,
    };
    match outcome {
        Outcome::Refused {
            why: Refusal::Unavailable,
        } => None,
        Outcome::Done { .. } | Outcome::Refused { .. } => Some(draft),
    }
}

/// Who waits for a request to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A command with a draft: the server answers by it.
    Asked(DraftId),
    /// Words for the members: when the service has them, that is all.
    Said(DraftId),
    /// A command that somebody gave, of which only the effect is seen.
    Ordered,
    /// A report that this page makes by itself; nobody misses it.
    Reported,
}

impl Errand {
    /// A command's errand, and its key. Of commands with the same key only the last one matters.
    pub fn of(command: &Command) -> (u128, Errand) {
        match command {
            Command::MarkRead { chat, .. } => {
                (u128::from_be_bytes(*chat.as_bytes()), Errand::Reported)
            }
            Command::UserEnterIdle {} | Command::UserExitIdle {} => (IDLENESS, Errand::Reported),
            other => match other.draft() {
                Some(draft) => (key(draft), Errand::Asked(draft)),
                None => (key(DraftId::random()), Errand::Ordered),
            },
        }
    }

    /// What this page hears of the end of the request. `None`: nothing, or the server says it better.
    pub fn end(self, outcome: link::Outcome) -> Option<Incoming> {
        let why = match (self, outcome) {
            (Errand::Said(draft), link::Outcome::Done) => {
                return Some(Incoming::Settled {
                    draft,
                    outcome: Outcome::Done {
                        facts: Vec::new(),
                        remark: None,
                    },
                });
            }
            (_, link::Outcome::Done) => return None,
            (Errand::Said(_), link::Outcome::Refused(AckErrorName::Forbidden)) => {
                Refusal::NotAMember
            }
            (_, link::Outcome::Refused(_) | link::Outcome::Failed | link::Outcome::Full) => {
                Refusal::Unavailable
            }
        };
        let outcome = Outcome::Refused { why };
        match self {
            Errand::Asked(draft) | Errand::Said(draft) => {
                Some(Incoming::Settled { draft, outcome })
            }
            Errand::Ordered => Some(refusal(outcome)),
            Errand::Reported => None,
        }
    }
}

/// Nobody is signed in: there is no place on the screen for that but a word of its own.
pub fn signed_out() -> Incoming {
    refusal(Outcome::Refused {
        why: Refusal::SignedOut,
    })
}

/// A draft's key on the link.
pub fn key(draft: DraftId) -> u128 {
    u128::from_be_bytes(*draft.as_bytes())
}

fn refusal(outcome: Outcome) -> Incoming {
    let draft = None;
    Incoming::Notice(Notice::Answer(Answer { draft, outcome }))
}

fn json(text: String) -> Payload {
    Payload::Json(Json::of(text).expect("it was printed as JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Body, Post, Seq, UserId};
    use wire::frame::Metadata;

    const CHAT: ChatId = ChatId::from_bytes([1; 16]);
    const ADA: UserId = UserId::from_bytes([2; 16]);
    const DRAFT: DraftId = DraftId::from_bytes([3; 16]);

    fn message(from: Sender, text: &str) -> Message {
        Message {
            from,
            payload: json(text.to_owned()),
            sequence_id: None,
            metadata: Metadata::new(),
            stream: None,
        }
    }

    fn group(group: String, user: Option<UserId>) -> Sender {
        let user = user.map(|user| user.to_string());
        Sender::Group { group, user }
    }

    fn fact() -> String {
        Notice::Fact(Box::new(Fact::UserIsIdle { user: ADA })).to_json()
    }

    #[test]
    fn only_the_server_states_facts() {
        assert!(matches!(
            open(&message(group(CHAT.group(), None), &fact())),
            Ok(Incoming::Notice(Notice::Fact(_)))
        ));
        assert!(matches!(
            open(&message(Sender::Server, &fact())),
            Ok(Incoming::Notice(Notice::Fact(_)))
        ));
        assert!(matches!(
            open(&message(group(CHAT.group(), Some(ADA)), &fact())),
            Err(Unheard::Forged)
        ));
    }

    #[test]
    fn who_talks_is_said_by_the_envelope() {
        let talk = serde_json::to_string(&Talk::Typing { active: true }).expect("plain data");
        assert!(matches!(
            open(&message(group(CHAT.talk_group(), Some(ADA)), &talk)),
            Ok(Incoming::Talk {
                chat: CHAT,
                from: ADA,
                talk: Talk::Typing { active: true }
            })
        ));
        assert!(matches!(
            open(&message(group(CHAT.talk_group(), None), &talk)),
            Err(Unheard::Stray)
        ));
        assert!(matches!(
            open(&message(group(CHAT.talk_group(), Some(ADA)), &fact())),
            Err(Unheard::Malformed(_))
        ));
    }

    #[test]
    fn members_read_what_a_member_published() {
        let What::Publish { group, payload } = publish(CHAT, &Talk::Typing { active: false })
        else {
            panic!("talk is published");
        };
        let user = Some(ADA.to_string());
        let message = Message {
            payload,
            ..message(Sender::Group { group, user }, "{}")
        };
        assert!(matches!(
            open(&message),
            Ok(Incoming::Talk {
                chat: CHAT,
                from: ADA,
                talk: Talk::Typing { active: false }
            })
        ));
    }

    #[test]
    fn who_is_signed_out_hears_of_it_and_keeps_what_is_unsent() {
        let Incoming::Notice(Notice::Answer(answer)) = signed_out() else {
            panic!("it is an answer");
        };
        assert_eq!(answer.draft, None);
        assert_eq!(laid_to_rest(&signed_out()), None);
    }

    #[test]
    fn a_command_travels_as_the_event_that_the_server_reads() {
        let body: Body = "hi".parse().expect("fit");
        let command = Command::PostMessage(Post {
            chat: CHAT,
            draft: DRAFT,
            body,
        });
        let What::Event { event, payload } = event(&command) else {
            panic!("commands are events");
        };
        let Payload::Json(data) = payload else {
            panic!("as JSON");
        };
        assert_eq!(
            Command::from_event(&event, data.get()).expect("reads back"),
            command
        );
    }

    #[test]
    fn of_reading_and_idling_only_the_last_word_counts_and_nobody_hears_of_its_end() {
        let read = |seq| Errand::of(&Command::MarkRead { chat: CHAT, seq });
        assert_eq!(read(Seq(1)), read(Seq(2)));
        assert_eq!(
            Errand::of(&Command::UserEnterIdle {}),
            Errand::of(&Command::UserExitIdle {})
        );
        assert!(read(Seq(1)).1.end(link::Outcome::Failed).is_none());
        let join = || Errand::of(&Command::JoinChat { chat: CHAT }).0;
        assert_ne!(join(), join());
    }

    #[test]
    fn a_command_that_arrived_waits_for_the_servers_answer_and_one_that_did_not_is_unavailable() {
        let asked = Errand::Asked(DRAFT);
        assert!(asked.end(link::Outcome::Done).is_none());
        let end = asked.end(link::Outcome::Full).expect("a word");
        assert!(matches!(
            end,
            Incoming::Settled {
                outcome: Outcome::Refused {
                    why: Refusal::Unavailable
                },
                ..
            }
        ));
        assert_eq!(laid_to_rest(&end), None);
    }

    #[test]
    fn words_for_members_are_done_with_once_the_service_has_them_or_refuses_them() {
        let said = Errand::Said(DRAFT);
        for outcome in [
            link::Outcome::Done,
            link::Outcome::Refused(AckErrorName::Forbidden),
        ] {
            let end = said.end(outcome).expect("a word");
            assert_eq!(laid_to_rest(&end), Some(DRAFT));
        }
    }
}
