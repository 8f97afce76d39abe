//! A page that heard everything shows what a fresh page shows: after every command, whoever asked for what, in
//! whatever order, however often a page took a snapshot in between.

use crate::house::{Guest, House, create, fact};
use app::chat::timeline::State;
use app::chat::{
    Access, Chat, ChatId, Command, DraftId, Fact, Message, Millis, Moderation, Notice, Page, Post,
    Record, Seq, Window,
};
use app::state::Lobby;
use leptos::prelude::Owner;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;

const PEOPLE: usize = 3;

/// What somebody does, with numbers for chats and people: what is not there is taken round the corner.
#[derive(Clone, Debug)]
enum Step {
    Create(usize, Access),
    Pair(usize, usize),
    Join(usize, usize),
    Leave(usize, usize),
    Invite(usize, usize, usize),
    Rename(usize, usize, u8),
    Moderate(usize, usize, Moderation),
    Delete(usize, usize),
    Say(usize, usize, u8),
    /// The same command as before, again.
    Repeat(usize),
    Read(usize, usize, u64),
    /// A page brings a chat to the front.
    Open(usize, usize),
    /// A page was away for so many steps, and takes a snapshot.
    Away(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (who, chat, other) = (0..PEOPLE, 0..8usize, 0..PEOPLE);
    let access = prop_oneof![Just(Access::Public), Just(Access::Private)];
    let policy = prop_oneof![
        Just(Moderation::Off),
        Just(Moderation::Mask),
        Just(Moderation::Block)
    ];
    let (w, c, o) = (who, chat, other);
    prop_oneof![
        2 => (w.clone(), access).prop_map(|(w, access)| Step::Create(w, access)),
        1 => (w.clone(), o.clone()).prop_map(|(w, o)| Step::Pair(w, o)),
        3 => (w.clone(), c.clone()).prop_map(|(w, c)| Step::Join(w, c)),
        2 => (w.clone(), c.clone()).prop_map(|(w, c)| Step::Leave(w, c)),
        2 => (w.clone(), c.clone(), o).prop_map(|(w, c, o)| Step::Invite(w, c, o)),
        2 => (w.clone(), c.clone(), 0..3u8).prop_map(|(w, c, n)| Step::Rename(w, c, n)),
        1 => (w.clone(), c.clone(), policy).prop_map(|(w, c, p)| Step::Moderate(w, c, p)),
        1 => (w.clone(), c.clone()).prop_map(|(w, c)| Step::Delete(w, c)),
        8 => (w.clone(), c.clone(), 0..4u8).prop_map(|(w, c, n)| Step::Say(w, c, n)),
        1 => w.clone().prop_map(Step::Repeat),
        2 => (w.clone(), c.clone(), 0..9u64).prop_map(|(w, c, n)| Step::Read(w, c, n)),
        2 => (w.clone(), c).prop_map(|(w, c)| Step::Open(w, c)),
        1 => (w, 0..6usize).prop_map(|(w, n)| Step::Away(w, n)),
    ]
}

/// Somebody with a page.
struct Viewer {
    guest: Guest,
    owner: Owner,
    lobby: Lobby,
    last: Option<Command>,
    /// Steps until a snapshot is taken, while facts are held.
    away: Option<usize>,
}

struct Street {
    house: House,
    people: Vec<Viewer>,
    chats: Vec<ChatId>,
}

impl Street {
    async fn new() -> Street {
        let house = House::new().await;
        let mut people = Vec::new();
        for name in ["Ada", "Bob", "Cy"] {
            let guest = house.enter(name).await;
            let snapshot = house.snapshot(&guest, Some(guest.lobby)).await;
            let owner = Owner::new();
            let lobby = owner.with(|| Lobby::provide(snapshot));
            people.push(Viewer {
                guest,
                owner,
                lobby,
                last: None,
                away: None,
            });
        }
        let chats = vec![people[0].guest.lobby];
        Street {
            house,
            people,
            chats,
        }
    }

    fn chat(&self, number: usize) -> ChatId {
        self.chats[number % self.chats.len()]
    }

