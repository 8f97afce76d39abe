//! What an operator may set about signing in: who stands before Chatr, and who vouches for people. Refuses to
//! ask anybody: a provider that does not answer is found out about when somebody signs in.

use super::{Checked, Secret};
use app::chat::Kind;
use clap::Args;
use uuid::Uuid;

/// Who stands before Chatr, and so what a request's own words about the visitor are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Front {
    /// Visitors themselves: nothing is believed.
    #[default]
    Nobody,
    /// A proxy of the operator's, which says from where a visitor comes.
    Proxy,
    /// Azure Static Web Apps, which also says who the visitor is, on `/api/` only.
    StaticWebApps,
    /// The authentication of App Service and Container Apps, which says so on every path.
    EasyAuth,
}

/// Everything that is set about signing in.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    pub front: Front,
    /// The providers of the platform in front, by the names in its addresses.
    pub platform_providers: Vec<String>,
    /// Microsoft Entra ID, and one more provider.
    pub openid: Vec<OpenIdSettings>,
    pub github: Option<GitHubSettings>,
    /// Whether guests may keep their identity with a passkey, where passkeys work.
    pub passkeys: bool,
}

/// A provider that speaks OpenID Connect.
#[derive(Clone, Debug)]
pub struct OpenIdSettings {
    /// In addresses.
    pub name: &'static str,
    /// For people.
    pub label: String,
    pub kind: Kind,
    /// Exactly as the provider writes it.
    pub issuer: String,
    pub client_id: String,
    /// A provider may do without: the code is useless to others by PKCE.
    pub client_secret: Option<Secret>,
}

/// GitHub, or an Enterprise Server.
#[derive(Clone, Debug)]
pub struct GitHubSettings {
    pub client_id: String,
    pub client_secret: Secret,
    /// Without a slash at the end, both.
    pub url: String,
    pub api_url: String,
}

/// The settings as they are written.
#[derive(Debug, Args)]
pub struct SignInSettings {
    /// `on` lets guests keep their identity with a passkey, at an address with a name.
    #[arg(long, env = "CHATR_PASSKEYS", default_value = "on")]
    passkeys: String,
    /// Who stands before Chatr: `off`, `on` for your own proxy, `swa` or `easyauth` for Azure's sign-in.
    #[arg(long, env = "CHATR_TRUST_PROXY", default_value = "off")]
    trust_proxy: String,
    /// Providers of `swa` or `easyauth` that the front page offers, by their names there.
    #[arg(long, env = "CHATR_PLATFORM_PROVIDERS", default_value = "aad,github")]
    platform_providers: String,
    /// A provider that speaks OpenID Connect: its issuer, exactly as its own description says.
    #[arg(long, env = "CHATR_OIDC_ISSUER")]
    oidc_issuer: Option<String>,
    /// The id that the provider gave to this Chatr.
    #[arg(long, env = "CHATR_OIDC_CLIENT_ID")]
    oidc_client_id: Option<String>,
    /// The secret that the provider gave to this Chatr, if it did.
    #[arg(long, env = "CHATR_OIDC_CLIENT_SECRET", hide_env_values = true)]
    oidc_client_secret: Option<String>,
    /// What people call the provider: the front page says `Sign in with ...`.
    #[arg(long, env = "CHATR_OIDC_NAME", default_value = "OpenID")]
    oidc_name: String,
    /// Microsoft Entra ID: the id of the tenant whose people may come in.
    #[arg(long, env = "CHATR_MICROSOFT_TENANT_ID")]
    microsoft_tenant_id: Option<String>,
    /// The id of Chatr's registration there.
    #[arg(long, env = "CHATR_MICROSOFT_CLIENT_ID")]
    microsoft_client_id: Option<String>,
    /// A secret of Chatr's registration there.
    #[arg(long, env = "CHATR_MICROSOFT_CLIENT_SECRET", hide_env_values = true)]
    microsoft_client_secret: Option<String>,
    /// GitHub: the id of an OAuth app.
    #[arg(long, env = "CHATR_GITHUB_CLIENT_ID")]
    github_client_id: Option<String>,
    /// A secret of that OAuth app.
    #[arg(long, env = "CHATR_GITHUB_CLIENT_SECRET", hide_env_values = true)]
    github_client_secret: Option<String>,
    /// Where GitHub is; an Enterprise Server is elsewhere.
    #[arg(long, env = "CHATR_GITHUB_URL", default_value = "https://github.com")]
    github_url: String,
    /// Where GitHub's API is.
    #[arg(
        long,
        env = "CHATR_GITHUB_API_URL",
        default_value = "https://api.github.com"
    )]
    github_api_url: String,
}

impl SignIn {
    /// Whether this server asks providers itself.
    pub fn asks(&self) -> bool {
        !self.openid.is_empty() || self.github.is_some()
    }
}

