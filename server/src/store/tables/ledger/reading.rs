//! What is read before a decision: the rows that scopes and facts name, the head before all others. Refuses to
//! change anything.

use super::{ELDERS, Ledger, slot};
use crate::store::Scope;
use crate::store::tables::client::{Client, Failure, Table};
use crate::store::tables::key::Key;
use crate::store::tables::row::Etag;
use crate::store::tables::rows::{self, draft_key, head_key, joined_key, member_key, message_key};
use app::chat::{ChatId, DraftId, Fact, Kind, Membership, Message, Seq, UserId};
use futures::future::{try_join, try_join_all};
use std::collections::BTreeSet;

impl Ledger {
    /// Reads what commands of these scopes need.
    pub async fn load(client: &Client, chat: ChatId, scopes: &[Scope]) -> Result<Ledger, Failure> {
        let mut users = BTreeSet::new();
        let mut drafts = BTreeSet::new();
        let mut about_members = false;
        for scope in scopes {
            match *scope {
                Scope::Messages { actor, draft, .. } => {
                    users.insert(actor);
                    drafts.extend(draft.map(|draft| (actor, draft)));
                }
                Scope::Membership { actor, .. } => {
                    about_members = true;
                    users.insert(actor);
                }
                Scope::Invitation { actor, other, .. } => {
                    about_members = true;
                    users.extend([actor, other]);
                }
                Scope::Pair { actor, other } => users.extend([actor, other]),
                Scope::Creation { .. } => {}
            }
        }
        let mut ledger = Ledger::blank(chat);
        let partition = Key::id(chat);
        // The head first: whatever the other rows are by now, a change of members changes it.
        let head = client.get(Table::Messages, &partition, &head_key());
        ledger.head = match head.await? {
            Some(row) => slot(Some((rows::head(&row)?, row.etag()?))),
            None => slot(None),
        };
        ledger.look_up(client, users, drafts).await?;
        if about_members {
            ledger.load_members(client, &partition).await?;
        }
        Ok(ledger)
    }

    /// Reads what these facts are about and no scope named.
    pub async fn complete(&mut self, client: &Client, facts: &[Fact]) -> Result<(), Failure> {
        let mut users = BTreeSet::new();
        let mut drafts = BTreeSet::new();
        for fact in facts {
            match fact {
                Fact::MessagePosted(message) => {
                    users.insert(message.author.id);
                    drafts.insert((message.author.id, message.draft));
                }
                Fact::ChatRead { user, .. } | Fact::MemberLeft { user, .. } => {
                    users.insert(*user);
                }
                Fact::MemberJoined { member, .. } => {
                    users.insert(member.user);
                }
                _ => {}
            }
        }
        users.retain(|user| !self.members.contains_key(user));
        drafts.retain(|draft| !self.posted.contains_key(draft));
        match users.is_empty() && drafts.is_empty() {
            true => Ok(()),
            false => self.look_up(client, users, drafts).await,
        }
    }

    async fn look_up(
        &mut self,
        client: &Client,
        users: BTreeSet<UserId>,
        drafts: BTreeSet<(UserId, DraftId)>,
    ) -> Result<(), Failure> {
        let partition = Key::id(self.chat);
        let members = try_join_all(users.iter().map(|user| member(client, &partition, *user)));
        let posted = try_join_all(
            drafts
                .iter()
                .map(|(author, draft)| posted(client, &partition, *author, *draft)),
        );
        let (members, posted) = try_join(members, posted).await?;
        self.members
            .extend(users.into_iter().zip(members.into_iter().map(slot)));
        self.posted.extend(drafts.into_iter().zip(posted));
        Ok(())
    }

    /// The eldest, and where those who may leave are written down.
    async fn load_members(&mut self, client: &Client, partition: &Key) -> Result<(), Failure> {
        let range = Some(Key::word("joined").range());
        let rows = client.query(Table::Messages, partition, range, ELDERS);
        for row in rows.await? {
            let person = rows::person(&row)?;
            if person.kind != Kind::Bot {
                self.elders.insert((rows::joined_at(&row)?, person.id));
            }
        }
        let present = self.members.values().filter_map(|slot| slot.now.as_ref());
        let keys: Vec<_> = present
            .map(|member| (member.user, joined_key(member)))
            .collect();
        let found = keys
            .iter()
            .map(|(_, key)| client.get(Table::Messages, partition, key));
        for ((user, key), row) in keys.iter().zip(try_join_all(found).await?) {
            if let Some(row) = row {
                self.joined.insert(*user, (key.clone(), row.etag()?));
            }
        }
        Ok(())
    }
}

async fn member(
    client: &Client,
    partition: &Key,
    user: UserId,
) -> Result<Option<(Membership, Etag)>, Failure> {
    match client
        .get(Table::Messages, partition, &member_key(user))
        .await?
    {
        Some(row) => Ok(Some((rows::member(&row)?, row.etag()?))),
        None => Ok(None),
    }
}

async fn posted(
    client: &Client,
    partition: &Key,
    author: UserId,
    draft: DraftId,
) -> Result<Option<Message>, Failure> {
    let key = draft_key(author, draft);
    let Some(draft) = client.get(Table::Messages, partition, &key).await? else {
        return Ok(None);
    };
    let key = message_key(Seq(draft.number("seq")?));
    match client.get(Table::Messages, partition, &key).await? {
        Some(row) => Ok(Some(rows::message(&row)?)),
        None => Ok(None),
    }
}
