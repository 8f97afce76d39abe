//! Who hears of a commit, and whose connections enter or leave groups by it: commit to calls, pure. The only
//! place that says so. Refuses to perform them.

use crate::store::Commit;
use app::chat::{Access, Chat, ChatId, Fact, Notice, UserId};
use std::collections::HashMap;
use wire::frame::Payload;
use wire::json::Json;
use wire::rest::{Call, Member, Target};
use wire::role::Permission;

/// The connections of those whom a commit concerns, as far as this process knows them.
pub type Connections = HashMap<UserId, Vec<String>>;

/// Everything that follows a commit, in order: who comes in is let in first, who goes out hears of it first.
pub fn effects(commit: &Commit, connections: &Connections) -> Vec<Call> {
    let mut calls = Vec::new();
    for fact in commit.facts.iter().filter(|fact| is_told(commit, fact)) {
        follow(fact, commit, connections, &mut calls);
    }
    calls
}

/// Whether anything follows.
pub fn is_heard(commit: &Commit) -> bool {
    commit.facts.iter().any(|fact| is_told(commit, fact))
}

/// Somebody who asks again may have heard no answer because the server that carried it out died before it told: so
/// who comes in is let in again, and what is new is told again. To pages that know it, it is nothing. The rest is in
/// what pages fetch, and would be told late.
fn is_told(commit: &Commit, fact: &Fact) -> bool {
    match fact {
        Fact::ChatCreated { .. }
        | Fact::JoinPrivateChat { .. }
        | Fact::MemberJoined { .. }
        | Fact::MessagePosted(_) => true,
        Fact::ChatRenamed { .. }
        | Fact::ModerationSet { .. }
        | Fact::OwnerChanged { .. }
        | Fact::ChatDeleted { .. }
        | Fact::MemberLeft { .. }
        | Fact::ChatRead { .. }
        | Fact::UserOnline(_)
        | Fact::UserOffline { .. }
        | Fact::UserIsIdle { .. }
        | Fact::UserNotIdle { .. } => !commit.repeated,
    }
}

/// Whose connections `effects` needs to know.
pub fn concerned(commit: &Commit) -> Vec<UserId> {
    let mut users = commit.dismissed.clone();
    for fact in &commit.facts {
        match fact {
            Fact::MemberJoined { member, .. } => users.push(member.user),
            Fact::MemberLeft { user, .. } => users.push(*user),
            Fact::JoinPrivateChat { by, with, .. } => users.extend([by.id, with.id]),
            Fact::ChatCreated { .. }
            | Fact::ChatRenamed { .. }
            | Fact::ModerationSet { .. }
            | Fact::OwnerChanged { .. }
            | Fact::ChatDeleted { .. }
            | Fact::MessagePosted(_)
            | Fact::ChatRead { .. }
            | Fact::UserOnline(_)
            | Fact::UserOffline { .. }
            | Fact::UserIsIdle { .. }
            | Fact::UserNotIdle { .. } => {}
        }
    }
    users
}

/// Who is there concerns everybody.
pub fn presence(fact: Fact) -> Call {
    tell(Target::All, fact)
}

/// Lets one connection hear and say what members do.
pub fn admit_connection(chat: ChatId, connection: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = lanes(chat)
        .into_iter()
        .map(|group| Call::AddToGroup {
            group,
            member: Member::Connection(connection.to_owned()),
        })
        .collect();
    calls.push(Call::Grant {
        permission: Permission::SendToGroup,
        group: chat.talk_group(),
        connection: connection.to_owned(),
    });
    calls
}

/// The reverse of `admit_connection`; the right to speak goes first.
pub fn dismiss_connection(chat: ChatId, connection: &str) -> Vec<Call> {
    let mut calls = vec![Call::Revoke {
        permission: Permission::SendToGroup,
        group: chat.talk_group(),
        connection: connection.to_owned(),
    }];
    calls.extend(lanes(chat).into_iter().map(|group| Call::RemoveFromGroup {
        group,
        member: Member::Connection(connection.to_owned()),
    }));
    calls
}

