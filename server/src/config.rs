//! What an operator may set: environment or options -> `Config`. Every mistake is reported at once, so that
//! nobody starts a server five times to find five typos. Refuses to touch the disk: that is `DataDir`'s.

mod connection;
mod data_dir;
mod public_url;
mod secret;
mod sign_in;

pub use connection::{Service, Storage};
pub use data_dir::{DataDir, Keys, Unusable};
pub use public_url::PublicUrl;
pub use secret::Secret;
pub use sign_in::{Front, GitHubSettings, OpenIdSettings, SignIn};

use clap::Parser;
use sign_in::SignInSettings;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

/// Everything that is set, read and found sound.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub addr: SocketAddr,
    /// Where to serve metrics; nowhere when unset.
    pub admin_addr: Option<SocketAddr>,
    pub data_dir: PathBuf,
    /// Where the site's files are.
    pub site_root: PathBuf,
    /// The address that visitors use; unset means whatever name they called.
    pub public_url: Option<PublicUrl>,
    /// At least 64 bytes. Unset: kept in the data directory.
    pub session_key: Option<Secret>,
    /// At least 32 bytes. Unset: kept in the data directory.
    pub hub_key: Option<Secret>,
    /// The hub's name on Web PubSub.
    pub hub: String,
    /// Seconds without a sign of life until somebody counts as away: 10 to 3600.
    pub idle_seconds: u32,
    /// Raises rates and per-address caps, never the limits of sizes.
    pub relaxed: bool,
    /// Whether a name alone lets somebody in.
    pub guests: bool,
    pub sign_in: SignIn,
    /// Which log lines are written, as a tracing filter.
    pub log: String,
    /// Web PubSub elsewhere; the hub in this process when unset.
    pub pubsub: Option<Service>,
    /// Azure Tables; SQLite in the data directory when unset.
    pub storage: Option<Storage>,
    /// What opens those two where they have no key.
    pub entra: Option<Entra>,
}

/// Microsoft Entra, and who this server is there.
#[derive(Clone, Debug)]
pub struct Entra {
    /// The identity that this server acts as, and Web PubSub towards it.
    pub client_id: String,
    /// Without a slash at the end.
    pub authority: String,
    /// Whom the tokens are for that come with events.
    pub audience: String,
}

