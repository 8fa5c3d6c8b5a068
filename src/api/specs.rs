//! Models and training configurations as people write them.

use serde_json::{Map, Value, json};

use chalkgrad_engine::data::{TextSpec, sources};
use chalkgrad_engine::error::{Error, MessageError, Result};
use chalkgrad_engine::json;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};

/// Reads a model.
///
/// # Errors
/// `unknown-setting` or `bad-setting`; layers and their settings are the engine's to check.
pub(super) fn model(spec: &Value) -> Result<ModelSpec> {
    json::read("model", spec).map_err(|error| at_layer(error, spec))
}

/// Names the layer that an error's path leads through.
fn at_layer(mut error: Error, spec: &Value) -> Error {
    let Some((index, field)) = error.subject.strip_prefix("layers[").and_then(|path| path.split_once(']')) else {
        return error;
    };
    let Ok(index) = index.parse::<usize>() else { return error };
    let unnamed = format!("layer {index}");
    let name = spec["layers"][index]["name"].as_str().unwrap_or(&unnamed).to_owned();
    let field = if field.is_empty() { unnamed } else { field.trim_start_matches('.').to_owned() };
    error.rename_setting(field);
    error.at_layer(index, &name)
}

/// Reads the configuration that `partial` makes of `current`. Optimizer and schedule are merged too, as long as their type
/// stays; `null` takes an optional field away.
///
/// # Errors
/// `bad-setting` or `unknown-setting`; ranges are the engine's to check.
pub(super) fn training(current: &TrainingConfig, partial: Map<String, Value>) -> Result<TrainingConfig> {
    let bad = |error: serde_json::Error| MessageError::Unwritable { details: error.to_string() };
    let mut merged = serde_json::to_value(current).map_err(bad)?;
    let other = partial.get("dataset").and_then(Value::as_str).filter(|name| *name != current.dataset);
    if let Some(source) = other.and_then(sources::find)
        && !partial.contains_key("trainSamples")
    {
        // All of another data set, unless the caller says how much of it.
        merged["trainSamples"] = json!(source.examples[0]);
    }
    if let Some(source) = other.and_then(sources::find) {
        // Its texts are split in its own way.
        merged["text"] = json!(source.text());
    }
    for (name, value) in partial {
        let value = match (&name[..], value) {
            ("optimizer" | "learningRateSchedule", value) => merge_typed(&merged[&name], value),
            ("text", Value::Object(fields)) => merge_text(&merged["text"], fields),
            (_, value) => value,
        };
        merged[name] = value;
    }
    json::read("training", &merged)
}

/// Merges fields into the present way of splitting texts. A data set without texts refuses it, so the other fields do not matter.
fn merge_text(current: &Value, given: Map<String, Value>) -> Value {
    let mut merged = if current.is_object() { current.clone() } else { json!(TextSpec::default()) };
    if let Value::Object(fields) = &mut merged {
        fields.extend(given);
    }
    merged
}

/// Merges an object with a `type`, or a type alone, into the current one. Fields that are left out keep their value if the
/// type stays, else have the type's default.
fn merge_typed(current: &Value, given: Value) -> Value {
    let mut given = match given {
        Value::Object(fields) => fields,
        Value::String(name) => Map::from_iter([("type".to_owned(), json!(name))]),
        other => return other,
    };
    given.retain(|_, value| !value.is_null());
    match current {
        Value::Object(current) if given.get("type").is_none_or(|name| Some(name) == current.get("type")) => {
            let mut merged = current.clone();
            merged.extend(given);
            Value::Object(merged)
        }
        _ => Value::Object(given),
    }
}
