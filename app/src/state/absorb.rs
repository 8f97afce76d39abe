//! What happened becomes what is on the screen: one match, each arm one narrow write.

use super::{Aside, Lobby};
use crate::chat::timeline::State;
use crate::chat::{
    Answer, Chat, ChatId, ChatSummary, DraftId, Fact, Membership, Message, Millis, Notice, Outcome,
    Person, Presence, Record, Remark, Talk, UserId,
};
use crate::letters::lower;

/// How a fact came to this page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// With everybody else's.
    Told,
    /// As the answer to this page's own command.
    Answered,
    /// On top of a snapshot; it was told before.
    Again,
}

impl Lobby {
    /// Takes in what the server told this page.
    pub fn absorb(&self, notice: Notice) {
        match notice {
            Notice::Fact(fact) => {
                self.hall.update_value(|hall| {
                    if hall.fetching > 0 {
                        hall.held.push((*fact).clone());
                    }
                });
                self.happened(*fact, Came::Told);
            }
            Notice::Answer(Answer { draft, outcome }) => self.settled(draft, outcome),
        }
    }

    /// One of this page's commands ended.
    pub fn settled(&self, draft: Option<DraftId>, outcome: Outcome) {
        let place = draft.and_then(|draft| Some((self.chat_of(draft)?, draft)));
        match outcome {
            Outcome::Done { facts, remark } => {
                if let Some((chat, draft)) = place {
                    self.edit(chat, |log| log.sent(draft));
                }
                for fact in facts {
                    self.happened(fact, Came::Answered);
                }
                if let (Some(draft), Some(Remark::Masked { words })) = (draft, remark) {
                    self.remarks.update(|remarks| {
                        remarks.insert(draft, words);
                    });
                }
            }
            Outcome::Refused { why } => match place {
                Some((chat, draft)) => self.edit(chat, |log| log.fare(draft, State::Refused(why))),
                None => self.tell(Aside::Refused { why, draft }),
            },
        }
    }

    /// Takes in what a member said directly. `now` is this page's clock.
    pub fn talk(&self, chat: ChatId, from: UserId, talk: Talk, now: Millis) {
        match talk {
            Talk::Typing { active } => {
                if !self.is_me(from) {
                    self.typing(chat, |typists| typists.hear(from, active, now));
                }
            }
            Talk::Said { draft, body } => {
                let Some(row) = self
                    .summary(chat)
                    .filter(|row| row.chat.record == Record::Off)
                else {
                    return;
                };
                let by = self.person(from);
                let text = body.as_str().to_owned();
                let new = self.edit(chat, |log| log.said(&by, draft, body, now, State::Posted));
                self.typing(chat, |typists| typists.stop(from));
                if new && !self.is_me(from) {
                    let title = row.title();
                    self.tell(Aside::Said {
                        chat,
                        title,
                        by,
                        text,
                    });
                }
            }
        }
    }

