//! The traps of the Azure crate and of the service, one by one, on Azurite and on services that misbehave.

#[path = "../../../../tests/support/azurite.rs"]
mod azurite;

use super::*;
use crate::transport::https;
use axum::Router;
use axum::routing::any;
use azurite::{Azurite, OwnAccount};
use http::StatusCode;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::net::{TcpListener, TcpStream};

struct Place {
    client: Client,
    _account: OwnAccount,
}

async fn tables() -> Place {
    let account = Azurite::account();
    let client = client(&account.name, &account.key, &account.endpoint);
    client.prepare().await.unwrap();
    Place {
        client,
        _account: account,
    }
}

fn client(name: &str, key: &str, endpoint: &str) -> Client {
    let account = Account {
        name: name.to_owned(),
        proof: Proof::Key(key.to_owned()),
        endpoint: endpoint.to_owned(),
    };
    Client::new(&account, https().unwrap())
}

fn partition() -> Key {
    Key::word("p")
}

fn row(number: u64) -> Row {
    Row::new(partition(), Key::word("r").and_number(number)).with_number("value", number)
}

impl Place {
    async fn batch(&self, changes: &[Change]) -> Result<(), Failure> {
        self.client.batch(Table::Chats, &partition(), changes).await
    }

    async fn get(&self, number: u64) -> Option<Row> {
        let got = self
            .client
            .get(Table::Chats, &partition(), &row(number).key);
        got.await.unwrap()
    }
}

#[tokio::test]
async fn a_batch_that_failed_is_no_success_and_leaves_nothing() {
    let place = tables().await;
    place.client.insert(Table::Chats, &row(1)).await.unwrap();
    let stale = place.get(1).await.unwrap().etag().unwrap();
    let taken = [Change::Insert(row(2)), Change::Insert(row(1))];
    assert!(matches!(place.batch(&taken).await, Err(Failure::Exists)));
    place
        .batch(&[Change::Update(row(1), stale.clone())])
        .await
        .unwrap();
    let late = [
        Change::Insert(row(2)),
        Change::Update(row(1), stale.clone()),
    ];
    assert!(matches!(place.batch(&late).await, Err(Failure::Changed)));
    let late = [Change::Insert(row(2)), Change::Delete(row(1).key, stale)];
    assert!(matches!(place.batch(&late).await, Err(Failure::Changed)));
    assert!(place.get(2).await.is_none() && place.get(1).await.is_some());
}

#[tokio::test]
async fn a_change_of_a_row_that_is_not_there_creates_none() {
    let place = tables().await;
    place.client.insert(Table::Chats, &row(1)).await.unwrap();
    let etag = place.get(1).await.unwrap().etag().unwrap();
    let batched = place.batch(&[Change::Update(row(2), etag.clone())]).await;
    assert!(
        matches!(batched, Err(Failure::Missing | Failure::Changed)),
        "{batched:?}"
    );
    let alone = place.client.update(Table::Chats, &row(3), &etag).await;
    assert!(
        matches!(alone, Err(Failure::Missing | Failure::Changed)),
        "{alone:?}"
    );
    assert!(place.get(2).await.is_none() && place.get(3).await.is_none());
}

#[tokio::test]
async fn a_batch_holds_a_hundred_operations_and_no_more() {
    let place = tables().await;
    let inserts = |count| {
        (0..count)
            .map(|n| Change::Insert(row(n)))
            .collect::<Vec<_>>()
    };
    let refused = place.batch(&inserts(101)).await;
    assert!(matches!(refused, Err(Failure::Refused { .. })));
    assert!(place.get(0).await.is_none());
    place.batch(&inserts(100)).await.unwrap();
    assert!(place.get(99).await.is_some());
}

