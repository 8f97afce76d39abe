//! Places at Azure: connection strings as its portal shows them, `Name=value;Name=value`, and addresses that an
//! identity opens. Owns which of them can be used; refuses to try them, and to repeat a key that is in them.

use super::{PublicUrl, Secret};
use std::collections::HashMap;

/// A Web PubSub service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Where calls go, and sockets.
    pub endpoint: PublicUrl,
    /// `None`: by identity.
    pub key: Option<Secret>,
}

/// The tables of a storage account.
#[derive(Clone, Debug)]
pub struct Storage {
    pub account: String,
    /// Base64. `None`: by identity.
    pub key: Option<Secret>,
    /// Without a slash at the end. Under it, a table is one segment.
    pub endpoint: String,
}

/// Azurite's own account. Source: its README; everybody knows this key.
const EMULATOR: (&str, &str) = (
    "devstoreaccount1",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
);

/// Characters in an access key. Source: emulator of the service.
const MIN_KEY: usize = 32;

impl Service {
    /// Reads `Endpoint=https://…;AccessKey=…;Version=1.0;`, with `Port` for services elsewhere than at Azure.
    pub fn read(text: &str) -> Result<Service, String> {
        let words = words(text)?;
        let word = |name: &str| words.get(name).copied();
        let endpoint = word("endpoint").ok_or("it has no Endpoint=")?;
        let endpoint = match word("port") {
            Some(port) => format!("{}:{port}", endpoint.trim_end_matches('/')),
            None => endpoint.to_owned(),
        };
        let key = word("accesskey")
            .ok_or("it has no AccessKey=; copy the whole string from the service's page of keys")?;
        if key.len() < MIN_KEY {
            return Err(format!(
                "its AccessKey has {} characters, {MIN_KEY} at least",
                key.len()
            ));
        }
        match word("version") {
            None => {}
            Some(version) if version.starts_with("1.") => {}
            Some(version) => return Err(format!("its Version {version} is not known, 1.0 is")),
        }
        Ok(Service {
            endpoint: endpoint
                .parse()
                .map_err(|why| format!("its Endpoint: {why}"))?,
            key: Some(Secret::new(key)),
        })
    }

    /// An address such as `https://name.webpubsub.azure.com`.
    pub fn at(text: &str) -> Result<Service, String> {
        let endpoint: PublicUrl = text.parse().map_err(|why| format!("{why}"))?;
        match endpoint.is_https() || is_here(endpoint.authority()) {
            true => Ok(Service {
                endpoint,
                key: None,
            }),
            false => Err(format!("'{text}' is not https: a token is not sent openly")),
        }
    }
}

impl Service {
    /// The setting that named it.
    pub const fn setting(&self) -> &'static str {
        match self.key {
            Some(_) => "PUBSUB_CONNECTION_STRING",
            None => "PUBSUB_ENDPOINT",
        }
    }
}

impl Storage {
    /// The setting that named it.
    pub const fn setting(&self) -> &'static str {
        match self.key {
            Some(_) => "STORAGE_CONNECTION_STRING",
            None => "STORAGE_ACCOUNT_NAME",
        }
    }

    /// Reads `DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net`, also
    /// with a `TableEndpoint`; or `UseDevelopmentStorage=true`, which means Azurite on its usual port.
    pub fn read(text: &str) -> Result<Storage, String> {
        let words = words(text)?;
        let word = |name: &str| words.get(name).copied();
        if word("usedevelopmentstorage").is_some_and(|yes| yes.eq_ignore_ascii_case("true")) {
            let (account, key) = EMULATOR;
            return Ok(Storage {
                account: account.into(),
                key: Some(Secret::new(key)),
                endpoint: format!("http://127.0.0.1:10002/{account}"),
            });
        }
        if word("sharedaccesssignature").is_some() {
            return Err("a SharedAccessSignature cannot be used, an AccountKey can".into());
        }
        let account = word("accountname").ok_or("it has no AccountName=")?;
        if !is_account(account) {
            return Err(format!("'{account}' is no name of a storage account"));
        }
        let key = word("accountkey").ok_or("it has no AccountKey=")?;
        if !is_base64(key) {
            return Err("its AccountKey is not base64; copy the whole string".into());
        }
        let protocol = word("defaultendpointsprotocol").unwrap_or("https");
        let suffix = word("endpointsuffix").unwrap_or("core.windows.net");
        let endpoint = match word("tableendpoint") {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("{protocol}://{account}.table.{suffix}"),
        };
        let url: Result<http::Uri, _> = endpoint.parse();
        let is_web = url.is_ok_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some()
                && url.query().is_none()
        });
        match is_web {
            true => Ok(Storage {
                account: account.into(),
                key: Some(Secret::new(key)),
                endpoint,
            }),
            false => Err(format!("'{endpoint}' is no address of tables")),
        }
    }

    /// An account's name, or the address of its tables where that is not at `core.windows.net`.
    pub fn of(text: &str) -> Result<Storage, String> {
        if is_account(text) {
            return Ok(Storage {
                account: text.into(),
                key: None,
                endpoint: format!("https://{text}.table.core.windows.net"),
            });
        }
        let endpoint = text.trim_end_matches('/');
        let url: http::Uri = endpoint
            .parse()
            .map_err(|_| format!("'{text}' is no name of a storage account"))?;
        let authority = url.authority().map(|one| one.as_str()).unwrap_or_default();
        let path = url.path().trim_matches('/');
        let account = match path.is_empty() {
            true => authority.split('.').next().unwrap_or_default(),
            false => path,
        };
        if url.query().is_some() || !is_account(account) {
            return Err(format!("'{text}' is no name of a storage account"));
        }
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if is_here(authority) => {}
            _ => return Err(format!("'{text}' is not https: a token is not sent openly")),
        }
        Ok(Storage {
            account: account.into(),
            key: None,
            endpoint: endpoint.into(),
        })
    }
}

