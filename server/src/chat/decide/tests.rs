//! The rules as sentences, and as properties over random rows.

use super::*;
use crate::chat::moderator::LocalModerator;
use crate::store::Other;
use app::chat::Body;
use proptest::prelude::*;

const CHAT: ChatId = ChatId::from_bytes([9; 16]);
const FRESH: ChatId = ChatId::from_bytes([8; 16]);
const DRAFT: DraftId = DraftId::from_bytes([7; 16]);
const ADA: u8 = 1;
const BOB: u8 = 2;
const NOW: Millis = Millis(1_000);

fn person(id: u8) -> Person {
    Person {
        id: UserId::from_bytes([id; 16]),
        name: "Ada".parse().expect("fit"),
        tag: None,
        kind: Kind::Guest,
    }
}

fn chat(access: Access) -> Chat {
    Chat {
        id: CHAT,
        name: "Tea".parse().expect("fit"),
        access,
        record: Record::Kept,
        moderation: Moderation::Off,
        owner: (access != Access::Pair).then(|| person(ADA).id),
        created_at: Millis(0),
        last: Seq(4),
        version: 3,
    }
}

/// A chat of Ada's, as `actor` sees it.
fn view(access: Access, actor: u8, is_member: bool) -> View {
    View {
        chat: Some(chat(access)),
        member: is_member.then(|| Membership {
            chat: CHAT,
            user: person(actor).id,
            read: Seq(2),
            joined_at: Millis(0),
        }),
        ..View::default()
    }
}

fn ask(view: &View, actor: u8, command: &Command) -> Result<Vec<Fact>, Refusal> {
    decide(
        view,
        &Asked {
            actor: &person(actor),
            command,
            now: NOW,
            fresh: FRESH,
            moderator: &LocalModerator,
        },
    )
}

fn post(text: &str) -> Command {
    Command::PostMessage(Post {
        chat: CHAT,
        draft: DRAFT,
        body: text.parse().expect("fit"),
    })
}

fn rename() -> Command {
    Command::RenameChat {
        chat: CHAT,
        name: "Coffee".parse().expect("fit"),
    }
}

fn invite(user: u8) -> Command {
    Command::InviteToChat {
        chat: CHAT,
        user: person(user).id,
    }
}

const DELETE: Command = Command::DeleteChat { chat: CHAT };
const LEAVE: Command = Command::LeaveChat { chat: CHAT };
const JOIN: Command = Command::JoinChat { chat: CHAT };

#[test]
fn a_message_takes_the_next_place_and_bears_the_actors_name() {
    let facts = ask(&view(Access::Public, BOB, true), BOB, &post("hi"));
    let Ok([Fact::MessagePosted(message)]) = facts.as_deref() else {
        panic!("{facts:?}");
    };
    assert_eq!((message.seq, message.posted_at), (Seq(5), NOW));
    assert_eq!(message.author, person(BOB));
}

#[test]
fn a_member_who_left_cannot_post() {
    let refused = ask(&view(Access::Public, BOB, false), BOB, &post("hi"));
    assert_eq!(refused, Err(Refusal::NotAMember));
}

#[test]
fn a_chat_that_is_not_there_and_one_that_is_not_open_to_you_look_alike() {
    let nothing = View::default();
    for access in [Access::Private, Access::Pair] {
        let forbidden = view(access, BOB, false);
        for command in [post("hi"), JOIN, LEAVE, DELETE, rename(), invite(ADA)] {
            assert_eq!(ask(&nothing, BOB, &command), Err(Refusal::NoSuchChat));
            assert_eq!(
                ask(&forbidden, BOB, &command),
                Err(Refusal::NoSuchChat),
                "{command:?}"
            );
        }
    }
}

#[test]
fn only_the_owner_renames_deletes_and_sets_the_moderator() {
    let moderate = Command::SetModeration {
        chat: CHAT,
        moderation: Moderation::Block,
    };
    for command in [rename(), DELETE, moderate] {
        assert_eq!(
            ask(&view(Access::Public, BOB, true), BOB, &command),
            Err(Refusal::NotOwner)
        );
        assert!(ask(&view(Access::Public, ADA, true), ADA, &command).is_ok());
    }
}

