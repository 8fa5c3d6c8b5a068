//! Puts the API on `window`.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::{Chalkgrad, js, js_error, set};
use crate::client::{Change, Client};
use crate::signatures::ReadyInfo;

/// Puts the API on `window`. Call it before the page mounts, and before anything else uses the client.
///
/// The page has made `window.chalkgrad` already, with a `ready` that is settled through `window.chalkgradReady`. The methods
/// are added to that object, bound to the API: a host that has kept the object, or a single method, can use it.
pub fn install(client: &Client) {
    let Some(window) = web_sys::window() else { return };
    let existing = Reflect::get(&window, &"chalkgrad".into()).ok().filter(JsValue::is_object);
    let target: Object = existing.map_or_else(Object::new, JsCast::unchecked_into);
    set(&target, "version", &env!("CARGO_PKG_VERSION").into());
    install_ready(client, &window, &target);

    let api = JsValue::from(Chalkgrad::new(client));
    let prototype: Object = Object::get_prototype_of(&api);
    for name in Object::get_own_property_names(&prototype).iter() {
        let is_own =
            name.as_string().is_some_and(|name| name != "constructor" && name != "free" && !name.starts_with('_'));
        let method = Reflect::get(&prototype, &name).ok().and_then(|method| method.dyn_into::<Function>().ok());
        if let (true, Some(method)) = (is_own, method) {
            // Only a frozen object refuses, and this one is the page's own.
            let _ = Reflect::set(&target, &name, &method.bind0(&api));
        }
    }
    set(&window, "chalkgrad", &target);
}

/// Settles `ready` when the engine has said what it is, or cannot be started.
fn install_ready(client: &Client, window: &JsValue, target: &Object) {
    let settle = Reflect::get(window, &"chalkgradReady".into()).ok().filter(JsValue::is_object);
    let settle = settle.unwrap_or_else(|| {
        let settle = JsValue::from(Object::new());
        let ready = Promise::new(&mut |resolve, reject| {
            set(&settle, "resolve", &resolve);
            set(&settle, "reject", &reject);
        });
        set(target, "ready", &ready);
        settle
    });
    let call = move |name: &str, value: &JsValue| {
        let function = Reflect::get(&settle, &name.into()).ok().and_then(|f| f.dyn_into::<Function>().ok());
        if let Some(function) = function {
            // A promise's own function does not throw; settling twice does nothing.
            let _ = function.call1(&JsValue::NULL, value);
        }
    };
    let resolve = call.clone();
    client
        .subscribe_changes(move |change| {
            if let Change::Engine(engine) = change
                && let Ok(info) = js(&ReadyInfo::from(engine))
            {
                resolve("resolve", &info);
            }
        })
        .forever();
    client.on_failure(move |error| call("reject", &js_error(error)));
}
