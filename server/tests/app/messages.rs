//! What is written, and by whom it is read.

use super::house::{House, create, made, post};
use app::chat::{
    Access, Command, DraftId, Fact, Kind, Moderation, Outcome, Post, Record, Refusal, Remark, Seq,
    Talk, Unfit,
};

#[tokio::test]
async fn a_message_is_heard_by_everybody_and_is_there_after_a_reload() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    ada.does(post(ada.lobby, "hello there")).await;
    let heard = bob.hears_message("hello there").await;
    assert_eq!(heard.author.id, ada.id());
    let page = house.page(&bob, bob.lobby).await.expect("a page");
    assert_eq!(page.messages, [heard]);
}

#[tokio::test]
async fn a_message_that_is_sent_twice_is_one() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let twice = post(ada.lobby, "once");
    let first = ada.does(twice.clone()).await;
    assert_eq!(ada.does(twice).await, first);
    ada.does(post(ada.lobby, "last")).await;
    bob.hears_message("last").await;
    let page = house.page(&bob, bob.lobby).await.expect("a page");
    assert_eq!(page.messages.len(), 2);
}

#[tokio::test]
async fn everybody_hears_the_same_order() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let mut eve = house.enter("Eve").await;
    let lobby = ada.lobby;
    for round in 0..20 {
        let (from_ada, from_bob) = (format!("a{round}"), format!("b{round}"));
        tokio::join!(
            ada.does(post(lobby, &from_ada)),
            bob.does(post(lobby, &from_bob))
        );
    }
    ada.does(post(lobby, "end")).await;
    for guest in [&mut ada, &mut bob, &mut eve] {
        guest.hears_message("end").await;
        let mut heard: Vec<Seq> = Vec::new();
        for frame in guest.everything().await {
            if let Some(Fact::MessagePosted(message)) = super::house::fact(&frame) {
                heard.push(message.seq);
            }
        }
        assert_eq!(heard, (1..=40).map(Seq).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_author_learns_which_words_were_masked_and_nobody_saw_them() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    // The Lobby masks.
    let outcome = ada.ask(post(ada.lobby, "oh ｓｈｉｔ")).await;
    let Outcome::Done {
        remark: Some(Remark::Masked { words }),
        ..
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(words, ["ｓｈｉｔ"]);
    let heard = bob.hears_message("oh ****").await;
    assert!(heard.masked);
}

#[tokio::test]
async fn a_chat_that_blocks_tells_the_author_why_and_nobody_else() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let chat = made(&ada.does(create("Tea", Access::Public, Record::Kept)).await).id;
    bob.does(Command::JoinChat { chat }).await;
    let moderation = Moderation::Block;
    assert_eq!(
        bob.is_refused(Command::SetModeration { chat, moderation })
            .await,
        Refusal::NotOwner
    );
    ada.does(Command::SetModeration { chat, moderation }).await;
    let refused = bob.is_refused(post(chat, "oh s\u{200B}hit")).await;
    assert!(matches!(refused, Refusal::Blocked { .. }), "{refused:?}");
    ada.does(post(chat, "fine")).await;
    let page = house.page(&ada, chat).await.expect("a page");
    assert_eq!(page.messages.len(), 1);
}

#[tokio::test]
async fn the_bot_answers_as_a_bot_and_once() {
    let house = House::new().await;
    let mut ada = house.enter("Ada").await;
    let ask = post(ada.lobby, "/dice 2d6");
    ada.does(ask.clone()).await;
    ada.does(ask).await;
    let lobby = ada.lobby;
    let fact = ada
        .hears(
            |fact| matches!(fact, Fact::MessagePosted(message) if message.author.kind == Kind::Bot),
        )
        .await;
    let Fact::MessagePosted(answer) = fact else {
        panic!("{fact:?}");
    };
    assert!(
        answer.body.as_str().starts_with("Ada threw"),
        "{}",
        answer.body
    );
    ada.does(post(lobby, "end")).await;
    ada.hears_message("end").await;
    assert_eq!(
        house
            .page(&ada, lobby)
            .await
            .expect("a page")
            .messages
            .len(),
        3
    );
}

#[tokio::test]
async fn a_reminder_comes_when_it_is_due() {
    let house = House::new().await;
    let mut ada = house.enter("Ada").await;
    ada.does(post(ada.lobby, "/remind 1s stretch")).await;
    ada.hears_message("I will remind you in 1 second, Ada.")
        .await;
    ada.hears_message("Ada, you asked me to remind you: stretch")
        .await;
}

#[tokio::test]
async fn a_bot_in_a_private_chat_needs_no_calling() {
    let house = House::new().await;
    let mut ada = house.enter("Ada").await;
    let people = house.snapshot(&ada, None).await.people;
    let bot = people
        .iter()
        .find(|one| one.person.kind == Kind::Bot)
        .expect("a bot")
        .person
        .clone();
    let chat = made(&ada.does(Command::CreatePrivateChat { with: bot.id }).await).id;
    ada.does(post(chat, "hello?")).await;
    let answer = ada
        .hears(|fact| matches!(fact, Fact::MessagePosted(message) if message.author.id == bot.id))
        .await;
    assert!(matches!(answer, Fact::MessagePosted(message) if message.chat == chat));
}

#[tokio::test]
async fn off_the_record_goes_from_member_to_member_and_the_server_keeps_nothing() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let chat = made(&ada.does(create("Hush", Access::Public, Record::Off)).await).id;
    bob.does(Command::JoinChat { chat }).await;
    let talk = Talk::Said {
        draft: DraftId::random(),
        body: "psst".parse().expect("fit"),
    };
    ada.says(chat, talk).await.expect("is sent");
    let (from, data) = bob.hears_talk(chat).await;
    assert_eq!(from, ada.id().to_string());
    assert_eq!(data["body"], "psst");
    assert_eq!(
        bob.is_refused(post(chat, "for the record")).await,
        Refusal::OffTheRecord
    );
    assert!(
        house
            .page(&bob, chat)
            .await
            .expect("a page")
            .messages
            .is_empty()
    );
}

#[tokio::test]
async fn too_many_messages_at_once_are_told_when_to_come_back() {
    let house = House::with(&[]).await;
    let mut ada = house.enter("Ada").await;
    let mut refused = None;
    for number in 0..30 {
        if let Outcome::Refused { why } = ada.ask(post(ada.lobby, &format!("{number}"))).await {
            refused = Some(why);
            break;
        }
    }
    assert!(
        matches!(refused, Some(Refusal::TooFast { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_message_of_the_longest_length_arrives_whole() {
    let house = House::new().await;
    let (mut ada, mut bob) = (house.enter("Ada").await, house.enter("Bob").await);
    let longest = "界".repeat(8_000);
    ada.does(post(ada.lobby, &longest)).await;
    bob.hears_message(&longest).await;
    let draft = DraftId::random();
    let body = "界".repeat(8_001);
    let data = serde_json::json!({ "chat": ada.lobby, "draft": draft, "body": body });
    let answer = ada.event("postMessage", data).await;
    let why = Refusal::from(Unfit::TooLong { max: 8_000 });
    assert_eq!(answer.draft, Some(draft));
    assert_eq!(answer.outcome, Outcome::Refused { why });
    // The same place is free still.
    let again = Post {
        chat: ada.lobby,
        draft,
        body: "short".parse().expect("fit"),
    };
    ada.does(Command::PostMessage(again)).await;
}
