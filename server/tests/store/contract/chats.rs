//! How chats come, change, and go.

use super::people::hostile;
use crate::hall::{Hall, Place, at_once, create, made, newcomer, post, rename};
use app::chat::{Access, Command, DraftId, Fact, Kind, Moderation, Record, Refusal, Seq, Window};
use server::store::{Scope, StoreError};
use std::collections::BTreeSet;

pub async fn a_request_for_a_chat_makes_one_however_often_it_comes<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let request = create(DraftId::random(), Access::Private, Record::Kept);
    let first = hall.does(&ada, &request).await;
    assert!(!first.repeated);
    assert_eq!(first.chat, Some(made(&first)), "a new chat as it is");
    let again = at_once((0..16).map(|_| {
        let (hall, ada, request) = (hall.clone(), ada.clone(), request.clone());
        async move { hall.does(&ada, &request).await }
    }))
    .await;
    assert!(
        again
            .iter()
            .all(|commit| commit.repeated && made(commit) == made(&first))
    );
    // The same draft of somebody else is another request.
    let others = made(&hall.does(&bob, &request).await);
    assert_ne!(others.id, made(&first).id);

    let hall = hall.reopened().await;
    let again = hall.does(&ada, &request).await;
    assert!(again.repeated);
    assert_eq!(made(&again), made(&first));
    assert_eq!(hall.stored(made(&first).id).await, made(&first));
}

pub async fn a_deleted_chat_takes_everything_along_and_never_returns<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let request = create(DraftId::random(), Access::Public, Record::Kept);
    let creation = hall.does(&ada, &request).await;
    let chat = made(&creation).id;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    hall.post(&bob, chat, "hello").await;
    let before = hall.stored(chat).await;
    let deletion = hall.does(&ada, &Command::DeleteChat { chat }).await;
    assert_eq!(deletion.chat, Some(before), "the chat as it was");
    let dismissed: BTreeSet<_> = deletion.dismissed.iter().copied().collect();
    assert_eq!(dismissed, BTreeSet::from([ada.id, bob.id]));
    assert_eq!(deletion.dismissed.len(), 2);

    let hall = hall.reopened().await;
    let view = hall.seen(chat, &bob).await;
    assert_eq!((view.chat, view.member, view.joined), (None, None, 0));
    assert_eq!(hall.members(chat).await, []);
    assert_eq!(hall.messages(chat).await, []);
    assert_eq!(hall.page(chat, Window::Latest, 50).await.messages, []);
    for command in [
        post(chat, "anybody?"),
        Command::JoinChat { chat },
        Command::DeleteChat { chat },
        rename(chat, "Ghost"),
    ] {
        let refused = hall.is_refused(&bob, &command).await;
        assert_eq!(refused, Refusal::NoSuchChat, "{command:?}");
    }
    // Neither the repeated request nor the facts that are told again bring it back.
    assert_eq!(hall.is_refused(&ada, &request).await, Refusal::NoSuchChat);
    let scope = Scope::Membership {
        chat,
        actor: ada.id,
    };
    for facts in [creation.facts, deletion.facts] {
        let again = hall.apply(scope, facts).await.expect("an answer");
        assert!(again.repeated);
    }
    assert_eq!(hall.seen(chat, &ada).await.chat, None);
}

pub async fn each_change_of_a_chat_is_one_version<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let block = Command::SetModeration {
        chat,
        moderation: Moderation::Block,
    };
    for (command, version) in [
        (rename(chat, "Coffee"), 2),
        (block.clone(), 3),
        (rename(chat, "Cocoa"), 4),
    ] {
        let changed = hall.does(&ada, &command).await;
        assert!(!changed.repeated);
        let again = hall.does(&ada, &command).await;
        assert!(again.repeated, "{command:?}");
        assert_eq!(hall.stored(chat).await.version, version);
    }
    // Messages and members are no change of the chat.
    let bob = hall.guest("Bob").await;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    hall.post(&bob, chat, "hello").await;
    let stored = hall.stored(chat).await;
    assert_eq!((stored.version, stored.last), (4, Seq(1)));
    assert_eq!(stored.name.as_str(), "Cocoa");
    assert_eq!(stored.moderation, Moderation::Block);
    assert_eq!(hall.reopened().await.stored(chat).await, stored);
}

pub async fn a_change_of_other_rows_than_decided_on_is_a_conflict<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    hall.does(&ada, &rename(chat, "Coffee")).await;
    let before = hall.stored(chat).await;
    let renamed = |name: &str, version| Fact::ChatRenamed {
        chat,
        name: name.parse().expect("fit"),
        by: ada.clone(),
        version,
    };
    let moderated = |moderation, version| Fact::ModerationSet {
        chat,
        moderation,
        by: ada.clone(),
        version,
    };
    let owned = |version| Fact::OwnerChanged {
        chat,
        owner: ada.id,
        version,
    };
    let scope = Scope::Membership {
        chat,
        actor: ada.id,
    };
    for stale in [
        renamed("Cocoa", 2),
        renamed("Cocoa", 1),
        renamed("Cocoa", 4),
        moderated(Moderation::Block, 2),
        moderated(Moderation::Block, 4),
        owned(1),
        owned(9),
    ] {
        let refused = hall.apply(scope, vec![stale.clone()]).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{stale:?}");
        assert_eq!(hall.stored(chat).await, before);
    }
    // What the stored version says already is no conflict.
    let again = hall.apply(scope, vec![renamed("Coffee", 2)]).await;
    assert!(again.expect("an answer").repeated);
}