#[test]
fn the_default_chat_stays_for_everybody() {
    let mut view = view(Access::Public, ADA, true);
    view.default_chat = Some(CHAT);
    assert_eq!(ask(&view, ADA, &DELETE), Err(Refusal::FixedDefault));
    assert_eq!(ask(&view, ADA, &rename()), Err(Refusal::FixedDefault));
}

#[test]
fn a_pair_stays_a_pair() {
    let mut view = view(Access::Pair, ADA, true);
    view.other = Some(Other {
        person: person(3),
        member: None,
        joined: 0,
    });
    for command in [LEAVE, DELETE, rename(), invite(3)] {
        assert_eq!(
            ask(&view, ADA, &command),
            Err(Refusal::FixedPair),
            "{command:?}"
        );
    }
}

#[test]
fn a_pair_that_exists_is_opened_again() {
    let mut view = view(Access::Pair, ADA, true);
    view.other = Some(Other {
        person: person(BOB),
        member: None,
        joined: 0,
    });
    let with = Command::CreatePrivateChat {
        with: person(BOB).id,
    };
    let facts = ask(&view, ADA, &with).expect("opened");
    assert!(matches!(&facts[..], [Fact::JoinPrivateChat { chat, .. }] if chat.id == CHAT));
}

#[test]
fn nobody_opens_a_private_chat_with_themselves_or_with_nobody() {
    let with = |user: u8| Command::CreatePrivateChat {
        with: person(user).id,
    };
    let mut view = View::default();
    assert_eq!(ask(&view, ADA, &with(BOB)), Err(Refusal::NoSuchPerson));
    view.other = Some(Other {
        person: person(ADA),
        member: None,
        joined: 0,
    });
    assert_eq!(ask(&view, ADA, &with(ADA)), Err(Refusal::OnlyYou));
}

#[test]
fn an_owner_who_leaves_hands_the_chat_on() {
    let mut view = view(Access::Private, ADA, true);
    view.heir = Some(person(BOB).id);
    let facts = ask(&view, ADA, &LEAVE).expect("left");
    assert!(matches!(
        &facts[..],
        [Fact::OwnerChanged { owner, version: 4, .. }, Fact::MemberLeft { .. }] if *owner == person(BOB).id
    ));
}

#[test]
fn a_private_chat_ends_with_its_last_member_and_a_public_one_does_not() {
    let private = ask(&view(Access::Private, ADA, true), ADA, &LEAVE).expect("left");
    assert!(matches!(&private[..], [Fact::ChatDeleted { .. }]));
    let public = ask(&view(Access::Public, ADA, true), ADA, &LEAVE).expect("left");
    assert!(matches!(&public[..], [Fact::MemberLeft { .. }]));
}

#[test]
fn the_moderator_masks_or_blocks_as_the_chat_wishes() {
    let mut view = view(Access::Public, ADA, true);
    let set = |view: &mut View, moderation| {
        view.chat.as_mut().expect("there").moderation = moderation;
    };
    set(&mut view, Moderation::Mask);
    let facts = ask(&view, ADA, &post("oh shit")).expect("masked");
    assert!(matches!(
        &facts[..],
        [Fact::MessagePosted(message)] if message.body.as_str() == "oh ****" && message.masked
    ));
    set(&mut view, Moderation::Block);
    assert_eq!(
        ask(&view, ADA, &post("oh shit")),
        Err(Refusal::Blocked {
            words: vec!["shit".into()]
        })
    );
    set(&mut view, Moderation::Off);
    assert!(ask(&view, ADA, &post("oh shit")).is_ok());
}

#[test]
fn the_server_takes_no_message_that_is_off_the_record() {
    let mut view = view(Access::Public, ADA, true);
    view.chat.as_mut().expect("there").record = Record::Off;
    assert_eq!(ask(&view, ADA, &post("hi")), Err(Refusal::OffTheRecord));
}

#[test]
fn a_cursor_moves_forward_and_not_beyond_the_newest_message() {
    let read = |seq| Command::MarkRead { chat: CHAT, seq };
    let view = view(Access::Public, ADA, true);
    for (asked, becomes) in [(Seq(1), Seq(2)), (Seq(3), Seq(3)), (Seq(99), Seq(4))] {
        let facts = ask(&view, ADA, &read(asked)).expect("read");
        assert!(matches!(&facts[..], [Fact::ChatRead { seq, .. }] if *seq == becomes));
    }
}

