//! All rules: what a command leads to, given the rows that it concerns. Pure: no clock, no randomness, no
//! store. Refuses to know who hears of it (`effects`) and how often somebody may ask (`limits`).

#[cfg(test)]
mod tests;

use crate::chat::moderator::Moderator;
use crate::store::{Scope, View};
use app::chat::{
    Access, Chat, ChatId, ChatName, Command, DraftId, Fact, Kind, Membership, Message, Millis,
    Moderation, Person, Post, Record, Refusal, Seq, UserId,
};

/// Chats that one person can be in. Source: ours; a page lists all of them, and a socket is in two groups for each.
pub const MAX_CHATS: usize = 500;

/// What a decision is given besides rows.
pub struct Asked<'a> {
    pub actor: &'a Person,
    pub command: &'a Command,
    pub now: Millis,
    /// The id of a chat that may come of it.
    pub fresh: ChatId,
    pub moderator: &'a dyn Moderator,
}

/// Which rows the command concerns; `None` for what is no matter of rows.
pub fn scope(actor: UserId, command: &Command) -> Option<Scope> {
    match command {
        Command::PostMessage(post) => Some(Scope::Messages {
            chat: post.chat,
            actor,
            draft: Some(post.draft),
        }),
        Command::MarkRead { chat, .. } => Some(Scope::Messages {
            chat: *chat,
            actor,
            draft: None,
        }),
        Command::CreateChat { draft, .. } => Some(Scope::Creation {
            actor,
            draft: *draft,
        }),
        Command::CreatePrivateChat { with } => Some(Scope::Pair {
            actor,
            other: *with,
        }),
        Command::JoinChat { chat }
        | Command::LeaveChat { chat }
        | Command::RenameChat { chat, .. }
        | Command::DeleteChat { chat }
        | Command::SetModeration { chat, .. } => Some(Scope::Membership { chat: *chat, actor }),
        Command::InviteToChat { chat, user } => Some(Scope::Invitation {
            chat: *chat,
            actor,
            other: *user,
        }),
        Command::UserEnterIdle {} | Command::UserExitIdle {} => None,
    }
}

/// What the command leads to. No facts means that nothing was to be done.
pub fn decide(view: &View, asked: &Asked<'_>) -> Result<Vec<Fact>, Refusal> {
    let by = asked.actor;
    match asked.command {
        Command::PostMessage(post) => message(view, asked, post),
        Command::MarkRead { seq, .. } => read(view, *seq),
        Command::CreateChat {
            draft,
            name,
            access,
            record,
        } => create(view, asked, *draft, name, *access, *record),
        Command::CreatePrivateChat { .. } => pair(view, asked),
        Command::JoinChat { .. } => join(view, asked),
        Command::LeaveChat { .. } => leave(view, by),
        Command::RenameChat { name, .. } => rename(view, by, name),
        Command::SetModeration { moderation, .. } => moderate(view, by, *moderation),
        Command::DeleteChat { .. } => delete(view, by),
        Command::InviteToChat { .. } => invite(view, asked),
        Command::UserEnterIdle {} | Command::UserExitIdle {} => Ok(Vec::new()),
    }
}

fn message(view: &View, asked: &Asked<'_>, post: &Post) -> Result<Vec<Fact>, Refusal> {
    let chat = known(view, asked.actor)?;
    if !view.is_member() && asked.actor.kind != Kind::Bot {
        return Err(Refusal::NotAMember);
    }
    if chat.record == Record::Off {
        return Err(Refusal::OffTheRecord);
    }
    if let Some(done) = &view.done {
        return Ok(vec![done.clone()]);
    }
    let verdict = match chat.moderation {
        Moderation::Off => None,
        Moderation::Mask | Moderation::Block => asked.moderator.judge(post.body.as_str()),
    };
    let (body, masked) = match verdict {
        None => (post.body.clone(), false),
        Some(verdict) if chat.moderation == Moderation::Block => {
            return Err(Refusal::Blocked {
                words: verdict.words,
            });
        }
        Some(verdict) => (verdict.masked.parse()?, true),
    };
    Ok(vec![Fact::MessagePosted(Message {
        chat: chat.id,
        seq: view.next(),
        draft: post.draft,
        author: asked.actor.clone(),
        body,
        posted_at: asked.now,
        masked,
    })])
}

