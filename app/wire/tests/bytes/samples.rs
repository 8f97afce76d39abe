//! Any frame, as a strategy.

use bytes::Bytes;
use proptest::prelude::*;
use wire::frame::{
    AckError, AckErrorName, ClientFrame, Message, Metadata, Payload, Sender, ServiceFrame,
    StreamError, StreamPart, UserError,
};

fn json() -> impl Strategy<Value = Payload> {
    let text = prop_oneof![
        Just("1.50".to_owned()),
        Just(r#"{"z":9007199254740993,"a":[null,""]}"#.to_owned()),
        "[a-zż\"\\\\ ]{0,8}".prop_map(|text| serde_json::to_string(&text).expect("text")),
    ];
    text.prop_map(|text| Payload::Json(serde_json::from_str(&text).expect("JSON")))
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from)
}

pub fn payload() -> impl Strategy<Value = Payload> {
    // A serialised Any with a type and a value.
    let any = bytes().prop_map(|value| {
        let length = u8::try_from(value.len()).expect("is short");
        let mut any = vec![0x0A, 1, b'a', 0x12, length];
        any.extend(&value);
        Payload::Protobuf(any.into())
    });
    prop_oneof![
        ".{0,20}".prop_map(Payload::Text),
        json(),
        bytes().prop_map(Payload::Binary),
        any
    ]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    prop::collection::btree_map("[a-z!#-]{1,8}", "[ -~]{0,8}", 0..3)
}

fn group() -> impl Strategy<Value = String> {
    "[a-zż/%\"]{1,12}"
}

fn ack_id() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(any::<u64>())
}

pub fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let user_error = ("[a-z ]{0,8}", prop::option::of("[A-Z0-9]{0,4}"))
        .prop_map(|(message, code)| UserError { message, code });
    prop_oneof![
        (group(), ack_id()).prop_map(|(group, ack_id)| ClientFrame::JoinGroup { group, ack_id }),
        (group(), ack_id()).prop_map(|(group, ack_id)| ClientFrame::LeaveGroup { group, ack_id }),
        (
            group(),
            payload(),
            any::<bool>(),
            ack_id(),
            prop::option::of(0..=300u32),
            metadata()
        )
            .prop_map(|(group, payload, no_echo, ack_id, ttl_seconds, metadata)| {
                ClientFrame::SendToGroup {
                    group,
                    payload,
                    no_echo,
                    ack_id,
                    ttl_seconds,
                    metadata,
                }
            }),
        ("[a-z][a-z0-9_.-]{0,9}", payload(), ack_id(), metadata()).prop_map(
            |(event, payload, ack_id, metadata)| ClientFrame::Event {
                event,
                payload,
                ack_id,
                metadata
            }
        ),
        any::<u64>().prop_map(|sequence_id| ClientFrame::SequenceAck { sequence_id }),
        Just(ClientFrame::Ping),
        (".{1,8}", "[a-z]{1,9}", prop::option::of(payload())).prop_map(
            |(invocation_id, event, payload)| ClientFrame::Invoke {
                invocation_id,
                event,
                payload
            }
        ),
        ".{1,8}".prop_map(|invocation_id| ClientFrame::CancelInvocation { invocation_id }),
        (
            group(),
            ".{0,8}",
            prop::option::of(any::<u32>()),
            any::<bool>()
        )
            .prop_map(|(group, stream_id, idle_timeout_ms, no_echo)| {
                ClientFrame::StreamStart {
                    group,
                    stream_id,
                    idle_timeout_ms,
                    no_echo,
                }
            }),
        (".{0,8}", prop::option::of((any::<u64>(), payload()))).prop_map(
            |(stream_id, fragment)| ClientFrame::StreamData {
                stream_id,
                fragment
            }
        ),
        (".{0,8}", prop::option::of(user_error))
            .prop_map(|(stream_id, error)| ClientFrame::StreamEnd { stream_id, error }),
    ]
}

fn ack_error() -> impl Strategy<Value = AckError> {
    let name = prop::sample::select(vec!["Forbidden", "Duplicate", "Timeout", "SomethingNew"]);
    (name, ".{0,8}").prop_map(|(name, message)| AckError {
        name: AckErrorName::named(name),
        message,
    })
}

fn stream_error(codes: bool) -> impl Strategy<Value = StreamError> {
    let code = prop::option::of("[A-Z0-9]{0,4}");
    ("[A-Za-z]{1,8}", ".{0,8}", code).prop_map(move |(name, message, code)| StreamError {
        name,
        message,
        user_code: code.filter(|_| codes),
    })
}

pub fn message() -> impl Strategy<Value = Message> {
    let from = prop_oneof![
        Just(Sender::Server),
        (group(), prop::option::of(".{0,5}"))
            .prop_map(|(group, user)| Sender::Group { group, user }),
    ];
    let part = (
        ".{0,8}",
        any::<u64>(),
        any::<bool>(),
        prop::option::of(stream_error(true)),
    );
    let part = part.prop_map(|(stream_id, sequence_id, end, error)| StreamPart {
        stream_id,
        sequence_id,
        end,
        error,
    });
    (
        from,
        payload(),
        ack_id(),
        metadata(),
        prop::option::of(part),
    )
        .prop_map(|(from, payload, sequence_id, metadata, stream)| Message {
            from,
            payload,
            sequence_id,
            metadata,
            stream,
        })
}

pub fn service_frame() -> impl Strategy<Value = ServiceFrame> {
    let done = prop_oneof![Just(Ok(())), ack_error().prop_map(Err)];
    let response = prop_oneof![
        prop::option::of(payload()).prop_map(Ok),
        ack_error().prop_map(Err)
    ];
    prop_oneof![
        (
            ".{1,8}",
            prop::option::of(".{1,5}"),
            prop::option::of(".{1,8}")
        )
            .prop_map(|(connection_id, user_id, reconnection_token)| {
                ServiceFrame::Connected {
                    connection_id,
                    user_id,
                    reconnection_token,
                }
            }),
        ".{0,8}".prop_map(|message| ServiceFrame::Disconnected { message }),
        (any::<u64>(), done).prop_map(|(ack_id, result)| ServiceFrame::Ack { ack_id, result }),
        message().prop_map(ServiceFrame::Message),
        Just(ServiceFrame::Pong),
        (".{1,8}", response).prop_map(|(invocation_id, result)| ServiceFrame::InvokeResponse {
            invocation_id,
            result,
        }),
        (".{0,8}", any::<u64>()).prop_map(|(stream_id, expected)| ServiceFrame::StreamAck {
            stream_id,
            expected
        }),
        (".{0,8}", any::<u64>(), ".{0,8}", ".{0,8}").prop_map(
            |(stream_id, expected, name, message)| ServiceFrame::StreamNack {
                stream_id,
                expected,
                name,
                message,
            }
        ),
        (".{0,8}", prop::option::of(stream_error(false)))
            .prop_map(|(stream_id, error)| ServiceFrame::StreamClosed { stream_id, error }),
    ]
}