impl Front {
    /// Whether the visitor's address is taken from `X-Forwarded-For`.
    pub fn names_addresses(self) -> bool {
        self != Front::Nobody
    }

    /// Whether signing in and out is the business of the platform in front.
    pub fn signs_in(self) -> bool {
        matches!(self, Front::StaticWebApps | Front::EasyAuth)
    }

    fn read(text: &str) -> Result<Front, String> {
        match text {
            "off" | "none" => Ok(Front::Nobody),
            "on" => Ok(Front::Proxy),
            "swa" => Ok(Front::StaticWebApps),
            "easyauth" => Ok(Front::EasyAuth),
            _ => Err(format!(
                "'{text}' is none of 'off', 'on', 'swa' and 'easyauth'"
            )),
        }
    }
}

impl SignInSettings {
    pub(super) fn check(&self, checked: &mut Checked<'_>) -> SignIn {
        let sign_in = SignIn {
            front: checked
                .kept("CHATR_TRUST_PROXY", Front::read(&self.trust_proxy))
                .unwrap_or_default(),
            platform_providers: checked
                .kept("CHATR_PLATFORM_PROVIDERS", names(&self.platform_providers))
                .unwrap_or_default(),
            openid: self
                .microsoft(checked)
                .into_iter()
                .chain(self.openid(checked))
                .collect(),
            github: self.github(checked),
            passkeys: checked.either("CHATR_PASSKEYS", &self.passkeys, "on", "off"),
        };
        if sign_in.front.signs_in() && sign_in.asks() {
            checked.complain(
                "CHATR_TRUST_PROXY",
                "with 'swa' or 'easyauth' the platform asks the providers; leave the settings of Microsoft, GitHub \
                 and OpenID Connect to it",
            );
        }
        sign_in
    }

    fn microsoft(&self, checked: &mut Checked<'_>) -> Option<OpenIdSettings> {
        let [tenant, client_id, client_secret] = checked.together([
            ("CHATR_MICROSOFT_TENANT_ID", &self.microsoft_tenant_id),
            ("CHATR_MICROSOFT_CLIENT_ID", &self.microsoft_client_id),
            (
                "CHATR_MICROSOFT_CLIENT_SECRET",
                &self.microsoft_client_secret,
            ),
        ])?;
        // `common` and a domain's name stand for an issuer that is called otherwise, and could not be checked.
        let Ok(tenant) = tenant.parse::<Uuid>() else {
            checked.complain(
                "CHATR_MICROSOFT_TENANT_ID",
                format!(
                    "'{tenant}' is no tenant's id, such as 72f988bf-86f1-41af-91ab-2d7cd011db47"
                ),
            );
            return None;
        };
        Some(OpenIdSettings {
            name: "aad",
            label: "Microsoft".into(),
            kind: Kind::Microsoft,
            issuer: format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            client_id,
            client_secret: Some(Secret::new(client_secret)),
        })
    }

    fn openid(&self, checked: &mut Checked<'_>) -> Option<OpenIdSettings> {
        let secret = self.oidc_client_secret.as_deref();
        let secret = secret.filter(|text| !text.is_empty());
        let set = checked.together([
            ("CHATR_OIDC_ISSUER", &self.oidc_issuer),
            ("CHATR_OIDC_CLIENT_ID", &self.oidc_client_id),
        ]);
        let Some([issuer, client_id]) = set else {
            if secret.is_some() && self.oidc_issuer.is_none() {
                checked.complain(
                    "CHATR_OIDC_ISSUER",
                    "is missing, and the client's secret is set",
                );
            }
            return None;
        };
        let label = self.oidc_name.trim().to_owned();
        if label.is_empty() || label.chars().count() > 40 || label.chars().any(char::is_control) {
            checked.complain(
                "CHATR_OIDC_NAME",
                "say in 1 to 40 characters what people call it",
            );
        }
        checked.kept("CHATR_OIDC_ISSUER", web_address(&issuer))?;
        Some(OpenIdSettings {
            name: "oidc",
            label,
            kind: Kind::Account,
            issuer,
            client_id,
            client_secret: secret.map(Secret::new),
        })
    }

    fn github(&self, checked: &mut Checked<'_>) -> Option<GitHubSettings> {
        let [client_id, client_secret] = checked.together([
            ("CHATR_GITHUB_CLIENT_ID", &self.github_client_id),
            ("CHATR_GITHUB_CLIENT_SECRET", &self.github_client_secret),
        ])?;
        let url = checked.kept("CHATR_GITHUB_URL", web_address(&self.github_url));
        let api_url = checked.kept("CHATR_GITHUB_API_URL", web_address(&self.github_api_url));
        Some(GitHubSettings {
            client_id,
            client_secret: Secret::new(client_secret),
            url: url?,
            api_url: api_url?,
        })
    }
}

