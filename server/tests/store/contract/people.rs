//! Who is known, and under which name.

use crate::hall::{Hall, Place, at_once, lobby, newcomer, post};
use app::chat::{Access, ChatId, Command, DraftId, Kind, Page, Seq, UserId, Window};
use server::store::{Newcomer, Scope, StoreError, View};
use std::collections::HashSet;
use std::slice::from_ref;

pub async fn establishing_again_changes_nothing<P: Place>() {
    let place = P::new().await;
    let bot = newcomer("Chatr", "0001", Kind::Bot);
    let store = place.open().await;
    let first = lobby();
    let established = store.establish(first.clone(), vec![bot.clone()]).await;
    assert_eq!(established.expect("established"), first.id);
    let other = lobby();
    let renamed = Newcomer {
        person: app::chat::Person {
            name: "Robot".parse().expect("fit"),
            ..bot.person.clone()
        },
        ..bot.clone()
    };
    let again = store.establish(other.clone(), vec![renamed.clone()]).await;
    assert_eq!(again.expect("established"), first.id);
    drop(store);

    let store = place.open().await;
    let again = store.establish(other.clone(), vec![renamed]).await;
    assert_eq!(again.expect("established"), first.id);
    let known = store.person(bot.person.id).await.expect("an answer");
    assert_eq!(known, Some(bot.person.clone()));
    let parts = store.parts(bot.person.id, None).await.expect("parts");
    let chats: Vec<_> = parts.chats.into_iter().map(|row| row.chat).collect();
    assert_eq!((parts.default_chat, chats), (first.id, vec![first]));
}

pub async fn two_who_establish_at_once_get_one_chat<P: Place>() {
    let place = P::new().await;
    let store = place.open().await;
    let (one, other) = tokio::join!(
        store.establish(lobby(), Vec::new()),
        store.establish(lobby(), Vec::new())
    );
    assert_eq!(one.expect("established"), other.expect("established"));
    let nobody = UserId::random();
    let parts = store.parts(nobody, None).await.expect("parts");
    assert_eq!(parts.chats.len(), 1);
}

pub async fn whoever_is_first_has_the_name_alone<P: Place>() {
    let hall = Hall::<P>::new().await;
    let register = |name: &str, tag: &str| hall.store.register(newcomer(name, tag, Kind::Guest));
    let first = register("Ada", "0001").await.expect("is let in");
    let second = register("Ada", "0002").await.expect("is let in");
    let alike = register("ADA", "0003").await.expect("is let in");
    let other = register("Bob", "0001").await.expect("is let in");
    let tags = [&first, &second, &alike, &other].map(|person| person.tag.clone());
    assert_eq!(tags, [None, Some("0002".into()), Some("0003".into()), None]);
    for person in [first, second, alike, other] {
        let known = hall.store.person(person.id).await.expect("an answer");
        assert_eq!(known, Some(person));
    }
}

pub async fn a_reserved_name_comes_with_a_tag<P: Place>() {
    let hall = Hall::<P>::new().await;
    let admin = Newcomer {
        reserved: true,
        ..newcomer("Admin", "0001", Kind::Guest)
    };
    let admitted = hall.store.register(admin.clone()).await.expect("is let in");
    assert_eq!(admitted, admin.person);
}

pub async fn a_name_with_a_taken_tag_is_a_conflict_and_stores_nobody<P: Place>() {
    let hall = Hall::<P>::new().await;
    for tag in ["0001", "0002"] {
        let admitted = hall.store.register(newcomer("Ada", tag, Kind::Guest)).await;
        admitted.expect("is let in");
    }
    let late = newcomer("Ada", "0002", Kind::Guest);
    let refused = hall.store.register(late.clone()).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let known = hall.store.person(late.person.id).await.expect("an answer");
    assert_eq!(known, None);
    // Whoever draws another tag is let in.
    let again = newcomer("Ada", "0003", Kind::Guest);
    hall.store.register(again).await.expect("is let in");
}

pub async fn of_many_who_take_a_name_at_once_one_has_it_alone<P: Place>() {
    let hall = Hall::<P>::new().await;
    let people = at_once((0..64).map(|number| {
        let store = hall.store.clone();
        async move {
            // A store with many writers may have seen another one come in between: that is a conflict too.
            for round in 0.. {
                let tag = format!("{number:02}{round:02}");
                match store.register(newcomer("Ada", &tag, Kind::Guest)).await {
                    Ok(person) => return person,
                    Err(StoreError::Conflict) => {}
                    Err(broken) => panic!("the store does not answer: {broken}"),
                }
            }
            unreachable!("a name has more tags than that");
        }
    }))
    .await;
    let tags: HashSet<_> = people.iter().map(|person| &person.tag).collect();
    assert_eq!(tags.len(), 64, "every one is another");
    assert!(tags.contains(&None), "one has no tag");
    for person in people {
        let known = hall.store.person(person.id).await.expect("an answer");
        assert_eq!(known, Some(person));
    }
}

