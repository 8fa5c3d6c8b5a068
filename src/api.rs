//! `window.chalkgrad`: the public JavaScript API of the page, for lessons, host pages and automated tests.
//!
//! Every method returns a Promise; what goes wrong rejects it with an `Error` that carries `code`, `message` and, where
//! a layer is at fault, `layer`. `on` alone is synchronous, and it does not throw either.

mod arguments;
mod events;
mod specs;
mod turnstile;

use std::future::Future;
use std::rc::Rc;

use js_sys::{Array, Float32Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use self::arguments::{Options, bad_argument, choice, pixels, text};
use self::turnstile::Turnstile;
use crate::client::{Change, Client};
use crate::error::Error;
use crate::protocol::{Answer, BackendChoice, Bulk, Command, ErrorReport, Split};
use crate::transport::to_js;
use crate::wire::Wire;

/// What a method resolves to or rejects with.
type Result<T = JsValue, E = ErrorReport> = std::result::Result<T, E>;

struct Api {
    client: Client,
    /// One partial configuration after the other: each is merged into what the last one made.
    training: Turnstile,
}

/// Puts the API on `window`. Call it before the page mounts, and before anything else uses the client.
///
/// Where the page has made `window.chalkgrad` already, with a `ready` that is settled through `window.chalkgradReady`,
/// the methods are added to that very object.
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

    let api = Rc::new(Api { client: client.clone(), training: Turnstile::default() });
    macro_rules! method {
        ($name:literal, $run:ident) => {{
            let api = api.clone();
            let run = move |first: JsValue, second: JsValue| {
                let api = api.clone();
                promise(async move { api.$run(first, second).await })
            };
            set($name, &Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(run).into_js_value());
        }};
    }
    method!("setBackend", set_backend);
    method!("setModel", set_model);
    method!("getModel", get_model);
    method!("setTraining", set_training);
    method!("getTraining", get_training);
    method!("train", train);
    method!("pause", pause);
    method!("resume", resume);
    method!("stop", stop);
    method!("reset", reset);
    method!("evaluate", evaluate);
    method!("predict", predict);
    method!("tensorNames", tensor_names);
    method!("tensor", tensor);
    method!("setTensor", set_tensor);
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
    async fn ask(&self, command: Command) -> Result<Answer> {
        self.client.request(command, Vec::new()).await.map(|(answer, _)| answer)
    }

    async fn set_backend(&self, backend: JsValue, options: JsValue) -> Result {
        let choices = [("auto", BackendChoice::Auto), ("webgpu", BackendChoice::Webgpu), ("cpu", BackendChoice::Cpu)];
        let choice = choice("backend", &backend, &choices)?;
        let options = Options::read("setBackend", &options, &["workers"])?;
        match self.ask(Command::SetBackend { choice, workers: options.count("workers")? }).await? {
            Answer::Backend(backend) => js(&backend),
            other => Err(unexpected(&other)),
        }
    }

    async fn set_model(&self, spec: JsValue, _: JsValue) -> Result {
        match self.ask(Command::SetModel { spec: specs::model(&spec)? }).await? {
            Answer::Summary(summary) => js(&summary),
            other => Err(unexpected(&other)),
        }
    }

    async fn get_model(&self, _: JsValue, _: JsValue) -> Result {
        match self.ask(Command::GetModel).await? {
            Answer::Model(spec) => js(&spec),
            other => Err(unexpected(&other)),
        }
    }

    async fn set_training(&self, partial: JsValue, _: JsValue) -> Result {
        let _turn = self.training.enter().await;
        let Answer::Training(current) = self.ask(Command::GetTraining).await? else {
            return Err(unexpected(&Answer::Done));
        };
        match self.ask(Command::SetTraining { config: specs::training(&current, &partial)? }).await? {
            Answer::Training(config) => js(&config),
            other => Err(unexpected(&other)),
        }
    }

    async fn get_training(&self, _: JsValue, _: JsValue) -> Result {
        match self.ask(Command::GetTraining).await? {
            Answer::Training(config) => js(&config),
            other => Err(unexpected(&other)),
        }
    }

    async fn train(&self, options: JsValue, _: JsValue) -> Result {
        let options = Options::read("train", &options, &["epochs", "steps"])?;
        let command = Command::Train { epochs: options.count("epochs")?, steps: options.count("steps")? };
        match self.client.request(command, Vec::new()).await? {
            (Answer::History(history), arrays) => {
                let result = js(&history)?;
                set(&result, "loss", &Array::from(&first_f32(arrays)));
                Ok(result)
            }
            (other, _) => Err(unexpected(&other)),
        }
    }

    async fn pause(&self, _: JsValue, _: JsValue) -> Result {
        self.state(Command::Pause).await
    }

    async fn resume(&self, _: JsValue, _: JsValue) -> Result {
        self.state(Command::Resume).await
    }

    async fn stop(&self, _: JsValue, _: JsValue) -> Result {
        self.state(Command::Stop).await
    }

    async fn state(&self, command: Command) -> Result {
        match self.ask(command).await? {
            Answer::State { state } => {
                let result = JsValue::from(Object::new());
                set(&result, "state", &js(&state)?);
                Ok(result)
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn reset(&self, _: JsValue, _: JsValue) -> Result {
        self.ask(Command::Reset).await.map(|_| JsValue::UNDEFINED)
    }

    async fn evaluate(&self, options: JsValue, _: JsValue) -> Result {
        let options = Options::read("evaluate", &options, &["split", "samples"])?;
        let splits = [("test", Split::Test), ("train", Split::Train), ("validation", Split::Validation)];
        let split = match options.get("split") {
            Some(split) => choice("split", &split, &splits)?,
            None => Split::Test,
        };
        let command = Command::Evaluate { split, samples: options.count("samples")? };
        match self.client.request(command, Vec::new()).await? {
            (Answer::Evaluation(evaluation), arrays) => {
                let result = JsValue::from(Object::new());
                set(&result, "loss", &evaluation.loss.into());
                set(&result, "accuracy", &evaluation.accuracy.into());
                set(&result, "samples", &evaluation.samples.into());
                let flat = first_f32(arrays);
                let rows = (0..evaluation.classes)
                    .map(|row| Array::from(&flat.subarray(row * evaluation.classes, (row + 1) * evaluation.classes)));
                set(&result, "confusion", &rows.collect::<Array>());
                Ok(result)
            }
            (other, _) => Err(unexpected(&other)),
        }
    }

    async fn predict(&self, images: JsValue, _: JsValue) -> Result {
        match self.client.request(Command::Predict, vec![pixels(&images)?]).await? {
            (Answer::Probabilities { .. }, arrays) => Ok(first_f32(arrays).into()),
            (other, _) => Err(unexpected(&other)),
        }
    }

    async fn tensor_names(&self, _: JsValue, _: JsValue) -> Result {
        match self.ask(Command::TensorNames).await? {
            Answer::Names(names) => js(&names),
            other => Err(unexpected(&other)),
        }
    }

    async fn tensor(&self, name: JsValue, _: JsValue) -> Result {
        match self.client.request(Command::Tensor { name: text("name", &name)? }, Vec::new()).await? {
            (Answer::Tensor { shape }, arrays) => {
                let result = JsValue::from(Object::new());
                set(&result, "shape", &js(&shape)?);
                set(&result, "data", &first_f32(arrays));
                Ok(result)
            }
            (other, _) => Err(unexpected(&other)),
        }
    }

    async fn set_tensor(&self, name: JsValue, values: JsValue) -> Result {
        let name = text("name", &name)?;
        let values: Float32Array = values.dyn_into().map_err(|value| bad_argument(&name, "a Float32Array", &value))?;
        self.client.request(Command::SetTensor { name }, vec![Bulk::F32(values.to_vec())]).await?;
        Ok(JsValue::UNDEFINED)
    }
}

/// A promise of a result; a rejection is an `Error`.
fn promise(result: impl Future<Output = Result> + 'static) -> Promise {
    future_to_promise(async move { result.await.map_err(|report| js_error(&report)) })
}

fn js_error(report: &ErrorReport) -> JsValue {
    let error = JsValue::from(js_sys::Error::new(&report.message));
    set(&error, "code", &report.code.as_str().into());
    if let Some(layer) = &report.layer {
        set(&error, "layer", &layer.as_str().into());
    }
    error
}

fn js(value: &impl Wire) -> Result {
    to_js(&value.to_value()).map_err(ErrorReport::from)
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

fn unexpected(answer: &Answer) -> ErrorReport {
    Error::new("bad-message", "engine").expected("an answer of another kind").got(format!("{answer:?}")).into()
}
