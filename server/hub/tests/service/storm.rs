//! Bad luck in quantity: sockets cut at random, and random bytes on sockets. Seeded, so that a run can be had again:
//! `HUB_SEED` names the seed, `HUB_CYCLES` how often a socket is cut.

use super::handmade::{Wire, masked};
use super::support::{Client, JSON, RELIABLE, Service, config, text};
use serde_json::{Value, json};
use wire::rest::{Call, Target};

/// Numbers that look random. Source: Marsaglia, Xorshift RNGs (2003).
struct Chance(u64);

impl Chance {
    fn seeded() -> Self {
        Self(setting("HUB_SEED", 0x2545_F491_4F6C_DD1D).max(1))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().expect("a number"))
}

/// What a careful client knows of its messages.
#[derive(Default)]
struct Ledger {
    heard: u64,
    acknowledged: u64,
}

impl Ledger {
    /// Takes one message in. One that comes again after a recovery is known; any other is the next.
    fn take(&mut self, message: &Value) {
        let number = message["sequenceId"].as_u64().expect("a number");
        assert_eq!(message["data"], json!(number.to_string()));
        assert!(number > self.acknowledged, "{number} was acknowledged");
        if number > self.heard {
            assert_eq!(number, self.heard + 1, "none is lost");
            self.heard = number;
        }
    }

    async fn hear(&mut self, client: &mut Client) {
        self.take(&client.json().await);
    }

    /// Reads on to the answer to a ping, which says that the acknowledgement arrived.
    async fn acknowledge(&mut self, client: &mut Client) {
        let number = self.heard;
        let frame = format!(r#"{{"type":"sequenceAck","sequenceId":{number}}}"#);
        client.send(&frame).await;
        client.send(r#"{"type":"ping"}"#).await;
        loop {
            let frame = client.json().await;
            if frame["type"] == json!("pong") {
                break;
            }
            self.take(&frame);
        }
        self.acknowledged = number;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_cut_at_random_loses_nothing_and_hears_nothing_twice() {
    let cycles = setting("HUB_CYCLES", 300);
    let service = Service::alone(config()).await;
    let mut chance = Chance::seeded();
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let (id, token) = client.greeting().await;
    let query = format!("awps_connection_id={id}&awps_reconnection_token={token}");
    let (mut ledger, mut sent) = (Ledger::default(), 0);
    let say = async |sent: &mut u64, count: u64| {
        for _ in 0..count {
            *sent += 1;
            let call = Call::send(Target::User("ada".into()), text(&sent.to_string()));
            assert_eq!(service.call(call).await, 202);
        }
    };
    for cycle in 0..cycles {
        say(&mut sent, chance.below(8)).await;
        for _ in 0..chance.below(sent - ledger.heard + 1) {
            ledger.hear(&mut client).await;
        }
        if chance.below(3) == 0 || sent - ledger.acknowledged > 500 {
            ledger.acknowledge(&mut client).await;
        }
        // The old socket is dropped before the new one comes, after it, or by the hub.
        let old = (chance.below(2) == 0).then_some(client);
        say(&mut sent, chance.below(4)).await;
        let opened = service.open(&query, RELIABLE).await;
        client = opened.unwrap_or_else(|status| panic!("cycle {cycle}: {status}"));
        assert_eq!(client.greeting().await.0, id, "cycle {cycle}");
        drop(old);
    }
    while ledger.heard < sent {
        ledger.hear(&mut client).await;
    }
    ledger.acknowledge(&mut client).await;
    client.has_nothing().await;
    assert_eq!((ledger.heard, service.hub.connections()), (sent, 1));
}

#[tokio::test]
async fn whatever_bytes_come_the_others_are_served() {
    let service = Service::alone(config()).await;
    let mut chance = Chance::seeded();
    let mut other = service.member(JSON, "ada", "g").await;
    for round in 0..200_u64 {
        let mut wire = Wire::client(&service, "").await;
        for _ in 0..1 + chance.below(4) {
            let bytes: Vec<u8> = (0..chance.below(200))
                .map(|_| u8::try_from(chance.below(256)).expect("is a byte"))
                .collect();
            match chance.below(3) {
                0 => wire.pour(&bytes).await,
                1 => wire.pour(&masked(0x81, &bytes)).await,
                _ => {
                    let first = u8::try_from(chance.below(256)).expect("is a byte");
                    wire.pour(&masked(first, &bytes)).await;
                }
            }
        }
        if round % 20 == 0 {
            let call = Call::send(Target::Group("g".into()), text(&round.to_string()));
            assert_eq!(service.call(call).await, 202);
            assert_eq!(other.json().await["data"], json!(round.to_string()));
        }
    }
    other.has_nothing().await;
}