/// What a new connection of a member is given: its groups and its roles.
pub fn granted(chats: impl IntoIterator<Item = ChatId>) -> (Vec<String>, Vec<String>) {
    let mut groups = Vec::new();
    let mut roles = Vec::new();
    for chat in chats {
        roles.push(format!("webpubsub.sendToGroup.{}", chat.talk_group()));
        groups.extend(lanes(chat));
    }
    (groups, roles)
}

fn follow(fact: &Fact, commit: &Commit, connections: &Connections, calls: &mut Vec<Call>) {
    let members = |chat: ChatId| Target::Group(chat.group());
    match fact {
        Fact::ChatCreated { chat, by, .. } => {
            let whom = match chat.access {
                Access::Public => Target::All,
                Access::Private | Access::Pair => Target::User(by.id.to_string()),
            };
            calls.push(tell(whom, fact.clone()));
        }
        Fact::JoinPrivateChat { chat, by, with } => {
            for person in [by, with] {
                admit(chat.id, person.id, connections, calls);
            }
            calls.push(tell(members(chat.id), fact.clone()));
        }
        Fact::MemberJoined { member, .. } => {
            admit(member.chat, member.user, connections, calls);
            calls.push(tell(members(member.chat), fact.clone()));
        }
        Fact::MemberLeft { chat, user } => {
            // Their word goes before the news, so that nobody hears from somebody who has left.
            calls.push(tell(members(*chat), fact.clone()));
            dismiss(*chat, *user, connections, calls);
        }
        Fact::ChatDeleted { chat, .. } => {
            calls.push(tell(
                those_who_see(commit.chat.as_ref(), *chat),
                fact.clone(),
            ));
            for user in &commit.dismissed {
                dismiss(*chat, *user, connections, calls);
            }
        }
        Fact::ChatRenamed { chat, .. }
        | Fact::ModerationSet { chat, .. }
        | Fact::OwnerChanged { chat, .. } => {
            calls.push(tell(
                those_who_see(commit.chat.as_ref(), *chat),
                fact.clone(),
            ));
        }
        Fact::MessagePosted(message) => calls.push(tell(members(message.chat), fact.clone())),
        Fact::ChatRead { user, .. } => {
            calls.push(tell(Target::User(user.to_string()), fact.clone()));
        }
        Fact::UserOnline(_)
        | Fact::UserOffline { .. }
        | Fact::UserIsIdle { .. }
        | Fact::UserNotIdle { .. } => calls.push(tell(Target::All, fact.clone())),
    }
}

/// A public chat is in everybody's list, any other in its members'.
fn those_who_see(chat: Option<&Chat>, id: ChatId) -> Target {
    match chat.map(|chat| chat.access) {
        Some(Access::Public) => Target::All,
        Some(Access::Private | Access::Pair) | None => Target::Group(id.group()),
    }
}

fn admit(chat: ChatId, user: UserId, connections: &Connections, calls: &mut Vec<Call>) {
    calls.extend(lanes(chat).into_iter().map(|group| Call::AddToGroup {
        group,
        member: Member::User(user.to_string()),
    }));
    for connection in connections.get(&user).into_iter().flatten() {
        calls.push(Call::Grant {
            permission: Permission::SendToGroup,
            group: chat.talk_group(),
            connection: connection.clone(),
        });
    }
}

fn dismiss(chat: ChatId, user: UserId, connections: &Connections, calls: &mut Vec<Call>) {
    for connection in connections.get(&user).into_iter().flatten() {
        calls.push(Call::Revoke {
            permission: Permission::SendToGroup,
            group: chat.talk_group(),
            connection: connection.clone(),
        });
    }
    calls.extend(lanes(chat).into_iter().map(|group| Call::RemoveFromGroup {
        group,
        member: Member::User(user.to_string()),
    }));
}

fn lanes(chat: ChatId) -> [String; 2] {
    [chat.group(), chat.talk_group()]
}

fn tell(whom: Target, fact: Fact) -> Call {
    let text = Notice::Fact(Box::new(fact)).to_json();
    let value = Json::of(text).expect("a notice prints as JSON");
    Call::send(whom, Payload::Json(value))
}
