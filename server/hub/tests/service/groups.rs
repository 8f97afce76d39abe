//! Groups and permissions by REST: who is in, who may, and who is listed.

use super::support::{JSON, Service, config, text};
use serde_json::json;
use wire::rest::{Call, PageRequest, Target};
use wire::role::Permission;

#[tokio::test]
async fn a_group_is_listed_in_pages() {
    let service = Service::alone(config()).await;
    let mut clients = Vec::new();
    for number in 0..5 {
        let token = service.token(Some(&format!("u{number}")), &[], &["g"]);
        let mut client = service
            .open(&format!("access_token={token}"), JSON)
            .await
            .expect("is let in");
        client.json().await;
        clients.push(client);
    }
    let mut seen = Vec::new();
    let mut continuation = None;
    loop {
        let page = PageRequest {
            max_page_size: Some(2),
            top: None,
            continuation: continuation.take(),
        };
        let answer = service
            .answer(Call::ListConnections {
                group: "g".into(),
                page,
            })
            .await;
        let listing: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
        seen.extend(
            listing["value"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|entry| entry["connectionId"].clone()),
        );
        match listing["nextLink"].as_str() {
            Some(link) => continuation = link.split("continuationToken=").nth(1).map(str::to_owned),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.windows(2).all(|two| two[0].as_str() < two[1].as_str()));
}

#[tokio::test]
async fn a_grant_lets_a_running_client_publish_and_a_revocation_stops_it() {
    let service = Service::alone(config()).await;
    let mut client = service
        .client(JSON, "ada", &["webpubsub.sendToGroups.**"])
        .await;
    let connection = client.json().await["connectionId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut publish = async |ack: u32| {
        client
            .send(&format!(
                r#"{{"type":"sendToGroup","group":"g","data":1,"ackId":{ack}}}"#
            ))
            .await;
        client.json().await["success"].clone()
    };
    assert_eq!(publish(1).await, json!(true));
    let permission = Permission::SendToGroup;
    service
        .call(Call::Revoke {
            permission,
            group: "g".into(),
            connection: connection.clone(),
        })
        .await;
    assert_eq!(publish(2).await, json!(false));
    service
        .call(Call::Grant {
            permission,
            group: "g".into(),
            connection,
        })
        .await;
    assert_eq!(publish(3).await, json!(true));
}

#[tokio::test]
async fn many_join_and_leave_groups_by_a_filter() {
    let service = Service::alone(config()).await;
    let mut ada = service.client(JSON, "ada", &[]).await;
    let mut bob = service.client(JSON, "bob", &[]).await;
    ada.json().await;
    bob.json().await;
    let groups = || vec!["g".to_owned(), "h".to_owned()];
    let filter = || Some("userId eq 'ada'".to_owned());
    let say = async |group: &str| {
        service
            .call(Call::send(Target::Group(group.into()), text(group)))
            .await
    };
    let add = Call::AddToGroups {
        groups: groups(),
        filter: filter(),
    };
    assert_eq!(service.call(add).await, 200);
    for group in ["g", "h"] {
        say(group).await;
        assert_eq!(ada.json().await["data"], json!(group));
    }
    bob.has_nothing().await;
    for filter in ["", "null"] {
        let filter = if filter.is_empty() { r#""""# } else { filter };
        let body = format!(r#"{{"groups":["all"],"filter":{filter}}}"#);
        let json = [("content-type", "application/json")];
        let path = "/api/hubs/chat/:addToGroups";
        assert_eq!(service.rest("POST", path, &json, &body).await.0, 200);
    }
    say("all").await;
    assert_eq!(ada.json().await["data"], json!("all"));
    assert_eq!(bob.json().await["data"], json!("all"));
    let remove = Call::RemoveFromGroups {
        groups: groups(),
        filter: filter(),
    };
    assert_eq!(service.call(remove).await, 200);
    say("g").await;
    ada.has_nothing().await;
    for (body, kind, status) in [
        (r#"{"groups":[]}"#, "application/json", 400),
        (r#"{"groups":[" "]}"#, "application/json", 400),
        (r#"{"groups":["g"],"filter":"x"}"#, "application/json", 400),
        ("{", "application/json", 400),
        (r#"{"groups":["g"]}"#, "text/plain", 415),
    ] {
        let kind = [("content-type", kind)];
        let path = "/api/hubs/chat/:removeFromGroups";
        assert_eq!(
            service.rest("POST", path, &kind, body).await.0,
            status,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_listing_has_the_link_to_the_next_page_and_stops_at_the_top() {
    let service = Service::alone(config()).await;
    let mut members = Vec::new();
    for number in 0..4 {
        members.push(service.member(JSON, &format!("u{number}"), "g").await);
    }
    let get = async |path: &str| service.rest("GET", path, &[], "").await;
    let path = "/api/hubs/chat/groups/g/connections";
    let (status, page, _) = get(&format!("{path}?maxpagesize=2&top=3")).await;
    assert_eq!(
        (status, page["value"].as_array().map(Vec::len)),
        (200, Some(2))
    );
    let link = page["nextLink"].as_str().expect("there is more");
    let prefix = format!("http://{}{path}?", service.host);
    let rest = link.strip_prefix(&prefix).expect("the link is absolute");
    assert!(
        rest.contains("top=1") && rest.contains("maxpagesize=2"),
        "{rest}"
    );
    let (_, last, _) = get(&format!("{path}?{rest}")).await;
    assert_eq!(last["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(last.get("nextLink"), None);
    assert!(last["value"][0]["userId"].is_string());
    let (status, none, _) = get("/api/hubs/chat/groups/nobody/connections").await;
    assert_eq!((status, none), (200, json!({"value": []})));
    for wrong in [
        "maxpagesize=0",
        "maxpagesize=201",
        "top=0",
        "continuationToken=%20",
    ] {
        assert_eq!(get(&format!("{path}?{wrong}")).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_revoked_permission_leaves_the_membership_and_a_grant_lets_one_join() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    let (connection, _) = client.greeting().await;
    let permission = Permission::JoinLeaveGroup;
    let grant = || Call::Grant {
        permission,
        group: "g".into(),
        connection: connection.clone(),
    };
    let mut ack = 0;
    let mut may = async |kind: &str| {
        ack += 1;
        client
            .send(&format!(r#"{{"type":"{kind}","group":"g","ackId":{ack}}}"#))
            .await;
        client.json().await["success"] == json!(true)
    };
    assert!(!may("joinGroup").await);
    assert_eq!(service.call(grant()).await, 200);
    assert!(may("joinGroup").await);
    let revoke = Call::Revoke {
        permission,
        group: "g".into(),
        connection: connection.clone(),
    };
    assert_eq!(service.call(revoke).await, 204);
    assert!(!may("leaveGroup").await);
    service
        .call(Call::send(Target::Group("g".into()), text("still in")))
        .await;
    assert_eq!(client.json().await["data"], json!("still in"));
}

#[tokio::test]
async fn the_1001st_group_by_name_is_a_conflict_and_a_revocation_never_is() {
    let service = Service::alone(config()).await;
    let mut client = service
        .client(JSON, "ada", &["webpubsub.sendToGroups.team.*"])
        .await;
    let (connection, _) = client.greeting().await;
    let grant = async |number: usize| {
        let call = Call::Grant {
            permission: Permission::SendToGroup,
            group: format!("g{number}"),
            connection: connection.clone(),
        };
        service.call(call).await
    };
    for number in 0..1_000 {
        assert_eq!(grant(number).await, 200);
    }
    assert_eq!(grant(1_000).await, 409);
    assert_eq!(grant(7).await, 200);
    let revoke = Call::Revoke {
        permission: Permission::SendToGroup,
        group: "team.red".into(),
        connection: connection.clone(),
    };
    assert_eq!(service.call(revoke).await, 204);
    client
        .send(r#"{"type":"sendToGroup","group":"team.red","dataType":"text","data":"x","ackId":1}"#)
        .await;
    assert_eq!(client.json().await["error"]["name"], json!("Forbidden"));
}
