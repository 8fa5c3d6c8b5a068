//! Errors of backends, devices and workers.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum BackendError {
    #[error(
        "The GPU cannot be used; the reason given is \"{reason}\". Choose \"cpu\" or \"auto\", or try another browser."
    )]
    #[strum(serialize = "backend-unavailable")]
    GpuUnavailable { reason: String },
    #[error("The GPU was lost; the reason given is \"{reason}\".")]
    DeviceLost { reason: String },
    #[error("The GPU does not answer any more.")]
    #[strum(serialize = "device-lost")]
    DeviceSilent,
    #[error("The GPU has no memory left. Use smaller batches or smaller layers.")]
    GpuOutOfMemory,
    #[error("The GPU reports an error: \"{reason}\".")]
    GpuError { reason: String },
    #[error(
        "One tensor would take {size_mib} MiB, but this GPU holds at most {limit_mib} MiB in one piece. Use smaller \
         batches or smaller layers."
    )]
    #[strum(serialize = "too-large")]
    TensorTooLarge { size_mib: usize, limit_mib: usize },
    #[error("The op {op} does not run on a GPU.")]
    NoShader { op: String },
    #[error("The state {name} takes {expected} words in this plan, but was set to {got} words before.")]
    StateSize { name: String, expected: usize, got: usize },
    #[error("There is no state with the name {name}.")]
    #[strum(serialize = "unknown-tensor")]
    UnknownState { name: String },
    #[error("The plan has no input with the name {name}.")]
    #[strum(serialize = "unknown-tensor")]
    NotAnInput { name: String },
    #[error("The tensor {name} must be fetched from the GPU before it is read.")]
    NotFetched { name: String },
    #[error("The plan is not loaded on the backend {backend}.")]
    UnknownPlan { backend: String },
    #[error("The tensor {name} has no value yet.")]
    #[strum(serialize = "no-value-yet")]
    NotComputed { name: String },
    #[error("The tensor {name} holds {expected} numbers, but {got} were to be copied.")]
    #[strum(serialize = "wrong-length")]
    CopyLength { name: String, expected: usize, got: usize },
    #[error("A further worker failed; the reason given is \"{reason}\". Training goes on with one worker.")]
    ReplicaFailed { reason: String },
}
