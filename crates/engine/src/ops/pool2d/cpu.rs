//! CPU kernels. `infer` has checked the types, so the geometries exist. A part is a run of images.

use super::{Pool2d, Pool2dGradient, PoolKind};
use crate::ir::CpuCall;
use crate::simd::pool::{PoolGeometry, average_pool, average_pool_gradient, max_pool, max_pool_gradient};

pub(super) fn forward(op: &Pool2d, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.forward_geometry(call.input_types) else { return };
    let images = call.part.of(geometry.batch);
    let (large, small) = image_words(&geometry);
    let geometry = PoolGeometry { batch: images.len(), ..geometry };
    let input = &call.inputs[0][images.start * large..images.end * large];
    let output = &mut call.output[images.start * small..images.end * small];
    match op.kind {
        PoolKind::Max => max_pool(&geometry, input, output),
        PoolKind::Average => average_pool(&geometry, input, output),
    }
}

pub(super) fn gradient(op: &Pool2dGradient, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.geometry(call.input_types) else { return };
    let images = call.part.of(geometry.batch);
    let (large, small) = image_words(&geometry);
    let geometry = PoolGeometry { batch: images.len(), ..geometry };
    let (inputs, outputs) = (images.start * large..images.end * large, images.start * small..images.end * small);
    let (gradient, output) = (&call.inputs[0][outputs], &mut call.output[inputs.clone()]);
    let finish = &mut |part: &mut [f32], offset: usize| (call.finish)(part, inputs.start + offset);
    match op.pool.kind {
        PoolKind::Max => max_pool_gradient(&geometry, &call.inputs[1][inputs.clone()], gradient, output, finish),
        PoolKind::Average => average_pool_gradient(&geometry, gradient, output, finish),
    }
}

/// Returns the words of an input image and of its pooled image.
fn image_words(g: &PoolGeometry) -> (usize, usize) {
    (g.height * g.width * g.channels, g.out_height * g.out_width * g.channels)
}