fn read(view: &View, seq: Seq) -> Result<Vec<Fact>, Refusal> {
    // A stranger has no cursor, whatever they may see.
    let (Some(chat), Some(member)) = (&view.chat, &view.member) else {
        return Err(Refusal::NoSuchChat);
    };
    Ok(vec![Fact::ChatRead {
        chat: chat.id,
        user: member.user,
        seq: seq.min(chat.last).max(member.read),
    }])
}

fn create(
    view: &View,
    asked: &Asked<'_>,
    draft: DraftId,
    name: &ChatName,
    access: Access,
    record: Record,
) -> Result<Vec<Fact>, Refusal> {
    if let Some(done) = &view.done {
        return Ok(vec![done.clone()]);
    }
    if view.buried {
        return Err(Refusal::NoSuchChat);
    }
    if access == Access::Pair {
        return Err(Refusal::Malformed);
    }
    check_chat_limit(view)?;
    let chat = Chat {
        id: asked.fresh,
        name: name.clone(),
        access,
        record,
        moderation: Moderation::Off,
        owner: Some(asked.actor.id),
        created_at: asked.now,
        last: Seq::ZERO,
        version: 1,
    };
    let joined = joining(&chat, asked.actor, asked.now, None);
    let by = asked.actor.clone();
    Ok(vec![Fact::ChatCreated { chat, by, draft }, joined])
}

fn pair(view: &View, asked: &Asked<'_>) -> Result<Vec<Fact>, Refusal> {
    let other = view.other.as_ref().ok_or(Refusal::NoSuchPerson)?;
    if other.person.id == asked.actor.id {
        return Err(Refusal::OnlyYou);
    }
    let chat = match &view.chat {
        Some(chat) => chat.clone(),
        None => {
            check_chat_limit(view)?;
            check_limit_of(&other.person, other.joined)?;
            Chat {
                id: asked.fresh,
                // Nobody sees it: a pair is shown under the other person's name.
                name: "Private chat".parse()?,
                access: Access::Pair,
                record: Record::Kept,
                moderation: Moderation::Off,
                owner: None,
                created_at: asked.now,
                last: Seq::ZERO,
                version: 1,
            }
        }
    };
    Ok(vec![Fact::JoinPrivateChat {
        chat,
        by: asked.actor.clone(),
        with: other.person.clone(),
    }])
}

fn join(view: &View, asked: &Asked<'_>) -> Result<Vec<Fact>, Refusal> {
    let chat = known(view, asked.actor)?;
    if let Some(member) = &view.member {
        return Ok(vec![Fact::MemberJoined {
            chat: chat.clone(),
            member: member.clone(),
            person: asked.actor.clone(),
            invited_by: None,
        }]);
    }
    check_chat_limit(view)?;
    Ok(vec![joining(chat, asked.actor, asked.now, None)])
}

fn leave(view: &View, by: &Person) -> Result<Vec<Fact>, Refusal> {
    let chat = known(view, by)?;
    if chat.access == Access::Pair {
        return Err(Refusal::FixedPair);
    }
    let left = Fact::MemberLeft {
        chat: chat.id,
        user: by.id,
    };
    if !view.is_member() {
        return Ok(vec![left]);
    }
    match (view.heir, chat.access) {
        (Some(heir), _) if chat.is_owned_by(by.id) => Ok(vec![
            Fact::OwnerChanged {
                chat: chat.id,
                owner: heir,
                version: chat.version + 1,
            },
            left,
        ]),
        // Nobody could ever come back to it.
        (None, Access::Private) => Ok(vec![Fact::ChatDeleted {
            chat: chat.id,
            name: chat.name.clone(),
            by: by.clone(),
        }]),
        // A public chat without members stays its owner's: they may return, and others may join.
        (_, Access::Public | Access::Private | Access::Pair) => Ok(vec![left]),
    }
}

