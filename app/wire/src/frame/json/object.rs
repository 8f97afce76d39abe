//! A JSON object under construction. Refuses to know which members a frame has.

use crate::frame::{Metadata, Payload, StreamError, StreamPart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

/// A JSON object under construction, in the order in which its members are added.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self(String::from("{"))
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    pub(super) fn value(mut self, key: &str, value: &impl Serialize) -> Self {
        self.key(key);
        self.0
            .push_str(&serde_json::to_string(value).expect("frames hold plain data"));
        self
    }

    pub(super) fn text(self, key: &str, value: &str) -> Self {
        self.value(key, &value)
    }

    pub(super) fn optional(self, key: &str, value: &Option<String>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    pub(super) fn number(self, key: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.value(key, &value),
            None => self,
        }
    }

    pub(super) fn payload(self, payload: &Payload) -> Self {
        let object = self.text("dataType", payload.data_type());
        match payload {
            Payload::Text(text) => object.text("data", text),
            Payload::Json(json) => object.value("data", json),
            Payload::Binary(bytes) | Payload::Protobuf(bytes) => {
                object.text("data", &BASE64.encode(bytes))
            }
        }
    }

    pub(super) fn metadata(self, metadata: &Metadata) -> Self {
        if metadata.is_empty() {
            self
        } else {
            self.value("metadata", metadata)
        }
    }

    pub(super) fn stream(self, part: Option<&StreamPart>) -> Self {
        match part {
            Some(part) => self.value(
                "stream",
                &StreamPrint {
                    stream_id: &part.stream_id,
                    stream_sequence_id: Some(part.sequence_id),
                    end_of_stream: part.end.then_some(true),
                    error: part.error.as_ref().map(ErrorPrint::of),
                    ..StreamPrint::default()
                },
            ),
            None => self,
        }
    }

    pub(super) fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StreamPrint<'a> {
    pub(super) stream_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) idle_timeout_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream_sequence_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_of_stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorPrint<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorPrint<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_error_code: Option<&'a str>,
}

impl<'a> ErrorPrint<'a> {
    pub(super) fn of(error: &'a StreamError) -> Self {
        Self {
            name: Some(&error.name),
            message: &error.message,
            user_error_code: error.user_code.as_deref(),
        }
    }
}
