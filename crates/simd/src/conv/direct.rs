//! Convolution and its gradients as implicit matrix products: tables of offsets locate the operands, so that nothing is
//! unrolled in memory.

use super::{ConvGeometry, Finish};
use crate::gemm::{BLOCK_ROWS, Product, gemm};
use crate::pack::{pack_rows, pack_transposed, packed_len};
use crate::{reserve, split};

/// Pixels of the output over which one pass of the kernel gradient sums in registers. Each pixel takes a cache line of
/// the input, and the lines lie a power of two apart: more pixels would evict each other from the first-level cache.
const BLOCK_PIXELS: usize = 128;

/// Computes the convolution. Calls `finish` once on each finished run of output pixels, with its offset.
pub fn conv2d(
    geometry: &ConvGeometry,
    input: &[f32],
    kernel: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    finish: &mut Finish<'_>,
) {
    if output.is_empty() {
        return;
    }
    let (steps, out_channels) = (geometry.steps(), geometry.out_channels);
    let (height, width) = geometry.padded_extents();
    let is_padded = geometry.is_padded();
    let images_per_block = geometry.block_images(BLOCK_ROWS);
    let padded_words = if is_padded { images_per_block * height * width * geometry.in_channels } else { 0 };
    let pixels_per_block = images_per_block * geometry.out_pixels();
    let lengths = [packed_len(steps, out_channels), padded_words, steps, pixels_per_block, BLOCK_ROWS];
    let [packed, padded, a_steps, pixels, c_rows] = split(reserve(scratch, lengths.iter().sum()), lengths);
    let [a_steps, pixels, c_rows] = [a_steps, pixels, c_rows].map(bytemuck::cast_slice_mut::<f32, u32>);

    pack_rows(kernel, out_channels, steps, out_channels, packed);
    geometry.window_offsets(width, a_steps);
    geometry.pixel_offsets(height, width, pixels);
    for (row, offset) in c_rows.iter_mut().enumerate() {
        *offset = (row * out_channels) as u32;
    }
    padded.fill(0.0);
    let image_words = geometry.image_words();
    let blocks = input.chunks(images_per_block * image_words).zip(output.chunks_mut(pixels_per_block * out_channels));
    for (block, (input, output)) in blocks.enumerate() {
        let source = if is_padded {
            geometry.copy_padded(input, height, width, padded);
            &*padded
        } else {
            input
        };
        for (part, chunk) in output.chunks_mut(BLOCK_ROWS * out_channels).enumerate() {
            let rows = chunk.len() / out_channels;
            let product = Product {
                a: source,
                a_rows: &pixels[part * BLOCK_ROWS..][..rows],
                a_steps,
                b: packed,
                c_rows: &c_rows[..rows],
                columns: out_channels,
                accumulate: false,
            };
            gemm(&product, chunk);
            finish(chunk, (block * pixels_per_block + part * BLOCK_ROWS) * out_channels);
        }
    }
}

/// Computes the gradient with respect to the input. For each element of the window, the output's gradient times the
/// transposed slice of the kernel is added to the pixels that the element covered. Padding costs no products. Calls
/// `finish` once on each finished run of images, with its offset.
pub fn conv2d_input_gradient(
    geometry: &ConvGeometry,
    gradient: &[f32],
    kernel: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    finish: &mut Finish<'_>,
) {
    output.fill(0.0);
    if output.is_empty() || gradient.is_empty() {
        return finish(output, 0);
    }
    let (in_channels, out_channels) = (geometry.in_channels, geometry.out_channels);
    let images_per_block = geometry.block_images(BLOCK_ROWS);
    let pixels_per_block = images_per_block * geometry.out_pixels();
    let tap_words = packed_len(out_channels, in_channels);
    let taps = geometry.kernel_height * geometry.kernel_width;
    let lengths = [taps * tap_words, out_channels, pixels_per_block, pixels_per_block];
    let [packed, a_steps, a_rows, c_rows] = split(reserve(scratch, lengths.iter().sum()), lengths);
    let [a_steps, a_rows, c_rows] = [a_steps, a_rows, c_rows].map(bytemuck::cast_slice_mut::<f32, u32>);

    let slice_words = in_channels * out_channels;
    for (slice, packed) in kernel.chunks_exact(slice_words).zip(packed.chunks_exact_mut(tap_words)) {
        pack_transposed(slice, out_channels, out_channels, in_channels, packed);
    }
    for (step, offset) in a_steps.iter_mut().enumerate() {
        *offset = step as u32;
    }
    let image_words = geometry.image_words();
    let blocks =
        gradient.chunks(pixels_per_block * out_channels).zip(output.chunks_mut(images_per_block * image_words));
    for (block, (gradient, output)) in blocks.enumerate() {
        let images = output.len() / image_words;
        for (tap, packed) in packed.chunks_exact(tap_words).enumerate() {
            let pairs = tap_pairs(geometry, tap, images, a_rows, c_rows);
            let product = Product {
                a: gradient,
                a_rows: &a_rows[..pairs],
                a_steps,
                b: packed,
                c_rows: &c_rows[..pairs],
                columns: in_channels,
                accumulate: true,
            };
            gemm(&product, output);
        }
        finish(output, block * images_per_block * image_words);
    }
}

