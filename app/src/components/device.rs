//! What keeps passkeys: the browser, and the devices that it can ask. The server's question goes to it and its answer
//! back, as text, so that nothing here knows what is in them. What goes wrong is a sentence for the person.

use crate::api::{ApiError, Passkey};
use crate::script::{call, fetch, property, settled};
use js_sys::{JSON, Reflect};
use leptos::prelude::window;
use leptos::wasm_bindgen::JsValue;

/// An answer, or what to tell the person.
pub type Told<T> = Result<T, String>;

/// Longer than any sentence of ours: somebody else has answered.
const SENTENCE: usize = 200;

/// A browser's two ways to ask, and where the server's part of each is.
struct Ceremony {
    question: &'static str,
    reader: &'static str,
    act: &'static str,
    answer: &'static str,
    called_off: &'static str,
}

const NEW: Ceremony = Ceremony {
    question: "/api/askForNewPasskey",
    reader: "parseCreationOptionsFromJSON",
    act: "create",
    answer: "/api/addPasskey",
    called_off: "No passkey was made: it was called off, or took too long.",
};

const KNOWN: Ceremony = Ceremony {
    question: "/api/askForPasskey",
    reader: "parseRequestOptionsFromJSON",
    act: "get",
    answer: "/api/signInByPasskey",
    called_off: "You are not signed in: it was called off or took too long, or this device has no passkey for Chatr.",
};

/// Whether this browser has what both ways need. Only where a browser is: in effects and handlers.
pub fn is_able() -> bool {
    let reader = property(&window(), "PublicKeyCredential")
        .and_then(|credential| property(&credential, KNOWN.reader));
    reader.is_ok_and(|reader| reader.is_function())
}

/// The person's passkeys; `None` where they can have none.
pub async fn list() -> Told<Option<Vec<Passkey>>> {
    let listed = exchange("/api/passkeys", None).await?;
    match listed.is_empty() {
        true => Ok(None),
        false => parsed(&listed).map(Some),
    }
}

/// Has a passkey made. Gives all that the person has then.
pub async fn add() -> Told<Vec<Passkey>> {
    parsed(&hold(&NEW).await?)
}

/// Gives what the person has left.
pub async fn remove(id: &str) -> Told<Vec<Passkey>> {
    // An id is of hexadecimal digits.
    let chosen = format!(r#"{{"id":"{id}"}}"#);
    parsed(&exchange("/api/removePasskey", Some(&chosen)).await?)
}

/// The cookie is whoever's the passkey is, afterwards.
pub async fn sign_in() -> Told<()> {
    hold(&KNOWN).await.map(|_| ())
}

async fn hold(ceremony: &Ceremony) -> Told<String> {
    let question = exchange(ceremony.question, Some("")).await?;
    let answer = ask(ceremony, &question).await;
    let answer = answer.map_err(|error| explain(ceremony, &error))?;
    exchange(ceremony.answer, Some(&answer)).await
}

/// Asks the device. Its answer's own `toJSON` writes it.
async fn ask(ceremony: &Ceremony, question: &str) -> Result<String, JsValue> {
    let reader = property(&window(), "PublicKeyCredential")?;
    let question = call(&reader, ceremony.reader, &[JSON::parse(question)?])?;
    let options = js_sys::Object::new();
    Reflect::set(&options, &"publicKey".into(), &question)?;
    let keeper = property(&window().navigator(), "credentials")?;
    let answer = settled(call(&keeper, ceremony.act, &[options.into()])?).await?;
    Ok(JSON::stringify(&answer)?.into())
}

fn explain(ceremony: &Ceremony, error: &JsValue) -> String {
    let name = property(error, "name")
        .ok()
        .and_then(|name| name.as_string());
    let told = match name.as_deref() {
        Some("NotAllowedError" | "AbortError") => ceremony.called_off,
        Some("InvalidStateError") => "This device has a passkey for you already.",
        Some("NotSupportedError" | "ConstraintError") => {
            "This device cannot keep passkeys. It needs a screen lock, such as a PIN or a fingerprint."
        }
        Some("SecurityError") => "Passkeys do not work at this address.",
        Some(_) | None => "That did not work. Please try again.",
    };
    told.to_owned()
}

/// Posts what there is, or else only asks.
async fn exchange(path: &str, body: Option<&str>) -> Told<String> {
    let (is_fine, text) = fetch(path, body)
        .await
        .map_err(|_| ApiError::Unreachable.to_string())?;
    match is_fine {
        true => Ok(text),
        false if text.len() < SENTENCE => Err(text.trim().to_owned()),
        false => Err(ApiError::Unreachable.to_string()),
    }
}

fn parsed(text: &str) -> Told<Vec<Passkey>> {
    Passkey::all_of(text).map_err(|why| why.to_string())
}
