//! Specifications that users write: the model, layer by layer, and the training configuration.
//!
//! These are the types that cross every border (page, worker, URL, file, JavaScript API), so they hold no behaviour but
//! serialisation. Field names and defaults are Keras's, in camel case. Which layers and settings exist is the
//! [catalogue](super::catalogue)'s business.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

pub use super::losses::LossSpec;
pub use super::optimizers::OptimizerSpec;
pub use super::schedules::ScheduleSpec;
use crate::data::text::TextSpec;
use crate::tensor::number_text;

/// A model: its layers, in the order in which they are computed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The shape of one example without the batch axis, `[H,W,C]` for images.
    #[serde(default = "default_input_shape")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<usize>>"))]
    pub input_shape: Vec<usize>,
    #[cfg_attr(feature = "typescript", ts(type = "LayerSpec[]"))]
    pub layers: Vec<LayerSpec>,
}

/// One layer: its type, an optional name, its inputs, and its settings as Keras calls them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Option<SettingValue>>")]
pub struct LayerSpec {
    /// `"Conv2D"`, `"Dense"`, ...
    #[serde(rename = "type")]
    pub type_name: String,
    /// Without one the layer is named as Keras would: `conv2d`, `conv2d_1`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Names of the layers whose outputs it takes. Without them it takes that of the layer before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// Settings by name (`"filters"`, `"kernelSize"`); what is left out has Keras's default.
    #[serde(flatten)]
    pub settings: BTreeMap<String, SettingValue>,
}

impl TryFrom<BTreeMap<String, Option<SettingValue>>> for LayerSpec {
    type Error = LayerFault;

    fn try_from(mut fields: BTreeMap<String, Option<SettingValue>>) -> Result<Self, LayerFault> {
        let mut text = |field: &'static str| match fields.remove(field).flatten() {
            Some(SettingValue::Text(text)) => Ok(Some(text)),
            None => Ok(None),
            Some(_) => Err(LayerFault::NoText(field)),
        };
        let type_name = text("type")?.ok_or(LayerFault::NoText("type"))?;
        let name = text("name")?;
        let inputs = match fields.remove("inputs").flatten() {
            None => None,
            Some(SettingValue::Texts(names)) => Some(names),
            Some(SettingValue::Numbers(none)) if none.is_empty() => Some(Vec::new()),
            Some(_) => return Err(LayerFault::NoNames),
        };
        // A setting that is null counts as left out, as Python's None does.
        let settings = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Ok(Self { type_name, name, inputs, settings })
    }
}

/// A layer with a field of the wrong kind.
pub enum LayerFault {
    /// `type` or `name` is missing or no text.
    NoText(&'static str),
    /// `inputs` are no array of texts.
    NoNames,
}

impl fmt::Display for LayerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoText(field) => write!(f, "a layer with a text as \"{field}\""),
            Self::NoNames => f.write_str("a layer with names of layers as \"inputs\""),
        }
    }
}

/// The value of one setting.
#[derive(Clone, PartialEq, Debug)]
pub enum SettingValue {
    Flag(bool),
    Number(f64),
    Text(String),
    /// Such as `kernelSize: [3, 3]`.
    Numbers(Vec<f64>),
    /// Such as `padding: [[1, 0], [1, 0]]`.
    Pairs(Vec<[f64; 2]>),
    /// Such as names of layers.
    Texts(Vec<String>),
    /// A layer inside another.
    Layer(Box<LayerSpec>),
}

