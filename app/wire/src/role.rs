//! Roles: what a client's token lets it do with groups. Literal names and patterns add up. Refuses to know
//! tokens and connections.

/// What one role string grants. Source: product documentation, client roles.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role {
    pub permission: Permission,
    pub groups: Groups,
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    JoinLeaveGroup,
    SendToGroup,
}

/// In which groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Groups {
    All,
    Literal(String),
    /// `?` one character but `.`, `*` a run without `.`, `**` any run, `\` escapes.
    Pattern(String),
}

impl Permission {
    /// As in role strings and in the permission paths of the REST API.
    pub const fn name(self) -> &'static str {
        match self {
            Permission::JoinLeaveGroup => "joinLeaveGroup",
            Permission::SendToGroup => "sendToGroup",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Permission::JoinLeaveGroup, Permission::SendToGroup]
            .into_iter()
            .find(|permission| permission.name().eq_ignore_ascii_case(name))
    }
}

/// The most `*` that a pattern may have. Source: product documentation.
pub const MAX_STARS: usize = 5;

impl Role {
    /// Publishing to exactly one group.
    pub fn send_to(group: impl Into<String>) -> Self {
        Self {
            permission: Permission::SendToGroup,
            groups: Groups::Literal(group.into()),
        }
    }

    /// Reads a role string; `None` for one that grants nothing here.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("webpubsub.")?;
        let (kind, name) = match rest.split_once('.') {
            Some((kind, name)) => (kind, Some(name)),
            None => (rest, None),
        };
        let (permission, plural) = match kind {
            "joinLeaveGroup" => (Permission::JoinLeaveGroup, false),
            "joinLeaveGroups" => (Permission::JoinLeaveGroup, true),
            "sendToGroup" => (Permission::SendToGroup, false),
            "sendToGroups" => (Permission::SendToGroup, true),
            _ => return None,
        };
        let groups = match (name, plural) {
            (None, false) => Groups::All,
            (Some(name), false) if !name.is_empty() => Groups::Literal(name.to_owned()),
            (Some(name), true) if name.matches('*').count() <= MAX_STARS => {
                Groups::Pattern(name.to_owned())
            }
            _ => return None,
        };
        Some(Self { permission, groups })
    }

    pub fn grants(&self, permission: Permission, group: &str) -> bool {
        self.permission == permission
            && match &self.groups {
                Groups::All => true,
                Groups::Literal(name) => name == group,
                Groups::Pattern(pattern) => matches(pattern, group),
            }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.permission.name();
        match &self.groups {
            Groups::All => write!(f, "webpubsub.{kind}"),
            Groups::Literal(name) => write!(f, "webpubsub.{kind}.{name}"),
            Groups::Pattern(pattern) => write!(f, "webpubsub.{kind}s.{pattern}"),
        }
    }
}

/// One step of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Literal(char),
    /// One character but `.`.
    One,
    /// A run without `.`, perhaps empty.
    Run,
    /// Any run, perhaps empty.
    Deep,
}

/// Whether a group name fits a pattern. Clients choose the name, so this takes no more time than the product of
/// the two lengths: it keeps all places of the pattern where the name read so far may have led.
fn matches(pattern: &str, group: &str) -> bool {
    let steps = steps(pattern);
    let mut places = vec![false; steps.len() + 1];
    places[0] = true;
    skip_runs(&steps, &mut places);
    for c in group.chars() {
        let mut next = vec![false; steps.len() + 1];
        for (place, step) in steps.iter().enumerate().filter(|(place, _)| places[*place]) {
            match step {
                Step::Literal(wanted) => next[place + 1] |= *wanted == c,
                Step::One => next[place + 1] |= c != '.',
                Step::Run => next[place] |= c != '.',
                Step::Deep => next[place] = true,
            }
        }
        skip_runs(&steps, &mut next);
        places = next;
    }
    places[steps.len()]
}

/// A run may be empty: whoever stands before it stands behind it too.
fn skip_runs(steps: &[Step], places: &mut [bool]) {
    for (place, step) in steps.iter().enumerate() {
        if places[place] && matches!(step, Step::Run | Step::Deep) {
            places[place + 1] = true;
        }
    }
}

fn steps(pattern: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        steps.push(match c {
            '?' => Step::One,
            '*' if rest.as_str().starts_with('*') => {
                rest.next();
                Step::Deep
            }
            '*' => Step::Run,
            '\\' => Step::Literal(rest.next().unwrap_or('\\')),
            literal => Step::Literal(literal),
        });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_follow_the_documented_table() {
        for (pattern, fits, fails) in [
            ("team.*", vec!["team.red"], vec!["team", "team.red.1"]),
            ("team.**", vec!["team.red", "team.red.1"], vec!["squad.red"]),
            ("room-?", vec!["room-7"], vec!["room-77", "room-."]),
            (r"lit\*eral", vec!["lit*eral"], vec!["litXeral"]),
        ] {
            for group in fits {
                assert!(matches(pattern, group), "{pattern} should match {group}");
            }
            for group in fails {
                assert!(
                    !matches(pattern, group),
                    "{pattern} should not match {group}"
                );
            }
        }
    }

    #[test]
    fn a_literal_role_covers_exactly_its_group_dots_included() {
        let role = Role::parse("webpubsub.sendToGroup.a.b").expect("a role");
        assert!(role.grants(Permission::SendToGroup, "a.b"));
        assert!(!role.grants(Permission::SendToGroup, "a"));
        assert!(!role.grants(Permission::JoinLeaveGroup, "a.b"));
    }

    #[test]
    fn a_role_prints_as_it_was_read() {
        for text in [
            "webpubsub.joinLeaveGroup",
            "webpubsub.sendToGroup.x.talk",
            "webpubsub.joinLeaveGroups.x.**",
        ] {
            assert_eq!(
                Role::parse(text).map(|role| role.to_string()).as_deref(),
                Some(text)
            );
        }
        assert_eq!(Role::parse("webpubsub.rule.everything"), None);
        assert_eq!(Role::parse("webpubsub.sendToGroups.******"), None);
    }
}
