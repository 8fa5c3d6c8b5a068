//! JavaScript arguments, checked.

use js_sys::{Float32Array, Object, Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::prelude::*;

use chalkgrad_engine::error::{Error, Result};
use chalkgrad_engine::model::catalogue::nearest;
use chalkgrad_engine::protocol::Bulk;

/// A plain object all of whose fields are known.
pub(super) struct Options(Option<Object>);

impl Options {
    /// `undefined` and `null` stand for no options.
    ///
    /// # Errors
    /// `bad-argument` for anything but an object, `unknown-setting` for a field that is not `known`, naming the nearest.
    pub fn read(subject: &str, value: &JsValue, known: &[&str]) -> Result<Self> {
        if value.is_null() || value.is_undefined() {
            return Ok(Self(None));
        }
        let object = object(subject, value)?;
        for name in names(object) {
            if !known.contains(&name.as_str()) {
                return Err(unknown_field(subject, &name, known));
            }
        }
        Ok(Self(Some(object.clone())))
    }

    /// A field; `None` where it is missing, `undefined` or `null`.
    pub fn get(&self, name: &str) -> Option<JsValue> {
        field(self.0.as_ref()?, name)
    }

    /// # Errors
    /// `bad-setting` for anything but a whole number that fits into 32 bits.
    pub fn count(&self, name: &str) -> Result<Option<u32>> {
        self.get(name).map(|value| count(name, &value)).transpose()
    }
}

pub(super) fn object<'a>(subject: &str, value: &'a JsValue) -> Result<&'a Object> {
    let is_plain = value.is_object() && !js_sys::Array::is_array(value) && !js_sys::ArrayBuffer::is_view(value);
    if is_plain { Ok(value.unchecked_ref()) } else { Err(bad_argument(subject, "an object", value)) }
}

/// The names of an object's own fields.
pub(super) fn names(object: &Object) -> Vec<String> {
    Object::keys(object).iter().filter_map(|name| name.as_string()).collect()
}

/// A field; `None` where it is missing, `undefined` or `null`.
pub(super) fn field(object: &Object, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_null() && !value.is_undefined())
}

pub(super) fn unknown_field(subject: &str, name: &str, known: &[&str]) -> Error {
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("Did you mean \"{near}\"?"),
        None => String::new(),
    };
    Error::new("unknown-setting", subject)
        .expected(format!("one of {}", known.join(", ")))
        .got(format!("\"{name}\""))
        .hint(hint)
}

pub(super) fn count(name: &str, value: &JsValue) -> Result<u32> {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) => Ok(number as u32),
        _ => Err(bad_setting(name, "a whole number", value)),
    }
}

pub(super) fn text(name: &str, value: &JsValue) -> Result<String> {
    value.as_string().ok_or_else(|| bad_argument(name, "a string", value))
}

/// One of some words.
pub(super) fn choice<T: Copy>(name: &str, value: &JsValue, choices: &[(&str, T)]) -> Result<T> {
    let word = value.as_string();
    if let Some(&(_, choice)) = choices.iter().find(|(known, _)| Some(*known) == word.as_deref()) {
        return Ok(choice);
    }
    let known: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
    Err(bad_argument(name, &format!("one of {}", known.join(", ")), value))
}

/// Images: bytes from 0 to 255, or numbers as they are.
pub(super) fn pixels(value: &JsValue) -> Result<Bulk> {
    if let Some(array) = value.dyn_ref::<Uint8Array>() {
        Ok(Bulk::U8(array.to_vec()))
    } else if let Some(array) = value.dyn_ref::<Float32Array>() {
        Ok(Bulk::F32(array.to_vec()))
    } else if let Some(array) = value.dyn_ref::<Uint8ClampedArray>() {
        Ok(Bulk::U8(array.to_vec()))
    } else {
        Err(bad_argument("pixels", "a Uint8Array or a Float32Array", value))
    }
}

pub(super) fn bad_argument(subject: &str, expected: &str, value: &JsValue) -> Error {
    Error::new("bad-argument", subject).expected(expected).got(describe(value))
}

pub(super) fn bad_setting(subject: &str, expected: &str, value: &JsValue) -> Error {
    Error::new("bad-setting", subject).expected(expected).got(describe(value))
}

/// A value in a few words.
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
