//! An event handler as an operator writes it: in words, or as a table of the file. Refuses to call it.

use hub::{Handler, SystemEvent, UserEvents};
use serde::Deserialize;

/// Not checked yet.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HandlerWords {
    pub hub: Option<String>,
    #[serde(default)]
    pub url: String,
    pub user_events: Option<Names>,
    pub system_events: Option<Names>,
    pub bearer: Option<String>,
}

/// Names with commas, or a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Names {
    Text(String),
    List(Vec<String>),
}

impl Names {
    fn all(&self) -> Vec<String> {
        let names: Vec<&str> = match self {
            Names::Text(text) => text.split(',').collect(),
            Names::List(list) => list.iter().map(String::as_str).collect(),
        };
        names
            .into_iter()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// Without what might be secret.
impl std::fmt::Debug for HandlerWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandlerWords")
            .field("hub", &self.hub)
            .finish_non_exhaustive()
    }
}

/// Reads words of the form name=value. A word that is none may be half of a secret, so that it is not repeated.
pub fn words(text: &str) -> Result<HandlerWords, String> {
    let mut read = HandlerWords::default();
    for (at, word) in text.split_whitespace().enumerate() {
        let at = at + 1;
        let (name, value) = word
            .split_once('=')
            .ok_or_else(|| format!("word {at} is not of the form name=value"))?;
        let value = value.to_owned();
        match name {
            "hub" => read.hub = Some(value),
            "url" => read.url = value,
            "user-events" => read.user_events = Some(Names::Text(value)),
            "system-events" => read.system_events = Some(Names::Text(value)),
            "bearer" => read.bearer = Some(value),
            _ => {
                return Err(format!(
                    "the name of word {at} is not one of hub, url, user-events, system-events and bearer"
                ));
            }
        }
    }
    Ok(read)
}

impl HandlerWords {
    /// Checks what was read. Fails with a sentence for each thing that will not do.
    pub fn handler(&self) -> Result<Handler, Vec<String>> {
        let mut wrong = Vec::new();
        let hub = self.hub.as_deref().map(|name| {
            hub::hub_name(name).unwrap_or_else(|| {
                wrong.push(format!("`{name}` names no hub"));
                String::new()
            })
        });
        let system_events: Vec<SystemEvent> = self
            .system_events
            .iter()
            .flat_map(Names::all)
            .filter_map(|name| {
                let event = system_event(&name);
                if event.is_none() {
                    wrong.push(format!(
                        "`{name}` is not one of connect, connected and disconnected"
                    ));
                }
                event
            })
            .collect();
        if let Err(why) = check_url(&self.url) {
            wrong.push(why);
        }
        let token = |b: u8| (0x21..=0x7E).contains(&b);
        if self.bearer.iter().any(|text| !text.bytes().all(token)) {
            wrong.push("the bearer token has characters that a header cannot have".into());
        }
        let user_events = match self.user_events.as_ref().map(Names::all) {
            None => UserEvents::All,
            Some(names) if names == ["*"] => UserEvents::All,
            Some(names) => UserEvents::Named(names),
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Handler {
            hub,
            url_template: self.url.clone(),
            user_events,
            system_events,
            bearer: self.bearer.clone(),
        })
    }
}

/// Does not repeat the URL, which may hold a password or a code.
fn check_url(value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err("a handler needs url=http://…".into());
    }
    let filled = value.replace("{hub}", "hub").replace("{event}", "event");
    let uri: http::Uri = filled
        .parse()
        .map_err(|error| format!("its url is none: {error}"))?;
    match uri.scheme_str() {
        Some("http") if uri.host().is_some() => Ok(()),
        Some("https") => Err("its url is called over http only; put a proxy in between".to_owned()),
        _ => Err("its url does not begin with http://".to_owned()),
    }
}

fn system_event(name: &str) -> Option<SystemEvent> {
    match name {
        "connect" => Some(SystemEvent::Connect),
        "connected" => Some(SystemEvent::Connected),
        "disconnected" => Some(SystemEvent::Disconnected),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler(text: &str) -> Result<Handler, String> {
        words(text)?.handler().map_err(|wrong| wrong.join("; "))
    }

    #[test]
    fn a_handler_is_read_from_words() {
        let read = handler(
            "hub=Chat url=http://h:1/{event}?code=x user-events=a,b system-events=connect bearer=t",
        )
        .expect("a handler");
        assert_eq!(read.hub.as_deref(), Some("chat"));
        assert_eq!(read.url_template, "http://h:1/{event}?code=x");
        assert_eq!(
            read.user_events,
            UserEvents::Named(vec!["a".into(), "b".into()])
        );
        assert_eq!(read.system_events, [SystemEvent::Connect]);
        assert_eq!(read.bearer.as_deref(), Some("t"));
        let least = handler("url=http://h/").expect("a handler");
        assert!(least.hub.is_none() && least.user_events == UserEvents::All);
        let none = handler("url=http://h/ user-events=").expect("a handler");
        assert_eq!(none.user_events, UserEvents::Named(Vec::new()));
    }

    #[test]
    fn a_bad_handler_is_told_everything_that_is_wrong_with_it() {
        for (text, why) in [
            ("", "needs url"),
            ("chat", "name=value"),
            ("hub=9 url=http://h", "no hub"),
            ("url=https://h", "http only"),
            ("url=h", "http://"),
            ("url=http://h system-events=gone", "connected"),
            ("url=http://h colour=red", "word 2"),
            ("url=http://h bearer=ż", "bearer"),
        ] {
            let told = handler(text).expect_err(text);
            assert!(told.contains(why), "{text}: {told}");
        }
        let told = handler("hub=9 url=https://h/?code=secret system-events=gone").expect_err("bad");
        for why in ["no hub", "http only", "`gone`"] {
            assert!(told.contains(why), "{told}");
        }
        assert!(!told.contains("secret"), "{told}");
        for text in [
            "url=http://h secret",
            "url=http://h secret=1",
            "url=http://h bearer=a secret",
            "url=https://ada:secret@h/",
            "url=secret",
            "url=http://h/<secret>\u{7f}",
            "url=http://h bearer=secretż",
        ] {
            let told = handler(text).expect_err(text);
            assert!(!told.contains("secret"), "{text}: {told}");
        }
    }
}