/// What was wrong: one line per setting.
#[derive(Debug, thiserror::Error)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these settings cannot be used:")?;
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// The settings as they are written. Options win over the environment; an empty text is an unset one.
#[derive(Debug, Parser)]
#[command(
    name = "chatr",
    version,
    about = "Chatr: a chat that is there at once. Every setting is an environment variable and an option."
)]
pub struct Settings {
    /// Address and port to listen on.
    #[arg(long, env = "CHATR_ADDR", default_value = "127.0.0.1:3000")]
    addr: String,
    /// Where everything is kept; created if it is not there. One Chatr at a time.
    #[arg(long, env = "CHATR_DATA_DIR", default_value = "./data")]
    data_dir: String,
    /// The address visitors use, such as https://chat.example.org; https makes cookies secure.
    #[arg(long, env = "CHATR_PUBLIC_URL")]
    public_url: Option<String>,
    /// Encrypts session cookies, 64 bytes or more. Unset: made once and kept in the data directory.
    #[arg(long, env = "CHATR_SESSION_KEY", hide_env_values = true)]
    session_key: Option<String>,
    /// Access key of the embedded hub, 32 bytes or more. Unset: made once and kept in the data directory.
    #[arg(long, env = "CHATR_HUB_KEY", hide_env_values = true)]
    hub_key: Option<String>,
    /// Seconds without a sign of life until somebody counts as away, 10 to 3600.
    #[arg(long, env = "CHATR_IDLE_SECONDS", default_value = "60")]
    idle_seconds: String,
    /// `default`, or `relaxed` for load tests: raises rates and per-address caps, never limits of sizes.
    #[arg(long, env = "CHATR_LIMITS", default_value = "default")]
    limits: String,
    /// `on` lets anybody in with a name; `off` lets in only who is known already.
    #[arg(long, env = "CHATR_GUESTS", default_value = "on")]
    guests: String,
    #[command(flatten)]
    sign_in: SignInSettings,
    /// Which log lines are written, such as `info,server=debug`.
    #[arg(long, env = "CHATR_LOG", default_value = "info")]
    log: String,
    /// Address and port for metrics, to be kept inside. Unset: no metrics.
    #[arg(long, env = "CHATR_ADMIN_ADDR")]
    admin_addr: Option<String>,
    /// The folder with the built site. Unset: `site` beside the program, or `target/site`.
    #[arg(long, env = "LEPTOS_SITE_ROOT")]
    site_root: Option<String>,
    /// Name of the hub: a letter, then letters, digits and underscores, 127 at most.
    #[arg(long, env = "PUBSUB_HUB", default_value = "chat")]
    hub: String,
    /// Azure Web PubSub by access key, as its portal shows it. Unset: sockets end in this process.
    #[arg(long, env = "PUBSUB_CONNECTION_STRING", hide_env_values = true)]
    pubsub_connection_string: Option<String>,
    /// Azure Web PubSub by identity: its address. Instead of PUBSUB_CONNECTION_STRING.
    #[arg(long, env = "PUBSUB_ENDPOINT")]
    pubsub_endpoint: Option<String>,
    /// Azure Tables by access key, or UseDevelopmentStorage=true for Azurite. Unset: SQLite.
    #[arg(long, env = "STORAGE_CONNECTION_STRING", hide_env_values = true)]
    storage_connection_string: Option<String>,
    /// Azure Tables by identity: the account's name. Instead of STORAGE_CONNECTION_STRING.
    #[arg(long, env = "STORAGE_ACCOUNT_NAME")]
    storage_account_name: Option<String>,
    /// Client id of the identity that opens both, and that Web PubSub acts as towards Chatr.
    #[arg(long, env = "AZURE_CLIENT_ID")]
    azure_client_id: Option<String>,
    /// Where Microsoft Entra is; another address in other clouds than the public one.
    #[arg(
        long,
        env = "AZURE_AUTHORITY_HOST",
        default_value = "https://login.microsoftonline.com"
    )]
    azure_authority_host: String,
    /// Whom the tokens are for that Web PubSub sends with events.
    #[arg(
        long,
        env = "PUBSUB_AUDIENCE",
        default_value = "https://webpubsub.azure.com"
    )]
    pubsub_audience: String,
}

