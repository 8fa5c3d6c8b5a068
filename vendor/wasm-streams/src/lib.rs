//! Stands in for the crate of this name, by `[patch.crates-io]` in the root's `Cargo.toml`.
//!
//! leptos depends on it for server functions that send and receive streams. This page has no server. But the real crate
//! exports three classes to JavaScript, and what is exported no linker drops: about 9 KB gzip that every visitor would
//! download for nothing. This one has the two functions that leptos names, and nothing calls them.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use wasm_bindgen::JsValue;

/// A stream of the browser's.
pub struct ReadableStream(web_sys::ReadableStream);

impl ReadableStream {
    /// # Panics
    /// Always: the body of a call to a server function, of which there is none.
    pub fn from_stream<S>(_stream: S) -> Self
    where
        S: Stream<Item = Result<JsValue, JsValue>> + 'static,
    {
        unimplemented!("this program has no server functions")
    }

    pub fn from_raw(raw: web_sys::ReadableStream) -> Self {
        Self(raw)
    }

    pub fn into_raw(self) -> web_sys::ReadableStream {
        self.0
    }

    /// A stream that has ended.
    pub fn into_stream(self) -> IntoStream {
        IntoStream
    }
}

/// What [`ReadableStream::into_stream`] returns.
pub struct IntoStream;

impl Stream for IntoStream {
    type Item = Result<JsValue, JsValue>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}
