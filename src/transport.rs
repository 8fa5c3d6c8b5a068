//! Protocol messages as JavaScript values, and the workers that they go to.
//!
//! An envelope crosses as the array `[message, arrays]`: the message as plain objects, every array as a typed
//! array whose buffer is moved, not copied, by the transfer list.

use js_sys::{Array, Float32Array, Int32Array, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Worker, WorkerOptions, WorkerType};

use chalkgrad_engine::error::{Error, MessageError, Result};
use chalkgrad_engine::protocol::{ArrayData, Envelope};

/// Makes a module worker, the `generation`-th (from 1) in its place. Nothing comes from it before the current task is over.
///
/// # Errors
/// The exception of the browser if it refuses to make one.
pub fn make_worker(url: &str, generation: u32, name: &str) -> std::result::Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(name);
    if generation == 1 {
        return Worker::new_with_options(url, &options);
    }
    // Another address for a successor: a browser may make it wait for the request that its predecessor died of.
    Worker::new_with_options(&format!("{url}?{generation}"), &options)
}

/// A value to post and the buffers to transfer with it.
pub struct Packet {
    pub value: JsValue,
    pub transfer: Array,
}

/// Writes a value as plain JavaScript objects and arrays, without `Map`.
///
/// # Errors
/// `bad-message`, which no type of the protocol causes.
pub fn write(value: &impl Serialize) -> Result<JsValue> {
    value.serialize(&Serializer::new().serialize_maps_as_objects(true)).map_err(|error| bad_message(&error))
}

/// Reads what [`write`] made.
///
/// # Errors
/// `bad-message` for anything else.
pub fn read<T: DeserializeOwned>(value: JsValue) -> Result<T> {
    serde_wasm_bindgen::from_value(value).map_err(|error| bad_message(&error))
}

fn bad_message(error: &serde_wasm_bindgen::Error) -> Error {
    MessageError::Unreadable { details: error.to_string() }.into()
}

/// Turns an envelope into what `postMessage` takes.
///
/// # Errors
/// As [`write`].
pub fn pack<M: Serialize>(envelope: &Envelope<M>) -> Result<Packet> {
    let arrays = Array::new();
    let transfer = Array::new();
    for bulk in &envelope.arrays {
        let (array, buffer) = match bulk {
            ArrayData::F32(values) => {
                let array = Float32Array::from(values.as_slice());
                (JsValue::from(&array), array.buffer())
            }
            ArrayData::U8(values) => {
                let array = Uint8Array::from(values.as_slice());
                (JsValue::from(&array), array.buffer())
            }
            ArrayData::I32(values) => {
                let array = Int32Array::from(values.as_slice());
                (JsValue::from(&array), array.buffer())
            }
        };
        arrays.push(&array);
        transfer.push(&buffer);
    }
    let value = Array::of(&[write(&envelope.message)?, arrays.into()]).into();
    Ok(Packet { value, transfer })
}

/// Reads what [`pack`] made.
///
/// # Errors
/// `bad-message` for anything else.
pub fn unpack<M: DeserializeOwned>(value: JsValue) -> Result<Envelope<M>> {
    let bad = |details: &str| MessageError::Unreadable { details: details.to_owned() };
    let pair: Array = value.dyn_into().map_err(|_| bad("it is no pair of a message and its arrays"))?;
    let arrays: Array = pair.get(1).dyn_into().map_err(|_| bad("it has no list of arrays"))?;
    let arrays = arrays
        .iter()
        .map(|array| bulk_from_js(&array).ok_or_else(|| bad("an array has another type").into()))
        .collect::<Result<Vec<_>>>()?;
    Ok(Envelope { message: read(pair.get(0))?, arrays })
}

/// Copies a `Float32Array`, `Int32Array` or `Uint8Array`; `None` for anything else.
pub fn bulk_from_js(value: &JsValue) -> Option<ArrayData> {
    if let Some(array) = value.dyn_ref::<Float32Array>() {
        Some(ArrayData::F32(array.to_vec()))
    } else if let Some(array) = value.dyn_ref::<Int32Array>() {
        Some(ArrayData::I32(array.to_vec()))
    } else {
        value.dyn_ref::<Uint8Array>().map(|array| ArrayData::U8(array.to_vec()))
    }
}