impl Settings {
    pub fn check(self) -> Result<Config, Mistakes> {
        let mut lines = Vec::new();
        for (name, value, other, instead) in [
            (
                "PUBSUB_ENDPOINT",
                &self.pubsub_endpoint,
                "PUBSUB_CONNECTION_STRING",
                &self.pubsub_connection_string,
            ),
            (
                "STORAGE_ACCOUNT_NAME",
                &self.storage_account_name,
                "STORAGE_CONNECTION_STRING",
                &self.storage_connection_string,
            ),
        ] {
            if is_set(value) && is_set(instead) {
                lines.push(format!("{name}: set this one or {other}, not both"));
            }
        }
        let mut checked = Checked(&mut lines);
        let entra = checked.entra(&self);
        let config = Config {
            addr: checked.address("CHATR_ADDR", &self.addr),
            admin_addr: checked.optional(&self.admin_addr, |checked, text| {
                checked.address("CHATR_ADMIN_ADDR", text)
            }),
            data_dir: checked.path("CHATR_DATA_DIR", &self.data_dir),
            site_root: self
                .site_root
                .filter(|text| !text.is_empty())
                .map_or_else(built_site, PathBuf::from),
            public_url: checked
                .optional(&self.public_url, |checked, text| {
                    checked.kept(
                        "CHATR_PUBLIC_URL",
                        text.parse().map_err(|why| format!("{why}")),
                    )
                })
                .flatten(),
            session_key: checked.optional(&self.session_key, |checked, text| {
                checked.secret("CHATR_SESSION_KEY", text, 64)
            }),
            hub_key: checked.optional(&self.hub_key, |checked, text| {
                checked.secret("CHATR_HUB_KEY", text, 32)
            }),
            hub: checked.hub("PUBSUB_HUB", &self.hub),
            idle_seconds: checked.number("CHATR_IDLE_SECONDS", &self.idle_seconds, 10, 3600),
            relaxed: checked.either("CHATR_LIMITS", &self.limits, "relaxed", "default"),
            guests: checked.either("CHATR_GUESTS", &self.guests, "on", "off"),
            sign_in: self.sign_in.check(&mut checked),
            log: checked.filter("CHATR_LOG", &self.log),
            pubsub: checked
                .optional(&self.pubsub_connection_string, |checked, text| {
                    checked.kept("PUBSUB_CONNECTION_STRING", Service::read(text))
                })
                .or_else(|| {
                    checked.optional(&self.pubsub_endpoint, |checked, text| {
                        checked.kept("PUBSUB_ENDPOINT", Service::at(text))
                    })
                })
                .flatten(),
            storage: checked
                .optional(&self.storage_connection_string, |checked, text| {
                    checked.kept("STORAGE_CONNECTION_STRING", Storage::read(text))
                })
                .or_else(|| {
                    checked.optional(&self.storage_account_name, |checked, text| {
                        checked.kept("STORAGE_ACCOUNT_NAME", Storage::of(text))
                    })
                })
                .flatten(),
            entra,
        };
        match lines.is_empty() {
            true => Ok(config),
            false => Err(Mistakes(lines)),
        }
    }
}

fn is_set(value: &Option<String>) -> bool {
    value.as_ref().is_some_and(|text| !text.is_empty())
}

/// Where `make release` and everything else put the site.
fn built_site() -> PathBuf {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("site")));
    beside
        .filter(|site| site.is_dir())
        .unwrap_or_else(|| "target/site".into())
}

/// Collects what is wrong and goes on with something harmless: with one line, the whole is not used.
struct Checked<'a>(&'a mut Vec<String>);

