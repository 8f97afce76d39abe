//! Everything that is kept, from one engine to the other and back, by a file: equal to the byte, all or nothing, and
//! as alive as before.

use crate::hall::{Hall, Place, create, made, post, posted, rename};
use crate::sqlite::Folder;
use crate::tables::Own;
use app::chat::{
    Access, ChatId, Command, DraftId, Kind, Millis, Person, Record, Seq, UserId, Window,
};
use server::operator::moving::{NotMoved, export, import};
use server::store::archive::{Archive, ArchiveError, Entry, Reader, Unsound};
use server::store::{Account, Newcomer, Passkey, Proof, Reminder, Sqlite, Tables};
use server::transport::https;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc::channel;

impl Own {
    async fn reached(&self) -> Arc<Tables> {
        let reached = Tables::reach(&self.account(), https().expect("TLS")).await;
        Arc::new(reached.expect("tables"))
    }

    fn account(&self) -> Account {
        Account {
            name: self.0.name.clone(),
            proof: Proof::Key(self.0.key.clone()),
            endpoint: self.0.endpoint.clone(),
        }
    }
}

/// What happened in a hall, to be asked for again elsewhere.
struct Past {
    ada: Person,
    bob: Person,
    tea: ChatId,
    pair: ChatId,
    buried: DraftId,
    request: DraftId,
    said: DraftId,
}