pub async fn of_many_changes_at_once_none_is_lost<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let commits = at_once((0..64).map(|number| {
        let (hall, ada) = (hall.clone(), ada.clone());
        async move {
            hall.does(&ada, &rename(chat, &format!("Tea {number}")))
                .await
        }
    }))
    .await;
    let mut renamings = Vec::new();
    for commit in commits {
        assert!(!commit.repeated);
        match &commit.facts[..] {
            [Fact::ChatRenamed { name, version, .. }] => renamings.push((*version, name.clone())),
            other => panic!("{other:?}"),
        }
    }
    renamings.sort();
    let versions: Vec<u64> = renamings.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (2..=65).collect::<Vec<_>>());
    let stored = hall.stored(chat).await;
    assert_eq!((stored.version, stored.name), renamings[63]);
}

pub async fn a_chat_passes_to_the_member_of_longest_standing<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let cy = hall.guest("Cy").await;
    let bot = newcomer("Robot", "0001", Kind::Bot);
    let bot = hall.store.register(bot).await.expect("is let in");
    let chat = hall.chat(&ada, Access::Private).await;
    for invited in [&bot, &bob, &cy] {
        let user = invited.id;
        hall.does(&ada, &Command::InviteToChat { chat, user }).await;
    }
    assert_eq!(hall.seen(chat, &ada).await.heir, Some(bob.id));
    assert_eq!(hall.seen(chat, &bob).await.heir, Some(ada.id));
    let leave = Command::LeaveChat { chat };
    let left = hall.does(&ada, &leave).await;
    assert!(matches!(&left.facts[..], [
        Fact::OwnerChanged { owner, version: 2, .. },
        Fact::MemberLeft { user, .. },
    ] if *owner == bob.id && *user == ada.id));
    let stored = hall.reopened().await;
    let hall = stored;
    let chat_now = hall.stored(chat).await;
    assert_eq!((chat_now.owner, chat_now.version), (Some(bob.id), 2));
    assert_eq!(
        hall.is_refused(&cy, &Command::DeleteChat { chat }).await,
        Refusal::NotOwner
    );
    hall.does(&bob, &rename(chat, "Bob's")).await;
}

pub async fn a_private_chat_goes_with_its_last_member<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let private = hall.chat(&ada, Access::Private).await;
    let public = hall.chat(&ada, Access::Public).await;
    for chat in [private, public] {
        hall.does(&ada, &Command::LeaveChat { chat }).await;
    }
    assert_eq!(hall.seen(private, &ada).await.chat, None);
    let kept = hall.stored(public).await;
    assert_eq!(kept.owner, Some(ada.id), "they may return");
}

pub async fn two_have_one_private_chat_whoever_opens_it<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let cy = hall.guest("Cy").await;
    let open = |with: &app::chat::Person| Command::CreatePrivateChat { with: with.id };
    let first = hall.does(&ada, &open(&bob)).await;
    let chat = made(&first);
    assert!(!first.repeated);
    assert_eq!(first.chat, Some(chat.clone()));
    assert_eq!((chat.access, chat.owner), (Access::Pair, None));
    hall.post(&bob, chat.id, "hello").await;
    let hall = hall.reopened().await;
    for (who, with) in [(&ada, &bob), (&bob, &ada)] {
        let again = hall.does(who, &open(with)).await;
        assert!(again.repeated);
        assert_eq!(made(&again).id, chat.id);
        let view = hall.seen(chat.id, who).await;
        assert!(view.is_member());
        assert_eq!(view.joined, 1);
    }
    assert_eq!(hall.messages(chat.id).await.len(), 1);
    // Each pair of people is another one.
    let other = made(&hall.does(&cy, &open(&ada)).await);
    assert_ne!(other.id, chat.id);
    assert_eq!(
        hall.is_refused(&cy, &post(chat.id, "me too")).await,
        Refusal::NoSuchChat
    );
}

pub async fn a_pair_that_opens_its_chat_from_both_sides_at_once_has_one<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let commits = at_once((0..32).map(|number| {
        let (hall, ada, bob) = (hall.clone(), ada.clone(), bob.clone());
        async move {
            let (who, with) = if number % 2 == 0 {
                (ada, bob)
            } else {
                (bob, ada)
            };
            let open = Command::CreatePrivateChat { with: with.id };
            hall.does(&who, &open).await
        }
    }))
    .await;
    let chats: BTreeSet<_> = commits.iter().map(|commit| made(commit).id).collect();
    assert_eq!(chats.len(), 1);
    let new = commits.iter().filter(|commit| !commit.repeated).count();
    assert_eq!(new, 1, "it was told once");
    for person in [&ada, &bob] {
        let rows = hall.store.memberships(person.id).await.expect("rows");
        assert_eq!(rows.len(), 1);
    }
}

pub async fn hostile_chat_names_are_kept_to_the_byte_and_harm_no_other<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let mut chats = Vec::new();
    for name in hostile() {
        let chat = hall.chat(&ada, Access::Public).await;
        hall.does(&ada, &rename(chat, name)).await;
        hall.post(&ada, chat, name).await;
        chats.push((chat, name));
    }
    // Each is found, changed and deleted without touching another.
    while let Some((gone, _)) = chats.pop() {
        for (chat, name) in &chats {
            let stored = hall.stored(*chat).await;
            assert_eq!((stored.name.as_str(), stored.version), (*name, 2));
        }
        hall.does(&ada, &rename(gone, "Plain")).await;
        hall.does(&ada, &Command::DeleteChat { chat: gone }).await;
    }
    let parts = hall.store.parts(ada.id, None).await.expect("parts");
    assert_eq!(parts.chats.len(), 1, "the lobby is left");
}
