//! [`Value`]s as JavaScript values.

use js_sys::{Array, Object};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

use chalkgrad_engine::error::{Error, Result};
use chalkgrad_engine::wire::Value;

/// A value as plain JavaScript objects and arrays (no `Map`); what is absent is left out.
///
/// # Errors
/// `bad-message`, which no type of the protocol causes.
pub fn to_js(value: &Value) -> Result<JsValue> {
    value
        .serialize(&Serializer::new().serialize_maps_as_objects(true))
        .map_err(|error| Error::new("bad-message", "message").got(error.to_string()))
}

/// The value of plain JavaScript objects and arrays. Read by hand: the errors of `serde-wasm-bindgen`'s reader would bring
/// Rust's formatting of floats with them.
///
/// # Errors
/// `bad-message` for anything else, such as a function.
pub fn from_js(value: &JsValue) -> Result<Value> {
    if value.is_null() || value.is_undefined() {
        return Ok(Value::Null);
    }
    if let Some(flag) = value.as_bool() {
        return Ok(Value::Flag(flag));
    }
    if let Some(number) = value.as_f64() {
        return Ok(Value::Number(number));
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::Text(text.into()));
    }
    if let Some(list) = value.dyn_ref::<Array>() {
        return list.iter().map(|value| from_js(&value)).collect::<Result<_>>().map(Value::List);
    }
    let Some(object) = value.dyn_ref::<Object>().filter(|_| !value.is_function()) else {
        return Err(Error::new("bad-message", "message").expected("plain objects and arrays").got("something else"));
    };
    let mut fields = Vec::new();
    for entry in Object::entries(object).iter() {
        let entry: Array = entry.unchecked_into();
        let name = entry.get(0).as_string().unwrap_or_default();
        fields.push((name.into(), from_js(&entry.get(1))?));
    }
    Ok(Value::Record(fields))
}
