//! Who is connected, in which groups, with which permissions. Pure: no sockets, no locks, no clock; `S` is
//! whatever the caller delivers to. Refuses to send anything.

use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wire::role::{Permission, Role};

/// The connections of one hub. Groups exist while they have a member.
pub struct Registry<S> {
    connections: IndexMap<Arc<str>, Entry<S>>,
    groups: HashMap<Arc<str>, IndexMap<Arc<str>, S>>,
    users: HashMap<Arc<str>, Ids>,
    /// Those of whoever came last: most have the same.
    roles: Arc<[Role]>,
}

/// The connections of one user: nearly always one.
enum Ids {
    One(Arc<str>),
    #[expect(
        clippy::box_collection,
        reason = "a set is three times as large as what nearly every user has"
    )]
    Many(Box<HashSet<Arc<str>>>),
}

struct Entry<S> {
    session: S,
    user: Option<Arc<str>>,
    /// In order, for finding one.
    groups: Vec<Arc<str>>,
    permissions: Permissions,
}

/// Groups by name that REST calls may have granted beyond the roles, per connection and permission. Source: emulator
/// of the service.
pub const MAX_GRANTS: usize = 1_000;

/// What became of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    Done,
    NoConnection,
    TooMany,
}

type Changed = HashMap<(Permission, String), bool>;

/// What one connection may do: its roles, and what REST calls changed since. A literal grant or revocation
/// outranks the roles; one that only repeats them is not kept.
#[derive(Default)]
struct Permissions {
    roles: Arc<[Role]>,
    changed: Option<Box<Changed>>,
}

impl Permissions {
    fn allow(&self, permission: Permission, group: &str) -> bool {
        // The key is only built when something was ever changed, which is rare.
        let changed = self.changed.as_ref();
        match changed.and_then(|changed| changed.get(&(permission, group.to_owned()))) {
            Some(allowed) => *allowed,
            None => self.by_role(permission, group),
        }
    }

    fn by_role(&self, permission: Permission, group: &str) -> bool {
        self.roles.iter().any(|role| role.grants(permission, group))
    }

    /// False if that would be one grant too many. A revocation is never refused: somebody is not to go on.
    fn change(&mut self, permission: Permission, group: &str, allowed: bool) -> bool {
        let key = (permission, group.to_owned());
        let by_role = self.by_role(permission, group);
        let changed = self.changed.get_or_insert_default();
        if by_role == allowed {
            changed.remove(&key);
            return true;
        }
        if allowed && !changed.contains_key(&key) {
            let granted = |((kind, _), allowed): &(&(Permission, String), &bool)| {
                *kind == permission && **allowed
            };
            if changed.iter().filter(granted).count() >= MAX_GRANTS {
                return false;
            }
        }
        changed.insert(key, allowed);
        true
    }
}

impl Ids {
    fn add(&mut self, id: &Arc<str>) {
        match self {
            Ids::One(first) => *self = Ids::Many(Box::new([first.clone(), id.clone()].into())),
            Ids::Many(ids) => drop(ids.insert(id.clone())),
        }
    }

