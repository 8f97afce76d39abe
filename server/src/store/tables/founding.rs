//! Chats that begin. A request, or a pair of people, has one row that says which chat it became: written first,
//! so that a repetition finds it, on whichever server. Refuses to know the chats that are there already.

use super::Inner;
use super::client::{Change, Failure, Table};
use super::key::Key;
use super::lane::{BUSY, Job, apply, pause};
use super::ledger::Ledger;
use super::row::Row;
use super::rows::{Head, head_row};
use crate::store::{Commit, Decided, Decision, Scope, StoreError, View};
use app::chat::{Access, Chat, ChatId, Fact, Person, UserId};
use futures::future::try_join;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// How long a lost answer is looked for.
const SETTLE: Duration = Duration::from_secs(60);

impl Inner {
    /// Decides and creates. Goes on after a lost answer, also when whoever asked has gone; does not begin then.
    pub async fn found(&self, job: &mut Job) -> Result<Decided, StoreError> {
        let scope = job.scope;
        let _turn = self.founding[turn_of(scope)].lock().await;
        if job.reply.is_closed() {
            return Err(StoreError::Busy { after: BUSY });
        }
        let begun = Instant::now();
        let mut tries = 0;
        loop {
            if tries > 0 {
                sleep(pause(tries)).await;
            }
            tries += 1;
            match self.try_found(scope, &job.decision).await {
                Ok(decided) => {
                    if let (Ok(commit), Some(told)) = (&decided, job.told.take()) {
                        told(commit);
                    }
                    return Ok(decided);
                }
                Err(Failure::Exists | Failure::Changed | Failure::Missing)
                    if begun.elapsed() < super::lane::DEADLINE => {}
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// The rows that such a decision sees, the chat's own, and the row that names it.
    pub async fn view_before(
        &self,
        scope: Scope,
    ) -> Result<(View, Option<Ledger>, Option<Row>), Failure> {
        let (partition, key) = place(scope);
        let named = self.client.get(Table::Chats, &partition, &key);
        let (named, around) = try_join(named, self.around(scope)).await?;
        let ledger = match &named {
            Some(row) => {
                let chat = row.get("chat")?;
                Some(Ledger::load(&self.client, chat, &[scope]).await?)
            }
            None => None,
        };
        let default_chat = self.default_chat().await?;
        let blank = Ledger::blank(ChatId::from_bytes([0; 16]));
        let rows = ledger.as_ref().unwrap_or(&blank);
        let mut view = rows.view(scope, default_chat, &around);
        if let Scope::Creation { actor, draft } = scope {
            if let Some(chat) = view.chat.take() {
                let by = self.one_person(actor).await?;
                view.done = by.map(|by| Fact::ChatCreated { chat, by, draft });
            }
            view.buried = rows.is_grave();
        }
        Ok((view, ledger, named))
    }

    async fn try_found(&self, scope: Scope, decision: &Decision) -> Result<Decided, Failure> {
        let (view, ledger, named) = self.view_before(scope).await?;
        let facts = match decision(&view) {
            Ok(facts) => facts,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let new = facts.iter().find_map(|fact| match fact {
            Fact::ChatCreated { chat, .. } | Fact::JoinPrivateChat { chat, .. } => Some(chat),
            _ => None,
        });
        let chat = view.chat.clone().or_else(|| new.cloned());
        let is_new = view.chat.is_none() && view.done.is_none();
        let commit = |facts, changed: bool| Commit {
            facts,
            chat: chat.clone(),
            dismissed: Vec::new(),
            repeated: !changed,
        };
        let (Some(new), true) = (new, is_new) else {
            return Ok(Ok(commit(facts, false)));
        };
        self.name(scope, new, ledger.as_ref(), named).await?;
        let mut rows = Ledger::blank(new.id);
        apply(&mut rows, &facts)?;
        for (user, with) in members(&facts) {
            self.enlist(user, new.id, with).await?;
        }
        if new.access == Access::Public {
            self.announce(new.id).await?;
        }
        self.create(&rows).await?;
        Ok(Ok(commit(facts, true)))
    }

    /// Writes down which chat the request became. An earlier one that never came about is given up for good.
    async fn name(
        &self,
        scope: Scope,
        new: &Chat,
        earlier: Option<&Ledger>,
        named: Option<Row>,
    ) -> Result<(), Failure> {
        let (partition, key) = place(scope);
        let row = Row::new(partition, key).with("chat", new.id);
        let Some(named) = named else {
            return self.client.insert(Table::Chats, &row).await;
        };
        if let Some(earlier) = earlier.filter(|earlier| !earlier.is_grave()) {
            // Whoever is still at it finds a grave where the head should go, and reads again.
            let grave = Head {
                chat: Chat {
                    id: earlier.chat(),
                    ..new.clone()
                },
                members: 0,
                gone: true,
                mark: "given up".into(),
            };
            self.client
                .insert(Table::Messages, &head_row(&grave))
                .await?;
        }
        self.client.update(Table::Chats, &row, &named.etag()?).await
    }

    /// All rows of a new chat. Sent again until its end is known: a second time changes nothing.
    async fn create(&self, rows: &Ledger) -> Result<(), Failure> {
        let mark = Uuid::new_v4().simple().to_string();
        let changes: Vec<Change> = rows.changes(&mark);
        let partition = Key::id(rows.chat());
        let begun = Instant::now();
        let mut tries = 0;
        loop {
            let sent = self
                .client
                .batch(Table::Messages, &partition, &changes)
                .await;
            tries += 1;
            match sent {
                Err(Failure::Exists) if tries > 1 => {
                    let there = Ledger::load(&self.client, rows.chat(), &[]).await?;
                    return match there.mark() == Some(&mark) {
                        true => Ok(()),
                        false => Err(Failure::Exists),
                    };
                }
                Err(Failure::Unknown { .. }) if begun.elapsed() < SETTLE => {}
                Err(Failure::Unsent { .. }) if tries > 1 && begun.elapsed() < SETTLE => {}
                ended => return ended,
            }
            sleep(pause(tries)).await;
        }
    }
}

/// The row that says which chat a request, or a pair, became.
pub fn place(scope: Scope) -> (Key, Key) {
    match scope {
        Scope::Pair { actor, other } => (
            Key::word("pair").and(actor.min(other)),
            Key::word("with").and(actor.max(other)),
        ),
        Scope::Creation { actor, draft } => (
            Key::word("request").and(actor),
            Key::word("draft").and(draft),
        ),
        Scope::Messages { chat, .. }
        | Scope::Membership { chat, .. }
        | Scope::Invitation { chat, .. } => (Key::id(chat), Key::word("none")),
    }
}

/// One person's requests wait for each other, and so do those of a pair: on one server they need no retries.
fn turn_of(scope: Scope) -> usize {
    let user = match scope {
        Scope::Pair { actor, other } => actor.min(other),
        Scope::Messages { actor, .. }
        | Scope::Membership { actor, .. }
        | Scope::Invitation { actor, .. }
        | Scope::Creation { actor, .. } => actor,
    };
    super::stripe(user)
}

/// Who will be in it; in a pair, with whom.
fn members(facts: &[Fact]) -> Vec<(UserId, Option<&Person>)> {
    let mut members = Vec::new();
    for fact in facts {
        match fact {
            Fact::JoinPrivateChat { by, with, .. } => {
                members.extend([(by.id, Some(with)), (with.id, Some(by))]);
            }
            Fact::MemberJoined { member, .. } => members.push((member.user, None)),
            _ => {}
        }
    }
    members
}
