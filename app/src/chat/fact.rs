//! What happened. A fact is the only thing that is ever stored, published or shown; applying one twice
//! changes nothing the second time.

use super::id::{ChatId, DraftId, Seq, UserId};
use super::model::{Chat, Membership, Message, Moderation, Person, Present};
use super::refusal::Refusal;
use super::text::ChatName;
use crate::tree::{Read, Tree, Unread};
use serde::{Deserialize, Serialize};

/// On the wire `{ "chatEvent": name, "data": … }`; the names that existed in the original keep their sense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Read)]
#[serde(
    tag = "chatEvent",
    content = "data",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Fact {
    /// A group chat exists. Everybody hears of a public one; of a private one its members.
    ChatCreated {
        chat: Chat,
        by: Person,
        draft: DraftId,
    },
    ChatRenamed {
        chat: ChatId,
        name: ChatName,
        by: Person,
        version: u64,
    },
    ModerationSet {
        chat: ChatId,
        moderation: Moderation,
        by: Person,
        version: u64,
    },
    /// The owner left, and the member of longest standing owns the chat now.
    OwnerChanged {
        chat: ChatId,
        owner: UserId,
        version: u64,
    },
    /// The chat is gone for good, with its messages. Goes to whoever could see it.
    ChatDeleted {
        chat: ChatId,
        name: ChatName,
        by: Person,
    },
    /// Two people have a private chat. Goes to these two.
    JoinPrivateChat {
        chat: Chat,
        by: Person,
        with: Person,
    },
    /// Somebody is a member now. The person's own pages learn of a private chat by its `chat`.
    MemberJoined {
        chat: Chat,
        member: Membership,
        person: Person,
        invited_by: Option<Person>,
    },
    MemberLeft {
        chat: ChatId,
        user: UserId,
    },
    MessagePosted(Message),
    /// The person read up to `seq`; goes to the person's own pages only.
    ChatRead {
        chat: ChatId,
        user: UserId,
        seq: Seq,
    },
    UserOnline(Present),
    UserOffline {
        user: UserId,
    },
    UserIsIdle {
        user: UserId,
    },
    UserNotIdle {
        user: UserId,
    },
}

/// The server's direct answer to one command, to the asking connection only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The command's `draft`, if it has one.
    pub draft: Option<DraftId>,
    pub outcome: Outcome,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Read)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// It is done and stored. `facts` are those of this command; the same ones also travel to the others.
    Done {
        facts: Vec<Fact>,
        remark: Option<Remark>,
    },
    Refused {
        why: Refusal,
    },
}

/// Something the author, and nobody else, is told about a message that was posted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Read)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Remark {
    /// The moderator replaced these words.
    Masked { words: Vec<String> },
}

/// Whatever the server tells a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    Fact(Box<Fact>),
    Answer(Answer),
}

impl Notice {
    /// JSON text: a fact as it is, an answer as `{ "answer": … }`.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Wrapped<'a> {
            answer: &'a Answer,
        }
        match self {
            Notice::Fact(fact) => serde_json::to_string(fact),
            Notice::Answer(answer) => serde_json::to_string(&Wrapped { answer }),
        }
        .expect("a notice is plain data")
    }

    /// Fails on text that is neither; a newer server may say things that this page does not know.
    pub fn from_json(text: &str) -> Result<Notice, Unread> {
        let tree = Tree::of(text)?;
        match tree.get("answer") {
            Some(_) => Ok(Notice::Answer(tree.fields()?.take("answer")?)),
            None => Fact::read(tree).map(|fact| Notice::Fact(Box::new(fact))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_has_the_shape_of_the_original() {
        let user = UserId::from_bytes([0; 16]);
        let text = Notice::Fact(Box::new(Fact::UserIsIdle { user })).to_json();
        assert_eq!(
            text,
            r#"{"chatEvent":"userIsIdle","data":{"user":"00000000000000000000000000000000"}}"#
        );
        assert_eq!(
            Notice::from_json(&text).expect("reads back"),
            Notice::Fact(Box::new(Fact::UserIsIdle { user }))
        );
    }

    #[test]
    fn an_answer_reads_back() {
        let answer = Notice::Answer(Answer {
            draft: Some(DraftId::from_bytes([1; 16])),
            outcome: Outcome::Refused {
                why: Refusal::NotAMember,
            },
        });
        assert_eq!(
            Notice::from_json(&answer.to_json()).expect("reads back"),
            answer
        );
    }
}
