//! Promises whose Rust type names what they resolve to.

use std::marker::PhantomData;

use js_sys::Promise;
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::convert::IntoWasmAbi;
use wasm_bindgen::describe::WasmDescribe;
use wasm_bindgen_futures::future_to_promise;

use super::{Result, js, js_error};

/// A Promise of a `T`, or of an error with `code`, `message` and `layer`.
pub struct Promised<T> {
    promise: Promise,
    result: PhantomData<T>,
}

impl<T> Promised<T> {
    /// Resolves to the JavaScript object for a value.
    pub(super) fn new(result: impl Future<Output = Result<T>> + 'static) -> Self
    where
        T: Serialize,
    {
        Self::settle(async move { js(&result.await?) })
    }

    /// Resolves to a JavaScript value.
    pub(super) fn of_js(result: impl Future<Output = Result<T>> + 'static) -> Self
    where
        T: Into<JsValue>,
    {
        Self::settle(async move { Ok(result.await?.into()) })
    }

    fn settle(result: impl Future<Output = Result> + 'static) -> Self {
        let promise = future_to_promise(async move { result.await.map_err(|report| js_error(&report)) });
        Self { promise, result: PhantomData }
    }

    pub(super) fn promise(&self) -> &Promise {
        &self.promise
    }
}

impl<T> WasmDescribe for Promised<T> {
    fn describe() {
        Promise::<JsValue>::describe();
    }
}

impl<T> IntoWasmAbi for Promised<T> {
    type Abi = <Promise as IntoWasmAbi>::Abi;

    fn into_abi(self) -> Self::Abi {
        self.promise.into_abi()
    }
}
