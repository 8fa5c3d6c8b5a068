//! The tab that writes a saved experiment: each experiment has an identifier, and a tab that works on it holds a lock of
//! that name for as long as it lives.
//!
//! Browsers have locks in secure contexts only. Elsewhere no tab knows of another: each writes under an identifier of its
//! own and is offered what the others have saved.

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::ui::browser::{get, now_ms};

/// Time for which the lock of a tab that has just been closed may still be held.
const CLOSING_MS: u32 = 2_000;

/// Makes an identifier that no other tab has.
pub fn new_id() -> String {
    format!("{:.0}-{:06.0}", now_ms(), js_sys::Math::random() * 1e6)
}

/// Returns false if another tab works on the experiment.
pub async fn is_free(id: &str) -> bool {
    let signals = get(&js_sys::global(), "AbortSignal");
    let timeout = get(&signals, "timeout").dyn_into::<Function>();
    let Some(timeout) = timeout.ok().and_then(|timeout| timeout.call1(&signals, &CLOSING_MS.into()).ok()) else {
        return true;
    };
    match request(id, ("signal", &timeout), Closure::once_into_js(|_: JsValue| {})) {
        Some(released) => JsFuture::from(released).await.is_ok(),
        None => true,
    }
}

/// Holds the lock of an experiment for as long as the page lives, where there are locks.
pub fn hold(id: &str) {
    // The lock is held until this promise is settled: never.
    let on_lock = Closure::once_into_js(|_: JsValue| -> JsValue { Promise::new(&mut |_, _| {}).into() });
    if let Some(held) = request(id, ("mode", &"exclusive".into()), on_lock) {
        // A sandbox may refuse it, which is as if there were no locks.
        spawn_local(async move { drop(JsFuture::from(held).await) });
    }
}

/// Asks for a lock; `None` where there are none.
fn request(id: &str, (option, value): (&str, &JsValue), on_lock: JsValue) -> Option<Promise> {
    let locks = get(&window().navigator(), "locks");
    let request: Function = get(&locks, "request").dyn_into().ok()?;
    let options = Object::new();
    Reflect::set(&options, &option.into(), value).ok()?;
    request.call3(&locks, &format!("chalkgrad {id}").into(), &options, &on_lock).ok()?.dyn_into().ok()
}