/// Something of everything that a store can keep.
async fn live<P: Place>(hall: &Arc<Hall<P>>) -> Past {
    let [ada, bob, eve] = ["Ada", "Bob", "Eve"].map(|name| async { hall.guest(name).await });
    let (ada, bob, eve) = (ada.await, bob.await, eve.await);
    let namesake = hall.guest("Ada").await;
    let request = DraftId::random();
    let tea = made(
        &hall
            .does(&ada, &create(request, Access::Public, Record::Kept))
            .await,
    )
    .id;
    for person in [&bob, &namesake] {
        hall.does(person, &Command::JoinChat { chat: tea }).await;
    }
    hall.fill(&ada, tea, 130).await;
    let odd = "two\u{2028}lines, a \"quote\", 'one', é, 👋🏽 and\na tab\t";
    hall.post(&bob, tea, odd).await;
    let last = post(tea, "the last word");
    let said = posted(&hall.does(&ada, &last).await).draft;
    let read = Command::MarkRead {
        chat: tea,
        seq: Seq(7),
    };
    hall.does(&namesake, &read).await;
    hall.does(&ada, &rename(tea, "Tea 'n' \"more\" 茶")).await;
    let secret = hall.chat(&bob, Access::Private).await;
    let invite = Command::InviteToChat {
        chat: secret,
        user: eve.id,
    };
    hall.does(&bob, &invite).await;
    hall.chat_with(&eve, Access::Public, Record::Off).await;
    let with = Command::CreatePrivateChat { with: bob.id };
    let pair = made(&hall.does(&ada, &with).await).id;
    hall.post(&bob, pair, "between us").await;
    let buried = DraftId::random();
    let grave = create(buried, Access::Public, Record::Kept);
    let gone = made(&hall.does(&eve, &grave).await).id;
    hall.fill(&eve, gone, 3).await;
    hall.does(&eve, &Command::DeleteChat { chat: gone }).await;
    hall.does(&namesake, &Command::LeaveChat { chat: tea })
        .await;
    for text in ["stretch", "drink"] {
        let reminder = Reminder {
            draft: DraftId::random(),
            chat: tea,
            user: ada.id,
            text: text.into(),
            due: Millis(9_000_000_000_000),
        };
        assert!(hall.store.remind(reminder, 20).await.expect("is kept"));
    }
    for (owner, id, used_at) in [(&bob, 3, 7), (&ada, 2, 0), (&ada, 1, 1 << 53)] {
        let passkey = Passkey {
            user: owner.id,
            id: format!("{id:064x}"),
            credential: format!(r#"{{"counter":{id},"is":"'opaque' ✅"}}"#),
            added_at: Millis(9),
            used_at: Millis(used_at),
        };
        assert!(hall.store.add_passkey(passkey).await.expect("is kept"));
    }
    Past {
        ada,
        bob,
        tea,
        pair,
        buried,
        request,
        said,
    }
}

/// The people and chats are not only there: whatever happened counts.
async fn is_alive<P: Place>(hall: &Arc<Hall<P>>, past: &Past) {
    let Past { ada, bob, tea, .. } = past;
    assert_eq!(hall.stored(*tea).await.last, Seq(132));
    let page = hall.page(*tea, Window::Latest, 2).await;
    assert!(page.messages[0].body.as_str().contains('\u{2028}'));
    let again = create(past.request, Access::Public, Record::Kept);
    assert_eq!(made(&hall.does(ada, &again).await).id, *tea);
    let with = Command::CreatePrivateChat { with: ada.id };
    assert_eq!(made(&hall.does(bob, &with).await).id, past.pair);
    let eve = hall.members(*tea).await;
    assert_eq!(eve.len(), 2, "{eve:?}");
    let known = Command::PostMessage(app::chat::Post {
        chat: *tea,
        draft: past.said,
        body: "said again".parse().expect("fit"),
    });
    let repeated = posted(&hall.does(ada, &known).await);
    assert_eq!(repeated.body.as_str(), "the last word");
    assert_eq!(hall.post(ada, *tea, "and on").await.seq, Seq(133));
    assert_eq!(hall.store.reminders(ada.id).await.expect("a count"), 2);
    let due = hall.store.next_reminders(9).await.expect("reminders");
    assert_eq!(due.len(), 2);
    let passkeys = hall.store.passkeys(ada.id).await.expect("passkeys");
    let used: Vec<u64> = passkeys.iter().map(|passkey| passkey.used_at.0).collect();
    assert_eq!(used, [1 << 53, 0]);
    assert_eq!(
        passkeys[1].credential,
        r#"{"counter":2,"is":"'opaque' ✅"}"#
    );
    let theirs = hall.store.passkeys(bob.id).await.expect("passkeys");
    assert_eq!(theirs.len(), 1);
    let mine = hall.store.memberships(ada.id).await.expect("memberships");
    assert_eq!(mine.len(), 2, "{mine:?}");
    let parts = hall.store.parts(ada.id, None).await.expect("a screen");
    let lines = parts.chats.iter();
    let with = lines.filter_map(|line| line.with.as_ref().map(|one| one.id));
    assert_eq!(with.collect::<Vec<_>>(), [bob.id]);
    assert_eq!(parts.chats.len(), 4, "{:?}", parts.chats);
    assert_eq!(parts.default_chat, hall.lobby);
}

fn file(folder: &Folder, name: &str) -> PathBuf {
    folder.file().with_file_name(name)
}

fn embedded(folder: &Folder) -> Arc<Sqlite> {
    Arc::new(Sqlite::open(&folder.file()).expect("a store"))
}

#[tokio::test(flavor = "multi_thread")]
async fn from_sqlite_to_tables_and_back_every_digest_stays() {
    let hall = Hall::<Folder>::new().await;
    let past = live(&hall).await;
    let here = &hall.place;
    let first = file(here, "first.jsonl");
    let digests = export(&*embedded(here), &first).await.expect("a file");
    let entries: Vec<u64> = digests.sections.iter().map(|end| end.entries).collect();
    assert_eq!(entries[0], 1);
    assert_eq!(entries[1], 4 + 3);
    assert!(entries[2] > 140, "{entries:?}");
    assert_eq!(entries[4], 2);

    let azure = Own::new().await;
    let there = import(azure.reached().await, &first).await.expect("stored");
    assert_eq!(there, digests);
    let second = file(here, "second.jsonl");
    let exported = export(&*azure.reached().await, &second).await;
    assert_eq!(exported.expect("a file"), digests);
    let bytes = |path| std::fs::read(path).expect("a file");
    assert!(bytes(&first) == bytes(&second), "the files are equal");

    let home = Folder::empty();
    let third = import(embedded(&home), &second).await.expect("stored");
    assert_eq!(third, digests);

    is_alive(&Arc::new(Hall::at(azure, 1_000).await), &past).await;
    is_alive(&Arc::new(Hall::at(home, 1_000).await), &past).await;
    let again = create(past.buried, Access::Public, Record::Kept);
    let eve = hall.store.person(past.bob.id).await.expect("an answer");
    assert!(eve.is_some() && hall.ask(&past.ada, &again).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_in_tables_moves_to_sqlite() {
    let hall = Hall::<Own>::new().await;
    let past = live(&hall).await;
    let home = Folder::empty();
    let first = file(&home, "first.jsonl");
    let digests = export(&*hall.place.reached().await, &first).await;
    let digests = digests.expect("a file");
    let there = import(embedded(&home), &first).await.expect("stored");
    assert_eq!(there, digests);
    is_alive(&Arc::new(Hall::at(home, 1_000).await), &past).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_altered_byte_is_found_with_its_line_before_anything_is_stored() {
    let hall = Hall::<Folder>::new().await;
    live(&hall).await;
    let whole = file(&hall.place, "whole.jsonl");
    export(&*embedded(&hall.place), &whole)
        .await
        .expect("a file");
    let bytes = std::fs::read(&whole).expect("a file");
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let azure = Own::new().await;
    let home = Folder::empty();
    for part in 0..8 {
        let place = bytes.len() * part / 8;
        let before = bytes[..place].iter().filter(|byte| **byte == b'\n');
        let line = before.count() as u64 + 1;
        let mut altered = bytes.clone();
        altered[place] ^= 4;
        let path = file(&home, "altered.jsonl");
        std::fs::write(&path, altered).expect("written");
        for store in [
            azure.reached().await as Arc<dyn Archive>,
            embedded(&home) as Arc<dyn Archive>,
        ] {
            match import(store, &path).await {
                Err(NotMoved::Unsound {
                    why: Unsound::Line { line: found, .. },
                    ..
                }) => assert_eq!(found, line, "of {lines}"),
                other => panic!("byte {place}: {other:?}"),
            }
        }
    }
    // Both are as empty as they were.
    for store in [
        azure.reached().await as Arc<dyn Archive>,
        embedded(&home) as Arc<dyn Archive>,
    ] {
        import(store, &whole).await.expect("stored");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_imported_where_something_is() {
    let hall = Hall::<Folder>::new().await;
    let path = file(&hall.place, "file.jsonl");
    export(&*embedded(&hall.place), &path)
        .await
        .expect("a file");
    let again = export(&*embedded(&hall.place), &path).await;
    assert!(matches!(again, Err(NotMoved::Exists { .. })), "{again:?}");
    let azure = Hall::<Own>::new().await;
    for store in [
        azure.place.reached().await as Arc<dyn Archive>,
        embedded(&hall.place) as Arc<dyn Archive>,
    ] {
        let refused = import(store, &path).await;
        assert!(
            matches!(refused, Err(NotMoved::Store(ArchiveError::NotEmpty))),
            "{refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_stops_halfway_starts_no_server_until_it_is_done() {
    let hall = Hall::<Folder>::new().await;
    let past = live(&hall).await;
    let path = file(&hall.place, "file.jsonl");
    let digests = export(&*embedded(&hall.place), &path)
        .await
        .expect("a file");
    let azure = Own::new().await;
    let home = Folder::empty();
    for store in [
        azure.reached().await as Arc<dyn Archive>,
        embedded(&home) as Arc<dyn Archive>,
    ] {
        let stopped = half(&*store, &path, &digests.sha256).await;
        assert!(
            matches!(stopped, Err(ArchiveError::Interrupted)),
            "{stopped:?}"
        );
    }
    let refused = Tables::open(&azure.account(), https().expect("TLS")).await;
    let why = refused.err().expect("no server").to_string();
    assert!(why.contains("chatr import"), "{why}");
    let other = half(&*azure.reached().await, &path, "another file").await;
    assert!(
        matches!(other, Err(ArchiveError::Begun { .. })),
        "{other:?}"
    );

    let whole = import(azure.reached().await, &path).await.expect("stored");
    assert_eq!(whole, digests);
    // Where a transaction holds it all, nothing was left.
    let whole = import(embedded(&home), &path).await.expect("stored");
    assert_eq!(whole, digests);
    is_alive(&Arc::new(Hall::at(azure, 1_000).await), &past).await;
}

/// Sends the first half of the entries, and then goes.
async fn half(
    store: &dyn Archive,
    path: &std::path::Path,
    digest: &str,
) -> Result<(), ArchiveError> {
    let file = std::fs::File::open(path).expect("a file");
    let mut reader = Reader::new(BufReader::new(file)).expect("sound");
    let mut entries: Vec<Entry> = Vec::new();
    while let Some(entry) = reader.next_entry().expect("sound") {
        entries.push(entry);
    }
    entries.truncate(entries.len() / 2);
    let (feed, from) = channel(entries.len());
    for entry in entries {
        feed.send(Some(entry)).await.expect("room");
    }
    drop(feed);
    store.import(digest.to_owned(), from, look).await
}

fn look(person: Person) -> Newcomer {
    Newcomer {
        skeleton: person.name.as_str().to_lowercase(),
        reserved: person.kind == Kind::Bot && person.id == UserId::from_bytes([0; 16]),
        person,
    }
}
