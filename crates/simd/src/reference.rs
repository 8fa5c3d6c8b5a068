//! Reference kernels: plain loops with sums in `f64`, for the tests to compare with.

use super::conv::ConvGeometry;
use super::matmul::MatmulGeometry;
use super::pool::PoolGeometry;

/// Reference for [`matmul`](super::matmul::matmul).
pub fn matmul(g: &MatmulGeometry, a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut c = Vec::with_capacity(g.rows * g.columns);
    for row in 0..g.rows {
        for column in 0..g.columns {
            let mut sum = 0.0f64;
            for step in 0..g.steps {
                let a = a[if g.transpose_a { step * g.rows + row } else { row * g.steps + step }];
                let b = b[if g.transpose_b { column * g.steps + step } else { step * g.columns + column }];
                sum += f64::from(a) * f64::from(b);
            }
            c.push(sum as f32);
        }
    }
    c
}

/// Calls `visit` with the indices of the output, the input and the kernel for every product in a convolution.
fn for_each_product(g: &ConvGeometry, mut visit: impl FnMut(usize, usize, usize)) {
    for image in 0..g.batch {
        for out_y in 0..g.out_height {
            for out_x in 0..g.out_width {
                for kh in 0..g.kernel_height {
                    for kw in 0..g.kernel_width {
                        let y = (out_y * g.stride_height + kh * g.dilation_height).checked_sub(g.pad_top);
                        let x = (out_x * g.stride_width + kw * g.dilation_width).checked_sub(g.pad_left);
                        let (Some(y), Some(x)) = (y, x) else { continue };
                        if y >= g.height || x >= g.width {
                            continue;
                        }
                        let output = ((image * g.out_height + out_y) * g.out_width + out_x) * g.out_channels;
                        let input = ((image * g.height + y) * g.width + x) * g.in_channels;
                        let kernel = (kh * g.kernel_width + kw) * g.in_channels * g.out_channels;
                        for ci in 0..g.in_channels {
                            for co in 0..g.out_channels {
                                visit(output + co, input + ci, kernel + ci * g.out_channels + co);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn to_f32(sums: Vec<f64>) -> Vec<f32> {
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// Reference for [`conv2d`](super::conv::conv2d).
pub fn conv2d(g: &ConvGeometry, input: &[f32], kernel: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0f64; g.batch * g.out_height * g.out_width * g.out_channels];
    for_each_product(g, |o, i, k| sums[o] += f64::from(input[i]) * f64::from(kernel[k]));
    to_f32(sums)
}

/// Reference for [`conv2d_input_gradient`](super::conv::conv2d_input_gradient).
pub fn conv2d_input_gradient(g: &ConvGeometry, gradient: &[f32], kernel: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0f64; g.batch * g.height * g.width * g.in_channels];
    for_each_product(g, |o, i, k| sums[i] += f64::from(gradient[o]) * f64::from(kernel[k]));
    to_f32(sums)
}

/// Reference for [`conv2d_kernel_gradient`](super::conv::conv2d_kernel_gradient).
pub fn conv2d_kernel_gradient(g: &ConvGeometry, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0f64; g.kernel_height * g.kernel_width * g.in_channels * g.out_channels];
    for_each_product(g, |o, i, k| sums[k] += f64::from(input[i]) * f64::from(gradient[o]));
    to_f32(sums)
}

/// Returns the indices of the inputs in the window of one output element, given the index of that element.
fn pool_windows(g: &PoolGeometry) -> Vec<Vec<usize>> {
    let mut windows = Vec::new();
    for image in 0..g.batch {
        for out_y in 0..g.out_height {
            for out_x in 0..g.out_width {
                for channel in 0..g.channels {
                    let mut window = Vec::new();
                    for kh in 0..g.window_height {
                        for kw in 0..g.window_width {
                            let y = (out_y * g.stride_height + kh).checked_sub(g.pad_top);
                            let x = (out_x * g.stride_width + kw).checked_sub(g.pad_left);
                            if let (Some(y), Some(x)) = (y, x)
                                && y < g.height
                                && x < g.width
                            {
                                window.push(((image * g.height + y) * g.width + x) * g.channels + channel);
                            }
                        }
                    }
                    windows.push(window);
                }
            }
        }
    }
    windows
}

/// Reference for [`max_pool`](super::pool::max_pool).
pub fn max_pool(g: &PoolGeometry, input: &[f32]) -> Vec<f32> {
    let larger = |best: f32, value: f32| if value.is_nan() || best.is_nan() { f32::NAN } else { best.max(value) };
    let max = |window: &Vec<usize>| window.iter().map(|&index| input[index]).fold(f32::NEG_INFINITY, larger);
    pool_windows(g).iter().map(max).collect()
}

/// Reference for [`max_pool_gradient`](super::pool::max_pool_gradient).
pub fn max_pool_gradient(g: &PoolGeometry, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0f64; input.len()];
    for (window, &gradient) in pool_windows(g).iter().zip(gradient) {
        let max = window.iter().map(|&index| input[index]).fold(f32::NEG_INFINITY, f32::max);
        if let Some(&index) = window.iter().find(|&&index| input[index] == max) {
            sums[index] += f64::from(gradient);
        }
    }
    to_f32(sums)
}

/// Reference for [`average_pool`](super::pool::average_pool).
pub fn average_pool(g: &PoolGeometry, input: &[f32]) -> Vec<f32> {
    let mean = |window: &Vec<usize>| {
        let sum: f64 = window.iter().map(|&index| f64::from(input[index])).sum();
        (sum / window.len() as f64) as f32
    };
    pool_windows(g).iter().map(mean).collect()
}

/// Reference for [`average_pool_gradient`](super::pool::average_pool_gradient).
pub fn average_pool_gradient(g: &PoolGeometry, gradient: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0f64; g.batch * g.height * g.width * g.channels];
    for (window, &gradient) in pool_windows(g).iter().zip(gradient) {
        for &index in window {
            sums[index] += f64::from(gradient) / window.len() as f64;
        }
    }
    to_f32(sums)
}
