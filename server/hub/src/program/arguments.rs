//! What the program can be told on its command line or in its environment. Refuses to judge it; `settings` does,
//! which repeats no secret, as the parser of the command line would.

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::net::IpAddr;
use std::path::PathBuf;

/// A Web PubSub service on a port, for applications and tests that use Azure's SDKs.
///
/// Prints its connection string when it starts, then one line when it is ready. SIGTERM or SIGINT makes it
/// tell its clients and handlers, and stop. What is said here outranks the environment, and that the file.
#[derive(Parser, Default)]
#[command(name = "hub", version)]
pub struct Arguments {
    /// A file with any of these settings, as TOML: `port = 8080`, `keep-alive = 20`, and each handler as a table
    /// `[[handler]]` with hub, url, user-events, system-events and bearer.
    #[arg(long, env = "HUB_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The port; 0 takes a free one. Default: 8080.
    #[arg(long, env = "HUB_PORT", value_name = "PORT")]
    pub port: Option<u16>,

    /// The IP address to listen on. Default: 127.0.0.1.
    #[arg(long, env = "HUB_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<IpAddr>,

    /// The access key, at least 32 bytes. Without it, one is made up at every start.
    #[arg(long, env = "HUB_KEY", hide_env_values = true, value_name = "KEY")]
    pub key: Option<String>,

    /// A second key that tokens may be signed with, for changing keys without a pause.
    #[arg(
        long,
        env = "HUB_SECOND_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub second_key: Option<String>,

    /// A host, with its port, that clients call instead of this address: that of a proxy. May be repeated.
    #[arg(
        long = "host",
        env = "HUB_HOSTS",
        value_delimiter = ',',
        value_name = "HOST"
    )]
    pub hosts: Vec<String>,

    /// A hub to serve; others are not found. May be repeated. Default: any hub, as the service does.
    #[arg(
        long = "hub",
        env = "HUB_HUBS",
        value_delimiter = ';',
        value_name = "NAME"
    )]
    pub hubs: Vec<String>,

    /// An event handler, as words of the form name=value:
    /// `hub=chat url=http://127.0.0.1:3000/{hub}/{event} user-events=* system-events=connect,disconnected`.
    ///
    /// hub: its name; every hub if left out. url: http only; {hub} and {event} are replaced.
    /// user-events: `*` (default), or names, or nothing. system-events: any of connect, connected and
    /// disconnected; none if left out. bearer: a token for the handler's door; a code goes into the url. The
    /// first handler that fits an event gets it. May be repeated; in the environment, handlers are separated
    /// by `;`. Handlers given here or there replace those of the file.
    #[arg(
        long = "handler",
        env = "HUB_HANDLERS",
        hide_env_values = true,
        value_delimiter = ';',
        value_name = "WORDS"
    )]
    pub handlers: Vec<String>,

    /// Seconds that a handler may take over one event, tries included. Default: 100.
    #[arg(long, env = "HUB_HANDLER_TIMEOUT", value_name = "SECONDS")]
    pub handler_timeout: Option<u64>,

    /// Lets clients in that show no token.
    #[arg(long, env = "HUB_ANONYMOUS")]
    pub anonymous: bool,

    /// Connections at a time; more are refused with 429. Default: no limit.
    #[arg(long, env = "HUB_MAX_CONNECTIONS", value_name = "NUMBER")]
    pub max_connections: Option<usize>,

    /// Seconds between pings, 1 to 120; a client that is silent for twice as long is dropped. Default: 20.
    #[arg(long, env = "HUB_KEEP_ALIVE", value_name = "SECONDS")]
    pub keep_alive: Option<u64>,

    /// Seconds that a lost reliable client may take to come back. Default: 30.
    #[arg(long, env = "HUB_RETENTION", value_name = "SECONDS")]
    pub retention: Option<u64>,

    /// Seconds that a peer may take over the head of a request, the first one and every later one. Default: 15.
    #[arg(long, env = "HUB_HEAD_TIMEOUT", value_name = "SECONDS")]
    pub head_timeout: Option<u64>,

    /// Seconds that clients and handlers get to hear of the end. Default: 10.
    #[arg(long, env = "HUB_DRAIN", value_name = "SECONDS")]
    pub drain: Option<u64>,

    /// Shows a page at `/` with connections, groups, recent frames and calls, and a form to send something. It
    /// asks for no token: only where nobody else reaches this port.
    #[arg(long, env = "HUB_PAGE")]
    pub page: bool,

    /// What to log to the standard error stream: error, warn, info, debug or trace, also by module. Default: info.
    #[arg(long, env = "HUB_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// Logs one JSON object a line.
    #[arg(long, env = "HUB_JSON_LOGS")]
    pub json_logs: bool,
}

impl Arguments {
    /// Reads them, or ends the program with what is wrong. A word that belongs to no setting may be the rest of one
    /// that was not quoted, a key or a token: it is not repeated.
    pub fn given() -> Self {
        Self::try_parse().unwrap_or_else(|mut error| {
            let word = match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::String(word)) => word.as_str(),
                _ => "-",
            };
            if error.kind() == ErrorKind::UnknownArgument && !word.starts_with('-') {
                let instead = "a word without quotes".to_owned();
                error.insert(ContextKind::InvalidArg, ContextValue::String(instead));
            }
            error.exit()
        })
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
}
