//! The browser's database, for one thing: experiments as bytes by key.
//!
//! By hand on `web-sys`: rexie 0.6, which is kept up and would do, is 26 KB gzip in a program of its own, and this here 2.
//! Cache storage, where the data set lies, exists in secure contexts only; a classroom's own server often is none.

use js_sys::{Function, Promise};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode};

use super::browser::{callback, get};

const NAME: &str = "chalkgrad";
const STORE: &str = "experiments";

/// What a key stands for; `undefined` if nothing.
///
/// # Errors
/// What the browser throws where storage is forbidden.
pub async fn read(key: &str) -> Result<JsValue, JsValue> {
    let database = open().await?;
    let transaction = database.transaction_with_str(STORE)?;
    let result = settled(&transaction.object_store(STORE)?.get(&key.into())?).await;
    database.close();
    result
}

/// Stores all of these, or nothing.
///
/// # Errors
/// What the browser throws where storage is forbidden or full.
pub async fn write(entries: Vec<(&'static str, JsValue)>) -> Result<(), JsValue> {
    let database = open().await?;
    let transaction = database.transaction_with_str_and_mode(STORE, IdbTransactionMode::Readwrite)?;
    let store = transaction.object_store(STORE)?;
    for (key, value) in &entries {
        store.put_with_key(value, &(*key).into())?;
    }
    let result = completed(&transaction).await;
    database.close();
    result
}

async fn open() -> Result<IdbDatabase, JsValue> {
    let factory = window().indexed_db()?.ok_or(JsValue::UNDEFINED)?;
    let request: IdbOpenDbRequest = factory.open_with_u32(NAME, 1)?;
    let created = request.clone();
    let create = callback(Box::new(move |_| {
        if let Ok(database) = created.result() {
            // It fails only where the store is there already.
            let _ = database.unchecked_into::<IdbDatabase>().create_object_store(STORE);
        }
    }));
    request.set_onupgradeneeded(Some(&create));
    settled(&request).await.map(JsCast::unchecked_into)
}

/// The result of a request once it has one.
async fn settled(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => request.result(),
        Err(event) => Err(handled(&event, &get(request, "error"))),
    }
}

async fn completed(transaction: &IdbTransaction) -> Result<(), JsValue> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
        transaction.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(()),
        Err(event) => Err(handled(&event, &get(transaction, "error"))),
    }
}

/// The error of an event that needs to go no further.
fn handled(event: &JsValue, error: &JsValue) -> JsValue {
    if let Some(event) = event.dyn_ref::<web_sys::Event>() {
        event.prevent_default();
    }
    error.clone()
}
