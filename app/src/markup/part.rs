//! What may stand between two tags, made into one of the few views that all places share.

use super::Element;
use crate::signal::Act;
use leptos::oco::Oco;
use leptos::prelude::*;
use leptos::tachys::html::InertElement;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::types;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::any_view::AnyViewState;
use leptos::tachys::view::{Position, PositionState};
use std::sync::{Arc, Mutex};

/// What may stand between two tags. A closure is run again whenever a signal in it changes.
pub trait Part {
    fn part(self) -> AnyView;
}

pub fn part(part: impl Part) -> AnyView {
    part.part()
}

pub fn text(text: &'static str) -> AnyView {
    text.to_owned().part()
}

/// An element that never changes.
pub fn inert(html: &'static str) -> AnyView {
    InertElement::new(html).into_any()
}

/// Several views, one after the other.
pub fn fragment(views: Vec<AnyView>) -> AnyView {
    Fragment(views).into_any()
}

impl Part for AnyView {
    fn part(self) -> AnyView {
        self
    }
}

impl Part for Element {
    fn part(self) -> AnyView {
        self.into_any()
    }
}

impl Part for () {
    fn part(self) -> AnyView {
        self.into_any()
    }
}

impl Part for String {
    fn part(self) -> AnyView {
        self.into_any()
    }
}

impl Part for &'static str {
    fn part(self) -> AnyView {
        text(self)
    }
}

impl Part for Oco<'static, str> {
    fn part(self) -> AnyView {
        self.into_owned().part()
    }
}

impl Part for usize {
    fn part(self) -> AnyView {
        self.to_string().part()
    }
}

impl<T: Part> Part for Option<T> {
    fn part(self) -> AnyView {
        match self {
            Some(inner) => inner.part(),
            None => ().part(),
        }
    }
}

impl<T: Part> Part for Vec<T> {
    fn part(self) -> AnyView {
        let views: Vec<AnyView> = self.into_iter().map(Part::part).collect();
        views.into_any()
    }
}

impl<F, T> Part for F
where
    F: FnMut() -> T + Send + 'static,
    T: Part,
{
    fn part(mut self) -> AnyView {
        live(Box::new(move |()| self().part()))
    }
}

fn live(mut view: Box<dyn Act<(), AnyView> + Send>) -> AnyView {
    let view: Arc<Mutex<dyn FnMut() -> AnyView + Send>> =
        Arc::new(Mutex::new(move || view.act(())));
    view.into_any()
}

/// Several views, one after the other; there is at least one.
struct Fragment(Vec<AnyView>);

struct FragmentState(Vec<AnyViewState>);

impl Render for Fragment {
    type State = FragmentState;

    fn build(self) -> FragmentState {
        FragmentState(self.0.into_iter().map(Render::build).collect())
    }

    fn rebuild(self, state: &mut FragmentState) {
        super::element::replace(state, self.build());
    }
}

impl Mountable for FragmentState {
    fn unmount(&mut self) {
        self.0.iter_mut().for_each(Mountable::unmount);
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        for view in &mut self.0 {
            view.mount(parent, marker);
        }
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.iter().any(|view| view.insert_before_this(child))
    }

    fn elements(&self) -> Vec<types::Element> {
        self.0.iter().flat_map(Mountable::elements).collect()
    }
}

impl AddAnyAttr for Fragment {
    type Output<A: Attribute> = Fragment;

    /// Attributes are not spread here.
    fn add_any_attr<A: Attribute>(self, _: A) -> Fragment {
        self
    }
}

impl RenderHtml for Fragment {
    type AsyncOutput = Fragment;
    type Owned = Fragment;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {
        self.0.iter_mut().for_each(RenderHtml::dry_resolve);
    }

    async fn resolve(self) -> Fragment {
        let mut views = Vec::with_capacity(self.0.len());
        for view in self.0 {
            views.push(view.resolve().await);
        }
        Fragment(views)
    }

    fn html_len(&self) -> usize {
        self.0.iter().map(RenderHtml::html_len).sum()
    }

    fn to_html_with_buf(
        self,
        html: &mut String,
        position: &mut Position,
        escape: bool,
        mark: bool,
        _: Vec<AnyAttribute>,
    ) {
        for view in self.0 {
            view.to_html_with_buf(html, position, escape, mark, Vec::new());
        }
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        html: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark: bool,
        _: Vec<AnyAttribute>,
    ) {
        for view in self.0 {
            view.to_html_async_with_buf::<OUT_OF_ORDER>(html, position, escape, mark, Vec::new());
        }
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> FragmentState {
        let hydrate = |view: AnyView| view.hydrate::<FROM_SERVER>(cursor, position);
        FragmentState(self.0.into_iter().map(hydrate).collect())
    }

    fn into_owned(self) -> Fragment {
        self
    }
}
