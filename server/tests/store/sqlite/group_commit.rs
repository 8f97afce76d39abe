//! Commands share a wait for the disk: what arrives while it is busy is one commit. Counted, not timed, in the
//! file where SQLite writes first: there each commit ends with one frame that says so.

use super::Folder;
use crate::hall::{Hall, places, post, posted, seqs};
use app::chat::{Access, ChatId, Fact, Person, Refusal};
use server::chat::decide::{Asked, decide, scope};
use server::chat::moderator::LocalModerator;
use server::store::{Decided, Decision, Reading, Scope, StoreError, View};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

/// Keeps the writer from writing until the answer is dropped: what is submitted from now on waits.
async fn hold(hall: &Hall<Folder>) -> Sender<()> {
    let (release, released) = channel::<()>();
    let (enter, entered) = tokio::sync::oneshot::channel();
    let once = Mutex::new(Some((enter, released)));
    let decision = move |_: &View| {
        if let Some((enter, released)) = once.lock().expect("whole").take() {
            enter.send(()).expect("somebody waits");
            let _ = released.recv();
        }
        Err(Refusal::Malformed)
    };
    let actor = app::chat::UserId::random();
    let scope = Scope::Membership {
        chat: hall.lobby,
        actor,
    };
    let store = hall.store.clone();
    tokio::spawn(async move {
        let decided = store.transact(scope, Arc::new(decision), Box::new(|_| ()));
        decided.await.expect("an answer").expect_err("is refused");
    });
    entered.await.expect("the writer has come to it");
    release
}

/// A message on its way: it is submitted when this returns.
fn submit<'a>(hall: &'a Hall<Folder>, author: &Person, chat: ChatId) -> Reading<'a, Decided> {
    let (command, now) = (post(chat, "words"), hall.now());
    let scope = scope(author.id, &command).expect("a matter of rows");
    let author = author.clone();
    let decision: Decision = Arc::new(move |view| {
        decide(
            view,
            &Asked {
                actor: &author,
                command: &command,
                now,
                fresh: chat,
                moderator: &LocalModerator,
            },
        )
    });
    hall.store.transact(scope, decision, Box::new(|_| ()))
}

/// How many commits the log holds. Source: SQLite's file format, section 4.1.
fn commits(log: &Path) -> usize {
    let log = std::fs::read(log).expect("a log");
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().expect("four bytes"));
    let (page, salt) = (number(8) as usize, &log[16..24]);
    let frames = (32..log.len().saturating_sub(23)).step_by(24 + page);
    frames
        .take_while(|frame| &log[frame + 8..frame + 16] == salt)
        .filter(|frame| number(frame + 4) != 0)
        .count()
}

#[tokio::test]
async fn a_command_alone_is_one_commit() {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    for _ in 0..5 {
        let before = commits(&hall.place.log());
        hall.post(&ada, chat, "words").await;
        assert_eq!(commits(&hall.place.log()), before + 1);
    }
}

#[tokio::test]
async fn what_waits_for_the_disk_is_committed_together() {
    for (waiting, together) in [(64, 1), (256, 1), (257, 2), (1_000, 4)] {
        let hall = Hall::<Folder>::new().await;
        let ada = hall.guest("Ada").await;
        let chat = hall.chat(&ada, Access::Public).await;
        let before = commits(&hall.place.log());
        let held = hold(&hall).await;
        let submitted: Vec<_> = (0..waiting).map(|_| submit(&hall, &ada, chat)).collect();
        drop(held);
        let mut messages = Vec::new();
        for answer in submitted {
            let commit = answer.await.expect("an answer").expect("is posted");
            messages.push(posted(&commit));
        }
        assert_eq!(seqs(&messages), places(1..waiting + 1), "as submitted");
        assert_eq!(commits(&hall.place.log()), before + together, "{waiting}");
        assert_eq!(hall.messages(chat).await, messages);
    }
}

#[tokio::test]
async fn a_command_that_fails_does_not_harm_those_beside_it() {
    let hall = Hall::<Folder>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    let before = commits(&hall.place.log());
    let scope = Scope::Membership {
        chat,
        actor: ada.id,
    };
    let half_stale = vec![
        Fact::MemberLeft { chat, user: ada.id },
        Fact::OwnerChanged {
            chat,
            owner: bob.id,
            version: 99,
        },
    ];
    let held = hold(&hall).await;
    let first = submit(&hall, &ada, chat);
    let refused = submit(&hall, &bob, chat);
    let decision: Decision = Arc::new(move |_| Ok(half_stale.clone()));
    let stale = hall.store.transact(scope, decision, Box::new(|_| ()));
    let decision: Decision = Arc::new(|_| panic!("a decision with a mistake in it"));
    let mistaken = hall.store.transact(scope, decision, Box::new(|_| ()));
    let last = submit(&hall, &ada, chat);
    drop(held);
    let first = posted(&first.await.expect("an answer").expect("is posted"));
    let last = posted(&last.await.expect("an answer").expect("is posted"));
    assert_eq!(refused.await.expect("an answer"), Err(Refusal::NotAMember));
    assert!(matches!(stale.await, Err(StoreError::Conflict)));
    assert!(matches!(
        mistaken.await,
        Err(StoreError::Unavailable { .. })
    ));
    assert_eq!(commits(&hall.place.log()), before + 1);
    assert_eq!(hall.messages(chat).await, [first, last]);
    assert_eq!(hall.members(chat).await, [ada]);
}

#[tokio::test]
async fn a_decision_that_panics_is_answered_and_the_store_goes_on() {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    for _ in 0..3 {
        let scope = Scope::Membership {
            chat,
            actor: ada.id,
        };
        let failing = hall.store.transact(
            scope,
            Arc::new(|_| panic!("a decision with a mistake in it")),
            Box::new(|_| panic!("nothing was stored")),
        );
        let answer = failing.await;
        assert!(
            matches!(answer, Err(StoreError::Unavailable { .. })),
            "{answer:?}"
        );
        hall.post(&ada, chat, "life goes on").await;
    }
    assert_eq!(seqs(&hall.messages(chat).await), [1, 2, 3]);
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back_and_loses_nobody_who_waits() {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let held = hold(&hall).await;
    let mut waiting = Vec::new();
    let busy = loop {
        let mut answer = submit(&hall, &ada, chat);
        // Whoever is not taken is told so at once.
        match futures::poll!(&mut answer) {
            std::task::Poll::Pending => waiting.push(answer),
            std::task::Poll::Ready(told) => break told,
        }
    };
    assert!(matches!(busy, Err(StoreError::Busy { after }) if !after.is_zero()));
    let all = waiting.len() as u64;
    assert!(all >= 1_000, "{all}");
    drop(held);
    for answer in waiting {
        answer.await.expect("an answer").expect("is posted");
    }
    assert_eq!(hall.post(&ada, chat, "next").await.seq.0, all + 1);
    assert_eq!(seqs(&hall.messages(chat).await), places(1..all + 2));
}

#[tokio::test]
async fn what_was_submitted_happens_though_nobody_waits_and_the_store_is_closed() {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let held = hold(&hall).await;
    for _ in 0..300 {
        drop(submit(&hall, &ada, chat));
    }
    drop(held);
    // The writer's own asker lets go of the store when it has its answer.
    while Arc::strong_count(&hall.store) > 1 {
        tokio::task::yield_now().await;
    }
    let hall = hall.reopened().await;
    assert_eq!(seqs(&hall.messages(chat).await), places(1..301));
}
