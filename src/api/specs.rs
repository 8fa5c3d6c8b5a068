//! Models and training configurations as JavaScript objects.
//!
//! They are read by hand rather than by serde, so that every error names the field at fault, what belongs there, and
//! what came.

use js_sys::{Array, Object, Reflect};
use litemap::LiteMap;
use wasm_bindgen::prelude::*;

use super::arguments::{Options, bad_argument, bad_setting, count, field, names, object, text, unknown_field};
use crate::wire_js::{from_js, to_js};
use chalkgrad_engine::error::{Error, Result};
use chalkgrad_engine::model::catalogue::{self, nearest};
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, SettingValue, TrainingConfig};
use chalkgrad_engine::wire::Wire;

/// # Errors
/// `bad-argument`, `unknown-setting` or `unknown-layer`; what the layers' settings may be is the engine's to say.
pub(super) fn model(value: &JsValue) -> Result<ModelSpec> {
    let fields = object("model", value)?;
    Options::read("model", value, &["name", "inputShape", "layers"])?;
    let layers: Array = match field(fields, "layers") {
        Some(layers) => layers.dyn_into().map_err(|layers| bad_argument("layers", "an array of layers", &layers))?,
        None => return Err(bad_argument("layers", "an array of layers", &JsValue::UNDEFINED)),
    };
    let input_shape = match field(fields, "inputShape") {
        Some(shape) => {
            let shape: Array =
                shape.dyn_into().map_err(|shape| bad_argument("inputShape", "an array of numbers", &shape))?;
            shape
                .iter()
                .map(|extent| count("inputShape", &extent).map(|extent| extent as usize))
                .collect::<Result<_>>()?
        }
        None => ModelSpec::reference_cnn().input_shape,
    };
    Ok(ModelSpec {
        name: field(fields, "name").map(|name| text("name", &name)).transpose()?,
        input_shape,
        layers: layers.iter().enumerate().map(|(index, layer)| self::layer(index, &layer)).collect::<Result<_>>()?,
    })
}

fn layer(index: usize, value: &JsValue) -> Result<LayerSpec> {
    let subject = format!("layer {index}");
    let at = |error: Error| error.at_layer(index, &subject);
    let fields = object(&subject, value).map_err(at)?;
    let type_name = field(fields, "type").unwrap_or(JsValue::UNDEFINED);
    let type_name = text(&format!("type of {subject}"), &type_name).map_err(at)?;
    catalogue::find(&type_name).map_err(at)?;
    let name = field(fields, "name").map(|name| text(&format!("name of {subject}"), &name)).transpose().map_err(at)?;
    let at = |error: Error| error.at_layer(index, name.as_deref().unwrap_or(&subject));
    let mut settings = LiteMap::new();
    for key in names(fields).into_iter().filter(|key| key != "type" && key != "name") {
        // Left out, as Python's None is.
        let Some(value) = field(fields, &key) else { continue };
        settings.insert(key.clone(), setting(&key, &value).map_err(at)?);
    }
    Ok(LayerSpec { type_name, name, settings })
}

