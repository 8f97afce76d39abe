//! What would be used if Chatr started now, and whether it can be: every setting with its source, secrets hidden,
//! and then each place that they name is tried, as a start would. Prints one line for each. Refuses to serve.

use crate::config::{Config, DataDir, Mistakes, Service, Settings, Storage};
use crate::identity::Identity;
use crate::pubsub::{Proof, PubSub};
use crate::store::{Sqlite, Tables};
use crate::transport::https;
use crate::{SQLITE, account, events, identity};
use axum::body::Body;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory};
use http::Request;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::ServiceExt;
use wire::cloud_event::{validation_allows, validation_request};

/// How long one place may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Chatr would not start, or would not work.
#[derive(Debug, thiserror::Error)]
#[error("{0} of these would not work")]
pub struct Wrong(usize);

/// How one check ended.
enum Finding {
    Fine(String),
    /// It cannot be known from here, or matters only later.
    Note(String),
    Wrong(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Fine(what) => write!(f, "ok     {what}"),
            Finding::Note(what) => write!(f, "note   {what}"),
            Finding::Wrong(what) => write!(f, "WRONG  {what}"),
        }
    }
}

/// Prints what is set, tries it, and prints what was found.
pub async fn examine(config: Result<Config, Mistakes>, matches: &ArgMatches) -> Result<(), Wrong> {
    print!("{}", settings(matches));
    println!();
    let mut wrong = 0;
    let mut tell = |finding: Finding| {
        wrong += usize::from(matches!(finding, Finding::Wrong(_)));
        println!("{finding}");
    };
    match config {
        Err(Mistakes(lines)) => lines.into_iter().map(Finding::Wrong).for_each(&mut tell),
        Ok(config) => {
            tell(data_dir(&config));
            tell(site(&config));
            tell(listening("CHATR_ADDR", config.addr).await);
            if let Some(addr) = config.admin_addr {
                tell(listening("CHATR_ADMIN_ADDR", addr).await);
            }
            let identity = match identity(&config) {
                Ok(identity) => identity,
                Err(why) => {
                    tell(Finding::Wrong(why.to_string()));
                    return Err(Wrong(wrong));
                }
            };
            if let Some(storage) = &config.storage {
                tell(tables(storage, identity.as_ref()).await);
            }
            if let Some(service) = &config.pubsub {
                tell(service_answers(service, &config.hub, identity.as_ref()).await);
                tell(webhook(&config).await);
            }
        }
    }
    match wrong {
        0 => Ok(()),
        wrong => Err(Wrong(wrong)),
    }
}

/// A line for each setting: its name, what it is, and where it comes from.
fn settings(matches: &ArgMatches) -> String {
    let command = Settings::command();
    let lines = command.get_arguments().filter_map(|option| {
        let name = option.get_env()?.to_string_lossy().into_owned();
        let id = option.get_id().as_str();
        let value = matches
            .get_raw(id)
            .and_then(|mut values| values.next())
            .map(|value| value.to_string_lossy().into_owned())
            .filter(|value| !value.is_empty());
        let source = match matches.value_source(id) {
            _ if value.is_none() => "",
            Some(ValueSource::CommandLine) => "option",
            Some(ValueSource::EnvVariable) => "environment",
            Some(_) | None => "default",
        };
        let value = match value {
            None => "unset".to_owned(),
            Some(text) if option.is_hide_env_values_set() => {
                format!("(secret, {} characters)", text.chars().count())
            }
            Some(text) => text,
        };
        Some(
            format!("{name:<29} {value:<33} {source}")
                .trim_end()
                .to_owned()
                + "\n",
        )
    });
    lines.collect()
}

/// Makes the folder and its keys, as a start does.
fn data_dir(config: &Config) -> Finding {
    let folder = match DataDir::open(config) {
        Ok(folder) => folder,
        Err(why) => return Finding::Wrong(format!("CHATR_DATA_DIR: {why}")),
    };
    let shown = folder.path().display();
    let probe = folder.path().join("check-config.probe");
    let written = std::fs::write(&probe, b"written").and_then(|()| std::fs::remove_file(&probe));
    if let Err(why) = written {
        return Finding::Wrong(format!("CHATR_DATA_DIR: {shown} cannot be written: {why}"));
    }
    if config.storage.is_some() {
        return Finding::Fine(format!(
            "CHATR_DATA_DIR: {shown} can be written; it keeps keys only"
        ));
    }
    let file = folder.path().join(SQLITE);
    if !file.exists() {
        return Finding::Fine(format!(
            "CHATR_DATA_DIR: {shown} can be written; a new {SQLITE} will be made in it"
        ));
    }
    match Sqlite::open(&file) {
        Ok(_) => Finding::Fine(format!(
            "CHATR_DATA_DIR: {shown} can be written, and {SQLITE} in it read"
        )),
        Err(why) => Finding::Wrong(format!("CHATR_DATA_DIR: {}: {why}", file.display())),
    }
}

