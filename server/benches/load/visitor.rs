//! Somebody who comes by HTTP as a browser does, signs in, and gets tickets for sockets. Refuses to know what they are
//! for.

use crate::lab::{Fault, KEY, void};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use wire::token::{Claims, sign};

const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who is signed in.
pub struct Visitor {
    pub id: String,
    pub cookie: String,
    /// The public chat where everybody lands.
    pub lobby: String,
}

impl Visitor {
    pub fn sign_in(host: &str, name: &str) -> Result<Visitor, Fault> {
        let form = format!("name={}", name.replace(' ', "+"));
        let form_type = "content-type: application/x-www-form-urlencoded\r\n";
        let answer = post(host, "/.auth/login/guest", form_type, &form)?;
        let cookie = answer
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))
            .and_then(|cookie| cookie.split(';').next())
            .unwrap_or_default()
            .to_owned();
        let json = format!(
            "cookie: {cookie}\r\ncontent-type: application/json\r\naccept: application/json\r\n"
        );
        let answer = post(host, "/api/snapshot", &json, r#"{"open":null}"#)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let snapshot: Value = serde_json::from_str(body).map_err(io::Error::other)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match text(&snapshot["me"]["id"]).zip(text(&snapshot["defaultChat"])) {
            Some((id, lobby)) => Ok(Visitor { id, cookie, lobby }),
            None => void(format!("{name} was not let in: {answer}")),
        }
    }
}

/// One request on a connection of its own; the whole answer as it came.
fn post(host: &str, path: &str, headers: &str, body: &str) -> Result<String, Fault> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\nconnection: close\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The path that opens a socket for somebody.
pub fn ticket(host: &str, user: &str) -> String {
    let claims = Claims {
        aud: format!("http://{host}/client/hubs/chat"),
        exp: u64::from(u32::MAX),
        sub: Some(user.to_owned()),
        ..Claims::default()
    };
    let token = sign(&claims, KEY).expect("a key of the right length signs");
    format!("/client/hubs/chat?access_token={token}")
}
