//! A menu on a native popover: the browser closes it by Escape and by a click elsewhere; arrows, Home and End
//! move in it, and the focus goes back to the button that opened it. One menu may serve many buttons.

use crate::markup::{
    Children, NodeRef, View, effect, request_animation_frame, view, window_event_listener,
};
use crate::signal::{Callback, RwSignal, StoredValue, expect_context, on_cleanup, provide_context};
use leptos::ev::{self, KeyboardEvent, MouseEvent, PointerEvent};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use send_wrapper::SendWrapper;
use web_sys::{Element, HtmlElement};

const ITEMS: &str = "[role^='menuitem']";

/// The handle that a menu and its buttons share.
#[derive(Clone, Copy)]
pub struct MenuControl {
    node: NodeRef<Div>,
    open: RwSignal<bool>,
    /// The menu was open when the pointer went down, so that the click closes it and does not open it anew.
    was_open: StoredValue<bool>,
    /// Wrapped, as pages are also rendered where there are many threads and no elements.
    opener: StoredValue<Option<SendWrapper<HtmlElement>>>,
}

impl Default for MenuControl {
    fn default() -> Self {
        Self::new()
    }
}

impl MenuControl {
    pub fn new() -> Self {
        MenuControl {
            node: NodeRef::new(),
            open: RwSignal::new(false),
            was_open: StoredValue::new(false),
            opener: StoredValue::new(None),
        }
    }

    /// For `aria-expanded`.
    pub fn is_open(&self) -> bool {
        self.open.get()
    }

    /// On `pointerdown` of a button, before the browser closes the menu.
    pub fn press(&self, _: PointerEvent) {
        self.was_open.set_value(self.open.get_untracked());
    }

    /// On `click` of a button. Returns whether the menu opens.
    pub fn toggle(&self, click: &MouseEvent) -> bool {
        let again = self.was_open.get_value();
        self.was_open.set_value(false);
        let button = click
            .current_target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
            .map(SendWrapper::new);
        let same = self
            .opener
            .with_value(|opener| opener.as_deref() == button.as_deref());
        self.opener.set_value(button);
        if again && same {
            return false;
        }
        if let Some(node) = self.node.get_untracked() {
            // Shown already: the call fails, and that is fine.
            let _ = node.show_popover();
            let control = *self;
            // In the next frame the items are those that the click chose.
            request_animation_frame(move || {
                control.place(&node);
                step(&node, Step::First);
            });
        }
        true
    }

    fn close(&self) {
        self.opener.with_value(|opener| {
            if let Some(button) = opener {
                let _ = button.focus();
            }
        });
        if let Some(node) = self.node.get_untracked() {
            let _ = node.hide_popover();
        }
    }

    /// Below the button, or above it where there is no room; inside the window in any case.
    fn place(&self, node: &HtmlElement) {
        const GAP: f64 = 4.0;
        const EDGE: f64 = 8.0;
        let Some(button) = self
            .opener
            .with_value(|opener| opener.as_ref().map(|b| b.get_bounding_client_rect()))
        else {
            return;
        };
        let root = document().document_element();
        let (width, height) = root.map_or((0.0, 0.0), |root| {
            (
                f64::from(root.client_width()),
                f64::from(root.client_height()),
            )
        });
        let menu = node.get_bounding_client_rect();
        let mut x = button.left();
        if x + menu.width() + EDGE > width {
            x = button.right() - menu.width();
        }
        let mut y = button.bottom() + GAP;
        if y + menu.height() + EDGE > height {
            y = button.top() - GAP - menu.height();
        }
        let x = x.min(width - menu.width() - EDGE).max(EDGE);
        let y = y.min(height - menu.height() - EDGE).max(EDGE);
        let style = node.style();
        let _ = style.set_property("--menu-x", &pixels(x));
        let _ = style.set_property("--menu-y", &pixels(y));
    }
}

/// The menu itself. Its children are `MenuItem`s.
#[component]
pub fn Menu(control: MenuControl, #[prop(into)] label: TextProp, children: Children) -> View {
    provide_context(control);
    let node = control.node;
    let on_key = move |key: KeyboardEvent| {
        let to = match key.key().as_str() {
            "ArrowDown" => Step::Next,
            "ArrowUp" => Step::Back,
            "Home" => Step::First,
            "End" => Step::Last,
            "Tab" => {
                key.prevent_default();
                control.close();
                return;
            }
            _ => return,
        };
        key.prevent_default();
        if let Some(node) = node.get_untracked() {
            step(&node, to);
        }
    };
    let on_toggle = move |_| {
        let open = node
            .get_untracked()
            .is_some_and(|node| node.matches(":popover-open").unwrap_or(false));
        control.open.set(open);
    };
    effect(move || {
        let resized = window_event_listener(ev::resize, move |_| {
            if let Some(node) = node
                .get_untracked()
                .filter(|_| control.open.get_untracked())
            {
                control.place(&node);
            }
        });
        on_cleanup(move || resized.remove());
    });
    view! {
        <div
            class="menu"
            popover="auto"
            role="menu"
            aria-label=move || label.get()
            node_ref=node
            on:keydown=on_key
            on:toggle=on_toggle
            on:click=move |_| control.close()
        >
            {children()}
        </div>
    }
}

#[component]
pub fn MenuItem(
    glyph: super::Glyph,
    #[prop(into)] label: TextProp,
    #[prop(optional)] danger: bool,
    #[prop(into)] on_choose: Callback<()>,
) -> View {
    let control: MenuControl = expect_context();
    // Closed first: a dialog that opens gives the focus back to where it is now.
    let choose = move |_| {
        control.close();
        on_choose.run(());
    };
    view! {
        <button
            class="menu-item"
            type="button"
            role="menuitem"
            tabindex="-1"
            data-kind=danger.then_some("danger")
            on:click=choose
        >
            <super::Icon glyph/>
            {move || label.get()}
        </button>
    }
}

/// Printed by the browser: what prints fractions is a heavy part of a program.
fn pixels(length: f64) -> String {
    let number = js_sys::Number::from(length).to_string_with_radix(10);
    number.map_or_else(|_| "0".to_owned(), String::from) + "px"
}

enum Step {
    First,
    Last,
    Next,
    Back,
}

/// Moves the focus among the items, around the ends.
fn step(node: &Element, to: Step) {
    let Ok(items) = node.query_selector_all(ITEMS) else {
        return;
    };
    let count = items.length();
    if count == 0 {
        return;
    }
    let focused = document().active_element();
    let at = (0..count).find(|i| items.get(*i).as_ref() == focused.as_deref());
    let next = match (to, at) {
        (Step::First, _) | (Step::Next, None) => 0,
        (Step::Last, _) | (Step::Back, None) => count - 1,
        (Step::Next, Some(at)) => (at + 1) % count,
        (Step::Back, Some(at)) => (at + count - 1) % count,
    };
    if let Some(item) = items
        .get(next)
        .and_then(|item| item.dyn_into::<HtmlElement>().ok())
    {
        let _ = item.focus();
    }
}
