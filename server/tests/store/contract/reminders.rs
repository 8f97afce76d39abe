//! What is to be said later.

use crate::hall::{Hall, Place, at_once};
use app::chat::{Access, ChatId, Command, DraftId, Millis, UserId};
use server::store::Reminder;
use std::slice::from_ref;

fn reminder(chat: ChatId, user: UserId, due: u64) -> Reminder {
    Reminder {
        draft: DraftId::random(),
        chat,
        user,
        text: "It's time for \"tea\", ✅".into(),
        due: Millis(due),
    }
}

pub async fn a_reminder_waits_until_it_is_forgotten<P: Place>() {
    let mut hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let tea = reminder(hall.lobby, ada.id, 5);
    for _ in 0..2 {
        let kept = hall.store.remind(tea.clone(), 9).await;
        assert!(kept.expect("an answer"));
    }
    hall = hall.reopened().await;
    let store = &hall.store;
    assert_eq!(store.reminders(ada.id).await.expect("a number"), 1);
    let waiting = store.next_reminders(9).await.expect("reminders");
    assert_eq!(waiting, from_ref(&tea));
    for _ in 0..2 {
        store.forget_reminder(tea.draft).await.expect("forgotten");
    }
    hall = hall.reopened().await;
    let waiting = hall.store.next_reminders(9).await.expect("reminders");
    assert_eq!(waiting, []);
}

pub async fn the_earliest_come_first<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let dues = [50, 7, 1 << 53, 30, 8, 9, 100];
    for (number, due) in dues.into_iter().enumerate() {
        let user = [ada.id, bob.id][number % 2];
        let reminder = reminder(hall.lobby, user, due);
        assert!(hall.store.remind(reminder, 9).await.expect("an answer"));
    }
    for limit in 0..9 {
        let next = hall.store.next_reminders(limit).await.expect("reminders");
        let next: Vec<u64> = next.iter().map(|reminder| reminder.due.0).collect();
        let expected = [7, 8, 9, 30, 50, 100, 1 << 53];
        assert_eq!(next, expected[..limit.min(7)]);
    }
    assert_eq!(hall.store.reminders(ada.id).await.expect("a number"), 4);
    assert_eq!(hall.store.reminders(bob.id).await.expect("a number"), 3);
}

pub async fn nobody_has_more_than_the_limit<P: Place>() {
    let hall = Hall::<P>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let kept = at_once((0..40).map(|due| {
        let (hall, reminder) = (hall.clone(), reminder(hall.lobby, ada.id, due));
        async move { hall.store.remind(reminder, 20).await.expect("an answer") }
    }))
    .await;
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 20);
    assert_eq!(hall.store.reminders(ada.id).await.expect("a number"), 20);
    let others = reminder(hall.lobby, bob.id, 1);
    assert!(hall.store.remind(others.clone(), 20).await.expect("kept"));
    hall.store
        .forget_reminder(others.draft)
        .await
        .expect("forgotten");
    assert_eq!(hall.store.reminders(ada.id).await.expect("a number"), 20);
}

pub async fn reminders_go_with_their_chat<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let (gone, kept) = (
        hall.chat(&ada, Access::Public).await,
        hall.chat(&ada, Access::Public).await,
    );
    for chat in [gone, kept] {
        let reminder = reminder(chat, ada.id, 5);
        assert!(hall.store.remind(reminder, 9).await.expect("an answer"));
    }
    hall.does(&ada, &Command::DeleteChat { chat: gone }).await;
    let left = hall.store.next_reminders(9).await.expect("reminders");
    let left: Vec<ChatId> = left.iter().map(|reminder| reminder.chat).collect();
    assert_eq!(left, [kept]);
}
