//! Operations over REST.

use crate::values::{group, json, metadata, payload, text, visible};
use bytes::Bytes;
use http::{Method, Request, Uri};
use proptest::prelude::*;
use wire::frame::Payload;
use wire::rest::{Call, Member, PageRequest, SendOptions, Target};
use wire::role::Permission;

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        group().prop_map(Target::Group),
        visible().prop_map(Target::User),
        visible().prop_map(Target::Connection),
    ]
}

fn member() -> impl Strategy<Value = Member> {
    prop_oneof![
        visible().prop_map(Member::User),
        visible().prop_map(Member::Connection),
    ]
}

fn permission() -> impl Strategy<Value = Permission> {
    prop_oneof![
        Just(Permission::SendToGroup),
        Just(Permission::JoinLeaveGroup)
    ]
}

fn send() -> impl Strategy<Value = Call> {
    let options = (
        prop::collection::vec(text(), 0..3),
        prop::option::of(visible()),
        prop::option::of(0..=300u32),
    )
        .prop_map(|(excluded, filter, ttl_seconds)| SendOptions {
            excluded,
            filter,
            ttl_seconds,
        });
    // REST knows no protobuf.
    let payload = payload().prop_map(|payload| match payload {
        Payload::Protobuf(bytes) => Payload::Binary(bytes),
        other => other,
    });
    let to = prop_oneof![1 => Just(Target::All), 3 => target()];
    (to, payload, metadata(), options).prop_map(|(to, payload, metadata, options)| Call::Send {
        to,
        payload,
        metadata,
        options,
    })
}

fn close() -> impl Strategy<Value = Call> {
    let whom = prop_oneof![1 => Just(Target::All), 3 => target()];
    let excluded = prop::collection::vec(text(), 0..3);
    (whom, excluded, prop::option::of(visible())).prop_map(|(whom, excluded, reason)| Call::Close {
        // One connection has nobody to leave out.
        excluded: match whom {
            Target::Connection(_) => Vec::new(),
            Target::All | Target::Group(_) | Target::User(_) => excluded,
        },
        whom,
        reason,
    })
}

fn call() -> impl Strategy<Value = Call> {
    let groups = || {
        (
            prop::collection::vec(group(), 1..3),
            prop::option::of(visible()),
        )
    };
    let texts = || prop::collection::vec(text(), 0..3);
    let page = (
        prop::option::of(1..=200usize),
        prop::option::of(1..=u32::MAX as usize),
        prop::option::of(visible()),
    )
        .prop_map(|(max_page_size, top, continuation)| PageRequest {
            max_page_size,
            top,
            continuation,
        });
    prop_oneof![
        (prop::option::of(visible()), texts(), texts(), 1..=u32::MAX).prop_map(
            |(user, roles, groups, minutes)| Call::GenerateToken {
                user,
                roles,
                groups,
                minutes,
            }
        ),
        send(),
        close(),
        target().prop_map(|what| Call::Exists { what }),
        (group(), member()).prop_map(|(group, member)| Call::AddToGroup { group, member }),
        (group(), member()).prop_map(|(group, member)| Call::RemoveFromGroup { group, member }),
        member().prop_map(|member| Call::RemoveFromAllGroups { member }),
        groups().prop_map(|(groups, filter)| Call::AddToGroups { groups, filter }),
        groups().prop_map(|(groups, filter)| Call::RemoveFromGroups { groups, filter }),
        (group(), page).prop_map(|(group, page)| Call::ListConnections { group, page }),
        (permission(), group(), visible(), 0..3u8).prop_map(
            |(permission, group, connection, which)| match which {
                0 => Call::Grant {
                    permission,
                    group,
                    connection,
                },
                1 => Call::Revoke {
                    permission,
                    group,
                    connection,
                },
                _ => Call::Check {
                    permission,
                    group,
                    connection,
                },
            }
        ),
    ]
}

/// A request that may be an operation, or nearly one.
fn request() -> impl Strategy<Value = Request<Bytes>> {
    let method = prop::sample::select(vec![
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::POST,
        Method::DELETE,
    ]);
    let segment = prop_oneof![
        4 => prop::sample::select(vec![
            "groups", "users", "connections", "permissions", "sendToGroup", ":send", ":closeConnections",
            ":generateToken", ":addToGroups", ":removeFromGroups", "%2F", "%ff", "%", "..", "", "a",
        ]).prop_map(str::to_owned),
        1 => "[!-~&&[^/?#]]{0,8}",
    ];
    let parameter = (
        prop::sample::select(vec![
            "excluded",
            "filter",
            "messageTtlSeconds",
            "minutesToExpire",
            "maxpagesize",
            "top",
            "continuationToken",
            "targetName",
            "reason",
            "role",
            "userId",
            "api-version",
        ]),
        "[!-~&&[^#]]{0,8}",
    );
    let kind = prop::sample::select(vec![
        "text/plain",
        "application/json",
        "application/octet-stream",
        "application/x-protobuf",
        "text/csv",
        "",
    ]);
    (
        method,
        prop::collection::vec(segment, 0..6),
        prop::collection::vec(parameter, 0..4),
        kind,
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            json().prop_map(String::into_bytes),
            Just(br#"{"groups":["a"],"filter":" "}"#.to_vec()),
        ],
    )
        .prop_filter_map(
            "an address",
            |(method, segments, parameters, kind, body)| {
                let path: String = segments
                    .iter()
                    .map(|segment| format!("/{segment}"))
                    .collect();
                let query: Vec<String> =
                    parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
                let uri = format!("http://h/api/hubs/chat{path}?{}", query.join("&"));
                let uri: Uri = uri.parse().ok()?;
                Request::builder()
                    .method(method)
                    .uri(uri)
                    .header("content-type", kind)
                    .header("content-length", body.len())
                    .body(Bytes::from(body))
                    .ok()
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_operation_reads_back(call in call(), hub in visible()) {
        let request = call.to_request("http://localhost:8080", &hub).expect("a request");
        prop_assert_eq!(Call::from_request(&request), Ok((hub, call)), "{}", request.uri());
    }

    #[test]
    fn no_request_panics_and_what_reads_is_printed_so_that_it_reads_the_same(request in request()) {
        let Ok((hub, call)) = Call::from_request(&request) else {
            return Ok(());
        };
        let print = |call: &Call| call.to_request("http://h", &hub).expect("a request");
        let (again_hub, again) = Call::from_request(&print(&call)).expect("reads");
        prop_assert_eq!(&again_hub, &hub);
        let (first, second) = (print(&call), print(&again));
        prop_assert_eq!(first.uri(), second.uri());
        prop_assert_eq!(first.body(), second.body());
    }
}

#[test]
fn the_question_for_health_names_no_hub() {
    let request = Call::Health.to_request("http://h", "chat");
    let read = Call::from_request(&request.expect("a request"));
    assert_eq!(read, Ok((String::new(), Call::Health)));
}
