//! Answers that get lost on their way back, and people who do not wait: what was done is finished, and what nobody
//! waits for any more is not begun.

use super::Own;
use super::outage::lasting_account;
use crate::hall::{Hall, at_once, create};
use app::chat::{Access, ChatId, Command, DraftId, Person, Record};
use axum::body::Body;
use axum::http::Request;
use server::chat::decide::{Asked, decide, scope};
use server::chat::moderator::LocalModerator;
use server::store::{Account, Decided, Proof, Scope, Store, StoreError, Tables, View};
use server::transport::{HttpService, https};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower::{BoxError, ServiceExt, service_fn};

/// Tables of which one answer to a batch gets lost when it is told to.
struct Lossy {
    store: Tables,
    loses: Arc<AtomicBool>,
}

impl Lossy {
    async fn open(place: &Own) -> Lossy {
        let account = Account {
            name: place.0.name.clone(),
            proof: Proof::Key(place.0.key.clone()),
            endpoint: place.0.endpoint.clone(),
        };
        let (loses, network) = (Arc::new(AtomicBool::new(false)), https().expect("TLS"));
        let lose = loses.clone();
        let losing = HttpService::new(service_fn(move |request: Request<Body>| {
            let is_batch = request.uri().path().ends_with("/$batch");
            let is_lost = is_batch && lose.swap(false, Ordering::Relaxed);
            let answer = network.clone().oneshot(request);
            async move {
                let answer = answer.await?;
                match is_lost {
                    true => Err(BoxError::from("the answer was lost")),
                    false => Ok(answer),
                }
            }
        }));
        let store = Tables::open(&account, losing).await.expect("tables");
        Lossy { store, loses }
    }
}

async fn ask(
    store: &dyn Store,
    actor: &Person,
    command: &Command,
    fresh: ChatId,
) -> Result<Decided, StoreError> {
    let scope = scope(actor.id, command).expect("a matter of rows");
    let (actor, command) = (actor.clone(), command.clone());
    let decision = move |view: &View| {
        let asked = Asked {
            actor: &actor,
            command: &command,
            now: app::chat::Millis(7),
            fresh,
            moderator: &LocalModerator,
        };
        decide(view, &asked)
    };
    store
        .transact(scope, Arc::new(decision), Box::new(|_| ()))
        .await
}

/// How many lines the person's list has.
async fn joined(store: &dyn Store, actor: &Person, chat: ChatId) -> usize {
    let scope = Scope::Membership {
        actor: actor.id,
        chat,
    };
    store.view(scope).await.expect("a view").joined
}

#[tokio::test]
async fn whoever_left_by_a_batch_whose_answer_was_lost_has_no_line_in_their_list() {
    let hall = Hall::<Own>::new().await;
    let (ada, bob) = (hall.guest("Ada").await, hall.guest("Bob").await);
    let chat = hall.chat(&ada, Access::Public).await;
    hall.does(&bob, &Command::JoinChat { chat }).await;
    assert_eq!(joined(&*hall.store, &bob, chat).await, 1);

    let lossy = Lossy::open(&hall.place).await;
    lossy.loses.store(true, Ordering::Relaxed);
    let leave = Command::LeaveChat { chat };
    let left = ask(&lossy.store, &bob, &leave, chat).await;
    let commit = left.expect("is decided").expect("is done");
    assert!(!commit.repeated);
    assert!(!lossy.loses.load(Ordering::Relaxed), "it was lost");
    assert_eq!(joined(&*hall.store, &bob, chat).await, 0);
    assert_eq!(hall.members(chat).await.len(), 1);
}

/// Requests of one person, which wait for each other.
const REQUESTS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_nobody_waits_for_any_more_when_its_turn_comes_is_not_created() {
    let hall = Arc::new(Hall::at(Own(lasting_account()), 1).await);
    let ada = hall.guest("Ada").await;
    hall.place.0.azurite().freeze();
    let ended = at_once((0..REQUESTS).map(|_| {
        let (hall, ada) = (hall.clone(), ada.clone());
        async move {
            let create = create(DraftId::random(), Access::Private, Record::Kept);
            ask(&*hall.store, &ada, &create, ChatId::random()).await
        }
    }))
    .await;
    hall.place.0.azurite().thaw();
    assert!(ended.iter().all(Result::is_err));
    // Its turn comes after those of all the others.
    let patient = create(DraftId::random(), Access::Private, Record::Kept);
    while ask(&*hall.store, &ada, &patient, ChatId::random())
        .await
        .is_err()
    {}
    let chats = hall.store.memberships(ada.id).await.expect("rows").len();
    assert!(
        chats < REQUESTS / 2,
        "{chats} chats, where one was waited for and one had begun"
    );
}
