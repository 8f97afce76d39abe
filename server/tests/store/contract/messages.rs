//! What becomes of a message on its way into a chat.

use crate::hall::{Hall, Place, at_once, places, post, posted, seqs};
use app::chat::{
    Access, Body, Chat, ChatId, Command, DraftId, Fact, Membership, Message, Millis, Moderation,
    Person, Post, Record, Refusal, Seq,
};
use server::store::{Scope, StoreError};
use std::collections::BTreeMap;
use std::slice::from_ref;
use std::sync::{Arc, Mutex};

pub async fn places_are_counted_for_each_chat_from_one_without_gaps<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let tea = hall.chat(&ada, Access::Public).await;
    let coffee = hall.chat(&ada, Access::Private).await;
    assert_eq!(hall.stored(tea).await.last, Seq::ZERO);
    for (chat, seq) in [(tea, 1), (coffee, 1), (tea, 2), (tea, 3), (coffee, 2)] {
        assert_eq!(hall.post(&ada, chat, "words").await.seq, Seq(seq));
    }
    let hall = hall.reopened().await;
    assert_eq!(hall.post(&ada, tea, "more").await.seq, Seq(4));
    assert_eq!(hall.stored(tea).await.last, Seq(4));
    assert_eq!(seqs(&hall.messages(tea).await), places(1..5));
    assert_eq!(seqs(&hall.messages(coffee).await), places(1..3));
}

pub async fn what_is_refused_leaves_nothing_and_is_not_told<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    let block = Command::SetModeration {
        chat,
        moderation: Moderation::Block,
    };
    hall.does(&ada, &block).await;
    let everything = async || {
        let parts = hall.store.parts(ada.id, Some(chat)).await.expect("parts");
        (parts, hall.seen(chat, &bob).await)
    };
    let (before, told) = (everything().await, hall.told().len());
    for (actor, command, why) in [
        (&bob, post(chat, "hello"), Refusal::NotAMember),
        (&bob, Command::DeleteChat { chat }, Refusal::NotOwner),
        (
            &ada,
            Command::InviteToChat {
                chat,
                user: app::chat::UserId::random(),
            },
            Refusal::NoSuchPerson,
        ),
        (
            &ada,
            Command::CreatePrivateChat { with: ada.id },
            Refusal::OnlyYou,
        ),
        (
            &ada,
            post(chat, "oh shit"),
            Refusal::Blocked {
                words: vec!["shit".into()],
            },
        ),
    ] {
        assert_eq!(hall.is_refused(actor, &command).await, why);
    }
    assert_eq!(everything().await, before);
    assert_eq!(hall.told().len(), told);
    assert_eq!(hall.post(&ada, chat, "tea?").await.seq, Seq(1));
}

pub async fn a_draft_is_one_message_however_often_it_comes<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let twice = post(chat, "once");
    let first = hall.does(&ada, &twice).await;
    hall.post(&ada, chat, "in between").await;
    let again = hall.does(&ada, &twice).await;
    assert!(!first.repeated && again.repeated);
    assert_eq!(posted(&again), posted(&first), "the same place and time");
    // The words that came first count.
    let Command::PostMessage(same) = &twice else {
        unreachable!("a message");
    };
    let changed = Command::PostMessage(Post {
        body: "twice".parse().expect("fit"),
        ..same.clone()
    });
    assert_eq!(posted(&hall.does(&ada, &changed).await), posted(&first));

    let hall = hall.reopened().await;
    let again = hall.does(&ada, &twice).await;
    assert!(again.repeated);
    assert_eq!(posted(&again), posted(&first));
    assert_eq!(seqs(&hall.messages(chat).await), [1, 2]);
}

pub async fn a_draft_that_comes_many_times_at_once_is_one_message<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let same = post(chat, "once");
    let commits = at_once((0..64).map(|_| {
        let (hall, ada, same) = (hall.clone(), ada.clone(), same.clone());
        async move { hall.does(&ada, &same).await }
    }))
    .await;
    let new = commits.iter().filter(|commit| !commit.repeated).count();
    assert_eq!(new, 1);
    let stored = hall.messages(chat).await;
    assert_eq!(stored.len(), 1);
    assert!(commits.iter().all(|commit| posted(commit) == stored[0]));
}

