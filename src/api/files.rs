//! Experiments as bytes: what `save` resolves to and `open` takes, and the page's buttons with them.

use js_sys::{ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::arguments::bad_argument;
use crate::client::{Client, report};
use chalkgrad_engine::checkpoint::{Checkpoint, check_size};
use chalkgrad_engine::protocol::{ErrorReport, ModelSummary};

type Result<T> = std::result::Result<T, ErrorReport>;

/// An experiment as a file, and where it stands.
pub struct Saved {
    pub file: Uint8Array,
    pub step: u32,
    pub epoch: u32,
}

/// Calls `then` with the experiment as a file.
pub fn save(client: &Client, then: Box<dyn FnOnce(Result<Saved>)>) {
    client.save(Box::new(move |checkpoint| {
        let saved = checkpoint.and_then(|checkpoint| {
            let file = Uint8Array::from(&checkpoint.to_bytes()?[..]);
            Ok(Saved { file, step: checkpoint.snapshot.step, epoch: checkpoint.snapshot.epoch })
        });
        then(saved);
    }));
}

/// Opens a file: a `Uint8Array`, an `ArrayBuffer` or a `Blob`, such as a `File`. Its size is checked before it is read.
pub fn open(client: &Client, file: &JsValue, then: Box<dyn FnOnce(Result<Opened>)>) {
    let client = client.clone();
    read(
        file,
        Box::new(move |file| {
            let checkpoint = file.and_then(|file| Ok(Checkpoint::from_bytes(&file)?));
            let checkpoint = match checkpoint {
                Ok(checkpoint) => checkpoint,
                Err(error) => return then(Err(error)),
            };
            let (step, epoch) = (checkpoint.snapshot.step, checkpoint.snapshot.epoch);
            let done =
                move |summary: Result<ModelSummary>| then(summary.map(|summary| Opened { summary, step, epoch }));
            client.open(checkpoint, Box::new(done));
        }),
    );
}

/// An experiment that was opened.
pub struct Opened {
    pub summary: ModelSummary,
    pub step: u32,
    pub epoch: u32,
}

fn read(file: &JsValue, then: Box<dyn FnOnce(Result<Vec<u8>>)>) {
    let bytes = if let Some(bytes) = file.dyn_ref::<Uint8Array>() {
        bytes.clone()
    } else if let Some(buffer) = file.dyn_ref::<ArrayBuffer>() {
        Uint8Array::new(buffer)
    } else {
        return read_blob(file, then);
    };
    then(check_size(bytes.length().into()).map(|()| bytes.to_vec()).map_err(ErrorReport::from));
}

fn read_blob(file: &JsValue, then: Box<dyn FnOnce(Result<Vec<u8>>)>) {
    let get = |name: &str| Reflect::get(file, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let (Some(size_bytes), Ok(method)) = (get("size").as_f64(), get("arrayBuffer").dyn_into::<Function>()) else {
        return then(Err(bad_argument("file", "a Uint8Array, an ArrayBuffer or a Blob", file).into()));
    };
    if let Err(error) = check_size(size_bytes) {
        return then(Err(error.into()));
    }
    let buffer = method.call0(file);
    spawn_local(async move {
        let buffer = match buffer.map(JsCast::dyn_into::<Promise>) {
            Ok(Ok(promise)) => JsFuture::from(promise).await.ok(),
            _ => None,
        };
        then(match buffer {
            Some(buffer) => Ok(Uint8Array::new(&buffer).to_vec()),
            None => Err(report("bad-file", "The browser cannot read this file. What is here has not changed.")),
        });
    });
}
