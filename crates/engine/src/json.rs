//! JSON that people write: models, configurations, files. Errors name the field at fault and the nearest known name.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_json::Value;

use crate::error::{Error, MessageError, Result, SettingError, SettingRule};
use crate::model::catalogue::nearest;

/// Parses JSON text. Arrays and objects may lie 128 deep in one another.
///
/// # Errors
/// `bad-message` if it is no JSON, or nested deeper.
pub fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| MessageError::BadJson { details: error.to_string() }.into())
}

/// Writes a value as JSON text.
///
/// # Errors
/// `bad-message`, which no type with named fields causes.
pub fn to_text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| MessageError::Unwritable { details: error.to_string() }.into())
}

/// Reads a type from JSON. `subject` is the name of the whole value in errors.
///
/// # Errors
/// `unknown-setting` for a field or `bad-setting` for a value that does not fit, both with the path to it
/// (`optimizer.learningRate`) as subject.
pub fn read<T: DeserializeOwned>(subject: &str, value: &Value) -> Result<T> {
    try_read(value).map_err(|(mut path, fault)| {
        if let Fault::Kind(_) = fault
            && let Some(field) = culprit::<T>(value, &path, &fault)
        {
            path.push(field);
        }
        fault.report(subject, value, path)
    })
}

fn try_read<T: DeserializeOwned>(value: &Value) -> std::result::Result<T, (Vec<String>, Fault)> {
    serde_path_to_error::deserialize(Node(value)).map_err(|error| {
        let path = error.path().iter().filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
            serde_path_to_error::Segment::Map { key } => Some(key.clone()),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
        });
        (path.collect(), error.into_inner())
    })
}

/// Finds the field that does not fit in an object with a `type`. Serde reads such an object through a buffer and tells only
/// where the object is; without the field it reads the object, or complains about something else.
fn culprit<T: DeserializeOwned>(value: &Value, path: &[String], fault: &Fault) -> Option<String> {
    let pointer: String = path.iter().map(|segment| format!("/{segment}")).collect();
    let fields = value.pointer(&pointer)?.as_object()?;
    let is_culprit = |field: &&String| {
        let mut without = value.clone();
        without.pointer_mut(&pointer).and_then(Value::as_object_mut).and_then(|fields| fields.remove(*field));
        try_read::<T>(&without).err().is_none_or(|(_, other)| other != *fault)
    };
    fields.keys().filter(|field| *field != "type").find(is_culprit).cloned()
}

/// A reason why a value cannot be read.
#[derive(Clone, PartialEq, Debug)]
enum Fault {
    UnknownField {
        field: String,
        known: &'static [&'static str],
    },
    UnknownVariant {
        known: &'static [&'static str],
    },
    MissingField(&'static str),
    /// A value that breaks this rule.
    Kind(SettingRule),
}

/// A rule on its way through serde, whose errors carry text only.
pub struct RuleText(pub SettingRule);

impl fmt::Display for RuleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl Fault {
    fn report(self, subject: &str, value: &Value, mut path: Vec<String>) -> Error {
        let found = |path: &[String]| {
            let pointer: String = path.iter().map(|segment| format!("/{segment}")).collect();
            value.pointer(&pointer).cloned().unwrap_or_default()
        };
        match self {
            Self::UnknownField { field, known } => {
                if path.last() != Some(&field) {
                    path.push(field.clone());
                }
                let (setting, near) = (path_text(subject, &path), nearest(&field, known.iter().copied()));
                let known = known.iter().collect();
                match near {
                    Some(nearest) => SettingError::MisspeltField { setting, known, nearest: nearest.to_owned() },
                    None => SettingError::UnknownField { setting, known },
                }
                .into()
            }
            Self::UnknownVariant { known } => {
                let mut got = found(&path);
                if got.is_object() {
                    got = got["type"].take();
                    path.push("type".to_owned());
                }
                let near = got.as_str().and_then(|name| nearest(name, known.iter().copied()));
                let (setting, value) = (path_text(subject, &path), describe(&got));
                let rule = SettingRule::OneOf { words: known.iter().collect() };
                match near {
                    Some(nearest) => SettingError::MisspeltChoice { setting, value, nearest: nearest.to_owned(), rule },
                    None => SettingError::BadSetting { setting, value, rule },
                }
                .into()
            }
            Self::MissingField(field) => {
                path.push(field.to_owned());
                SettingError::MissingField { setting: path_text(subject, &path) }.into()
            }
            Self::Kind(rule) => {
                let (setting, value) = (path_text(subject, &path), describe(&found(&path)));
                SettingError::BadSetting { setting, value, rule }.into()
            }
        }
    }
}

