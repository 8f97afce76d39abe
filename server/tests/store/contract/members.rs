//! Who belongs to a chat, since when, and how far they have read.

use crate::hall::{Hall, Place, at_once, post};
use app::chat::{Access, Command, DraftId, Fact, Membership, Seq};
use server::store::{MEMBERS, Other, Scope, View};
use std::collections::BTreeSet;
use std::slice::from_ref;

pub async fn joining_twice_is_joining_once<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    hall.post(&ada, chat, "before").await;
    let join = Command::JoinChat { chat };
    let first = hall.does(&bob, &join).await;
    let row = hall.seen(chat, &bob).await.member.expect("a member");
    assert_eq!(row.read, Seq(1), "nothing to catch up with");
    hall.post(&ada, chat, "after").await;
    let again = hall.does(&bob, &join).await;
    assert!(!first.repeated && again.repeated);
    let view = hall.seen(chat, &bob).await;
    assert_eq!((view.member, view.joined), (Some(row), 1));
    assert_eq!(hall.members(chat).await, [ada, bob]);
}

pub async fn leaving_takes_the_row_and_leaving_again_nothing<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    let leave = Command::LeaveChat { chat };
    assert!(!hall.does(&bob, &leave).await.repeated);
    assert!(hall.does(&bob, &leave).await.repeated);
    let view = hall.seen(chat, &bob).await;
    assert_eq!((view.member, view.joined), (None, 0));
    assert_eq!(hall.members(chat).await, from_ref(&ada));
    let parts = hall.store.parts(bob.id, None).await.expect("parts");
    let row = parts.chats.iter().find(|row| row.chat.id == chat);
    let row = row.expect("it is public");
    assert_eq!((row.read, row.members), (None, 1));
    // Whoever comes back is there since then.
    hall.post(&ada, chat, "meanwhile").await;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    let row = hall.seen(chat, &bob).await.member.expect("a member");
    assert_eq!(row.read, Seq(1));
}

pub async fn an_invitation_is_a_membership<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Private).await;
    let invite = Command::InviteToChat { chat, user: bob.id };
    let invited = hall.does(&ada, &invite).await;
    let [Fact::MemberJoined { member, person, .. }] = &invited.facts[..] else {
        panic!("{invited:?}");
    };
    assert_eq!((member.user, person), (bob.id, &bob));
    assert!(hall.does(&ada, &invite).await.repeated);
    let rows = hall.store.memberships(bob.id).await.expect("rows");
    assert_eq!(rows, from_ref(member));
    hall.post(&bob, chat, "thank you").await;
}

pub async fn of_many_who_join_and_leave_at_once_nobody_is_lost<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let guests = hall.guests(64).await;
    let all_do = |guests: Vec<app::chat::Person>, command: Command| {
        let hall = hall.clone();
        async move {
            at_once(guests.into_iter().map(|guest| {
                let (hall, command) = (hall.clone(), command.clone());
                async move { hall.does(&guest, &command).await }
            }))
            .await
        }
    };
    all_do(guests.clone(), Command::JoinChat { chat }).await;
    let ids = |people: &[app::chat::Person]| people.iter().map(|p| p.id).collect::<BTreeSet<_>>();
    let mut expected = ids(&guests);
    expected.insert(ada.id);
    assert_eq!(ids(&hall.members(chat).await), expected);

    let (leaving, staying) = guests.split_at(32);
    let again = staying.to_vec();
    tokio::join!(
        all_do(leaving.to_vec(), Command::LeaveChat { chat }),
        all_do(again, Command::JoinChat { chat }),
        all_do(vec![ada.clone()], post(chat, "what a coming and going")),
    );
    let mut expected = ids(staying);
    expected.insert(ada.id);
    let members = hall.members(chat).await;
    assert_eq!((ids(&members), members.len()), (expected, 33));
    let parts = hall.store.parts(ada.id, Some(chat)).await.expect("parts");
    assert_eq!(parts.open.expect("open").summary.members, 33);
}

pub async fn of_a_crowd_all_are_counted_and_the_first_listed<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let guests = hall.guests(P::CROWD - 1).await;
    at_once(guests.into_iter().map(|guest| {
        let hall = hall.clone();
        async move { hall.does(&guest, &Command::JoinChat { chat }).await }
    }))
    .await;
    let parts = hall.store.parts(ada.id, Some(chat)).await.expect("parts");
    let open = parts.open.expect("open");
    assert_eq!(open.summary.members as usize, P::CROWD);
    assert_eq!(open.members.len(), MEMBERS);
    assert_eq!(open.members[0], ada, "the first who came");
    let deleted = hall.does(&ada, &Command::DeleteChat { chat }).await;
    let dismissed: BTreeSet<_> = deleted.dismissed.iter().collect();
    assert_eq!(dismissed.len(), P::CROWD);
    assert_eq!(deleted.dismissed.len(), P::CROWD);
}

