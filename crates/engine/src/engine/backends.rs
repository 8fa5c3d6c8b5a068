//! The backends that there are.

use crate::error::{MessageError, Result, SessionError};
use crate::protocol::{BackendAvailability, BackendChoice, BackendDetail, BackendInfo, DatasetDescription, EngineInfo};

/// # Errors
/// `backend-unavailable` for a backend that this version does not have, `bad-argument` for no workers at all.
pub(super) fn check_backend(choice: BackendChoice, workers: Option<u32>) -> Result<()> {
    if choice == BackendChoice::Webgpu {
        return Err(SessionError::NoGpuBackend.into());
    }
    if workers == Some(0) {
        return Err(MessageError::NoWorkers.into());
    }
    Ok(())
}

/// Describes the engine. `current` is the running backend.
pub(super) fn engine_info(current: BackendInfo, is_gpu: bool, datasets: &[DatasetDescription]) -> EngineInfo {
    let backend =
        |name: &str, available, detail: BackendDetail| BackendAvailability { name: name.to_owned(), available, detail };
    let gpu = if is_gpu { current.detail.clone() } else { BackendDetail::GpuNotAskedFor };
    EngineInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        backends: vec![backend("cpu", true, BackendDetail::CpuAvailable), backend("webgpu", is_gpu, gpu)],
        backend: current,
        datasets: datasets.iter().map(|dataset| dataset.name.clone()).collect(),
    }
}
