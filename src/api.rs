//! `window.chalkgrad`: the public JavaScript API of the page, for lessons, host pages and automated tests.
//!
//! Every method returns a Promise. An error rejects the Promise with an `Error` that has a `code`, a `message` and, if a layer is
//! at fault, its name as `layer`. Only `on` is synchronous.
//!
//! The TypeScript declarations `www/chalkgrad.d.ts` are made from the methods here: from their comments, return types and
//! `unchecked_param_type` attributes.

mod arguments;
mod events;
pub mod files;
mod install;
mod promised;
mod specs;

use std::cell::RefCell;

use js_sys::{Float32Array, Promise, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use self::arguments::{Inputs, describe, inputs, object, text, whole_number, word};
pub use self::install::install;
use self::promised::Promised;
use crate::client::Client;
use crate::signatures::{
    BackendInfo, BackendOptions, ClassResult, EvaluateOptions, EvaluationResult, Example, OpenedModel, RunResult,
    StateInfo, TensorValue, TrainOptions,
};
use crate::{signatures, transport};
use chalkgrad_engine::error::{Error, MessageError};
use chalkgrad_engine::json;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::requests::{
    self, Datasets, Evaluate, GetModel, GetTraining, Pause, Predict, PredictTexts, Request, Reset, Resume, SetBackend,
    SetModel, SetTensor, SetTraining, Stop, Tensor, TensorNames, Train,
};
use chalkgrad_engine::protocol::responses::{Evaluated, RunHistory, TensorData};
use chalkgrad_engine::protocol::{DatasetDescription, ErrorReport, ModelSummary, RunState};

/// A method's result, or the report with which its Promise is rejected.
type Result<T = JsValue, E = ErrorReport> = std::result::Result<T, E>;

/// The object behind `window.chalkgrad`.
#[wasm_bindgen(skip_typescript)]
pub struct Chalkgrad {
    client: Client,
    events: events::Events,
    /// The last call of `setTraining`: the next one merges its fields into the configuration that this one makes.
    last_training: RefCell<Option<Promise>>,
}

/// A model and a training configuration, as a link holds them.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Configuration {
    model: Option<Map<String, Value>>,
    training: Option<Map<String, Value>>,
}

impl Chalkgrad {
    fn new(client: &Client) -> Self {
        Self { client: client.clone(), events: events::Events::new(client), last_training: RefCell::default() }
    }

    /// Sends a request at once and resolves to its converted response.
    fn call<R: Request + 'static, T: Serialize>(
        &self,
        request: Result<R>,
        convert: impl FnOnce(R::Response) -> T + 'static,
    ) -> Promised<T> {
        let response = request.map(|request| self.client.request(request));
        Promised::new(async move { Ok(convert(response?.await?)) })
    }

    /// As [`Self::call`], for a request that reads weights: a host sees those of the seed, not the pretrained ones.
    fn call_on_weights<R: Request + 'static, T: Serialize>(
        &self,
        request: Result<R>,
        convert: impl FnOnce(R::Response) -> T + 'static,
    ) -> Promised<T> {
        if request.is_ok() {
            self.client.leave_pretrained();
        }
        self.call(request, convert)
    }
}

/// Returns a response as it is.
fn unchanged<T>(response: T) -> T {
    response
}

fn state_info(state: RunState) -> StateInfo {
    StateInfo { state }
}

#[wasm_bindgen]
impl Chalkgrad {
    /// Continues on another backend. Weights and optimizer state carry over.
    #[wasm_bindgen(js_name = setBackend, skip_typescript)]
    pub fn set_backend(
        &self,
        #[wasm_bindgen(unchecked_param_type = "BackendChoice")] choice: &JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "BackendOptions")] options: &JsValue,
    ) -> Promised<BackendInfo> {
        let request = || -> Result<_> {
            let choice = word("backend", choice)?;
            let BackendOptions { workers } = arguments::options("setBackend", options)?;
            Ok(SetBackend { choice, workers })
        };
        self.call(request(), |backend| BackendInfo::from(&backend))
    }

    /// Replaces the model. A model with an error rejects, and the old one stays.
    #[wasm_bindgen(js_name = setModel, skip_typescript)]
    pub fn set_model(
        &self,
        #[wasm_bindgen(unchecked_param_type = "ModelSpec")] spec: &JsValue,
    ) -> Promised<ModelSummary> {
        let request = || -> Result<_> {
            let mut fields = object("model", spec)?;
            if !fields.contains_key("inputShape")
                && let Some(shape) = self.client.input_shape()
            {
                fields.insert("inputShape".to_owned(), json!(shape));
            }
            let spec = specs::model(&Value::Object(fields))?;
            Ok(SetModel { spec, kept: None })
        };
        self.call(request(), unchanged)
    }