pub async fn a_draft_belongs_to_its_author_and_its_chat<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let tea = hall.chat(&ada, Access::Public).await;
    let coffee = hall.chat(&ada, Access::Public).await;
    hall.does(&bob, &Command::JoinChat { chat: tea }).await;
    let draft = DraftId::random();
    for (author, chat, seq) in [(&ada, tea, 1), (&bob, tea, 2), (&ada, coffee, 1)] {
        let body = "mine".parse().expect("fit");
        let command = Command::PostMessage(Post { chat, draft, body });
        let message = posted(&hall.does(author, &command).await);
        assert_eq!((message.seq, &message.author), (Seq(seq), author));
    }
}

pub async fn a_message_at_a_place_that_is_taken_or_too_far_is_a_conflict<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let first = hall.post(&ada, chat, "one").await;
    hall.post(&ada, chat, "two").await;
    let scope = messages_of(chat, &ada);
    let at = |seq| message(chat, &ada, seq, "elsewhere");
    let moved = Message {
        seq: Seq(3),
        ..first.clone()
    };
    for wrong in [at(1), at(2), at(4), at(0), at(1 << 40), moved] {
        let seq = wrong.seq;
        let refused = hall.apply(scope, vec![Fact::MessagePosted(wrong)]).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "at {seq}");
    }
    assert_eq!(seqs(&hall.messages(chat).await), [1, 2]);
    assert_eq!(hall.stored(chat).await.last, Seq(2));
    // The stored message is no conflict with itself.
    let again = hall.apply(scope, vec![Fact::MessagePosted(first)]).await;
    assert!(again.expect("an answer").repeated);
}

pub async fn of_facts_that_cannot_all_be_applied_none_is<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    let before = hall.stored(chat).await;
    let owner = |version| Fact::OwnerChanged {
        chat,
        owner: bob.id,
        version,
    };
    let left = Fact::MemberLeft { chat, user: ada.id };
    let joined = Fact::MemberJoined {
        chat: before.clone(),
        member: Membership {
            chat,
            user: bob.id,
            read: Seq::ZERO,
            joined_at: Millis(9),
        },
        person: bob.clone(),
        invited_by: None,
    };
    let scope = Scope::Membership {
        chat,
        actor: ada.id,
    };
    for facts in [
        vec![left.clone(), owner(9)],
        vec![joined, owner(1)],
        vec![owner(2), owner(2), owner(5)],
        vec![
            Fact::MessagePosted(message(chat, &ada, 1, "half")),
            owner(7),
        ],
    ] {
        let refused = hall.apply(scope, facts.clone()).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{facts:?}");
        assert_eq!(hall.stored(chat).await, before);
        assert_eq!(hall.members(chat).await, from_ref(&ada));
        assert_eq!(hall.messages(chat).await, []);
    }
    let both = hall.apply(scope, vec![owner(2), left]).await;
    assert!(!both.expect("an answer").repeated);
    assert_eq!(hall.stored(chat).await.owner, Some(bob.id));
}

pub async fn the_longest_message_is_kept_whole<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let longest = "𝕏".repeat(Body::MAX);
    assert_eq!(longest.len(), 32_000);
    hall.post(&ada, chat, &longest).await;
    let hall = hall.reopened().await;
    assert_eq!(hall.messages(chat).await[0].body.as_str(), longest);
}

