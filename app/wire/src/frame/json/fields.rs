//! The members of a frame as they are read from JSON. Refuses to know which frame needs which.

use super::binary::decode;
use super::{Malformed, is_event_name, is_group_name};
use crate::frame::{
    AckError, AckErrorName, Metadata, Payload, StreamError, StreamPart, is_metadata,
};
use crate::json::{Json, NotJson, Reader, Token};
use std::borrow::Cow;
use std::mem::replace;

/// The members that are known here, by their names. `null` counts as absent.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, Member<'a>)>);

enum Member<'a> {
    Absent,
    Text(Cow<'a, str>),
    Count(u64),
    Flag(bool),
    /// Any value, as it is written.
    Span(&'a str),
    Metadata(Metadata),
    Fields(Fields<'a>),
}

/// What a member must be if it is there.
enum Kind {
    Text,
    Count,
    /// A number of 32 bits.
    Small,
    Flag,
    Span,
    Metadata,
    Stream,
    Error,
}

/// Which names an object knows; other members are passed over.
type Known = fn(&str) -> Option<Kind>;

/// Every member that some frame has.
fn of_frame(name: &str) -> Option<Kind> {
    Some(match name {
        "type" | "event" | "group" | "from" | "message" | "fromUserId" | "userId"
        | "connectionId" | "reconnectionToken" | "dataType" | "streamId" | "name"
        | "invocationId" | "target" => Kind::Text,
        "ackId" | "sequenceId" | "streamSequenceId" | "expectedSequenceId" => Kind::Count,
        "ttlSeconds" => Kind::Small,
        "success" | "noEcho" => Kind::Flag,
        "data" => Kind::Span,
        "metadata" => Kind::Metadata,
        "stream" => Kind::Stream,
        "error" => Kind::Error,
        _ => return None,
    })
}

/// What a frame says of a stream: its start to the service, its part to a receiver.
fn of_stream(name: &str) -> Option<Kind> {
    Some(match name {
        "streamId" => Kind::Text,
        "idleTimeoutMs" => Kind::Small,
        "streamSequenceId" => Kind::Count,
        "endOfStream" => Kind::Flag,
        "error" => Kind::Error,
        _ => return None,
    })
}

fn of_error(name: &str) -> Option<Kind> {
    matches!(name, "name" | "message" | "userErrorCode").then_some(Kind::Text)
}

impl<'a> Fields<'a> {
    /// Reads a frame, and what type it says it is.
    pub(super) fn of(text: &'a str) -> Result<(Cow<'a, str>, Self), Malformed> {
        let mut reader = Reader::new(text);
        let mut fields = match reader.value()? {
            Token::Object => Fields::read(&mut reader, of_frame)?,
            _ => return Err(NotJson.into()),
        };
        reader.end()?;
        let kind = fields.text("type").ok_or(NotJson)?;
        Ok((kind, fields))
    }

    /// Reads an object that was entered. What it knows it may say once.
    fn read(reader: &mut Reader<'a>, known: Known) -> Result<Self, NotJson> {
        // Few frames have more members.
        let mut fields = Vec::with_capacity(8);
        while let Some(name) = reader.member()? {
            let Some(kind) = known(&name) else {
                reader.span()?;
                continue;
            };
            if fields.iter().any(|(before, _)| *before == name) {
                return Err(NotJson);
            }
            fields.push((name, member(reader, kind)?));
        }
        Ok(Fields(fields))
    }

    fn take(&mut self, name: &str) -> Member<'a> {
        let field = self.0.iter_mut().find(|(known, _)| known == name);
        field.map_or(Member::Absent, |(_, member)| {
            replace(member, Member::Absent)
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        let there = |(known, member): &(Cow<str>, Member)| {
            known == name && !matches!(member, Member::Absent)
        };
        self.0.iter().any(there)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        match self.take(name) {
            Member::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn owned(&mut self, name: &str) -> Option<String> {
        self.text(name).map(Cow::into_owned)
    }

    pub(super) fn needed(&mut self, name: &'static str) -> Result<String, Malformed> {
        self.owned(name).ok_or(Malformed::Field(name))
    }

    pub(super) fn count(&mut self, name: &str) -> Option<u64> {
        match self.take(name) {
            Member::Count(count) => Some(count),
            _ => None,
        }
    }

    pub(super) fn needed_count(&mut self, name: &'static str) -> Result<u64, Malformed> {
        self.count(name).ok_or(Malformed::Field(name))
    }

    /// A number that was read as one of 32 bits.
    pub(super) fn small(&mut self, name: &str) -> Option<u32> {
        self.count(name)?.try_into().ok()
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name) {
            Member::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    pub(super) fn fields(&mut self, name: &str) -> Option<Fields<'a>> {
        match self.take(name) {
            Member::Fields(fields) => Some(fields),
            _ => None,
        }
    }

    pub(super) fn invocation_id(&mut self) -> Result<String, Malformed> {
        self.owned("invocationId")
            .filter(|id| !id.is_empty())
            .ok_or(Malformed::Field("invocationId"))
    }

    pub(super) fn event(&mut self) -> Result<String, Malformed> {
        self.owned("event")
            .filter(|name| is_event_name(name))
            .ok_or(Malformed::Field("event"))
    }

    pub(super) fn group(&mut self) -> Result<String, Malformed> {
        self.owned("group")
            .filter(|name| is_group_name(name))
            .ok_or(Malformed::Field("group"))
    }

    /// A payload that may be left out as a whole.
    pub(super) fn payload_if_any(&mut self) -> Result<Option<Payload>, Malformed> {
        match self.has("data") || self.has("dataType") {
            true => self.payload().map(Some),
            false => Ok(None),
        }
    }

    /// A missing type means JSON; metadata without data means empty text.
    pub(super) fn payload(&mut self) -> Result<Payload, Malformed> {
        let data = match self.take("data") {
            Member::Span(data) => data,
            _ if self.has("metadata") => return Ok(Payload::Text(String::new())),
            _ => return Err(Malformed::Field("data")),
        };
        let kind = self.text("dataType");
        match kind.map(|kind| kind.to_ascii_lowercase()).as_deref() {
            None | Some("json") => Ok(Payload::Json(Json::passed(data))),
            Some("text") => Ok(Payload::Text(text(data)?.into_owned())),
            Some("binary") => bytes(data).map(Payload::Binary),
            Some("protobuf") => bytes(data).map(Payload::Protobuf),
            Some(_) => Err(Malformed::Field("dataType")),
        }
    }

    pub(super) fn metadata(&mut self) -> Result<Metadata, Malformed> {
        match self.take("metadata") {
            Member::Metadata(metadata) if is_metadata(&metadata) => Ok(metadata),
            Member::Metadata(_) => Err(Malformed::Field("metadata")),
            _ => Ok(Metadata::new()),
        }
    }

    pub(super) fn ack_error(&mut self) -> Result<AckError, Malformed> {
        let name = self.text("name").ok_or(Malformed::Field("error"))?;
        Ok(AckError {
            name: AckErrorName::named(&name),
            message: self.owned("message").unwrap_or_default(),
        })
    }

    pub(super) fn stream_error(&mut self) -> Option<StreamError> {
        let mut error = self.fields("error")?;
        Some(StreamError {
            name: error.owned("name").unwrap_or_default(),
            message: error.owned("message").unwrap_or_default(),
            user_code: error.owned("userErrorCode"),
        })
    }

    pub(super) fn stream_part(&mut self) -> Result<Option<StreamPart>, Malformed> {
        let Some(mut stream) = self.fields("stream") else {
            return Ok(None);
        };
        Ok(Some(StreamPart {
            stream_id: stream.needed("streamId")?,
            sequence_id: stream.needed_count("streamSequenceId")?,
            end: stream.flag("endOfStream").unwrap_or(false),
            error: stream.stream_error(),
        }))
    }
}

fn member<'a>(reader: &mut Reader<'a>, kind: Kind) -> Result<Member<'a>, NotJson> {
    if let Kind::Span = kind {
        return Ok(match reader.span()? {
            "null" => Member::Absent,
            span => Member::Span(span),
        });
    }
    Ok(match (kind, reader.value()?) {
        (_, Token::Null) => Member::Absent,
        (Kind::Text, Token::Text(quoted)) => Member::Text(quoted.text()?),
        (Kind::Count, Token::Count(count)) => Member::Count(count),
        (Kind::Small, Token::Count(count)) if u32::try_from(count).is_ok() => Member::Count(count),
        (Kind::Flag, Token::Flag(flag)) => Member::Flag(flag),
        (Kind::Metadata, Token::Object) => Member::Metadata(metadata(reader)?),
        (Kind::Error, Token::Object) => Member::Fields(Fields::read(reader, of_error)?),
        (Kind::Stream, Token::Object) => match Fields::read(reader, of_stream)? {
            stream if stream.has("streamId") => Member::Fields(stream),
            _ => return Err(NotJson),
        },
        _ => return Err(NotJson),
    })
}

fn metadata(reader: &mut Reader<'_>) -> Result<Metadata, NotJson> {
    let mut metadata = Metadata::new();
    while let Some(name) = reader.member()? {
        let Token::Text(value) = reader.value()? else {
            return Err(NotJson);
        };
        metadata.insert(name.into_owned(), value.text()?.into_owned());
    }
    Ok(metadata)
}

/// What a span says that is a text.
fn text(span: &str) -> Result<Cow<'_, str>, NotJson> {
    match Reader::new(span).value()? {
        Token::Text(quoted) => quoted.text(),
        _ => Err(NotJson),
    }
}

fn bytes(span: &str) -> Result<bytes::Bytes, Malformed> {
    let bytes = decode(&text(span)?).ok_or(Malformed::Field("data"))?;
    Ok(bytes.into())
}
