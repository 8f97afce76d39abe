//! A view: all that can stand in a page, as one type, so that the code which writes, hydrates and updates views exists
//! once. Leptos' own erased views carry a table of functions for each type that they hide, and the way of futures with it.

use super::Element;
use super::element::ElementState;
use super::rows::{Rows, RowsState};
use crate::signal::Act;

use leptos::prelude::*;
use leptos::reactive::effect::RenderEffect;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::{Rndr, types};
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Position, PositionState};
use leptos::wasm_bindgen::JsCast;
use std::borrow::Cow;

/// What can stand in a page.
pub enum View {
    Nothing,
    Text(Cow<'static, str>),
    /// HTML of one element that never changes.
    Inert(&'static str),
    Element(Box<Element>),
    /// One after the other; there is at least one.
    Several(Vec<View>),
    /// Drawn again whenever a signal in it changes.
    Live(Box<dyn Act<(), View> + Send>),
    /// As `Live`, but what keeps its key keeps its part of the page.
    Rows(Rows),
}

/// A view in the page.
pub enum ViewState {
    /// Where nothing is.
    Mark(types::Placeholder),
    /// With what it says.
    Text(types::Text, Cow<'static, str>),
    Inert(types::Element),
    Element(Box<ElementState>),
    Several(Vec<ViewState>),
    Live(RenderEffect<ViewState>),
    Rows(RenderEffect<RowsState>),
}

/// Where hydration stands.
pub(super) type Place = (Cursor, PositionState);

impl View {
    pub(super) fn make(self, place: Option<&Place>) -> ViewState {
        match self {
            View::Nothing => ViewState::Mark(match place {
                Some((cursor, position)) => cursor.next_placeholder(position),
                None => Rndr::create_placeholder(),
            }),
            View::Text(text) => {
                let node = match place {
                    Some(place) => find_text(place, &text),
                    None => Rndr::create_text_node(&text),
                };
                ViewState::Text(node, text)
            }
            View::Inert(html) => ViewState::Inert(match place {
                Some(place) => find_element(place),
                None => Rndr::create_element_from_html(Cow::Borrowed(html)),
            }),
            View::Element(element) => ViewState::Element(Box::new(match place {
                Some(place) => element.hydrate(place),
                None => element.build(),
            })),
            View::Several(views) => {
                ViewState::Several(views.into_iter().map(|view| view.make(place)).collect())
            }
            View::Live(mut draw) => {
                let mut place = place.cloned();
                ViewState::Live(RenderEffect::new(move |before: Option<ViewState>| {
                    let (view, place) = (draw.act(()), place.take());
                    match before {
                        None => view.make(place.as_ref()),
                        Some(mut state) => {
                            view.rebuild(&mut state);
                            state
                        }
                    }
                }))
            }
            View::Rows(rows) => {
                let mut place = place.cloned();
                ViewState::Rows(RenderEffect::new(
                    move |before: Option<RowsState>| match before {
                        None => rows.make(place.take().as_ref()),
                        Some(mut state) => {
                            rows.update(&mut state);
                            state
                        }
                    },
                ))
            }
        }
    }

    pub(super) fn write(self, html: &mut String, position: &mut Position) {
        match self {
            View::Nothing => {
                html.push_str("<!>");
                *position = Position::NextChild;
            }
            View::Text(text) => {
                if *position == Position::NextChildAfterText {
                    html.push_str("<!>");
                }
                match text.is_empty() {
                    // Without a letter there would be no node.
                    true => html.push(' '),
                    false => escape(&text, html),
                }
                *position = Position::NextChildAfterText;
            }
            View::Inert(inert) => {
                html.push_str(inert);
                *position = Position::NextChild;
            }
            View::Element(element) => element.write(html, position),
            View::Several(views) => views
                .into_iter()
                .for_each(|view| view.write(html, position)),
            View::Live(mut draw) => draw.act(()).write(html, position),
            View::Rows(rows) => rows.write(html, position),
        }
    }
}

pub(super) fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

/// The element that comes next.
pub(super) fn find_element((cursor, position): &Place) -> types::Element {
    match position.get() {
        Position::FirstChild => cursor.child(),
        Position::Current => {}
        _ => cursor.sibling(),
    }
    position.set(Position::NextChild);
    let element = cursor.current().dyn_into::<types::Element>();
    element.expect("the server wrote an element here")
}

/// The text that comes next; between two texts stands a mark.
fn find_text((cursor, position): &Place, text: &str) -> types::Text {
    match position.get() {
        Position::FirstChild => cursor.child(),
        Position::NextChildAfterText => {
            cursor.sibling();
            cursor.sibling();
        }
        _ => cursor.sibling(),
    }
    position.set(Position::NextChildAfterText);
    let node = cursor.current().dyn_into::<types::Text>();
    let node = node.expect("the server wrote text here");
    if text.is_empty() {
        Rndr::set_text(&node, text);
    }
    node
}

impl Render for View {
    type State = ViewState;

    fn build(self) -> ViewState {
        self.make(None)
    }

    fn rebuild(self, state: &mut ViewState) {
        match (self, &mut *state) {
            (View::Nothing, ViewState::Mark(_)) => {}
            (View::Text(text), ViewState::Text(node, known)) => {
                if *known != text {
                    Rndr::set_text(node, &text);
                    *known = text;
                }
            }
            (view, old) => {
                let mut new = view.build();
                old.insert_before_this(&mut new);
                old.unmount();
                *state = new;
            }
        }
    }
}

impl ViewState {
    fn with<T>(&self, act: impl FnOnce(&dyn Mountable) -> T) -> Option<T> {
        Some(match self {
            ViewState::Mark(node) => act(node),
            ViewState::Text(node, _) => act(node),
            ViewState::Inert(element) => act(element),
            ViewState::Element(element) => act(&**element),
            ViewState::Several(views) => return views.first().and_then(|first| first.with(act)),
            ViewState::Live(effect) => act(effect),
            ViewState::Rows(effect) => act(effect),
        })
    }
}

impl Mountable for ViewState {
    fn unmount(&mut self) {
        match self {
            ViewState::Mark(node) => node.unmount(),
            ViewState::Text(node, _) => node.unmount(),
            ViewState::Inert(element) => element.unmount(),
            ViewState::Element(element) => element.unmount(),
            ViewState::Several(views) => views.iter_mut().for_each(Mountable::unmount),
            ViewState::Live(effect) => effect.unmount(),
            ViewState::Rows(effect) => effect.unmount(),
        }
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        match self {
            ViewState::Mark(node) => node.mount(parent, marker),
            ViewState::Text(node, _) => node.mount(parent, marker),
            ViewState::Inert(element) => element.mount(parent, marker),
            ViewState::Element(element) => element.mount(parent, marker),
            ViewState::Several(views) => {
                views.iter_mut().for_each(|view| view.mount(parent, marker));
            }
            ViewState::Live(effect) => effect.mount(parent, marker),
            ViewState::Rows(effect) => effect.mount(parent, marker),
        }
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.with(|first| first.insert_before_this(child))
            .unwrap_or(false)
    }

    fn elements(&self) -> Vec<types::Element> {
        Vec::new()
    }
}

impl AddAnyAttr for View {
    type Output<A: Attribute> = View;

    /// Attributes are not spread here.
    fn add_any_attr<A: Attribute>(self, _: A) -> View {
        self
    }
}

impl RenderHtml for View {
    type AsyncOutput = View;
    type Owned = View;

    const MIN_LENGTH: usize = 0;

    /// Nothing waits for anything here.
    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> View {
        self
    }

    fn to_html_with_buf(
        self,
        html: &mut String,
        position: &mut Position,
        _escape: bool,
        _mark: bool,
        _: Vec<AnyAttribute>,
    ) {
        self.write(html, position);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        html: &mut StreamBuilder,
        position: &mut Position,
        _escape: bool,
        _mark: bool,
        _: Vec<AnyAttribute>,
    ) {
        html.with_buf(|html| self.write(html, position));
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> ViewState {
        self.make(Some(&(cursor.clone(), position.clone())))
    }

    fn into_owned(self) -> View {
        self
    }
}
