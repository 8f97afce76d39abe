//! Commands about one chat take turns: those that wait while the service answers go into the next batch
//! together. Between servers, the version of the chat's head decides who was first. Refuses to answer before it
//! knows: what a lost answer left open is found out, and published if it was done, also when whoever asked has gone.

use super::Inner;
use super::attempts::{Attempt, Line, is_own, of_gone, strike, tell_what_was_done};
use super::client::{Failure, MAX_BATCH, Table};
use super::key::Key;
use super::ledger::{Around, Ledger};
use super::rows;
use crate::store::{Commit, Decided, Decision, Other, Scope, StoreError, Told};
use app::chat::{ChatId, Fact, UserId};
use futures::future::{try_join, try_join_all};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

/// Commands that go into one batch.
const GROUP: usize = 32;

/// Bytes of text in one batch; a quarter of what the service takes is still quick.
const MAX_BULK: usize = 256 * 1024;

/// Commands that may wait in all chats together; more are refused at once.
const QUEUE: usize = 8_192;
pub const BUSY: Duration = Duration::from_millis(500);

/// Whoever asked has an answer by then.
pub const DEADLINE: Duration = Duration::from_millis(2_500);

/// How long a lost answer is looked for.
pub const SETTLE: Duration = Duration::from_secs(120);

/// How long an answer waits for lists to be tidied up after a commit; that goes on in any case.
const TIDY: Duration = Duration::from_millis(500);

pub type Reply = oneshot::Sender<Result<Decided, StoreError>>;

pub struct Job {
    pub scope: Scope,
    pub decision: Decision,
    pub told: Option<Told>,
    pub reply: Reply,
}

/// Those who wait, by chat. A chat is here while somebody works for it.
#[derive(Default)]
pub struct Lanes {
    waiting: Mutex<HashMap<ChatId, VecDeque<Job>>>,
    queued: AtomicUsize,
}

/// What a decision led to, and whether rows changed by it.
pub type Outcome = Result<Result<(Commit, bool), app::chat::Refusal>, StoreError>;

/// A command that is counted among those who wait, until it is dropped.
pub struct Queued(Arc<Inner>);

impl Queued {
    /// `None` if too many wait already.
    pub fn among(inner: &Arc<Inner>) -> Option<Queued> {
        if inner.lanes.queued.load(Ordering::Relaxed) >= QUEUE {
            return None;
        }
        inner.lanes.queued.fetch_add(1, Ordering::Relaxed);
        Some(Queued(inner.clone()))
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.lanes.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    /// Queues a command. Needs a running tokio.
    pub fn submit(inner: &Arc<Inner>, chat: ChatId, job: Job) {
        let lanes = &inner.lanes;
        if lanes.queued.load(Ordering::Relaxed) >= QUEUE {
            // Whoever asked may have gone.
            let _ = job.reply.send(Err(StoreError::Busy { after: BUSY }));
            return;
        }
        lanes.queued.fetch_add(1, Ordering::Relaxed);
        let mut waiting = lanes.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.entry(chat) {
            Entry::Occupied(mut lane) => lane.get_mut().push_back(job),
            Entry::Vacant(lane) => {
                lane.insert(VecDeque::from([job]));
                let worker = Worker {
                    inner: inner.clone(),
                    chat,
                    is_done: false,
                };
                tokio::spawn(worker.work());
            }
        }
    }

    /// The next ones that go together; the lane ends when there are none.
    fn next(&self, chat: ChatId) -> Vec<Job> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lane) = waiting.get_mut(&chat) else {
            return Vec::new();
        };
        let many = lane.len().min(GROUP);
        let jobs: Vec<Job> = lane.drain(..many).collect();
        if jobs.is_empty() {
            waiting.remove(&chat);
        }
        self.queued.fetch_sub(jobs.len(), Ordering::Relaxed);
        jobs
    }

    fn put_back(&self, chat: ChatId, jobs: Vec<Job>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.queued.fetch_add(jobs.len(), Ordering::Relaxed);
        let lane = waiting.entry(chat).or_default();
        for job in jobs.into_iter().rev() {
            lane.push_front(job);
        }
    }
}