/// Writes a path as people do in JavaScript: `layers[1].units`.
fn path_text(subject: &str, path: &[String]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment.parse::<usize>() {
            Ok(index) => text.push_str(&format!("[{index}]")),
            Err(_) if text.is_empty() => text.push_str(&shortened(segment)),
            Err(_) => text.push_str(&format!(".{}", shortened(segment))),
        }
    }
    if text.is_empty() || text.starts_with('[') { format!("{subject}{text}") } else { text }
}

/// Describes a value in a few words.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("\"{}\"", shortened(text)),
        Value::Array(values) => format!("an array of {}", values.len()),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push_str(" ...");
    }
    short
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    /// Types that check themselves say what they expect.
    fn custom<T: fmt::Display>(expected: T) -> Self {
        let text = expected.to_string();
        Self::Kind(serde_json::from_str(&text).unwrap_or(SettingRule::Kind { kind: text }))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected.to_string();
        Self::Kind(match expected.as_str() {
            "f32" | "f64" => SettingRule::AnyNumber,
            "u32" => SettingRule::WholeNumber { min: 0, max: u32::MAX.into() },
            "usize" => SettingRule::AnyWholeNumber,
            "a boolean" => SettingRule::TrueOrFalse,
            "a string" => SettingRule::Text,
            "a sequence" => SettingRule::Array,
            "a map" => SettingRule::Object,
            text if text.starts_with("struct ") || text.starts_with("internally tagged") => SettingRule::Object,
            _ => SettingRule::Kind { kind: expected },
        })
    }

    fn invalid_value(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(got, expected)
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownVariant { known }
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownField { field: field.to_owned(), known }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingField(field)
    }
}

/// A JSON value to read from. Whole numbers may be written as `3.0`.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Value);

impl<'de> IntoDeserializer<'de, Fault> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => match (number.as_u64(), number.as_f64()) {
                (Some(whole), _) => visitor.visit_u64(whole),
                (None, Some(number)) if number.fract() == 0.0 && (0.0..9e15).contains(&number) => {
                    visitor.visit_u64(number as u64)
                }
                (None, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(values) => SeqDeserializer::new(values.iter().map(Node)).deserialize_any(visitor),
            Value::Object(fields) => {
                MapDeserializer::new(fields.iter().map(|(name, value)| (name.as_str(), Node(value))))
                    .deserialize_any(visitor)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Value::String(variant) => variant.as_str().into_deserializer().deserialize_enum(name, variants, visitor),
            _ => Err(Fault::UnknownVariant { known: variants }),
        }
    }

    /// Takes no array for a struct, as serde otherwise does.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if self.0.is_object() { self.deserialize_any(visitor) } else { Err(Fault::Kind(SettingRule::Object)) }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::spec::{ModelSpec, TrainingConfig};

    fn refused<T: DeserializeOwned + fmt::Debug>(value: &Value) -> Error {
        read::<T>("training", value).unwrap_err()
    }

