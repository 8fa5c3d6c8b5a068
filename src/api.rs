//! `window.chalkgrad`: the public JavaScript API of the page, for lessons, host pages and automated tests.
//!
//! Every method returns a Promise; what goes wrong rejects it with an `Error` that carries `code`, `message` and, where
//! a layer is at fault, `layer`. `on` alone is synchronous, and it does not throw either.

mod arguments;
mod events;
pub mod files;
mod specs;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Float32Array, Function, Object, Promise, Reflect};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wasm_bindgen::prelude::*;

use self::arguments::{bad_argument, choice, object, options, pixels, text};
use crate::client::{Change, Client, Outcome};
use crate::transport;
use chalkgrad_engine::error::Error;
use chalkgrad_engine::json;
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::protocol::{Answer, BackendChoice, Bulk, Command, ErrorReport, Split};

/// Result of a method: its Promise resolves or rejects with it.
type Result<T = JsValue, E = ErrorReport> = std::result::Result<T, E>;

struct Api {
    client: Client,
    /// Partial configurations that wait: each is merged into what the last one made.
    partials: RefCell<VecDeque<(JsValue, Settle)>>,
    is_merging: Cell<bool>,
}

/// A promise that was given out.
struct Settle {
    resolve: Function,
    reject: Function,
}

impl Settle {
    fn with(&self, result: Result) {
        // A promise's own functions do not throw.
        let _ = match result {
            Ok(value) => self.resolve.call1(&JsValue::UNDEFINED, &value),
            Err(report) => self.reject.call1(&JsValue::UNDEFINED, &js_error(&report)),
        };
    }
}

const METHODS: [&str; 17] = [
    "setBackend",
    "setModel",
    "getModel",
    "setTraining",
    "getTraining",
    "train",
    "pause",
    "resume",
    "stop",
    "reset",
    "evaluate",
    "predict",
    "tensorNames",
    "tensor",
    "setTensor",
    "save",
    "open",
];

/// Puts the API on `window`. Call it before the page mounts, and before anything else uses the client.
///
/// If the page has made `window.chalkgrad` already, with a `ready` that is settled through `window.chalkgradReady`, the
/// methods are added to that object.
pub fn install(client: &Client) {
    let Some(window) = web_sys::window() else { return };
    let existing = Reflect::get(&window, &"chalkgrad".into()).ok().filter(JsValue::is_object);
    let target: Object = existing.map_or_else(Object::new, JsCast::unchecked_into);
    let set = |name: &str, value: &JsValue| {
        // Only a frozen object refuses, and this one is ours.
        let _ = Reflect::set(&target, &name.into(), value);
    };
    set("version", &env!("CARGO_PKG_VERSION").into());
    install_ready(client, &window, &target);

    let api = Rc::new(Api { client: client.clone(), partials: RefCell::default(), is_merging: Cell::new(false) });
    for name in METHODS {
        let api = api.clone();
        let call = move |first: JsValue, second: JsValue| {
            Promise::new(&mut |resolve, reject| Api::call(&api, name, &first, &second, Settle { resolve, reject }))
        };
        set(name, &Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(call).into_js_value());
    }
    let events = events::Events::new(client);
    set(
        "on",
        &Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new(move |event, handler| events.on(event, handler))
            .into_js_value(),
    );
    let _ = Reflect::set(&window, &"chalkgrad".into(), &target);
}

