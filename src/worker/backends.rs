//! Which backends there are.

use crate::error::{Error, Result};
use crate::protocol::{BackendAvailability, BackendChoice, BackendInfo, EngineInfo};

/// # Errors
/// `backend-unavailable` for a backend that this version does not have, `bad-argument` for no workers at all.
pub(super) fn check_backend(choice: BackendChoice, workers: Option<u32>) -> Result<()> {
    if choice == BackendChoice::Webgpu {
        return Err(Error::new("backend-unavailable", "webgpu")
            .expected("a backend that this version has")
            .got("one that is not built in yet")
            .hint("Choose \"cpu\" or \"auto\"."));
    }
    if workers == Some(0) {
        return Err(Error::new("bad-argument", "workers").expected("at least 1").got("0"));
    }
    Ok(())
}

pub(super) fn backend_info() -> BackendInfo {
    BackendInfo {
        backend: "cpu".to_owned(),
        detail: "CPU with WebAssembly SIMD, one worker: WebGPU and more workers are not built into this version."
            .to_owned(),
        workers: 1,
    }
}

/// `other` is what runs, where it is not the CPU.
pub(super) fn engine_info(other: Option<&BackendInfo>) -> EngineInfo {
    let backend = |name: &str, available, detail: &str| BackendAvailability {
        name: name.to_owned(),
        available,
        detail: detail.to_owned(),
    };
    EngineInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        backend: other.cloned().unwrap_or_else(backend_info),
        backends: vec![
            backend("cpu", true, "WebAssembly SIMD, one worker"),
            match other {
                Some(gpu) => backend("webgpu", true, &gpu.detail),
                None => backend("webgpu", false, "Not asked for"),
            },
        ],
        datasets: vec!["mnist".to_owned()],
    }
}
