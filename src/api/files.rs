//! Experiments as bytes: what `save` resolves to and `open` takes, and the page's buttons with them.

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::arguments::describe;
use crate::client::Client;
use crate::error::PageError;
use chalkgrad_engine::checkpoint::{Checkpoint, check_size};
use chalkgrad_engine::error::{Error, MessageError};
use chalkgrad_engine::protocol::{ErrorReport, ModelSummary};

type Result<T> = std::result::Result<T, ErrorReport>;

/// An experiment as a file, and where it stands.
pub struct Saved {
    pub file: Uint8Array,
    pub step: u32,
    pub epoch: u32,
}

/// Returns the experiment as a file. Training goes on.
pub fn save(client: &Client) -> impl Future<Output = Result<Saved>> + use<> {
    let checkpoint = client.save();
    async move {
        let checkpoint = checkpoint.await?;
        let file = Uint8Array::from(&checkpoint.to_bytes()?[..]);
        Ok(Saved { file, step: checkpoint.snapshot.step, epoch: checkpoint.snapshot.epoch })
    }
}

/// Opens a file: a `Uint8Array`, an `ArrayBuffer` or a `Blob`, such as a `File`. Its size is checked before it is read.
pub async fn open(client: &Client, file: &JsValue) -> Result<Opened> {
    let checkpoint = Checkpoint::from_bytes(&read(file).await?)?;
    let (step, epoch) = (checkpoint.snapshot.step, checkpoint.snapshot.epoch);
    Ok(Opened { summary: client.open(checkpoint).await?, step, epoch })
}

/// An experiment that was opened.
pub struct Opened {
    pub summary: ModelSummary,
    pub step: u32,
    pub epoch: u32,
}

async fn read(file: &JsValue) -> Result<Vec<u8>> {
    let bytes = if let Some(bytes) = file.dyn_ref::<Uint8Array>() {
        bytes.clone()
    } else if let Some(buffer) = file.dyn_ref::<ArrayBuffer>() {
        Uint8Array::new(buffer)
    } else {
        return read_blob(file).await;
    };
    check_size(bytes.length().into())?;
    Ok(bytes.to_vec())
}

async fn read_blob(file: &JsValue) -> Result<Vec<u8>> {
    // Not `instanceof`: the file may come from another frame.
    let get = |name: &str| Reflect::get(file, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let (Some(size_bytes), true) = (get("size").as_f64(), get("arrayBuffer").is_function()) else {
        let error = MessageError::NotAFile { name: "file".to_owned(), got: describe(file) };
        return Err(Error::from(error).into());
    };
    check_size(size_bytes)?;
    let buffer = JsFuture::from(file.unchecked_ref::<Blob>().array_buffer()).await;
    buffer.map(|buffer| Uint8Array::new(&buffer).to_vec()).map_err(|_| PageError::FileNotRead.into())
}
