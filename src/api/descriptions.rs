//! Descriptions of engine and backends for scripts: sentences in English in the place of typed details.

use chalkgrad_engine::protocol::{BackendAvailability, BackendInfo, EngineInfo};
use serde::Serialize;

/// The backend that runs, as `setBackend` resolves to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Backend {
    /// `"cpu"` or `"webgpu"`.
    backend: String,
    /// The reason, in a sentence.
    detail: String,
    workers: u32,
}

impl From<&BackendInfo> for Backend {
    fn from(info: &BackendInfo) -> Self {
        Self { backend: info.backend.clone(), detail: info.detail.to_string(), workers: info.workers }
    }
}

/// The engine, as `ready` resolves to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ready {
    version: String,
    #[serde(flatten)]
    backend: Backend,
    backends: Vec<Available>,
    /// Names of the data sets.
    datasets: Vec<String>,
}

/// A backend that there is, or is not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Available {
    name: String,
    available: bool,
    /// The reason, in a sentence.
    detail: String,
}

impl From<&EngineInfo> for Ready {
    fn from(engine: &EngineInfo) -> Self {
        let available = |backend: &BackendAvailability| Available {
            name: backend.name.clone(),
            available: backend.available,
            detail: backend.detail.to_string(),
        };
        Self {
            version: engine.version.clone(),
            backend: Backend::from(&engine.backend),
            backends: engine.backends.iter().map(available).collect(),
            datasets: engine.datasets.clone(),
        }
    }
}