impl Checked<'_> {
    /// All of these, or none; to complain about each that is missing.
    fn together<const N: usize>(
        &mut self,
        settings: [(&str, &Option<String>); N],
    ) -> Option<[String; N]> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let texts = settings.map(|(_, value)| text(value));
        if texts.iter().all(String::is_empty) {
            return None;
        }
        for ((name, _), text) in settings.iter().zip(&texts) {
            if text.is_empty() {
                self.complain(name, "is missing, and others that go with it are set");
            }
        }
        texts.iter().all(|text| !text.is_empty()).then_some(texts)
    }
}

/// Where secrets are sent to: over TLS, or within this machine. Without the slash at the end.
fn web_address(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is no address such as https://login.example.org");
    let address: http::Uri = text.parse().map_err(|_| wrong())?;
    let host = address.host().ok_or_else(wrong)?;
    let here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    match address.scheme_str() {
        Some("https") => {}
        Some("http") if here => {}
        Some("http") => return Err(format!("'{text}' is not protected: use https")),
        _ => return Err(wrong()),
    }
    match address.query().is_none() && !text.contains(['@', '#']) {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err(wrong()),
    }
}

/// Names that may stand in an address, by commas.
fn names(text: &str) -> Result<Vec<String>, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let names = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names
        .map(|name| match name.chars().all(plain) {
            true => Ok(name.to_owned()),
            false => Err(format!(
                "'{name}' is no provider's name, such as aad or github"
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::config::{Front, Settings};
    use clap::Parser;

    fn front(word: &str) -> Front {
        let options = ["chatr", "--trust-proxy", word];
        Settings::parse_from(options).check().unwrap().sign_in.front
    }

    #[test]
    fn only_a_platform_says_who_a_visitor_is() {
        assert_eq!(front("none"), Front::Nobody);
        assert!(front("on").names_addresses() && !front("on").signs_in());
        for platform in ["swa", "easyauth"] {
            assert!(front(platform).names_addresses() && front(platform).signs_in());
        }
    }

    #[test]
    fn providers_of_a_platform_are_words_of_an_address() {
        let names = |text| super::names(text);
        assert_eq!(
            names("aad, github"),
            Ok(vec!["aad".into(), "github".into()])
        );
        assert_eq!(names(""), Ok(vec![]));
        assert!(names("../evil").is_err());
    }

    fn mistakes(options: &[&str]) -> String {
        let options = [&["chatr"], options].concat();
        Settings::parse_from(options)
            .check()
            .map(|_| ())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn half_a_provider_is_none() {
        for (options, missing) in [
            (&["--github-client-id=a"][..], "CHATR_GITHUB_CLIENT_SECRET"),
            (&["--oidc-issuer=https://a.example"], "CHATR_OIDC_CLIENT_ID"),
            (&["--oidc-client-secret=a"], "CHATR_OIDC_ISSUER"),
            (&["--microsoft-client-id=a"], "CHATR_MICROSOFT_TENANT_ID"),
        ] {
            let told = mistakes(options);
            assert!(told.contains(missing), "{options:?}: {told}");
        }
    }

    #[test]
    fn microsoft_is_a_tenant_and_not_everybody() {
        let with = |tenant: &'static str| {
            let tenant = ["--microsoft-tenant-id", tenant];
            let rest = [
                "--microsoft-client-id=a",
                "--microsoft-client-secret=hunter2",
            ];
            [&["chatr"][..], &tenant, &rest].concat()
        };
        let config = Settings::parse_from(with("72f988bf-86f1-41af-91ab-2d7cd011db47")).check();
        let microsoft = config.unwrap().sign_in.openid.remove(0);
        assert_eq!(
            microsoft.issuer,
            "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0"
        );
        assert!(!format!("{microsoft:?}").contains("hunter2"));
        assert!(mistakes(&with("common")[1..]).contains("CHATR_MICROSOFT_TENANT_ID"));
    }

    #[test]
    fn secrets_go_over_tls_or_stay_on_this_machine() {
        for address in [
            "https://a.example/x",
            "http://127.0.0.1:7",
            "http://localhost:7/y",
        ] {
            assert!(super::web_address(address).is_ok(), "{address}");
        }
        for address in [
            "http://a.example",
            "ftp://a.example",
            "a.example",
            "https://a@b/",
            "https://a/?b",
        ] {
            assert!(super::web_address(address).is_err(), "{address}");
        }
    }

    #[test]
    fn a_platform_in_front_and_providers_of_ones_own_exclude_each_other() {
        let told = mistakes(&[
            "--trust-proxy=swa",
            "--github-client-id=a",
            "--github-client-secret=b",
        ]);
        assert!(told.contains("CHATR_TRUST_PROXY"), "{told}");
    }
}
