//! Arguments, results and events of the public JavaScript API as Rust types.
//!
//! `api` reads and writes these types. A test makes the TypeScript declarations `www/chalkgrad.d.ts` from them, so they also
//! compile natively.

#[cfg(test)]
mod typescript;

use serde::{Deserialize, Serialize, Serializer};

use chalkgrad_engine::model::metrics::ClassScores;
use chalkgrad_engine::protocol::responses::ExampleBatch;
use chalkgrad_engine::protocol::{
    self, ArrayData, BatchReport, EngineInfo, EpochReport, ErrorReport, History, MetricValues, ModelSummary, RunState,
    Split,
};

/// Options of `setBackend`.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BackendOptions {
    /// The number of workers that share a training step on the CPU. Default: as many as the machine has cores, up to 8.
    pub workers: Option<u32>,
}

/// Options of `train`. Without any, the run takes the configured number of epochs.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TrainOptions {
    pub epochs: Option<u32>,
    pub steps: Option<u32>,
}

/// Options of `evaluate`.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EvaluateOptions {
    /// Default: `"test"`.
    #[cfg_attr(test, ts(optional, as = "Option<Split>"))]
    pub split: Split,
    /// The number of examples, from the start of the split. Default: all.
    pub samples: Option<u32>,
}

/// State of the engine when it is ready.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ReadyInfo {
    pub version: String,
    /// The backend that runs.
    #[serde(flatten)]
    pub backend: BackendInfo,
    /// All backends, available or not.
    pub backends: Vec<BackendAvailability>,
    /// Names for `dataset` in the training configuration.
    pub datasets: Vec<String>,
}

impl From<&EngineInfo> for ReadyInfo {
    fn from(info: &EngineInfo) -> Self {
        Self {
            version: info.version.clone(),
            backend: BackendInfo::from(&info.backend),
            backends: info.backends.iter().map(BackendAvailability::from).collect(),
            datasets: info.datasets.clone(),
        }
    }
}

/// The backend that runs.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BackendInfo {
    /// `"cpu"` or `"webgpu"`.
    pub backend: String,
    /// The backend and the reason for it, in an English sentence.
    pub detail: String,
    pub workers: u32,
}

impl From<&protocol::BackendInfo> for BackendInfo {
    fn from(info: &protocol::BackendInfo) -> Self {
        Self { backend: info.backend.clone(), detail: info.detail.to_string(), workers: info.workers }
    }
}

/// A backend that can run here, or cannot.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BackendAvailability {
    /// `"cpu"` or `"webgpu"`.
    pub name: String,
    pub available: bool,
    /// The reason, in an English sentence.
    pub detail: String,
}

impl From<&protocol::BackendAvailability> for BackendAvailability {
    fn from(backend: &protocol::BackendAvailability) -> Self {
        let detail = backend.detail.to_string();
        Self { name: backend.name.clone(), available: backend.available, detail }
    }
}

/// State of the run.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StateInfo {
    pub state: RunState,
}

/// Losses and metrics of a run.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunResult {
    #[serde(flatten)]
    pub history: History,
    /// One entry for each step.
    pub loss: Vec<f32>,
}

/// Loss and accuracy on a split of the data set.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct EvaluationResult {
    pub loss: f32,
    /// The share of the right answers, if the target is a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f32>,
    /// The number of examples.
    pub samples: u32,
    /// The metrics of the configuration, by name.
    #[cfg_attr(test, ts(type = "MetricValues"))]
    pub metrics: MetricValues,
    /// Numbers of examples, as `confusion[true][predicted]`. Of equal scores the first counts. An example whose scores are
    /// all equal, or contain a NaN, is in no column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Vec<Vec<f32>>>,
    /// Scores of each class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_class: Option<Vec<ClassResult>>,
}

/// Scores of a class, as scikit-learn computes them.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ClassResult {
    pub name: String,
    /// The number of its examples.
    pub support: f64,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

impl ClassResult {
    /// Joins scores with the names of their classes.
    pub fn all(scores: &[ClassScores], names: &[String]) -> Vec<Self> {
        let one = |(scores, name): (&ClassScores, &String)| {
            let ClassScores { support, precision, recall, f1 } = *scores;
            Self { name: name.clone(), support, precision, recall, f1 }
        };
        scores.iter().zip(names).map(one).collect()
    }
}

