//! Helpers for browser functions.

use js_sys::Date;
use leptos::prelude::{document, window};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// Calls `run` before the next frame is painted.
pub fn next_frame(run: impl FnOnce() + 'static) {
    // A window that paints nothing needs no drawing.
    let _ = window().request_animation_frame(once(run).unchecked_ref());
}

/// Calls `run` after a delay in milliseconds. The result can be given to [`cancel`].
pub fn after_ms(delay_ms: i32, run: impl FnOnce() + 'static) -> i32 {
    let callback = once(run);
    window()
        .set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), delay_ms)
        .unwrap_or_default()
}

/// Takes back what [`after_ms`] has begun.
pub fn cancel(timeout: i32) {
    window().clear_timeout_with_handle(timeout);
}

fn once(run: impl FnOnce() + 'static) -> JsValue {
    Closure::once_into_js(run)
}

/// Makes a handler that lives as long as the browser may call it.
pub fn callback(run: Box<dyn Fn(JsValue)>) -> js_sys::Function {
    Closure::<dyn Fn(JsValue)>::wrap(run).into_js_value().unchecked_into()
}

/// Moves the focus to an element once the page has been updated.
pub fn focus_soon(id: String) {
    next_frame(move || {
        if let Some(element) = document().get_element_by_id(&id) {
            focus(&element);
        }
    });
}

pub fn focus(element: &web_sys::Element) {
    // An element that has gone meanwhile takes no focus, which is fine.
    let _ = element.unchecked_ref::<web_sys::HtmlElement>().focus();
}

/// Brings an element into view.
pub fn scroll_to(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.scroll_into_view();
    }
}

/// Returns the drawing context of a canvas.
pub fn context_2d(canvas: &web_sys::HtmlCanvasElement) -> Option<web_sys::CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten().map(JsCast::unchecked_into)
}

/// Calls `changed` with whether a media query holds, now and whenever that changes, for as long as the page lives.
pub fn follow_media(query: &str, changed: impl Fn(bool) + 'static) {
    let Some(query) = window().match_media(query).ok().flatten() else { return };
    changed(query.matches());
    let list = query.clone();
    // Some browsers garbage-collect an unreferenced list together with its listener, so the closure holds the list.
    query.set_onchange(Some(&callback(Box::new(move |_| changed(list.matches())))));
}

/// Returns true if the user wants little movement.
pub fn prefers_reduced_motion() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

/// Returns the browser's storage for this page; `None` if storage is forbidden.
fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

pub fn remembered(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

pub fn remember(key: &str, value: &str) {
    if let Some(storage) = storage() {
        // A full storage costs a convenience, no more.
        let _ = storage.set_item(key, value);
    }
}

pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

/// Formats the current time of day.
pub fn clock_time() -> String {
    time_of(&Date::new_0())
}

fn time_of(date: &Date) -> String {
    String::from(date.to_time_string()).chars().take(8).collect()
}

/// Returns the milliseconds since 1970.
pub fn now_ms() -> f64 {
    Date::now()
}

/// Formats a moment: the time if it is today, else the day.
pub fn moment(ms: f64, language: &str) -> String {
    let date = Date::new(&ms.into());
    if date.to_date_string() == Date::new_0().to_date_string() {
        return time_of(&date);
    }
    date.to_locale_date_string(language, &JsValue::UNDEFINED).into()
}

/// Hands the user bytes as a file.
pub fn save_bytes(name: &str, bytes: &JsValue) {
    const KEPT_MS: i32 = 60_000;
    let Ok(blob) = web_sys::Blob::new_with_u8_array_sequence(&js_sys::Array::of1(bytes)) else { return };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    save_url(name, &url);
    // The browser reads the file asynchronously.
    after_ms(KEPT_MS, move || drop(web_sys::Url::revoke_object_url(&url)));
}

/// Hands the user a text as a file.
pub fn save_text(name: &str, text: &str) {
    let parts = js_sys::Array::of1(&text.into());
    let Ok(blob) = web_sys::Blob::new_with_str_sequence(&parts) else { return };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    save_url(name, &url);
    // The browser has begun to read it by then.
    after_ms(10_000, move || drop(web_sys::Url::revoke_object_url(&url)));
}

/// Hands the user what is at an address of this page's own as a file.
pub fn save_url(name: &str, url: &str) {
    let Ok(link) = document().create_element("a") else { return };
    let _ = link.set_attribute("href", url);
    let _ = link.set_attribute("download", name);
    link.unchecked_ref::<web_sys::HtmlElement>().click();
}

/// Returns a field of a JavaScript value; `undefined` if it is missing.
pub fn get(value: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(value, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Returns the text of the event's field.
pub fn event_text(event: &web_sys::Event) -> String {
    event.target().and_then(|target| get(&target, "value").as_string()).unwrap_or_default()
}

/// Returns true if the event's checkbox is checked.
pub fn event_checked(event: &web_sys::Event) -> bool {
    event.target().is_some_and(|target| get(&target, "checked").is_truthy())
}