pub async fn hostile_names_are_kept_to_the_byte_and_harm_no_other<P: Place>() {
    let hall = Hall::<P>::new().await;
    let bystander = hall.guest("Bystander").await;
    let join = Command::JoinChat { chat: hall.lobby };
    hall.does(&bystander, &join).await;
    hall.post(&bystander, hall.lobby, "still here").await;
    let long = "𝔄".repeat(64);
    let mut people = Vec::new();
    for name in hostile().map(str::to_owned).chain([long]) {
        // The store makes keys of what looks alike, which is as hostile as the name.
        let person = hall.guest(&name).await;
        assert_eq!(person.name.as_str(), name);
        let chat = hall.chat(&person, Access::Public).await;
        let message = hall.post(&person, chat, &name).await;
        people.push((name, person, chat, message));
    }
    for (name, person, chat, message) in &people {
        let known = hall.store.person(person.id).await.expect("an answer");
        assert_eq!(known.expect("known").name.as_str(), name);
        assert_eq!(hall.members(*chat).await, from_ref(person));
        assert_eq!(hall.messages(*chat).await, from_ref(message));
        let view = hall.view(Scope::Pair {
            actor: bystander.id,
            other: person.id,
        });
        assert_eq!(view.await.other.expect("there").person, *person);
    }
    let untouched = hall.messages(hall.lobby).await;
    assert_eq!(untouched[0].author, bystander);
    assert_eq!(untouched.len(), 1);
}

/// Names that mean something to one engine or another.
pub fn hostile() -> impl Iterator<Item = &'static str> {
    [
        "o'hara",
        "a''b",
        "a'b",
        "x',RowKey='y",
        "%27",
        "%00",
        "..",
        ".",
        "/",
        "\\",
        "a/b\\c#d?e",
        "a b+c&d=e",
        "' or 1 eq 1 or '",
        "Robert'); DROP TABLE person;--",
        "<script>alert(1)</script>",
        "null",
        "NaN",
        "0",
        "-1",
        "__proto__",
        "עברית",
        "العربية",
        "中文",
        "हिन्दी",
        "🦀🎉",
        "e\u{301}",
        "\u{E000}",
        "\u{10FFFD}",
        "\"quoted\"",
        "{\"json\":1}",
    ]
    .into_iter()
}

pub async fn nobody_and_nothing_are_answers<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (nobody, nowhere) = (UserId::random(), ChatId::random());
    let store = &hall.store;
    assert_eq!(store.person(nobody).await.expect("an answer"), None);
    assert_eq!(store.members(nowhere).await.expect("an answer"), []);
    assert_eq!(store.memberships(nobody).await.expect("an answer"), []);
    assert_eq!(store.reminders(nobody).await.expect("an answer"), 0);
    for window in [
        Window::Latest,
        Window::Before(Seq(9)),
        Window::After(Seq(9)),
        Window::Around(Seq(9)),
    ] {
        assert_eq!(hall.page(nowhere, window, 50).await, Page::default());
    }
    let nothing = View {
        default_chat: Some(hall.lobby),
        ..View::default()
    };
    let draft = DraftId::random();
    for scope in [
        Scope::Messages {
            chat: nowhere,
            actor: nobody,
            draft: Some(draft),
        },
        Scope::Membership {
            chat: nowhere,
            actor: nobody,
        },
        Scope::Invitation {
            chat: nowhere,
            actor: nobody,
            other: nobody,
        },
        Scope::Creation {
            actor: nobody,
            draft,
        },
        Scope::Pair {
            actor: nobody,
            other: nobody,
        },
    ] {
        assert_eq!(hall.view(scope).await, nothing, "{scope:?}");
    }
    let parts = store.parts(nobody, Some(nowhere)).await.expect("an answer");
    assert_eq!(parts.open, None);
    let somebody = hall.guest("Ada").await;
    let refused = hall.is_refused(&somebody, &post(nowhere, "hello?")).await;
    assert_eq!(refused, app::chat::Refusal::NoSuchChat);
}
