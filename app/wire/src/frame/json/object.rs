//! A JSON object under construction. Refuses to know which members a frame has.

use super::binary::encode;
use crate::frame::{Metadata, Payload, StreamError, StreamPart};
use crate::json::{name, quote};

/// A JSON object under construction, in the order in which its members are added.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self(String::from("{"))
    }

    /// A value that is printed already.
    pub(super) fn printed(mut self, key: &str, value: &str) -> Self {
        name(&mut self.0, key);
        self.0.push_str(value);
        self
    }

    pub(super) fn text(mut self, key: &str, value: &str) -> Self {
        name(&mut self.0, key);
        quote(&mut self.0, value);
        self
    }

    pub(super) fn optional(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    pub(super) fn nullable(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self.printed(key, "null"),
        }
    }

    pub(super) fn flag(self, key: &str, value: bool) -> Self {
        self.printed(key, if value { "true" } else { "false" })
    }

    pub(super) fn number(self, key: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.printed(key, &value.to_string()),
            None => self,
        }
    }

    pub(super) fn object(self, key: &str, value: Object) -> Self {
        self.printed(key, &value.close())
    }

    pub(super) fn payload(self, payload: &Payload) -> Self {
        let object = self.text("dataType", payload.data_type());
        match payload {
            Payload::Text(text) => object.text("data", text),
            Payload::Json(json) => object.printed("data", json.get()),
            Payload::Binary(bytes) | Payload::Protobuf(bytes) => {
                object.text("data", &encode(bytes))
            }
        }
    }

    pub(super) fn metadata(self, metadata: &Metadata) -> Self {
        if metadata.is_empty() {
            return self;
        }
        let printed = metadata.iter().fold(Object::new(), |object, (key, value)| {
            object.text(key, value)
        });
        self.object("metadata", printed)
    }

    pub(super) fn error(self, error: Option<&StreamError>) -> Self {
        let Some(error) = error else {
            return self;
        };
        let printed = Object::new()
            .text("name", &error.name)
            .text("message", &error.message)
            .optional("userErrorCode", error.user_code.as_deref());
        self.object("error", printed)
    }

    pub(super) fn stream(self, part: Option<&StreamPart>) -> Self {
        let Some(part) = part else {
            return self;
        };
        let mut printed = Object::new()
            .text("streamId", &part.stream_id)
            .number("streamSequenceId", Some(part.sequence_id));
        if part.end {
            printed = printed.flag("endOfStream", true);
        }
        self.object("stream", printed.error(part.error.as_ref()))
    }

    pub(super) fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
