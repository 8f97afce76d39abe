//! Who is there, as others are told.

use crate::house::House;
use app::chat::{Command, Fact};

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
    let online = told.iter().filter_map(crate::house::fact);
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
