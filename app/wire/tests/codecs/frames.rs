//! Frames of the JSON subprotocols.

use crate::values::{event, group, json, metadata, payload, text};
use proptest::prelude::*;
use wire::frame::{
    AckError, AckErrorName, ClientFrame, Malformed, Message, Metadata, Payload, Sender,
    ServiceFrame, numbered,
};

fn id() -> impl Strategy<Value = Option<u64>> {
    let known = prop::sample::select(vec![0, 1, (1 << 53) + 1, u64::MAX - 1, u64::MAX]);
    prop::option::of(prop_oneof![known, any::<u64>()])
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    prop_oneof![
        (group(), id()).prop_map(|(group, ack_id)| ClientFrame::JoinGroup { group, ack_id }),
        (group(), id()).prop_map(|(group, ack_id)| ClientFrame::LeaveGroup { group, ack_id }),
        (
            group(),
            payload(),
            any::<bool>(),
            id(),
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
        (event(), payload(), id(), metadata()).prop_map(|(event, payload, ack_id, metadata)| {
            ClientFrame::Event {
                event,
                payload,
                ack_id,
                metadata,
            }
        }),
        any::<u64>().prop_map(|sequence_id| ClientFrame::SequenceAck { sequence_id }),
        Just(ClientFrame::Ping),
    ]
}

fn error() -> impl Strategy<Value = AckError> {
    let name = prop_oneof![
        Just(AckErrorName::Forbidden),
        Just(AckErrorName::InternalServerError),
        Just(AckErrorName::Duplicate),
        Just(AckErrorName::BadRequest),
        Just(AckErrorName::NotFound),
        Just(AckErrorName::Timeout),
        text().prop_map(|name| AckErrorName::Other(format!("Newer {name}"))),
    ];
    (name, text()).prop_map(|(name, message)| AckError { name, message })
}

fn message() -> impl Strategy<Value = Message> {
    let sender = prop_oneof![
        Just(Sender::Server),
        (group(), prop::option::of(text())).prop_map(|(group, user)| Sender::Group { group, user }),
    ];
    (sender, payload(), id(), metadata()).prop_map(|(from, payload, sequence_id, metadata)| {
        Message {
            from,
            payload,
            sequence_id,
            metadata,
        }
    })
}

fn service_frame() -> impl Strategy<Value = ServiceFrame> {
    prop_oneof![
        (text(), prop::option::of(text()), prop::option::of(text())).prop_map(
            |(connection_id, user_id, reconnection_token)| ServiceFrame::Connected {
                connection_id,
                user_id,
                reconnection_token,
            }
        ),
        text().prop_map(|message| ServiceFrame::Disconnected { message }),
        (any::<u64>(), prop::result::maybe_ok(Just(()), error()))
            .prop_map(|(ack_id, result)| ServiceFrame::Ack { ack_id, result }),
        message().prop_map(ServiceFrame::Message),
        Just(ServiceFrame::Pong),
    ]
}

/// JSON with the members that frames have, and anything in them.
fn nearly_a_frame() -> impl Strategy<Value = String> {
    let members = prop::sample::select(vec![
        "type",
        "event",
        "group",
        "from",
        "message",
        "fromUserId",
        "userId",
        "connectionId",
        "reconnectionToken",
        "ackId",
        "sequenceId",
        "success",
        "error",
        "noEcho",
        "ttlSeconds",
        "dataType",
        "data",
        "metadata",
    ]);
    let words = prop::sample::select(vec![
        "\"sendToGroup\"",
        "\"event\"",
        "\"joinGroup\"",
        "\"ack\"",
        "\"message\"",
        "\"system\"",
        "\"connected\"",
        "\"binary\"",
        "\"text\"",
        "null",
        "-1",
        "1e3",
    ]);
    let value = prop_oneof![words.prop_map(str::to_owned), json()];
    prop::collection::vec((members, value), 0..8).prop_map(|all| {
        let members: Vec<String> = all
            .iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

fn read(text: &str) -> Option<ClientFrame> {
    ClientFrame::from_json(text).ok()
}

fn heard(text: &str) -> Option<ServiceFrame> {
    ServiceFrame::from_json(text).ok().flatten()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_client_writes_reads_back(frame in client_frame()) {
        let text = frame.to_json();
        prop_assert_eq!(read(&text), Some(frame), "{}", text);
    }

    #[test]
    fn what_the_service_writes_reads_back(frame in service_frame()) {
        let text = frame.to_json();
        prop_assert_eq!(heard(&text), Some(frame), "{}", text);
    }

    #[test]
    fn a_number_put_in_front_is_the_messages_number(message in message(), number in any::<u64>()) {
        let text = numbered(number, &message.unnumbered());
        let expected = Message { sequence_id: Some(number), ..message };
        prop_assert_eq!(heard(&text), Some(ServiceFrame::Message(expected)));
    }

    #[test]
    fn members_that_nobody_knows_are_ignored(
        asked in client_frame(), told in service_frame(), key in "zz[a-zA-Z]{0,8}", value in json(),
    ) {
        let with_more = |text: String| format!("{{\"{key}\":{value},{}", &text[1..]);
        let text = with_more(asked.to_json());
        prop_assert_eq!(read(&text), Some(asked), "{}", text);
        let text = with_more(told.to_json());
        prop_assert_eq!(heard(&text), Some(told), "{}", text);
    }

    #[test]
    fn a_frame_that_is_cut_off_or_goes_on_is_none(asked in client_frame(), cut in any::<prop::sample::Index>()) {
        let text = asked.to_json();
        let cut = cut.index(text.len());
        if let Some(part) = text.get(..cut) {
            prop_assert_eq!(read(part), None, "{}", part);
            prop_assert!(ServiceFrame::from_json(part).is_err());
        }
        prop_assert_eq!(read(&format!("{text}}}")), None);
        prop_assert_eq!(read(&format!("{text}{text}")), None);
    }

    #[test]
    fn what_reads_at_all_is_printed_so_that_it_reads_the_same(text in nearly_a_frame()) {
        if let Some(frame) = read(&text) {
            prop_assert_eq!(read(&frame.to_json()), Some(frame));
        }
        if let Some(frame) = heard(&text) {
            prop_assert_eq!(heard(&frame.to_json()), Some(frame));
        }
    }

    #[test]
    fn nothing_that_arrives_panics(text in any::<String>(), value in json()) {
        let _ = (ClientFrame::from_json(&text), ServiceFrame::from_json(&text));
        let _ = (ClientFrame::from_json(&value), ServiceFrame::from_json(&value));
    }

    #[test]
    fn an_unknown_type_is_skipped_by_a_client_and_refused_by_the_service(kind in "[a-z]{1,12}", value in json()) {
        prop_assume!(!["ack", "event", "message", "ping", "pong", "system"].contains(&kind.as_str()));
        let text = format!(r#"{{"type":"{kind}","value":{value}}}"#);
        prop_assert!(matches!(ServiceFrame::from_json(&text), Ok(None)));
        prop_assert!(matches!(ClientFrame::from_json(&text), Err(Malformed::Type(unknown)) if unknown == kind));
    }
}

fn publish(member: &str) -> String {
    format!(r#"{{"type":"sendToGroup","group":"g","data":1,{member}}}"#)
}

#[test]
fn ids_are_whole_numbers_of_sixty_four_bits() {
    for digits in ["0", "1", "9007199254740993", "18446744073709551615"] {
        let frame = read(&publish(&format!(r#""ackId":{digits}"#))).expect("a frame");
        let printed = format!(r#""ackId":{digits},"#);
        assert!(frame.to_json().contains(&printed), "{digits}");
    }
    for bad in ["18446744073709551616", "-1", "1.5", "\"7\"", "true", "1e3"] {
        assert_eq!(read(&publish(&format!(r#""ackId":{bad}"#))), None, "{bad}");
        let ack = format!(r#"{{"type":"sequenceAck","sequenceId":{bad}}}"#);
        assert_eq!(read(&ack), None, "{bad}");
    }
}

#[test]
fn kinds_are_read_whatever_their_case() {
    let text = r#"{"type":"SENDTOGROUP","group":"g","dataType":"TEXT","data":"d"}"#;
    let frame = ClientFrame::SendToGroup {
        group: "g".into(),
        payload: Payload::Text("d".into()),
        no_echo: false,
        ack_id: None,
        ttl_seconds: None,
        metadata: Metadata::new(),
    };
    assert_eq!(read(text), Some(frame));
}

#[test]
fn malformed_frames_are_refused() {
    for bad in [
        "[]",
        "7",
        "\"ping\"",
        "null",
        r#"{"type":"#,
        r#"{"type":"ping","type":"ping"}"#,
        r#"{"type":7}"#,
        r#"{"type":"joinGroup"}"#,
        r#"{"type":"joinGroup","group":""}"#,
        r#"{"type":"joinGroup","group":" "}"#,
        r#"{"type":"joinGroup","group":7}"#,
        r#"{"type":"event","event":"","data":1}"#,
        r#"{"type":"event","event":"__proto__","data":1}"#,
        r#"{"type":"event","event":"e"}"#,
        r#"{"type":"sequenceAck"}"#,
        &format!(r#"{{"type":"joinGroup","group":"{}"}}"#, "x".repeat(1_025)),
        &format!(
            r#"{{"type":"event","event":"{}","data":1}}"#,
            "x".repeat(129)
        ),
        &publish(r#""noEcho":"yes""#),
        &publish(r#""ttlSeconds":301"#),
        &publish(r#""ttlSeconds":-1"#),
        &publish(r#""dataType":"xml""#),
        &publish(r#""dataType":"text""#),
        &publish(r#""dataType":"binary""#),
        &publish(r#""metadata":{"a b":"c"}"#),
        &publish(r#""metadata":{"a":"ü"}"#),
        r#"{"type":"sendToGroup","group":"g","dataType":"binary","data":"%%%"}"#,
        r#"{"type":"sendToGroup","group":"g","dataType":"text","data":{}}"#,
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn a_payload_of_any_depth_overflows_nothing() {
    for depth in [128, 100_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let _ = ClientFrame::from_json(&publish(&format!(r#""unknown":{nested}"#)));
        let text = format!(r#"{{"type":"event","event":"e","data":{nested}}}"#);
        if let Some(ClientFrame::Event { payload, .. }) = read(&text) {
            assert!(matches!(payload, Payload::Json(json) if json.get() == nested));
        }
        assert_eq!(read(&nested), None);
    }
}
