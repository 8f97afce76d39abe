//! What may stand between two tags, made into one of the few views that all places share.

use super::{Element, View};
use leptos::oco::Oco;
use std::borrow::Cow;

/// What may stand between two tags. A closure is run again whenever a signal in it changes.
pub trait Part {
    fn part(self) -> View;
}

pub fn part(part: impl Part) -> View {
    part.part()
}

pub fn text(text: &'static str) -> View {
    View::Text(Cow::Borrowed(text))
}

/// An element that never changes.
pub fn inert(html: &'static str) -> View {
    View::Inert(html)
}

/// Several views, one after the other.
pub fn fragment(views: Vec<View>) -> View {
    match views.is_empty() {
        true => View::Nothing,
        false => View::Several(views),
    }
}

impl Part for View {
    fn part(self) -> View {
        self
    }
}

impl Part for Element {
    fn part(self) -> View {
        self.finish()
    }
}

impl Part for () {
    fn part(self) -> View {
        View::Nothing
    }
}

impl Part for String {
    fn part(self) -> View {
        View::Text(Cow::Owned(self))
    }
}

impl Part for &'static str {
    fn part(self) -> View {
        text(self)
    }
}

impl Part for Oco<'static, str> {
    fn part(self) -> View {
        self.into_owned().part()
    }
}

impl Part for usize {
    fn part(self) -> View {
        self.to_string().part()
    }
}

impl<T: Part> Part for Option<T> {
    fn part(self) -> View {
        match self {
            Some(inner) => inner.part(),
            None => ().part(),
        }
    }
}

impl<T: Part> Part for Vec<T> {
    fn part(self) -> View {
        fragment(self.into_iter().map(Part::part).collect())
    }
}

impl<F, T> Part for F
where
    F: FnMut() -> T + Send + 'static,
    T: Part,
{
    fn part(mut self) -> View {
        View::Live(Box::new(move |()| self().part()))
    }
}
