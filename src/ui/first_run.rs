//! The pretrained network (`examples/pretrain.rs`), which predicts until the first training, edit or API call.

use js_sys::{Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::browser::get;
use super::format;
use super::state::State;
use super::text::t_with;
use super::widgets::element::{Element, el};
use chalkgrad_engine::checkpoint::Checkpoint;

/// Fetches the network. If that fails, the page works without it.
pub fn start(state: State) {
    spawn_local(async move {
        if let Some(file) = fetch().await
            && let Ok(checkpoint) = Checkpoint::from_bytes(&file)
        {
            state.client().show_pretrained(checkpoint);
        }
    });
}

async fn fetch() -> Option<Vec<u8>> {
    // The page's script has a name that changes with the program, so that no stale file comes from a cache.
    let script = get(&get(&window(), "chalkgradReady"), "script").as_string().unwrap_or_default();
    let version = script.rsplit('/').next().unwrap_or_default();
    let response = JsFuture::from(window().fetch_with_str(&format!("pretrained.safetensors?{version}"))).await.ok()?;
    if !get(&response, "ok").is_truthy() {
        return None;
    }
    let read: Function = get(&response, "arrayBuffer").dyn_into().ok()?;
    let buffer: Promise = read.call0(&response).ok()?.dyn_into().ok()?;
    let buffer: JsValue = JsFuture::from(buffer).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Shows a note while the predictions come from the pretrained network.
pub fn label(state: State) -> Element {
    let text = move || {
        let accuracy = state.pretrained.get();
        accuracy
            .map(|accuracy| t_with("pretrained", &[("accuracy", &format::percent(accuracy, 1))]))
            .unwrap_or_default()
    };
    el("p").class("pretrained").flag("hidden", move || state.pretrained.get().is_none()).text_fn(text)
}