impl Serialize for SettingValue {
    /// Writes whole numbers as `3`, not `3.0`, as browsers do and other programs expect.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                serializer.serialize_i64(*number as i64)
            }
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Numbers(numbers) => serializer.collect_seq(numbers.iter().copied().map(Self::Number)),
            Self::Pairs(pairs) => serializer.collect_seq(pairs.iter().map(|pair| Self::Numbers(pair.to_vec()))),
            Self::Texts(texts) => serializer.collect_seq(texts),
            Self::Layer(layer) => layer.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SettingValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SettingVisitor;

        impl<'de> Visitor<'de> for SettingVisitor {
            type Value = SettingValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "true or false, a number, a word, a layer, or an array of numbers, of pairs of numbers or of words",
                )
            }

            fn visit_bool<E>(self, flag: bool) -> Result<SettingValue, E> {
                Ok(SettingValue::Flag(flag))
            }

            fn visit_i64<E>(self, number: i64) -> Result<SettingValue, E> {
                Ok(SettingValue::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<SettingValue, E> {
                Ok(SettingValue::Number(number as f64))
            }

            fn visit_f64<E>(self, number: f64) -> Result<SettingValue, E> {
                Ok(SettingValue::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<SettingValue, E> {
                Ok(SettingValue::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<SettingValue, A::Error> {
                let layer = LayerSpec::deserialize(MapAccessDeserializer::new(fields))?;
                Ok(SettingValue::Layer(Box::new(layer)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<SettingValue, A::Error> {
                /// Reads the rest of an array, whose elements are of the kind of the first.
                fn rest<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
                    first: T,
                    mut rest: A,
                ) -> Result<Vec<T>, A::Error> {
                    let mut values = vec![first];
                    while let Some(value) = rest.next_element()? {
                        values.push(value);
                    }
                    Ok(values)
                }

                Ok(match elements.next_element()? {
                    None => SettingValue::Numbers(Vec::new()),
                    Some(Element::Number(first)) => SettingValue::Numbers(rest(first, elements)?),
                    Some(Element::Pair(first)) => SettingValue::Pairs(rest(first, elements)?),
                    Some(Element::Text(first)) => SettingValue::Texts(rest(first, elements)?),
                })
            }
        }

        deserializer.deserialize_any(SettingVisitor)
    }
}

/// The first element of an array.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, a pair of numbers or a word")]
enum Element {
    Number(f64),
    Pair([f64; 2]),
    Text(String),
}

fn default_input_shape() -> Vec<usize> {
    vec![28, 28, 1]
}

impl LayerSpec {
    pub fn new(type_name: &str) -> Self {
        Self { type_name: type_name.to_owned(), name: None, inputs: None, settings: BTreeMap::new() }
    }

    /// Returns the same layer with these layers as its inputs.
    pub fn inputs(self, names: &[&str]) -> Self {
        Self { inputs: Some(names.iter().map(|name| (*name).to_owned()).collect()), ..self }
    }

    /// Returns the same layer with a name.
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// Returns the same layer with one more setting.
    pub fn with(mut self, setting: &str, value: impl Into<SettingValue>) -> Self {
        self.settings.insert(setting.to_owned(), value.into());
        self
    }
}

impl ModelSpec {
    /// Returns the program at the end of the course text: 93,322 parameters.
    pub fn reference_cnn() -> Self {
        let conv = |filters: f64| {
            LayerSpec::new("Conv2D")
                .with("filters", filters)
                .with("kernelSize", vec![3.0, 3.0])
                .with("activation", "relu")
        };
        let pool = || LayerSpec::new("MaxPooling2D").with("poolSize", vec![2.0, 2.0]);
        let dense =
            |units: f64, activation: &str| LayerSpec::new("Dense").with("units", units).with("activation", activation);
        Self {
            name: None,
            input_shape: default_input_shape(),
            layers: vec![
                conv(32.0),
                pool(),
                conv(64.0),
                pool(),
                conv(64.0),
                LayerSpec::new("Flatten"),
                dense(64.0, "relu"),
                dense(10.0, "softmax"),
            ],
        }
    }
}

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => f.write_str(&number_text(*number)),
            Self::Text(text) => write!(f, "\"{}\"", text.chars().take(64).collect::<String>()),
            Self::Numbers(numbers) => write_list(f, numbers, |number| number_text(*number)),
            Self::Pairs(pairs) => {
                write_list(f, pairs, |[one, other]| format!("[{}, {}]", number_text(*one), number_text(*other)))
            }
            Self::Texts(texts) => write_list(f, texts, |text| Self::Text(text.clone()).to_string()),
            Self::Layer(layer) => write!(f, "{{{}}}", Self::Text(layer.type_name.clone())),
        }
    }
}

/// Writes the first values of a list.
fn write_list<T>(f: &mut fmt::Formatter<'_>, values: &[T], text: impl Fn(&T) -> String) -> fmt::Result {
    const SHOWN: usize = 8;
    let shown: Vec<String> = values.iter().take(SHOWN).map(text).collect();
    write!(f, "[{}{}]", shown.join(", "), if values.len() > SHOWN { ", ..." } else { "" })
}

impl From<f64> for SettingValue {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<bool> for SettingValue {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<&str> for SettingValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<LayerSpec> for SettingValue {
    fn from(layer: LayerSpec) -> Self {
        Self::Layer(Box::new(layer))
    }
}

impl From<Vec<f64>> for SettingValue {
    fn from(value: Vec<f64>) -> Self {
        Self::Numbers(value)
    }
}

/// Everything that decides a run but the model: with the same specs, seed, backend and worker count a run replays bit
/// for bit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TrainingConfig {
    pub dataset: String,
    pub epochs: u32,
    pub batch_size: u32,
    #[cfg_attr(feature = "typescript", ts(type = "Required<OptimizerSpec>"))]
    pub optimizer: OptimizerSpec,
    #[serde(serialize_with = "super::entry::type_or_object")]
    #[cfg_attr(feature = "typescript", ts(type = "LossSpec[\"type\"] | LossSpec"))]
    pub loss: LossSpec,
    pub seed: u32,
    /// Without it, step k trains on images `k*batchSize ..` in file order.
    pub shuffle: bool,
    /// The number of images used, from the start of the training file.
    pub train_samples: u32,
    /// The share of those, taken from their end as in Keras, that is held back for validation.
    pub validation_split: f64,
    /// The values with which the loss compares the output.
    pub target: TargetChoice,
    /// Metrics that are measured beside the loss; without any, the usual one for the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "MetricName[]"))]
    pub metrics: Option<Vec<String>>,
    /// Shift and scale each column of a table to mean 0 and standard deviation 1 on the training examples.
    pub standardize: bool,
    /// The way in which texts become token ids, for a data set of texts. Without it, the data set's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<TextSpec>,
    /// The schedule of the learning rate; its factor multiplies the optimizer's rate.
    #[cfg_attr(feature = "typescript", ts(type = "Required<ScheduleSpec>"))]
    pub learning_rate_schedule: ScheduleSpec,
    /// Scale each gradient so that its L2 norm is at most this (Keras's `clipnorm`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Clip each element of a gradient to plus or minus this (Keras's `clipvalue`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
    /// End the run with the epoch that reaches this accuracy: on the validation images or, without any, in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_accuracy: Option<f64>,
    /// Ends the run after this many epochs in a row without a lower validation loss (Keras's `EarlyStopping`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u32>,
}

/// The target of a training configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum TargetChoice {
    /// The class or the values that belong to an example.
    #[default]
    Label,
    /// The input itself: the model is an autoencoder.
    Input,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            dataset: "mnist".to_owned(),
            epochs: 5,
            batch_size: 32,
            optimizer: OptimizerSpec::default(),
            loss: LossSpec::default(),
            seed: 0,
            shuffle: true,
            train_samples: 60_000,
            validation_split: 0.0,
            target: TargetChoice::Label,
            metrics: None,
            standardize: false,
            text: None,
            learning_rate_schedule: ScheduleSpec::default(),
            clip_norm: None,
            clip_value: None,
            target_accuracy: None,
            patience: None,
        }
    }
}