impl Checked<'_> {
    fn complain(&mut self, name: &str, why: impl fmt::Display) {
        self.0.push(format!("{name}: {why}"));
    }

    fn optional<T>(
        &mut self,
        value: &Option<String>,
        check: impl FnOnce(&mut Self, &str) -> T,
    ) -> Option<T> {
        let text = value.as_deref().filter(|text| !text.is_empty())?;
        Some(check(self, text))
    }

    fn kept<T>(&mut self, name: &str, parsed: Result<T, String>) -> Option<T> {
        parsed.map_err(|why| self.complain(name, why)).ok()
    }

    fn address(&mut self, name: &str, text: &str) -> SocketAddr {
        text.parse().unwrap_or_else(|_| {
            self.complain(
                name,
                format!("'{text}' is no address with a port, such as 0.0.0.0:3000 or [::1]:3000"),
            );
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    fn path(&mut self, name: &str, text: &str) -> PathBuf {
        if text.is_empty() {
            self.complain(name, "name a folder, such as ./data");
        }
        text.into()
    }

    /// The text itself is not repeated: it would end in a log.
    fn secret(&mut self, name: &str, text: &str, least: usize) -> Secret {
        if text.len() < least {
            self.complain(
                name,
                format!("{} bytes are too few, use {least} or more", text.len()),
            );
        }
        Secret::new(text)
    }

    fn hub(&mut self, name: &str, text: &str) -> String {
        let fits = text.len() <= 127
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !fits {
            self.complain(
                name,
                format!(
                    "'{text}' is no hub's name: a letter, then letters, digits and underscores"
                ),
            );
        }
        text.to_owned()
    }

    /// Asked for where something is opened by identity.
    fn entra(&mut self, settings: &Settings) -> Option<Entra> {
        if !is_set(&settings.pubsub_endpoint) && !is_set(&settings.storage_account_name) {
            return None;
        }
        let client_id = settings.azure_client_id.clone().unwrap_or_default();
        if client_id.is_empty() {
            self.complain(
                "AZURE_CLIENT_ID",
                "name the identity that opens PUBSUB_ENDPOINT and STORAGE_ACCOUNT_NAME",
            );
        }
        let authority = settings.azure_authority_host.trim_end_matches('/');
        self.kept("AZURE_AUTHORITY_HOST", Service::at(authority));
        Some(Entra {
            client_id,
            authority: authority.to_owned(),
            audience: settings.pubsub_audience.clone(),
        })
    }

    fn number(&mut self, name: &str, text: &str, least: u32, most: u32) -> u32 {
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => number,
            _ => {
                self.complain(
                    name,
                    format!("'{text}' is no whole number from {least} to {most}"),
                );
                least
            }
        }
    }

    fn either(&mut self, name: &str, text: &str, yes: &str, no: &str) -> bool {
        if text != yes && text != no {
            self.complain(name, format!("'{text}' is neither '{yes}' nor '{no}'"));
        }
        text == yes
    }

    fn filter(&mut self, name: &str, text: &str) -> String {
        if let Err(why) = EnvFilter::try_new(text) {
            self.complain(name, format!("'{text}' is no filter: {why}"));
        }
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn settings(options: &[&str]) -> Settings {
        Settings::parse_from([&["chatr"], options].concat())
    }

    #[test]
    fn without_a_setting_chatr_listens_at_home_and_lets_guests_in() {
        let config = settings(&[]).check().unwrap();
        assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
        assert_eq!(config.hub, "chat");
        assert!(config.guests && !config.relaxed && !config.sign_in.front.names_addresses());
        assert!(config.session_key.is_none() && config.public_url.is_none());
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let wrong = settings(&[
            "--addr=localhost",
            "--admin-addr=9000",
            "--data-dir=",
            "--public-url=chat.example.org",
            "--session-key=short",
            "--hub-key=short",
            "--idle-seconds=5",
            "--limits=none",
            "--trust-proxy=yes",
            "--guests=maybe",
            "--log==nonsense=",
            "--hub=no-hub",
            "--pubsub-endpoint=https://x.webpubsub.azure.com",
            "--pubsub-connection-string=Endpoint=https://x.webpubsub.azure.com",
            "--storage-connection-string=UseDevelopmentStorage=false",
            "--storage-account-name=chatr",
        ]);
        let Mistakes(lines) = wrong.check().unwrap_err();
        assert_eq!(lines.len(), 17, "{lines:#?}");
    }

    #[test]
    fn a_secret_is_never_repeated() {
        let why = settings(&["--session-key=hunter2"]).check().unwrap_err();
        assert!(!why.to_string().contains("hunter2"), "{why}");
        let key = "k".repeat(64);
        let config = settings(&["--session-key", &key]).check().unwrap();
        assert!(!format!("{config:?}").contains(&key));
    }

    #[test]
    fn an_empty_setting_is_an_unset_one() {
        let config = settings(&["--public-url=", "--session-key=", "--pubsub-endpoint="]);
        let config = config.check().unwrap();
        assert!(config.public_url.is_none() && config.session_key.is_none());
    }

    #[test]
    fn the_page_about_settings_lists_exactly_these() {
        let page = include_str!("../../docs/settings.md");
        let cells = |row: &str| -> Vec<String> {
            row.split('|')
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect()
        };
        let documented: Vec<(String, String)> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| (cells(line)[1].clone(), cells(line)[2].clone()))
            .collect();
        let offered: Vec<(String, String)> = Settings::command()
            .get_arguments()
            .filter_map(|option| {
                let default = option.get_default_values().first();
                let default = default.map_or("unset".into(), |text| text.to_string_lossy());
                let name = option.get_env()?.to_string_lossy();
                Some((name.into_owned(), default.into_owned()))
            })
            .collect();
        assert_eq!(documented, offered);
    }
}
