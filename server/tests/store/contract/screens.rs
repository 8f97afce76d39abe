//! What a page starts with: the chats that somebody sees, and the one that is open.

use crate::hall::{Hall, Place, made, newcomer, seqs};
use app::chat::{Access, ChatId, ChatSummary, Command, Kind, Page, Person, Record, Seq};
use server::store::{Parts, Reminder, Scope, StoreError};
use std::collections::BTreeMap;
use std::slice::from_ref;

/// The rows by chat, since their order is the screen's.
fn rows(parts: &Parts) -> BTreeMap<ChatId, ChatSummary> {
    let rows: BTreeMap<_, _> = parts
        .chats
        .iter()
        .map(|row| (row.chat.id, row.clone()))
        .collect();
    assert_eq!(rows.len(), parts.chats.len(), "one line for each chat");
    rows
}

pub async fn everybody_sees_what_is_public_and_members_what_is_theirs<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let (cy, nobody) = (hall.guest("Cy").await, app::chat::UserId::random());
    let public = hall.chat(&ada, Access::Public).await;
    let private = hall.chat(&ada, Access::Private).await;
    let hushed = hall.chat_with(&bob, Access::Public, Record::Off).await;
    let with_bob = Command::CreatePrivateChat { with: bob.id };
    let pair = made(&hall.does(&ada, &with_bob).await).id;
    hall.does(&bob, &Command::JoinChat { chat: public }).await;
    hall.post(&ada, public, "hello").await;
    hall.post(&ada, private, "secret").await;

    let in_all = [hall.lobby, public, hushed];
    for (user, chats) in [
        (ada.id, vec![private, pair]),
        (bob.id, vec![pair]),
        (cy.id, vec![]),
        (nobody, vec![]),
    ] {
        let parts = hall.store.parts(user, None).await.expect("parts");
        assert_eq!(parts.default_chat, hall.lobby);
        assert_eq!(parts.open, None);
        let mut expected: Vec<ChatId> = in_all.into_iter().chain(chats).collect();
        expected.sort();
        let rows = rows(&parts);
        assert_eq!(rows.keys().copied().collect::<Vec<_>>(), expected);
        for row in rows.values() {
            assert_eq!(row.chat, hall.stored(row.chat.id).await);
        }
    }
    let rows = rows(&hall.store.parts(bob.id, None).await.expect("parts"));
    let line = |chat| (rows[&chat].read, rows[&chat].members, rows[&chat].unread());
    assert_eq!(line(public), (Some(Seq(0)), 2, 1));
    assert_eq!(line(hushed), (Some(Seq(0)), 1, 0));
    assert_eq!(line(pair), (Some(Seq(0)), 2, 0));
    assert_eq!(line(hall.lobby), (None, 0, 0));

    // A chat that one may not see does not open, nor does one that is not there.
    for (user, chat, opens) in [
        (cy.id, public, true),
        (cy.id, private, false),
        (cy.id, pair, false),
        (bob.id, private, false),
        (bob.id, pair, true),
        (ada.id, private, true),
        (ada.id, ChatId::random(), false),
    ] {
        let parts = hall.store.parts(user, Some(chat)).await.expect("parts");
        assert_eq!(parts.open.is_some(), opens);
        if let Some(open) = parts.open {
            assert_eq!(open.summary.chat.id, chat);
            assert_eq!(open.members, hall.members(chat).await);
            assert_eq!(open.page.messages, hall.messages(chat).await);
        }
    }
}

pub async fn a_pair_is_shown_under_the_other_persons_name<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let others = hall.guests(8).await;
    for other in &others {
        let open = Command::CreatePrivateChat { with: other.id };
        hall.does(&ada, &open).await;
    }
    let with = |parts: &Parts| -> Vec<Person> {
        let mut with: Vec<Person> = parts
            .chats
            .iter()
            .filter_map(|row| row.with.clone())
            .collect();
        with.sort_by_key(|person| person.id);
        with
    };
    let mut expected = others.clone();
    expected.sort_by_key(|person| person.id);
    let parts = hall.store.parts(ada.id, None).await.expect("parts");
    assert_eq!(with(&parts), expected);
    for other in &others {
        let parts = hall.store.parts(other.id, None).await.expect("parts");
        assert_eq!(with(&parts), from_ref(&ada));
    }
}

pub async fn a_chat_opens_where_its_reader_stopped<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let cy = hall.guest("Cy").await;
    let chat = hall.chat(&ada, Access::Public).await;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    hall.fill(&ada, chat, 200).await;
    let read = Command::MarkRead { chat, seq: Seq(99) };
    hall.does(&bob, &read).await;
    // The author has read all, the stranger has no place, and Bob stopped in the middle.
    for (user, first, last) in [(ada.id, 151, 200), (cy.id, 151, 200), (bob.id, 75, 124)] {
        let parts = hall.store.parts(user, Some(chat)).await.expect("parts");
        let page = parts.open.expect("open").page;
        let seqs = seqs(&page.messages);
        assert_eq!((seqs[0], seqs[seqs.len() - 1]), (first, last));
        assert_eq!(seqs.len(), Page::SIZE);
    }
}

pub async fn before_the_default_chat_is_there_nothing_is_shown<P: Place>() {
    let place = P::new().await;
    let store = place.open().await;
    let ada = newcomer("Ada", "0001", Kind::Guest);
    let ada = store.register(ada).await.expect("is let in");
    let parts = store.parts(ada.id, None).await;
    assert!(
        matches!(parts, Err(StoreError::Unavailable { .. })),
        "{parts:?}"
    );
    let draft = app::chat::DraftId::random();
    let view = store.view(Scope::Creation {
        actor: ada.id,
        draft,
    });
    assert_eq!(view.await.expect("a view").default_chat, None);
}

pub async fn everything_is_there_again_after_reopening<P: Place>() {
    let mut hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Private).await;
    let user = bob.id;
    hall.does(&ada, &Command::InviteToChat { chat, user }).await;
    hall.fill(&bob, chat, 60).await;
    hall.does(&bob, &Command::MarkRead { chat, seq: Seq(7) })
        .await;
    let reminder = Reminder {
        draft: app::chat::DraftId::random(),
        chat,
        user,
        text: "It's time".into(),
        due: hall.now(),
    };
    let kept = hall.store.remind(reminder, 9).await;
    assert!(kept.expect("an answer"));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let store = &hall.store;
        let of_each = [
            store.parts(ada.id, Some(chat)).await.expect("parts"),
            store.parts(bob.id, Some(chat)).await.expect("parts"),
        ];
        let rest = (
            hall.messages(chat).await,
            store.memberships(bob.id).await.expect("rows"),
            store.person(ada.id).await.expect("an answer"),
            store.next_reminders(9).await.expect("reminders"),
        );
        seen.push((of_each.map(|parts| (rows(&parts), parts.open)), rest));
        hall = hall.reopened().await;
    }
    assert_eq!(seen[1], seen[0]);
    assert_eq!(seen[2], seen[0]);
}
