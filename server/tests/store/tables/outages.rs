//! A service that stops, freezes and comes back while people write: what was answered is there, what failed said
//! so within three seconds, and afterwards everything goes on by itself.

use super::Own;
use super::outage::lasting_account;
use crate::hall::{Hall, places, post, posted, seqs};
use app::chat::{Access, ChatId, Command, DraftId, Message, Person, Refusal};
use server::chat::decide::{Asked, decide, scope};
use server::chat::moderator::LocalModerator;
use server::store::{Commit, StoreError, View};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// What is promised.
const AT_MOST: Duration = Duration::from_secs(3);

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// People who write to one chat until they are told to stop; each message is sent once, whatever comes of it.
struct Traffic {
    hall: Arc<Hall<Own>>,
    chat: ChatId,
    stop: Arc<AtomicBool>,
    writers: Vec<tokio::task::JoinHandle<()>>,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    answered: Mutex<Vec<Message>>,
    failed: Mutex<Vec<DraftId>>,
    told: Mutex<Vec<Message>>,
    slowest: Mutex<Duration>,
}

impl Traffic {
    async fn start(halls: &[Arc<Hall<Own>>]) -> Traffic {
        let hall = &halls[0];
        let ada = hall.guest("Ada").await;
        let chat = hall.chat(&ada, Access::Public).await;
        let (stop, heard) = (Arc::new(AtomicBool::new(false)), Arc::<Heard>::default());
        let mut writers = Vec::new();
        for number in 0..8 {
            let (hall, ada) = (halls[number % halls.len()].clone(), ada.clone());
            let (stop, heard) = (stop.clone(), heard.clone());
            writers.push(tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    say(&hall, &ada, chat, &heard).await;
                }
            }));
        }
        let hall = hall.clone();
        Traffic {
            hall,
            chat,
            stop,
            writers,
            heard,
        }
    }

    /// Waits until so many more messages have been answered.
    async fn flows(&self) {
        let count = || self.heard.answered.lock().expect("whole").len();
        let before = count();
        let flowing = async {
            while count() < before + 20 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, flowing)
            .await
            .expect("messages are taken again");
    }

    async fn fails(&self) {
        let count = || self.heard.failed.lock().expect("whole").len();
        let before = count();
        let failing = async {
            while count() < before + 8 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, failing)
            .await
            .expect("it says that it fails");
    }

    /// Nobody was told a lie, by an answer or by news.
    async fn ends_well(self) {
        self.stop.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.await.expect("does not panic");
        }
        let slowest = *self.heard.slowest.lock().expect("whole");
        assert!(slowest < AT_MOST, "somebody waited for {slowest:?}");

        // One more message comes after everything that was still under way.
        let ada = self.heard.answered.lock().expect("whole")[0].author.clone();
        self.hall.post(&ada, self.chat, "the last one").await;
        let stored = self.hall.messages(self.chat).await;
        assert_eq!(seqs(&stored), places(1..stored.len() as u64 + 1));
        let by_draft: BTreeMap<_, _> = stored
            .iter()
            .map(|message| (message.draft, message))
            .collect();
        assert_eq!(by_draft.len(), stored.len(), "no draft twice");
        for message in self.heard.answered.lock().expect("whole").iter() {
            assert_eq!(
                by_draft.get(&message.draft),
                Some(&message),
                "it was answered"
            );
        }
        // Whatever is stored was told, also where the answer was lost; and nothing else was.
        let told = self.heard.told.lock().expect("whole").clone();
        let told: BTreeMap<_, _> = told.iter().map(|message| (message.seq, message)).collect();
        for message in &stored[..stored.len() - 1] {
            assert_eq!(told.get(&message.seq), Some(&message), "it was told");
        }
        assert_eq!(told.len(), stored.len() - 1);
    }
}

/// One message, sent once.
async fn say(hall: &Hall<Own>, ada: &Person, chat: ChatId, heard: &Arc<Heard>) {
    let command = post(chat, "words");
    let draft = command.draft().expect("a message has one");
    let begun = Instant::now();
    let ended = once(hall, ada, command, heard.clone()).await;
    let mut slowest = heard.slowest.lock().expect("whole");
    *slowest = begun.elapsed().max(*slowest);
    match ended {
        Ok(Ok(commit)) => heard.answered.lock().expect("whole").push(posted(&commit)),
        Ok(Err(refusal)) => panic!("refused: {refusal}"),
        Err(StoreError::Busy { .. } | StoreError::Unavailable { .. }) => {
            heard.failed.lock().expect("whole").push(draft);
        }
        Err(other) => panic!("{other}"),
    }
}

async fn once(
    hall: &Hall<Own>,
    actor: &Person,
    command: Command,
    heard: Arc<Heard>,
) -> Result<Result<Commit, Refusal>, StoreError> {
    let scope = scope(actor.id, &command).expect("a matter of rows");
    let (now, actor) = (hall.now(), actor.clone());
    let decision = move |view: &View| {
        let asked = Asked {
            actor: &actor,
            command: &command,
            now,
            fresh: ChatId::from_bytes([7; 16]),
            moderator: &LocalModerator,
        };
        decide(view, &asked)
    };
    let hear = move |commit: &Commit| heard.told.lock().expect("whole").push(posted(commit));
    hall.store
        .transact(scope, Arc::new(decision), Box::new(hear))
        .await
}

async fn hall() -> Arc<Hall<Own>> {
    Arc::new(Hall::at(Own(lasting_account()), 1).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_service_fails_in_time_and_nothing_is_lost_or_made_up_at_two_servers() {
    let hall = hall().await;
    let second = Own(hall.place.0.clone());
    let second = Arc::new(Hall::at(second, 1 << 40).await);
    let traffic = Traffic::start(&[hall.clone(), second]).await;
    for _ in 0..3 {
        traffic.flows().await;
        hall.place.0.azurite().freeze();
        traffic.fails().await;
        hall.place.0.azurite().thaw();
    }
    traffic.flows().await;
    traffic.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_stops_and_starts_again_fails_in_time_and_nothing_is_lost_or_made_up() {
    let hall = hall().await;
    let traffic = Traffic::start(std::slice::from_ref(&hall)).await;
    traffic.flows().await;
    hall.place.0.azurite().stop();
    traffic.fails().await;
    hall.place.0.azurite().start_again();
    traffic.flows().await;
    traffic.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_asked_of_a_frozen_service_fails_in_time() {
    let hall = hall().await;
    let ada = hall.guest("Ada").await;
    let chat = hall.chat(&ada, Access::Public).await;
    hall.place.0.azurite().freeze();
    let begun = Instant::now();
    let store = &hall.store;
    let (person, parts, members, reminders) = tokio::join!(
        store.person(ada.id),
        store.parts(ada.id, Some(chat)),
        store.members(chat),
        store.next_reminders(9),
    );
    assert!(person.is_err() && parts.is_err() && members.is_err() && reminders.is_err());
    let nobody = app::chat::UserId::random();
    assert!(
        store.person(nobody).await.is_err(),
        "that is not for it to say"
    );
    assert!(begun.elapsed() < 2 * AT_MOST);
    hall.place.0.azurite().thaw();
    let back = async {
        while hall.store.person(ada.id).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, back).await.expect("it answers again");
    assert_eq!(
        hall.store.person(ada.id).await.expect("an answer"),
        Some(ada)
    );
}
