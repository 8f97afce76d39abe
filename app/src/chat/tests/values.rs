//! Every value that the vocabulary has.

use crate::chat::refusal::UnfitText;
use crate::chat::{
    Access, Answer, Body, Chat, ChatId, ChatName, ChatSummary, Command, DraftId, Fact, Kind,
    Membership, Message, Millis, Moderation, Name, OpenChat, Outcome, Page, Person, Post, Presence,
    Present, Record, Refusal, Remark, Seq, Settings, Snapshot, Talk, Unfit, UserId, Window,
};
use proptest::prelude::*;
use proptest::sample::select;

/// Numbers, those among them that a float would bend.
pub fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0..9u64,
        select(vec![(1 << 53) + 1, u64::MAX - 1, u64::MAX]),
    ]
}

pub fn chat_id() -> impl Strategy<Value = ChatId> {
    any::<[u8; 16]>().prop_map(ChatId::from_bytes)
}

pub fn user_id() -> impl Strategy<Value = UserId> {
    any::<[u8; 16]>().prop_map(UserId::from_bytes)
}

pub fn draft_id() -> impl Strategy<Value = DraftId> {
    any::<[u8; 16]>().prop_map(DraftId::from_bytes)
}

pub fn seq() -> impl Strategy<Value = Seq> {
    number().prop_map(Seq)
}

pub fn millis() -> impl Strategy<Value = Millis> {
    number().prop_map(Millis)
}

/// Text that people write, and what others write for them.
pub fn written() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{1,40}",
        "\\PC{1,40}",
        select(vec![
            "o'hara",
            "\"}",
            "\\",
            "</script>",
            "👩\u{200D}💻",
            "\u{202E}nimda",
            "עברית",
            "a\r\nb\tc",
            "\u{2028}",
            "__proto__",
        ])
        .prop_map(str::to_owned),
    ]
}

macro_rules! fit {
    ($($verb:ident -> $name:ident;)+) => {
        $(pub fn $verb() -> impl Strategy<Value = $name> {
            written().prop_filter_map("fit to store", |text| text.parse().ok())
        })+
    };
}
fit! {
    name -> Name;
    chat_name -> ChatName;
    body -> Body;
}

pub fn access() -> impl Strategy<Value = Access> {
    select(vec![Access::Public, Access::Private, Access::Pair])
}

pub fn record() -> impl Strategy<Value = Record> {
    select(vec![Record::Kept, Record::Off])
}

pub fn moderation() -> impl Strategy<Value = Moderation> {
    select(vec![Moderation::Off, Moderation::Mask, Moderation::Block])
}

pub fn person() -> impl Strategy<Value = Person> {
    let tag = prop::option::of("[0-9a-f]{4}");
    let kind = select(vec![
        Kind::Guest,
        Kind::Bot,
        Kind::Microsoft,
        Kind::GitHub,
        Kind::Account,
    ]);
    (user_id(), name(), tag, kind).prop_map(|(id, name, tag, kind)| Person {
        id,
        name,
        tag,
        kind,
    })
}

pub fn present() -> impl Strategy<Value = Present> {
    let presence = select(vec![Presence::Online, Presence::Away]);
    (person(), presence).prop_map(|(person, presence)| Present { person, presence })
}

pub fn chat() -> impl Strategy<Value = Chat> {
    (
        (chat_id(), chat_name(), access(), record(), moderation()),
        (prop::option::of(user_id()), millis(), seq(), number()),
    )
        .prop_map(
            |((id, name, access, record, moderation), (owner, created_at, last, version))| Chat {
                id,
                name,
                access,
                record,
                moderation,
                owner,
                created_at,
                last,
                version,
            },
        )
}

pub fn membership() -> impl Strategy<Value = Membership> {
    (chat_id(), user_id(), seq(), millis()).prop_map(|(chat, user, read, joined_at)| Membership {
        chat,
        user,
        read,
        joined_at,
    })
}

pub fn message() -> impl Strategy<Value = Message> {
    (
        (chat_id(), seq(), draft_id()),
        person(),
        body(),
        millis(),
        any::<bool>(),
    )
        .prop_map(
            |((chat, seq, draft), author, body, posted_at, masked)| Message {
                chat,
                seq,
                draft,
                author,
                body,
                posted_at,
                masked,
            },
        )
}

pub fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        (chat_id(), draft_id(), body())
            .prop_map(|(chat, draft, body)| Command::PostMessage(Post { chat, draft, body })),
        (draft_id(), chat_name(), access(), record()).prop_map(|(draft, name, access, record)| {
            Command::CreateChat {
                draft,
                name,
                access,
                record,
            }
        }),
        user_id().prop_map(|with| Command::CreatePrivateChat { with }),
        chat_id().prop_map(|chat| Command::JoinChat { chat }),
        chat_id().prop_map(|chat| Command::LeaveChat { chat }),
        (chat_id(), chat_name()).prop_map(|(chat, name)| Command::RenameChat { chat, name }),
        chat_id().prop_map(|chat| Command::DeleteChat { chat }),
        (chat_id(), user_id()).prop_map(|(chat, user)| Command::InviteToChat { chat, user }),
        (chat_id(), moderation())
            .prop_map(|(chat, moderation)| Command::SetModeration { chat, moderation }),
        (chat_id(), seq()).prop_map(|(chat, seq)| Command::MarkRead { chat, seq }),
        Just(Command::UserEnterIdle {}),
        Just(Command::UserExitIdle {}),
    ]
}

