//! CPU kernels. `infer` has checked the types, so the geometries exist. The innermost loops run along the channels, which lie
//! side by side. A part is a run of images.

use super::{DepthwiseConv2d, DepthwiseInputGradient, DepthwiseKernelGradient, Geometry};
use crate::ir::CpuCall;

/// Calls `visit` with the first number of a pixel of the input, of an output that sees it, and of the weights between
/// them.
fn each_pixel(g: &Geometry, mut visit: impl FnMut(usize, usize, usize)) {
    let [height, width] = g.input;
    let [rows, columns] = g.output;
    for image in 0..g.batch {
        for i in 0..rows {
            for u in 0..g.kernel[0] {
                let Some(row) = g.seen(0, i, u) else { continue };
                for j in 0..columns {
                    for v in 0..g.kernel[1] {
                        let Some(column) = g.seen(1, j, v) else { continue };
                        let pixel = (image * height + row) * width + column;
                        let output = (image * rows + i) * columns + j;
                        let weights = u * g.kernel[1] + v;
                        visit(pixel * g.channels, weights * g.filters(), output * g.filters());
                    }
                }
            }
        }
    }
}

/// Returns the geometry of a part of the images, with the ranges of its words in input and output.
fn part(g: &Geometry, call: &CpuCall<'_>) -> (Geometry, std::ops::Range<usize>, std::ops::Range<usize>) {
    let images = call.part.of(g.batch);
    let large = g.input[0] * g.input[1] * g.channels;
    let small = g.output[0] * g.output[1] * g.filters();
    let geometry = Geometry { batch: images.len(), ..*g };
    (geometry, images.start * large..images.end * large, images.start * small..images.end * small)
}

pub(super) fn forward(op: &DepthwiseConv2d, call: &mut CpuCall<'_>) {
    let Ok(g) = op.forward_geometry(call.input_types) else { return };
    let (g, inputs, outputs) = part(&g, call);
    let (x, kernel, y) = (&call.inputs[0][inputs], call.inputs[1], &mut call.output[outputs]);
    y.fill(0.0);
    each_pixel(&g, |from, weights, to| {
        let (x, w) = (&x[from..from + g.channels], &kernel[weights..weights + g.filters()]);
        let y = &mut y[to..to + g.filters()];
        if g.multiplier == 1 {
            for ((y, x), w) in y.iter_mut().zip(x).zip(w) {
                *y += x * w;
            }
        } else {
            for ((y, w), x) in y.chunks_exact_mut(g.multiplier).zip(w.chunks_exact(g.multiplier)).zip(x) {
                for (y, w) in y.iter_mut().zip(w) {
                    *y += x * w;
                }
            }
        }
    });
}

pub(super) fn input_gradient(op: &DepthwiseInputGradient, call: &mut CpuCall<'_>) {
    let Ok(g) = op.geometry(call.input_types) else { return };
    let (g, inputs, outputs) = part(&g, call);
    let (gradient, kernel, x) = (&call.inputs[0][outputs], call.inputs[1], &mut call.output[inputs]);
    x.fill(0.0);
    each_pixel(&g, |from, weights, to| {
        let (dy, w) = (&gradient[to..to + g.filters()], &kernel[weights..weights + g.filters()]);
        let x = &mut x[from..from + g.channels];
        if g.multiplier == 1 {
            for ((x, dy), w) in x.iter_mut().zip(dy).zip(w) {
                *x += dy * w;
            }
        } else {
            for ((x, dy), w) in x.iter_mut().zip(dy.chunks_exact(g.multiplier)).zip(w.chunks_exact(g.multiplier)) {
                *x += dy.iter().zip(w).map(|(dy, w)| dy * w).sum::<f32>();
            }
        }
    });
}

pub(super) fn kernel_gradient(op: &DepthwiseKernelGradient, call: &mut CpuCall<'_>) {
    let Ok(g) = op.geometry(call.input_types) else { return };
    let (x, gradient, kernel) = (call.inputs[0], call.inputs[1], &mut *call.output);
    kernel.fill(0.0);
    each_pixel(&g, |from, weights, to| {
        let (x, dy) = (&x[from..from + g.channels], &gradient[to..to + g.filters()]);
        let w = &mut kernel[weights..weights + g.filters()];
        if g.multiplier == 1 {
            for ((w, x), dy) in w.iter_mut().zip(x).zip(dy) {
                *w += x * dy;
            }
        } else {
            for ((w, dy), x) in w.chunks_exact_mut(g.multiplier).zip(dy.chunks_exact(g.multiplier)).zip(x) {
                for (w, dy) in w.iter_mut().zip(dy) {
                    *w += x * dy;
                }
            }
        }
    });
}
