//! From a typed value to a text in any language: its key in the locale files and its named arguments.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The arguments of a text by name: numbers, texts, lists of them, or another text as an object with `key` and arguments.
pub type Arguments = Map<String, Value>;

/// Returns the key of a value's text in the locale files, and its arguments. The value's type serializes with the tag
/// `key`.
pub fn key_and_arguments(value: &impl Serialize) -> (String, Arguments) {
    let Ok(Value::Object(mut arguments)) = serde_json::to_value(value) else { return Default::default() };
    match arguments.remove("key") {
        Some(Value::String(key)) => (key, arguments),
        _ => Default::default(),
    }
}

/// Names or shapes in a sentence, with commas between them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct List(pub Vec<String>);

impl<Item: ToString> FromIterator<Item> for List {
    fn from_iter<Items: IntoIterator<Item = Item>>(items: Items) -> Self {
        Self(items.into_iter().map(|item| item.to_string()).collect())
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}
