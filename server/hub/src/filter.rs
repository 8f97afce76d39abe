//! The filter of REST calls: the subset of OData that the service has for choosing connections. A text is parsed and
//! checked once; then it is asked of each connection. Refuses to know where the connections are.

mod lexer;
mod parser;
mod value;

use std::sync::Arc;
use value::{Value, apply, compare, is_member};

/// Clauses of a filter. Source: product documentation (about 100).
const MAX_CLAUSES: usize = 100;

/// Brackets within brackets. Source: emulator of the service.
const MAX_DEPTH: usize = 100;

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    #[error("the filter has `{0}` where something else is expected")]
    Unexpected(String),
    #[error("the filter ends too early")]
    End,
    #[error("the filter has a text without an end")]
    OpenText,
    #[error("the filter has the number `{0}`, which is too large")]
    Number(String),
    #[error("the filter has `{0}`, which is not known")]
    Unknown(String),
    #[error("the filter's `{0}` is used on what it cannot be used on")]
    Type(String),
    #[error("the filter is too long")]
    TooLong,
}

/// A connection as filters see it.
pub struct Subject<'a> {
    pub connection: &'a str,
    pub user: Option<&'a str>,
    pub protocol: Option<&'a str>,
    /// In order.
    pub groups: &'a [Arc<str>],
}

