//! Somebody whom a provider vouches for: an identity that is always the same for the same account, and a name
//! to begin with. Refuses to know how the provider was asked.

use app::chat::{Kind, Name, Unfit, UserId};
use sha2::{Digest, Sha256};

/// What a provider says about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: UserId,
    pub kind: Kind,
    /// For whoever comes for the first time: a later change at the provider changes nothing here.
    pub name: Name,
}

impl Known {
    /// `realm` is who vouches, including the way in which it is asked: two of them never mean the same person.
    /// `subject` is the account's own and never changes; the names are what it is called, the best one first.
    pub fn new<'a>(
        realm: &str,
        subject: &str,
        kind: Kind,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let name = names.into_iter().find_map(fit);
        Known {
            id: identity(realm, subject),
            kind,
            name: name.unwrap_or_else(|| "Somebody".parse().expect("it is short and visible")),
        }
    }
}

/// The first 16 bytes of a digest. Each part goes in with its length, so that none can run into the next.
fn identity(realm: &str, subject: &str) -> UserId {
    let mut digest = Sha256::new_with_prefix(b"chatr identity 1");
    for part in [realm, subject] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    UserId::from_bytes(id)
}

/// As much of a name as may be shown here.
fn fit(name: &str) -> Option<Name> {
    let seen =
        |c: &char| c.is_whitespace() || c.to_string().parse::<Name>() != Err(Unfit::Invisible);
    let seen: String = name.chars().filter(seen).collect();
    let short: String = seen.trim_start().chars().take(Name::MAX).collect();
    short.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_one_person_whatever_it_is_called() {
        let known = |realm, subject, name| Known::new(realm, subject, Kind::Account, [name]).id;
        assert_eq!(
            known("oidc:a", "1", "Ada"),
            known("oidc:a", "1", "Countess")
        );
        assert_ne!(known("oidc:a", "1", "Ada"), known("oidc:a", "2", "Ada"));
        assert_ne!(known("oidc:a", "1", "Ada"), known("oidc:b", "1", "Ada"));
        assert_ne!(known("oidc:a", "b1", "Ada"), known("oidc:ab", "1", "Ada"));
    }

    #[test]
    fn a_name_is_made_fit_and_the_next_one_taken_if_nothing_is_left() {
        let name = |names: &[&'static str]| {
            let known = Known::new("a", "1", Kind::GitHub, names.iter().copied());
            known.name.to_string()
        };
        assert_eq!(name(&["\u{202e}Ada\u{0}", "ada"]), "Ada");
        assert_eq!(name(&["\u{200b}", " ada "]), "ada");
        assert_eq!(name(&["", "\u{200b}"]), "Somebody");
        let long: &'static str = "界".repeat(100).leak();
        assert_eq!(name(&[long]), "界".repeat(64));
    }
}