    /// Returns the model.
    #[wasm_bindgen(js_name = getModel, skip_typescript)]
    pub fn get_model(&self) -> Promised<ModelSpec> {
        self.call(Ok(GetModel {}), unchanged)
    }

    /// Changes the given fields of the training configuration, also in the middle of a run. Resolves to the whole
    /// configuration.
    #[wasm_bindgen(js_name = setTraining, skip_typescript)]
    pub fn set_training(
        &self,
        #[wasm_bindgen(unchecked_param_type = "TrainingChanges")] changes: &JsValue,
    ) -> Promised<TrainingConfig> {
        let changes = object("training", changes);
        let client = self.client.clone();
        let previous = self.last_training.take();
        let merged = Promised::new(async move {
            let changes = changes?;
            if let Some(previous) = previous {
                // Its own caller hears of its failure.
                let _ = JsFuture::from(previous).await;
            }
            let current = client.request(GetTraining {}).await?;
            let config = specs::training(&current, changes)?;
            client.request(SetTraining { config }).await
        });
        self.last_training.replace(Some(merged.promise().clone()));
        merged
    }

    /// Returns the training configuration.
    #[wasm_bindgen(js_name = getTraining, skip_typescript)]
    pub fn get_training(&self) -> Promised<TrainingConfig> {
        self.call(Ok(GetTraining {}), unchanged)
    }