/// Lists which output pixel read which input pixel through one element of the window, as offsets of their channels.
/// Returns the number of pairs.
fn tap_pairs(g: &ConvGeometry, tap: usize, images: usize, outputs: &mut [u32], inputs: &mut [u32]) -> usize {
    let y_shift = tap / g.kernel_width * g.dilation_height;
    let x_shift = tap % g.kernel_width * g.dilation_width;
    let mut count = 0;
    for image in 0..images {
        for out_y in 0..g.out_height {
            let Some(y) = (out_y * g.stride_height + y_shift).checked_sub(g.pad_top).filter(|&y| y < g.height) else {
                continue;
            };
            let out_row = (image * g.out_height + out_y) * g.out_width;
            let in_row = (image * g.height + y) * g.width;
            for out_x in 0..g.out_width {
                let x = (out_x * g.stride_width + x_shift).wrapping_sub(g.pad_left);
                if x < g.width {
                    outputs[count] = ((out_row + out_x) * g.out_channels) as u32;
                    inputs[count] = ((in_row + x) * g.in_channels) as u32;
                    count += 1;
                }
            }
        }
    }
    count
}

/// Returns the number of images that [`conv2d_kernel_gradient`] sums at a time.
pub fn kernel_gradient_block_images(geometry: &ConvGeometry) -> usize {
    geometry.block_images(BLOCK_PIXELS)
}

/// Computes the gradient with respect to the kernel: the transposed windows times the output's gradient, summed over
/// pixels in registers, [`BLOCK_PIXELS`] at a time, in the order of the images. With `accumulate` the result is added
/// to `output`.
///
/// The images may be divided over several calls, each but the last with a multiple of [`kernel_gradient_block_images`]
/// images. The result is then the same as that of one call, to the last bit.
pub fn conv2d_kernel_gradient(
    geometry: &ConvGeometry,
    input: &[f32],
    gradient: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    mut accumulate: bool,
) {
    if input.is_empty() || gradient.is_empty() || output.is_empty() {
        if !accumulate {
            output.fill(0.0);
        }
        return;
    }
    let (steps, out_channels) = (geometry.steps(), geometry.out_channels);
    let (height, width) = geometry.padded_extents();
    let is_padded = geometry.is_padded();
    let images_per_block = geometry.block_images(BLOCK_PIXELS);
    let padded_words = if is_padded { images_per_block * height * width * geometry.in_channels } else { 0 };
    let pixels_per_block = images_per_block * geometry.out_pixels();
    let lengths = [packed_len(BLOCK_PIXELS, out_channels), padded_words, steps, steps, pixels_per_block];
    let [packed, padded, a_rows, c_rows, pixels] = split(reserve(scratch, lengths.iter().sum()), lengths);
    let [a_rows, c_rows, pixels] = [a_rows, c_rows, pixels].map(bytemuck::cast_slice_mut::<f32, u32>);

    geometry.window_offsets(width, a_rows);
    geometry.pixel_offsets(height, width, pixels);
    for (row, offset) in c_rows.iter_mut().enumerate() {
        *offset = (row * out_channels) as u32;
    }
    padded.fill(0.0);
    let image_words = geometry.image_words();
    let blocks = input.chunks(images_per_block * image_words).zip(gradient.chunks(pixels_per_block * out_channels));
    for (input, gradient) in blocks {
        let source = if is_padded {
            geometry.copy_padded(input, height, width, padded);
            &*padded
        } else {
            input
        };
        // Parts have equal size: a short last one would not be worth loading and storing the sums.
        let pixel_count = gradient.len() / out_channels;
        let part_pixels = pixel_count.div_ceil(pixel_count.div_ceil(BLOCK_PIXELS));
        for (part, gradient) in gradient.chunks(part_pixels * out_channels).enumerate() {
            let count = gradient.len() / out_channels;
            pack_rows(gradient, out_channels, count, out_channels, packed);
            let product = Product {
                a: source,
                a_rows,
                a_steps: &pixels[part * part_pixels..][..count],
                b: packed,
                c_rows,
                columns: out_channels,
                accumulate,
            };
            gemm(&product, output);
            accumulate = true;
        }
    }
}
