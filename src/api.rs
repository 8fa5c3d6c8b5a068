//! `window.chalkgrad`: the public JavaScript API of the page, for lessons, host pages and automated tests.
//!
//! Every method returns a Promise. An error rejects the Promise with an `Error` that has a `code`, a `message` and, if a layer is
//! at fault, its name as `layer`. Only `on` is synchronous.

mod arguments;
mod descriptions;
mod events;
pub mod files;
mod install;
mod specs;

use std::cell::RefCell;

use js_sys::{Array, Float32Array, Object, Promise, Reflect};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use self::arguments::{describe, object, pixels, text, word};
use self::descriptions::Backend;
pub use self::install::install;
use crate::client::Client;
use crate::transport;
use chalkgrad_engine::error::{Error, MessageError};
use chalkgrad_engine::json;
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::protocol::requests::{
    Evaluate, GetModel, GetTraining, Pause, Predict, Request, Reset, Resume, SetBackend, SetModel, SetTensor,
    SetTraining, Stop, Tensor, TensorNames, Train,
};
use chalkgrad_engine::protocol::responses::{Evaluated, RunHistory, TensorData};
use chalkgrad_engine::protocol::{ErrorReport, RunState, Split};

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

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct BackendOptions {
    workers: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TrainOptions {
    epochs: Option<u32>,
    steps: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct EvaluateOptions {
    split: Split,
    samples: Option<u32>,
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
    fn call<R: Request + 'static>(
        &self,
        request: Result<R>,
        convert: impl FnOnce(R::Response) -> Result + 'static,
    ) -> Promise {
        let response = request.map(|request| self.client.request(request));
        promise(async move { convert(response?.await?) })
    }

    /// As [`Self::call`], for a request that reads weights: a host sees those of the seed, not the pretrained ones.
    fn call_on_weights<R: Request + 'static>(
        &self,
        request: Result<R>,
        convert: impl FnOnce(R::Response) -> Result + 'static,
    ) -> Promise {
        if request.is_ok() {
            self.client.leave_pretrained();
        }
        self.call(request, convert)
    }
}

#[wasm_bindgen]
impl Chalkgrad {
    #[wasm_bindgen(js_name = setBackend, skip_typescript)]
    pub fn set_backend(&self, choice: &JsValue, options: &JsValue) -> Promise {
        let request = || -> Result<_> {
            let choice = word("backend", choice)?;
            let BackendOptions { workers } = arguments::options("setBackend", options)?;
            Ok(SetBackend { choice, workers })
        };
        self.call(request(), |backend| js(&Backend::from(&backend)))
    }

    #[wasm_bindgen(js_name = setModel, skip_typescript)]
    pub fn set_model(&self, spec: &JsValue) -> Promise {
        let request = || -> Result<_> {
            let spec = specs::model(&Value::Object(object("model", spec)?))?;
            Ok(SetModel { spec, kept: None })
        };
        self.call(request(), |summary| js(&summary))
    }

    #[wasm_bindgen(js_name = getModel, skip_typescript)]
    pub fn get_model(&self) -> Promise {
        self.call(Ok(GetModel {}), |spec| js(&spec))
    }

    #[wasm_bindgen(js_name = setTraining, skip_typescript)]
    pub fn set_training(&self, partial: &JsValue) -> Promise {
        let partial = object("training", partial);
        let client = self.client.clone();
        let previous = self.last_training.take();
        let merged = promise(async move {
            let partial = partial?;
            if let Some(previous) = previous {
                // Its own caller hears of its failure.
                let _ = JsFuture::from(previous).await;
            }
            let current = client.request(GetTraining {}).await?;
            let config = specs::training(&current, partial)?;
            js(&client.request(SetTraining { config }).await?)
        });
        self.last_training.replace(Some(merged.clone()));
        merged
    }

