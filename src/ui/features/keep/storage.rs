//! The browser's database: saved experiments and the history of runs, by key.
//!
//! Not the cache storage, where the data set lies: that exists in secure contexts only, and a classroom's own server often
//! is none.

use idb::builder::{DatabaseBuilder, ObjectStoreBuilder};
use idb::{Database, ObjectStore, TransactionMode, TransactionResult};
use wasm_bindgen::JsValue;

use crate::ui::browser::get;

const NAME: &str = "chalkgrad";
const STORE: &str = "experiments";

/// Why the browser stores nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StorageError {
    Full,
    /// As in a private window.
    Forbidden,
}

impl From<idb::Error> for StorageError {
    fn from(error: idb::Error) -> Self {
        let name = match &error {
            idb::Error::DomException(exception) => exception.name(),
            idb::Error::UpdateFailed(thrown) => get(thrown, "name").as_string().unwrap_or_default(),
            _ => String::new(),
        };
        if name == "QuotaExceededError" { Self::Full } else { Self::Forbidden }
    }
}

type Result<T, E = StorageError> = std::result::Result<T, E>;

/// Reads the value of a key.
///
/// # Errors
/// If storage is forbidden.
pub async fn read(key: &str) -> Result<Option<JsValue>> {
    let database = open().await?;
    let value = async {
        let transaction = database.transaction(&[STORE], TransactionMode::ReadOnly)?;
        transaction.object_store(STORE)?.get(JsValue::from(key))?.await
    };
    let value = value.await;
    database.close();
    Ok(value?)
}

/// Reads the keys that have a value.
///
/// # Errors
/// If storage is forbidden.
pub async fn keys() -> Result<Vec<String>> {
    let database = open().await?;
    let keys = async {
        let transaction = database.transaction(&[STORE], TransactionMode::ReadOnly)?;
        transaction.object_store(STORE)?.get_all_keys(None, None)?.await
    };
    let keys = keys.await;
    database.close();
    Ok(keys?.iter().filter_map(JsValue::as_string).collect())
}

/// Makes all the changes, or none of them, with no change of another tab in between.
///
/// # Errors
/// If storage is forbidden or full.
pub async fn update(change: impl AsyncFnOnce(&ObjectStore) -> Result<(), idb::Error>) -> Result<()> {
    let database = open().await?;
    let result = async {
        let transaction = database.transaction(&[STORE], TransactionMode::ReadWrite)?;
        match change(&transaction.object_store(STORE)?).await {
            Ok(()) => transaction.await,
            Err(error) => {
                // It may have been aborted already, by the same error.
                if let Ok(transaction) = transaction.abort() {
                    let _ = transaction.await;
                }
                Err(error)
            }
        }
    };
    let result = result.await;
    database.close();
    match result? {
        TransactionResult::Committed => Ok(()),
        // Browsers find at the end that there is no room.
        TransactionResult::Aborted => Err(StorageError::Full),
    }
}

async fn open() -> Result<Database, idb::Error> {
    DatabaseBuilder::new(NAME).version(1).add_object_store(ObjectStoreBuilder::new(STORE)).build().await
}
