//! How answers travel: as JSON, written by serde and read as a tree. The same bytes as Leptos' own encoding.

use crate::tree::{self, Read, Unread};
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;

/// What a server function answers, in the body.
pub type Answered = Post<Codec>;

/// Answers in a body, and in the page that waited for them.
pub struct Codec;

impl ContentType for Codec {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Codec {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Codec {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: Read> Decodes<T> for Codec {
    type Error = Unread;

    fn decode(bytes: Bytes) -> Result<T, Unread> {
        tree::read(std::str::from_utf8(&bytes).map_err(|_| Unread)?)
    }
}

impl<T: Serialize> Encoder<T> for Codec {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, serde_json::Error> {
        serde_json::to_string(value)
    }
}

impl<T: Read> Decoder<T> for Codec {
    type Error = Unread;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Unread> {
        tree::read(text)
    }
}