/// A checked filter.
#[derive(Debug, Clone)]
pub struct Filter(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text(String),
    Number(i64),
    Flag(bool),
    Null,
    Connection,
    User,
    Protocol,
    Groups,
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    /// In a list of values, or in the connection's groups.
    In(Box<Node>, Vec<Node>),
    Apply(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    ToLower,
    ToUpper,
    Trim,
    Substring,
    EndsWith,
    StartsWith,
    Contains,
    IndexOf,
    Concat,
    Length,
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self, BadFilter> {
        parser::parse(text).map(Self)
    }

    pub fn accepts(&self, subject: &Subject) -> bool {
        self.0.holds(subject)
    }
}

impl Node {
    /// What is not known is not so: a comparison with nothing does not hold.
    fn holds(&self, subject: &Subject) -> bool {
        matches!(self.value(subject), Value::Flag(true))
    }

    fn value<'v>(&'v self, subject: &Subject<'v>) -> Value<'v> {
        let or_null = |text: Option<&'v str>| text.map_or(Value::Null, Value::text);
        match self {
            Node::Text(text) => Value::text(text),
            Node::Number(number) => Value::Number(*number),
            Node::Flag(flag) => Value::Flag(*flag),
            Node::Null => Value::Null,
            Node::Connection => Value::text(subject.connection),
            Node::User => or_null(subject.user),
            Node::Protocol => or_null(subject.protocol),
            Node::Groups => Value::Groups(subject.groups),
            Node::Not(inner) => Value::Flag(!inner.holds(subject)),
            Node::And(left, right) => Value::Flag(left.holds(subject) && right.holds(subject)),
            Node::Or(left, right) => Value::Flag(left.holds(subject) || right.holds(subject)),
            Node::Compare(how, left, right) => {
                Value::Flag(compare(*how, &left.value(subject), &right.value(subject)))
            }
            Node::In(left, list) => {
                let list = list.iter().map(|node| node.value(subject));
                Value::Flag(is_member(&left.value(subject), list))
            }
            Node::Apply(function, arguments) => {
                let arguments = arguments.iter().map(|node| node.value(subject)).collect();
                apply(*function, arguments)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(text: &str, user: Option<&str>, groups: &[&str]) -> bool {
        let mut groups: Vec<Arc<str>> = groups.iter().map(|group| Arc::from(*group)).collect();
        groups.sort_unstable();
        let subject = Subject {
            connection: "b7f3c0de",
            user,
            protocol: Some("json.webpubsub.azure.v1"),
            groups: &groups,
        };
        Filter::parse(text).expect(text).accepts(&subject)
    }

    #[test]
    fn the_documented_examples_choose_whom_they_should() {
        let muted = "userId eq 'alice' and not ('muted' in groups)";
        assert!(accepts(muted, Some("alice"), &["room1"]));
        assert!(!accepts(muted, Some("alice"), &["muted"]));
        assert!(!accepts(muted, Some("bob"), &[]));
        let bots = "startswith(userId, 'bot-') or length(groups) eq 0";
        assert!(accepts(bots, Some("bot-1"), &["a"]) && accepts(bots, Some("ada"), &[]));
        assert!(!accepts(bots, Some("ada"), &["a"]));
        assert!(accepts("userId eq null", None, &[]));
        assert!(!accepts("userId eq null", Some("ada"), &[]));
        let ids = "connectionId in ('b7f3c0de','b7f3c0df')";
        assert!(accepts(ids, None, &[]));
        assert!(!accepts("connectionId in ('b7f3c0df')", None, &[]));
    }

    #[test]
    fn operators_bind_as_documented() {
        assert!(accepts("true or false and false", None, &[]));
        assert!(!accepts("(true or false) and false", None, &[]));
        assert!(accepts("not false and true", None, &[]));
        assert!(accepts("not (length(userId) gt 5)", Some("ada"), &[]));
        assert_eq!(
            Filter::parse("not length(userId) gt 5").err(),
            Some(BadFilter::Type("not".into()))
        );
    }

    #[test]
    fn functions_do_what_their_names_say() {
        for text in [
            "tolower('ÄB') eq 'äb'",
            "toupper('ab') eq 'AB'",
            "trim('  a ') eq 'a'",
            "substring('żółw', 1) eq 'ółw'",
            "substring('żółw', 1, 2) eq 'ół'",
            "substring('a', 7) eq ''",
            "endswith('abc', 'bc')",
            "contains('abc', 'b')",
            "indexof('żółw', 'w') eq 3",
            "indexof('a', 'b') eq -1",
            "concat('a', concat('b', 'c')) eq 'abc'",
            "length('żółw') eq 4",
            "length(groups) ge 2 and length(groups) le 2",
            "USERID eq 'it''s'",
            "protocol eq 'json.webpubsub.azure.v1'",
            "3 gt 2 and 2 lt 3 and 'b' gt 'a' and 1 ne 2",
            "contains(tolower(userId), 'it')",
        ] {
            assert!(accepts(text, Some("it's"), &["a", "b"]), "{text}");
        }
    }

    #[test]
    fn nothing_is_neither_more_nor_less_than_anything() {
        for text in [
            "userId gt 'a'",
            "userId lt 'a'",
            "userId ge null",
            "startswith(userId, 'a')",
            "length(userId) gt 0",
            "userId eq 'a'",
        ] {
            assert!(!accepts(text, None, &[]), "{text}");
        }
        assert!(accepts("userId ne 'a'", None, &[]));
        assert!(accepts("not startswith(userId, 'a')", None, &[]));
    }

    #[test]
    fn what_is_no_filter_says_why() {
        let unexpected = |text: &str| BadFilter::Unexpected(text.into());
        for (text, why) in [
            ("", BadFilter::End),
            ("userId eq", BadFilter::End),
            ("userId eq 'a", BadFilter::OpenText),
            ("userId eq 'a' 'b'", unexpected("'b'")),
            ("userId = 'a'", unexpected("=")),
            ("(userId eq 'a'", BadFilter::End),
            ("age eq 1", BadFilter::Unknown("age".into())),
            ("any(groups) eq 1", BadFilter::Unknown("any".into())),
            ("userId", BadFilter::Type("filter".into())),
            ("userId eq 1", BadFilter::Type("eq".into())),
            ("length(1) eq 1", BadFilter::Type("length".into())),
            ("substring('a') eq 'a'", BadFilter::Type("substring".into())),
            ("1 in groups", BadFilter::Type("in".into())),
            ("userId in 'a'", unexpected("'a'")),
            (
                "1 eq 99999999999999999999",
                BadFilter::Number("99999999999999999999".into()),
            ),
        ] {
            assert_eq!(Filter::parse(text).err(), Some(why), "{text}");
        }
    }

    #[test]
    fn a_filter_has_a_hundred_clauses_and_a_hundred_brackets_at_most() {
        let clauses = |count: usize| vec!["userId eq 'a'"; count].join(" or ");
        assert!(Filter::parse(&clauses(MAX_CLAUSES)).is_ok());
        assert_eq!(
            Filter::parse(&clauses(MAX_CLAUSES + 1)).err(),
            Some(BadFilter::TooLong)
        );
        let nested = |depth: usize| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
        assert!(Filter::parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(
            Filter::parse(&nested(MAX_DEPTH + 1)).err(),
            Some(BadFilter::TooLong)
        );
        assert_eq!(
            Filter::parse(&"not ".repeat(100_000)).err(),
            Some(BadFilter::TooLong)
        );
    }

    fn words() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec![
            "userId",
            "connectionId",
            "groups",
            "protocol",
            "not",
            "and",
            "or",
            "eq",
            "ne",
            "gt",
            "ge",
            "lt",
            "le",
            "in",
            "(",
            ")",
            ",",
            "'a'",
            "''",
            "'",
            "1",
            "-1",
            "true",
            "false",
            "null",
            "length",
            "substring",
            "concat",
            "startswith",
            "indexof",
            "tolower",
            "ż",
            "=",
        ]);
        prop::collection::vec(word, 0..24).prop_map(|words| words.join(" "))
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: ProptestConfig::default().cases.max(4_096),
            ..ProptestConfig::default()
        })]

        /// Whatever the text, there is an answer; and what is a filter can be asked of anybody.
        #[test]
        fn any_text_is_a_filter_or_a_complaint(text in prop_oneof![words(), ".{0,80}"], user in prop::option::of(".{0,5}")) {
            let groups = [Arc::from("a")];
            if let Ok(filter) = Filter::parse(&text) {
                filter.accepts(&Subject { connection: "c", user: user.as_deref(), protocol: None, groups: &groups });
            }
        }
    }
}
