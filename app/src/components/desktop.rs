//! Desktop notifications and what they depend on: permission, and whether anybody looks at the page.

use leptos::prelude::*;
use leptos::wasm_bindgen::closure::Closure;
use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{Notification, NotificationOptions, NotificationPermission};

/// A body is cut here, in characters.
const BODY: usize = 120;

/// What the browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// The browser knows no notifications.
    Missing,
    Unasked,
    Granted,
    Denied,
}

impl From<NotificationPermission> for Permission {
    fn from(permission: NotificationPermission) -> Self {
        match permission {
            NotificationPermission::Granted => Permission::Granted,
            NotificationPermission::Denied => Permission::Denied,
            _ => Permission::Unasked,
        }
    }
}

pub fn permission() -> Permission {
    match js_sys::Reflect::has(&window(), &JsValue::from_str("Notification")) {
        Ok(true) => Notification::permission().into(),
        _ => Permission::Missing,
    }
}

/// Asks the person. Only from a click: browsers refuse otherwise, and rightly.
pub async fn ask() -> Permission {
    if permission() == Permission::Unasked
        && let Ok(answer) = Notification::request_permission()
    {
        let _ = wasm_bindgen_futures::JsFuture::from(answer).await;
    }
    permission()
}

/// Whether somebody may be looking at this page now.
pub fn is_watched() -> bool {
    let document = document();
    !document.hidden() && document.has_focus().unwrap_or(true)
}

/// Shows a notification that replaces the one with the same tag. Does nothing where that is not allowed.
pub fn notify(tag: &str, title: &str, body: &str, open: impl FnOnce() + 'static) {
    if permission() != Permission::Granted {
        return;
    }
    let options = NotificationOptions::new();
    options.set_tag(tag);
    options.set_body(&cut(body));
    options.set_icon("/icon-192.png");
    // Fails on phones that want a service worker for it; the toast is there in any case.
    if let Ok(shown) = Notification::new_with_options(title, &options) {
        let closing = shown.clone();
        let clicked = Closure::once_into_js(move || {
            let _ = window().focus();
            closing.close();
            open();
        });
        shown.set_onclick(Some(clicked.unchecked_ref()));
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(BODY) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_long_body_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        let long = cut(&"é".repeat(500));
        assert_eq!(long.chars().count(), 121);
        assert!(long.ends_with('…'));
    }
}