pub async fn a_cursor_only_moves_forward<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    hall.fill(&ada, chat, 5).await;
    let read = |seq| Command::MarkRead { chat, seq };
    let mut furthest = Seq::ZERO;
    for (seq, now_at) in [(3, 3), (2, 3), (0, 3), (4, 4), (u64::MAX, 5), (1, 5)] {
        let commit = hall.does(&bob, &read(Seq(seq))).await;
        let row = hall.seen(chat, &bob).await.member.expect("a member");
        assert_eq!(row.read, Seq(now_at), "after {seq}");
        assert_eq!(commit.repeated, row.read == furthest, "after {seq}");
        furthest = row.read;
    }
    // Nor does it by a fact that comes late, or is about somebody who is not a member.
    let scope = Scope::Messages {
        chat,
        actor: bob.id,
        draft: None,
    };
    for user in [bob.id, app::chat::UserId::random()] {
        let seq = Seq(2);
        let late = hall.apply(scope, vec![Fact::ChatRead { chat, user, seq }]);
        assert!(late.await.expect("an answer").repeated);
    }
    let hall = hall.reopened().await;
    let row = hall.seen(chat, &bob).await.member.expect("a member");
    assert_eq!(row.read, Seq(5));
}

pub async fn whoever_has_read_all_has_read_their_own_message<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    hall.post(&ada, chat, "one").await;
    hall.post(&ada, chat, "two").await;
    let read = async |who| hall.seen(chat, who).await.member.expect("a member").read;
    assert_eq!((read(&ada).await, read(&bob).await), (Seq(2), Seq(0)));
    // Bob has two unread ones before his own.
    hall.post(&bob, chat, "three").await;
    assert_eq!((read(&ada).await, read(&bob).await), (Seq(2), Seq(0)));
}

pub async fn a_view_shows_the_rows_that_were_asked_for<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    hall.chat(&ada, Access::Private).await;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    let message = hall.post(&ada, chat, "one").await;
    let stored = hall.stored(chat).await;
    let row_of = async |user| {
        let rows = hall.store.memberships(user).await.expect("rows");
        rows.into_iter()
            .find(|row: &Membership| row.chat == chat)
            .expect("a member")
    };
    let (adas, bobs) = (row_of(ada.id).await, row_of(bob.id).await);
    let nothing = View {
        default_chat: Some(hall.lobby),
        ..View::default()
    };
    let in_chat = View {
        chat: Some(stored.clone()),
        member: Some(adas.clone()),
        ..nothing.clone()
    };
    let membership = View {
        joined: 2,
        heir: Some(bob.id),
        ..in_chat.clone()
    };
    let other = Other {
        person: bob.clone(),
        member: Some(bobs),
        joined: 1,
    };
    let (chat_id, actor, draft) = (chat, ada.id, message.draft);
    let cases = [
        (
            Scope::Messages {
                chat,
                actor,
                draft: None,
            },
            in_chat.clone(),
        ),
        (
            Scope::Messages {
                chat,
                actor,
                draft: Some(DraftId::random()),
            },
            in_chat.clone(),
        ),
        (
            Scope::Messages {
                chat,
                actor,
                draft: Some(draft),
            },
            View {
                done: Some(Fact::MessagePosted(message)),
                ..in_chat
            },
        ),
        (Scope::Membership { chat, actor }, membership.clone()),
        (
            Scope::Invitation {
                chat: chat_id,
                actor,
                other: bob.id,
            },
            View {
                other: Some(other.clone()),
                ..membership
            },
        ),
        (
            Scope::Creation {
                actor,
                draft: DraftId::random(),
            },
            View {
                joined: 2,
                ..nothing.clone()
            },
        ),
        (
            Scope::Pair {
                actor,
                other: bob.id,
            },
            View {
                joined: 2,
                other: Some(Other {
                    member: None,
                    ..other
                }),
                ..nothing
            },
        ),
    ];
    for (scope, view) in cases {
        assert_eq!(hall.view(scope).await, view, "{scope:?}");
    }
}
