//! Which chats there are, and who is in which: lists beside the chats' own partitions, written before a chat
//! changes and taken back after it. A list may name too much, never too little; whoever reads it looks at the
//! chat itself. Refuses to decide anything.

use super::Inner;
use super::client::{Failure, Table};
use super::key::Key;
use super::row::Row;
use super::rows::{self, Head, chat_of, head_key, member_key, with_person};
use app::chat::{Access, ChatId, Membership, Person, UserId};
use futures::future::try_join;
use futures::stream::{self, StreamExt, TryStreamExt};

/// Requests that one page asks at the same time.
const ABREAST: usize = 32;

/// More than anybody can be in.
const CHATS: usize = 5_000;

/// A chat in somebody's list, as it is now.
pub struct Listed {
    pub head: Head,
    pub member: Option<Membership>,
    /// The other person of a pair.
    pub with: Option<Person>,
}

fn list_of(user: UserId) -> Key {
    Key::word("of").and(user)
}

fn public() -> Key {
    Key::word("public")
}

impl Inner {
    /// The person's list names the chat from now on.
    pub async fn enlist(
        &self,
        user: UserId,
        chat: ChatId,
        with: Option<&Person>,
    ) -> Result<(), Failure> {
        let row = Inner::line_row(user, chat, with);
        self.client.put(Table::Chats, &row).await
    }

    pub fn line_row(user: UserId, chat: ChatId, with: Option<&Person>) -> Row {
        let row = Row::new(list_of(user), Key::word("chat").and(chat));
        match with {
            Some(person) => with_person(row, person),
            None => row,
        }
    }

    /// The line in the person's list, to be struck out once they have left: if it was written again by then,
    /// they are back.
    pub async fn line(&self, user: UserId, chat: ChatId) -> Result<Option<Row>, Failure> {
        let key = Key::word("chat").and(chat);
        self.client.get(Table::Chats, &list_of(user), &key).await
    }

    pub async fn strike(&self, line: &Row) -> Result<(), Failure> {
        match self.client.delete(Table::Chats, line).await {
            Err(Failure::Changed) => Ok(()),
            done => done,
        }
    }

    /// Everybody's list names the chat from now on.
    pub async fn announce(&self, chat: ChatId) -> Result<(), Failure> {
        self.client
            .put(Table::Chats, &Inner::public_row(chat))
            .await
    }

    pub fn public_row(chat: ChatId) -> Row {
        Row::new(public(), Key::word("chat").and(chat))
    }

    pub async fn public_line(&self, chat: ChatId) -> Result<Option<Row>, Failure> {
        let key = Key::word("chat").and(chat);
        self.client.get(Table::Chats, &public(), &key).await
    }

    /// How many chats the person is in.
    pub async fn joined(&self, user: UserId) -> Result<usize, Failure> {
        Ok(self.lines(&list_of(user)).await?.len())
    }

    /// Every public chat, and those of which the person is a member.
    pub async fn visible(&self, user: UserId) -> Result<Vec<Listed>, Failure> {
        let (mine, public) = (list_of(user), public());
        let (own, public) = try_join(self.lines(&mine), self.lines(&public)).await?;
        let mut listed = self.present(user, &own, true).await?;
        let known: Vec<ChatId> = listed.iter().map(|line| line.head.chat.id).collect();
        let others: Vec<Row> = public
            .into_iter()
            .filter(|line| chat_of(line).is_ok_and(|chat| !known.contains(&chat)))
            .collect();
        listed.extend(self.present(user, &others, false).await?);
        Ok(listed)
    }

    /// Every chat of which the person is a member, in the order of joining.
    pub async fn memberships_of(&self, user: UserId) -> Result<Vec<Membership>, Failure> {
        let own = self.lines(&list_of(user)).await?;
        let listed = self.present(user, &own, true).await?;
        let mut members: Vec<_> = listed.into_iter().filter_map(|line| line.member).collect();
        members.sort_by_key(|member| (member.joined_at, member.chat));
        Ok(members)
    }

    async fn lines(&self, list: &Key) -> Result<Vec<Row>, Failure> {
        let range = Some(Key::word("chat").range());
        self.client.query(Table::Chats, list, range, CHATS).await
    }

    /// The chats of these lines, without those that are no more, or no more the person's.
    async fn present(
        &self,
        user: UserId,
        lines: &[Row],
        members_only: bool,
    ) -> Result<Vec<Listed>, Failure> {
        let chats: Vec<Option<Listed>> = stream::iter(lines.to_vec())
            .map(|line| async move { self.one(user, &line, members_only).await })
            .buffered(ABREAST)
            .try_collect()
            .await?;
        Ok(chats.into_iter().flatten().collect())
    }

    async fn one(
        &self,
        user: UserId,
        line: &Row,
        members_only: bool,
    ) -> Result<Option<Listed>, Failure> {
        let partition = Key::id(chat_of(line)?);
        let (head_key, member_key) = (head_key(), member_key(user));
        let head = self.client.get(Table::Messages, &partition, &head_key);
        let member = async {
            match members_only {
                true => {
                    self.client
                        .get(Table::Messages, &partition, &member_key)
                        .await
                }
                // A public chat that is not in the person's own list.
                false => Ok(None),
            }
        };
        let (head, member) = try_join(head, member).await?;
        let Some(head) = head else { return Ok(None) };
        let head = rows::head(&head)?;
        let member = match member {
            Some(row) => Some(rows::member(&row)?),
            None => None,
        };
        if head.gone || (members_only && member.is_none()) {
            return Ok(None);
        }
        let with = match head.chat.access {
            Access::Pair => Some(rows::person(line)?),
            Access::Public | Access::Private => None,
        };
        Ok(Some(Listed { head, member, with }))
    }
}
