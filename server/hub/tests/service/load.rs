//! One unit of the service as the yardstick: 1,000 connections that hear 3,000 messages of 2 KB a second.

use super::support::{JSON, Service, config, text};
use futures::StreamExt as _;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;
use wire::rest::{Call, Target};

const CONNECTIONS: usize = 1_000;
const ROUNDS: usize = 9;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_hear_three_thousand_messages_a_second_within_a_second() {
    let service = Service::alone(config()).await;
    let mut readers = Vec::new();
    for number in 0..CONNECTIONS {
        let mut client = service.member(JSON, &format!("u{number}"), "g").await;
        readers.push(tokio::spawn(async move {
            let mut arrivals = Vec::new();
            while arrivals.len() < ROUNDS {
                match client.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let round = text.as_str().split('#').nth(1);
                        arrivals.push((round.and_then(|n| n.parse().ok()), Instant::now()));
                    }
                    Some(Ok(_)) => {}
                    other => panic!("the socket ended: {other:?}"),
                }
            }
            arrivals
        }));
    }
    let mut pace = tokio::time::interval(Duration::from_millis(333));
    let mut sent = Vec::new();
    for round in 0..ROUNDS {
        pace.tick().await;
        sent.push(Instant::now());
        let payload = text(&format!("#{round}#{}", "x".repeat(2_048)));
        service
            .call(Call::send(Target::Group("g".into()), payload))
            .await;
    }
    let mut latencies = Vec::new();
    for reader in readers {
        let arrivals: Vec<(Option<usize>, Instant)> = reader.await.expect("ends well");
        for (at, (round, arrived)) in arrivals.into_iter().enumerate() {
            assert_eq!(round, Some(at), "in order, and none missing");
            latencies.push(arrived.duration_since(sent[at]));
        }
    }
    latencies.sort_unstable();
    assert_eq!(latencies.len(), CONNECTIONS * ROUNDS);
    let p99 = latencies[latencies.len() * 99 / 100];
    assert!(p99 < Duration::from_secs(1), "{p99:?}");
}
