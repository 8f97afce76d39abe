//! RFC 6455, rule by rule, in handmade bytes: what breaks a rule is closed with the code that the rule names, and the
//! close frame arrives whatever else was on its way.

use super::handmade::{Wire, masked};
use super::support::{Service, config};

const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;
const CLOSE: u8 = 0x88;

/// Sends bytes and expects this close code and a good end.
async fn closes(service: &Service, what: &str, bytes: &[u8], code: u16) {
    let mut wire = Wire::client(service, "").await;
    wire.write(bytes).await;
    assert_eq!(wire.closed().await, (code, true), "{what}");
}

fn joined(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
}

#[tokio::test]
async fn a_frame_that_breaks_the_protocol_closes_with_1002() {
    let service = Service::alone(config()).await;
    let unmasked = [TEXT, 2, b'{', b'}'];
    for (what, bytes) in [
        ("5.1: a client masks", unmasked.to_vec()),
        ("5.2: reserved bit 1", masked(TEXT | 0x40, b"{}")),
        ("5.2: reserved bit 2", masked(TEXT | 0x20, b"{}")),
        ("5.2: reserved bit 3", masked(TEXT | 0x10, b"{}")),
        ("5.2: opcode 3", masked(0x83, b"{}")),
        ("5.2: opcode 7", masked(0x87, b"{}")),
        ("5.2: opcode 11", masked(0x8B, b"")),
        ("5.2: opcode 15", masked(0x8F, b"")),
        ("5.4: nothing to continue", masked(0x80, b"{}")),
        (
            "5.4: a new message within another",
            joined(&[masked(0x01, b"{"), masked(TEXT, b"{}")]),
        ),
        ("5.5: a ping in fragments", masked(0x09, b"")),
        ("5.5: a close in fragments", masked(0x08, b"")),
        ("5.5: a long ping", masked(PING, &[0; 126])),
        ("5.5: a long close", masked(CLOSE, &[3; 126])),
        ("5.5.1: half a code", masked(CLOSE, &[3])),
        (
            "7.4.1: code 1005 is for nobody",
            masked(CLOSE, &1005_u16.to_be_bytes()),
        ),
        (
            "7.4.1: code 1006 is for nobody",
            masked(CLOSE, &1006_u16.to_be_bytes()),
        ),
        (
            "7.4.2: code 999 is for nobody",
            masked(CLOSE, &999_u16.to_be_bytes()),
        ),
    ] {
        closes(&service, what, &bytes, 1002).await;
    }
}

#[tokio::test]
async fn a_text_that_is_not_utf8_closes_with_1007() {
    let service = Service::alone(config()).await;
    for (what, bytes) in [
        ("8.1: a byte that is never", masked(TEXT, &[0xFF])),
        ("8.1: a surrogate", masked(TEXT, &[0xED, 0xA0, 0x80])),
        ("8.1: too long a form", masked(TEXT, &[0xC0, 0xAF])),
        ("8.1: half a character", masked(TEXT, &[0xC5])),
        (
            "8.1: within fragments",
            joined(&[masked(0x01, &[0xC5]), masked(0x80, &[0x41])]),
        ),
    ] {
        closes(&service, what, &bytes, 1007).await;
    }
}

#[tokio::test]
async fn a_character_may_be_cut_by_a_fragment_and_a_ping_may_come_between() {
    let service = Service::alone(config()).await;
    let mut wire = Wire::client(&service, "").await;
    let frame = r#"{"type":"ping","ż":1}"#.as_bytes();
    let cut = frame
        .iter()
        .position(|byte| !byte.is_ascii())
        .expect("is there")
        + 1;
    wire.frame(0x01, &frame[..cut]).await;
    wire.frame(PING, b"between").await;
    wire.frame(0x80, &frame[cut..]).await;
    assert_eq!(wire.next().await, (PONG, b"between".to_vec()));
    assert_eq!(wire.next().await, (TEXT, br#"{"type":"pong"}"#.to_vec()));
}

#[tokio::test]
async fn a_message_that_is_too_big_closes_with_1009_before_it_has_come() {
    let service = Service::alone(config()).await;
    let announced = |bytes: u64| {
        let mut frame = vec![TEXT, 0x80 | 127];
        frame.extend(bytes.to_be_bytes());
        frame.extend([0; 4]);
        frame
    };
    let most = hub::MAX_MESSAGE as u64;
    closes(&service, "a byte too many", &announced(most + 1), 1009).await;
    closes(&service, "four gigabytes", &announced(1 << 32), 1009).await;
    let mut wire = Wire::client(&service, "").await;
    let quarter = vec![b'x'; hub::MAX_MESSAGE / 4];
    wire.frame(0x01, &quarter).await;
    for _ in 0..3 {
        wire.frame(0x00, &quarter).await;
    }
    wire.pour(&masked(0x00, b"x")).await;
    assert_eq!(wire.closed().await.0, 1009);
}

#[tokio::test]
async fn a_ping_is_answered_with_its_own_words_and_a_pong_with_nothing() {
    let service = Service::alone(config()).await;
    let mut wire = Wire::client(&service, "").await;
    wire.frame(PONG, b"unasked").await;
    wire.frame(PING, b"").await;
    wire.frame(PING, &[7; 125]).await;
    assert_eq!(wire.next().await, (PONG, Vec::new()));
    assert_eq!(wire.next().await, (PONG, vec![7; 125]));
}

#[tokio::test]
async fn a_close_is_answered_with_its_own_code_and_the_socket_ends() {
    let service = Service::alone(config()).await;
    for code in [1000_u16, 1001, 1003, 1007, 1011, 3000, 4999] {
        let mut wire = Wire::client(&service, "").await;
        wire.frame(CLOSE, &code.to_be_bytes()).await;
        assert_eq!(wire.closed().await, (code, true));
    }
    let mut wire = Wire::client(&service, "").await;
    wire.frame(CLOSE, b"").await;
    assert_eq!(wire.next().await.0, CLOSE);
}

#[tokio::test]
async fn the_close_frame_arrives_though_the_client_goes_on_sending() {
    let service = Service::alone(config()).await;
    for (wrong, code) in [
        (masked(0x83, b"{}"), 1002),
        (masked(TEXT, &[0xFF]), 1007),
        (masked(TEXT, b"not a frame"), 1007),
    ] {
        let mut wire = Wire::client(&service, "").await;
        wire.write(&wrong).await;
        wire.pour(&vec![0; 256 * 1024]).await;
        assert_eq!(wire.closed().await.0, code);
    }
}
