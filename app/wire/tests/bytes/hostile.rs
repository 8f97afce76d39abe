//! Whatever anybody sends, there is an answer: nothing panics, and what was read prints and reads back the same.
//! Each property is tried `PROPTEST_CASES` times, 256 unless set.

use crate::samples::{client_frame, service_frame};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use proptest::prelude::*;
use wire::cloud_event::{ConnectAnswer, Delivery, read_user_answer, verify};
use wire::frame::{ClientFrame, Malformed, Metadata, Payload, ServiceFrame};
use wire::rest::Call;
use wire::role::{Permission, Role};
use wire::token::{ConnectionString, host_and_path};

/// Words that mean something to the reader, in any order.
fn almost_json() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"type\"",
        "\"sendToGroup\"",
        "\"event\"",
        "\"group\"",
        "\"g\"",
        "\"data\"",
        "\"dataType\"",
        "\"json\"",
        "\"text\"",
        "\"binary\"",
        "\"ackId\"",
        "1",
        "-1",
        "1e999",
        "18446744073709551616",
        "null",
        "true",
        "\"stream\"",
        "\"streamId\"",
        "\"invoke\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"metadata\"",
        "\"noEcho\"",
        "ż",
    ]);
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

/// A printed frame with some bytes changed, taken out or put in.
fn damaged(printed: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..4);
    (printed, changes).prop_map(|(mut bytes, changes)| {
        for (at, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        bytes
    })
}

fn reads_json(text: &str) -> Result<(), TestCaseError> {
    if let Ok(frame) = ClientFrame::from_json(text) {
        let again = ClientFrame::from_json(&frame.to_json());
        prop_assert_eq!(again.expect("prints what reads"), frame);
    }
    if let Ok(Some(frame)) = ServiceFrame::from_json(text) {
        let again = ServiceFrame::from_json(&frame.to_json());
        prop_assert_eq!(again.expect("prints what reads"), Some(frame));
    }
    Ok(())
}

fn reads_protobuf(bytes: Vec<u8>) -> Result<(), TestCaseError> {
    let bytes = Bytes::from(bytes);
    if let Ok(frame) = ClientFrame::from_protobuf(bytes.clone()) {
        let printed = frame.to_protobuf().expect("came from there");
        let again = ClientFrame::from_protobuf(printed);
        prop_assert_eq!(again.expect("prints what reads"), frame);
    }
    if let Ok(Some(frame)) = ServiceFrame::from_protobuf(bytes) {
        let printed = frame.to_protobuf().expect("came from there");
        let again = ServiceFrame::from_protobuf(printed);
        prop_assert_eq!(again.expect("prints what reads"), Some(frame));
    }
    Ok(())
}

