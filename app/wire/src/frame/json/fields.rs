//! The members of a frame as they are read from JSON. Refuses to know which frame needs which.

use super::{Malformed, is_event_name, is_group_name};
use crate::frame::{AckError, AckErrorName, Metadata, Payload, StreamError, is_metadata};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Every member that some frame has. `null` counts as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fields<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) event: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) group: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) from: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) from_user_id: Option<String>,
    #[serde(default)]
    pub(super) user_id: Option<String>,
    #[serde(default)]
    pub(super) connection_id: Option<String>,
    #[serde(default)]
    pub(super) reconnection_token: Option<String>,
    #[serde(default)]
    pub(super) ack_id: Option<u64>,
    #[serde(default)]
    pub(super) sequence_id: Option<u64>,
    #[serde(default)]
    pub(super) success: Option<bool>,
    #[serde(borrow, default)]
    pub(super) error: Option<ErrorFields<'a>>,
    #[serde(default)]
    pub(super) no_echo: Option<bool>,
    #[serde(default)]
    pub(super) ttl_seconds: Option<u32>,
    #[serde(borrow, default)]
    pub(super) data_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) metadata: Option<Metadata>,
    #[serde(borrow, default)]
    pub(super) stream: Option<StreamFields<'a>>,
    #[serde(default)]
    pub(super) stream_id: Option<String>,
    #[serde(default)]
    pub(super) stream_sequence_id: Option<u64>,
    #[serde(default)]
    pub(super) expected_sequence_id: Option<u64>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) invocation_id: Option<String>,
    #[serde(borrow, default)]
    pub(super) target: Option<Cow<'a, str>>,
}

/// What a frame says of a stream: its start to the service, its part to a receiver.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StreamFields<'a> {
    #[serde(borrow)]
    pub(super) stream_id: Cow<'a, str>,
    #[serde(default)]
    pub(super) idle_timeout_ms: Option<u32>,
    #[serde(default)]
    pub(super) stream_sequence_id: Option<u64>,
    #[serde(default)]
    pub(super) end_of_stream: Option<bool>,
    #[serde(borrow, default)]
    pub(super) error: Option<ErrorFields<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorFields<'a> {
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) user_error_code: Option<String>,
}

impl ErrorFields<'_> {
    pub(super) fn of_ack(self) -> Result<AckError, Malformed> {
        Ok(AckError {
            name: AckErrorName::named(&self.name.ok_or(Malformed::Field("error"))?),
            message: self.message.unwrap_or_default(),
        })
    }

    pub(super) fn of_stream(self) -> StreamError {
        StreamError {
            name: self.name.unwrap_or_default().into_owned(),
            message: self.message.unwrap_or_default(),
            user_code: self.user_error_code,
        }
    }
}

impl Fields<'_> {
    pub(super) fn stream_id(&mut self) -> Result<String, Malformed> {
        self.stream_id.take().ok_or(Malformed::Field("streamId"))
    }

    pub(super) fn expected(&self) -> Result<u64, Malformed> {
        self.expected_sequence_id
            .ok_or(Malformed::Field("expectedSequenceId"))
    }

    pub(super) fn invocation_id(&mut self) -> Result<String, Malformed> {
        self.invocation_id
            .take()
            .filter(|id| !id.is_empty())
            .ok_or(Malformed::Field("invocationId"))
    }

    pub(super) fn event(&mut self) -> Result<String, Malformed> {
        self.event
            .take()
            .map(Cow::into_owned)
            .filter(|name| is_event_name(name))
            .ok_or(Malformed::Field("event"))
    }

    /// A payload that may be left out as a whole.
    pub(super) fn payload_if_any(&self) -> Result<Option<Payload>, Malformed> {
        match (self.data, &self.data_type) {
            (None, None) => Ok(None),
            _ => self.payload().map(Some),
        }
    }

    pub(super) fn group(&mut self) -> Result<String, Malformed> {
        self.group
            .take()
            .map(Cow::into_owned)
            .filter(|name| is_group_name(name))
            .ok_or(Malformed::Field("group"))
    }

    /// A missing type means JSON; metadata without data means empty text.
    pub(super) fn payload(&self) -> Result<Payload, Malformed> {
        let Some(data) = self.data else {
            return match self.metadata {
                Some(_) => Ok(Payload::Text(String::new())),
                None => Err(Malformed::Field("data")),
            };
        };
        let bytes = || -> Result<bytes::Bytes, Malformed> {
            let text: Cow<str> = serde_json::from_str::<Text>(data.get())?.0;
            let bytes = BASE64
                .decode(text.as_bytes())
                .map_err(|_| Malformed::Field("data"))?;
            Ok(bytes.into())
        };
        match self
            .data_type
            .as_deref()
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("json") => Ok(Payload::Json(data.to_owned())),
            Some("text") => Ok(Payload::Text(
                serde_json::from_str::<Text>(data.get())?.0.into_owned(),
            )),
            Some("binary") => bytes().map(Payload::Binary),
            Some("protobuf") => bytes().map(Payload::Protobuf),
            Some(_) => Err(Malformed::Field("dataType")),
        }
    }

    pub(super) fn metadata(&mut self) -> Result<Metadata, Malformed> {
        let metadata = self.metadata.take().unwrap_or_default();
        is_metadata(&metadata)
            .then_some(metadata)
            .ok_or(Malformed::Field("metadata"))
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
