//! JavaScript arguments, checked.

use js_sys::{Float32Array, JSON, Object, Reflect, Uint8Array, Uint8ClampedArray};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wasm_bindgen::prelude::*;

use chalkgrad_engine::error::{Error, Result};
use chalkgrad_engine::json;
use chalkgrad_engine::protocol::ArrayData;

/// Reads options: an object all of whose fields are known. `undefined` and `null` stand for no options.
///
/// # Errors
/// `bad-argument` for anything but an object, `unknown-setting` for an unknown field, naming the nearest, `bad-setting`
/// for a value that does not fit.
pub(super) fn options<T: DeserializeOwned + Default>(subject: &str, value: &JsValue) -> Result<T> {
    if value.is_null() || value.is_undefined() {
        return Ok(T::default());
    }
    json::read(subject, &Value::Object(object(subject, value)?))
}

/// Converts a plain object to JSON, as it would be in a file or link.
///
/// # Errors
/// `bad-argument` for anything else, and for objects that contain themselves or are nested without end.
pub(super) fn object(subject: &str, value: &JsValue) -> Result<Map<String, Value>> {
    let is_plain = value.is_object() && !js_sys::Array::is_array(value) && !js_sys::ArrayBuffer::is_view(value);
    if !is_plain {
        return Err(bad_argument(subject, "an object", value));
    }
    // JSON has neither NaN and infinities nor functions. Left as they are they would become null or vanish.
    let replacer = Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new(|_, value: JsValue| {
        let is_replaced = value.is_function() || value.as_f64().is_some_and(|number| !number.is_finite());
        if is_replaced { describe(&value).into() } else { value }
    });
    let text = JSON::stringify_with_replacer(value, replacer.as_ref())
        .map_err(|error| bad_argument(subject, "plain data", &value_of(&error)))?;
    match json::parse(&String::from(text)) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(bad_argument(subject, "an object", value)),
        Err(error) => Err(Error::new("bad-argument", subject).expected("plain data").got(error.got.clone())),
    }
}

/// Returns the text of an exception.
fn value_of(error: &JsValue) -> JsValue {
    Reflect::get(error, &"message".into()).unwrap_or_else(|_| error.clone())
}

pub(super) fn text(name: &str, value: &JsValue) -> Result<String> {
    value.as_string().ok_or_else(|| bad_argument(name, "a string", value))
}

/// Reads one of the words of a type.
///
/// # Errors
/// `bad-argument`, naming the words.
pub(super) fn word<T: DeserializeOwned>(name: &str, value: &JsValue) -> Result<T> {
    let text = Value::String(text(name, value)?);
    json::read(name, &text).map_err(|mut error| {
        error.code = "bad-argument";
        error
    })
}

/// Reads images: bytes from 0 to 255, or numbers used as they are.
pub(super) fn pixels(value: &JsValue) -> Result<ArrayData> {
    if let Some(array) = value.dyn_ref::<Uint8Array>() {
        Ok(ArrayData::U8(array.to_vec()))
    } else if let Some(array) = value.dyn_ref::<Float32Array>() {
        Ok(ArrayData::F32(array.to_vec()))
    } else if let Some(array) = value.dyn_ref::<Uint8ClampedArray>() {
        Ok(ArrayData::U8(array.to_vec()))
    } else {
        Err(bad_argument("pixels", "a Uint8Array or a Float32Array", value))
    }
}

pub(super) fn bad_argument(subject: &str, expected: &str, value: &JsValue) -> Error {
    Error::new("bad-argument", subject).expected(expected).got(describe(value))
}

/// Describes a value in a few words.
fn describe(value: &JsValue) -> String {
    if let Some(text) = value.as_string() {
        let short: String = text.chars().take(40).collect();
        format!("\"{short}\"{}", if short.len() < text.len() { " ..." } else { "" })
    } else if let Some(number) = value.as_f64() {
        js_sys::Number::from(number).to_string_with_radix(10).map(String::from).unwrap_or_default()
    } else if let Some(flag) = value.as_bool() {
        flag.to_string()
    } else if value.is_null() {
        "null".to_owned()
    } else if value.is_undefined() {
        "nothing".to_owned()
    } else if value.is_function() {
        "a function".to_owned()
    } else if value.is_object() {
        let name = value.unchecked_ref::<Object>().constructor().name();
        format!("an object of type {}", String::from(name))
    } else {
        "a value of another type".to_owned()
    }
}
