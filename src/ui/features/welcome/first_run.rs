//! The pretrained network (`examples/pretrain.rs`), which predicts until the first training, edit or API call, and the example that
//! it is shown.

use js_sys::{Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::ui::browser::get;
use crate::ui::state::State;
use chalkgrad_engine::checkpoint::Checkpoint;

/// Fetches the network. If that fails, the page works without it.
pub fn start(state: State) {
    spawn_local(async move {
        if let Some(file) = fetch().await
            && let Ok(checkpoint) = Checkpoint::from_bytes(&file)
        {
            state.show_pretrained(checkpoint);
        }
        // Not earlier, because random weights would answer first. If the network does not come, or comes too late, the
        // example is for the user's own.
        state.input.show_example();
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
