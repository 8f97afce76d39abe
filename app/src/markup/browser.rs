//! What the browser calls when its time has come: listeners of the window, timers, frames, tasks. As Leptos' own, but
//! for all closures and all futures one type.

use crate::signal::Ask;
use leptos::ev::EventDescriptor;
use leptos::leptos_dom::helpers;
use leptos::prelude::*;
use leptos::task;
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::Event;
use std::pin::Pin;
use std::time::Duration;

pub fn window_event_listener<E>(
    event: E,
    act: impl Fn(E::EventType) + 'static,
) -> WindowListenerHandle
where
    E: EventDescriptor,
    E::EventType: JsCast,
{
    fn listen(event: &str, act: Box<dyn Ask<Event>>) -> WindowListenerHandle {
        helpers::window_event_listener_untyped(event, move |event| act.ask(event))
    }
    listen(
        &event.name(),
        Box::new(move |event: Event| act(event.unchecked_into())),
    )
}

pub fn set_interval_with_handle(
    act: impl Fn() + 'static,
    each: Duration,
) -> Result<IntervalHandle, JsValue> {
    fn start(act: Box<dyn Ask<()>>, each: Duration) -> Result<IntervalHandle, JsValue> {
        helpers::set_interval_with_handle(move || act.ask(()), each)
    }
    start(Box::new(move |()| act()), each)
}

pub fn set_timeout_with_handle(
    act: impl FnOnce() + 'static,
    after: Duration,
) -> Result<TimeoutHandle, JsValue> {
    fn start(act: Box<dyn FnOnce()>, after: Duration) -> Result<TimeoutHandle, JsValue> {
        helpers::set_timeout_with_handle(act, after)
    }
    start(Box::new(act), after)
}

pub fn set_timeout(act: impl FnOnce() + 'static, after: Duration) {
    // A browser always has a timer left.
    let _ = set_timeout_with_handle(act, after);
}

pub fn request_animation_frame(act: impl FnOnce() + 'static) {
    fn request(act: Box<dyn FnOnce()>) {
        helpers::request_animation_frame(act);
    }
    request(Box::new(act));
}

pub fn spawn_local(work: impl Future<Output = ()> + 'static) {
    fn spawn(work: Pin<Box<dyn Future<Output = ()>>>) {
        task::spawn_local(work);
    }
    spawn(Box::pin(work));
}