    /// Trains from the model's current state. Resolves when the run ends.
    #[wasm_bindgen(skip_typescript)]
    pub fn train(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "TrainOptions")] options: &JsValue,
    ) -> Promised<RunResult> {
        let request = || -> Result<_> {
            let TrainOptions { epochs, steps } = arguments::options("train", options)?;
            Ok(Train { epochs, steps })
        };
        self.call(request(), |RunHistory { history, losses }| RunResult { history, loss: losses })
    }

    /// Pauses the run.
    #[wasm_bindgen(skip_typescript)]
    pub fn pause(&self) -> Promised<StateInfo> {
        self.call(Ok(Pause {}), state_info)
    }

    /// Continues a paused run.
    #[wasm_bindgen(skip_typescript)]
    pub fn resume(&self) -> Promised<StateInfo> {
        self.call(Ok(Resume {}), state_info)
    }

    /// Ends the run.
    #[wasm_bindgen(skip_typescript)]
    pub fn stop(&self) -> Promised<StateInfo> {
        self.call(Ok(Stop {}), state_info)
    }

    /// Draws new initial weights from the seed, and clears the optimizer state and the step counter.
    #[wasm_bindgen(skip_typescript)]
    pub fn reset(&self) -> Promised<()> {
        self.call(Ok(Reset {}), unchanged)
    }

    /// Measures the loss, the metrics of the configuration and, if the target is a class, accuracy and confusion matrix.
    #[wasm_bindgen(skip_typescript)]
    pub fn evaluate(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "EvaluateOptions")] options: &JsValue,
    ) -> Promised<EvaluationResult> {
        let request = || -> Result<_> {
            let EvaluateOptions { split, samples } = arguments::options("evaluate", options)?;
            Ok(Evaluate { split, samples })
        };
        self.call_on_weights(request(), |Evaluated { evaluation, confusion, .. }| {
            let has_classes = evaluation.classes > 0;
            let rows = confusion.chunks_exact((evaluation.classes as usize).max(1));
            EvaluationResult {
                loss: evaluation.loss,
                accuracy: evaluation.accuracy,
                samples: evaluation.samples,
                metrics: evaluation.metrics,
                confusion: has_classes.then(|| rows.map(<[f32]>::to_vec).collect()),
                per_class: has_classes.then(|| ClassResult::all(&evaluation.class_scores, &evaluation.class_names)),
            }
        })
    }

    /// Returns the outputs, `[k,output size]`, for k inputs: bytes, scaled as those of the data set, numbers used as they are, token
    /// ids, or texts.
    #[wasm_bindgen(skip_typescript)]
    pub fn predict(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array | Uint8ClampedArray | Float32Array | Int32Array | string[]")]
        data: &JsValue,
    ) -> Promised<signatures::Float32Array> {
        match inputs(data) {
            Ok(Inputs::Texts(texts)) => self.call_on_weights(Ok(PredictTexts { texts }), signatures::Float32Array),
            Ok(Inputs::Values(pixels)) => self.call_on_weights(Ok(Predict { pixels }), signatures::Float32Array),
            Err(error) => self.call_on_weights(Err::<Predict, _>(error.into()), signatures::Float32Array),
        }
    }

    /// Lists the data sets that a training configuration can name.
    #[wasm_bindgen(skip_typescript)]
    pub fn datasets(&self) -> Promised<Vec<DatasetDescription>> {
        self.call(Ok(Datasets {}), unchanged)
    }

    /// Reads an example of the data set in use. One that has not arrived yet rejects.
    #[wasm_bindgen(skip_typescript)]
    pub fn example(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Split")] split: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] index: &JsValue,
    ) -> Promised<Example> {
        let request = || -> Result<_> {
            let (split, index) = (word("split", split)?, whole_number("index", index)?);
            Ok(requests::Examples { split, indices: vec![index] })
        };
        self.call(request(), Example::from)
    }

    /// Returns the names of all tensors that can be read.
    #[wasm_bindgen(js_name = tensorNames, skip_typescript)]
    pub fn tensor_names(&self) -> Promised<Vec<String>> {
        self.call_on_weights(Ok(TensorNames {}), unchanged)
    }

    /// Reads a tensor.
    #[wasm_bindgen(skip_typescript)]
    pub fn tensor(&self, #[wasm_bindgen(unchecked_param_type = "string")] name: &JsValue) -> Promised<TensorValue> {
        let request = text("name", name).map(|name| Tensor { name }).map_err(ErrorReport::from);
        self.call_on_weights(request, |TensorData { shape, values }| TensorValue {
            shape,
            data: signatures::Float32Array(values),
        })
    }

    /// Sets a parameter. Another length than the parameter's, or a name that is no parameter's, rejects and changes nothing.
    #[wasm_bindgen(js_name = setTensor, skip_typescript)]
    pub fn set_tensor(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Float32Array")] values: &JsValue,
    ) -> Promised<()> {
        let request = || -> Result<_> {
            let name = text("name", name)?;
            let array = values.dyn_ref::<Float32Array>();
            let values = array
                .ok_or_else(|| Error::from(MessageError::NotFloats { name: name.clone(), got: describe(values) }))?
                .to_vec();
            Ok(SetTensor { name, values })
        };
        self.call(request(), unchanged)
    }

    /// Returns a file with the whole experiment. Training goes on.
    #[wasm_bindgen(skip_typescript)]
    pub fn save(&self) -> Promised<Uint8Array> {
        let saved = files::save(&self.client);
        Promised::of_js(async move { Ok(saved.await?.file) })
    }

    /// Opens a file of `save`. Ends a run. A file that cannot be used rejects and changes nothing.
    #[wasm_bindgen(skip_typescript)]
    pub fn open(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array | ArrayBuffer | Blob")] file: JsValue,
    ) -> Promised<OpenedModel> {
        let client = self.client.clone();
        Promised::new(async move {
            let files::Opened { summary, step, epoch } = files::open(&client, &file).await?;
            Ok(OpenedModel { summary, step, epoch })
        })
    }

    /// Calls `handler` for every event of a kind. Returns a function that unsubscribes.
    ///
    /// # Errors
    /// `bad-argument` for an event that does not exist, or a handler that is no function.
    #[wasm_bindgen(skip_typescript)]
    pub fn on(&self, event: &JsValue, handler: &JsValue) -> Result<JsValue, JsValue> {
        self.events.on(event, handler).map_err(|error| js_error(&error.into()))
    }
}

/// Takes over a configuration `{model, training}`, either of which may be missing: both, or on an error neither.
pub async fn configure(client: &Client, configuration: &Value) -> Result<()> {
    let Configuration { model, training } = json::read("configuration", configuration)?;
    let training = training.map(|partial| specs::training(&TrainingConfig::default(), partial)).transpose()?;
    let model = model.map(|spec| specs::model(&Value::Object(spec))).transpose()?;
    // Both at once, so that a worker that starts learns the data set before it fetches another one.
    let before = client.request(GetTraining {});
    let changed = training.map(|config| client.request(SetTraining { config }));
    let before = before.await?;
    if let Some(changed) = changed {
        changed.await?;
    }
    if let Some(spec) = model
        && let Err(report) = client.request(SetModel { spec, kept: None }).await
    {
        client.request(SetTraining { config: before }).await?;
        return Err(report);
    }
    Ok(())
}

fn js_error(report: &ErrorReport) -> JsValue {
    let error = JsValue::from(js_sys::Error::new(&report.message));
    set(&error, "code", &report.code.as_str().into());
    if let Some(layer) = &report.layer {
        set(&error, "layer", &layer.as_str().into());
    }
    error
}

fn js(value: &impl Serialize) -> Result {
    transport::write(value).map_err(ErrorReport::from)
}

/// Sets a property of an object that this module has made, which therefore cannot refuse it.
fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}
