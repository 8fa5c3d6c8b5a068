//! The browser's fetch, hash, decompression and cache, as far as the loader needs them.

use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CacheStorage, ReadableStream, ReadableStreamDefaultReader, RequestCache, RequestInit, Response, SubtleCrypto,
    WorkerGlobalScope, WritableStream,
};

use super::Failure;
use chalkgrad_engine::error::{FetchFault, Result};

// web-sys offers this one only among its unstable interfaces.
#[wasm_bindgen]
extern "C" {
    type DecompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

fn scope() -> WorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Returns a property of the worker's global scope that only secure contexts have.
fn secure_property(path: &[&str]) -> Option<JsValue> {
    path.iter().try_fold(JsValue::from(js_sys::global()), |object, name| {
        Reflect::get(&object, &JsValue::from_str(name)).ok().filter(|value| value.is_object())
    })
}

/// Reads the body of a response in pieces as they arrive; `on_bytes` gets the number of bytes so far. With `reload` the
/// browser's HTTP cache is bypassed.
///
/// # Errors
/// If the file does not come; those of `on_bytes`.
pub async fn fetch_bytes(
    url: &str,
    reload: bool,
    on_bytes: &mut dyn FnMut(f64) -> Result<()>,
) -> Result<Uint8Array, Failure> {
    let lost = |_: JsValue| FetchFault::NoConnection;
    let init = RequestInit::new();
    // A manifest or shard from the HTTP cache may be stale; `no-cache` asks the server whether it still holds.
    init.set_cache(if reload { RequestCache::Reload } else { RequestCache::NoCache });
    let response: Response =
        JsFuture::from(scope().fetch_with_str_and_init(url, &init)).await.map_err(lost)?.unchecked_into();
    if !response.ok() {
        return Err(FetchFault::HttpStatus { status: response.status() }.into());
    }
    let body = response.body().ok_or(FetchFault::EmptyAnswer)?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut chunks: Vec<Uint8Array> = Vec::new();
    let mut len = 0;
    while let Some(chunk) = next_chunk(&reader).await.ok_or(FetchFault::AnswerBrokeOff)? {
        len += chunk.length();
        chunks.push(chunk);
        on_bytes(f64::from(len)).map_err(Failure::Other)?;
    }
    let bytes = Uint8Array::new_with_length(len);
    let mut offset = 0;
    for chunk in &chunks {
        bytes.set(chunk, offset);
        offset += chunk.length();
    }
    Ok(bytes)
}

pub fn is_gzip(bytes: &Uint8Array) -> bool {
    bytes.length() > 2 && bytes.get_index(0) == 0x1f && bytes.get_index(1) == 0x8b
}

/// Computes SHA-256 in hexadecimal; `None` if the browser does not offer it (not a secure context).
pub async fn sha256(bytes: &Uint8Array) -> Option<String> {
    let subtle: SubtleCrypto = secure_property(&["crypto", "subtle"])?.unchecked_into();
    let promise = subtle.digest_with_str_and_buffer_source("SHA-256", bytes).ok()?;
    let hash = Uint8Array::new(&JsFuture::from(promise).await.ok()?);
    Some(hash.to_vec().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Packed bytes that are unpacked in one go. A browser unpacks on the thread that asks, so this bounds how long that is busy.
const UNPACKED_AT_ONCE: u32 = 1 << 15;

/// Unpacks bytes little by little: what else this thread has to do is done in between. `None` if they are no whole gzip
/// stream.
pub async fn gunzip(bytes: &Uint8Array, expected_len: usize) -> Option<Vec<u8>> {
    let stream = DecompressionStream::new("gzip").ok()?;
    let end = |name: &str| Reflect::get(&stream, &name.into()).ok();
    let writer = end("writable")?.unchecked_into::<WritableStream>().get_writer().ok()?;
    let reader: ReadableStreamDefaultReader =
        end("readable")?.unchecked_into::<ReadableStream>().get_reader().unchecked_into();
    let packed = bytes.clone();
    wasm_bindgen_futures::spawn_local(async move {
        for from in (0..packed.length()).step_by(UNPACKED_AT_ONCE as usize) {
            let part = packed.subarray(from, packed.length().min(from + UNPACKED_AT_ONCE));
            // Damaged bytes are the reader's to notice.
            if settle(writer.write_with_chunk(&part)).await.is_none() {
                return;
            }
            next_task().await;
        }
        settle(writer.close()).await;
    });
    let mut unpacked = Vec::with_capacity(expected_len);
    while let Some(chunk) = next_chunk(&reader).await? {
        let start = unpacked.len();
        unpacked.resize(start + chunk.length() as usize, 0);
        chunk.copy_to(&mut unpacked[start..]);
        if unpacked.len() > expected_len {
            break; // Wrong already, however much more there is.
        }
    }
    Some(unpacked)
}

/// Lets other tasks of this thread go first.
async fn next_task() {
    let promise = Promise::new(&mut |resolve, _| {
        let _ = scope().set_timeout_with_callback(&resolve);
    });
    settle(promise).await;
}

/// Reads the next piece of a stream, an empty one at its end; `None` if it broke off or contains no bytes.
async fn next_chunk(reader: &ReadableStreamDefaultReader) -> Option<Option<Uint8Array>> {
    let read = settle(reader.read()).await?;
    if Reflect::get(&read, &"done".into()).is_ok_and(|done| done.is_truthy()) {
        return Some(None);
    }
    Reflect::get(&read, &"value".into()).ok()?.dyn_into().ok().map(Some)
}

/// The browser's cache of responses. It saves downloads only, so its failures (full, forbidden) are not reported.
pub struct Cache {
    cache: web_sys::Cache,
}

impl Cache {
    /// Opens the cache; `None` if the browser does not offer one (not a secure context, or storage is forbidden).
    pub async fn open(name: &str) -> Option<Self> {
        let storage: CacheStorage = secure_property(&["caches"])?.unchecked_into();
        let cache = settle(storage.open(name)).await?;
        Some(Self { cache: cache.unchecked_into() })
    }

    pub async fn get(&self, url: &str) -> Option<Uint8Array> {
        let response: Response = settle(self.cache.match_with_str(url)).await?.dyn_into().ok()?;
        let buffer = settle(response.array_buffer().ok()?).await?;
        Some(Uint8Array::new(&buffer))
    }

    pub async fn put(&self, url: &str, bytes: &Uint8Array) {
        if let Ok(response) = Response::new_with_opt_buffer_source(Some(bytes)) {
            settle(self.cache.put_with_str(url, &response)).await;
        }
    }

    pub async fn delete(&self, url: &str) {
        settle(self.cache.delete_with_str(url)).await;
    }
}

async fn settle(promise: Promise) -> Option<JsValue> {
    JsFuture::from(promise).await.ok()
}