#[test]
fn nobody_is_in_more_chats_than_a_page_can_show() {
    let mut view = view(Access::Public, BOB, false);
    view.joined = MAX_CHATS;
    assert_eq!(
        ask(&view, BOB, &JOIN),
        Err(Refusal::TooMany { max: MAX_CHATS })
    );
}

#[test]
fn nobody_is_put_into_more_chats_than_a_page_can_show_but_a_bot_talks_to_everybody() {
    let with_bob = Command::CreatePrivateChat {
        with: person(BOB).id,
    };
    let why = Refusal::TooManyForThem { max: MAX_CHATS };
    let full = |kind| {
        let mut view = view(Access::Private, ADA, true);
        view.other = Some(Other {
            person: Person {
                kind,
                ..person(BOB)
            },
            member: None,
            joined: MAX_CHATS,
        });
        view
    };
    let no_pair_yet = |kind| View {
        chat: None,
        member: None,
        ..full(kind)
    };
    assert_eq!(ask(&full(Kind::Guest), ADA, &invite(BOB)), Err(why.clone()));
    assert_eq!(ask(&no_pair_yet(Kind::Guest), ADA, &with_bob), Err(why));
    assert!(ask(&no_pair_yet(Kind::Bot), ADA, &with_bob).is_ok());
    // A pair that they have already stays open.
    let mut paired = full(Kind::Guest);
    paired.chat = Some(chat(Access::Pair));
    assert!(ask(&paired, ADA, &with_bob).is_ok());
}

fn any_command() -> impl Strategy<Value = Command> {
    let access = prop_oneof![
        Just(Access::Public),
        Just(Access::Private),
        Just(Access::Pair)
    ];
    let record = prop_oneof![Just(Record::Kept), Just(Record::Off)];
    let fit = "[a-z]{1,9}";
    prop_oneof![
        fit.prop_map(|text| post(&text)),
        (fit, access, record).prop_map(|(name, access, record)| Command::CreateChat {
            draft: DRAFT,
            name: name.parse().expect("fit"),
            access,
            record,
        }),
        Just(Command::CreatePrivateChat { with: person(3).id }),
        Just(JOIN),
        Just(LEAVE),
        Just(DELETE),
        Just(rename()),
        Just(invite(3)),
        any_moderation().prop_map(|moderation| Command::SetModeration {
            chat: CHAT,
            moderation
        }),
        (0u64..9).prop_map(|seq| Command::MarkRead {
            chat: CHAT,
            seq: Seq(seq)
        }),
    ]
}

fn any_moderation() -> impl Strategy<Value = Moderation> {
    prop_oneof![
        Just(Moderation::Off),
        Just(Moderation::Mask),
        Just(Moderation::Block)
    ]
}

fn any_view() -> impl Strategy<Value = View> {
    let access = prop_oneof![
        Just(Access::Public),
        Just(Access::Private),
        Just(Access::Pair)
    ];
    let of_chat = (any::<bool>(), any::<bool>(), any_moderation());
    let of_others = (any::<bool>(), any::<bool>());
    (access, any::<bool>(), 0usize..600, of_chat, of_others).prop_map(
        |(access, is_member, joined, (off, owns, moderation), (has_heir, is_default))| {
            let mut view = view(access, BOB, is_member);
            view.joined = joined;
            view.heir = has_heir.then(|| person(3).id);
            view.default_chat = is_default.then_some(CHAT);
            let chat = view.chat.as_mut().expect("there");
            chat.moderation = moderation;
            if owns && access != Access::Pair {
                chat.owner = Some(person(BOB).id);
            }
            view.other = Some(Other {
                person: person(3),
                member: None,
                joined: 0,
            });
            if off {
                view.chat.as_mut().expect("there").record = Record::Off;
            }
            view
        },
    )
}

