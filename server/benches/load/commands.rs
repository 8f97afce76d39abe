//! Durable commands: the chat service over its SQLite file on a real disk, each answered when it is on the disk and
//! published; beside it, in turns, what the disk itself does. Refuses to know sockets.

use crate::ROUNDS;
use crate::lab::{Fault, Figures, KEY, cpu, milliseconds, percentile, scratch, void};
use crate::table::Table;
use app::chat::{
    Access, ChatId, Command, DraftId, Fact, Outcome, Person, Post, Record, Settings, UserId,
};
use hub::Hub;
use server::chat::bots::Concierge;
use server::chat::moderator::LocalModerator;
use server::chat::{ChatService, Wiring};
use server::clock;
use server::pubsub::PubSub;
use server::store::Sqlite;
use server::transport::in_process;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const PUBLISHERS: usize = 64;
const LENGTH: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_millis(300);
const DISK: Duration = Duration::from_secs(1);

/// Bytes of a message as a log would keep it: the text, its author, its place.
const ROW: [u8; 300] = [b'x'; 300];

/// Bytes that the disk writes at once.
const BLOCK: usize = 4_096;

/// Bytes that the disk's own log may take.
const ROOM: usize = 4 * 1024 * 1024;

#[derive(Default)]
struct Measured {
    per_second: Figures,
    cpu: Figures,
    p50: Figures,
    p99: Figures,
}

/// Who posts where.
#[derive(Clone, Copy)]
enum Posting {
    Alone,
    /// Everybody in one chat: one order for all.
    Together,
    /// Each in a chat of their own.
    Apart,
}

pub fn measure() -> Result<Table, Fault> {
    let postings = [Posting::Together, Posting::Apart, Posting::Alone];
    let mut measured = postings.map(|_| Measured::default());
    let (mut single, mut group) = (Figures::default(), Figures::default());
    for _ in 0..ROUNDS {
        let folder = scratch("store")?;
        single.add(disk(&folder, 1)?);
        group.add(disk(&folder, PUBLISHERS)?);
        for (posting, measured) in postings.iter().zip(&mut measured) {
            round(&folder, *posting, measured)?;
        }
        std::fs::remove_dir_all(&folder)?;
    }
    let [together, apart, alone] = &measured;
    let mut table = Table::default();
    let mut rows = |what: &str, measured: &Measured, goals: [&str; 2]| {
        let of = |figure: &str| format!("{what}: {figure}");
        table.row(
            &of("durable commands"),
            "a second",
            &measured.per_second,
            goals[0],
        );
        table.row(&of("half are answered within"), "ms", &measured.p50, "");
        table.row(
            &of("99 of 100 are answered within"),
            "ms",
            &measured.p99,
            goals[1],
        );
        table.row(&of("CPU per command"), "µs", &measured.cpu, "");
    };
    rows("64 publishers in one chat", together, ["≥ 5,000", "≤ 50"]);
    rows("64 publishers in a chat each", apart, ["≥ 5,000", "≤ 50"]);
    rows("1 publisher", alone, ["", ""]);
    table.row(
        "the disk: write and fdatasync, one by one",
        "a second",
        &single,
        "",
    );
    table.row(
        "the disk: the same in groups of 64, rows",
        "a second",
        &group,
        "",
    );
    let ratio = together.per_second.against(&group);
    table.row(
        "64 publishers in one chat, of the disk in groups",
        "×",
        &ratio,
        "",
    );
    let ratio = alone.per_second.against(&single);
    table.row("1 publisher, of the disk one by one", "×", &ratio, "");
    Ok(table)
}

/// Rows a second that the disk takes when this many are written, and waited for, at once. Room is made before, and used
/// again from its beginning when it is full, as a log does that is kept short: to grow a file costs a wait of its own.
fn disk(folder: &Path, together: usize) -> Result<f64, Fault> {
    let mut file = File::create(folder.join("log"))?;
    file.write_all(&vec![0; ROOM])?;
    file.sync_all()?;
    file.rewind()?;
    let mut rows = ROW.repeat(together);
    // Whole blocks: to write into one that is just on its way to the disk waits for it first.
    rows.resize(rows.len().next_multiple_of(BLOCK), 0);
    let (start, mut written, mut place) = (Instant::now(), 0, 0);
    while start.elapsed() < DISK {
        if place + rows.len() > ROOM {
            file.rewind()?;
            place = 0;
        }
        file.write_all(&rows)?;
        file.sync_data()?;
        place += rows.len();
        written += together;
    }
    Ok(written as f64 / start.elapsed().as_secs_f64())
}

