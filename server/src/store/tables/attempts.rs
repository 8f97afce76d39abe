//! Batches whose answers were lost, and what is made up for once it is known whether they were taken. Refuses to
//! find that out.

use super::Inner;
use super::lane::{Job, Outcome};
use super::ledger::Ledger;
use super::row::Row;
use crate::store::Commit;
use app::chat::UserId;

/// A batch that was sent and of which nothing was heard.
pub struct Attempt {
    pub mark: String,
    pub outcomes: Vec<Outcome>,
    pub lines: Vec<Line>,
}

/// A line of somebody's list, to be struck out once they have left.
pub struct Line {
    pub user: UserId,
    pub row: Row,
}

/// Lines of those who are no members by these rows: these, and those that a lost batch was to strike out, which
/// may have been the one that let them go. One that was written again since is another version, and stays.
pub fn of_gone(ledger: &Ledger, mut lines: Vec<Line>, attempts: &mut [Attempt]) -> Vec<Line> {
    for attempt in attempts {
        lines.append(&mut attempt.lines);
    }
    lines.retain(|line| ledger.is_gone(line.user));
    lines
}

pub async fn strike(inner: &Inner, lines: Vec<Line>) {
    for line in lines {
        if let Err(error) = inner.strike(&line.row).await {
            tracing::warn!(%error, "a list names a chat too many");
        }
    }
}

/// Done by a try of ours whose answer was lost: nobody has been told.
pub fn is_own(commit: &Commit, place: usize, attempts: &[Attempt]) -> bool {
    attempts.iter().any(|attempt| {
        matches!(attempt.outcomes.get(place),
            Some(Ok(Ok((earlier, true)))) if earlier.facts == commit.facts)
    })
}

/// Nobody waits for an answer any more, and those who were to hear of it still are.
pub fn tell_what_was_done(jobs: Vec<Job>, outcomes: Vec<Outcome>, attempts: &[Attempt]) {
    for (place, (mut job, outcome)) in jobs.into_iter().zip(outcomes).enumerate() {
        if let Ok(Ok((mut commit, false))) = outcome
            && is_own(&commit, place, attempts)
            && let Some(told) = job.told.take()
        {
            commit.repeated = false;
            told(&commit);
        }
    }
}