/// Settles `ready` when the engine has said what it is, or that it cannot be had.
fn install_ready(client: &Client, window: &JsValue, target: &Object) {
    let settle = Reflect::get(window, &"chalkgradReady".into()).ok().filter(JsValue::is_object);
    let settle = settle.unwrap_or_else(|| {
        let settle = Object::new();
        let ready = Promise::new(&mut |resolve, reject| {
            let _ = Reflect::set(&settle, &"resolve".into(), &resolve);
            let _ = Reflect::set(&settle, &"reject".into(), &reject);
        });
        let _ = Reflect::set(target, &"ready".into(), &ready);
        settle.into()
    });
    let call = move |name: &str, value: &JsValue| {
        if let Some(function) =
            Reflect::get(&settle, &name.into()).ok().and_then(|f| f.dyn_into::<js_sys::Function>().ok())
        {
            // A promise's own function does not throw; settling twice does nothing.
            let _ = function.call1(&JsValue::NULL, value);
        }
    };
    let resolve = call.clone();
    client
        .subscribe_changes(move |change| {
            if let Change::Engine(engine) = change {
                let (Ok(info), Ok(backend)) = (js(engine), js(&engine.backend)) else { return };
                // `backend` becomes the name, with the detail and the workers beside it.
                Object::assign(info.unchecked_ref::<Object>(), backend.unchecked_ref::<Object>());
                resolve("resolve", &info);
            }
        })
        .forever();
    client.on_failure(move |error| call("reject", &js_error(error)));
}

impl Api {
    fn call(api: &Rc<Self>, method: &str, first: &JsValue, second: &JsValue, settle: Settle) {
        if method == "setTraining" {
            api.partials.borrow_mut().push_back((first.clone(), settle));
            return Self::merge_next(api);
        }
        match method {
            "save" => {
                return files::save(
                    &api.client,
                    Box::new(move |file| settle.with(file.map(|saved| saved.file.into()))),
                );
            }
            "open" => {
                return files::open(
                    &api.client,
                    first,
                    Box::new(move |opened| settle.with(opened.and_then(self::opened))),
                );
            }
            _ => {}
        }
        match command(method, first, second) {
            Ok((command, arrays)) => {
                if reads_weights(&command) {
                    api.client.leave_pretrained();
                }
                api.client.ask(command, arrays, Box::new(move |outcome| settle.with(outcome.and_then(result))));
            }
            Err(report) => settle.with(Err(report)),
        }
    }

