//! The one thread that changes the file. What arrives while the disk is busy goes into the next commit
//! together: a hundred commands cost one wait for the disk. Refuses to know what the commands do.

use super::rows::store_error;
use crate::store::StoreError;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Commands in one commit. Source: measured, more than that only make the first one wait.
const BATCH: usize = 256;

/// Commands that may wait; more are refused at once, with the time after which it is worth trying again.
const QUEUE: usize = 8_192;
const BUSY: Duration = Duration::from_millis(500);

/// What a command did, seen from the writer.
pub enum Step {
    /// It changed rows: `finish` it when they are on the disk.
    Changed,
    /// It changed nothing, or failed; what it may have touched is undone.
    Undone,
}

/// One command. `run` happens inside the commit's transaction, `finish` after it.
pub trait Job: Send {
    fn run(&mut self, connection: &Connection) -> Step;
    /// Called once. `Err` says why nothing of the whole commit was kept.
    fn finish(self: Box<Self>, committed: Result<(), &str>);
}

pub struct Writer {
    /// `None` once the writer is being dropped.
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(connection: Connection) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work(connection, &jobs))?;
        Ok(Writer {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    pub fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self
            .queue
            .as_ref()
            .expect("the queue closes with the writer");
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy { after: BUSY },
            TrySendError::Disconnected(_) => StoreError::Unavailable {
                why: "the writer has stopped".into(),
            },
        })
    }
}

impl Drop for Writer {
    /// What was submitted is finished first.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so already.
            let _ = thread.join();
        }
    }
}

fn work(mut connection: Connection, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(BATCH - 1));
        commit(&mut connection, batch);
    }
}

fn commit(connection: &mut Connection, mut batch: Vec<Box<dyn Job>>) {
    let done = transact(connection, &mut batch);
    let told = match &done {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::error!(%error, commands = batch.len(), "the store could not commit");
            Err(error.to_string())
        }
    };
    for job in batch {
        let told = told.as_ref().copied().map_err(String::as_str);
        survive(|| job.finish(told));
    }
}

fn transact(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let mut transaction =
        Transaction::new(connection, TransactionBehavior::Immediate).map_err(store_error)?;
    for job in batch {
        let savepoint = transaction.savepoint().map_err(store_error)?;
        match survive(|| job.run(&savepoint)) {
            Some(Step::Changed) => savepoint.commit().map_err(store_error)?,
            Some(Step::Undone) | None => savepoint.finish().map_err(store_error)?,
        }
    }
    transaction.commit().map_err(store_error)
}

/// A command with a mistake in it fails alone: without this thread, nobody could store anything any more.
fn survive<T>(work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work));
    if done.is_err() {
        tracing::error!("a command panicked");
    }
    done.ok()
}