    async fn take(&mut self, step: &Step) {
        let (who, command) = match *step {
            Step::Create(who, access) => (who, create("Tea", access, Record::Kept)),
            Step::Pair(who, other) => {
                let with = self.people[other].guest.id();
                (who, Command::CreatePrivateChat { with })
            }
            Step::Join(who, chat) => (
                who,
                Command::JoinChat {
                    chat: self.chat(chat),
                },
            ),
            Step::Leave(who, chat) => (
                who,
                Command::LeaveChat {
                    chat: self.chat(chat),
                },
            ),
            Step::Invite(who, chat, other) => {
                let (chat, user) = (self.chat(chat), self.people[other].guest.id());
                (who, Command::InviteToChat { chat, user })
            }
            Step::Rename(who, chat, name) => {
                let name = ["Tea", "Coffee", "a cocoa"][usize::from(name)];
                let (chat, name) = (self.chat(chat), name.parse().expect("fit"));
                (who, Command::RenameChat { chat, name })
            }
            Step::Moderate(who, chat, moderation) => {
                let chat = self.chat(chat);
                (who, Command::SetModeration { chat, moderation })
            }
            Step::Delete(who, chat) => (
                who,
                Command::DeleteChat {
                    chat: self.chat(chat),
                },
            ),
            Step::Say(who, chat, text) => {
                let text = ["hello", "oh shit", "three\nlines\nlong", "🦀"][usize::from(text)];
                let post = Post {
                    chat: self.chat(chat),
                    draft: DraftId::random(),
                    body: text.parse().expect("fit"),
                };
                (who, Command::PostMessage(post))
            }
            Step::Repeat(who) => match self.people[who].last.clone() {
                Some(command) => (who, command),
                None => return,
            },
            Step::Read(who, chat, seq) => {
                let (chat, seq) = (self.chat(chat), Seq(seq));
                (who, Command::MarkRead { chat, seq })
            }
            Step::Open(who, chat) => return self.open(who, chat).await,
            Step::Away(who, steps) => {
                let viewer = &mut self.people[who];
                if viewer.away.is_none() {
                    viewer.away = Some(steps);
                    viewer.owner.with(|| viewer.lobby.hold());
                }
                return;
            }
        };
        self.ask(who, command).await;
    }

    async fn ask(&mut self, who: usize, command: Command) {
        let viewer = &mut self.people[who];
        let lobby = viewer.lobby;
        if let Command::PostMessage(post) = &command {
            // As the composer: only in a chat that one is in.
            viewer.owner.with(|| {
                let is_member = lobby.chat_now(post.chat).is_some_and(|row| row.is_member());
                if is_member {
                    lobby.say(post.chat, post.draft, post.body.clone(), Millis(1));
                }
            });
        }
        let data = serde_json::from_str(&command.data()).expect("JSON");
        let answer = viewer.guest.event(command.name(), data).await;
        if let app::chat::Outcome::Done { facts, .. } = &answer.outcome {
            let new = facts.iter().filter_map(|fact| match fact {
                Fact::ChatCreated { chat, .. } | Fact::JoinPrivateChat { chat, .. } => {
                    Some(chat.id)
                }
                _ => None,
            });
            for chat in new {
                if !self.chats.contains(&chat) {
                    self.chats.push(chat);
                }
            }
        }
        viewer.owner.with(|| lobby.absorb(Notice::Answer(answer)));
        viewer.last = Some(command);
    }

    async fn open(&mut self, who: usize, chat: usize) {
        let chat = self.chat(chat);
        let snapshot = self
            .house
            .snapshot(&self.people[who].guest, Some(chat))
            .await;
        let viewer = &self.people[who];
        if let Some(open) = snapshot.open {
            viewer.owner.with(|| {
                // A page that opens a chat fetches its newest messages, and its people come with a snapshot.
                viewer.lobby.open(Some(chat));
                viewer.lobby.turn(chat, Window::Latest, open.page);
            });
        }
    }