struct Worker {
    inner: Arc<Inner>,
    chat: ChatId,
    /// The lane is closed; one of this name may be the next worker's.
    is_done: bool,
}

impl Drop for Worker {
    /// Also when a decision panicked: the next command starts a new worker.
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let lanes = &self.inner.lanes;
        let mut waiting = lanes.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = waiting.remove(&self.chat) {
            lanes.queued.fetch_sub(lane.len(), Ordering::Relaxed);
        }
    }
}

impl Worker {
    async fn work(mut self) {
        loop {
            let jobs = self.inner.lanes.next(self.chat);
            if jobs.is_empty() {
                self.is_done = true;
                return;
            }
            self.turn(jobs).await;
        }
    }

    async fn turn(&self, mut jobs: Vec<Job>) {
        let client = &self.inner.client;
        let begun = Instant::now();
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut tries = 0;
        loop {
            if attempts.is_empty() {
                // Nothing was sent for those who have given up, and nothing will be.
                jobs.retain(|job| !job.reply.is_closed());
                if jobs.is_empty() {
                    return;
                }
            } else if begun.elapsed() > SETTLE {
                tracing::warn!(commands = jobs.len(), "how these ended was never found out");
                return fail(jobs, || StoreError::Busy { after: BUSY });
            }
            if tries > 0 {
                sleep(pause(tries)).await;
            }
            tries += 1;

            let scopes: Vec<Scope> = jobs.iter().map(|job| job.scope).collect();
            let loaded = try_join(
                Ledger::load(client, self.chat, &scopes),
                try_join_all(scopes.iter().map(|scope| self.inner.around(*scope))),
            );
            let (mut ledger, around) = match loaded.await {
                Ok(loaded) => loaded,
                Err(failure) if attempts.is_empty() => return failed(jobs, failure),
                Err(_) => continue,
            };
            let found = attempts
                .iter()
                .position(|attempt| Some(attempt.mark.as_str()) == ledger.mark());
            if let Some(found) = found {
                let Attempt {
                    outcomes, lines, ..
                } = attempts.swap_remove(found);
                let lines = of_gone(&ledger, lines, &mut attempts);
                return self.finish(jobs, outcomes, &attempts, lines).await;
            }
            let mark = Uuid::new_v4().simple().to_string();
            let fence = match attempts.is_empty() || jobs.iter().any(|job| !job.reply.is_closed()) {
                true => None,
                // What is decided below will not be stored.
                false => ledger.fence(&mark).map(|fence| (fence, ledger.clone())),
            };
            let asked: Vec<_> = jobs
                .iter()
                .map(|job| (job.scope, job.decision.clone()))
                .collect();
            let may_split = attempts.is_empty();
            let outcomes = match self.decide(&mut ledger, asked, around, may_split).await {
                Ok(outcomes) => outcomes,
                Err(failure) if attempts.is_empty() => return failed(jobs, failure),
                Err(_) => continue,
            };
            if let Some((fence, stored)) = fence {
                // Everybody was told that it failed: from here on it has, but for what was done before.
                match client
                    .batch(Table::Messages, &Key::id(self.chat), &[fence])
                    .await
                {
                    Ok(()) => {
                        tell_what_was_done(jobs, outcomes, &attempts);
                        let lines = of_gone(&stored, Vec::new(), &mut attempts);
                        return strike(&self.inner, lines).await;
                    }
                    Err(_) => continue,
                }
            }
            if outcomes.len() < jobs.len() {
                self.inner
                    .lanes
                    .put_back(self.chat, jobs.split_off(outcomes.len()));
            }
            let changes = ledger.changes(&mark);
            if changes.is_empty() {
                let lines = of_gone(&ledger, Vec::new(), &mut attempts);
                return self.finish(jobs, outcomes, &attempts, lines).await;
            }
            let lines = match self.prepare(&outcomes).await {
                Ok(lines) => lines,
                Err(failure) if attempts.is_empty() => return failed(jobs, failure),
                Err(_) => continue,
            };
            match client
                .batch(Table::Messages, &Key::id(self.chat), &changes)
                .await
            {
                Ok(()) => {
                    let lines = of_gone(&ledger, lines, &mut attempts);
                    return self.finish(jobs, outcomes, &attempts, lines).await;
                }
                Err(Failure::Exists | Failure::Changed | Failure::Missing) => {}
                Err(Failure::Unknown { why }) => {
                    tracing::warn!(why, "a batch has an unknown end");
                    attempts.push(Attempt {
                        mark,
                        outcomes,
                        lines,
                    });
                }
                Err(failure) if attempts.is_empty() => return failed(jobs, failure),
                Err(_) => {}
            }
        }
    }