/// A tensor.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TensorValue {
    pub shape: Vec<usize>,
    /// The values in row-major order.
    pub data: Float32Array,
}

/// An example of the data set.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Example {
    pub input: ExampleInput,
    /// The number of the class, or the values of the target.
    #[cfg_attr(test, ts(type = "number | number[]"))]
    pub target: ExampleTarget,
    /// The name of the class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The text whose token ids are the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The input of an example, as `predict` takes it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ExampleInput {
    pub shape: Vec<usize>,
    /// Bytes for a data set of bytes, token ids for texts, else numbers.
    #[cfg_attr(test, ts(type = "Uint8Array | Float32Array | Int32Array"))]
    pub data: ExampleValues,
}

/// The target of an example.
#[derive(Serialize)]
#[serde(untagged)]
pub enum ExampleTarget {
    Class(u32),
    Values(Vec<f32>),
}

/// The values of an input.
#[derive(Serialize)]
#[serde(untagged)]
pub enum ExampleValues {
    Bytes(Uint8Array),
    Numbers(Float32Array),
    Tokens(Int32Array),
}

impl From<ExampleBatch> for Example {
    /// Takes the first example.
    fn from(ExampleBatch { info, inputs, values }: ExampleBatch) -> Self {
        let data = match inputs {
            ArrayData::U8(bytes) => ExampleValues::Bytes(Uint8Array(bytes)),
            ArrayData::F32(values) => ExampleValues::Numbers(Float32Array(values)),
            ArrayData::I32(ids) => ExampleValues::Tokens(Int32Array(ids)),
        };
        let class = info.classes.first().copied();
        let target = class.map_or(ExampleTarget::Values(values), ExampleTarget::Class);
        let class = class.and_then(|class| info.class_names.get(class as usize).cloned());
        let text = info.texts.into_iter().next();
        Self { input: ExampleInput { shape: info.shape, data }, target, class, text }
    }
}

/// A model that was opened, and its position in training.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OpenedModel {
    #[serde(flatten)]
    pub summary: ModelSummary,
    /// Steps since the weights were initialised.
    pub step: u32,
    /// Epochs since the weights were initialised.
    pub epoch: u32,
}

/// Progress of a run.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BatchInfo {
    #[serde(flatten)]
    pub report: BatchReport,
    /// The loss of every step since the last `batch` event.
    pub losses: Vec<f32>,
    /// The accuracy of each of these steps on its batch.
    pub accuracies: Vec<f32>,
}

/// Declares lists that become typed arrays of JavaScript: `Name(number type);`.
macro_rules! typed_arrays {
    ($($(#[$doc:meta])* $name:ident($number:ty);)+) => {
        $(
            $(#[$doc])*
            pub struct $name(pub Vec<$number>);

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    cfg_if::cfg_if! {
                        if #[cfg(target_arch = "wasm32")] {
                            serde_wasm_bindgen::preserve::serialize(&js_sys::$name::from(&self.0[..]), serializer)
                        } else {
                            serializer.collect_seq(&self.0)
                        }
                    }
                }
            }
        )+
    };
}

typed_arrays! {
    Float32Array(f32);
    Uint8Array(u8);
    /// Token ids.
    Int32Array(i32);
}

/// Declares the events of `on`: name, and the argument of its handlers.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident: $event:ident($detail:ty);)+) => {
        /// The argument for the handlers of an event.
        #[derive(Serialize)]
        #[serde(untagged)]
        pub enum EventDetail {
            $($(#[$doc])* $event($detail),)+
        }

        impl EventDetail {
            /// The names of all events.
            pub const NAMES: &[&str] = &[$(stringify!($name)),+];

            /// Returns the event's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$event(_) => stringify!($name),)+
                }
            }
        }

        /// Arguments of the handlers, by the event's name.
        #[cfg(test)]
        #[derive(ts_rs::TS)]
        #[expect(dead_code, reason = "only declared in TypeScript")]
        struct Events {
            $($(#[$doc])* $name: $detail,)+
        }
    };
}

events! {
    /// The state of the run changes.
    state: State(StateInfo);
    /// Training goes on. At most ten times a second.
    batch: Batch(BatchInfo);
    /// An epoch ends.
    epoch: Epoch(EpochReport);
    /// A run fails.
    error: Error(ErrorReport);
    /// Something is worth knowing, and the run continues.
    warning: Warning(ErrorReport);
}