pub async fn every_character_is_kept_as_it_was_written<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let all: Vec<char> = ('\0'..=char::MAX)
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    let texts: Vec<String> = all
        .chunks(Body::MAX - 2)
        .map(|some| format!("x{}x", some.iter().collect::<String>()))
        .collect();
    let written = at_once(texts.iter().map(|text| {
        let (hall, ada, text) = (hall.clone(), ada.clone(), text.clone());
        async move { (hall.post(&ada, chat, &text).await.seq, text) }
    }))
    .await;
    let written: BTreeMap<_, _> = written.into_iter().collect();
    assert_eq!(written.len(), texts.len());
    for message in hall.messages(chat).await {
        assert!(
            written[&message.seq] == message.body.as_str(),
            "{}",
            message.seq
        );
    }
    // What joins, turns and repeats characters stays as it is too.
    for odd in [
        "👩\u{200D}💻 ❤\u{FE0F} 🇺🇦",
        "e\u{301}\u{301}\u{301} é",
        "\u{202E}desrever\u{202C} \u{2066}אב\u{2069}",
        "line\n\n\n\tline",
        "x\u{FFFD}\u{FFFE}\u{FEFF}x",
    ] {
        let message = hall.post(&ada, chat, odd).await;
        let last = hall.page(chat, app::chat::Window::Latest, 1).await;
        assert_eq!(last.messages, from_ref(&message));
        assert_eq!(message.body.as_str(), odd);
    }
}

pub async fn numbers_beyond_what_a_float_holds_are_kept_exactly<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let large = Millis((1 << 53) + 1);
    let largest = Millis(i64::MAX as u64);
    let chat = Chat {
        id: ChatId::random(),
        name: "Tea".parse().expect("fit"),
        access: Access::Public,
        record: Record::Kept,
        moderation: Moderation::Off,
        owner: Some(ada.id),
        created_at: large,
        last: Seq::ZERO,
        version: (1 << 60) + 1,
    };
    let draft = DraftId::random();
    let creation = Fact::ChatCreated {
        chat: chat.clone(),
        by: ada.clone(),
        draft,
    };
    let scope = Scope::Creation {
        actor: ada.id,
        draft,
    };
    hall.apply(scope, vec![creation]).await.expect("is made");
    let posted = Message {
        posted_at: largest,
        masked: true,
        ..message(chat.id, &ada, 1, "late")
    };
    let scope = messages_of(chat.id, &ada);
    hall.apply(scope, vec![Fact::MessagePosted(posted.clone())])
        .await
        .expect("is posted");
    let hall = hall.reopened().await;
    assert_eq!(hall.messages(chat.id).await, [posted]);
    let stored = Chat {
        last: Seq(1),
        ..chat
    };
    assert_eq!(hall.stored(stored.id).await, stored);
}

pub async fn a_chat_off_the_record_keeps_nothing<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat_with(&ada, Access::Public, Record::Off).await;
    let before = hall.stored(chat).await;
    assert_eq!(
        hall.is_refused(&ada, &post(chat, "for the record")).await,
        Refusal::OffTheRecord
    );
    let hall = hall.reopened().await;
    assert_eq!(hall.stored(chat).await, before);
    assert_eq!(hall.messages(chat).await, []);
}

pub async fn each_commit_is_told_once_before_its_answer_and_in_order<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let tea = hall.chat(&ada, Access::Public).await;
    let coffee = hall.chat(&ada, Access::Public).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    at_once((0..64).map(|number| {
        let (hall, ada, heard) = (hall.clone(), ada.clone(), heard.clone());
        let chat = if number % 2 == 0 { tea } else { coffee };
        async move {
            let commit = hall.does(&ada, &post(chat, "words")).await;
            let told = hall.told();
            let count = told.iter().filter(|one| **one == commit).count();
            heard.lock().expect("whole").push(count);
        }
    }))
    .await;
    assert_eq!(*heard.lock().expect("whole"), [1; 64]);
    for chat in [tea, coffee] {
        let told: Vec<u64> = hall
            .told()
            .iter()
            .filter_map(|commit| match &commit.facts[..] {
                [Fact::MessagePosted(message)] if message.chat == chat => Some(message.seq.0),
                _ => None,
            })
            .collect();
        assert_eq!(told, places(1..33));
    }
}

fn messages_of(chat: ChatId, actor: &Person) -> Scope {
    Scope::Messages {
        chat,
        actor: actor.id,
        draft: None,
    }
}

fn message(chat: ChatId, author: &Person, seq: u64, text: &str) -> Message {
    Message {
        chat,
        seq: Seq(seq),
        draft: DraftId::random(),
        author: author.clone(),
        body: text.parse().expect("fit"),
        posted_at: Millis(7),
        masked: false,
    }
}
