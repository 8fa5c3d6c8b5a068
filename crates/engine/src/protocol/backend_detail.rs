//! Descriptions of backends in a sentence, with a text under `backend.<key>` in each locale file.

use serde::{Deserialize, Serialize};
use strum::EnumIter;

/// The backend that runs, and the reason.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum BackendDetail {
    #[error("CPU with WebAssembly {simd}. Workers: {workers}, as asked for.")]
    WorkersAsAsked { simd: String, workers: u32 },
    #[error("CPU with WebAssembly {simd}. Workers: {workers}, the most there can be; {asked} were asked for.")]
    MostWorkers { simd: String, workers: u32, asked: u32 },
    #[error("CPU with WebAssembly {simd}. Workers: 1, because this model is too small to gain from more.")]
    SmallModel { simd: String },
    #[error("CPU with WebAssembly {simd}. Workers: {workers}, because more would not make this model faster.")]
    EnoughWorkers { simd: String, workers: u32 },
    #[error("CPU with WebAssembly {simd}. Workers: {workers}, one for each core.")]
    WorkerPerCore { simd: String, workers: u32 },
    #[error("WebGPU on {name}; {tiling} tiles; {limits}")]
    Gpu { name: String, tiling: String, limits: String },
    #[error("WebGPU on {name}, emulated on the CPU; {tiling} tiles; {limits}")]
    EmulatedGpu { name: String, tiling: String, limits: String },

    #[error("WebAssembly SIMD, on one or several workers")]
    CpuAvailable,
    #[error("Not asked for")]
    GpuNotAskedFor,
    #[error("This browser lets pages use no GPU")]
    NoGpu,
    #[error("A GPU emulated on the CPU, slower than the CPU itself; used only when asked for")]
    SlowGpu,
    #[error("The GPU")]
    GpuAvailable,
}

impl Default for BackendDetail {
    fn default() -> Self {
        Self::SmallModel { simd: "SIMD".to_owned() }
    }
}
