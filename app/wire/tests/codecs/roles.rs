//! Roles, and the patterns in them.

use crate::values::text;
use proptest::prelude::*;
use wire::role::{Groups, MAX_STARS, Permission, Role};

fn permission() -> impl Strategy<Value = Permission> {
    prop_oneof![
        Just(Permission::SendToGroup),
        Just(Permission::JoinLeaveGroup)
    ]
}

fn role() -> impl Strategy<Value = Role> {
    let groups = prop_oneof![
        Just(Groups::All),
        text().prop_map(|name| Groups::Literal(format!("g{name}"))),
        text().prop_map(|name| Groups::Pattern(name.replacen('*', "", name.len()))),
        "[ab.?*\\\\]{0,5}".prop_map(Groups::Pattern),
    ];
    (permission(), groups).prop_map(|(permission, groups)| Role { permission, groups })
}

/// The documented words, tried in every way there is: only for short texts.
fn fits(pattern: &[char], group: &[char]) -> bool {
    match pattern {
        [] => group.is_empty(),
        ['*', '*', rest @ ..] => (0..=group.len()).any(|n| fits(rest, &group[n..])),
        ['*', rest @ ..] => (0..=group.len())
            .take_while(|n| !group[..*n].contains(&'.'))
            .any(|n| fits(rest, &group[n..])),
        ['?', rest @ ..] => {
            matches!(group, [c, tail @ ..] if *c != '.' && fits(rest, tail))
        }
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            matches!(group, [c, tail @ ..] if c == literal && fits(rest, tail))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_role_prints_as_it_reads(role in role()) {
        prop_assert_eq!(Role::parse(&role.to_string()), Some(role));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), group in any::<String>(), permission in permission()) {
        for text in [text.clone(), format!("webpubsub.sendToGroups.{text}"), format!("webpubsub.joinLeaveGroup.{text}")] {
            if let Some(role) = Role::parse(&text) {
                role.grants(permission, &group);
                prop_assert_eq!(role.to_string(), text);
            }
        }
    }

    #[test]
    fn a_pattern_grants_what_its_words_say(pattern in "[ab.?*\\\\]{0,6}", group in "[ab.?*\\\\]{0,6}") {
        prop_assume!(pattern.matches('*').count() <= MAX_STARS);
        let role = Role {
            permission: Permission::SendToGroup,
            groups: Groups::Pattern(pattern.clone()),
        };
        let (letters, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), group.chars().collect());
        prop_assert_eq!(role.grants(Permission::SendToGroup, &group), fits(&letters, &name));
        prop_assert!(!role.grants(Permission::JoinLeaveGroup, &group));
    }

    #[test]
    fn a_literal_name_is_never_a_pattern(name in "[ab.?*\\\\]{1,6}", group in "[ab.?*\\\\]{1,6}") {
        let role = Role::parse(&format!("webpubsub.sendToGroup.{name}")).expect("a role");
        prop_assert_eq!(role.grants(Permission::SendToGroup, &group), name == group);
    }
}

#[test]
fn the_worst_pattern_on_the_longest_name_is_answered() {
    let role = Role::parse("webpubsub.joinLeaveGroups.*a*a*a*a*b").expect("a role");
    let name = "a".repeat(1_024);
    assert!(!role.grants(Permission::JoinLeaveGroup, &name));
    assert!(role.grants(Permission::JoinLeaveGroup, &format!("{name}b")));
}