#[tokio::test]
async fn keys_of_any_text_find_their_own_row() {
    let place = tables().await;
    let texts = [
        "o'brien",
        "a/b\\c#d?e",
        "tab\t",
        "",
        " ",
        "%2f",
        "é✓",
        "a'b'c",
        "..",
        "~",
    ];
    for (number, text) in (0..).zip(texts) {
        let key = Key::word("name").and(text);
        let row = Row::new(key.clone(), key).with_number("value", number);
        place.client.insert(Table::Users, &row).await.unwrap();
    }
    for (number, text) in (0..).zip(texts) {
        let key = Key::word("name").and(text);
        let got = place.client.get(Table::Users, &key, &key).await.unwrap();
        assert_eq!(got.unwrap().number("value").unwrap(), number, "{text}");
        let all = place
            .client
            .query(Table::Users, &key, None, 9)
            .await
            .unwrap();
        assert_eq!(all.len(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_query_goes_on_through_all_answers_and_stops_at_its_limit() {
    let place = tables().await;
    for hundred in 0..12 {
        let inserts: Vec<_> = (0..100)
            .map(|n| Change::Insert(row(hundred * 100 + n)))
            .collect();
        place.batch(&inserts).await.unwrap();
    }
    let numbers = async |range, most| {
        let rows = place.client.query(Table::Chats, &partition(), range, most);
        let rows = rows.await.unwrap();
        rows.iter()
            .map(|row| row.number("value").unwrap())
            .collect::<Vec<_>>()
    };
    let everything = Some(Key::word("r").range());
    assert_eq!(
        numbers(everything.clone(), 5_000).await,
        (0..1_200).collect::<Vec<_>>()
    );
    assert_eq!(
        numbers(everything.clone(), 1_100).await,
        (0..1_100).collect::<Vec<_>>()
    );
    assert_eq!(numbers(everything, 10).await, (0..10).collect::<Vec<_>>());
    let key = |n| row(n).key.as_str().to_owned();
    assert_eq!(numbers(Some((key(5), key(8))), 10).await, [5, 6, 7]);
}

#[tokio::test]
async fn an_insert_that_was_done_before_is_done_and_another_is_not() {
    let place = tables().await;
    place.client.insert(Table::Chats, &row(1)).await.unwrap();
    place.client.insert(Table::Chats, &row(1)).await.unwrap();
    let other = row(1).with("more", "words");
    let refused = place.client.insert(Table::Chats, &other).await;
    assert!(matches!(refused, Err(Failure::Exists)));
}

#[tokio::test]
async fn a_missing_table_or_a_wrong_key_is_not_a_missing_row() {
    let account = Azurite::account();
    let place = client(&account.name, &account.key, &account.endpoint);
    let got = place.get(Table::Users, &partition(), &partition()).await;
    assert!(matches!(got, Err(Failure::Refused { .. })), "{got:?}");
    let stranger = client(&account.name, "c3RyYW5nZXI=", &account.endpoint);
    let got = stranger.get(Table::Users, &partition(), &partition()).await;
    assert!(matches!(got, Err(Failure::Refused { .. })), "{got:?}");
}

#[test]
fn every_name_of_a_table_is_one_that_the_service_takes() {
    for name in Table::ALL.map(Table::name) {
        assert!((3..=63).contains(&name.len()) && name.chars().all(|c| c.is_ascii_lowercase()));
    }
}

/// A service that counts who connects to it.
struct Counted(TcpListener, Arc<AtomicUsize>);

impl axum::serve::Listener for Counted {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let accepted = self.0.accept().await.unwrap();
        self.1.fetch_add(1, Ordering::Relaxed);
        accepted
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A client of a service that answers everything in one way; who connects, and how often it was asked.
async fn at(router: Router) -> (Client, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::default();
    let counted = Counted(listener, Arc::clone(&connections));
    tokio::spawn(async move { axum::serve(counted, router).await });
    let endpoint = format!("http://{address}/chatr");
    (client("chatr", "a2V5Cg==", &endpoint), connections)
}

#[tokio::test]
async fn connections_are_kept() {
    let missing = any(async || (StatusCode::NOT_FOUND, "{}"));
    let (client, connections) = at(Router::new().fallback(missing)).await;
    for _ in 0..20 {
        let got = client.get(Table::Users, &partition(), &partition()).await;
        assert!(got.unwrap().is_none());
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_service_in_trouble_is_not_asked_over_and_over() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = asked.clone();
    let busy = any(move || {
        counting.fetch_add(1, Ordering::Relaxed);
        async { StatusCode::SERVICE_UNAVAILABLE }
    });
    let (client, _) = at(Router::new().fallback(busy)).await;
    let begun = Instant::now();
    for _ in 0..100 {
        let got = client.get(Table::Users, &partition(), &partition()).await;
        assert!(matches!(
            got,
            Err(Failure::Unknown { .. } | Failure::Unsent { .. })
        ));
    }
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked < 40, "it was asked {asked} times");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn whoever_never_answers_is_given_up_in_time() {
    let silent = any(async || pending::<StatusCode>().await);
    let (client, _) = at(Router::new().fallback(silent)).await;
    let begun = Instant::now();
    let got = client.get(Table::Users, &partition(), &partition()).await;
    assert!(matches!(got, Err(Failure::Unknown { .. })), "{got:?}");
    let sent = client
        .batch(Table::Users, &partition(), &[Change::Insert(row(1))])
        .await;
    assert!(
        matches!(sent, Err(Failure::Unknown { .. })),
        "it may have been done"
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_cannot_have_been_sent_was_not_done() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/chatr", free.local_addr().unwrap());
    drop(free);
    let nobody = client("chatr", "a2V5Cg==", &endpoint);
    let sent = nobody
        .batch(Table::Users, &partition(), &[Change::Insert(row(1))])
        .await;
    assert!(matches!(sent, Err(Failure::Unsent { .. })), "{sent:?}");
}
