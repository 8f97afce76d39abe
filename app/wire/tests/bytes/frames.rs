//! Frames there and back, and some of them byte by byte.

use crate::samples::{client_frame, service_frame};
use bytes::Bytes;
use proptest::prelude::*;
use wire::frame::{ClientFrame, Metadata, Payload, Sender, ServiceFrame};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_clients_frame_survives_json(frame in client_frame()) {
        let text = frame.to_json();
        prop_assert_eq!(ClientFrame::from_json(&text).expect(&text), frame);
    }

    #[test]
    fn a_services_frame_survives_json(frame in service_frame()) {
        let text = frame.to_json();
        prop_assert_eq!(ServiceFrame::from_json(&text).expect(&text), Some(frame));
    }

    /// Invocations have no form there.
    #[test]
    fn a_clients_frame_survives_protobuf(frame in client_frame()) {
        let invokes = matches!(frame, ClientFrame::Invoke { .. } | ClientFrame::CancelInvocation { .. });
        match frame.to_protobuf() {
            Some(bytes) => prop_assert_eq!(ClientFrame::from_protobuf(bytes).expect("reads"), frame),
            None => prop_assert!(invokes),
        }
    }

    /// Whose message it is is not told there.
    #[test]
    fn a_services_frame_survives_protobuf(mut frame in service_frame()) {
        if let ServiceFrame::Message(message) = &mut frame
            && let Sender::Group { user, .. } = &mut message.from
        {
            *user = None;
        }
        match frame.to_protobuf() {
            Some(bytes) => prop_assert_eq!(ServiceFrame::from_protobuf(bytes).expect("reads"), Some(frame)),
            None => {
                let response = matches!(frame, ServiceFrame::InvokeResponse { .. });
                prop_assert!(response);
            }
        }
    }
}

#[test]
fn frames_have_the_members_of_the_reference_in_the_order_of_microsofts_client() {
    let text = || Payload::Text("hi".into());
    for (frame, printed) in [
        (
            ClientFrame::SendToGroup {
                group: "g".into(),
                payload: text(),
                no_echo: true,
                ack_id: Some(3),
                ttl_seconds: None,
                metadata: Metadata::new(),
            },
            r#"{"type":"sendToGroup","group":"g","ackId":3,"noEcho":true,"dataType":"text","data":"hi"}"#,
        ),
        (
            ClientFrame::Invoke {
                invocation_id: "1".into(),
                event: "quote".into(),
                payload: Some(text()),
            },
            r#"{"type":"invoke","invocationId":"1","target":"event","event":"quote","dataType":"text","data":"hi"}"#,
        ),
        (
            ClientFrame::StreamData {
                stream_id: "s-1".into(),
                fragment: Some((1, text())),
            },
            r#"{"type":"streamData","streamId":"s-1","streamSequenceId":1,"dataType":"text","data":"hi"}"#,
        ),
    ] {
        assert_eq!(frame.to_json(), printed);
    }
}

/// Written down from the field numbers of the reference, not from our own printer.
#[test]
fn protobuf_frames_have_the_numbers_of_the_reference() {
    let join = ClientFrame::JoinGroup {
        group: "g".into(),
        ack_id: Some(1),
    };
    let ping = ClientFrame::Ping;
    let sequence = ClientFrame::SequenceAck { sequence_id: 300 };
    let event = ClientFrame::Event {
        event: "e".into(),
        payload: Payload::Binary(Bytes::from_static(&[9])),
        ack_id: Some(2),
        metadata: Metadata::new(),
    };
    let data_end = ClientFrame::StreamEnd {
        stream_id: "s".into(),
        error: None,
    };
    for (frame, bytes) in [
        (join, &[0x32, 5, 0x0A, 1, b'g', 0x10, 1][..]),
        (ping, &[0x4A, 0]),
        (sequence, &[0x42, 3, 0x08, 0xAC, 0x02]),
        (
            event,
            &[0x2A, 10, 0x0A, 1, b'e', 0x12, 3, 0x12, 1, 9, 0x18, 2],
        ),
        (data_end, &[0x72, 3, 0x0A, 1, b's']),
    ] {
        assert_eq!(frame.to_protobuf().expect("has a form"), bytes, "{frame:?}");
    }
    let message = ServiceFrame::Message(wire::frame::Message {
        from: Sender::Server,
        payload: Payload::Text("x".into()),
        sequence_id: Some(5),
        metadata: Metadata::new(),
        stream: None,
    });
    let bytes = [
        &[0x12, 15, 0x0A, 6][..],
        b"server",
        &[0x1A, 3, 0x0A, 1, b'x', 0x20, 5],
    ];
    assert_eq!(message.to_protobuf().expect("has a form"), bytes.concat());
    let gone = ServiceFrame::Disconnected {
        message: "bye".into(),
    };
    let bytes = [0x1A, 7, 0x12, 5, 0x12, 3, b'b', b'y', b'e'];
    assert_eq!(gone.to_protobuf().expect("has a form"), &bytes[..]);
}
