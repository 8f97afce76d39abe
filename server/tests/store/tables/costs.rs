//! What each thing that somebody does costs in transactions, as `docs/tables.md` says it.

use super::Own;
use crate::hall::{Place, create, lobby, newcomer, post, rename};
use app::chat::{Access, ChatId, Command, DraftId, Kind, Millis, Person, Record, Seq, Window};
use server::chat::decide::{Asked, decide, scope};
use server::chat::moderator::LocalModerator;
use server::store::attendance::{Attendance, Change, Seat, State};
use server::store::{Account, Commit, Passkey, Proof, Reminder, Store, Tables, View};
use server::transport::{HttpService, https};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::{ServiceExt, service_fn};

struct Counted {
    store: Tables,
    requests: Arc<AtomicUsize>,
    found: BTreeMap<String, usize>,
}

impl Counted {
    async fn open(account: &Account) -> Counted {
        let requests = Arc::new(AtomicUsize::new(0));
        let (count, network) = (requests.clone(), https().expect("TLS"));
        let counting = HttpService::new(service_fn(move |request| {
            count.fetch_add(1, Ordering::Relaxed);
            network.clone().oneshot(request)
        }));
        let store = Tables::open(account, counting).await.expect("tables");
        Counted {
            store,
            requests,
            found: BTreeMap::new(),
        }
    }

    /// Does it, and notes what it cost.
    async fn cost<T>(&mut self, what: &str, doing: impl AsyncFnOnce(&Tables) -> T) -> T {
        let before = self.requests.load(Ordering::Relaxed);
        let done = doing(&self.store).await;
        let cost = self.requests.load(Ordering::Relaxed) - before;
        self.found.insert(what.to_owned(), cost);
        done
    }

    async fn does(&mut self, what: &str, actor: &Person, command: Command) -> Commit {
        let actor = actor.clone();
        self.cost(what, async |store| ask(store, actor, command).await)
            .await
    }
}

async fn ask(store: &Tables, actor: Person, command: Command) -> Commit {
    let scope = scope(actor.id, &command).expect("a matter of rows");
    let fresh = ChatId::random();
    let decision = move |view: &View| {
        let asked = Asked {
            actor: &actor,
            command: &command,
            now: Millis(7),
            fresh,
            moderator: &LocalModerator,
        };
        decide(view, &asked)
    };
    let decided = store.transact(scope, Arc::new(decision), Box::new(|_| ()));
    decided.await.expect("is decided").expect("is done")
}

