//! Chats come, change and go; people join and leave them.

use super::house::{House, create, made, post};
use app::chat::{Access, Command, Fact, Record, Refusal, Talk};

#[tokio::test]
async fn a_public_chat_is_in_everybodys_list_and_a_private_one_in_its_members() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let open = made(&ada.does(create("Open", Access::Public, Record::Kept)).await).id;
    let closed = made(
        &ada.does(create("Closed", Access::Private, Record::Kept))
            .await,
    )
    .id;
    bob.hears(|fact| matches!(fact, Fact::ChatCreated { chat, .. } if chat.id == open))
        .await;
    let listed: Vec<_> = house
        .chats(&bob)
        .await
        .iter()
        .map(|row| row.chat.id)
        .collect();
    assert!(listed.contains(&open) && !listed.contains(&closed));
    let told = serde_json::to_string(&bob.everything().await).expect("JSON");
    assert!(!told.contains(&closed.to_string()), "{told}");
}

#[tokio::test]
async fn somebody_invited_is_told_and_hears_from_then_on() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let chat = made(
        &ada.does(create("Closed", Access::Private, Record::Kept))
            .await,
    )
    .id;
    ada.does(Command::InviteToChat {
        chat,
        user: bob.id(),
    })
    .await;
    bob.hears(|fact| matches!(fact, Fact::MemberJoined { member, .. } if member.chat == chat))
        .await;
    ada.does(post(chat, "welcome")).await;
    bob.hears_message("welcome").await;
    bob.says(chat, Talk::Typing { active: true })
        .await
        .expect("a member may");
}

#[tokio::test]
async fn whoever_left_hears_and_says_nothing_more() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let chat = made(&ada.does(create("Tea", Access::Public, Record::Kept)).await).id;
    bob.does(Command::JoinChat { chat }).await;
    bob.says(chat, Talk::Typing { active: true })
        .await
        .expect("a member may");
    bob.does(Command::LeaveChat { chat }).await;
    ada.hears(|fact| matches!(fact, Fact::MemberLeft { user, .. } if *user == bob.id()))
        .await;
    ada.does(post(chat, "without you")).await;
    assert_eq!(
        bob.says(chat, Talk::Typing { active: true }).await,
        Err("Forbidden".into())
    );
    assert_eq!(
        bob.is_refused(post(chat, "still here")).await,
        Refusal::NotAMember
    );
    let told = serde_json::to_string(&bob.everything().await).expect("JSON");
    assert!(!told.contains("without you"), "{told}");
}

#[tokio::test]
async fn a_private_chat_of_two_is_one_whoever_opens_it() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let mut eve = house.enter("Eve").await;
    let with_bob = Command::CreatePrivateChat { with: bob.id() };
    let with_ada = Command::CreatePrivateChat { with: ada.id() };
    let (one, other) = tokio::join!(ada.does(with_bob), bob.does(with_ada));
    let chat = made(&one).id;
    assert_eq!(made(&other).id, chat);
    ada.does(post(chat, "between us")).await;
    bob.hears_message("between us").await;
    let told = serde_json::to_string(&eve.everything().await).expect("JSON");
    assert!(!told.contains(&chat.to_string()), "{told}");
    assert_eq!(
        eve.is_refused(post(chat, "me too")).await,
        Refusal::NoSuchChat
    );
}

#[tokio::test]
async fn only_its_owner_deletes_a_chat_and_everybody_is_told_once() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let chat = made(&ada.does(create("Tea", Access::Public, Record::Kept)).await).id;
    bob.does(Command::JoinChat { chat }).await;
    assert_eq!(
        bob.is_refused(Command::DeleteChat { chat }).await,
        Refusal::NotOwner
    );
    ada.does(Command::DeleteChat { chat }).await;
    bob.hears(|fact| matches!(fact, Fact::ChatDeleted { .. }))
        .await;
    assert_eq!(bob.is_refused(post(chat, "hm")).await, Refusal::NoSuchChat);
    assert_eq!(
        bob.says(chat, Talk::Typing { active: true }).await,
        Err("Forbidden".into())
    );
    let told = bob.everything().await;
    let again = told.iter().filter_map(super::house::fact);
    assert_eq!(
        again
            .filter(|fact| matches!(fact, Fact::ChatDeleted { .. }))
            .count(),
        0
    );
}

#[tokio::test]
async fn the_lobby_can_neither_be_renamed_nor_deleted() {
    let house = House::new().await;
    let mut ada = house.enter("Ada").await;
    let chat = ada.lobby;
    let name = "Mine".parse().expect("fit");
    assert_eq!(
        ada.is_refused(Command::RenameChat { chat, name }).await,
        Refusal::FixedDefault
    );
    assert_eq!(
        ada.is_refused(Command::DeleteChat { chat }).await,
        Refusal::FixedDefault
    );
}

#[tokio::test]
async fn namesakes_can_be_told_apart() {
    let house = House::new().await;
    let (first, second) = (house.sign_in("Ada").await, house.sign_in("%D0%90da").await);
    assert_eq!(first.me.tag, None);
    assert!(second.me.tag.is_some(), "a look-alike in another alphabet");
    let bot = house.sign_in("chatr").await;
    assert!(bot.me.tag.is_some(), "nobody passes for the bot");
}
