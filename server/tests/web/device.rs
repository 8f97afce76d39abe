//! A device that makes passkeys and answers with them, as the Web Authentication standard says. It signs whatever it is
//! told to: its lies are the tests'. Refuses to know what the site makes of it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Present and verified; with more of them, a key is attached.
const SEEN: u8 = 0b0000_0101;
const ATTACHED: u8 = 0b0100_0000;

/// A device with one passkey, and what it says about itself.
#[derive(Clone)]
pub struct Device {
    key: SigningKey,
    pub id: Vec<u8>,
    pub user: Vec<u8>,
    /// Goes up with each answer.
    pub counter: u32,
    pub origin: &'static str,
    pub party: &'static str,
    pub flags: u8,
}

impl Device {
    pub fn new(number: u8) -> Device {
        Device {
            key: SigningKey::from_bytes(&[number; 32].into()).unwrap(),
            id: vec![number; 16],
            user: Vec::new(),
            counter: 1,
            origin: "http://localhost:3000",
            party: "localhost",
            flags: SEEN,
        }
    }

    /// Makes its passkey, for whom the question names.
    pub fn make(&mut self, question: &str) -> Value {
        let question: Value = serde_json::from_str(question).unwrap();
        self.user = decoded(&question["user"]["id"]);
        let point = self.key.verifying_key().to_encoded_point(false);
        let mut data = self.data(ATTACHED);
        data.extend([0; 16]);
        data.extend([0, u8::try_from(self.id.len()).unwrap()]);
        data.extend(&self.id);
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().unwrap());
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().unwrap());
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(data);
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&self.client("webauthn.create", &question)),
                "attestationObject": encoded(&attestation),
                "transports": ["internal", "of-next-year"],
            },
        })
    }

    /// Proves that it has its passkey.
    pub fn answer(&mut self, question: &str) -> Value {
        let question: Value = serde_json::from_str(question).unwrap();
        self.counter = self.counter.wrapping_add(1);
        let (data, client) = (self.data(0), self.client("webauthn.get", &question));
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&client),
                "authenticatorData": encoded(&data),
                "signature": encoded(signature.to_der().as_bytes()),
                "userHandle": encoded(&self.user),
            },
        })
    }

    /// As `answer`, of a device that does not count.
    pub fn uncounted(&mut self, question: &str) -> Value {
        self.counter = u32::MAX;
        self.answer(question)
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.party).to_vec();
        data.push(self.flags | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, question: &Value) -> Vec<u8> {
        let client = json!({
            "type": kind,
            "challenge": question["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        client.to_string().into_bytes()
    }
}

/// The field with one of its bits turned.
pub fn turned(answer: &Value, field: &str) -> Value {
    let mut turned = answer.clone();
    let mut bytes = decoded(&answer["response"][field]);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    turned["response"][field] = encoded(&bytes).into();
    turned
}

pub fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(value: &Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD
        .decode(value.as_str().unwrap())
        .unwrap()
}
