//! Reading: a page of messages, a chat's members, what a whole screen shows. Refuses to change anything.

use super::Inner;
use super::client::{Failure, Table};
use super::directory::Listed;
use super::key::Key;
use super::rows::{self, head_key, message_key};
use crate::store::{MEMBERS, Parts, StoreError};
use app::chat::{ChatId, ChatSummary, OpenChat, Page, Person, Seq, UserId, Window};
use futures::future::try_join;
use std::ops::Range;

impl Inner {
    pub async fn screen(&self, user: UserId, open: Option<ChatId>) -> Result<Parts, Failure> {
        let default_chat = self.default_chat().await?.ok_or(StoreError::Unavailable {
            why: "the default chat is not established".into(),
        })?;
        let chats: Vec<ChatSummary> = self.visible(user).await?.into_iter().map(summary).collect();
        let open = match open.and_then(|id| chats.iter().find(|row| row.chat.id == id)) {
            Some(summary) => {
                let chat = summary.chat.id;
                let members = self.members_of(chat);
                let range = window(summary.opening(), summary.chat.last.0, Page::SIZE);
                let page = self.messages(chat, range, summary.chat.last);
                let (members, page) = try_join(members, page).await?;
                Some(OpenChat {
                    members,
                    page,
                    summary: summary.clone(),
                })
            }
            None => None,
        };
        Ok(Parts {
            default_chat,
            chats,
            open,
        })
    }

    pub async fn page_of(
        &self,
        chat: ChatId,
        asked: Window,
        limit: usize,
    ) -> Result<Page, Failure> {
        let head = self
            .client
            .get(Table::Messages, &Key::id(chat), &head_key());
        let head = match head.await? {
            Some(row) => rows::head(&row)?,
            None => return Ok(Page::default()),
        };
        if head.gone {
            return Ok(Page::default());
        }
        let last = head.chat.last;
        self.messages(chat, window(asked, last.0, limit), last)
            .await
    }

    /// In the order in which they came, which is that of their rows.
    pub async fn members_of(&self, chat: ChatId) -> Result<Vec<Person>, Failure> {
        let range = Some(Key::word("joined").range());
        let partition = Key::id(chat);
        let head = self.client.get(Table::Messages, &partition, &head_key());
        let rows = self
            .client
            .query(Table::Messages, &partition, range, MEMBERS);
        let (head, rows) = try_join(head, rows).await?;
        match head {
            Some(head) if !rows::head(&head)?.gone => {}
            Some(_) | None => return Ok(Vec::new()),
        }
        let people = rows.iter().map(rows::person).collect::<Result<_, _>>();
        Ok(people?)
    }

    async fn messages(
        &self,
        chat: ChatId,
        Range { start, end }: Range<u64>,
        last: Seq,
    ) -> Result<Page, Failure> {
        if start >= end {
            return Ok(Page::default());
        }
        let key = |seq| message_key(Seq(seq)).as_str().to_owned();
        let most = usize::try_from(end - start).unwrap_or(usize::MAX);
        let range = Some((key(start), key(end)));
        let rows = self
            .client
            .query(Table::Messages, &Key::id(chat), range, most);
        let messages = rows
            .await?
            .iter()
            .map(rows::message)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page {
            before: messages.first().is_some_and(|first| first.seq.0 > 1),
            after: messages.last().is_some_and(|newest| newest.seq < last),
            messages,
        })
    }
}

/// Places have no gaps, so a window is arithmetic and its rows are one range of the key.
fn window(asked: Window, last: u64, limit: usize) -> Range<u64> {
    let limit = limit as u64;
    match asked {
        Window::Latest => (last + 1).saturating_sub(limit).max(1)..last + 1,
        Window::Before(Seq(seq)) => {
            let end = seq.min(last + 1);
            end.saturating_sub(limit).max(1)..end
        }
        Window::After(Seq(seq)) => {
            let start = seq.saturating_add(1);
            start..start.saturating_add(limit).min(last + 1)
        }
        Window::Around(Seq(seq)) => {
            let latest = (last + 1).saturating_sub(limit);
            let start = seq.saturating_sub(limit / 2).min(latest).max(1);
            start..(start + limit).min(last + 1)
        }
    }
}

fn summary(listed: Listed) -> ChatSummary {
    ChatSummary {
        members: u32::try_from(listed.head.members).unwrap_or(u32::MAX),
        chat: listed.head.chat,
        read: listed.member.map(|member| member.read),
        with: listed.with,
    }
}
