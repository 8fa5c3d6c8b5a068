//! The messages between the page and the engine's worker.
//!
//! A message crosses by `serde-wasm-bindgen`, beside a list of arrays that cross as transferables, without a copy: a [`ArrayData`]
//! never sits inside a message. Messages name the number of arrays they
//! carry in their documentation. The page sends nothing but [`Command::Init`] before [`Message::Ready`] has come.

pub mod backend_detail;
pub mod datasets;
pub mod explanation;
pub mod requests;
pub mod responses;
pub mod step;
pub mod words;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::data::{Token, Values};
use crate::error::{Arguments, Error, key_and_arguments};
use crate::model::metrics::{ACCURACY, ClassScores};
use crate::model::spec::{ModelSpec, TrainingConfig};
pub use backend_detail::BackendDetail;
pub use datasets::{DatasetDescription, ExamplesInfo, InputDescription, TargetDescription};
pub use explanation::{Cell, Explanation, GradientCheck};
pub use requests::{Command, Effect};
pub use step::{LayerStats, StepInfo, WeightUpdate};
pub use words::{Neighbour, WordMap};

/// A message and the arrays that travel with it.
#[derive(Clone, PartialEq, Debug)]
pub struct Envelope<M> {
    pub message: M,
    pub arrays: Vec<ArrayData>,
}

impl<M> Envelope<M> {
    pub fn new(message: M) -> Self {
        Self { message, arrays: Vec::new() }
    }
}

/// An array that is transferred, not copied.
#[derive(Clone, PartialEq, Debug)]
pub enum ArrayData {
    F32(Vec<f32>),
    U8(Vec<u8>),
    I32(Vec<i32>),
}

impl ArrayData {
    pub fn values(&self) -> Values<'_> {
        match self {
            Self::F32(values) => Values::F32(values),
            Self::U8(values) => Values::U8(values),
            Self::I32(values) => Values::I32(values),
        }
    }
}

/// Page to worker. Every request gets exactly one [`Message::Reply`] with its `id`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    pub id: u32,
    pub command: Command,
}

/// Name of the model's output in a [`Command::Inspect`], whatever its last layer is called.
pub const MODEL_OUTPUT: &str = "output";

/// Name of the share that each number of the input, or each token, has in the answer, in a [`Command::Inspect`].
pub const INPUT_SHARES: &str = "input shares";