    #[wasm_bindgen(js_name = getTraining, skip_typescript)]
    pub fn get_training(&self) -> Promise {
        self.call(Ok(GetTraining {}), |config| js(&config))
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn train(&self, options: &JsValue) -> Promise {
        let request = || -> Result<_> {
            let TrainOptions { epochs, steps } = arguments::options("train", options)?;
            Ok(Train { epochs, steps })
        };
        self.call(request(), |RunHistory { history, losses }| {
            let result = js(&history)?;
            set(&result, "loss", &Array::from(&Float32Array::from(&losses[..])));
            Ok(result)
        })
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn pause(&self) -> Promise {
        self.call(Ok(Pause {}), |state| run_state(&state))
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn resume(&self) -> Promise {
        self.call(Ok(Resume {}), |state| run_state(&state))
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn stop(&self) -> Promise {
        self.call(Ok(Stop {}), |state| run_state(&state))
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn reset(&self) -> Promise {
        self.call(Ok(Reset {}), |()| Ok(JsValue::UNDEFINED))
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn evaluate(&self, options: &JsValue) -> Promise {
        let request = || -> Result<_> {
            let EvaluateOptions { split, samples } = arguments::options("evaluate", options)?;
            Ok(Evaluate { split, samples })
        };
        self.call_on_weights(request(), |Evaluated { evaluation, confusion, .. }| {
            let result = JsValue::from(Object::new());
            set(&result, "loss", &evaluation.loss.into());
            set(&result, "accuracy", &evaluation.accuracy.into());
            set(&result, "samples", &evaluation.samples.into());
            let rows = confusion.chunks_exact((evaluation.classes as usize).max(1));
            let rows: Array = rows.map(|row| Array::from(&Float32Array::from(row))).collect();
            set(&result, "confusion", &rows);
            Ok(result)
        })
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn predict(&self, data: &JsValue) -> Promise {
        let request = pixels(data).map(|pixels| Predict { pixels }).map_err(ErrorReport::from);
        self.call_on_weights(request, |probabilities| Ok(Float32Array::from(&probabilities[..]).into()))
    }

    #[wasm_bindgen(js_name = tensorNames, skip_typescript)]
    pub fn tensor_names(&self) -> Promise {
        self.call_on_weights(Ok(TensorNames {}), |names| js(&names))
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn tensor(&self, name: &JsValue) -> Promise {
        let request = text("name", name).map(|name| Tensor { name }).map_err(ErrorReport::from);
        self.call_on_weights(request, |TensorData { shape, values }| {
            let result = JsValue::from(Object::new());
            set(&result, "shape", &js(&shape)?);
            set(&result, "data", &Float32Array::from(&values[..]));
            Ok(result)
        })
    }

    #[wasm_bindgen(js_name = setTensor, skip_typescript)]
    pub fn set_tensor(&self, name: &JsValue, values: &JsValue) -> Promise {
        let request = || -> Result<_> {
            let name = text("name", name)?;
            let array = values.dyn_ref::<Float32Array>();
            let values = array
                .ok_or_else(|| Error::from(MessageError::NotFloats { name: name.clone(), got: describe(values) }))?
                .to_vec();
            Ok(SetTensor { name, values })
        };
        self.call(request(), |()| Ok(JsValue::UNDEFINED))
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn save(&self) -> Promise {
        let saved = files::save(&self.client);
        promise(async move { Ok(saved.await?.file.into()) })
    }

    #[wasm_bindgen(skip_typescript)]
    pub fn open(&self, file: JsValue) -> Promise {
        let client = self.client.clone();
        promise(async move {
            let files::Opened { summary, step, epoch } = files::open(&client, &file).await?;
            let result = js(&summary)?;
            set(&result, "step", &step.into());
            set(&result, "epoch", &epoch.into());
            Ok(result)
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

/// Takes over a configuration `{model, training}`, either of which may be missing. Errors are passed to `failed`.
pub fn configure(client: &Client, configuration: &Value, failed: impl Fn(ErrorReport) + Copy + 'static) {
    let requests = || -> Result<_> {
        let Configuration { model, training } = json::read("configuration", configuration)?;
        let training = training.map(|partial| specs::training(&TrainingConfig::default(), partial)).transpose()?;
        let model = model.map(|spec| specs::model(&Value::Object(spec))).transpose()?;
        Ok((training, model))
    };
    let (training, model) = match requests() {
        Ok(requests) => requests,
        Err(report) => return failed(report),
    };
    let training = training.map(|config| client.request(SetTraining { config }));
    let model = model.map(|spec| client.request(SetModel { spec, kept: None }));
    wasm_bindgen_futures::spawn_local(async move {
        if let Some(training) = training
            && let Err(report) = training.await
        {
            failed(report);
        }
        if let Some(model) = model
            && let Err(report) = model.await
        {
            failed(report);
        }
    });
}

fn promise(result: impl Future<Output = Result> + 'static) -> Promise {
    future_to_promise(async move { result.await.map_err(|report| js_error(&report)) })
}

fn run_state(state: &RunState) -> Result {
    let result = JsValue::from(Object::new());
    set(&result, "state", &js(state)?);
    Ok(result)
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