fn setting(name: &str, value: &JsValue) -> Result<SettingValue> {
    let expected = "true or false, a number, a word, or an array of numbers";
    if let Some(flag) = value.as_bool() {
        Ok(SettingValue::Flag(flag))
    } else if let Some(number) = value.as_f64() {
        Ok(SettingValue::Number(number))
    } else if let Some(text) = value.as_string() {
        Ok(SettingValue::Text(text))
    } else if let Some(array) = value.dyn_ref::<Array>() {
        let numbers = array.iter().map(|number| number.as_f64()).collect::<Option<Vec<f64>>>();
        numbers.map(SettingValue::Numbers).ok_or_else(|| bad_setting(name, expected, value))
    } else {
        Err(bad_setting(name, expected, value))
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Count,
    Number,
    Flag,
    Text,
    Losses,
    Optimizer,
    Schedule,
}

const FIELDS: &[(&str, Kind)] = &[
    ("dataset", Kind::Text),
    ("epochs", Kind::Count),
    ("batchSize", Kind::Count),
    ("optimizer", Kind::Optimizer),
    ("loss", Kind::Losses),
    ("seed", Kind::Count),
    ("shuffle", Kind::Flag),
    ("trainSamples", Kind::Count),
    ("validationSplit", Kind::Number),
    ("learningRateSchedule", Kind::Schedule),
    ("clipNorm", Kind::Number),
    ("clipValue", Kind::Number),
    ("targetAccuracy", Kind::Number),
    ("patience", Kind::Count),
];

/// What `null` takes away.
const OPTIONAL: [&str; 4] = ["clipNorm", "clipValue", "targetAccuracy", "patience"];

const LOSSES: &[&str] = &["sparse_categorical_crossentropy", "mean_squared_error", "binary_crossentropy"];

/// The fields of a kind of optimizer or schedule.
type Variant = (&'static str, &'static [(&'static str, Kind)]);

const RATE: (&str, Kind) = ("learningRate", Kind::Number);
const EPSILON: (&str, Kind) = ("epsilon", Kind::Number);
const BETA1: (&str, Kind) = ("beta1", Kind::Number);
const BETA2: (&str, Kind) = ("beta2", Kind::Number);

const OPTIMIZERS: &[Variant] = &[
    ("SGD", &[RATE, ("momentum", Kind::Number), ("nesterov", Kind::Flag)]),
    ("RMSprop", &[RATE, ("rho", Kind::Number), EPSILON]),
    ("Adagrad", &[RATE, ("initialAccumulatorValue", Kind::Number), EPSILON]),
    ("Adam", &[RATE, BETA1, BETA2, EPSILON]),
    ("AdamW", &[RATE, BETA1, BETA2, EPSILON, ("weightDecay", Kind::Number)]),
];

const SCHEDULES: &[Variant] = &[
    ("Constant", &[]),
    ("Step", &[("everyEpochs", Kind::Count), ("factor", Kind::Number)]),
    ("Cosine", &[("finalFactor", Kind::Number)]),
];

/// The configuration that `partial` makes of `current`. Optimizer and schedule are merged too, as long as their type
/// stays; `null` takes an optional field away.
///
/// # Errors
/// `bad-argument`, `bad-setting`, `unknown-setting` or `unknown-optimizer`; ranges are the engine's to check.
pub(super) fn training(current: &TrainingConfig, partial: &JsValue) -> Result<TrainingConfig> {
    let fields = object("training", partial)?;
    let merged = to_js(&current.to_value())?;
    for name in names(fields) {
        let Some(&(_, kind)) = FIELDS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = FIELDS.iter().map(|(known, _)| *known).collect();
            return Err(unknown_field("training", &name, &known));
        };
        let value = Reflect::get(fields, &name.as_str().into()).unwrap_or(JsValue::UNDEFINED);
        if value.is_undefined() {
            continue;
        }
        let value = match kind {
            Kind::Optimizer => variant("optimizer", &value, get(&merged, "optimizer"), OPTIMIZERS)?,
            Kind::Schedule => variant(&name, &value, get(&merged, &name), SCHEDULES)?,
            _ if value.is_null() && OPTIONAL.contains(&name.as_str()) => JsValue::UNDEFINED,
            _ => checked(&name, &value, kind)?,
        };
        put(&merged, &name, &value);
    }
    TrainingConfig::from_value(from_js(&merged)?)
}

fn checked(name: &str, value: &JsValue, kind: Kind) -> Result<JsValue> {
    match kind {
        Kind::Count => count(name, value).map(JsValue::from),
        Kind::Number => value.as_f64().map(JsValue::from).ok_or_else(|| bad_setting(name, "a number", value)),
        Kind::Flag => value.as_bool().map(JsValue::from).ok_or_else(|| bad_setting(name, "true or false", value)),
        Kind::Losses => match value.as_string() {
            Some(word) if LOSSES.contains(&word.as_str()) => Ok(value.clone()),
            word => {
                let near = word.and_then(|word| nearest(&word, LOSSES.iter().copied()).map(str::to_owned));
                let hint = near.map_or(String::new(), |near| format!("Did you mean \"{near}\"?"));
                Err(bad_setting(name, &format!("one of {}", LOSSES.join(", ")), value).hint(hint))
            }
        },
        Kind::Text | Kind::Optimizer | Kind::Schedule => text(name, value).map(JsValue::from),
    }
}

/// An optimizer or schedule: an object, or its type alone. Fields that are left out keep their value if the type stays,
/// else have the type's default.
fn variant(subject: &str, value: &JsValue, current: JsValue, variants: &[Variant]) -> Result<JsValue> {
    let given: Object = match value.as_string() {
        Some(_) => {
            let given = Object::new();
            put(&given, "type", value);
            given
        }
        None => object(subject, value)?.clone(),
    };
    let current_type = get(&current, "type");
    let type_name = field(&given, "type").unwrap_or_else(|| current_type.clone());
    let type_name_text = type_name.as_string().unwrap_or_default();
    let Some((_, fields)) = variants.iter().find(|(known, _)| *known == type_name_text) else {
        let known: Vec<&str> = variants.iter().map(|(known, _)| *known).collect();
        let near = nearest(&type_name_text, known.iter().copied());
        let hint = near.map_or(String::new(), |near| format!("Did you mean \"{near}\"?"));
        return Err(bad_setting(subject, &format!("one of {}", known.join(", ")), &type_name).hint(hint));
    };
    let merged: Object = if type_name == current_type { current.unchecked_into() } else { Object::new() };
    put(&merged, "type", &type_name);
    for name in names(&given).into_iter().filter(|name| name != "type") {
        let Some(&(_, kind)) = fields.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = fields.iter().map(|(known, _)| *known).collect();
            return Err(unknown_field(&format!("{subject} {type_name_text}"), &name, &known));
        };
        if let Some(value) = field(&given, &name) {
            put(&merged, &name, &checked(&name, &value, kind)?);
        }
    }
    Ok(merged.into())
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn put(object: &JsValue, name: &str, value: &JsValue) {
    // The objects are our own.
    let _ = Reflect::set(object, &name.into(), value);
}
