//! JavaScript arguments, checked.

use js_sys::{Array, Float32Array, Int32Array, JSON, Object, Reflect, Uint8Array, Uint8ClampedArray};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wasm_bindgen::prelude::*;

use chalkgrad_engine::error::{Error, Given, MessageError, Result, SettingError, SettingRule};
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
        return Err(not_an_object(subject, value));
    }
    // JSON has neither NaN and infinities nor functions. Left as they are they would become null or vanish.
    let replacer = Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new(|_, value: JsValue| {
        let is_replaced = value.is_function() || value.as_f64().is_some_and(|number| !number.is_finite());
        if is_replaced { describe(&value).to_string().into() } else { value }
    });
    let text = JSON::stringify_with_replacer(value, replacer.as_ref())
        .map_err(|error| not_plain_data(subject, exception_text(&error)))?;
    match json::parse(&String::from(text)) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(not_an_object(subject, value)),
        Err(error) => Err(not_plain_data(subject, error.to_string())),
    }
}

fn not_an_object(name: &str, value: &JsValue) -> Error {
    MessageError::NotAnObject { name: name.to_owned(), got: describe(value) }.into()
}

fn not_plain_data(name: &str, details: String) -> Error {
    MessageError::NotPlainData { name: name.to_owned(), details }.into()
}

/// Returns the text of an exception.
fn exception_text(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).unwrap_or_else(|_| error.clone());
    message.as_string().unwrap_or_default()
}

pub(super) fn text(name: &str, value: &JsValue) -> Result<String> {
    let text = value.as_string();
    text.ok_or_else(|| MessageError::NotAText { name: name.to_owned(), got: describe(value) }.into())
}

/// Reads a whole number from 0.
///
/// # Errors
/// `bad-setting`, naming the range.
pub(super) fn whole_number(name: &str, value: &JsValue) -> Result<u32> {
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number));
    number.map(|number| number as u32).ok_or_else(|| {
        let value = describe(value).to_string();
        SettingError::BadSetting { setting: name.to_owned(), value, rule: SettingRule::WholeNumberFrom { min: 0 } }
            .into()
    })
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

/// Inputs of a prediction.
pub(super) enum Inputs {
    Values(ArrayData),
    Texts(Vec<String>),
}

/// Reads inputs: bytes from 0 to 255, numbers used as they are, token ids, or an array of texts.
pub(super) fn inputs(value: &JsValue) -> Result<Inputs> {
    let Some(array) = value.dyn_ref::<Array>() else { return values(value).map(Inputs::Values) };
    let text = |(index, item): (usize, JsValue)| text(&format!("data[{index}]"), &item);
    array.iter().enumerate().map(text).collect::<Result<_>>().map(Inputs::Texts)
}

fn values(value: &JsValue) -> Result<ArrayData> {
    if let Some(array) = value.dyn_ref::<Uint8Array>() {
        Ok(ArrayData::U8(array.to_vec()))
    } else if let Some(array) = value.dyn_ref::<Float32Array>() {
        Ok(ArrayData::F32(array.to_vec()))
    } else if let Some(array) = value.dyn_ref::<Int32Array>() {
        Ok(ArrayData::I32(array.to_vec()))
    } else if let Some(array) = value.dyn_ref::<Uint8ClampedArray>() {
        Ok(ArrayData::U8(array.to_vec()))
    } else {
        Err(MessageError::NotPixels { name: "data".to_owned(), got: describe(value) }.into())
    }
}

/// Describes a value in a few words.
pub(super) fn describe(value: &JsValue) -> Given {
    if let Some(text) = value.as_string() {
        let short: String = text.chars().take(40).collect();
        let dots = if short.len() < text.len() { " ..." } else { "" };
        Given::Value { value: format!("\"{short}\"{dots}") }
    } else if let Some(number) = value.as_f64() {
        let text = js_sys::Number::from(number).to_string_with_radix(10);
        Given::Value { value: text.map(String::from).unwrap_or_default() }
    } else if let Some(flag) = value.as_bool() {
        Given::Value { value: flag.to_string() }
    } else if value.is_null() {
        Given::Value { value: "null".to_owned() }
    } else if value.is_undefined() {
        Given::Nothing
    } else if value.is_function() {
        Given::Function
    } else if value.is_object() {
        let name = value.unchecked_ref::<Object>().constructor().name();
        Given::ObjectOf { class: name.into() }
    } else {
        Given::Other
    }
}