proptest! {
    #[test]
    fn no_stranger_touches_what_is_not_public(view in any_view(), command in any_command()) {
        let stranger = view.member.is_none()
            && view.chat.as_ref().is_some_and(|chat| chat.access != Access::Public);
        let about_it = !matches!(command, Command::CreateChat { .. } | Command::CreatePrivateChat { .. });
        if stranger && about_it {
            prop_assert_eq!(ask(&view, BOB, &command), Err(Refusal::NoSuchChat));
        }
    }

    #[test]
    fn whatever_happens_is_done_by_the_actor_and_is_about_the_chat(view in any_view(), command in any_command()) {
        for fact in ask(&view, BOB, &command).unwrap_or_default() {
            let (chat, by) = match &fact {
                Fact::MessagePosted(message) => (message.chat, Some(message.author.id)),
                Fact::ChatCreated { chat, by, .. } => (chat.id, Some(by.id)),
                Fact::JoinPrivateChat { chat, by, .. } => (chat.id, Some(by.id)),
                Fact::ChatRenamed { chat, by, .. } | Fact::ChatDeleted { chat, by, .. } => (*chat, Some(by.id)),
                Fact::ModerationSet { chat, by, .. } => (*chat, Some(by.id)),
                // Who left is no owner any more; somebody else is.
                Fact::OwnerChanged { chat, owner, .. } => {
                    prop_assert_ne!(*owner, person(BOB).id);
                    (*chat, Some(person(BOB).id))
                }
                Fact::MemberLeft { chat, user } | Fact::ChatRead { chat, user, .. } => (*chat, Some(*user)),
                Fact::MemberJoined { member, invited_by, .. } => {
                    (member.chat, invited_by.as_ref().map_or(Some(member.user), |by| Some(by.id)))
                }
                other => { prop_assert!(false, "{other:?}"); unreachable!() }
            };
            prop_assert!(chat == CHAT || chat == FRESH);
            prop_assert_eq!(by, Some(person(BOB).id));
        }
    }

    #[test]
    fn nobody_but_its_owner_changes_a_chat_and_nobody_the_default_one(view in any_view(), command in any_command()) {
        let chat = view.chat.clone().expect("there");
        let last_one_leaves = chat.access == Access::Private && view.heir.is_none() && command == LEAVE;
        for fact in ask(&view, BOB, &command).unwrap_or_default() {
            let is_change = matches!(
                fact,
                Fact::ChatRenamed { .. } | Fact::ModerationSet { .. } | Fact::ChatDeleted { .. } | Fact::OwnerChanged { .. }
            );
            if is_change && !last_one_leaves {
                prop_assert_eq!(chat.owner, Some(person(BOB).id));
                prop_assert_ne!(chat.access, Access::Pair);
                prop_assert!(view.default_chat != Some(CHAT) || command == LEAVE);
            }
        }
    }

    #[test]
    fn what_changes_is_one_step_from_what_was_seen(view in any_view(), command in any_command()) {
        let chat = view.chat.clone().expect("there");
        for fact in ask(&view, BOB, &command).unwrap_or_default() {
            match fact {
                Fact::MessagePosted(message) => {
                    prop_assert_eq!(message.seq, chat.last.next());
                    prop_assert_eq!((chat.record, view.is_member()), (Record::Kept, true));
                }
                Fact::ChatRenamed { version, .. } | Fact::ModerationSet { version, .. } => {
                    prop_assert!(version == chat.version || version == chat.version + 1);
                }
                Fact::OwnerChanged { version, .. } => prop_assert_eq!(version, chat.version + 1),
                Fact::ChatRead { seq, .. } => {
                    let known = view.member.as_ref().map(|member| member.read);
                    prop_assert!(Some(seq) >= known && seq <= chat.last);
                }
                Fact::MemberJoined { member, .. } => {
                    prop_assert!(member.read <= chat.last && view.joined < MAX_CHATS || view.is_member());
                }
                _ => {}
            }
        }
    }

    #[test]
    fn the_same_rows_and_the_same_command_lead_to_the_same(view in any_view(), command in any_command()) {
        prop_assert_eq!(ask(&view, BOB, &command), ask(&view, BOB, &command));
    }

    #[test]
    fn only_the_moderator_changes_a_text(text in "[a-z ]{1,40}") {
        prop_assume!(text.parse::<Body>().is_ok());
        let facts = ask(&view(Access::Public, ADA, true), ADA, &post(&text)).expect("posted");
        let as_sent: Body = text.parse().expect("fit");
        prop_assert!(matches!(&facts[..], [Fact::MessagePosted(message)] if message.body == as_sent));
    }
}