    /// Everybody hears what there is to hear; whoever was away long enough is back.
    async fn listen(&mut self) {
        for viewer in &mut self.people {
            let frames = viewer.guest.everything().await;
            let facts = frames.iter().filter_map(fact);
            viewer.owner.with(|| {
                for fact in facts {
                    viewer.lobby.absorb(Notice::Fact(Box::new(fact)));
                }
            });
            match viewer.away {
                Some(0) => {
                    viewer.away = None;
                    let open = viewer.lobby.open_now();
                    let snapshot = self.house.snapshot(&viewer.guest, open).await;
                    viewer.owner.with(|| viewer.lobby.resync(snapshot));
                }
                Some(steps) => viewer.away = Some(steps - 1),
                None => {}
            }
            self.house.fetch_what_is_missing(viewer).await;
        }
    }

    /// Compares each page with one that opens now.
    async fn compare(&self) -> Result<(), TestCaseError> {
        for viewer in &self.people {
            let open = viewer.owner.with(|| viewer.lobby.open_now());
            let snapshot = self.house.snapshot(&viewer.guest, open).await;
            let opened = snapshot.open.clone();
            let owner = Owner::new();
            let fresh = owner.with(|| Lobby::provide(snapshot));
            let old = viewer.owner.with(|| rows(viewer.lobby));
            let new = owner.with(|| rows(fresh));
            prop_assert_eq!(old, new, "the list of {}", viewer.guest.me.name);
            let Some(open) = opened.filter(|open| open.summary.is_member()) else {
                continue;
            };
            let chat = open.summary.chat.id;
            let messages = viewer.owner.with(|| messages(viewer.lobby, chat));
            prop_assert_eq!(messages, open.page.messages, "the messages of {}", chat);
        }
        Ok(())
    }
}

impl House {
    /// What a live page does when it sees that messages are missing.
    async fn fetch_what_is_missing(&self, viewer: &Viewer) {
        let Some(chat) = viewer.lobby.open_now() else {
            return;
        };
        loop {
            let wanted = viewer
                .owner
                .with(|| viewer.lobby.log(chat).read(|timeline| timeline.wants()));
            let Some(window) = wanted else {
                return;
            };
            let arguments = json!({ "chat": chat, "window": window });
            let page: Page = match self.api(&viewer.guest, "messages", arguments).await {
                Ok(page) => page,
                Err(_) => return,
            };
            viewer.owner.with(|| viewer.lobby.turn(chat, window, page));
        }
    }
}

/// The list as it is shown: a member's line with all that stands in it, a stranger's with what is told to all.
fn rows(lobby: Lobby) -> Vec<(Chat, Option<Seq>, Option<String>)> {
    let rows = lobby.chats().into_iter().map(|row| row.summary());
    rows.map(|row| {
        let with = row.with.as_ref().map(ToString::to_string);
        let chat = match row.read {
            Some(_) => row.chat,
            // Strangers are not told of messages.
            None => Chat {
                last: Seq::ZERO,
                ..row.chat
            },
        };
        (chat, row.read, with)
    })
    .collect()
}

/// The messages as they are shown, drafts that are on their way among them.
fn messages(lobby: Lobby, chat: ChatId) -> Vec<Message> {
    lobby.log(chat).read(|timeline| {
        let shown = timeline.lines().map(|line| &line.entry);
        shown
            .filter(|entry| !matches!(entry.state, State::Refused(_)))
            .map(|entry| Message {
                chat,
                seq: entry.seq.unwrap_or_default(),
                draft: entry.draft,
                author: entry.author.clone(),
                body: entry.body.clone(),
                posted_at: entry.at,
                masked: entry.masked,
            })
            .collect()
    })
}

#[test]
fn a_page_that_heard_everything_shows_what_a_fresh_one_shows() {
    let config = Config {
        cases: 48,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let steps = prop::collection::vec(step(), 10..45);
    let held = TestRunner::new(config).run(&steps, |steps| {
        runtime.block_on(async {
            let mut street = Street::new().await;
            for step in &steps {
                street.take(step).await;
                street.listen().await;
            }
            // Whoever is away comes back.
            while street.people.iter().any(|viewer| viewer.away.is_some()) {
                street.listen().await;
            }
            street.compare().await
        })
    });
    if let Err(why) = held {
        panic!("{why}");
    }
}
