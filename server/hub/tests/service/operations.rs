//! Every operation of the REST interface, and the code that it answers with.

use super::support::{JSON, Service, config, text};
use serde_json::json;
use wire::rest::{Call, Member, Target};
use wire::role::Permission;

#[tokio::test]
async fn every_operation_answers_with_its_code() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    let id = client.json().await["connectionId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let (group, user) = (|| "g".to_owned(), || "ada".to_owned());
    let there = Member::Connection(id.clone());
    let gone = || "gone".to_owned();
    let grant = |connection: String| Call::Grant {
        permission: Permission::SendToGroup,
        group: group(),
        connection,
    };
    for (call, status) in [
        (Call::Health, 200),
        (Call::send(Target::All, text("x")), 202),
        (Call::send(Target::User(gone()), text("x")), 202),
        (Call::send(Target::Connection(gone()), text("x")), 202),
        (
            Call::AddToGroup {
                group: group(),
                member: there.clone(),
            },
            200,
        ),
        (
            Call::AddToGroup {
                group: group(),
                member: Member::Connection(gone()),
            },
            404,
        ),
        (
            Call::AddToGroup {
                group: group(),
                member: Member::User(user()),
            },
            200,
        ),
        (
            Call::AddToGroup {
                group: group(),
                member: Member::User(gone()),
            },
            404,
        ),
        (
            Call::Exists {
                what: Target::Group(group()),
            },
            200,
        ),
        (
            Call::Exists {
                what: Target::User(user()),
            },
            200,
        ),
        (
            Call::Exists {
                what: Target::Connection(id.clone()),
            },
            200,
        ),
        (grant(id.clone()), 200),
        (
            Call::Check {
                permission: Permission::SendToGroup,
                group: group(),
                connection: id.clone(),
            },
            200,
        ),
        (
            Call::Revoke {
                permission: Permission::SendToGroup,
                group: group(),
                connection: id.clone(),
            },
            204,
        ),
        (
            Call::Check {
                permission: Permission::SendToGroup,
                group: group(),
                connection: id.clone(),
            },
            404,
        ),
        (grant(gone()), 404),
        (
            Call::RemoveFromGroup {
                group: group(),
                member: there.clone(),
            },
            204,
        ),
        (
            Call::RemoveFromGroup {
                group: group(),
                member: Member::Connection(gone()),
            },
            204,
        ),
        (
            Call::Exists {
                what: Target::Group(group()),
            },
            404,
        ),
        (
            Call::AddToGroups {
                groups: vec![group()],
                filter: None,
            },
            200,
        ),
        (
            Call::RemoveFromGroups {
                groups: vec![group()],
                filter: None,
            },
            200,
        ),
        (Call::RemoveFromAllGroups { member: there }, 204),
        (
            Call::RemoveFromAllGroups {
                member: Member::User(user()),
            },
            204,
        ),
        (
            Call::Close {
                whom: Target::Connection(gone()),
                excluded: Vec::new(),
                reason: None,
            },
            204,
        ),
        (
            Call::Close {
                whom: Target::User(user()),
                excluded: vec![id],
                reason: None,
            },
            204,
        ),
    ] {
        assert_eq!(service.call(call.clone()).await, status, "{call:?}");
    }
    let absent = service
        .answer(Call::Exists {
            what: Target::User(gone()),
        })
        .await;
    assert_eq!(
        absent.headers()["x-ms-error-code"],
        "Warning.User.NotExisted"
    );
}

#[tokio::test]
async fn what_is_absent_is_named_in_a_header_and_in_a_body() {
    let service = Service::alone(config()).await;
    for (path, code) in [
        ("connections/gone", "Warning.Connection.NotExisted"),
        ("groups/gone", "Warning.Group.NotExisted"),
        ("users/gone", "Warning.User.NotExisted"),
        (
            "permissions/sendToGroup/connections/gone?targetName=g",
            "Info.Connection.NotExisted",
        ),
    ] {
        let answer = service
            .rest("HEAD", &format!("/api/hubs/chat/{path}"), &[], "")
            .await;
        assert_eq!((answer.0, answer.2.as_str()), (404, code), "{path}");
    }
    let path = "/api/hubs/chat/groups/g/connections/b7f3c0de";
    let (status, body, code) = service.rest("PUT", path, &[], "").await;
    assert_eq!(
        (status, code.as_str()),
        (404, "Error.Connection.NotExisted")
    );
    assert_eq!(
        body,
        json!({
            "code": "Error.Connection.NotExisted",
            "message": "Connection `b7f3c0de` is not found.",
            "target": "Connection", "details": null, "innererror": null,
        })
    );
    let path = "/api/hubs/chat/permissions/sendToGroup/connections/gone";
    for target in ["", "?targetName=", "?targetName=gone"] {
        let (status, _, code) = service
            .rest("PUT", &format!("{path}{target}"), &[], "")
            .await;
        let expected = if target.ends_with("gone") {
            (404, "Info.Connection.NotExisted")
        } else {
            (400, "Error.BadRequest")
        };
        assert_eq!((status, code.as_str()), expected, "{target}");
    }
}

#[tokio::test]
async fn health_asks_for_no_token_and_every_answer_names_the_versions() {
    let service = Service::alone(config()).await;
    let request = http::Request::head(format!("http://{}/api/health", service.host))
        .body(bytes::Bytes::new())
        .expect("a request");
    let answer = service.request(request).await;
    assert_eq!(answer.status(), 200);
    let versions = answer.headers()["api-supported-versions"].to_str();
    assert!(versions.is_ok_and(|versions| versions.contains("2024-12-01")));
    for (version, status) in [
        ("2021-10-01", 404),
        ("2024-12-01", 404),
        ("2020-10-01", 404),
        ("1999-01-01", 400),
    ] {
        let path = format!("/api/hubs/chat/users/u?api-version={version}");
        assert_eq!(
            service.rest("HEAD", &path, &[], "").await.0,
            status,
            "{version}"
        );
    }
}

#[tokio::test]
async fn what_is_no_operation_is_not_found_and_what_has_another_method_is_not_allowed() {
    let service = Service::alone(config()).await;
    for (method, path, status) in [
        ("GET", "/api/hubs/chat/nothing", 404),
        ("GET", "/api/hubs/chat", 404),
        ("GET", "/api/hubs/chat/:send", 405),
        ("PATCH", "/api/hubs/chat/users/u", 405),
        ("HEAD", "/api/hubs/9/users/u", 400),
        (
            "PUT",
            "/api/hubs/chat/permissions/fly/connections/c?targetName=g",
            400,
        ),
    ] {
        assert_eq!(
            service.rest(method, path, &[], "").await.0,
            status,
            "{method} {path}"
        );
    }
}
