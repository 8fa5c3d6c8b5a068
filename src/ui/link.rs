//! The configuration in the address, so that a link opens the same network, training and seed.

use js_sys::{Function, JSON, Object, Reflect};
use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen::JsCast;

use super::browser::get;
use super::state::{NoticeKind, State};
use super::text::t_once;
use crate::api;
use crate::error::PageError;
use crate::transport;
use chalkgrad_engine::json;

/// Stands before the configuration: the address may also name a place in the page.
const PREFIX: &str = "#c=";

/// More than 200 layers take; no browser shortens it.
const MAX_LENGTH: usize = 60_000;

/// Puts the configuration into the address and the address into the clipboard.
pub fn copy(state: State) {
    let configuration = Object::new();
    let model = state.history.with_untracked(|history| transport::write(&history.spec()));
    let training = state.training.with_untracked(transport::write);
    for (name, value) in [("model", model), ("training", training)] {
        let Ok(value) = value else { return };
        let _ = Reflect::set(&configuration, &name.into(), &value);
    }
    let Ok(text) = JSON::stringify(&configuration) else { return };
    let hash = format!("{PREFIX}{}", js_sys::encode_uri_component(&String::from(text)));
    // The address stays unchanged if the page may not change it, for example in a sandboxed frame.
    let _ = window().location().set_hash(&hash);
    let clipboard = get(&window().navigator(), "clipboard");
    let address = window().location().href().unwrap_or_default();
    if let Ok(write) = get(&clipboard, "writeText").dyn_into::<Function>()
        && let Ok(promise) = write.call1(&clipboard, &address.into())
        && let Some(promise) = promise.dyn_ref::<js_sys::Promise>()
    {
        // If the clipboard is not available, the address bar still has the link.
        let ignore = super::browser::callback(Box::new(|_| {}));
        if let Ok(catch) = get(promise, "catch").dyn_into::<Function>() {
            let _ = catch.call1(promise, &ignore);
        }
    }
    state.announcement.set(t_once("link_copied", &[]));
}

/// Applies the configuration in the address, if there is one. On an error, reports it and keeps the current
/// configuration.
pub fn open(state: State) {
    let hash = window().location().hash().unwrap_or_default();
    let Some(text) = hash.strip_prefix(PREFIX) else { return };
    let parsed = || -> Option<Value> {
        let text = (text.len() <= MAX_LENGTH).then_some(text)?;
        let text = js_sys::decode_uri_component(text).ok()?;
        json::parse(&String::from(text)).ok().filter(Value::is_object)
    };
    let failed = move |report| state.notify(NoticeKind::Error, report);
    match parsed() {
        Some(configuration) => api::configure(&state.client(), &configuration, failed),
        None => failed(PageError::BadLink.into()),
    }
}
