//! What members send each other through the hub, past the server: the direct lane. The author is the
//! envelope's user id; nothing in here claims one.

use super::id::DraftId;
use super::text::Body;
use crate::print::Print;
use crate::tree::Read;
use serde::{Deserialize, Serialize};

/// Travels as JSON in the group `ChatId::talk_group`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Print, Read)]
#[serde(
    tag = "talk",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Talk {
    /// The sender is typing, or has stopped.
    Typing { active: bool },
    /// An off-the-record message. `draft` lets receivers drop a repetition.
    Said { draft: DraftId, body: Body },
}
