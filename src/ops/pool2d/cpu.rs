//! The kernels on the CPU. Types have been checked by `infer`, so the geometries exist.

use super::{Pool2d, Pool2dGradient, PoolKind};
use crate::ir::CpuCall;
use crate::simd::pool::{average_pool, average_pool_gradient, max_pool, max_pool_gradient};

pub(super) fn forward(op: &Pool2d, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.forward_geometry(call.input_types) else { return };
    match op.kind {
        PoolKind::Max => max_pool(&geometry, call.inputs[0], call.output),
        PoolKind::Average => average_pool(&geometry, call.inputs[0], call.output),
    }
}

pub(super) fn gradient(op: &Pool2dGradient, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.geometry(call.input_types) else { return };
    match op.pool.kind {
        PoolKind::Max => max_pool_gradient(&geometry, call.inputs[1], call.inputs[0], call.output, call.finish),
        PoolKind::Average => average_pool_gradient(&geometry, call.inputs[0], call.output, call.finish),
    }
}