/// The numbers in the page's table.
fn documented() -> BTreeMap<String, usize> {
    let page = include_str!("../../../../docs/tables.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let (what, cost) = (cells.next()?, cells.next()?);
        Some((what.to_owned(), cost.parse().ok()?))
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_costs_what_the_page_says() {
    let Own(account) = Own::new().await;
    let account = Account {
        name: account.name.clone(),
        proof: Proof::Key(account.key.clone()),
        endpoint: account.endpoint.clone(),
    };
    let mut counted = Counted::open(&account).await;
    let lobby = counted
        .store
        .establish(lobby(), Vec::new())
        .await
        .expect("a chat");
    let bob = newcomer("Bob", "0002", Kind::Guest);
    let bob = counted.store.register(bob).await.expect("is let in");

    let ada = newcomer("Ada", "0001", Kind::Guest);
    let ada = counted.cost("signs in as a guest", async |store| {
        store.register(ada).await
    });
    let ada = ada.await.expect("is let in");
    counted
        .does("joins a chat", &ada, Command::JoinChat { chat: lobby })
        .await;
    let parts = counted.cost("opens the page", async |store| {
        store.parts(ada.id, Some(lobby)).await
    });
    parts.await.expect("parts");
    let rows = counted.cost("opens the socket", async |store| {
        store.memberships(ada.id).await
    });
    assert_eq!(rows.await.expect("rows").len(), 1);
    counted
        .does("posts a message", &ada, post(lobby, "hello"))
        .await;
    let turned = async |store: &Tables| store.page(lobby, Window::Latest, 50).await;
    let page = counted.cost("turns a page of messages", turned).await;
    assert_eq!(page.expect("a page").messages.len(), 1);
    ask(
        &counted.store,
        bob.clone(),
        Command::JoinChat { chat: lobby },
    )
    .await;
    ask(&counted.store, ada.clone(), post(lobby, "again")).await;
    let read = Command::MarkRead {
        chat: lobby,
        seq: Seq(2),
    };
    counted.does("reads up to a place", &bob, read).await;
    counted
        .does("leaves a chat", &bob, Command::LeaveChat { chat: lobby })
        .await;

    let request = |access| create(DraftId::random(), access, Record::Kept);
    let private = counted
        .does("creates a private chat", &ada, request(Access::Private))
        .await;
    let private = private.chat.expect("a chat").id;
    counted
        .does("creates a public chat", &ada, request(Access::Public))
        .await;
    counted
        .does(
            "opens a pair's chat",
            &ada,
            Command::CreatePrivateChat { with: bob.id },
        )
        .await;
    counted
        .does("renames a chat", &ada, rename(private, "Coffee"))
        .await;
    let reminder = Reminder {
        draft: DraftId::random(),
        chat: lobby,
        user: ada.id,
        text: "tea".into(),
        due: Millis(9),
    };
    let kept = counted.cost("sets a reminder", async |store| {
        store.remind(reminder, 9).await
    });
    assert!(kept.await.expect("an answer"));
    counted
        .does(
            "deletes a chat",
            &ada,
            Command::DeleteChat { chat: private },
        )
        .await;
    sign_in_by_passkey(&mut counted, &ada).await;
    sit(&mut counted, &ada).await;
    assert_eq!(counted.found, documented());
}

async fn sign_in_by_passkey(counted: &mut Counted, person: &Person) {
    let passkey = Passkey {
        user: person.id,
        id: "1".repeat(64),
        credential: "opaque".into(),
        added_at: Millis(1),
        used_at: Millis(0),
    };
    let used = Passkey {
        used_at: Millis(9),
        ..passkey.clone()
    };
    let (user, id) = (person.id, passkey.id.clone());
    let added = counted.cost("adds a passkey", async |store| {
        // Before the device is asked, behind it, and to show them.
        for _ in 0..2 {
            store.passkeys(user).await.expect("passkeys");
        }
        assert!(store.add_passkey(passkey.clone()).await.expect("is kept"));
        store.passkeys(user).await.expect("passkeys").len()
    });
    assert_eq!(added.await, 1);
    let known = counted.cost("signs in by passkey", async |store| {
        let before = store.passkeys(user).await.expect("passkeys").remove(0);
        let renewed = store.renew_passkey(before, used.clone()).await;
        assert!(renewed.expect("an answer"));
        store.person(user).await.expect("an answer")
    });
    assert!(known.await.is_some());
    let left = counted.cost("removes a passkey", async |store| {
        let removed = store.remove_passkey(user, id).await;
        assert!(removed.expect("an answer"));
        store.passkeys(user).await.expect("passkeys")
    });
    assert_eq!(left.await, []);
}

/// A connection from its beginning to its end, as several servers see it.
async fn sit(counted: &mut Counted, person: &Person) {
    let (user, name) = (person.id, || "a-connection".to_owned());
    let seat = Seat {
        person: person.clone(),
        connection: name(),
        state: State::Opening {
            given: vec![ChatId::random(), ChatId::random()],
        },
        idle: false,
        changed: Millis(1),
        by: "one server".into(),
        until: Millis(2),
    };
    let change = |change: fn(&mut Seat)| -> Change {
        Arc::new(move |seat| {
            change(seat);
            true
        })
    };
    let opened = counted.cost("a socket opens", async |store| {
        assert!(store.add(seat.clone()).await.expect("is written"));
        let open = change(|seat| seat.state = State::Open);
        let before = store.change(user, name(), open).await.expect("an answer");
        assert_eq!(before, Some(seat.clone()));
        store.of(user).await.expect("rows")
    });
    assert!(opened.await[0].is_open());
    assert!(!counted.store.add(seat.clone()).await.expect("an answer"));
    let idle = counted.cost("somebody goes idle, or comes back", async |store| {
        let idle = change(|seat| seat.idle = true);
        store.change(user, name(), idle).await.expect("is there");
        store.of(user).await.expect("rows")
    });
    assert!(idle.await[0].idle);
    let concerned = async |store: &Tables| store.of(user).await.expect("rows");
    let rows = counted.cost("somebody joins, leaves, is invited", concerned);
    assert_eq!(rows.await.len(), 1);
    let looked = counted.cost("a page opens", async |store| {
        store.all().await.expect("rows");
        store.all().await.expect("rows")
    });
    assert_eq!(looked.await.len(), 1);
    let left = counted.cost("a socket closes", async |store| {
        let end = change(|seat| seat.state = State::Ended);
        store.change(user, name(), end).await.expect("is there");
        store.of(user).await.expect("rows");
        store.of(user).await.expect("rows");
        store.remove(user, name()).await.expect("is removed");
    });
    left.await;
    assert!(counted.store.of(user).await.expect("rows").is_empty());
    let nobody = change(|_| ());
    let gone = counted.store.change(user, name(), nobody).await;
    assert_eq!(gone.expect("an answer"), None);
    let again = counted.store.remove(user, name()).await;
    again.expect("nothing to remove is no failure");
}