    /// What each command leads to, one after the other; fewer than there are if the batch is full and they may
    /// be split. Those of a lost batch stay together, place for place: they fitted into one before.
    async fn decide(
        &self,
        ledger: &mut Ledger,
        asked: Vec<(Scope, Decision)>,
        around: Vec<Around>,
        may_split: bool,
    ) -> Result<Vec<Outcome>, Failure> {
        let default_chat = self.inner.default_chat().await?;
        let mut outcomes = Vec::new();
        for ((scope, decision), around) in asked.into_iter().zip(around) {
            let view = ledger.view(scope, default_chat, &around);
            let outcome = match decision(&view) {
                Err(refusal) => Ok(Err(refusal)),
                Ok(facts) => {
                    ledger.complete(&self.inner.client, &facts).await?;
                    let before = ledger.clone();
                    match apply(ledger, &facts) {
                        Ok(changed) => {
                            let is_full = ledger.weight() > MAX_BATCH || ledger.bulk() > MAX_BULK;
                            if may_split && is_full && !outcomes.is_empty() {
                                *ledger = before;
                                return Ok(outcomes);
                            }
                            let dismissed = self.dismissed(ledger, &facts, changed).await?;
                            let chat = view.chat;
                            let repeated = !changed;
                            let commit = Commit {
                                facts,
                                chat,
                                dismissed,
                                repeated,
                            };
                            Ok(Ok((commit, changed)))
                        }
                        Err(error) => {
                            *ledger = before;
                            Err(error)
                        }
                    }
                }
            };
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    async fn dismissed(
        &self,
        ledger: &Ledger,
        facts: &[Fact],
        changed: bool,
    ) -> Result<Vec<UserId>, Failure> {
        let is_end = |fact: &Fact| matches!(fact, Fact::ChatDeleted { .. });
        if !changed || !facts.iter().any(is_end) {
            return Ok(Vec::new());
        }
        let stored = self.inner.everybody_in(self.chat).await?;
        Ok(ledger.members_of(stored))
    }

    /// What must be written, or known, before the chat changes: lines that come, and lines that will go.
    async fn prepare(&self, outcomes: &[Outcome]) -> Result<Vec<Line>, Failure> {
        let leaves = |fact: &&Fact| matches!(fact, Fact::MemberLeft { .. });
        if !facts(outcomes).any(|fact| leaves(&fact)) {
            let lists = facts(outcomes).filter_map(|fact| match fact {
                Fact::MemberJoined { member, .. } => {
                    Some(self.inner.enlist(member.user, self.chat, None))
                }
                _ => None,
            });
            try_join_all(lists).await?;
        }
        let mut lines = Vec::new();
        for fact in facts(outcomes) {
            match fact {
                // Whoever leaves and joins in one batch does so in this order.
                Fact::MemberJoined { member, .. } if facts(outcomes).any(|fact| leaves(&fact)) => {
                    self.inner.enlist(member.user, self.chat, None).await?;
                }
                Fact::MemberLeft { user, .. } => {
                    let row = self.inner.line(*user, self.chat).await?;
                    lines.extend(row.map(|row| Line { user: *user, row }));
                }
                Fact::ChatDeleted { .. } => self.inner.will_sweep(self.chat).await?,
                _ => {}
            }
        }
        Ok(lines)
    }

    async fn finish(
        &self,
        jobs: Vec<Job>,
        outcomes: Vec<Outcome>,
        attempts: &[Attempt],
        lines: Vec<Line>,
    ) {
        let ends = facts(&outcomes).any(|fact| matches!(fact, Fact::ChatDeleted { .. }));
        let mut answers = Vec::new();
        for (place, (mut job, outcome)) in jobs.into_iter().zip(outcomes).enumerate() {
            let answer = outcome.map(|decided| {
                decided.map(|(mut commit, _)| {
                    commit.repeated &= !is_own(&commit, place, attempts);
                    if let Some(told) = job.told.take() {
                        told(&commit);
                    }
                    commit
                })
            });
            answers.push((job.reply, answer));
        }
        if ends || !lines.is_empty() {
            let (inner, chat) = (self.inner.clone(), self.chat);
            let tidying = tokio::spawn(async move {
                strike(&inner, lines).await;
                if ends && let Err(error) = inner.sweep(chat).await {
                    tracing::warn!(%error, "a deleted chat's rows are still there");
                }
            });
            let _ = timeout(TIDY, tidying).await;
        }
        for (reply, answer) in answers {
            // Whoever asked may have gone; what they asked for has happened all the same.
            let _ = reply.send(answer);
        }
    }
}

impl Inner {
    /// What a decision about members sees besides the chat.
    pub async fn around(&self, scope: Scope) -> Result<Around, Failure> {
        let (actor, other) = match scope {
            Scope::Messages { .. } => return Ok(Around::default()),
            Scope::Membership { actor, .. } | Scope::Creation { actor, .. } => (actor, None),
            Scope::Invitation { actor, other, .. } | Scope::Pair { actor, other } => {
                (actor, Some(other))
            }
        };
        let other = async {
            let Some(other) = other else { return Ok(None) };
            let (person, joined) = try_join(self.one_person(other), self.joined(other)).await?;
            Ok(person.map(|person| Other {
                person,
                member: None,
                joined,
            }))
        };
        let (joined, other) = try_join(self.joined(actor), other).await?;
        Ok(Around { joined, other })
    }

    /// Who belongs to a chat, whatever their number.
    pub async fn everybody_in(&self, chat: ChatId) -> Result<Vec<UserId>, Failure> {
        let range = Some(Key::word("member").range());
        let partition = Key::id(chat);
        let found = self
            .client
            .query(Table::Messages, &partition, range, usize::MAX);
        found
            .await?
            .iter()
            .map(|row| Ok(rows::member(row)?.user))
            .collect()
    }
}

pub fn apply(ledger: &mut Ledger, facts: &[Fact]) -> Result<bool, StoreError> {
    let mut changed = false;
    for fact in facts {
        changed |= ledger.apply(fact)?;
    }
    Ok(changed)
}

/// The facts by which rows change.
fn facts(outcomes: &[Outcome]) -> impl Iterator<Item = &Fact> {
    outcomes.iter().flat_map(|outcome| match outcome {
        Ok(Ok((commit, true))) => commit.facts.as_slice(),
        Ok(Ok((_, false))) | Ok(Err(_)) | Err(_) => &[],
    })
}

fn failed(jobs: Vec<Job>, failure: Failure) {
    tracing::warn!(error = %failure, commands = jobs.len(), "the tables did not take a change");
    let why = failure.to_string();
    let busy = matches!(StoreError::from(failure), StoreError::Busy { .. });
    fail(jobs, || match busy {
        true => StoreError::Busy { after: BUSY },
        false => StoreError::Unavailable { why: why.clone() },
    });
}

fn fail(jobs: Vec<Job>, why: impl Fn() -> StoreError) {
    for job in jobs {
        // Whoever asked may have gone.
        let _ = job.reply.send(Err(why()));
    }
}

/// Longer each time, and never the same for two servers.
pub fn pause(tries: u32) -> Duration {
    let most = (8_u64 << tries.min(5)).min(200);
    let drawn = Uuid::new_v4().as_u64_pair().0 % most;
    Duration::from_millis(2 + drawn)
}
