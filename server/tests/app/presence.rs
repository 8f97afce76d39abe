//! Who is there, as others are told, and who has gone for good.

use super::house::House;
use app::chat::{Command, Fact};
use axum::body::Body;
use http::Method;
use http::header::COOKIE;

#[tokio::test]
async fn two_tabs_are_one_person_and_idle_only_together() {
    let house = House::new().await;
    let mut ada = house.enter("Ada").await;
    let mut bob = house.enter("Bob").await;
    ada.hears(|fact| matches!(fact, Fact::UserOnline(one) if one.person.id == bob.id()))
        .await;
    let second = house.open(&bob).await.expect("is let in");
    bob.does(Command::UserEnterIdle {}).await;
    // The second tab is not idle, so nothing is told; the first one's return is no news either.
    bob.does(Command::UserExitIdle {}).await;
    drop(second);
    bob.does(Command::UserEnterIdle {}).await;
    ada.hears(|fact| matches!(fact, Fact::UserIsIdle { user } if *user == bob.id()))
        .await;
    let told = ada.everything().await;
    let online = told.iter().filter_map(super::house::fact);
    let again =
        online.filter(|fact| matches!(fact, Fact::UserOnline(one) if one.person.id == bob.id()));
    assert_eq!(again.count(), 0);
    let people = house.snapshot(&ada, None).await.people;
    assert_eq!(
        people
            .iter()
            .filter(|one| one.person.id == bob.id())
            .count(),
        1
    );
}

#[tokio::test]
async fn signing_out_closes_every_socket_and_ends_the_session() {
    let house = House::new().await;
    let mut ada = house.enter("Ada").await;
    let request = house
        .request(Method::POST, "/.auth/logout")
        .header(COOKIE, &ada.cookie)
        .body(Body::empty());
    let (status, _, cookie) = house.answer(request.expect("a request")).await;
    assert!(status.is_redirection());
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
    ada.is_closed().await;
}