fn is_account(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.chars().all(plain) && (3..=24).contains(&name.len())
}

/// On this machine.
fn is_here(authority: &str) -> bool {
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    ["127.0.0.1", "localhost", "[::1]"].contains(&host)
}

/// The values by their names in lower case. A value may hold `=`.
fn words(text: &str) -> Result<HashMap<String, &str>, String> {
    let mut words = HashMap::new();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let Some((name, value)) = part.split_once('=') else {
            return Err("it is not of the form Name=value;Name=value".into());
        };
        words.insert(name.trim().to_ascii_lowercase(), value.trim());
    }
    Ok(words)
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    !digits.is_empty()
        && text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_read_as_the_portal_writes_it() {
        let key = "k".repeat(44);
        let text =
            format!("Endpoint=https://Chat.webpubsub.azure.com/;AccessKey={key}=;Version=1.0;");
        let service = Service::read(&text).unwrap();
        assert_eq!(
            service.endpoint.to_string(),
            "https://chat.webpubsub.azure.com"
        );
        assert_eq!(
            service.endpoint.socket_origin(),
            "wss://chat.webpubsub.azure.com"
        );
        let read = service.key.as_ref().map(Secret::reveal);
        assert_eq!(read, Some(format!("{key}=").as_str()));
        let text = format!("endpoint=http://127.0.0.1;port=8080;accesskey={key}");
        let service = Service::read(&text).unwrap();
        assert_eq!(service.endpoint.to_string(), "http://127.0.0.1:8080");
    }

    #[test]
    fn a_service_that_cannot_be_used_is_told_why_without_its_key() {
        let key = "k".repeat(44);
        for (text, why) in [
            ("nonsense".to_owned(), "Name=value"),
            (format!("AccessKey={key}"), "no Endpoint"),
            ("Endpoint=https://a.b".into(), "no AccessKey"),
            ("Endpoint=https://a.b;AccessKey=short".into(), "characters"),
            (format!("Endpoint=a.b;AccessKey={key}"), "Endpoint"),
            (
                format!("Endpoint=https://a.b;AccessKey={key};Version=2.0"),
                "Version",
            ),
        ] {
            let told = Service::read(&text).unwrap_err();
            assert!(told.contains(why) && !told.contains(&key), "{text}: {told}");
        }
    }

    #[test]
    fn an_account_is_read_in_every_form() {
        let storage = Storage::read(
            "DefaultEndpointsProtocol=https;AccountName=chatr1;AccountKey=a2V5==a2=;EndpointSuffix=core.windows.net",
        );
        assert!(storage.is_err(), "no base64");
        let storage = Storage::read("AccountName=chatr1;AccountKey=a2V5").unwrap();
        assert_eq!(storage.endpoint, "https://chatr1.table.core.windows.net");
        let storage = Storage::read(
            "AccountName=chatr1;AccountKey=a2V5Cg==;TableEndpoint=http://127.0.0.1:7/chatr1/;",
        );
        assert_eq!(storage.unwrap().endpoint, "http://127.0.0.1:7/chatr1");
        let storage = Storage::read("UseDevelopmentStorage=true").unwrap();
        assert_eq!(storage.endpoint, "http://127.0.0.1:10002/devstoreaccount1");
    }

    #[test]
    fn what_an_identity_opens_is_an_address_that_nobody_listens_to() {
        let storage = Storage::of("chatr1").unwrap();
        assert_eq!(storage.endpoint, "https://chatr1.table.core.windows.net");
        let storage = Storage::of("https://chatr1.table.core.chinacloudapi.cn/").unwrap();
        assert_eq!(storage.account, "chatr1");
        let storage = Storage::of("http://127.0.0.1:7/chatr1").unwrap();
        assert_eq!(
            (storage.account.as_str(), storage.key.is_none()),
            ("chatr1", true)
        );
        for wrong in [
            "",
            "No",
            "http://chatr1.example.org",
            "https://",
            "ftp://a.b",
            "https://chatr1.b/c?d",
        ] {
            assert!(Storage::of(wrong).is_err(), "{wrong}");
        }
        assert!(
            Service::at("https://chat.webpubsub.azure.com/")
                .unwrap()
                .key
                .is_none()
        );
        assert!(Service::at("http://127.0.0.1:7").is_ok());
        for wrong in ["http://chat.webpubsub.azure.com", "chat", "https://a.b/c"] {
            assert!(Service::at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_account_that_cannot_be_used_is_told_why_without_its_key() {
        for (text, why) in [
            ("AccountKey=a2V5", "AccountName"),
            ("AccountName=chatr1", "AccountKey"),
            ("AccountName=No Name;AccountKey=a2V5", "no name"),
            ("AccountName=chatr1;AccountKey=hunter2", "base64"),
            (
                "AccountName=chatr1;SharedAccessSignature=sv",
                "SharedAccess",
            ),
            (
                "AccountName=chatr1;AccountKey=a2V5;TableEndpoint=ftp://a",
                "no address",
            ),
        ] {
            let told = Storage::read(text).unwrap_err();
            assert!(
                told.contains(why) && !told.contains("hunter2"),
                "{text}: {told}"
            );
        }
    }
}
