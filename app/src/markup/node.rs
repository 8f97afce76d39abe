//! An element of the page, once it is there.

use crate::signal::RwSignal;
use leptos::html::ElementType;
use leptos::tachys::renderer::types::Element;
use leptos::wasm_bindgen::JsCast;
use send_wrapper::SendWrapper;
use std::marker::PhantomData;

/// Like Leptos' own, with one signal for the elements of all types.
pub struct NodeRef<E> {
    element: RwSignal<Option<SendWrapper<Element>>>,
    is: PhantomData<fn() -> E>,
}

impl<E> Clone for NodeRef<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for NodeRef<E> {}

impl<E> NodeRef<E>
where
    E: ElementType,
    E::Output: JsCast,
{
    pub fn new() -> Self {
        NodeRef {
            element: RwSignal::new(None),
            is: PhantomData,
        }
    }

    pub fn get(&self) -> Option<E::Output> {
        as_it_is(self.element.get())
    }

    pub fn get_untracked(&self) -> Option<E::Output> {
        as_it_is(self.element.get_untracked())
    }

    /// `None`, too, when its owner is gone.
    pub fn try_get_untracked(&self) -> Option<E::Output> {
        as_it_is(self.element.try_get_untracked().flatten())
    }

    pub(super) fn found(&self) -> RwSignal<Option<SendWrapper<Element>>> {
        self.element
    }
}

fn as_it_is<T: JsCast>(element: Option<SendWrapper<Element>>) -> Option<T> {
    element.map(|element| element.take().unchecked_into())
}
