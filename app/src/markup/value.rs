//! What an attribute or a property can be, and what may be written for it.

use crate::signal::Act;
use leptos::oco::Oco;
use leptos::wasm_bindgen::JsValue;
use std::borrow::Cow;

/// The value of an attribute or a property.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Absent,
    Flag(bool),
    Text(Cow<'static, str>),
}

impl Value {
    /// As an attribute; `None` is an attribute that is not there.
    pub(super) fn as_attribute(&self) -> Option<&str> {
        match self {
            Value::Absent | Value::Flag(false) => None,
            Value::Flag(true) => Some(""),
            Value::Text(text) => Some(text),
        }
    }

    pub(super) fn to_property(&self) -> JsValue {
        match self {
            Value::Absent => JsValue::UNDEFINED,
            Value::Flag(flag) => JsValue::from_bool(*flag),
            Value::Text(text) => JsValue::from_str(text),
        }
    }
}

/// A value, or what tells it whenever it changes.
pub enum Source {
    Fixed(Value),
    Live(Box<dyn Act<(), Value> + Send>),
}

/// What may be written as a value. A closure is read again whenever a signal in it changes.
pub trait IntoValue {
    fn into_value(self) -> Source;
}

impl IntoValue for &'static str {
    fn into_value(self) -> Source {
        Source::Fixed(Value::Text(Cow::Borrowed(self)))
    }
}

impl IntoValue for String {
    fn into_value(self) -> Source {
        Source::Fixed(Value::Text(Cow::Owned(self)))
    }
}

impl IntoValue for Oco<'static, str> {
    fn into_value(self) -> Source {
        self.into_owned().into_value()
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Source {
        Source::Fixed(Value::Flag(self))
    }
}

impl IntoValue for usize {
    fn into_value(self) -> Source {
        self.to_string().into_value()
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Source {
        match self {
            Some(value) => value.into_value(),
            None => Source::Fixed(Value::Absent),
        }
    }
}

impl<F, T> IntoValue for F
where
    F: FnMut() -> T + Send + 'static,
    T: IntoValue,
{
    fn into_value(mut self) -> Source {
        Source::Live(Box::new(move |()| match self().into_value() {
            Source::Fixed(value) => value,
            Source::Live(mut inner) => inner.act(()),
        }))
    }
}
