//! An engine on the GPU.

use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::engine::Engine;
use chalkgrad_engine::error::Result;
use chalkgrad_engine::model::spec::ModelSpec;
use chalkgrad_engine::protocol::{BackendDetail, BackendInfo};
use chalkgrad_engine::train::{Session, gpu};

/// Opens the GPU, with the reference CNN and MNIST still to arrive. `clock` gives milliseconds.
///
/// # Errors
/// `backend-unavailable` if there is no GPU that computes as the CPU does.
pub async fn engine(clock: fn() -> f64) -> Result<Engine> {
    let opened = gpu::open(clock).await?;
    let (name, tiling) = (opened.name.replace("  ", " "), format!("{:?}", opened.tiling));
    let limits = opened.limits.to_string();
    let detail = if opened.is_software {
        BackendDetail::EmulatedGpu { name, tiling, limits }
    } else {
        BackendDetail::Gpu { name, tiling, limits }
    };
    let info = BackendInfo { backend: "webgpu".to_owned(), detail, workers: 1 };
    let session = Session::with(opened.backend, Dataset::new(DatasetInfo::mnist()), ModelSpec::reference_cnn())?;
    Ok(Engine::with_backend(session, info))
}
