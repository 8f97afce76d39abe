//! What the program is to do: the command line and the environment, else the file, else the defaults; checked as a
//! whole, so that an operator hears of everything that is wrong at once. No sentence repeats a key or a token.

use super::arguments::Arguments;
use super::handler::{HandlerWords, words};
use hub::Config;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use uuid::Uuid;

/// Bytes of an access key. Source: emulator of the service.
const MIN_KEY: usize = 32;

/// A file's settings have the names of the command line's.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct File {
    port: Option<u16>,
    listen: Option<IpAddr>,
    key: Option<String>,
    second_key: Option<String>,
    host: Vec<String>,
    hub: Vec<String>,
    handler: Vec<HandlerWords>,
    handler_timeout: Option<u64>,
    anonymous: bool,
    max_connections: Option<usize>,
    keep_alive: Option<u64>,
    retention: Option<u64>,
    head_timeout: Option<u64>,
    drain: Option<u64>,
    page: bool,
    log: Option<String>,
    json_logs: bool,
}

pub struct Settings {
    pub address: SocketAddr,
    pub config: Config,
    pub head_timeout: Duration,
    pub drain: Duration,
    pub page: bool,
    pub log: String,
    pub json_logs: bool,
}

impl Settings {
    pub fn of(arguments: Arguments) -> Result<Self, Vec<String>> {
        let file = match &arguments.config {
            None => File::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| vec![format!("cannot read {}: {error}", path.display())])?;
                read(&text).map_err(|why| vec![format!("{}: {why}", path.display())])?
            }
        };
        merged(arguments, file)
    }
}

/// The readers' own words repeat the value that is wrong, which may be a key: only its place is told.
fn read(text: &str) -> Result<File, String> {
    let line = |error: &toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        before.matches('\n').count() + 1
    };
    let table = toml::Deserializer::parse(text)
        .map_err(|error| format!("line {} is not TOML", line(&error)))?;
    serde_path_to_error::deserialize(table).map_err(|error| {
        format!(
            "line {}: `{}` is no setting, or its value is not of the right kind",
            line(error.inner()),
            error.path()
        )
    })
}

fn merged(arguments: Arguments, file: File) -> Result<Settings, Vec<String>> {
    let mut wrong = Vec::new();
    let mut seconds = |name: &str, said: Option<u64>, default: u64, least: u64, most: u64| {
        let seconds = said.unwrap_or(default);
        if !(least..=most).contains(&seconds) {
            wrong.push(format!(
                "{name} is {seconds} and must be from {least} to {most} seconds"
            ));
        }
        Duration::from_secs(seconds)
    };
    let keep_alive = arguments.keep_alive.or(file.keep_alive);
    let keep_alive = seconds("keep-alive", keep_alive, 20, 1, 120);
    let retention = arguments.retention.or(file.retention);
    let retention = seconds("retention", retention, 30, 1, 3_600);
    let head_timeout = arguments.head_timeout.or(file.head_timeout);
    let head_timeout = seconds("head-timeout", head_timeout, 15, 1, 120);
    let drain = arguments.drain.or(file.drain);
    let drain = seconds("drain", drain, 10, 0, 3_600);
    let handler_timeout = arguments.handler_timeout.or(file.handler_timeout);
    let handler_timeout = seconds("handler-timeout", handler_timeout, 100, 1, 3_600);

    let key = arguments.key.or(file.key);
    let second_key = arguments.second_key.or(file.second_key);
    for (name, key) in [("key", &key), ("second-key", &second_key)] {
        if let Some(Err(why)) = key.as_deref().map(check) {
            wrong.push(format!("{name}, the access key, will not do: {why}"));
        }
    }
    let mut config = Config::new(key.unwrap_or_else(made_up_key));
    config.keys.extend(second_key);
    config.hosts = or(arguments.hosts, file.host);
    let hubs = or(arguments.hubs, file.hub);
    if !hubs.is_empty() {
        let mut names = Vec::new();
        for name in &hubs {
            match hub::hub_name(name) {
                Some(name) => names.push(name),
                None => wrong.push(format!("hub: `{name}` names no hub")),
            }
        }
        config.hubs = Some(names);
    }
    let said = arguments.handlers.iter().map(|text| words(text)).collect();
    let written = file.handler.into_iter().map(Ok).collect();
    for (at, words) in or(said, written).into_iter().enumerate() {
        let read = words.map_err(|why| vec![why]);
        match read.and_then(|words| words.handler()) {
            Ok(handler) => config.handlers.push(handler),
            Err(whys) => {
                let at = at + 1;
                wrong.extend(whys.iter().map(|why| format!("handler {at}: {why}")));
            }
        }
    }
    config.handler_timeout = handler_timeout;
    config.anonymous = arguments.anonymous || file.anonymous;
    config.max_connections = arguments.max_connections.or(file.max_connections);
    config.keep_alive = keep_alive;
    config.retention = retention;
    let page = arguments.page || file.page;
    config.journal = page;
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Settings {
        address: SocketAddr::new(
            arguments
                .listen
                .or(file.listen)
                .unwrap_or(Ipv4Addr::LOCALHOST.into()),
            arguments.port.or(file.port).unwrap_or(8080),
        ),
        config,
        head_timeout,
        drain,
        page,
        log: arguments
            .log
            .or(file.log)
            .unwrap_or_else(|| "info".to_owned()),
        json_logs: arguments.json_logs || file.json_logs,
    })
}