/// Codes of errors after which an engine is done for, because its device is.
pub const DEVICE_FAULTS: [&str; 3] = ["device-lost", "gpu-error", "gpu-out-of-memory"];

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Split {
    Train,
    Validation,
    #[default]
    Test,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum BackendChoice {
    #[default]
    Auto,
    Webgpu,
    Cpu,
}

/// Worker to page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Message {
    /// The worker's program runs and reads messages. Sent once, unasked.
    Ready,
    Reply {
        id: u32,
        result: Result<Answer, ErrorReport>,
    },
    Event(Event),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    Done,
    Engine(EngineInfo),
    Backend(BackendInfo),
    Model(ModelSpec),
    Summary(ModelSummary),
    Training(TrainingConfig),
    State {
        state: RunState,
    },
    /// The losses came with the batch events before: [`complete_run`](crate::history::TrainingHistory::complete_run) puts
    /// them together.
    History(History),
    /// Arrays: `F32` the confusion matrix, `[classes,classes]`, `confusion[true][predicted]`; then of each image in the order
    /// of the split, `U8` its label, `F32` the predicted class or -1, `F32` the score of that class (after a softmax, its
    /// probability), `F32` its true values. If the target is values, the predicted values stand in the place of classes.
    Evaluation(Evaluation),
    /// One `F32` array: probabilities `[k,classes]`.
    Probabilities {
        classes: u32,
    },
    Names(Vec<String>),
    /// One `F32` array.
    Tensor {
        shape: Vec<usize>,
    },
    /// One `F32` array per shape, in the order in which they were named; empty where there is no value yet.
    Tensors {
        shapes: Vec<Vec<usize>>,
    },
    /// One `F32` array per shape, in the order in which they were named.
    Step {
        info: StepInfo,
        shapes: Vec<Vec<usize>>,
    },
    Explanation(Box<Explanation>),
    GradientCheck(GradientCheck),
    LayerStats(LayerStats),
    /// One `U8` array.
    Labels,
    Datasets(Vec<DatasetDescription>),
    /// Two arrays: the inputs `[k, shape]`, `U8`, `F32` or `I32`, and, `F32`, the values of the targets `[k, columns]`, none if the
    /// target is no values.
    Examples(ExamplesInfo),
    /// One `I32` array: the token ids that the network gets, `[sequenceLength]`.
    Tokens(Vec<Token>),
    WordMap(WordMap),
    Neighbours(Vec<Neighbour>),
    /// Times of the kernels of one training step, the longest first.
    Profile(Vec<KernelTime>),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    State {
        state: RunState,
    },
    /// At most ten a second. Two `F32` arrays: losses and accuracies of the steps since the last such event.
    Batch(BatchReport),
    Epoch(EpochReport),
    Data(DataProgress),
    /// State from which a restarted worker can continue. Sent at the end of every epoch, and when a run begins or ends
    /// unless the last snapshot is younger than a second. Arrays: one `F32` per name.
    Snapshot(SnapshotInfo),
    Error(ErrorReport),
    Warning(ErrorReport),
    /// Once in a run on a GPU: what every step is there.
    StepCost {
        dispatches: u32,
        submissions: u32,
    },
    /// Number of the model's GPU kernels compiled so far; all of them when precompiling has ended.
    Kernels {
        ready: u32,
        total: u32,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum RunState {
    #[default]
    Idle,
    Training,
    Paused,
    /// Training was asked for, and the images for the next batch are still on their way.
    Waiting,
    Evaluating,
    /// The last run reached its end.
    Done,
    Stopped,
    /// The last run ended in an error, for example a loss that is no number.
    Failed,
}

/// An error as people see it: what was expected, what came, what to do.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct ErrorReport {
    /// A stable word in kebab case, such as `unknown-layer`.
    pub code: String,
    /// One or more English sentences.
    pub message: String,
    /// The name of the layer at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The key of the message's text in the locale files, for pages in other languages; empty where there is none.
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub key: String,
    /// Values for the placeholders of that text.
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub arguments: Arguments,
}

impl ErrorReport {
    /// Makes the report of a typed error: its code, its sentence, its key and arguments.
    pub fn of<E: Serialize + fmt::Display>(code: &str, error: &E) -> Self {
        let (key, arguments) = key_and_arguments(error);
        Self { code: code.to_owned(), message: error.to_string(), layer: None, key, arguments }
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        let (message, layer) = (error.to_string(), error.layer.clone());
        Self { message, layer, ..Self::of(error.code, &error.kind) }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineInfo {
    pub version: String,
    pub backend: BackendInfo,
    pub backends: Vec<BackendAvailability>,
    pub datasets: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendInfo {
    /// `"cpu"` or `"webgpu"`.
    pub backend: String,
    pub detail: BackendDetail,
    pub workers: u32,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendAvailability {
    pub name: String,
    pub available: bool,
    pub detail: BackendDetail,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ModelSummary {
    pub layers: Vec<LayerSummary>,
    pub params: usize,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LayerSummary {
    pub name: String,
    #[serde(rename = "type")]
    pub type_name: String,
    /// The names of the layers whose outputs it takes; `input_layer` is the model's input.
    pub inputs: Vec<String>,
    /// Without the batch axis.
    pub output_shape: Vec<usize>,
    pub params: usize,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct History {
    pub state: RunState,
    /// Steps taken by this call.
    pub steps: u32,
    /// Epochs completed by this call.
    pub epochs: u32,
    pub seconds: f64,
    /// The same as `imagesPerSecond`, for examples of any kind.
    pub examples_per_second: f64,
    pub images_per_second: f64,
    pub epoch_loss: Vec<f32>,
    /// Empty if the target is no class.
    pub epoch_accuracy: Vec<f32>,
    pub val_loss: Vec<f32>,
    pub val_accuracy: Vec<f32>,
    /// The metrics of the configuration by name, one value for each epoch; those of the validation begin with `val_`.
    #[cfg_attr(feature = "typescript", ts(type = "MetricSeries"))]
    pub metrics: BTreeMap<String, Vec<f32>>,
    /// The rule that ended the run before its goal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<StopRule>,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    pub loss: f32,
    /// The share of the right answers, if the target is a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f32>,
    pub samples: u32,
    /// The number of classes that the model can name; 0 if the target is no class.
    pub classes: u32,
    pub metrics: MetricValues,
    /// The scores of each class of the data set, in order, and their names.
    pub class_scores: Vec<ClassScores>,
    pub class_names: Vec<String>,
}

/// Metrics by name.
pub type MetricValues = BTreeMap<String, f32>;

fn is_nan(value: &f32) -> bool {
    value.is_nan()
}

fn nan() -> f32 {
    f32::NAN
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BatchReport {
    /// The request that began the run.
    pub run_id: u32,
    /// Steps since the weights were initialised.
    pub step: u32,
    /// The running epoch, from 0, counted since the weights were initialised.
    pub epoch: u32,
    pub batch_in_epoch: u32,
    pub batches_per_epoch: u32,
    /// Values of the last step, on its batch.
    pub loss: f32,
    /// Left out if the target is no class.
    #[serde(skip_serializing_if = "is_nan", default = "nan")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<f32>"))]
    pub accuracy: f32,
    /// Running means over this epoch.
    pub epoch_loss: f32,
    #[serde(skip_serializing_if = "is_nan", default = "nan")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<f32>"))]
    pub epoch_accuracy: f32,
    pub images_per_second: f64,
    /// Until the end of the run that was asked for.
    pub remaining_seconds: f64,
    /// Share of that run that is done, 0 to 1.
    pub progress: f64,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct EpochReport {
    /// The request that began the run.
    pub run_id: u32,
    /// From 0, since the weights were initialised.
    pub epoch: u32,
    pub step: u32,
    pub loss: f32,
    /// Left out if the target is no class.
    #[serde(skip_serializing_if = "is_nan", default = "nan")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<f32>"))]
    pub accuracy: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub val_loss: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub val_accuracy: Option<f32>,
    /// The metrics of the configuration besides the accuracy, by name, over the epoch's batches as they were trained on.
    #[cfg_attr(feature = "typescript", ts(type = "MetricValues"))]
    pub metrics: MetricValues,
    /// The same metrics of the validation examples.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    #[cfg_attr(feature = "typescript", ts(optional, type = "MetricValues"))]
    pub val_metrics: MetricValues,
    pub seconds: f64,
    pub images_per_second: f64,
    /// The rule that ends the run with this epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<StopRule>,
}

impl EpochReport {
    /// Iterates over the metrics as a history names them: those of the validation begin with `val_`, as in Keras.
    pub fn named_metrics(&self) -> impl Iterator<Item = (String, f32)> {
        let accuracies = [(ACCURACY, Some(self.accuracy)), ("val_accuracy", self.val_accuracy)];
        let accuracies = accuracies.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| !value.is_nan())?;
            Some((name.to_owned(), value))
        });
        accuracies.chain(self.other_metrics())
    }

    /// Iterates over the metrics besides the accuracy.
    pub fn other_metrics(&self) -> impl Iterator<Item = (String, f32)> {
        let validated = self.val_metrics.iter().map(|(name, value)| (format!("val_{name}"), *value));
        self.metrics.iter().map(|(name, value)| (name.clone(), *value)).chain(validated)
    }
}

/// A rule of the training configuration that ends a run before its goal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum StopRule {
    TargetAccuracy,
    Patience,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataProgress {
    /// The name of the data set. It may be one that is fetched to take the place of the one in use.
    #[serde(default)]
    pub dataset: String,
    pub loaded_bytes: f64,
    pub total_bytes: f64,
    pub train_images: u32,
    pub test_images: u32,
    pub complete: bool,
    /// The shard that could not be had, and why; [`Command::FetchData`] tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// A kernel of a training step on a GPU, or several that one dispatch runs.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KernelTime {
    /// The op's name, or `"pointwise"`.
    pub name: String,
    /// Shape of the result; the first kernel's if there are several.
    pub shape: Vec<usize>,
    pub kernels: u32,
    pub dispatches: u32,
    /// Milliseconds on the device's clock.
    pub ms: f64,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotInfo {
    pub step: u32,
    pub epoch: u32,
    pub batch_in_epoch: u32,
    /// One name per array, weights and optimizer state, in the order of the arrays.
    pub names: Vec<String>,
    /// The weights are those that the seed gave: another seed gives other ones.
    pub untouched: bool,
    /// The words of the tokens by id, if the model reads texts: its embedding has a row for each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub vocabulary: Vec<String>,
}
