//! What a user writes down: the model, layer by layer, and how to train it.
//!
//! These are the types that cross every border (page, worker, URL, file, JavaScript API), so they hold no behaviour but
//! serialisation. Field names and defaults are Keras's, in camel case. Which layers and settings exist is the
//! [catalogue](super::catalogue)'s business.

use std::fmt;

use litemap::LiteMap;

use crate::error::Result;
use crate::tensor::number_text;
use crate::wire::{Fields, Value, Wire, Written, choice, record, tagged, through_value};

/// A sequential model.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelSpec {
    pub name: Option<String>,
    /// The shape of one example without the batch axis, `[H,W,C]` for images.
    pub input_shape: Vec<usize>,
    pub layers: Vec<LayerSpec>,
}

record!(ModelSpec { name, input_shape = default_input_shape(), layers });

/// One layer: its type, an optional name, and its settings as Keras calls them.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerSpec {
    /// `"Conv2D"`, `"Dense"`, ...
    pub type_name: String,
    /// Without one the layer is named as Keras would: `conv2d`, `conv2d_1`, ...
    pub name: Option<String>,
    /// Settings by name (`"filters"`, `"kernelSize"`); what is left out has Keras's default.
    pub settings: LiteMap<String, SettingValue>,
}

impl Wire for LayerSpec {
    /// The settings lie beside type and name.
    fn to_value(&self) -> Value {
        let mut written = Written::default();
        written.put("type", self.type_name.to_value());
        written.put("name", self.name.to_value());
        let Value::Record(mut fields) = written.done() else { return Value::Null };
        fields.extend(self.settings.iter().map(|(name, value)| (name.clone().into(), value.to_value())));
        Value::Record(fields)
    }

    fn from_value(value: Value) -> Result<Self> {
        let mut fields = Fields::of("LayerSpec", value)?;
        let (type_name, name) = (fields.get("type", None)?, fields.get("name", None)?);
        let setting = |(name, value): (std::borrow::Cow<'static, str>, Value)| {
            SettingValue::from_value(value).map(|value| (name.into_owned(), value))
        };
        // Left out, as Python's None is.
        let settings = fields.rest().into_iter().filter(|(_, value)| *value != Value::Null).map(setting);
        Ok(Self { type_name, name, settings: settings.collect::<Result<_>>()? })
    }
}

through_value!(LayerSpec);

/// The value of one setting.
#[derive(Clone, PartialEq, Debug)]
pub enum SettingValue {
    Flag(bool),
    Number(f64),
    Text(String),
    /// Such as `kernelSize: [3, 3]`.
    Numbers(Vec<f64>),
}

impl Wire for SettingValue {
    fn to_value(&self) -> Value {
        match self {
            Self::Flag(flag) => flag.to_value(),
            Self::Number(number) => number.to_value(),
            Self::Text(text) => text.to_value(),
            Self::Numbers(numbers) => numbers.to_value(),
        }
    }

    fn from_value(value: Value) -> Result<Self> {
        Ok(match value {
            Value::Flag(flag) => Self::Flag(flag),
            Value::Number(number) => Self::Number(number),
            Value::Text(text) => Self::Text(text.into_owned()),
            other => Self::Numbers(Vec::from_value(other)?),
        })
    }
}

fn default_input_shape() -> Vec<usize> {
    vec![28, 28, 1]
}

impl LayerSpec {
    pub fn new(type_name: &str) -> Self {
        Self { type_name: type_name.to_owned(), name: None, settings: LiteMap::new() }
    }

    /// The same layer with one more setting.
    pub fn with(mut self, setting: &str, value: impl Into<SettingValue>) -> Self {
        self.settings.insert(setting.to_owned(), value.into());
        self
    }
}

impl ModelSpec {
    /// The program at the end of the course text: 93,322 parameters.
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
            Self::Numbers(numbers) => {
                f.write_str("[")?;
                for (index, number) in numbers.iter().take(8).enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, number_text(*number))?;
                }
                f.write_str(if numbers.len() > 8 { ", ...]" } else { "]" })
            }
        }
    }
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

impl From<Vec<f64>> for SettingValue {
    fn from(value: Vec<f64>) -> Self {
        Self::Numbers(value)
    }
}

