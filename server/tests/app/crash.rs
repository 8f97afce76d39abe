//! The program itself is killed in the middle of its work, and started again. What it had acknowledged is there,
//! once and in one order, and nothing is there that nobody sent.

use crate::house::{Guest, House, post};
use crate::program::Folder;
use app::chat::{ChatId, Command, DraftId, Fact, Message, Outcome, Page, Seq, Window};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// How many acknowledgements there are before each kill.
const KILLS: [usize; 4] = [1, 25, 60, 130];

/// Somebody who writes as fast as the server acknowledges.
struct Writer {
    guest: Guest,
    /// In the order of sending.
    sent: Vec<Command>,
    acknowledged: BTreeMap<DraftId, Message>,
}

impl Writer {
    async fn write(&mut self, chat: ChatId, acknowledged: &AtomicUsize, told: &Notify) {
        loop {
            let text = format!("{} of {}", self.sent.len(), self.guest.me.name);
            let command = post(chat, &text);
            self.sent.push(command.clone());
            if !self.send(&command).await {
                return;
            }
            acknowledged.fetch_add(1, Ordering::Relaxed);
            told.notify_one();
        }
    }

    /// Says whether it was acknowledged.
    async fn send(&mut self, command: &Command) -> bool {
        match self.guest.tries(command).await {
            Some(Outcome::Done { facts, .. }) => match &facts[..] {
                [Fact::MessagePosted(message)] => {
                    let known = self.acknowledged.insert(message.draft, message.clone());
                    assert!(known.is_none_or(|known| known == *message));
                    true
                }
                other => panic!("{other:?}"),
            },
            Some(Outcome::Refused { why }) => panic!("refused: {why}"),
            None => false,
        }
    }
}

async fn history(house: &House, guest: &Guest, chat: ChatId) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    loop {
        let newest = messages.last().map_or(Seq::ZERO, |last| last.seq);
        let arguments = json!({ "chat": chat, "window": Window::After(newest) });
        let page: Page = house
            .api(guest, "messages", arguments)
            .await
            .expect("a page");
        messages.extend(page.messages);
        if !page.after {
            return messages;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_killed_amid_writers_loses_and_doubles_nothing_that_it_acknowledged() {
    let folder = Folder::new();
    let mut house = House::program(&folder);
    let mut writers = Vec::new();
    for name in ["Ada", "Bob", "Cy", "Di", "Eve", "Flo"] {
        writers.push(Writer {
            guest: house.sign_in(name).await,
            sent: Vec::new(),
            acknowledged: BTreeMap::new(),
        });
    }
    let chat = writers[0].guest.lobby;
    for kill_after in KILLS {
        for writer in &mut writers {
            writer.guest.socket = Some(house.open(&writer.guest).await.expect("is let in"));
        }
        let (count, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let writing: Vec<_> = writers
            .into_iter()
            .map(|mut writer| {
                let (count, told) = (count.clone(), told.clone());
                tokio::spawn(async move {
                    writer.write(chat, &count, &told).await;
                    writer
                })
            })
            .collect();
        while count.load(Ordering::Relaxed) < kill_after {
            told.notified().await;
        }
        house.kill();
        writers = Vec::new();
        for writer in writing {
            writers.push(writer.await.expect("writes until the end"));
        }

        house = House::program(&folder);
        let history = history(&house, &writers[0].guest, chat).await;
        check(&history, &writers);
    }
    // Whoever never got an answer asks again, as a page does, and is stored once.
    for writer in &mut writers {
        writer.guest.socket = Some(house.open(&writer.guest).await.expect("is let in"));
        for command in writer.sent.clone() {
            assert!(writer.send(&command).await);
        }
    }
    let history = history(&house, &writers[0].guest, chat).await;
    let all: usize = writers.iter().map(|writer| writer.sent.len()).sum();
    assert_eq!(history.len(), all);
    let drafts: BTreeSet<_> = history.iter().map(|message| message.draft).collect();
    assert_eq!(drafts.len(), all);
}

fn check(history: &[Message], writers: &[Writer]) {
    let places: Vec<u64> = history.iter().map(|message| message.seq.0).collect();
    assert_eq!(places, (1..=history.len() as u64).collect::<Vec<_>>());
    let mut found: BTreeMap<DraftId, &Message> = BTreeMap::new();
    for message in history {
        let twice = found.insert(message.draft, message);
        assert!(twice.is_none(), "stored twice: {message:?}");
    }
    for writer in writers {
        for (draft, message) in &writer.acknowledged {
            assert_eq!(found.get(draft), Some(&message), "lost or changed");
        }
        // What is there was sent by this person, with these words, in this order.
        let mut sent = writer.sent.iter();
        let mine = history
            .iter()
            .filter(|message| message.author == writer.guest.me);
        for message in mine {
            let as_sent = sent.find(|command| command.draft() == Some(message.draft));
            let Some(Command::PostMessage(post)) = as_sent else {
                panic!("out of order, or never sent: {message:?}");
            };
            assert_eq!(post.body, message.body);
        }
    }
    let known = history.iter().filter(|message| {
        let mut authors = writers.iter().map(|writer| &writer.guest.me);
        authors.any(|author| *author == message.author)
    });
    assert_eq!(known.count(), history.len());
}

#[tokio::test]
async fn a_second_program_on_the_same_folder_says_what_to_do_and_the_first_goes_on() {
    let folder = Folder::new();
    let house = House::program(&folder);
    let mut ada = house.enter("Ada").await;
    let second = folder.command().output().expect("it ends");
    assert!(!second.status.success());
    let why = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(why.contains("another Chatr uses"), "{why}");
    assert!(why.contains("CHATR_DATA_DIR"), "{why}");
    ada.does(post(ada.lobby, "still here")).await;
}
