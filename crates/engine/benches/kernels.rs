//! The speed of the convolution, matrix and pooling kernels at the sizes of the reference CNN, batch 32.
//!
//! Natively: `cargo bench -p chalkgrad-engine --bench kernels`. In V8 (Node.js): the same with `--target
//! wasm32-unknown-unknown`. Times are the best of several runs; repeat them on a busy machine.

#[path = "common/clock.rs"]
mod clock;

use chalkgrad_engine::simd::conv::{ConvGeometry, Way, conv2d, conv2d_input_gradient, conv2d_kernel_gradient};
use chalkgrad_engine::simd::matmul::{MatmulGeometry, matmul};
use chalkgrad_engine::simd::pool::{PoolGeometry, max_pool, max_pool_gradient};

const BATCH: usize = 32;

/// Height and width of the input, channels in and out, of the 3x3 convolutions.
const CONVOLUTIONS: [(usize, usize, usize); 3] = [(28, 1, 32), (13, 32, 64), (5, 64, 64)];
/// Height and width of the input, and channels, of the 2x2 poolings.
const POOLINGS: [(usize, usize); 2] = [(26, 32), (11, 64)];
/// Inputs and outputs of the dense layers.
const DENSE: [(usize, usize); 2] = [(576, 64), (64, 10)];

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|index| (index as f32 * 0.618).fract() - 0.5).collect()
}

/// Prints one line of the report, with the time of the best run; returns that time and the work.
fn report(name: &str, flops: usize, mut run: impl FnMut()) -> (f64, f64) {
    let mut best_ms = f64::INFINITY;
    for _ in 0..5 {
        run();
    }
    for _ in 0..40 {
        let start = clock::now_ms();
        for _ in 0..4 {
            run();
        }
        best_ms = best_ms.min((clock::now_ms() - start) / 4.0);
    }
    let gflops = flops as f64 / 1e9;
    clock::print(&format!("{name:<44} {best_ms:8.3} ms {:8.1} GFLOP/s", gflops / (best_ms / 1e3)));
    (best_ms, gflops)
}

fn run() {
    let mut scratch = Vec::new();
    let mut step = Vec::new();
    for (index, (extent, in_channels, out_channels)) in CONVOLUTIONS.into_iter().enumerate() {
        let out = extent - 2;
        let g = ConvGeometry {
            batch: BATCH,
            height: extent,
            width: extent,
            in_channels,
            kernel_height: 3,
            kernel_width: 3,
            out_height: out,
            out_width: out,
            out_channels,
            stride_height: 1,
            stride_width: 1,
            dilation_height: 1,
            dilation_width: 1,
            pad_top: 0,
            pad_left: 0,
        };
        let x = values(BATCH * extent * extent * in_channels);
        let k = values(9 * in_channels * out_channels);
        let y = values(BATCH * out * out * out_channels);
        let (mut x_out, mut k_out, mut y_out) = (x.clone(), k.clone(), y.clone());
        let flops = 2 * 9 * in_channels * y.len();
        let name = format!("conv2d {extent}x{extent}x{in_channels} to {out_channels}");
        step.push(report(&name, flops, || conv2d(Way::of(&g), &g, &x, &k, &mut y_out, &mut scratch, &mut |_, _| {})));
        if index > 0 {
            // The gradient with respect to the images is never needed.
            step.push(report(&format!("{name}, input gradient"), flops, || {
                conv2d_input_gradient(Way::of(&g), &g, &y, &k, &mut x_out, &mut scratch, &mut |_, _| {});
            }));
        }
        step.push(report(&format!("{name}, kernel gradient"), flops, || {
            conv2d_kernel_gradient(Way::of(&g), &g, &x, &y, &mut k_out, &mut scratch, false);
        }));
    }
    for (inputs, outputs) in DENSE {
        for (what, rows, steps, columns, transpose_a, transpose_b) in [
            ("", BATCH, inputs, outputs, false, false),
            (", input gradient", BATCH, outputs, inputs, false, true),
            (", kernel gradient", inputs, BATCH, outputs, true, false),
        ] {
            let g = MatmulGeometry { rows, steps, columns, transpose_a, transpose_b };
            let (a, b, mut c) = (values(rows * steps), values(steps * columns), values(rows * columns));
            step.push(report(&format!("dense {inputs} to {outputs}{what}"), 2 * rows * steps * columns, || {
                matmul(&g, 0..g.rows, &a, &b, &mut c, &mut scratch, &mut |_, _| {});
            }));
        }
    }
    let (ms, gflops) = step.iter().fold((0.0, 0.0), |(ms, gflops), (a, b)| (ms + a, gflops + b));
    clock::print(&format!(
        "all products of a training step: {ms:.2} ms, {:.1} GFLOP/s, at most {:.0} images/s",
        gflops / (ms / 1e3),
        BATCH as f64 / (ms / 1e3)
    ));
    for (extent, channels) in POOLINGS {
        let out = extent / 2;
        let g = PoolGeometry {
            batch: BATCH,
            height: extent,
            width: extent,
            channels,
            window_height: 2,
            window_width: 2,
            out_height: out,
            out_width: out,
            stride_height: 2,
            stride_width: 2,
            pad_top: 0,
            pad_left: 0,
        };
        let (x, y) = (values(BATCH * extent * extent * channels), values(BATCH * out * out * channels));
        let (mut x_out, mut y_out) = (x.clone(), y.clone());
        let name = format!("max pooling {extent}x{extent}x{channels}");
        report(&name, 4 * y.len(), || max_pool(&g, &x, &mut y_out));
        report(&format!("{name}, gradient"), 8 * y.len(), || max_pool_gradient(&g, &x, &y, &mut x_out, &mut |_, _| {}));
    }
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
fn kernels() {
    run();
}

fn main() {
    // In WebAssembly the test runner calls `kernels`.
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::args().any(|argument| argument == "--bench") {
        run();
    }
}
