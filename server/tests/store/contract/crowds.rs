//! Many at once. What was answered is there, once, in one order, whoever came in between.

use crate::hall::{Hall, Place, at_once, places, seqs};
use app::chat::{Access, ChatId, Command, Message, Person, Seq, Window};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const WRITERS: usize = 64;
const EACH: u64 = 16;

pub async fn sixty_four_writers_to_one_chat_lose_and_double_nothing<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let writers = hall.guests(WRITERS).await;
    let answered = at_once(writers.into_iter().map(|writer| {
        let hall = hall.clone();
        async move {
            hall.does(&writer, &Command::JoinChat { chat }).await;
            write(&hall, &writer, chat).await
        }
    }))
    .await;
    for messages in &answered {
        let seqs = seqs(messages);
        assert!(seqs.is_sorted_by(|a, b| a < b), "in the order of sending");
    }
    let mut answered: Vec<Message> = answered.into_iter().flatten().collect();
    answered.sort_by_key(|message| message.seq);
    let all = WRITERS as u64 * EACH;
    assert_eq!(seqs(&answered), places(1..all + 1));
    let hall = hall.reopened().await;
    assert_eq!(hall.messages(chat).await, answered);
    assert_eq!(hall.stored(chat).await.last, Seq(all));
    assert_eq!(hall.members(chat).await.len(), WRITERS + 1);
}

pub async fn sixty_four_writers_to_sixty_four_chats_lose_and_double_nothing<P: Place>() {
    let hall = Hall::<P>::new().await;
    let writers = hall.guests(WRITERS).await;
    let answered = at_once(writers.into_iter().map(|writer| {
        let hall = hall.clone();
        async move {
            let chat = hall.chat(&writer, Access::Private).await;
            (chat, write(&hall, &writer, chat).await)
        }
    }))
    .await;
    let hall = hall.reopened().await;
    for (chat, messages) in answered {
        assert_eq!(seqs(&messages), places(1..EACH + 1));
        assert_eq!(hall.messages(chat).await, messages);
    }
}

pub async fn whoever_reads_meanwhile_sees_no_gap<P: Place>() {
    let hall = Hall::<P>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let writing = Arc::new(AtomicBool::new(true));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (hall, writing, ada) = (hall.clone(), writing.clone(), ada.clone());
            tokio::spawn(async move {
                let mut newest = 0;
                while writing.load(Ordering::Relaxed) {
                    let seen = seqs(&hall.page(chat, Window::Latest, 1_000).await.messages);
                    let last = seen.last().copied().unwrap_or(0);
                    assert_eq!(seen, places(1..last + 1));
                    assert!(last >= newest, "what was there stays");
                    let parts = hall.store.parts(ada.id, Some(chat)).await.expect("parts");
                    let open = parts.open.expect("open");
                    newest = open.summary.chat.last.0;
                    assert!(newest >= last);
                }
            })
        })
        .collect();
    hall.fill(&ada, chat, 200).await;
    for _ in 0..20 {
        hall.post(&ada, chat, "one by one").await;
    }
    writing.store(false, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("sees no gap");
    }
    assert_eq!(seqs(&hall.messages(chat).await), places(1..221));
}

/// One person's messages, each after the answer to the one before.
async fn write<P>(hall: &Hall<P>, writer: &Person, chat: ChatId) -> Vec<Message> {
    let mut messages = Vec::new();
    for number in 0..EACH {
        let text = format!("{number} of {}", writer.name);
        messages.push(hall.post(writer, chat, &text).await);
    }
    messages
}
