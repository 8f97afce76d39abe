//! What a filter computes with. A user id may be missing: what is made of nothing is nothing, and nothing holds.

use super::{Comparison, Function};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(super) enum Value<'v> {
    Text(Cow<'v, str>),
    Number(i64),
    Flag(bool),
    Groups(&'v [Arc<str>]),
    Null,
}

impl<'v> Value<'v> {
    pub(super) fn text(text: &'v str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }

    fn made(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}

pub(super) fn compare(how: Comparison, left: &Value, right: &Value) -> bool {
    let order = match (left, right) {
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Flag(a), Value::Flag(b)) => a.cmp(b),
        (Value::Null, Value::Null) => return how == Comparison::Eq,
        _ => return how == Comparison::Ne,
    };
    match how {
        Comparison::Eq => order == Ordering::Equal,
        Comparison::Ne => order != Ordering::Equal,
        Comparison::Gt => order == Ordering::Greater,
        Comparison::Ge => order != Ordering::Less,
        Comparison::Lt => order == Ordering::Less,
        Comparison::Le => order != Ordering::Greater,
    }
}

pub(super) fn is_member<'v>(value: &Value, mut list: impl Iterator<Item = Value<'v>>) -> bool {
    list.any(|each| match (&each, value) {
        (Value::Groups(groups), Value::Text(name)) => {
            groups.binary_search_by(|group| (**group).cmp(name)).is_ok()
        }
        _ => compare(Comparison::Eq, value, &each),
    })
}

pub(super) fn apply<'v>(function: Function, arguments: Vec<Value<'v>>) -> Value<'v> {
    let mut arguments = arguments.into_iter();
    let first = arguments.next().unwrap_or(Value::Null);
    let second = arguments.next().unwrap_or(Value::Null);
    let third = arguments.next();
    match (function, first, second) {
        (Function::ToLower, Value::Text(text), _) => Value::made(text.to_lowercase()),
        (Function::ToUpper, Value::Text(text), _) => Value::made(text.to_uppercase()),
        (Function::Trim, Value::Text(text), _) => Value::made(text.trim().to_owned()),
        (Function::Substring, Value::Text(text), Value::Number(from)) => {
            let tail = text.chars().skip(count(from));
            Value::made(match third {
                Some(Value::Number(length)) => tail.take(count(length)).collect(),
                _ => tail.collect(),
            })
        }
        (Function::EndsWith, Value::Text(text), Value::Text(end)) => {
            Value::Flag(text.ends_with(&*end))
        }
        (Function::StartsWith, Value::Text(text), Value::Text(start)) => {
            Value::Flag(text.starts_with(&*start))
        }
        (Function::Contains, Value::Text(text), Value::Text(part)) => {
            Value::Flag(text.contains(&*part))
        }
        (Function::IndexOf, Value::Text(text), Value::Text(part)) => Value::Number(
            text.find(&*part)
                .map_or(-1, |at| number(text[..at].chars().count())),
        ),
        (Function::Concat, Value::Text(text), Value::Text(more)) => {
            Value::made(text.into_owned() + &more)
        }
        (Function::Length, Value::Text(text), _) => Value::Number(number(text.chars().count())),
        (Function::Length, Value::Groups(groups), _) => Value::Number(number(groups.len())),
        _ => Value::Null,
    }
}

fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
