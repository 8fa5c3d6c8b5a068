//! Errors of messages, calls of the public API and saved files.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use super::List;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum MessageError {
    #[error("A message between page and engine cannot be read: {details}.")]
    #[strum(serialize = "bad-message")]
    Unreadable { details: String },
    #[error("A message between page and engine cannot be written: {details}.")]
    #[strum(serialize = "bad-message")]
    Unwritable { details: String },
    #[error("The engine's answer is of another kind than was asked for.")]
    #[strum(serialize = "bad-message")]
    ForeignAnswer,
    #[error("The JSON text cannot be read: {details}.")]
    #[strum(serialize = "bad-message")]
    BadJson { details: String },

    #[error("{name} must be an object, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotAnObject { name: String, got: Given },
    #[error("{name} must be plain data (objects, arrays, texts, numbers), but cannot be written as JSON: {details}.")]
    #[strum(serialize = "bad-argument")]
    NotPlainData { name: String, details: String },
    #[error("{name} must be a string, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotAText { name: String, got: Given },
    #[error("{name} must be one of {known}, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotOneOf { name: String, known: List, got: Given },
    #[error("{name} must be a Uint8Array or a Float32Array, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotPixels { name: String, got: Given },
    #[error("{name} must be a Float32Array, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotFloats { name: String, got: Given },
    #[error("{name} must be a Uint8Array, an ArrayBuffer or a Blob, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotAFile { name: String, got: Given },
    #[error("{name} must be an array of layers, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotLayers { name: String, got: Given },
    #[error("{name} must be an array of numbers, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotNumbers { name: String, got: Given },
    #[error("{name} takes one array, but got {got}.")]
    #[strum(serialize = "bad-argument")]
    NotOneArray { name: String, got: usize },
    #[error("workers must be at least 1, but is 0.")]
    #[strum(serialize = "bad-argument")]
    NoWorkers,
    #[error("There is no event {event}. The events are {known}.")]
    #[strum(serialize = "bad-argument")]
    UnknownEvent { event: String, known: List },
    #[error("There is no event {event}. Did you mean \"{nearest}\"? The events are {known}.")]
    #[strum(serialize = "bad-argument")]
    MisspeltEvent { event: String, known: List, nearest: String },
    #[error("{name} must be a function, but is {got}.")]
    #[strum(serialize = "bad-argument")]
    NotAFunction { name: String, got: Given },
}

/// A value that came in the place of another one, as a text of `reason`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, EnumIter, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum Given {
    #[error("{value}")]
    Value { value: String },
    #[default]
    #[error("nothing")]
    Nothing,
    #[error("a function")]
    Function,
    #[error("an object of the type {class}")]
    ObjectOf { class: String },
    #[error("a value of another type")]
    Other,
}