fn request() -> impl Strategy<Value = Request<Bytes>> {
    let part = prop::sample::select(vec![
        "api",
        "hubs",
        "chat",
        "health",
        "groups",
        "users",
        "connections",
        "permissions",
        "sendToGroup",
        ":send",
        ":closeConnections",
        ":generateToken",
        ":addToGroups",
        "g",
        "%2F",
        "%zz",
        "%FF",
        "",
        "%C5%BC",
    ]);
    let query = prop::sample::select(vec![
        "",
        "?top=1",
        "?maxpagesize=x",
        "?targetName=g",
        "?minutesToExpire=0",
        "?filter=%zz",
        "?excluded=a&excluded=b",
        "?messageTtlSeconds=-1",
        "?api-version=1",
        "?&&==",
    ]);
    let header = (
        prop::sample::select(vec![
            "content-type",
            "content-length",
            "ce-type",
            "ce-hub",
            "ce-connectionid",
            "ce-eventname",
            "ce-id",
            "ce-signature",
            "x-webpubsub-metadata-a",
            "webhook-request-origin",
        ]),
        prop_oneof![
            prop::sample::select(vec![
                "text/plain",
                "application/json",
                "1",
                "azure.webpubsub.user.x",
                "azure.webpubsub.sys.connect",
                "azure.webpubsub.sys.disconnected",
                "chat",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
            prop::collection::vec(prop_oneof![Just(b'\t'), 0x20..=0x7Eu8, 0x80..=0xFFu8], 0..8),
        ],
    );
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);
    let body = prop_oneof![
        almost_json().prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40)
    ];
    (
        method,
        prop::collection::vec(part, 0..8),
        query,
        prop::collection::vec(header, 0..6),
        body,
    )
        .prop_filter_map("is a URI", |(method, parts, query, headers, body)| {
            let mut request = Request::builder()
                .method(Method::from_bytes(method.as_bytes()).ok()?)
                .uri(format!("/{}{query}", parts.join("/")));
            for (name, value) in headers {
                let value = HeaderValue::from_bytes(&value).ok()?;
                request = request.header(HeaderName::from_static(name), value);
            }
            request.body(Bytes::from(body)).ok()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_frame_or_a_complaint(text in prop_oneof![".{0,60}", almost_json()]) {
        reads_json(&text)?;
    }

    #[test]
    fn a_damaged_frame_is_a_frame_or_a_complaint(
        bytes in damaged(prop_oneof![
            client_frame().prop_map(|frame| frame.to_json().into_bytes()),
            service_frame().prop_map(|frame| frame.to_json().into_bytes()),
        ])
    ) {
        reads_json(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_bytes_are_a_protobuf_frame_or_a_complaint(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            damaged(client_frame().prop_map(|frame| frame.to_protobuf().unwrap_or_default().to_vec())),
            damaged(service_frame().prop_map(|frame| frame.to_protobuf().unwrap_or_default().to_vec())),
        ]
    ) {
        reads_protobuf(bytes)?;
    }

    #[test]
    fn any_request_is_an_operation_or_a_complaint(request in request()) {
        if let Ok((hub, call)) = Call::from_request(&request)
            && let Ok(printed) = call.to_request("http://h", &hub)
        {
            prop_assert_eq!(Call::from_request(&printed), Ok((hub, call)));
        }
    }

    #[test]
    fn any_request_is_an_event_or_a_complaint(request in request()) {
        if let Ok(delivery) = Delivery::from_request(&request)
            && let Ok(printed) = delivery.to_request("/in", ["key"])
            && let Ok(again) = Delivery::from_request(&printed)
        {
            prop_assert_eq!(again.event, delivery.event);
        }
    }

    #[test]
    fn any_answer_is_read_or_refused(status in 100..600u16, body in almost_json(), kind in ".{0,20}") {
        let mut answer = Response::builder().status(status).body(Bytes::from(body)).expect("a response");
        if let Ok(kind) = HeaderValue::from_str(&kind) {
            answer.headers_mut().insert("content-type", kind);
        }
        let _ = ConnectAnswer::from_response(&answer);
        let _ = read_user_answer(&answer);
    }

    #[test]
    fn any_text_is_a_role_a_signature_an_audience_or_none(text in ".{0,60}", group in ".{0,20}") {
        if let Some(role) = Role::parse(&text) {
            let again = Role::parse(&role.to_string());
            prop_assert_eq!(again.as_ref(), Some(&role));
            role.grants(Permission::SendToGroup, &group);
        }
        if let Some(role) = Role::parse(&format!("webpubsub.sendToGroups.{text}")) {
            role.grants(Permission::SendToGroup, &group);
        }
        prop_assert!(!verify(["key"], &group, &text));
        let _ = (host_and_path(&text), text.parse::<ConnectionString>());
    }
}

/// They would be dropped without a word: the start of a stream carries no data and no metadata, does not age, and is
/// not acknowledged by id.
#[test]
fn the_start_of_a_stream_with_more_than_a_start_is_refused() {
    let start = ClientFrame::StreamStart {
        group: "g".into(),
        stream_id: "s".into(),
        idle_timeout_ms: None,
        no_echo: false,
    };
    let send = ClientFrame::SendToGroup {
        group: "g".into(),
        payload: Payload::Text("lost".into()),
        no_echo: false,
        ack_id: None,
        ttl_seconds: None,
        metadata: Metadata::new(),
    };
    let start = start.to_protobuf().expect("has a form");
    let send = send.to_protobuf().expect("has a form");
    // Printed messages behind each other are one message with the fields of both. Source: protobuf encoding guide.
    let both = ClientFrame::from_protobuf([&start[..], &send[..]].concat().into());
    assert!(matches!(both, Err(Malformed::Field("stream"))), "{both:?}");
    // The field `ack_id` of `send_to_group_message`.
    let with_id = [&start[..], &[0x0A, 2, 0x10, 1]].concat();
    let both = ClientFrame::from_protobuf(with_id.into());
    assert!(matches!(both, Err(Malformed::Field("stream"))), "{both:?}");
    // The fields `ttl_seconds` and `metadata`; 0 seconds are none.
    let ttl = |seconds| {
        ClientFrame::from_protobuf([&start[..], &[0x0A, 2, 0x28, seconds]].concat().into())
    };
    assert!(matches!(ttl(1), Err(Malformed::Field("ttl_seconds"))));
    assert!(matches!(ttl(0), Ok(ClientFrame::StreamStart { .. })));
    let metadata = [
        &start[..],
        &[0x0A, 8, 0x32, 6, 0x0A, 1, b'k', 0x12, 1, b'v'],
    ]
    .concat();
    let metadata = ClientFrame::from_protobuf(metadata.into());
    assert!(
        matches!(metadata, Err(Malformed::Field("metadata"))),
        "{metadata:?}"
    );
    let alone = ClientFrame::from_protobuf(start);
    assert!(matches!(alone, Ok(ClientFrame::StreamStart { .. })));
}