    /// Merges the first of the waiting partial configurations into the one in use, unless that is being done for
    /// another.
    fn merge_next(api: &Rc<Self>) {
        if api.is_merging.get() {
            return;
        }
        let Some((partial, settle)) = api.partials.borrow_mut().pop_front() else { return };
        api.is_merging.set(true);
        let (client, api) = (api.client.clone(), api.clone());
        let merged = move |outcome: Outcome| {
            let client = api.client.clone();
            let done = Box::new(move |outcome: Outcome| {
                settle.with(outcome.and_then(result));
                api.is_merging.set(false);
                Self::merge_next(&api);
            });
            match outcome {
                Ok((Answer::Training(current), _)) => {
                    match object("training", &partial).and_then(|partial| specs::training(&current, partial)) {
                        Ok(config) => client.ask(Command::SetTraining { config }, Vec::new(), done),
                        Err(error) => done(Err(error.into())),
                    }
                }
                other => done(other),
            }
        };
        client.ask(Command::GetTraining, Vec::new(), Box::new(merged));
    }
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

/// Takes over a configuration `{model, training}`, either of which may be missing. `failed` is told what is wrong.
pub fn configure(client: &Client, configuration: &Value, failed: impl Fn(ErrorReport) + Copy + 'static) {
    let commands = || -> Result<Vec<Command>> {
        let Configuration { model, training } = json::read("configuration", configuration)?;
        let mut commands = Vec::new();
        if let Some(partial) = training {
            let config = specs::training(&TrainingConfig::default(), partial)?;
            commands.push(Command::SetTraining { config });
        }
        if let Some(spec) = model {
            commands.push(Command::SetModel { spec: specs::model(&Value::Object(spec))?, kept: None });
        }
        Ok(commands)
    };
    match commands() {
        Ok(commands) => {
            for command in commands {
                client.ask(command, Vec::new(), Box::new(move |outcome| outcome.err().into_iter().for_each(failed)));
            }
        }
        Err(report) => failed(report),
    }
}

/// Makes the request of a call.
fn command(method: &str, first: &JsValue, second: &JsValue) -> Result<(Command, Vec<Bulk>)> {
    let mut arrays = Vec::new();
    let command = match method {
        "setBackend" => {
            const CHOICES: &[(&str, BackendChoice)] =
                &[("auto", BackendChoice::Auto), ("webgpu", BackendChoice::Webgpu), ("cpu", BackendChoice::Cpu)];
            let choice = choice("backend", first, CHOICES)?;
            let BackendOptions { workers } = options("setBackend", second)?;
            Command::SetBackend { choice, workers }
        }
        "setModel" => Command::SetModel { spec: specs::model(&Value::Object(object("model", first)?))?, kept: None },
        "getModel" => Command::GetModel,
        "getTraining" => Command::GetTraining,
        "train" => {
            let TrainOptions { epochs, steps } = options("train", first)?;
            Command::Train { epochs, steps }
        }
        "pause" => Command::Pause,
        "resume" => Command::Resume,
        "stop" => Command::Stop,
        "reset" => Command::Reset,
        "evaluate" => {
            let EvaluateOptions { split, samples } = options("evaluate", first)?;
            Command::Evaluate { split, samples }
        }
        "predict" => {
            arrays.push(pixels(first)?);
            Command::Predict
        }
        "tensorNames" => Command::TensorNames,
        "tensor" => Command::Tensor { name: text("name", first)? },
        _ => {
            let name = text("name", first)?;
            let Some(values) = second.dyn_ref::<Float32Array>() else {
                return Err(bad_argument(&name, "a Float32Array", second).into());
            };
            arrays.push(Bulk::F32(values.to_vec()));
            Command::SetTensor { name }
        }
    };
    Ok((command, arrays))
}

/// Converts an answer to the value to which a call resolves.
fn result((answer, arrays): (Answer, Vec<Bulk>)) -> Result {
    let object = || JsValue::from(Object::new());
    Ok(match &answer {
        Answer::Done => JsValue::UNDEFINED,
        Answer::Engine(engine) => js(engine)?,
        Answer::Backend(backend) => js(backend)?,
        Answer::Model(spec) => js(spec)?,
        Answer::Summary(summary) => js(summary)?,
        Answer::Training(config) => js(config)?,
        Answer::Names(names) => js(names)?,
        Answer::Probabilities { .. } => first_f32(arrays).into(),
        Answer::History(history) => {
            let result = js(history)?;
            set(&result, "loss", &Array::from(&first_f32(arrays)));
            result
        }
        Answer::State { state } => {
            let result = object();
            set(&result, "state", &js(state)?);
            result
        }
        Answer::Tensor { shape } => {
            let result = object();
            set(&result, "shape", &js(shape)?);
            set(&result, "data", &first_f32(arrays));
            result
        }
        Answer::Evaluation(evaluation) => {
            let result = object();
            set(&result, "loss", &evaluation.loss.into());
            set(&result, "accuracy", &evaluation.accuracy.into());
            set(&result, "samples", &evaluation.samples.into());
            let flat = first_f32(arrays);
            let rows = Array::new();
            for row in 0..evaluation.classes {
                let row = flat.subarray(row * evaluation.classes, (row + 1) * evaluation.classes);
                rows.push(&Array::from(&row));
            }
            set(&result, "confusion", &rows);
            result
        }
        // No method asks for them.
        Answer::Samples { .. } | Answer::Labels | Answer::Tensors { .. } | Answer::Vitals(_) | Answer::Profile(_) => {
            return Err(Error::new("bad-message", "engine").expected("an answer of another kind").into());
        }
    })
}

fn opened(files::Opened { summary, step, epoch }: files::Opened) -> Result {
    let result = js(&summary)?;
    set(&result, "step", &step.into());
    set(&result, "epoch", &epoch.into());
    Ok(result)
}

/// Returns true if an answer depends on the weights. For callers of this API the weights come from the seed from the
/// beginning.
fn reads_weights(command: &Command) -> bool {
    matches!(command, Command::Evaluate { .. } | Command::Predict | Command::TensorNames | Command::Tensor { .. })
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

/// Sets a property of an object of ours, which no object of ours refuses.
fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

fn first_f32(arrays: Vec<Bulk>) -> Float32Array {
    match arrays.first() {
        Some(Bulk::F32(values)) => Float32Array::from(values.as_slice()),
        _ => Float32Array::new_with_length(0),
    }
}