    #[test]
    fn errors_name_the_place_and_the_nearest_known_name() {
        let cases = [
            (json!({ "lernrate": 1 }), "unknown-setting", "lernrate", "\"lernrate\"", ""),
            (json!({ "batchsize": 8 }), "unknown-setting", "batchsize", "\"batchsize\"", "batchSize"),
            (
                json!({ "optimizer": { "type": "Adam", "learningrate": 1 } }),
                "unknown-setting",
                "optimizer.learningrate",
                "\"learningrate\"",
                "learningRate",
            ),
            (
                json!({ "optimizer": { "type": "Adam", "beta1": "x", "epsilon": 1e-7 } }),
                "bad-setting",
                "optimizer.beta1",
                "\"x\"",
                "",
            ),
            (json!({ "optimizer": { "type": "adamm" } }), "bad-setting", "optimizer.type", "\"adamm\"", "Adam"),
            (json!({ "optimizer": "rmsprop" }), "bad-setting", "optimizer", "\"rmsprop\"", "RMSprop"),
            (json!({ "optimizer": 3 }), "bad-setting", "optimizer", "3", ""),
            (json!({ "optimizer": {} }), "bad-setting", "optimizer.type", "nothing", ""),
            (
                json!({ "loss": "mean_square_error" }),
                "bad-setting",
                "loss",
                "\"mean_square_error\"",
                "mean_squared_error",
            ),
            (
                json!({ "learningRateSchedule": { "type": "Step", "everyEpochs": 1.5, "factor": 0.5 } }),
                "bad-setting",
                "learningRateSchedule.everyEpochs",
                "1.5",
                "",
            ),
            (json!({ "seed": 4_294_967_296_u64 }), "bad-setting", "seed", "4294967296", ""),
            (json!({ "epochs": -1 }), "bad-setting", "epochs", "-1", ""),
            (json!({ "shuffle": 1 }), "bad-setting", "shuffle", "1", ""),
            (json!([]), "bad-setting", "training", "an array of 0", ""),
        ];
        for (value, code, subject, got, near) in cases {
            let error = refused::<TrainingConfig>(&value);
            assert_eq!((error.code, error.setting()), (code, Some(subject)), "{value}: {error}");
            let text = error.to_string();
            let told = if got == "nothing" { "missing" } else { got.trim_matches('"') };
            assert!(text.contains(told), "{value}: {text}");
            let asked = if near.is_empty() { String::new() } else { format!("Did you mean \"{near}\"?") };
            assert!(text.contains(&asked), "{value}: {text}");
        }
        let seed = refused::<TrainingConfig>(&json!({ "seed": 4_294_967_296_u64 }));
        assert!(seed.to_string().ends_with("It must be a whole number from 0 to 4294967295."), "{seed}");
    }

    #[test]
    fn errors_in_layers_name_layer_and_setting() {
        let model = |layer: Value| json!({ "layers": [{ "type": "Flatten" }, layer] });
        for (layer, subject) in [
            (json!({ "type": "Dense", "units": { "of": 3 } }), "layers[1].units"),
            (json!({ "type": "Dense", "units": [3, "4"] }), "layers[1].units[1]"),
            (json!({ "units": 3 }), "layers[1]"),
            (json!({ "type": 3 }), "layers[1]"),
            (json!({ "type": "Dense", "name": 4 }), "layers[1].name"),
            (json!(null), "layers[1]"),
        ] {
            let error = refused::<ModelSpec>(&model(layer.clone()));
            assert_eq!((error.code, error.subject.as_str()), ("bad-setting", subject), "{layer}: {error}");
        }
        assert_eq!(refused::<ModelSpec>(&json!({ "layer": [] })).subject, "layer");
        assert_eq!(refused::<ModelSpec>(&json!({})).subject, "layers");
    }

    #[test]
    fn numbers_may_be_whole_in_either_notation() {
        let config: TrainingConfig =
            read("training", &json!({ "epochs": 3.0, "clipNorm": 1, "patience": null })).unwrap();
        assert_eq!((config.epochs, config.clip_norm, config.patience), (3, Some(1.0), None));
    }

    #[test]
    fn text_that_is_no_json_or_nested_without_end_is_refused() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        parse(&deep(100)).unwrap();
        for text in [String::new(), "{".to_owned(), "nonsense".to_owned(), deep(200), deep(1_000_000)] {
            assert_eq!(parse(&text).unwrap_err().code, "bad-message");
        }
    }
}
