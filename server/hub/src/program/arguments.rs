//! What the program can be told, on its command line or in its environment, and what of it is refused.

use clap::Parser;
use hub::{Config, Handler, SystemEvent, UserEvents};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use uuid::Uuid;

/// Bytes of an access key. Source: emulator of the service.
const MIN_KEY: usize = 32;

/// A Web PubSub service on a port, for applications and tests that use Azure's SDKs.
///
/// Prints its connection string when it starts, then one line when it is ready. SIGTERM or SIGINT makes it
/// tell its clients and handlers, and stop.
#[derive(Parser, Debug)]
#[command(name = "hub", version)]
pub struct Arguments {
    /// The port; 0 takes a free one.
    #[arg(long, env = "HUB_PORT", default_value_t = 8080, value_name = "PORT")]
    port: u16,

    /// The IP address to listen on.
    #[arg(
        long,
        env = "HUB_LISTEN",
        default_value = "127.0.0.1",
        value_name = "ADDRESS"
    )]
    listen: IpAddr,

    /// The access key, at least 32 bytes. Without it, one is made up at every start.
    #[arg(long, env = "HUB_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,

    /// A second key that tokens may be signed with, for changing keys without a pause.
    #[arg(
        long,
        env = "HUB_SECOND_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    second_key: Option<String>,

    /// A host, with its port, that clients call instead of this address: that of a proxy. May be repeated.
    #[arg(
        long = "host",
        env = "HUB_HOSTS",
        value_delimiter = ',',
        value_name = "HOST"
    )]
    hosts: Vec<String>,

    /// An event handler, as words of the form name=value:
    /// `hub=chat url=http://127.0.0.1:3000/{hub}/{event} user-events=* system-events=connect,disconnected`.
    ///
    /// hub: its name; every hub if left out. url: http only; {hub} and {event} are replaced.
    /// user-events: `*` (default), or names, or nothing. system-events: any of connect, connected and
    /// disconnected; none if left out. The first handler that fits an event gets it. May be repeated; in
    /// the environment, handlers are separated by `;`.
    #[arg(long = "handler", env = "HUB_HANDLERS", value_delimiter = ';', value_parser = handler, value_name = "WORDS")]
    handlers: Vec<Handler>,

    /// Lets clients in that show no token.
    #[arg(long, env = "HUB_ANONYMOUS")]
    anonymous: bool,

    /// Seconds between pings; a client that is silent for twice as long is dropped.
    #[arg(long, env = "HUB_KEEP_ALIVE", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=120), value_name = "SECONDS")]
    keep_alive: u64,

    /// Seconds that a lost reliable client may take to come back.
    #[arg(long, env = "HUB_RETENTION", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600), value_name = "SECONDS")]
    retention: u64,

    /// Seconds that clients and handlers get to hear of the end.
    #[arg(long, env = "HUB_DRAIN", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=3600), value_name = "SECONDS")]
    drain: u64,

    /// What to log to the standard error stream: error, warn, info, debug or trace, also by module.
    #[arg(long, env = "HUB_LOG", default_value = "info", value_name = "FILTER")]
    log: String,

    /// Logs one JSON object a line.
    #[arg(long, env = "HUB_JSON_LOGS")]
    json_logs: bool,
}

impl Arguments {
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.listen, self.port)
    }

    /// What the hub is to do. Fails with a sentence about a key that will not do; it does not tell the key,
    /// which an error of the command line would.
    pub fn config(&self) -> Result<Config, String> {
        for key in self.key.iter().chain(&self.second_key) {
            check(key).map_err(|why| format!("the access key will not do: {why}"))?;
        }
        let mut config = Config::new(self.key.clone().unwrap_or_else(made_up_key));
        config.keys.extend(self.second_key.clone());
        config.hosts.clone_from(&self.hosts);
        config.anonymous = self.anonymous;
        config.keep_alive = Duration::from_secs(self.keep_alive);
        config.retention = Duration::from_secs(self.retention);
        config.handlers.clone_from(&self.handlers);
        Ok(config)
    }

    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain)
    }

    pub fn log(&self) -> &str {
        &self.log
    }

    pub fn json_logs(&self) -> bool {
        self.json_logs
    }
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

fn handler(text: &str) -> Result<Handler, String> {
    let mut read = Handler {
        hub: None,
        url_template: String::new(),
        user_events: UserEvents::All,
        system_events: Vec::new(),
    };
    for word in text.split_whitespace() {
        let (name, value) = word
            .split_once('=')
            .ok_or_else(|| format!("`{word}` is not of the form name=value"))?;
        match name {
            "hub" => {
                read.hub =
                    Some(hub::hub_name(value).ok_or_else(|| format!("`{value}` names no hub"))?);
            }
            "url" => read.url_template = url_template(value)?,
            "user-events" if value == "*" => read.user_events = UserEvents::All,
            "user-events" => read.user_events = UserEvents::Named(listed(value)),
            "system-events" => {
                read.system_events = listed(value)
                    .iter()
                    .map(|name| system_event(name))
                    .collect::<Result<_, _>>()?;
            }
            _ => {
                return Err(format!(
                    "`{name}` is not one of hub, url, user-events and system-events"
                ));
            }
        }
    }
    if read.url_template.is_empty() {
        return Err("a handler needs url=http://…".into());
    }
    Ok(read)
}

fn url_template(value: &str) -> Result<String, String> {
    let filled = value.replace("{hub}", "hub").replace("{event}", "event");
    let uri: http::Uri = filled
        .parse()
        .map_err(|error| format!("`{value}` is not a URL: {error}"))?;
    match uri.scheme_str() {
        Some("http") if uri.host().is_some() => Ok(value.to_owned()),
        Some("https") => Err(format!(
            "`{value}`: handlers are called over http only; put a proxy in between"
        )),
        _ => Err(format!("`{value}` does not begin with http://")),
    }
}

fn listed(value: &str) -> Vec<String> {
    value
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn system_event(name: &str) -> Result<SystemEvent, String> {
    match name {
        "connect" => Ok(SystemEvent::Connect),
        "connected" => Ok(SystemEvent::Connected),
        "disconnected" => Ok(SystemEvent::Disconnected),
        _ => Err(format!(
            "`{name}` is not one of connect, connected and disconnected"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_handler_is_read_from_words() {
        let read = handler("hub=Chat url=http://h:1/{event} user-events=a,b system-events=connect")
            .expect("a handler");
        assert_eq!(read.hub.as_deref(), Some("chat"));
        assert_eq!(read.url_template, "http://h:1/{event}");
        assert_eq!(
            read.user_events,
            UserEvents::Named(vec!["a".into(), "b".into()])
        );
        assert_eq!(read.system_events, [SystemEvent::Connect]);
        let least = handler("url=http://h/").expect("a handler");
        assert!(least.hub.is_none() && least.user_events == UserEvents::All);
    }

    #[test]
    fn a_bad_handler_is_told_what_is_wrong_with_it() {
        for (text, why) in [
            ("", "needs url"),
            ("chat", "name=value"),
            ("hub=9 url=http://h", "no hub"),
            ("url=https://h", "http only"),
            ("url=h", "http://"),
            ("url=http://h system-events=gone", "connected"),
            ("url=http://h colour=red", "colour"),
        ] {
            let told = handler(text).expect_err(text);
            assert!(told.contains(why), "{text}: {told}");
        }
    }

    #[test]
    fn a_key_that_a_connection_string_cannot_hold_is_refused() {
        assert!(check("short").is_err());
        assert!(check(&";".repeat(40)).is_err());
        assert!(check(&made_up_key()).is_ok());
    }
}