fn rename(view: &View, by: &Person, name: &ChatName) -> Result<Vec<Fact>, Refusal> {
    let chat = changeable(view, by)?;
    if !chat.may_rename(by.id) {
        return Err(Refusal::NotOwner);
    }
    Ok(vec![Fact::ChatRenamed {
        chat: chat.id,
        name: name.clone(),
        by: by.clone(),
        version: chat.version + u64::from(chat.name != *name),
    }])
}

fn moderate(view: &View, by: &Person, moderation: Moderation) -> Result<Vec<Fact>, Refusal> {
    let chat = changeable(view, by)?;
    if !chat.is_owned_by(by.id) {
        return Err(Refusal::NotOwner);
    }
    if !chat.may_set_moderation(by.id) {
        return Err(Refusal::OffTheRecord);
    }
    Ok(vec![Fact::ModerationSet {
        chat: chat.id,
        moderation,
        by: by.clone(),
        version: chat.version + u64::from(chat.moderation != moderation),
    }])
}

fn delete(view: &View, by: &Person) -> Result<Vec<Fact>, Refusal> {
    let chat = changeable(view, by)?;
    if !chat.may_delete(by.id) {
        return Err(Refusal::NotOwner);
    }
    Ok(vec![Fact::ChatDeleted {
        chat: chat.id,
        name: chat.name.clone(),
        by: by.clone(),
    }])
}

fn invite(view: &View, asked: &Asked<'_>) -> Result<Vec<Fact>, Refusal> {
    let chat = known(view, asked.actor)?;
    if chat.access == Access::Pair {
        return Err(Refusal::FixedPair);
    }
    if !chat.may_invite(view.is_member()) {
        return Err(Refusal::NotAMember);
    }
    let other = view.other.as_ref().ok_or(Refusal::NoSuchPerson)?;
    let by = Some(asked.actor.clone());
    Ok(vec![match &other.member {
        Some(member) => Fact::MemberJoined {
            chat: chat.clone(),
            member: member.clone(),
            person: other.person.clone(),
            invited_by: by,
        },
        None => {
            check_limit_of(&other.person, other.joined)?;
            joining(chat, &other.person, asked.now, by)
        }
    }])
}

/// The chat, if the actor may know of it.
fn known<'v>(view: &'v View, actor: &Person) -> Result<&'v Chat, Refusal> {
    view.chat
        .as_ref()
        .filter(|chat| {
            chat.may_read(view.is_member())
                // A bot answers where it was addressed; only the server acts as one.
                || (actor.kind == Kind::Bot && chat.access != Access::Pair)
        })
        .ok_or(Refusal::NoSuchChat)
}

/// The chat, if it is one that anybody can change.
fn changeable<'v>(view: &'v View, actor: &Person) -> Result<&'v Chat, Refusal> {
    let chat = known(view, actor)?;
    if chat.access == Access::Pair {
        return Err(Refusal::FixedPair);
    }
    if view.default_chat == Some(chat.id) {
        return Err(Refusal::FixedDefault);
    }
    Ok(chat)
}

/// Whoever joins has nothing to catch up with.
fn joining(chat: &Chat, person: &Person, now: Millis, invited_by: Option<Person>) -> Fact {
    Fact::MemberJoined {
        chat: chat.clone(),
        member: Membership {
            chat: chat.id,
            user: person.id,
            read: chat.last,
            joined_at: now,
        },
        person: person.clone(),
        invited_by,
    }
}

/// Nobody is filled up by others. A bot is in as many pairs as there are people who talk to it.
fn check_limit_of(other: &Person, joined: usize) -> Result<(), Refusal> {
    if joined >= MAX_CHATS && other.kind != Kind::Bot {
        return Err(Refusal::TooManyForThem { max: MAX_CHATS });
    }
    Ok(())
}

fn check_chat_limit(view: &View) -> Result<(), Refusal> {
    if view.joined >= MAX_CHATS {
        return Err(Refusal::TooMany { max: MAX_CHATS });
    }
    Ok(())
}
