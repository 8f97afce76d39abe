//! An element as data: its tag, attributes and children. One type for all of them, so that the code which
//! renders, hydrates and updates elements exists once. A view that is drawn anew replaces the old one.

use super::NodeRef;
use super::value::{IntoValue, Source, Value};
use super::view::{Place, View, ViewState, escape, find_element};
use crate::signal::{Act, RwSignal};
use leptos::ev::EventDescriptor;
use leptos::html::ElementType;
use leptos::prelude::*;
#[cfg(debug_assertions)]
use leptos::reactive::diagnostics::SpecialNonReactiveZone;
use leptos::reactive::effect::RenderEffect;
use leptos::tachys::renderer::{RemoveEventHandler, Rndr, types};
use leptos::tachys::view::Position;
use leptos::wasm_bindgen::{JsCast, JsValue};
use send_wrapper::SendWrapper;
use std::borrow::Cow;

const SVG: &str = "http://www.w3.org/2000/svg";

pub struct Element {
    tag: &'static str,
    namespace: Option<&'static str>,
    fixed: &'static [(&'static str, &'static str)],
    attributes: Vec<(&'static str, Source)>,
    properties: Vec<(&'static str, Source)>,
    listeners: Vec<Listener>,
    found: Vec<Found>,
    children: Vec<View>,
}

/// Told which element of the page this is.
type Found = Box<dyn FnOnce(&types::Element) + Send>;

struct Listener {
    event: Cow<'static, str>,
    /// What the handler reads and makes belongs to where it was written.
    owner: Owner,
    handle: SendWrapper<Box<dyn Act<JsValue>>>,
}

impl Element {
    pub fn new(tag: &'static str, fixed: &'static [(&'static str, &'static str)]) -> Element {
        Element {
            tag,
            namespace: None,
            fixed,
            attributes: Vec::new(),
            properties: Vec::new(),
            listeners: Vec::new(),
            found: Vec::new(),
            children: Vec::new(),
        }
    }

    pub fn svg(tag: &'static str, fixed: &'static [(&'static str, &'static str)]) -> Element {
        Element {
            namespace: Some(SVG),
            ..Element::new(tag, fixed)
        }
    }

    pub fn attribute(&mut self, name: &'static str, value: impl IntoValue) {
        self.attributes.push((name, value.into_value()));
    }

    pub fn property(&mut self, name: &'static str, value: impl IntoValue) {
        self.properties.push((name, value.into_value()));
    }

    /// Does nothing on the server.
    pub fn on<E>(&mut self, event: E, mut handle: impl FnMut(E::EventType) + 'static)
    where
        E: EventDescriptor,
        E::EventType: JsCast,
    {
        self.listen(
            event.name(),
            Box::new(move |event: JsValue| handle(event.unchecked_into())),
        );
    }

    pub fn node_ref<E>(&mut self, node: NodeRef<E>)
    where
        E: ElementType,
        E::Output: JsCast,
    {
        self.load(node.found());
    }

    pub fn child(&mut self, child: View) {
        self.children.push(child);
    }

    pub fn finish(self) -> View {
        View::Element(Box::new(self))
    }

    fn listen(&mut self, event: Cow<'static, str>, handle: Box<dyn Act<JsValue>>) {
        if !crate::api::is_server() {
            self.listeners.push(Listener {
                event,
                owner: Owner::current().unwrap_or_default(),
                handle: SendWrapper::new(handle),
            });
        }
    }

    fn load(&mut self, node: RwSignal<Option<SendWrapper<types::Element>>>) {
        self.found.push(Box::new(move |element| {
            node.set(Some(SendWrapper::new(element.clone())));
        }));
    }

    fn is_void(&self) -> bool {
        matches!(
            self.tag,
            "area"
                | "base"
                | "br"
                | "col"
                | "embed"
                | "hr"
                | "img"
                | "input"
                | "link"
                | "meta"
                | "source"
                | "track"
                | "wbr"
        )
    }

    /// Writes all up to the children.
    fn open(&mut self, html: &mut String) {
        html.push('<');
        html.push_str(self.tag);
        for (name, text) in self.fixed {
            write(html, name, text);
        }
        for (name, source) in &mut self.attributes {
            let value = match source {
                Source::Fixed(value) => value,
                Source::Live(read) => &read.act(()),
            };
            if let Some(text) = value.as_attribute() {
                write(html, name, text);
            }
        }
        html.push('>');
    }

    pub(super) fn write(mut self, html: &mut String, position: &mut Position) {
        self.open(html);
        if !self.is_void() {
            *position = Position::FirstChild;
            for child in self.children {
                child.write(html, position);
            }
            html.push_str("</");
            html.push_str(self.tag);
            html.push('>');
        }
        *position = Position::NextChild;
    }

    pub(super) fn build(self) -> ElementState {
        let element = Rndr::create_element(self.tag, self.namespace);
        let (mut state, children) = self.enliven(element, false);
        for child in children {
            let mut child = child.build();
            child.mount(&state.element, None);
            state.children.push(child);
        }
        state
    }

    pub(super) fn hydrate(self, place: &Place) -> ElementState {
        let element = find_element(place);
        debug_assert!(
            element.tag_name().eq_ignore_ascii_case(self.tag),
            "the server wrote another element than {}",
            self.tag
        );
        let (mut state, children) = self.enliven(element, true);
        let (cursor, position) = place;
        position.set(Position::FirstChild);
        for child in children {
            state.children.push(child.make(Some(place)));
        }
        cursor.set(state.element.clone().into());
        position.set(Position::NextChild);
        state
    }

    /// Makes an element of the page live. `written` if the server wrote its attributes.
    fn enliven(self, element: types::Element, written: bool) -> (ElementState, Vec<View>) {
        if !written {
            for (name, text) in self.fixed {
                Rndr::set_attribute(&element, name, text);
            }
        }
        let attributes = self.attributes.into_iter();
        let attributes =
            attributes.filter_map(|(name, source)| bind(&element, name, source, false, written));
        let mut bound: Vec<_> = attributes.collect();
        let properties = self.properties.into_iter();
        bound.extend(
            properties.filter_map(|(name, source)| bind(&element, name, source, true, false)),
        );
        let heard = self.listeners.into_iter().map(|listener| {
            let Listener {
                event,
                owner,
                handle,
            } = listener;
            let mut handle = handle.take();
            let heard = Box::new(move |event| {
                // What a handler reads is as it is at that moment: nothing to warn of.
                #[cfg(debug_assertions)]
                let _read_once = SpecialNonReactiveZone::enter();
                owner.with(|| handle.act(event));
            });
            Rndr::add_event_listener(&element, &event, heard)
        });
        let heard = heard.collect();
        for found in self.found {
            found(&element);
        }
        let state = ElementState {
            element,
            children: Vec::new(),
            _bound: bound,
            _heard: heard,
        };
        (state, self.children)
    }
}

fn write(html: &mut String, name: &str, text: &str) {
    html.push(' ');
    html.push_str(name);
    if text.is_empty() {
        return;
    }
    html.push_str("=\"");
    escape(text, html);
    html.push('"');
}

/// Puts a value where it belongs, and again whenever it changes. `written` if the first one is there already.
fn bind(
    element: &types::Element,
    name: &'static str,
    source: Source,
    property: bool,
    written: bool,
) -> Option<RenderEffect<Value>> {
    let put = move |element: &types::Element, value: &Value| match property {
        true => Rndr::set_property_or_value(element, name, &value.to_property()),
        false => match value.as_attribute() {
            Some(text) => Rndr::set_attribute(element, name, text),
            None => Rndr::remove_attribute(element, name),
        },
    };
    match source {
        Source::Fixed(value) => {
            if !written && value != Value::Absent {
                put(element, &value);
            }
            None
        }
        Source::Live(mut read) => {
            let element = element.clone();
            Some(RenderEffect::new(move |before: Option<Value>| {
                let value = read.act(());
                let known = match &before {
                    None => written || value == Value::Absent,
                    Some(before) => *before == value,
                };
                if !known {
                    put(&element, &value);
                }
                value
            }))
        }
    }
}

/// An element of the page.
pub struct ElementState {
    element: types::Element,
    children: Vec<ViewState>,
    /// What is dropped with the element.
    _bound: Vec<RenderEffect<Value>>,
    _heard: Vec<RemoveEventHandler<types::Element>>,
}

impl Mountable for ElementState {
    fn unmount(&mut self) {
        self.element.unmount();
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        self.element.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.element.insert_before_this(child)
    }

    fn elements(&self) -> Vec<types::Element> {
        vec![self.element.clone()]
    }
}
