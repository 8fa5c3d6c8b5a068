//! GPU kernels.

use super::Recurrent;
use crate::ir::gpu::{GpuCall, Pass};

pub(super) fn forward(_op: &Recurrent, _call: &GpuCall<'_>) -> Vec<Pass> {
    Vec::new()
}

pub(super) fn backward(_op: &Recurrent, _call: &GpuCall<'_>) -> Vec<Pass> {
    Vec::new()
}