pub fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (chat(), person(), draft_id()).prop_map(|(chat, by, draft)| Fact::ChatCreated {
            chat,
            by,
            draft
        }),
        (chat_id(), chat_name(), person(), number()).prop_map(|(chat, name, by, version)| {
            Fact::ChatRenamed {
                chat,
                name,
                by,
                version,
            }
        }),
        (chat_id(), moderation(), person(), number()).prop_map(
            |(chat, moderation, by, version)| Fact::ModerationSet {
                chat,
                moderation,
                by,
                version,
            }
        ),
        (chat_id(), user_id(), number()).prop_map(|(chat, owner, version)| Fact::OwnerChanged {
            chat,
            owner,
            version,
        }),
        (chat_id(), chat_name(), person()).prop_map(|(chat, name, by)| Fact::ChatDeleted {
            chat,
            name,
            by
        }),
        (chat(), person(), person()).prop_map(|(chat, by, with)| Fact::JoinPrivateChat {
            chat,
            by,
            with
        }),
        (chat(), membership(), person(), prop::option::of(person())).prop_map(
            |(chat, member, person, invited_by)| Fact::MemberJoined {
                chat,
                member,
                person,
                invited_by,
            }
        ),
        (chat_id(), user_id()).prop_map(|(chat, user)| Fact::MemberLeft { chat, user }),
        message().prop_map(Fact::MessagePosted),
        (chat_id(), user_id(), seq()).prop_map(|(chat, user, seq)| Fact::ChatRead {
            chat,
            user,
            seq,
        }),
        present().prop_map(Fact::UserOnline),
        user_id().prop_map(|user| Fact::UserOffline { user }),
        user_id().prop_map(|user| Fact::UserIsIdle { user }),
        user_id().prop_map(|user| Fact::UserNotIdle { user }),
    ]
}

pub fn refusal() -> impl Strategy<Value = Refusal> {
    let unfit = prop_oneof![
        Just(Unfit::Empty),
        Just(Unfit::Invisible),
        any::<usize>().prop_map(|max| Unfit::TooLong { max }),
    ];
    prop_oneof![
        select(vec![
            Refusal::SignedOut,
            Refusal::NoSuchChat,
            Refusal::NoSuchPerson,
            Refusal::NotAMember,
            Refusal::NotOwner,
            Refusal::FixedPair,
            Refusal::FixedDefault,
            Refusal::OnlyYou,
            Refusal::OffTheRecord,
            Refusal::Malformed,
            Refusal::Unavailable,
        ]),
        unfit.prop_map(|why| Refusal::Unfit(UnfitText { why })),
        words().prop_map(|words| Refusal::Blocked { words }),
        number().prop_map(|retry_after_ms| Refusal::TooFast { retry_after_ms }),
        any::<usize>().prop_map(|max| Refusal::TooMany { max }),
        any::<usize>().prop_map(|max| Refusal::TooManyForThem { max }),
    ]
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(written(), 0..3)
}

pub fn answer() -> impl Strategy<Value = Answer> {
    let remark = words().prop_map(|words| Remark::Masked { words });
    let outcome = prop_oneof![
        (
            prop::collection::vec(fact(), 0..3),
            prop::option::of(remark)
        )
            .prop_map(|(facts, remark)| Outcome::Done { facts, remark }),
        refusal().prop_map(|why| Outcome::Refused { why }),
    ];
    (prop::option::of(draft_id()), outcome).prop_map(|(draft, outcome)| Answer { draft, outcome })
}

pub fn talk() -> impl Strategy<Value = Talk> {
    prop_oneof![
        any::<bool>().prop_map(|active| Talk::Typing { active }),
        (draft_id(), body()).prop_map(|(draft, body)| Talk::Said { draft, body }),
    ]
}

pub fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        Just(Window::Latest),
        seq().prop_map(Window::Before),
        seq().prop_map(Window::After),
        seq().prop_map(Window::Around),
    ]
}

pub fn summary() -> impl Strategy<Value = ChatSummary> {
    (
        chat(),
        prop::option::of(seq()),
        prop::option::of(person()),
        any::<u32>(),
    )
        .prop_map(|(chat, read, with, members)| ChatSummary {
            chat,
            read,
            with,
            members,
        })
}

pub fn page() -> impl Strategy<Value = Page> {
    let messages = prop::collection::vec(message(), 0..4);
    (messages, any::<bool>(), any::<bool>()).prop_map(|(messages, before, after)| Page {
        messages,
        before,
        after,
    })
}

pub fn snapshot() -> impl Strategy<Value = Snapshot> {
    let open = (summary(), prop::collection::vec(person(), 0..3), page()).prop_map(
        |(summary, members, page)| OpenChat {
            summary,
            members,
            page,
        },
    );
    (
        person(),
        chat_id(),
        prop::collection::vec(summary(), 0..3),
        prop::collection::vec(present(), 0..3),
        prop::option::of(open),
        any::<u32>(),
        millis(),
    )
        .prop_map(
            |(me, default_chat, chats, people, open, idle_seconds, taken_at)| Snapshot {
                me,
                default_chat,
                chats,
                people,
                open,
                settings: Settings { idle_seconds },
                taken_at,
            },
        )
}