    /// Removes one; whether there are others.
    fn remains_without(&mut self, id: &Arc<str>) -> bool {
        match self {
            Ids::One(_) => false,
            Ids::Many(ids) => {
                ids.remove(id);
                !ids.is_empty()
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        let (one, many) = match self {
            Ids::One(id) => (Some(id), None),
            Ids::Many(ids) => (None, Some(&**ids)),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

impl<S> Default for Registry<S> {
    fn default() -> Self {
        Self {
            connections: IndexMap::new(),
            groups: HashMap::new(),
            users: HashMap::new(),
            roles: Arc::default(),
        }
    }
}

impl<S: Clone> Registry<S> {
    /// Adds a connection. Its id must be new.
    pub fn insert(&mut self, id: &Arc<str>, user: Option<&Arc<str>>, roles: Vec<Role>, session: S) {
        let (id, user) = (id.clone(), user.cloned());
        if let Some(user) = &user {
            match self.users.get_mut(user) {
                Some(ids) => ids.add(&id),
                None => drop(self.users.insert(user.clone(), Ids::One(id.clone()))),
            }
        }
        if *self.roles != *roles {
            self.roles = roles.into();
        }
        let permissions = Permissions {
            roles: self.roles.clone(),
            changed: None,
        };
        self.connections.insert(
            id,
            Entry {
                session,
                user,
                groups: Vec::new(),
                permissions,
            },
        );
    }

    /// Removes a connection from everywhere.
    pub fn remove(&mut self, id: &str) -> Option<S> {
        self.leave_all(id);
        let (id, entry) = self.connections.swap_remove_entry(id)?;
        if let Some(user) = &entry.user
            && let Some(ids) = self.users.get_mut(user)
            && !ids.remains_without(&id)
        {
            self.users.remove(user);
        }
        Some(entry.session)
    }

    /// Puts a connection into a group; doing it twice changes nothing. False if there is no such connection.
    pub fn join(&mut self, id: &str, group: &str) -> bool {
        let Some((id, _, entry)) = self
            .connections
            .get_full_mut(id)
            .map(|(at, _, entry)| (at, (), entry))
        else {
            return false;
        };
        let group: Arc<str> = match self.groups.get_key_value(group) {
            Some((group, _)) => group.clone(),
            None => group.into(),
        };
        let session = entry.session.clone();
        if let Err(at) = entry.groups.binary_search(&group) {
            entry
                .groups
                .reserve_exact(usize::from(entry.groups.is_empty()));
            entry.groups.insert(at, group.clone());
        }
        if let Some((key, _)) = self.connections.get_index(id) {
            self.groups
                .entry(group)
                .or_default()
                .insert(key.clone(), session);
        }
        true
    }

    pub fn leave(&mut self, id: &str, group: &str) {
        if let Some(entry) = self.connections.get_mut(id)
            && let Ok(at) = entry.groups.binary_search_by(|known| (**known).cmp(group))
        {
            entry.groups.remove(at);
        }
        if let Some(members) = self.groups.get_mut(group) {
            members.swap_remove(id);
            if members.is_empty() {
                self.groups.remove(group);
            }
        }
    }

    pub fn leave_all(&mut self, id: &str) {
        let Some(entry) = self.connections.get(id) else {
            return;
        };
        for group in entry.groups.clone() {
            self.leave(id, &group);
        }
    }

    pub fn allows(&self, id: &str, permission: Permission, group: &str) -> bool {
        self.connections
            .get(id)
            .is_some_and(|entry| entry.permissions.allow(permission, group))
    }

    /// Allows one literal group name.
    pub fn grant(&mut self, id: &str, permission: Permission, group: &str) -> Granted {
        let Some(entry) = self.connections.get_mut(id) else {
            return Granted::NoConnection;
        };
        if entry.permissions.change(permission, group, true) {
            Granted::Done
        } else {
            Granted::TooMany
        }
    }

    /// Forbids one literal group name. Who is not there may do nothing anyway.
    pub fn revoke(&mut self, id: &str, permission: Permission, group: &str) {
        if let Some(entry) = self.connections.get_mut(id) {
            entry.permissions.change(permission, group, false);
        }
    }

    pub fn get(&self, id: &str) -> Option<&S> {
        self.connections.get(id).map(|entry| &entry.session)
    }

    pub fn all(&self) -> impl Iterator<Item = (&str, &S)> {
        self.connections
            .iter()
            .map(|(id, entry)| (&**id, &entry.session))
    }

    pub fn in_group(&self, group: &str) -> impl Iterator<Item = (&str, &S)> {
        self.groups
            .get(group)
            .into_iter()
            .flatten()
            .map(|(id, session)| (&**id, session))
    }

    pub fn of_user(&self, user: &str) -> impl Iterator<Item = (&str, &S)> {
        let ids = self.users.get(user).into_iter().flat_map(Ids::iter);
        ids.filter_map(|id| {
            self.connections
                .get_key_value(id)
                .map(|(id, entry)| (&**id, &entry.session))
        })
    }

    pub fn user_of(&self, id: &str) -> Option<&str> {
        self.connections.get(id)?.user.as_deref()
    }

    /// The groups of a connection, in order.
    pub fn groups_of(&self, id: &str) -> Option<&[Arc<str>]> {
        Some(&self.connections.get(id)?.groups)
    }

    /// Every group with the number of its members, in no order.
    pub fn groups(&self) -> impl Iterator<Item = (&str, usize)> {
        self.groups
            .iter()
            .map(|(group, members)| (&**group, members.len()))
    }

    pub fn group_exists(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    pub fn user_exists(&self, user: &str) -> bool {
        self.users.contains_key(user)
    }

    pub fn len(&self) -> usize {
        self.connections.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_connection_that_leaves_takes_its_groups_and_its_user_along() {
        let mut registry = Registry::default();
        registry.insert(&"c1".into(), Some(&"ada".into()), Vec::new(), ());
        assert!(registry.join("c1", "g") && registry.join("c1", "g"));
        assert!(registry.group_exists("g") && registry.user_exists("ada"));
        registry.remove("c1");
        assert!(!registry.group_exists("g") && !registry.user_exists("ada") && registry.len() == 0);
        assert!(!registry.join("c1", "g"));
    }

    #[test]
    fn a_revocation_outranks_a_pattern_until_it_is_granted_again() {
        let mut registry = Registry::default();
        let role = Role::parse("webpubsub.sendToGroups.team.*").expect("a role");
        registry.insert(&"c1".into(), None, vec![role], ());
        let allowed =
            |registry: &Registry<()>| registry.allows("c1", Permission::SendToGroup, "team.red");
        assert!(allowed(&registry));
        registry.revoke("c1", Permission::SendToGroup, "team.red");
        assert!(!allowed(&registry));
        assert!(registry.allows("c1", Permission::SendToGroup, "team.blue"));
        registry.grant("c1", Permission::SendToGroup, "team.red");
        assert!(allowed(&registry));
    }

    #[test]
    fn the_1001st_grant_for_a_connection_is_one_too_many_and_a_revocation_never_is() {
        let mut registry = Registry::default();
        let role = Role::parse("webpubsub.sendToGroups.team.*").expect("a role");
        registry.insert(&"c1".into(), None, vec![role], ());
        let kind = Permission::SendToGroup;
        for number in 0..MAX_GRANTS {
            let done = registry.grant("c1", kind, &format!("g{number}"));
            assert_eq!(done, Granted::Done);
        }
        assert_eq!(registry.grant("c1", kind, "more"), Granted::TooMany);
        assert_eq!(registry.grant("c1", kind, "g1"), Granted::Done);
        registry.revoke("c1", kind, "team.red");
        assert!(!registry.allows("c1", kind, "team.red"));
        assert_eq!(registry.grant("c1", kind, "team.red"), Granted::Done);
        let other = Permission::JoinLeaveGroup;
        assert_eq!(registry.grant("c1", other, "more"), Granted::Done);
        registry.revoke("c1", kind, "g1");
        assert!(!registry.allows("c1", kind, "g1"));
        assert_eq!(registry.grant("c1", kind, "more"), Granted::Done);
        assert_eq!(registry.grant("c2", kind, "g"), Granted::NoConnection);
    }

    #[test]
    fn a_rule_that_only_repeats_the_roles_is_not_kept() {
        let mut registry = Registry::default();
        let role = Role::parse("webpubsub.sendToGroups.team.*").expect("a role");
        registry.insert(&"c1".into(), None, vec![role], ());
        let kind = Permission::SendToGroup;
        for number in 0..2 * MAX_GRANTS {
            for group in [format!("g{number}"), format!("team.{number}")] {
                assert_eq!(registry.grant("c1", kind, &group), Granted::Done);
                assert!(registry.allows("c1", kind, &group));
                registry.revoke("c1", kind, &group);
                assert!(!registry.allows("c1", kind, &group));
            }
            registry.grant("c1", kind, &format!("team.{number}"));
        }
        let kept = registry.connections["c1"].permissions.changed.as_ref();
        assert_eq!(kept.map_or(0, |changed| changed.len()), 0);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u8, u8),
        Remove(u8),
        Join(u8, u8),
        Leave(u8, u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..6u8, 0..3u8).prop_map(|(c, u)| Step::Insert(c, u)),
            (0..6u8).prop_map(Step::Remove),
            (0..6u8, 0..4u8).prop_map(|(c, g)| Step::Join(c, g)),
            (0..6u8, 0..4u8).prop_map(|(c, g)| Step::Leave(c, g)),
        ]
    }

    proptest! {
        /// The registry agrees with a plain set of (connection, group) pairs, whatever happens.
        #[test]
        fn memberships_are_exactly_the_joins_that_were_not_undone(steps in prop::collection::vec(step(), 0..80)) {
            let mut registry: Registry<u8> = Registry::default();
            let mut present = BTreeSet::new();
            let mut joined = BTreeSet::new();
            for step in steps {
                match step {
                    Step::Insert(c, u) if present.insert(c) => {
                        registry.insert(&c.to_string().into(), Some(&u.to_string().into()), Vec::new(), c);
                    }
                    Step::Insert(..) => {}
                    Step::Remove(c) => {
                        prop_assert_eq!(registry.remove(&c.to_string()).is_some(), present.remove(&c));
                        joined.retain(|(member, _)| *member != c);
                    }
                    Step::Join(c, g) => {
                        prop_assert_eq!(registry.join(&c.to_string(), &g.to_string()), present.contains(&c));
                        if present.contains(&c) {
                            joined.insert((c, g));
                        }
                    }
                    Step::Leave(c, g) => {
                        registry.leave(&c.to_string(), &g.to_string());
                        joined.remove(&(c, g));
                    }
                }
                for g in 0..4u8 {
                    let members: BTreeSet<u8> = registry.in_group(&g.to_string()).map(|(_, c)| *c).collect();
                    let expected: BTreeSet<u8> = joined.iter().filter(|(_, group)| *group == g).map(|(c, _)| *c).collect();
                    prop_assert_eq!(registry.group_exists(&g.to_string()), !expected.is_empty());
                    prop_assert_eq!(members, expected);
                }
                prop_assert_eq!(registry.len(), present.len());
            }
        }
    }
}
