//! CPU kernels. `infer` has checked the types, so the geometries exist. A part is a run of images.

use std::ops::Range;

use super::{Conv2d, Conv2dInputGradient, Conv2dKernelGradient};
use crate::ir::CpuCall;
use crate::simd::conv::{
    ConvGeometry, Way, conv2d, conv2d_input_gradient, conv2d_kernel_gradient, kernel_gradient_block_images,
};

pub(super) fn forward(op: &Conv2d, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.forward_geometry(call.input_types) else { return };
    let images = call.part.of(geometry.batch);
    let (inputs, outputs) = (input_words(&geometry, &images), output_words(&geometry, &images));
    let (way, first) = (Way::of(&geometry), outputs.start);
    let geometry = ConvGeometry { batch: images.len(), ..geometry };
    let finish = &mut |part: &mut [f32], offset: usize| (call.finish)(part, first + offset);
    conv2d(way, &geometry, &call.inputs[0][inputs], call.inputs[1], &mut call.output[outputs], call.scratch, finish);
}

pub(super) fn input_gradient(op: &Conv2dInputGradient, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.geometry(call.input_types) else { return };
    let images = call.part.of(geometry.batch);
    let (inputs, outputs) = (input_words(&geometry, &images), output_words(&geometry, &images));
    let (way, first) = (Way::of(&geometry), inputs.start);
    let geometry = ConvGeometry { batch: images.len(), ..geometry };
    let finish = &mut |part: &mut [f32], offset: usize| (call.finish)(part, first + offset);
    let (gradient, output) = (&call.inputs[0][outputs], &mut call.output[inputs]);
    conv2d_input_gradient(way, &geometry, gradient, call.inputs[1], output, call.scratch, finish);
}

pub(super) fn kernel_gradient(op: &Conv2dKernelGradient, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.geometry(call.input_types) else { return };
    let way = Way::of(&geometry);
    let block = kernel_gradient_block_images(way, &geometry);
    let blocks = call.part.of(geometry.batch.div_ceil(block));
    let images = blocks.start * block..(blocks.end * block).min(geometry.batch);
    let (inputs, outputs) = (input_words(&geometry, &images), output_words(&geometry, &images));
    let (input, gradient) = (&call.inputs[0][inputs], &call.inputs[1][outputs]);
    // The block is that of the whole batch, and the kernel does not divide it further.
    conv2d_kernel_gradient(way, &geometry, input, gradient, call.output, call.scratch, images.start > 0);
}

fn input_words(g: &ConvGeometry, images: &Range<usize>) -> Range<usize> {
    let words = g.height * g.width * g.in_channels;
    images.start * words..images.end * words
}

fn output_words(g: &ConvGeometry, images: &Range<usize>) -> Range<usize> {
    let words = g.out_height * g.out_width * g.out_channels;
    images.start * words..images.end * words
}
