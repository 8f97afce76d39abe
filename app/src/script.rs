//! What belongs to the browser, asked by name: less code than typed bindings where a thing is used once, and the only way
//! to what has none. Works in effects, handlers and their tasks; on the server there is nothing to ask. Refuses to know
//! what it is about.

use js_sys::{Function, JSON, Promise, Reflect};
use leptos::prelude::window;
use leptos::wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Posts JSON, or without any only asks. Gives whether the server did it, and what it said.
pub async fn fetch(path: &str, body: Option<&str>) -> Result<(bool, String), JsValue> {
    let options = JSON::parse(match body {
        Some(_) => r#"{"method":"POST","headers":{"content-type":"application/json"}}"#,
        None => "{}",
    })?;
    if let Some(body) = body {
        Reflect::set(&options, &"body".into(), &body.into())?;
    }
    let answer = settled(call(&window(), "fetch", &[path.into(), options])?).await?;
    let text = settled(call(&answer, "text", &[])?).await?;
    let is_fine = property(&answer, "ok")?.is_truthy();
    Ok((is_fine, text.as_string().unwrap_or_default()))
}

pub fn property(of: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(of, &name.into())
}

pub fn call(of: &JsValue, name: &str, with: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = property(of, name)?.dyn_into()?;
    function.apply(of, &with.iter().collect())
}

/// What a promise comes to.
pub async fn settled(promise: JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(promise.dyn_into::<Promise>()?).await
}
