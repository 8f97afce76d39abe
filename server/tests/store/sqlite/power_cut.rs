//! The machine stops at any moment, and the disk holds what was written so far, perhaps with rubbish behind it.
//! What was acknowledged is there when the file is opened again.

use super::Folder;
use crate::hall::{Hall, Place, places, post, seqs};
use app::chat::{Access, ChatId, Message};
use server::chat::decide::{Asked, decide, scope};
use server::chat::moderator::LocalModerator;
use server::store::View;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// A disk with these bytes in the store's two files.
fn disk(file: &[u8], log: &[u8]) -> Folder {
    let folder = Folder::empty();
    fs::write(folder.file(), file).expect("is written");
    fs::write(folder.log(), log).expect("is written");
    folder
}

async fn found(folder: Folder, chat: ChatId) -> Vec<Message> {
    let store = folder.open().await;
    let window = app::chat::Window::Latest;
    let page = store.page(chat, window, 1_000_000).await;
    page.expect("a page").messages
}

#[tokio::test]
async fn wherever_the_disk_stops_what_was_acknowledged_is_there() {
    const ALL: usize = 24;
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let length = |log: &Path| fs::metadata(log).expect("a log").len() as usize;
    let mut messages = Vec::new();
    // How much was on the disk when so many were acknowledged.
    let mut acknowledged = vec![length(&hall.place.log())];
    for number in 0..ALL {
        let text = format!("{number} {}", "words ".repeat(number * 40));
        messages.push(hall.post(&ada, chat, &text).await);
        acknowledged.push(length(&hall.place.log()));
    }
    let file = fs::read(hall.place.file()).expect("a file");
    let log = fs::read(hall.place.log()).expect("a log");
    assert!(acknowledged.is_sorted_by(|a, b| a < b), "nothing is moved");

    for (count, two) in acknowledged.windows(2).enumerate() {
        let (now, next) = (two[0], two[1]);
        // At the acknowledgement, a byte later, in the middle of the next one, a byte before its end.
        for cut in [now, now + 1, now + 512, (now + next) / 2, next - 1] {
            for rubbish in [vec![], vec![0; 4_096], vec![0xa5; 700]] {
                let torn = [&log[..cut], &rubbish].concat();
                let found = found(disk(&file, &torn), chat).await;
                // A cut so late, with the right rubbish, may have left the next one whole.
                assert!((count..=count + 1).contains(&found.len()), "cut at {cut}");
                assert_eq!(found, messages[..found.len()], "cut at {cut}");
            }
        }
    }
    let all = found(disk(&file, &log), chat).await;
    assert_eq!(all, messages);
}

#[tokio::test]
async fn what_is_told_is_written_already() {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    for count in 1..=8 {
        let (command, now) = (post(chat, "words"), hall.now());
        let scope = scope(ada.id, &command).expect("a matter of rows");
        let author = ada.clone();
        let decision = move |view: &View| {
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
        };
        let (file, log) = (hall.place.file(), hall.place.log());
        let (picture, taken) = tokio::sync::oneshot::channel();
        let told = move |_: &_| {
            let disk = (
                fs::read(file).expect("a file"),
                fs::read(log).expect("a log"),
            );
            picture.send(disk).expect("somebody waits");
        };
        let decided = hall
            .store
            .transact(scope, Arc::new(decision), Box::new(told));
        decided.await.expect("an answer").expect("is posted");
        let (file, log) = taken.await.expect("was told");
        let found = found(disk(&file, &log), chat).await;
        assert_eq!(seqs(&found), places(1..count + 1));
    }
}

#[tokio::test]
async fn a_log_that_was_folded_into_the_file_takes_nothing_along() {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let (mut acknowledged, mut folded, mut last) = (0, 0, 0);
    // Long messages fill the log until SQLite folds it, twice; a picture is taken every now and then.
    while folded < 2 {
        hall.fill(&ada, chat, 40).await;
        hall.post(&ada, chat, &"long ".repeat(1_500)).await;
        acknowledged += 41;
        let file = fs::read(hall.place.file()).expect("a file");
        let log = fs::read(hall.place.log()).expect("a log");
        let found = found(disk(&file, &log), chat).await;
        assert_eq!(seqs(&found), places(1..acknowledged + 1));
        if file.len() > last {
            folded += usize::from(last > 0);
            last = file.len();
        }
        assert!(acknowledged < 1_000 * 41, "the log is never folded");
    }
}