fn or<T>(said: Vec<T>, file: Vec<T>) -> Vec<T> {
    if said.is_empty() { file } else { said }
}

/// 244 random bits.
fn made_up_key() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn check(text: &str) -> Result<(), String> {
    if text.len() < MIN_KEY {
        return Err(format!(
            "it has {} bytes and needs {MIN_KEY} or more",
            text.len()
        ));
    }
    if text.trim() != text || text.contains(|c: char| c == ';' || c.is_control()) {
        return Err("it may hold no `;`, no control characters, and no spaces at its ends".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_a_connection_string_cannot_hold_is_refused() {
        assert!(check("short").is_err());
        assert!(check(&";".repeat(40)).is_err());
        assert!(check(&made_up_key()).is_ok());
    }

    #[test]
    fn the_command_line_outranks_the_file_and_that_the_defaults() {
        let file = read(
            "port = 1\nkeep-alive = 7\nanonymous = true\nhub = [\"Chat\"]\n\
             [[handler]]\nurl = \"http://h/{event}\"\nuser-events = [\"a\"]\nsystem-events = \"connect\"\n",
        )
        .expect("reads");
        let arguments = Arguments {
            port: Some(2),
            ..Arguments::default()
        };
        let settings = merged(arguments, file).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        assert_eq!(settings.address.port(), 2);
        assert_eq!(settings.config.keep_alive, Duration::from_secs(7));
        assert_eq!(settings.config.retention, Duration::from_secs(30));
        assert_eq!(settings.config.hubs, Some(vec!["chat".to_owned()]));
        assert!(settings.config.anonymous && !settings.page);
        assert_eq!(settings.config.handlers.len(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_read_names_the_line_and_not_the_key() {
        for (text, line) in [
            ("port = 1\nkey = secret\n", "line 2"),
            ("\n\nport = \"secret\"\n", "line 3"),
            ("colour = 1\n", "colour"),
            ("[[handler]]\nurl = \"http://h\"\nsecret = 1\n", "line"),
        ] {
            let told = read(text).err().expect(text);
            assert!(told.contains(line), "{told}");
        }
        for (text, place) in [
            ("key = secret-of-mine\n", "line 1"),
            ("port = 1\nkey = 5337\n", "line 2: `key`"),
            (
                "second-key = [\"secret-of-mine\"]\n",
                "line 1: `second-key`",
            ),
            (
                "handler = \"url=http://h bearer=secret-of-mine\"\n",
                "line 1: `handler`",
            ),
            (
                "handler = [\"url=http://h bearer=secret-of-mine\"]\n",
                "line 1: `handler[0]`",
            ),
            (
                "[[handler]]\nurl = \"http://h\"\n[[handler]]\nurl = \"http://h\"\nbearer = 5337\n",
                "line 5: `handler[1].bearer`",
            ),
            ("port = \"secret-of-mine\"\n", "line 1: `port`"),
        ] {
            let told = read(text).err().expect(text);
            assert!(told.contains(place), "{text}: {told}");
            for secret in ["secret-of-mine", "5337"] {
                assert!(!told.contains(secret), "{text}: {told}");
            }
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let arguments = Arguments {
            key: Some("short".into()),
            keep_alive: Some(0),
            drain: Some(9_999),
            hubs: vec!["9".into()],
            handlers: vec!["url=http://h".into(), "hub=chat".into()],
            ..Arguments::default()
        };
        let wrong = merged(arguments, File::default()).err().expect("is wrong");
        for word in [
            "5 bytes",
            "keep-alive",
            "drain",
            "`9`",
            "handler 2: a handler needs url",
        ] {
            assert!(
                wrong.iter().any(|why| why.contains(word)),
                "{word}: {wrong:?}"
            );
        }
    }
}
