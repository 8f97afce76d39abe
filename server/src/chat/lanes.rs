//! Publishing in order: what happened in one chat is told in the order of its commits, and chats do not wait
//! for each other. Refuses to know rules; `effects` says who hears what.

use super::ChatService;
use super::effects::{self, Connections};
use super::presence::Roster;
use super::publish::Publish;
use super::seats::{Shared, refresh_concerned};
use crate::store::Commit;
use app::chat::{ChatId, UserId};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use wire::rest::Call;

/// Chats share these. More than cores, since a lane mostly waits for the service.
const LANES: usize = 16;

/// Bounded by those who wait: every command waits for its publication, and there are only so many commands.
pub struct Lanes {
    chats: Vec<UnboundedSender<Job>>,
    presence: UnboundedSender<Job>,
}

struct Job {
    what: What,
    done: Option<oneshot::Sender<()>>,
}

enum What {
    Commit(Commit),
    Calls(Vec<Call>),
}

impl Lanes {
    /// Needs a running tokio. The lanes end when this is dropped and their work is done. With `shared`, connections
    /// are looked up there before each commit is told.
    pub fn start(
        publish: &Arc<dyn Publish>,
        roster: &Arc<Mutex<Roster>>,
        shared: Option<(Weak<ChatService>, Shared)>,
    ) -> Self {
        let start = || {
            let (sender, jobs) = unbounded_channel();
            let (publish, roster) = (publish.clone(), roster.clone());
            tokio::spawn(work(jobs, publish, roster, shared.clone()));
            sender
        };
        Lanes {
            chats: (0..LANES).map(|_| start()).collect(),
            presence: start(),
        }
    }

    /// Queues what follows a commit; the receiver hears when it has been told.
    pub fn commit(&self, chat: ChatId, commit: Commit) -> oneshot::Receiver<()> {
        self.queue(self.of(chat), What::Commit(commit))
    }

    pub fn calls(&self, chat: ChatId, calls: Vec<Call>) -> oneshot::Receiver<()> {
        self.queue(self.of(chat), What::Calls(calls))
    }

    /// Queues news about who is there.
    pub fn presence(&self, call: Call) {
        // Nobody waits: the roster is the truth, and this its echo.
        drop(self.queue(&self.presence, What::Calls(vec![call])));
    }

    fn of(&self, chat: ChatId) -> &UnboundedSender<Job> {
        &self.chats[usize::from(chat.as_bytes()[15]) % LANES]
    }

    fn queue(&self, lane: &UnboundedSender<Job>, what: What) -> oneshot::Receiver<()> {
        let (done, told) = oneshot::channel();
        // A lane ends after everybody who could queue.
        let _ = lane.send(Job {
            what,
            done: Some(done),
        });
        told
    }
}

async fn work(
    mut jobs: UnboundedReceiver<Job>,
    publish: Arc<dyn Publish>,
    roster: Arc<Mutex<Roster>>,
    shared: Option<(Weak<ChatService>, Shared)>,
) {
    while let Some(mut job) = jobs.recv().await {
        let calls = match job.what {
            What::Calls(calls) => calls,
            What::Commit(commit) => {
                if let Some((service, shared)) = &shared
                    && let Some(service) = service.upgrade()
                {
                    refresh_concerned(&service, shared, &commit).await;
                }
                effects::effects(&commit, &connections(&roster, &commit))
            }
        };
        for call in calls {
            if let Err(error) = publish.perform(call).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "not published");
            }
        }
        if let Some(done) = job.done.take() {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
    }
}

fn connections(roster: &Mutex<Roster>, commit: &Commit) -> Connections {
    let users: Vec<UserId> = effects::concerned(commit);
    let roster = roster.lock().unwrap_or_else(PoisonError::into_inner);
    users
        .into_iter()
        .map(|user| (user, roster.connections(user)))
        .collect()
}
