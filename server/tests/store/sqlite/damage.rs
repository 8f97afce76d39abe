//! Files that cannot be used, and rows that do not parse: said clearly, and never overwritten or made up.

use super::Folder;
use crate::hall::{Hall, Place, seqs};
use app::chat::{Access, UserId, Window};
use rusqlite::Connection;
use server::store::{Sqlite, StoreError};
use std::fs;

fn why_not(folder: &Folder) -> String {
    match Sqlite::open(&folder.file()) {
        Ok(_) => panic!("the file was used"),
        Err(why) => why.to_string(),
    }
}

/// A closed store's folder with a message in it.
async fn used() -> Folder {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    hall.chat(&ada, Access::Public).await;
    let Ok(hall) = std::sync::Arc::try_unwrap(hall) else {
        panic!("somebody still uses the store");
    };
    drop(hall.store);
    hall.place
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_named_and_left_as_it_is() {
    let folder = used().await;
    for newer in [3, 99] {
        let connection = Connection::open(folder.file()).expect("opens");
        connection
            .pragma_update(None, "user_version", newer)
            .expect("is set");
        drop(connection);
        let before = fs::read(folder.file()).expect("a file");
        let why = why_not(&folder);
        assert!(
            why.contains(&format!("version {newer}")) && why.contains("version 2"),
            "{why}"
        );
        assert!(fs::read(folder.file()).expect("a file") == before);
    }
}

#[tokio::test]
async fn a_file_of_the_first_version_gets_what_it_lacks_and_keeps_the_rest() {
    let folder = used().await;
    let connection = Connection::open(folder.file()).expect("opens");
    connection
        .execute_batch("DROP TABLE passkey; PRAGMA user_version = 1;")
        .expect("is as it was");
    drop(connection);
    for _ in 0..2 {
        let store = folder.open().await;
        let people = Connection::open(folder.file()).expect("opens");
        let ada = people.query_row("SELECT id FROM person WHERE name = 'Ada'", [], |row| {
            row.get(0).map(UserId::from_bytes)
        });
        let ada = ada.expect("somebody");
        assert!(store.person(ada).await.expect("an answer").is_some());
        assert_eq!(store.passkeys(ada).await.expect("an answer"), []);
    }
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    for bytes in [
        b"not a database at all, but long enough to look like one".repeat(100),
        vec![0xff; 8_192],
        b"SQLite format 4\0".repeat(256),
    ] {
        let folder = Folder::empty();
        fs::write(folder.file(), &bytes).expect("is written");
        let why = why_not(&folder);
        assert!(why.contains("cannot be used"), "{why}");
        assert!(fs::read(folder.file()).expect("a file") == bytes);
    }
}

#[tokio::test]
async fn a_folder_in_the_files_place_and_a_missing_folder_are_refused() {
    let folder = Folder::empty();
    fs::create_dir(folder.file()).expect("a folder");
    assert!(why_not(&folder).contains("cannot be used"));
    let gone = Folder::empty();
    fs::remove_dir_all(gone.file().parent().expect("a folder")).expect("is removed");
    assert!(why_not(&gone).contains("cannot be used"));
}

#[tokio::test]
async fn an_empty_file_is_a_new_store() {
    let folder = Folder::empty();
    fs::write(folder.file(), b"").expect("is written");
    Sqlite::open(&folder.file()).expect("a store");
}

#[tokio::test]
async fn a_row_that_does_not_parse_is_said_and_spoils_no_other_chat() {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let (good, bad) = (
        hall.chat(&ada, Access::Public).await,
        hall.chat(&ada, Access::Public).await,
    );
    for chat in [good, bad] {
        hall.post(&ada, chat, "one").await;
        hall.post(&ada, chat, "two").await;
    }
    let beside = Connection::open(hall.place.file()).expect("opens");
    let spoiled = beside.execute(
        "UPDATE message SET body = '' WHERE chat = ?1 AND seq = 2",
        [bad.as_bytes()],
    );
    assert_eq!(spoiled.expect("a row"), 1);
    let page = hall.store.page(bad, Window::Latest, 50).await;
    assert!(matches!(page, Err(StoreError::Corrupt { .. })), "{page:?}");
    // What lies beside it can be read still, and so can every other chat.
    let first = hall.store.page(bad, Window::Latest, 0).await;
    first.expect("an empty page");
    let before = Window::Before(app::chat::Seq(2));
    let before = hall.store.page(bad, before, 50).await.expect("a page");
    assert_eq!(seqs(&before.messages), [1]);
    assert_eq!(seqs(&hall.messages(good).await), [1, 2]);
    hall.post(&ada, good, "three").await;
}

#[tokio::test]
async fn a_kind_that_this_program_does_not_know_is_said_and_not_guessed() {
    let hall = Hall::<Folder>::new().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    let beside = Connection::open(hall.place.file()).expect("opens");
    for column in ["access", "record", "moderation"] {
        let sql = format!("UPDATE chat SET {column} = ?2 WHERE id = ?1");
        let set = |value: i64| {
            let rows = beside.execute(&sql, rusqlite::params![chat.as_bytes(), value]);
            assert_eq!(rows.expect("a row"), 1);
        };
        set(77);
        let page = hall.store.page(chat, Window::Latest, 50).await;
        assert!(
            matches!(page, Err(StoreError::Corrupt { .. })),
            "{column}: {page:?}"
        );
        set(0);
        hall.store
            .page(chat, Window::Latest, 50)
            .await
            .expect("a page");
    }
}
