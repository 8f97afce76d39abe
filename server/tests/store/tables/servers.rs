//! Several servers on the same tables: whatever comes to whichever of them is done once.

use super::Own;
use super::azurite::Azurite;
use crate::hall::{Hall, at_once, create, made, newcomer, places, post, posted, seqs};
use app::chat::{Access, Command, DraftId, Kind, Message, Record};
use server::store::StoreError;
use std::collections::BTreeSet;
use std::sync::Arc;

const SERVERS: usize = 4;
const WRITERS: usize = 64;
const EACH: usize = 4;

/// So many servers on tables where nothing is kept yet.
async fn servers() -> Vec<Arc<Hall<Own>>> {
    let account = Azurite::account();
    let mut halls = Vec::new();
    for _ in 0..SERVERS {
        halls.push(Arc::new(Hall::at(Own(account.clone()), 1).await));
    }
    halls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_at_four_servers_lose_and_double_nothing() {
    let halls = servers().await;
    let ada = halls[0].guest("Ada").await;
    let chat = halls[0].chat(&ada, Access::Public).await;
    let writers = halls[0].guests(WRITERS).await;
    let answered = at_once(writers.into_iter().enumerate().map(|(number, writer)| {
        let hall = halls[number % SERVERS].clone();
        async move {
            hall.does(&writer, &Command::JoinChat { chat }).await;
            let mut messages = Vec::new();
            for _ in 0..EACH {
                messages.push(hall.post(&writer, chat, "words").await);
            }
            messages
        }
    }))
    .await;
    let mut answered: Vec<Message> = answered.into_iter().flatten().collect();
    answered.sort_by_key(|message| message.seq);
    assert_eq!(seqs(&answered), places(1..(WRITERS * EACH) as u64 + 1));
    for hall in &halls {
        assert_eq!(hall.messages(chat).await, answered);
        assert_eq!(hall.members(chat).await.len(), WRITERS + 1);
    }
    // Each was told by the server that did it, and by no other.
    let told: usize = halls
        .iter()
        .flat_map(|hall| hall.told())
        .filter(|commit| !commit.repeated && commit.chat.as_ref().is_some_and(|c| c.id == chat))
        .filter(|commit| matches!(commit.facts[..], [app::chat::Fact::MessagePosted(_)]))
        .count();
    assert_eq!(told, WRITERS * EACH);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_that_comes_to_every_server_at_once_is_one_message() {
    let halls = servers().await;
    let ada = halls[0].guest("Ada").await;
    let chat = halls[0].chat(&ada, Access::Public).await;
    let same = post(chat, "once");
    let commits = at_once((0..16).map(|number| {
        let (hall, ada, same) = (halls[number % SERVERS].clone(), ada.clone(), same.clone());
        async move { hall.does(&ada, &same).await }
    }))
    .await;
    let stored = halls[0].messages(chat).await;
    assert_eq!(stored.len(), 1);
    assert!(commits.iter().all(|commit| posted(commit) == stored[0]));
    assert_eq!(commits.iter().filter(|commit| !commit.repeated).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_comes_to_every_server_at_once_is_one_chat() {
    let halls = servers().await;
    let (ada, bob) = (halls[0].guest("Ada").await, halls[1].guest("Bob").await);
    let request = create(DraftId::random(), Access::Public, Record::Kept);
    let pair = Command::CreatePrivateChat { with: bob.id };
    for command in [request, pair] {
        let commits = at_once((0..8).map(|number| {
            let hall = halls[number % SERVERS].clone();
            let (ada, command) = (ada.clone(), command.clone());
            async move { hall.does(&ada, &command).await }
        }))
        .await;
        let chats: BTreeSet<_> = commits.iter().map(|commit| made(commit).id).collect();
        assert_eq!(chats.len(), 1);
    }
    let rows = halls[2].store.memberships(ada.id).await.expect("rows");
    assert_eq!(rows.len(), 2);
    let parts = halls[3].store.parts(bob.id, None).await.expect("parts");
    assert_eq!(
        parts.chats.len(),
        3,
        "the lobby, the public one and the pair's"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_take_a_name_at_every_server_one_has_it_alone() {
    let halls = servers().await;
    let people = at_once((0..16).map(|number| {
        let hall = halls[number % SERVERS].clone();
        let newcomer = newcomer("Ada", &format!("{number:04}"), Kind::Guest);
        async move { hall.store.register(newcomer).await.expect("is let in") }
    }))
    .await;
    assert_eq!(
        people.iter().filter(|person| person.tag.is_none()).count(),
        1
    );
    let again = newcomer("Ada", "0003", Kind::Guest);
    let again = halls[0].store.register(again).await;
    match people[3].tag {
        Some(_) => assert!(matches!(again, Err(StoreError::Conflict))),
        None => assert!(again.is_ok()),
    }
}