fn site(config: &Config) -> Finding {
    let root = config.site_root.display();
    match config.site_root.join("pkg").is_dir() {
        true => Finding::Fine(format!("LEPTOS_SITE_ROOT: the site is in {root}")),
        false => Finding::Wrong(format!(
            "LEPTOS_SITE_ROOT: {root} holds no built site (no folder pkg): pages would not come alive"
        )),
    }
}

async fn listening(setting: &str, addr: SocketAddr) -> Finding {
    match TcpListener::bind(addr).await {
        Ok(_) => Finding::Fine(format!("{setting}: {addr} is free")),
        Err(why) => Finding::Wrong(format!("{setting}: {addr} cannot be listened on: {why}")),
    }
}

async fn tables(storage: &Storage, identity: Option<&Arc<Identity>>) -> Finding {
    let (setting, endpoint) = (storage.setting(), &storage.endpoint);
    let tried = async {
        let service = https().map_err(|why| why.to_string())?;
        let tables = Tables::reach(&account(storage, identity), service).await;
        let tables = tables.map_err(|why| why.to_string())?;
        tables.try_out().await.map_err(|why| why.to_string())
    };
    match in_time(tried).await {
        Ok(()) => Finding::Fine(format!(
            "{setting}: {endpoint} answers; a row was written, read and removed"
        )),
        Err(why) => Finding::Wrong(format!("{setting}: {endpoint}: {why}")),
    }
}

/// Asks for something that needs the key, or the token, and changes nothing.
async fn service_answers(
    service: &Service,
    hub: &str,
    identity: Option<&Arc<Identity>>,
) -> Finding {
    let (setting, endpoint) = (service.setting(), service.endpoint.to_string());
    let tried = async {
        let network = https().map_err(|why| why.to_string())?;
        let proof = match (&service.key, identity) {
            (Some(key), _) => Proof::Key(key.reveal().to_owned()),
            (None, Some(identity)) => Proof::Token(identity.clone()),
            (None, None) => return Err("no identity opens it".to_owned()),
        };
        let pubsub = PubSub::with_proof(network, &endpoint, hub, proof);
        pubsub.try_out().await.map_err(|why| why.to_string())
    };
    match in_time(tried).await {
        Ok(()) => Finding::Fine(format!(
            "{setting}: {endpoint} answers and lets us in, for the hub {hub}"
        )),
        Err(why) => Finding::Wrong(format!("{setting}: {endpoint}: {why}")),
    }
}

/// Asks at the public address as the service does. That nobody answers there is no mistake: Chatr is not running.
async fn webhook(config: &Config) -> Finding {
    let Some(public) = &config.public_url else {
        return Finding::Note(format!(
            "CHATR_PUBLIC_URL is unset: the event handler of Web PubSub must be your address and {}",
            events::PATH
        ));
    };
    let url = format!("{public}{}", events::PATH);
    let host = config
        .pubsub
        .as_ref()
        .map(|service| service.endpoint.authority().to_owned())
        .unwrap_or_default();
    let tried = async {
        let request = validation_request(&url, &host).map_err(|why| why.to_string())?;
        let network = https().map_err(|why| why.to_string())?;
        let request: Request<Body> = request.map(Body::from);
        let answer = network.oneshot(request).await;
        let answer = answer.map_err(|why| why.to_string())?;
        match validation_allows(&answer, &host) {
            true => Ok(()),
            false => Err(format!("it answers {}", answer.status())),
        }
    };
    match in_time(tried).await {
        Ok(()) => Finding::Fine(format!("{url} takes events")),
        Err(why) => Finding::Note(format!(
            "{url} takes no events from here now ({why}): Web PubSub must reach it once Chatr runs"
        )),
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let done = tokio::time::timeout(ANSWER, work).await;
    done.unwrap_or_else(|_| Err(format!("no answer within {} seconds", ANSWER.as_secs())))
}
