//! One chat's partition as far as some commands need it: loaded, changed in memory by facts, and turned into one
//! batch that takes effect only if nobody else was faster. Refuses to talk to the service but to load.

mod reading;

use super::client::Change;
use super::key::Key;
use super::row::Etag;
use super::rows::{Head, draft_row, head_row, joined_row, member_key, member_row, message_row};
use crate::store::{Other, Scope, StoreError, View};
use app::chat::{ChatId, DraftId, Fact, Kind, Membership, Message, Millis, Person, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// Members of longest standing that are read: those who leave in one batch, and room for bots.
const ELDERS: usize = 100;

/// A row as it was read and as it shall be.
#[derive(Clone)]
struct Slot<T> {
    stored: Option<(T, Etag)>,
    now: Option<T>,
}

/// What a decision about members sees besides the partition's rows; `None` where nobody asked.
#[derive(Default)]
pub struct Around {
    pub joined: usize,
    pub other: Option<Other>,
}

#[derive(Clone)]
pub struct Ledger {
    chat: ChatId,
    head: Slot<Head>,
    members: BTreeMap<UserId, Slot<Membership>>,
    posted: BTreeMap<(UserId, DraftId), Option<Message>>,
    /// Who came first, without bots, and when; more of them than can leave in one batch.
    elders: BTreeSet<(Millis, UserId)>,
    new_messages: Vec<Message>,
    /// Who joined just now.
    newcomers: BTreeMap<UserId, Person>,
    /// Rows that say when somebody joined, and their versions.
    joined: BTreeMap<UserId, (Key, Etag)>,
}

impl Ledger {
    /// The head as it is after all facts so far; not that of a deleted chat.
    pub fn head(&self) -> Option<&Head> {
        self.head.now.as_ref().filter(|head| !head.gone)
    }

    /// There was a chat once.
    pub fn is_grave(&self) -> bool {
        self.head.now.as_ref().is_some_and(|head| head.gone)
    }

    /// Which try wrote the head as it was read.
    pub fn mark(&self) -> Option<&str> {
        self.head
            .stored
            .as_ref()
            .map(|(head, _)| head.mark.as_str())
    }

    pub fn member(&self, user: UserId) -> Option<&Membership> {
        self.head()?;
        self.members.get(&user)?.now.as_ref()
    }

    /// Was looked for, and is no member as the rows are now.
    pub fn is_gone(&self, user: UserId) -> bool {
        self.is_grave()
            || self
                .members
                .get(&user)
                .is_some_and(|slot| slot.now.is_none())
    }

    pub fn view(&self, scope: Scope, default_chat: Option<ChatId>, around: &Around) -> View {
        let view = View {
            default_chat,
            chat: self.head().map(|head| head.chat.clone()),
            ..View::default()
        };
        match scope {
            Scope::Messages { actor, draft, .. } => View {
                member: self.member(actor).cloned(),
                done: draft
                    .filter(|_| self.head().is_some())
                    .and_then(|draft| self.posted.get(&(actor, draft))?.clone())
                    .map(Fact::MessagePosted),
                ..view
            },
            Scope::Membership { actor, .. }
            | Scope::Invitation { actor, .. }
            | Scope::Creation { actor, .. }
            | Scope::Pair { actor, .. } => View {
                member: self.member(actor).cloned(),
                joined: around.joined,
                heir: self
                    .head()
                    .and_then(|_| self.elders.iter().find(|(_, elder)| *elder != actor))
                    .map(|(_, elder)| *elder),
                other: around.other.clone().map(|other| Other {
                    member: self.member(other.person.id).cloned(),
                    ..other
                }),
                ..view
            },
        }
    }

    /// Changes the rows in memory, and says whether it did. `Conflict` if they are not as the decision saw them.
    pub fn apply(&mut self, fact: &Fact) -> Result<bool, StoreError> {
        match fact {
            Fact::MessagePosted(message) => self.post(message),
            Fact::ChatRead { user, seq, .. } => {
                let member = self
                    .members
                    .get_mut(user)
                    .and_then(|slot| slot.now.as_mut());
                Ok(match member {
                    Some(member) if member.read < *seq => {
                        member.read = *seq;
                        true
                    }
                    _ => false,
                })
            }
            Fact::ChatRenamed { name, version, .. } => self.revise(*version, |head| {
                std::mem::replace(&mut head.chat.name, name.clone()) != *name
            }),
            Fact::ModerationSet {
                moderation,
                version,
                ..
            } => self.revise(*version, |head| {
                std::mem::replace(&mut head.chat.moderation, *moderation) != *moderation
            }),
            Fact::OwnerChanged { owner, version, .. } => self.revise(*version, |head| {
                head.chat.owner.replace(*owner) != Some(*owner)
            }),
            Fact::ChatDeleted { .. } => {
                let Some(head) = self.living() else {
                    return Ok(false);
                };
                head.gone = true;
                Ok(true)
            }
            Fact::MemberJoined { member, person, .. } => Ok(self.join(member, person)),
            Fact::MemberLeft { user, .. } => Ok(self.leave(*user)),
            Fact::ChatCreated { chat, .. } => Ok(self.create(chat)),
            Fact::JoinPrivateChat { chat, by, with } => {
                let new = self.create(chat);
                for person in [by, with] {
                    let member = Membership {
                        chat: chat.id,
                        user: person.id,
                        read: chat.last,
                        joined_at: chat.created_at,
                    };
                    self.join(&member, person);
                }
                Ok(new)
            }
            // Who is there now is known where the connections are, and is over when they are.
            Fact::UserOnline(_)
            | Fact::UserOffline { .. }
            | Fact::UserIsIdle { .. }
            | Fact::UserNotIdle { .. } => Ok(false),
        }
    }

    /// Who is a member, when these were before the facts so far.
    pub fn members_of(&self, stored: Vec<UserId>) -> Vec<UserId> {
        let mut users = BTreeSet::from_iter(stored);
        for (user, slot) in &self.members {
            match slot.now {
                Some(_) => users.insert(*user),
                None => users.remove(user),
            };
        }
        users.into_iter().collect()
    }

    /// How many operations `changes` will be.
    pub fn weight(&self) -> usize {
        let of_member = |slot: &Slot<Membership>| match (&slot.stored, &slot.now) {
            (None, None) => 0,
            (Some((before, _)), Some(now)) if before == now => 0,
            (Some((before, _)), Some(now)) if before.joined_at != now.joined_at => 3,
            (Some(_), Some(_)) => 1,
            (None, Some(_)) | (Some(_), None) => 2,
        };
        let members: usize = self.members.values().map(of_member).sum();
        1 + members + 2 * self.new_messages.len()
    }

    /// Bytes of text in it.
    pub fn bulk(&self) -> usize {
        let texts = self.new_messages.iter();
        texts.map(|message| message.body.as_str().len()).sum()
    }

    /// The batch that makes the rows what they are here; empty if nothing changed. `mark` is this try's own.
    pub fn changes(&self, mark: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        for (user, slot) in &self.members {
            let (before, now) = (&slot.stored, &slot.now);
            match (before, now) {
                (Some((before, etag)), Some(now)) if before != now => {
                    changes.push(Change::Update(member_row(now), etag.clone()));
                }
                (None, Some(now)) => changes.push(Change::Insert(member_row(now))),
                (Some((_, etag)), None) => {
                    changes.push(Change::Delete(member_key(*user), etag.clone()));
                }
                (_, _) => {}
            }
            let came = |member: &Membership| member.joined_at;
            if before.as_ref().map(|(before, _)| came(before)) == now.as_ref().map(came) {
                continue;
            }
            if let (Some(_), Some((key, etag))) = (before, self.joined.get(user)) {
                changes.push(Change::Delete(key.clone(), etag.clone()));
            }
            if let (Some(now), Some(person)) = (now, self.newcomers.get(user)) {
                changes.push(Change::Insert(joined_row(now, person)));
            }
        }
        for message in &self.new_messages {
            changes.push(Change::Insert(message_row(message)));
            changes.push(Change::Insert(draft_row(message)));
        }
        if let Some(head) = &self.head.now {
            let marked = Head {
                mark: mark.to_owned(),
                ..head.clone()
            };
            match &self.head.stored {
                None => changes.push(Change::Insert(head_row(&marked))),
                Some((before, etag)) if before != head => {
                    changes.push(Change::Update(head_row(&marked), etag.clone()));
                }
                Some(_) => {}
            }
        }
        changes
    }

    /// Writes the head again as it is: whatever is still under way for its old version comes too late then.
    pub fn fence(&self, mark: &str) -> Option<Change> {
        let (head, etag) = self.head.stored.as_ref()?;
        let marked = Head {
            mark: mark.to_owned(),
            ..head.clone()
        };
        Some(Change::Update(head_row(&marked), etag.clone()))
    }

    fn living(&mut self) -> Option<&mut Head> {
        self.head.now.as_mut().filter(|head| !head.gone)
    }

    fn create(&mut self, chat: &app::chat::Chat) -> bool {
        if self.head.now.is_some() {
            return false;
        }
        self.head.now = Some(Head {
            chat: chat.clone(),
            members: 0,
            gone: false,
            mark: String::new(),
        });
        true
    }

    fn post(&mut self, message: &Message) -> Result<bool, StoreError> {
        let place = (message.author.id, message.draft);
        if let Some(Some(known)) = self.posted.get(&place) {
            return match known.seq == message.seq {
                true => Ok(false),
                false => Err(StoreError::Conflict),
            };
        }
        let head = self.living().ok_or(StoreError::Conflict)?;
        if head.chat.last.next() != message.seq {
            return Err(StoreError::Conflict);
        }
        let before = std::mem::replace(&mut head.chat.last, message.seq);
        self.posted.insert(place, Some(message.clone()));
        self.new_messages.push(message.clone());
        // An author who had read all before it has read it too; the screen thinks the same.
        let author = self.members.get_mut(&message.author.id);
        if let Some(member) = author.and_then(|slot| slot.now.as_mut())
            && member.read == before
        {
            member.read = message.seq;
        }
        Ok(true)
    }

    /// One change of the chat, as the version that follows the stored one.
    fn revise(
        &mut self,
        version: u64,
        change: impl FnOnce(&mut Head) -> bool,
    ) -> Result<bool, StoreError> {
        let head = self.living().ok_or(StoreError::Conflict)?;
        if version == head.chat.version + 1 {
            head.chat.version = version;
            change(head);
            return Ok(true);
        }
        let mut same = head.clone();
        match version == head.chat.version && !change(&mut same) {
            true => Ok(false),
            false => Err(StoreError::Conflict),
        }
    }

    fn join(&mut self, member: &Membership, person: &Person) -> bool {
        let Some(head) = self.head.now.as_mut().filter(|head| !head.gone) else {
            return false;
        };
        let slot = self.members.entry(member.user).or_insert(Slot {
            stored: None,
            now: None,
        });
        if slot.now.is_some() {
            return false;
        }
        slot.now = Some(member.clone());
        head.members += 1;
        self.newcomers.insert(member.user, person.clone());
        if person.kind != Kind::Bot {
            self.elders.insert((member.joined_at, member.user));
        }
        true
    }

    fn leave(&mut self, user: UserId) -> bool {
        let left = self.members.get_mut(&user).and_then(|slot| slot.now.take());
        let Some(left) = left else { return false };
        self.elders.remove(&(left.joined_at, user));
        if let Some(head) = self.living() {
            head.members = head.members.saturating_sub(1);
        }
        true
    }
}

impl Ledger {
    /// A chat whose head is not there yet and that nobody is in.
    pub fn blank(chat: ChatId) -> Ledger {
        Ledger {
            chat,
            head: slot(None),
            members: BTreeMap::new(),
            posted: BTreeMap::new(),
            elders: BTreeSet::new(),
            new_messages: Vec::new(),
            newcomers: BTreeMap::new(),
            joined: BTreeMap::new(),
        }
    }

    pub fn chat(&self) -> ChatId {
        self.chat
    }
}

fn slot<T: Clone>(stored: Option<(T, Etag)>) -> Slot<T> {
    Slot {
        now: stored.as_ref().map(|(value, _)| value.clone()),
        stored,
    }
}