/// Everything that decides a run but the model: with the same specs, seed, backend and worker count a run replays bit
/// for bit.
#[derive(Clone, PartialEq, Debug)]
pub struct TrainingConfig {
    pub dataset: String,
    pub epochs: u32,
    pub batch_size: u32,
    pub optimizer: OptimizerSpec,
    pub loss: LossSpec,
    pub seed: u32,
    /// Without it, step k trains on images `k*batchSize ..` in file order.
    pub shuffle: bool,
    /// Use the first so many images of the training file.
    pub train_samples: u32,
    /// The share of those, taken from their end as in Keras, that is held back for validation.
    pub validation_split: f64,
    /// How the learning rate changes; it multiplies the optimizer's.
    pub learning_rate_schedule: ScheduleSpec,
    /// Scale each gradient so that its L2 norm is at most this (Keras's `clipnorm`).
    pub clip_norm: Option<f64>,
    /// Clip each element of a gradient to plus or minus this (Keras's `clipvalue`).
    pub clip_value: Option<f64>,
    /// End the run with the epoch that reaches this accuracy: on the validation images or, without any, in training.
    pub target_accuracy: Option<f64>,
    /// End the run after so many epochs in a row without a lower validation loss (Keras's `EarlyStopping`).
    pub patience: Option<u32>,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            dataset: "mnist".to_owned(),
            epochs: 5,
            batch_size: 32,
            optimizer: OptimizerSpec::default(),
            loss: LossSpec::SparseCategoricalCrossentropy,
            seed: 0,
            shuffle: true,
            train_samples: 60_000,
            validation_split: 0.0,
            learning_rate_schedule: ScheduleSpec::Constant,
            clip_norm: None,
            clip_value: None,
            target_accuracy: None,
            patience: None,
        }
    }
}

record!(TrainingConfig {
    dataset = TrainingConfig::default().dataset,
    epochs = TrainingConfig::default().epochs,
    batch_size = TrainingConfig::default().batch_size,
    optimizer = OptimizerSpec::default(),
    loss = LossSpec::SparseCategoricalCrossentropy,
    seed = 0,
    shuffle = true,
    train_samples = TrainingConfig::default().train_samples,
    validation_split = 0.0,
    learning_rate_schedule = ScheduleSpec::Constant,
    clip_norm,
    clip_value,
    target_accuracy,
    patience,
});

/// The optimizer with Keras 3's names and defaults.
#[derive(Clone, PartialEq, Debug)]
pub enum OptimizerSpec {
    Sgd { learning_rate: f64, momentum: f64, nesterov: bool },
    RmsProp { learning_rate: f64, rho: f64, epsilon: f64 },
    Adagrad { learning_rate: f64, initial_accumulator_value: f64, epsilon: f64 },
    Adam { learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64 },
    AdamW { learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64, weight_decay: f64 },
}

tagged!(OptimizerSpec {
    Sgd as "SGD" { learning_rate = 0.01, momentum = 0.0, nesterov = false },
    RmsProp as "RMSprop" { learning_rate = 0.001, rho = 0.9, epsilon = 1e-7 },
    Adagrad as "Adagrad" { learning_rate = 0.001, initial_accumulator_value = 0.1, epsilon = 1e-7 },
    Adam as "Adam" { learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 },
    AdamW as "AdamW" { learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weight_decay = 0.004 },
});

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self::Adam { learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
    }
}

impl OptimizerSpec {
    pub fn learning_rate(&self) -> f64 {
        match *self {
            Self::Sgd { learning_rate, .. }
            | Self::RmsProp { learning_rate, .. }
            | Self::Adagrad { learning_rate, .. }
            | Self::Adam { learning_rate, .. }
            | Self::AdamW { learning_rate, .. } => learning_rate,
        }
    }

    /// The same optimizer at another learning rate.
    pub fn with_learning_rate(mut self, rate: f64) -> Self {
        match &mut self {
            Self::Sgd { learning_rate, .. }
            | Self::RmsProp { learning_rate, .. }
            | Self::Adagrad { learning_rate, .. }
            | Self::Adam { learning_rate, .. }
            | Self::AdamW { learning_rate, .. } => *learning_rate = rate,
        }
        self
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LossSpec {
    SparseCategoricalCrossentropy,
    /// Against one-hot targets.
    MeanSquaredError,
    /// Against one-hot targets, each output on its own.
    BinaryCrossentropy,
}

choice!(LossSpec {
    SparseCategoricalCrossentropy as "sparse_categorical_crossentropy",
    MeanSquaredError as "mean_squared_error",
    BinaryCrossentropy as "binary_crossentropy",
});

/// A factor on the learning rate as a function of the step.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum ScheduleSpec {
    #[default]
    Constant,
    /// Multiply by `factor` every `every_epochs` epochs.
    Step { every_epochs: u32, factor: f64 },
    /// Half a cosine from 1 down to `final_factor` over all epochs (Keras's `CosineDecay`, its `alpha`).
    Cosine { final_factor: f64 },
}

tagged!(ScheduleSpec {
    Constant as "Constant" {},
    Step as "Step" { every_epochs, factor },
    Cosine as "Cosine" { final_factor = 0.0 },
});