    pub(super) fn happened(&self, fact: Fact, came: Came) {
        match fact {
            Fact::ChatCreated { chat, by, draft } => {
                self.chats_write(|chats| chats.created(&chat));
                if self.is_me(by.id) && came != Came::Again {
                    self.tell(Aside::Created {
                        chat: chat.id,
                        draft,
                    });
                }
            }
            Fact::ChatRenamed {
                chat,
                name,
                by: _,
                version,
            } => {
                self.chats_write(|chats| chats.renamed(chat, &name, version));
            }
            Fact::ModerationSet {
                chat,
                moderation,
                by: _,
                version,
            } => {
                self.chats_write(|chats| chats.moderated(chat, moderation, version));
            }
            Fact::OwnerChanged {
                chat,
                owner,
                version,
            } => {
                self.chats_write(|chats| chats.owned(chat, owner, version));
            }
            Fact::ChatDeleted { chat, name: _, by } => {
                let known = self.summary(chat);
                self.chats_write(|chats| chats.deleted(chat));
                self.gone(known, Some(by));
            }
            Fact::JoinPrivateChat { chat, by, with } => self.paired(chat, by, with, came),
            Fact::MemberJoined {
                chat,
                member,
                person,
                invited_by,
            } => {
                self.joined(chat, member, person, invited_by, came);
            }
            Fact::MemberLeft { chat, user } => {
                let known = self.summary(chat);
                self.chats_write(|chats| chats.left(chat, user));
                self.members_write(chat, |members| members.retain(|person| person.id != user));
                self.typing(chat, |typists| typists.stop(user));
                if self.is_me(user) && self.summary(chat).is_none() {
                    self.gone(known, None);
                }
            }
            Fact::MessagePosted(message) => self.posted(message, came),
            Fact::ChatRead { chat, user, seq } => {
                if self.is_me(user) {
                    self.chats_write(|chats| chats.read(chat, seq));
                }
            }
            Fact::UserOnline(present) => self.people_write(|people| people.online(present)),
            Fact::UserOffline { user } => {
                self.people_write(|people| people.offline(user));
                self.stop_typing_everywhere(user);
            }
            Fact::UserIsIdle { user } => {
                self.people_write(|people| people.presence(user, Presence::Away));
            }
            Fact::UserNotIdle { user } => {
                self.people_write(|people| people.presence(user, Presence::Online));
            }
        }
    }

    fn posted(&self, message: Message, came: Came) {
        let chat = message.chat;
        let row = self.summary(chat);
        let new = row.as_ref().is_some_and(|row| row.chat.last < message.seq);
        self.chats_write(|chats| chats.posted(chat, message.seq, message.author.id));
        self.typing(chat, |typists| typists.stop(message.author.id));
        if new && came != Came::Again && !self.is_me(message.author.id) {
            let title = row.map(|row| row.title()).unwrap_or_default();
            self.tell(Aside::said(title, &message));
        }
        self.edit(chat, |log| log.receive(message));
    }

    fn paired(&self, chat: Chat, by: Person, with: Person, came: Came) {
        let new = self.summary(chat.id).is_none();
        self.chats_write(|chats| chats.paired(&chat, &by, &with));
        match came {
            Came::Answered => self.tell(Aside::PairReady { chat: chat.id }),
            Came::Told if new && !self.is_me(by.id) => {
                self.tell(Aside::PairOpened { chat: chat.id, by });
            }
            Came::Told | Came::Again => {}
        }
    }

    fn joined(
        &self,
        chat: Chat,
        member: Membership,
        person: Person,
        invited_by: Option<Person>,
        came: Came,
    ) {
        let was_in = self.summary(chat.id).is_some_and(|row| row.is_member());
        self.chats_write(|chats| chats.joined(&chat, &member));
        if self.is_me(member.user) {
            self.edit(chat.id, |log| log.reaches(chat.last));
        }
        self.members_write(chat.id, |members| {
            members.retain(|known| known.id != person.id);
            let name = lower(&person.to_string());
            let place = members.partition_point(|known| lower(&known.to_string()) < name);
            members.insert(place, person);
        });
        if let Some(by) = invited_by
            && self.is_me(member.user)
            && !was_in
            && came == Came::Told
        {
            let (chat, name) = (chat.id, chat.name);
            self.tell(Aside::Invited { chat, name, by });
        }
    }

    /// A chat that was on the screen is there no more.
    fn gone(&self, known: Option<ChatSummary>, by: Option<Person>) {
        let Some(row) = known else {
            return;
        };
        let chat = row.chat.id;
        self.hall.update_value(|hall| {
            hall.logs.remove(&chat);
            hall.members.remove(&chat);
            hall.typists.remove(&chat);
        });
        let was_open = self.open.get_untracked() == Some(chat);
        if was_open {
            self.open(Some(self.default_chat));
        }
        if !was_open && !row.is_member() {
            return;
        }
        let title = row.title();
        self.tell(Aside::Gone {
            chat,
            title,
            by,
            was_open,
        });
    }
}
