//! The configuration in the address, so that a link opens the same network, training and seed.

use std::collections::HashMap;

use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::json;
use js_sys::{JSON, Object, Reflect};
use leptos::ev;
use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::browser::get;
use super::state::{NoticeKind, State};
use super::text::t_once;
use crate::api;
use crate::error::PageError;
use crate::transport;

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
    // Unlike a new hash this tells no listener. The address stays unchanged if the page may not change it, for example in
    // a sandboxed frame.
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&hash));
    }
    let address = window().location().href().unwrap_or_default();
    let address = address.split('#').next().unwrap_or_default().to_owned() + &hash;
    spawn_local(async move {
        // A page without https has no clipboard.
        let clipboard = get(&window().navigator(), "clipboard");
        let is_copied = clipboard.is_object()
            && JsFuture::from(window().navigator().clipboard().write_text(&address)).await.is_ok();
        if is_copied {
            state.confirm(t_once("link_copied", &[]));
        } else {
            state.notify(NoticeKind::Note, PageError::ClipboardRefused { address }.into());
        }
    });
}

/// Applies the configuration in the address, if there is one, now and whenever a link is pasted into the open tab. On an
/// error, reports it and keeps the current configuration.
pub fn follow(state: State) {
    apply(state, &current());
    // The work of the addresses that were left, for the browser's Back.
    let left = StoredValue::new_local(HashMap::<String, Checkpoint>::new());
    let _ = window_event_listener(ev::hashchange, move |event| {
        let (old, new) = (hash_of(&event.old_url()), current());
        // Other hashes name places in the page.
        if new.starts_with(PREFIX) || left.with_value(|left| left.contains_key(&new)) {
            spawn_local(go(state, left, old, new));
        }
    });
}

/// Leaves the work under its address and goes to another one.
async fn go(state: State, left: StoredValue<HashMap<String, Checkpoint>, LocalStorage>, old: String, new: String) {
    let client = state.client();
    state.drop_pending_edit();
    if let Ok(checkpoint) = client.save().await {
        let steps = checkpoint.snapshot.step;
        left.update_value(|left| drop(left.insert(old, checkpoint)));
        if steps > 0 {
            state.notify(NoticeKind::Note, PageError::LinkTaken { steps }.into());
        }
    }
    match left.with_value(|left| left.get(&new).cloned()) {
        Some(checkpoint) => {
            if let Err(report) = client.open(checkpoint).await {
                state.notify(NoticeKind::Error, report);
            }
        }
        None => apply(state, &new),
    }
}

fn current() -> String {
    window().location().hash().unwrap_or_default()
}

fn hash_of(url: &str) -> String {
    url.find('#').map(|at| url[at..].to_owned()).unwrap_or_default()
}

fn apply(state: State, hash: &str) {
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