fn round(folder: &Path, posting: Posting, into: &mut Measured) -> Result<(), Fault> {
    let file = folder.join("chatr.sqlite");
    let runtime = Runtime::new()?;
    let posted = runtime.block_on(async {
        let house = House::open(&file).await?;
        let authors = house.authors(posting).await?;
        house.post(&authors, WARM_UP).await?;
        let (before, start) = (cpu(std::process::id())?, Instant::now());
        let times = house.post(&authors, LENGTH).await?;
        let took = start.elapsed().as_secs_f64();
        let used = (cpu(std::process::id())? - before).as_secs_f64();
        Ok::<_, Fault>((times, took, used))
    });
    let (mut times, took, used) = posted?;
    drop(runtime);
    for left in ["chatr.sqlite", "chatr.sqlite-wal", "chatr.sqlite-shm"] {
        // The last connection takes two of them away.
        let _ = std::fs::remove_file(folder.join(left));
    }
    into.per_second.add(times.len() as f64 / took);
    into.cpu.add(used / times.len() as f64 * 1e6);
    into.p50.add(percentile(&mut times, 0.5));
    into.p99.add(percentile(&mut times, 0.99));
    Ok(())
}

/// The service as the server wires it, with nobody connected.
struct House {
    service: Arc<ChatService>,
}

impl House {
    async fn open(file: &Path) -> Result<House, Fault> {
        let hub = Hub::new(hub::Config::new(KEY));
        let endpoint = "http://embedded";
        let publish = PubSub::new(in_process(hub.rest_router()), endpoint, "chat", KEY);
        let store = Sqlite::open(file).or_else(|why| void(why.to_string()))?;
        let service = ChatService::start(Wiring {
            store: Arc::new(store),
            publish: Arc::new(publish),
            moderator: Arc::new(LocalModerator),
            bots: vec![Arc::new(Concierge::default())],
            settings: Settings { idle_seconds: 60 },
            relaxed: true,
            shared: None,
            clock: Arc::new(clock::now),
        })
        .await;
        let service = service.or_else(|why| void(why.to_string()))?;
        Ok(House { service })
    }

    /// Who posts, and in which chat.
    async fn authors(&self, posting: Posting) -> Result<Vec<(UserId, ChatId)>, Fault> {
        let count = match posting {
            Posting::Alone => 1,
            Posting::Together | Posting::Apart => PUBLISHERS,
        };
        let mut authors = Vec::new();
        for number in 0..count {
            let name = format!("Writer {number}")
                .parse()
                .expect("a short name fits");
            let signed_in = self.service.sign_in_guest(name).await;
            let person: Person = signed_in.or_else(|why| void(why.to_string()))?;
            let chat = match posting {
                Posting::Apart => self.own_chat(person.id).await?,
                Posting::Alone | Posting::Together => self.lobby(person.id).await?,
            };
            authors.push((person.id, chat));
        }
        Ok(authors)
    }

    async fn lobby(&self, user: UserId) -> Result<ChatId, Fault> {
        let snapshot = self.service.snapshot(user, None).await;
        snapshot.map_or_else(|why| void(why.to_string()), |all| Ok(all.default_chat))
    }

    async fn own_chat(&self, user: UserId) -> Result<ChatId, Fault> {
        let create = Command::CreateChat {
            draft: DraftId::random(),
            name: "Own".parse().expect("a short name fits"),
            access: Access::Private,
            record: Record::Kept,
        };
        let outcome = self.service.execute(user, None, create).await.outcome;
        let Outcome::Done { facts, .. } = outcome else {
            return void("a chat was not created");
        };
        let chat = facts.iter().find_map(|fact| match fact {
            Fact::ChatCreated { chat, .. } => Some(chat.id),
            _ => None,
        });
        chat.map_or_else(|| void("a chat was not created"), Ok)
    }

    /// Everybody posts one message after the other for so long. How many milliseconds each answer took.
    async fn post(
        &self,
        authors: &[(UserId, ChatId)],
        length: Duration,
    ) -> Result<Vec<f64>, Fault> {
        let until = Instant::now() + length;
        let all: Vec<_> = authors
            .iter()
            .map(|(author, chat)| {
                tokio::spawn(post_until(self.service.clone(), *author, *chat, until))
            })
            .collect();
        let mut times = Vec::new();
        for one in all {
            times.extend(one.await.map_err(std::io::Error::other)??);
        }
        Ok(times)
    }
}

async fn post_until(
    service: Arc<ChatService>,
    author: UserId,
    chat: ChatId,
    until: Instant,
) -> Result<Vec<f64>, Fault> {
    let body = "What a person writes in a chat is about as long as this sentence is.";
    let mut times = Vec::new();
    while Instant::now() < until {
        let post = Command::PostMessage(Post {
            chat,
            draft: DraftId::random(),
            body: body.parse().expect("a sentence fits"),
        });
        let start = Instant::now();
        let answer = service.execute(author, None, post).await;
        times.push(milliseconds(start.elapsed()));
        if let Outcome::Refused { why } = answer.outcome {
            return void(format!("a message was not stored: {why}"));
        }
    }
    Ok(times)
}
