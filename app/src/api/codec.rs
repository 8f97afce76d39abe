//! How questions and answers travel: as JSON. A browser prints questions and reads answers with little code, one for
//! all server functions; a server does the rest with Leptos and serde. The same bytes as Leptos' own encoding.

use super::ApiError;
use crate::print::{Print, print};
use crate::script::fetch;
use crate::tree::{self, Read, Unread};
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::Post;
use leptos::server_fn::server::Server;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, Http, Protocol};
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::pin::Pin;

/// How a server function is asked.
pub struct Asking;

/// What a server function is asked, in the body.
type Asked = Post<Question>;

/// What a server function answers, in the body.
pub type Answered = Post<Codec>;

/// Questions in a body.
pub struct Question;

/// Answers in a body.
pub struct Codec;

impl<Q, A, C, S> Protocol<Q, A, C, S, ApiError> for Asking
where
    Q: Print + DeserializeOwned + Send,
    A: Read + Serialize + Send,
    C: Client<ApiError>,
    S: Server<ApiError>,
{
    const METHOD: http::Method = http::Method::POST;

    fn run_server<F, Fut>(
        request: S::Request,
        server_fn: F,
    ) -> impl Future<Output = Result<S::Response, ApiError>> + Send
    where
        F: Fn(Q) -> Fut + Send,
        Fut: Future<Output = Result<A, ApiError>> + Send,
    {
        <Http<Asked, Answered> as Protocol<Q, A, C, S, ApiError>>::run_server(request, server_fn)
    }

    fn run_client(path: &str, question: Q) -> impl Future<Output = Result<A, ApiError>> + Send {
        let answer = ask(path.to_owned(), print(&question));
        async move { tree::read(&answer.await?).map_err(|_| ApiError::Unreachable) }
    }
}

/// The browser's tasks all run on the thread that the page runs on.
type Reply = SendWrapper<Pin<Box<dyn Future<Output = Result<String, ApiError>>>>>;

fn ask(path: String, question: String) -> Reply {
    SendWrapper::new(Box::pin(async move {
        match fetch(&path, Some(&question)).await {
            Ok((true, answer)) => Ok(answer),
            Ok((false, refusal)) => Err(tree::read(&refusal).unwrap_or(ApiError::Unreachable)),
            Err(_) => Err(ApiError::Unreachable),
        }
    }))
}

impl ContentType for Question {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Question {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Print> Encodes<T> for Question {
    type Error = Infallible;

    fn encode(value: &T) -> Result<Bytes, Infallible> {
        Ok(Bytes::from(print(value)))
    }
}

impl<T: DeserializeOwned> Decodes<T> for Question {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&bytes)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Negotiate, ReadMessages, TakeSnapshot};
    use crate::chat::{ChatId, Seq, Window};

    /// How a question is printed, if it reads back as the same.
    fn asked<T: Print + DeserializeOwned>(question: &T) -> String {
        let bytes = Question::encode(question).expect("printing cannot fail");
        let read: T = Question::decode(bytes.clone()).expect("reads back");
        assert_eq!(print(&read).as_bytes(), bytes);
        String::from_utf8(bytes.into()).expect("JSON is text")
    }

    #[test]
    fn questions_are_printed_as_leptos_would() {
        let chat = ChatId::from_bytes([1; 16]);
        let id = "01".repeat(16);
        assert_eq!(asked(&Negotiate {}), "{}");
        assert_eq!(asked(&TakeSnapshot { open: None }), r#"{"open":null}"#);
        let open = Some(chat);
        assert_eq!(
            asked(&TakeSnapshot { open }),
            format!(r#"{{"open":"{id}"}}"#)
        );
        let window = Window::Before(Seq(7));
        assert_eq!(
            asked(&ReadMessages { chat, window }),
            format!(r#"{{"chat":"{id}","window":{{"is":"before","seq":7}}}}"#)
        );
    }
}
