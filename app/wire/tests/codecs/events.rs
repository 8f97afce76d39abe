//! Webhooks and their answers.

use crate::values::{event, json, metadata, payload, raw, text};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use proptest::prelude::*;
use std::collections::BTreeMap;
use wire::cloud_event::{
    CloudEvent, ConnectAnswer, ConnectRequest, Context, Delivery, answered_state, read_user_answer,
    signature, user_answer, verify,
};
use wire::frame::{Metadata, Payload};

fn lists() -> impl Strategy<Value = BTreeMap<String, Vec<String>>> {
    prop::collection::btree_map(text(), prop::collection::vec(text(), 0..3), 0..3)
}

fn cloud_event() -> impl Strategy<Value = CloudEvent> {
    let connect = (
        lists(),
        lists(),
        lists(),
        prop::collection::vec(text(), 0..3),
    )
        .prop_map(|(claims, query, headers, subprotocols)| {
            CloudEvent::Connect(ConnectRequest {
                claims,
                query,
                headers,
                subprotocols,
                client_certificates: Vec::new(),
            })
        });
    prop_oneof![
        connect,
        Just(CloudEvent::Connected),
        text().prop_map(|reason| CloudEvent::Disconnected { reason }),
        (event(), payload(), metadata()).prop_map(|(event, payload, metadata)| {
            CloudEvent::User {
                event,
                payload,
                metadata,
            }
        }),
    ]
}

fn context() -> impl Strategy<Value = Context> {
    let plain = || "[!-~]{1,20}";
    (
        (plain(), plain(), plain(), plain()),
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(text()),
        any::<u64>(),
    )
        .prop_map(
            |((hub, connection_id, time, origin), user_id, subprotocol, connection_state, id)| {
                Context {
                    hub,
                    connection_id,
                    user_id,
                    subprotocol,
                    connection_state,
                    id,
                    time,
                    origin,
                }
            },
        )
}

/// A header holds no control characters: a value with one must not be sent, least of all a line break.
fn fits_a_header(text: &Option<String>) -> bool {
    text.as_ref()
        .is_none_or(|text| HeaderValue::from_bytes(text.as_bytes()).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_reads_back_or_is_not_sent_at_all(context in context(), event in cloud_event()) {
        let delivery = Delivery { context, event };
        let fits = [
            &delivery.context.user_id,
            &delivery.context.subprotocol,
            &delivery.context.connection_state,
        ]
        .into_iter()
        .all(fits_a_header);
        match delivery.to_request("/api/eventHandler", ["key"]) {
            Ok(request) => {
                prop_assert!(fits);
                let read = Delivery::from_request(&request);
                prop_assert_eq!(read.expect("reads"), delivery);
            }
            Err(_) => prop_assert!(!fits),
        }
    }

    #[test]
    fn no_request_makes_the_webhook_panic(
        kind in prop_oneof![
            Just("azure.webpubsub.sys.connect".to_owned()),
            Just("azure.webpubsub.sys.disconnected".to_owned()),
            Just("azure.webpubsub.user.x".to_owned()),
            "[ -~]{0,40}",
        ],
        headers in prop::collection::vec((
            prop::sample::select(vec![
                "ce-hub", "ce-connectionid", "ce-userid", "ce-id", "ce-eventname", "content-type", "ce-time",
                "x-webpubsub-metadata-a", "x-webpubsub-metadata-", "ce-signature",
            ]),
            prop::collection::vec(any::<u8>(), 0..40),
        ), 0..12),
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..80), json().prop_map(String::into_bytes)],
    ) {
        let mut request = Request::post("/api/eventHandler").header("ce-type", kind);
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request = request.header(name, value);
            }
        }
        let request = request.body(Bytes::from(body)).expect("a request");
        let _ = Delivery::from_request(&request);
        let mut response = Response::new(request.body().clone());
        *response.headers_mut() = request.headers().clone();
        let _ = (ConnectAnswer::from_response(&response), read_user_answer(&response));
    }

    #[test]
    fn an_answer_to_connect_reads_back(
        user_id in prop::option::of(text()),
        groups in prop::collection::vec(text(), 0..3),
        roles in prop::option::of(prop::collection::vec(text(), 0..3)),
        subprotocol in prop::option::of(text()),
        state in prop::option::of("[!-~]{1,40}"),
    ) {
        let answer = ConnectAnswer { user_id, groups, roles, subprotocol };
        let response = answer.to_response(state.as_deref()).expect("a response");
        prop_assert_eq!(ConnectAnswer::from_response(&response).expect("reads"), answer);
        prop_assert_eq!(answered_state(response.headers()), state);
    }

    #[test]
    fn an_answer_to_an_event_reads_back_and_an_empty_one_is_none(payload in prop::option::of(payload())) {
        let response = user_answer(payload.as_ref());
        let expected = payload
            .filter(|_| !response.body().is_empty())
            .map(|payload| (payload, Metadata::new()));
        prop_assert_eq!(read_user_answer(&response).expect("reads"), expected);
    }

    #[test]
    fn a_signature_is_for_its_key_and_its_connection(
        key in text(), other in text(), id in text(), elsewhere in text(), forged in any::<String>(),
    ) {
        let signed = signature([key.as_str()], &id);
        prop_assert!(verify([key.as_str()], &id, &signed));
        prop_assert!(verify([other.as_str(), key.as_str()], &id, &signed));
        // HMAC takes a key that ends in zeros for the one without them.
        prop_assume!(key.trim_end_matches('\0') != other.trim_end_matches('\0') && id != elsewhere);
        prop_assert!(!verify([other.as_str()], &id, &signed));
        prop_assert!(!verify([key.as_str()], &elsewhere, &signed));
        prop_assert!(!verify([key.as_str()], &id, &forged));
        prop_assert!(!verify([key.as_str()], &id, &signed[..signed.len() - 1]));
    }
}

#[test]
fn json_is_delivered_to_the_letter() {
    let text = "{\"a\" : 1.0e3,\"a\":18446744073709551615, \"b\":\"\\u00e9\"}";
    let delivery = Delivery {
        context: Context {
            hub: "chat".into(),
            connection_id: "c".into(),
            ..Context::default()
        },
        event: CloudEvent::User {
            event: "e".into(),
            payload: Payload::Json(raw(text.into())),
            metadata: Metadata::new(),
        },
    };
    let request = delivery.to_request("/", ["key"]).expect("a request");
    assert_eq!(request.body(), text);
    assert_eq!(Delivery::from_request(&request).expect("reads"), delivery);
}
