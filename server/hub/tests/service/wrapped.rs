//! A server that hands over connections of a kind of its own, as one with encryption does: the hub cannot take the
//! system's socket out of them, and everything is said all the same.

use super::support::{ALL, JSON, PATIENCE, Service, config, text};
use axum::body::Body;
use http::Response;
use hub::Hub;
use serde_json::json;
use std::sync::Arc;
use tokio::io::BufStream;
use tokio::net::{TcpListener, TcpStream};
use tower::util::BoxCloneSyncService;
use wire::rest::{Call, Target};

/// Accepts connections whose bytes wait for more before they leave.
struct Slow(TcpListener);

impl axum::serve::Listener for Slow {
    type Io = BufStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            if let Ok((stream, address)) = self.0.accept().await {
                return (BufStream::new(stream), address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

async fn wrapped() -> Service {
    let hub = Hub::new(config());
    let nobody = BoxCloneSyncService::new(tower::service_fn(|_| async {
        Ok(Response::new(Body::empty()))
    }));
    let router = hub.rest_router().merge(hub.socket_router(nobody));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move { axum::serve(Slow(listener), router).await });
    Service {
        hub,
        host,
        told: Arc::default(),
    }
}

#[tokio::test]
async fn a_connection_of_another_kind_hears_small_and_large_messages_in_order() {
    let service = wrapped().await;
    let mut client = service.client(JSON, "ada", ALL).await;
    let (id, _) = client.greeting().await;
    client
        .send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    assert_eq!(client.json().await["ackId"], json!(1));
    for size in [1, 100_000, 3, 700_000] {
        let words = "x".repeat(size);
        let to = Target::Group("g".into());
        assert_eq!(service.call(Call::send(to, text(&words))).await, 202);
        client.send(r#"{"type":"ping"}"#).await;
        let heard = [client.json().await, client.json().await];
        assert!(heard.iter().any(|frame| frame["data"] == json!(words)));
        assert!(heard.iter().any(|frame| frame["type"] == json!("pong")));
    }
    let close = Call::Close {
        whom: Target::Connection(id),
        excluded: Vec::new(),
        reason: None,
    };
    assert_eq!(service.call(close).await, 204);
    assert_eq!(client.json().await["event"], json!("disconnected"));
    assert_eq!(client.closed().await, Some(1000));
}

#[tokio::test]
async fn a_connection_of_another_kind_is_gone_when_its_client_is() {
    let service = wrapped().await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    client.cut();
    let gone = async {
        while service.hub.connections() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("is gone");
}
