//! What a person may ask. A command says what, never who: the actor comes from the session or the socket.

use super::id::{ChatId, DraftId, Seq, UserId};
use super::model::{Access, Moderation, Record};
use super::refusal::Refusal;
use super::text::{Body, ChatName};
use crate::print::{Print, print};
use serde::{Deserialize, Serialize};

/// The variant's name is the Web PubSub event name; its fields are the event's data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Print)]
#[serde(
    tag = "event",
    content = "data",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Command {
    PostMessage(Post),
    /// `draft` makes a repeated request create one chat.
    CreateChat {
        draft: DraftId,
        name: ChatName,
        access: Access,
        record: Record,
    },
    /// Opens the private chat with somebody: the existing one, or a new one.
    CreatePrivateChat {
        with: UserId,
    },
    JoinChat {
        chat: ChatId,
    },
    LeaveChat {
        chat: ChatId,
    },
    RenameChat {
        chat: ChatId,
        name: ChatName,
    },
    DeleteChat {
        chat: ChatId,
    },
    InviteToChat {
        chat: ChatId,
        user: UserId,
    },
    SetModeration {
        chat: ChatId,
        moderation: Moderation,
    },
    /// Everything up to `seq` was seen.
    MarkRead {
        chat: ChatId,
        seq: Seq,
    },
    /// This page saw no activity for the idle time. Concerns the sending connection only.
    UserEnterIdle {},
    UserExitIdle {},
}

/// A message that wants to be posted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Print)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Post {
    pub chat: ChatId,
    pub draft: DraftId,
    pub body: Body,
}

/// Why an event is not a command.
#[derive(Debug, thiserror::Error)]
pub enum NotACommand {
    #[error("there is no such event")]
    Unknown,
    #[error("the event's data is not understood: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl Command {
    /// The event name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Command::PostMessage(_) => "postMessage",
            Command::CreateChat { .. } => "createChat",
            Command::CreatePrivateChat { .. } => "createPrivateChat",
            Command::JoinChat { .. } => "joinChat",
            Command::LeaveChat { .. } => "leaveChat",
            Command::RenameChat { .. } => "renameChat",
            Command::DeleteChat { .. } => "deleteChat",
            Command::InviteToChat { .. } => "inviteToChat",
            Command::SetModeration { .. } => "setModeration",
            Command::MarkRead { .. } => "markRead",
            Command::UserEnterIdle {} => "userEnterIdle",
            Command::UserExitIdle {} => "userExitIdle",
        }
    }

    /// The event's data as JSON text.
    pub fn data(&self) -> String {
        let text = print(self);
        // Before the data stand the event's name and the two members' own, none with a colon in it.
        let data = text.splitn(3, ':').nth(2).unwrap_or_default();
        data.strip_suffix('}').unwrap_or_default().to_owned()
    }

    /// Reads an event. Unknown names and malformed data are two errors, because the first may come from a
    /// newer client.
    pub fn from_event(name: &str, data: &str) -> Result<Command, NotACommand> {
        #[derive(Serialize)]
        struct Parts<'a> {
            event: &'a str,
            data: &'a serde_json::value::RawValue,
        }
        const NAMES: [&str; 12] = [
            "postMessage",
            "createChat",
            "createPrivateChat",
            "joinChat",
            "leaveChat",
            "renameChat",
            "deleteChat",
            "inviteToChat",
            "setModeration",
            "markRead",
            "userEnterIdle",
            "userExitIdle",
        ];
        if !NAMES.contains(&name) {
            return Err(NotACommand::Unknown);
        }
        let data: &serde_json::value::RawValue = serde_json::from_str(data)?;
        let text = serde_json::to_string(&Parts { event: name, data })?;
        Ok(serde_json::from_str(&text)?)
    }

    /// What to answer to data that is no command: whose request it was, and what a person can do about it.
    pub fn refuse(data: &str) -> (Option<DraftId>, Refusal) {
        #[derive(Deserialize)]
        struct Written {
            draft: Option<DraftId>,
            body: Option<String>,
            name: Option<String>,
        }
        let Ok(written) = serde_json::from_str::<Written>(data) else {
            return (None, Refusal::Malformed);
        };
        let body = written.body.and_then(|text| text.parse::<Body>().err());
        let name = written.name.and_then(|text| text.parse::<ChatName>().err());
        let why = body.or(name).map_or(Refusal::Malformed, Refusal::from);
        (written.draft, why)
    }

    /// The client-made id by which the answer finds its request.
    pub fn draft(&self) -> Option<DraftId> {
        match self {
            Command::PostMessage(post) => Some(post.draft),
            Command::CreateChat { draft, .. } => Some(*draft),
            Command::CreatePrivateChat { .. }
            | Command::JoinChat { .. }
            | Command::LeaveChat { .. }
            | Command::RenameChat { .. }
            | Command::DeleteChat { .. }
            | Command::InviteToChat { .. }
            | Command::SetModeration { .. }
            | Command::MarkRead { .. }
            | Command::UserEnterIdle {}
            | Command::UserExitIdle {} => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_survives_the_wire() {
        let chat = ChatId::from_bytes([1; 16]);
        let draft = DraftId::from_bytes([2; 16]);
        let user = UserId::from_bytes([3; 16]);
        let name: ChatName = "Tea".parse().expect("fit");
        let body: Body = "hi".parse().expect("fit");
        for command in [
            Command::PostMessage(Post { chat, draft, body }),
            Command::CreateChat {
                draft,
                name: name.clone(),
                access: Access::Private,
                record: Record::Off,
            },
            Command::CreatePrivateChat { with: user },
            Command::JoinChat { chat },
            Command::LeaveChat { chat },
            Command::RenameChat { chat, name },
            Command::DeleteChat { chat },
            Command::InviteToChat { chat, user },
            Command::SetModeration {
                chat,
                moderation: Moderation::Mask,
            },
            Command::MarkRead { chat, seq: Seq(7) },
            Command::UserEnterIdle {},
            Command::UserExitIdle {},
        ] {
            let back = Command::from_event(command.name(), &command.data()).expect("reads back");
            assert_eq!(back, command);
        }
    }

    #[test]
    fn a_claimed_identity_in_the_data_is_refused_and_not_ignored() {
        let data = r#"{"chat":"01010101-0101-0101-0101-010101010101","fromUserId":"victim"}"#;
        assert!(matches!(
            Command::from_event("joinChat", data),
            Err(NotACommand::Malformed(_))
        ));
    }

    #[test]
    fn an_unknown_event_is_not_a_command() {
        assert!(matches!(
            Command::from_event("__proto__", "{}"),
            Err(NotACommand::Unknown)
        ));
    }
}
