//! The places in input, kernel and output that belong together in a convolution.

use crate::simd::conv::ConvGeometry;

/// Returns the position on the image that an output sees at an offset in the window, if it is no padding.
pub(super) fn seen_at(g: &ConvGeometry, output: [usize; 2], offset: [usize; 2]) -> Option<[usize; 2]> {
    let along = |output: usize, stride: usize, offset: usize, dilation: usize, pad: usize, extent: usize| {
        (output * stride + offset * dilation).checked_sub(pad).filter(|at| *at < extent)
    };
    let row = along(output[0], g.stride_height, offset[0], g.dilation_height, g.pad_top, g.height)?;
    let column = along(output[1], g.stride_width, offset[1], g.dilation_width, g.pad_left, g.width)?;
    Some([row, column])
}

fn offsets(g: &ConvGeometry) -> impl Iterator<Item = [usize; 2]> + use<> {
    let columns = g.kernel_width;
    (0..g.kernel_height).flat_map(move |down| (0..columns).map(move |right| [down, right]))
}

/// Returns the positions on the image that an output sees, each with its offset in the window.
pub(super) fn seen(g: &ConvGeometry, output: [usize; 2]) -> impl Iterator<Item = ([usize; 2], [usize; 2])> {
    offsets(g).filter_map(move |offset| Some((seen_at(g, output, offset)?, offset)))
}

/// Returns the outputs that see a position on the image, each with the offset in its window.
pub(super) fn seen_from(g: &ConvGeometry, x: [usize; 2]) -> impl Iterator<Item = ([usize; 2], [usize; 2])> {
    let along = |x: usize, stride: usize, offset: usize, dilation: usize, pad: usize, outputs: usize| {
        let from = (x + pad).checked_sub(offset * dilation)?;
        (from.is_multiple_of(stride) && from / stride < outputs).then_some(from / stride)
    };
    offsets(g).filter_map(move |offset| {
        let row = along(x[0], g.stride_height, offset[0], g.dilation_height, g.pad_top, g.out_height)?;
        let column = along(x[1], g.stride_width, offset[1], g.dilation_width, g.pad_left, g.out_width)?;
        Some(([row, column], offset))
    })
}

pub(super) fn input_index(g: &ConvGeometry, image: usize, [row, column]: [usize; 2], channel: usize) -> usize {
    ((image * g.height + row) * g.width + column) * g.in_channels + channel
}

pub(super) fn output_index(g: &ConvGeometry, image: usize, [row, column]: [usize; 2], filter: usize) -> usize {
    ((image * g.out_height + row) * g.out_width + column) * g.out_channels + filter
}

pub(super) fn kernel_index(g: &ConvGeometry, [down, right]: [usize; 2], channel: usize, filter: usize) -> usize {
    ((down * g.kernel_width + right) * g.in_channels + channel) * g.out_channels + filter
}
