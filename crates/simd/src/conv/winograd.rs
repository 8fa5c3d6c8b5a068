//! Convolution with 3x3 kernels by Winograd's minimal filtering. 3x3 outputs take 25 products instead of 81, and 4x4
//! outputs 36 instead of 144. The image is divided into tiles that overlap by two pixels. At each *point* of the
//! transformed tiles one matrix product over the channels is computed. The gradients use the transposes of the same
//! maps:
//!
//! | | at each point |
//! |---|---|
//! | forward | `M[tiles, Cout] = V[tiles, Cin] U[Cin, Cout]`, with V from the input, U from the kernel; M gives the output |
//! | input gradient | `dV = dM Uᵀ`, with dM from the output's gradient; dV gives the input's |
//! | kernel gradient | `dU = Vᵀ dM`; dU gives the kernel's |
//!
//! Sums are rounded differently from [`direct`](super::direct), by a few units in the last place of the largest
//! products. An output whose window contains only zeros is exactly zero all the same (`Stages::clear_blank`).

mod transforms;

use super::{ConvGeometry, Finish};
use crate::gemm::{Product, gemm};
use crate::lanes::LANES;
use crate::pack::{PANEL, packed_len};
use crate::{reserve, split};
use transforms::{FOUR, Maps, Squares, TAPS, THREE};

/// Tiles per block. The transforms of this many tiles stay in the second-level cache.
const BLOCK_TILES: usize = 72;

/// With fewer channels the transforms cost more than the products they save; with fewer tiles the kernel's transform
/// does.
const LEAST_CHANNELS: usize = 16;
const LEAST_TILES: usize = 16;

/// With more pairs of channels the transformed kernel (1.6 to 2.3 MB at this limit) leaves the second-level cache for
/// every block of tiles: from 256 channels to 256, direct convolution is 1.9 times as fast.
const MOST_PAIRS: usize = 128 * 128;

/// Channels over which products are summed before these sums are summed: a fifth less rounding error over 64 channels.
const CHUNK_CHANNELS: usize = 32;

/// Padding in words between the matrices of two points, which would otherwise share lines of the first-level cache.
const SKEW: usize = 16;

/// Returns true if this algorithm is the faster one.
pub fn pays(g: &ConvGeometry) -> bool {
    let is_plain = [g.kernel_height, g.kernel_width] == [TAPS; 2]
        && [g.stride_height, g.stride_width, g.dilation_height, g.dilation_width] == [1; 4];
    let channels = [g.in_channels, g.out_channels];
    is_plain
        && channels.iter().all(|count| *count >= LEAST_CHANNELS && count.is_multiple_of(LANES))
        && g.in_channels * g.out_channels <= MOST_PAIRS
        && g.batch * Tiles::of(g).per_image() >= LEAST_TILES
}

/// Division of images into tiles.
struct Tiles {
    maps: &'static Maps,
    rows: usize,
    columns: usize,
}

impl Tiles {
    /// Chooses the tile size that needs fewer products.
    fn of(g: &ConvGeometry) -> Self {
        let [three, four] = [&THREE, &FOUR].map(|maps| Self {
            maps,
            rows: g.out_height.div_ceil(maps.outputs),
            columns: g.out_width.div_ceil(maps.outputs),
        });
        if three.per_image() * three.points() < four.per_image() * four.points() { three } else { four }
    }

    fn per_image(&self) -> usize {
        self.rows * self.columns
    }

    /// Returns the number of values of a transformed tile.
    fn points(&self) -> usize {
        self.maps.tile().pow(2)
    }

    fn block_images(&self, batch: usize) -> usize {
        BLOCK_TILES.div_ceil(self.per_image().max(1)).min(batch).max(1)
    }

    /// Returns the plane of the input that the tiles cover.
    fn input_plane(&self, g: &ConvGeometry) -> Plane {
        let [height, width] = [self.rows, self.columns].map(|tiles| tiles * self.maps.outputs + TAPS - 1);
        let image = [g.height, g.width];
        Plane { height, width, channels: g.in_channels, image, margins: [g.pad_top, g.pad_left] }
    }

    /// Returns the plane of the outputs of all tiles.
    fn output_plane(&self, g: &ConvGeometry) -> Plane {
        let [height, width] = [self.rows, self.columns].map(|tiles| tiles * self.maps.outputs);
        Plane { height, width, channels: g.out_channels, image: [g.out_height, g.out_width], margins: [0; 2] }
    }

    /// Iterates over the offsets at which the tiles of a plane start.
    fn corners(&self, plane: &Plane) -> impl Iterator<Item = usize> {
        let (outputs, columns, [row, column]) = (self.maps.outputs, self.columns, plane.strides());
        (0..self.per_image()).map(move |tile| (tile / columns * row + tile % columns * column) * outputs)
    }

    /// Returns the squares of all points of a tile; the matrices of two points lie `stride` words apart.
    fn points_at(&self, first: usize, stride: usize, panel: usize) -> Squares {
        Squares { first, strides: [self.maps.tile() * stride, stride], panel }
    }
}

/// An image in a plane that tiles cover completely: padding at the top and left, zeros beside and below the image.
struct Plane {
    height: usize,
    width: usize,
    channels: usize,
    image: [usize; 2],
    margins: [usize; 2],
}

impl Plane {
    fn words(&self) -> usize {
        self.height * self.width * self.channels
    }

    fn strides(&self) -> [usize; 2] {
        [self.width * self.channels, self.channels]
    }

    fn squares(&self, first: usize) -> Squares {
        Squares { first, strides: self.strides(), panel: PANEL }
    }

    /// Iterates over the offsets of the image's rows in the plane.
    fn rows(&self) -> impl Iterator<Item = usize> {
        let [row, column] = self.strides();
        let [top, left] = self.margins;
        (0..self.image[0]).map(move |y| (top + y) * row + left * column)
    }

    fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Marks each pixel whose channels are all zero.
    fn find_blank(&self, plane: &[f32], blank: &mut [u32]) {
        for (pixel, blank) in plane.chunks_exact(self.channels).zip(blank) {
            *blank = u32::from(pixel.iter().all(|value| *value == 0.0));
        }
    }

    fn copy_from(&self, image: &[f32], plane: &mut [f32]) {
        let words = self.image[1] * self.channels;
        for (start, row) in self.rows().zip(image.chunks_exact(words)) {
            plane[start..][..words].copy_from_slice(row);
        }
    }

    fn copy_to(&self, plane: &[f32], image: &mut [f32]) {
        let words = self.image[1] * self.channels;
        for (start, row) in self.rows().zip(image.chunks_exact_mut(words)) {
            row.copy_from_slice(&plane[start..][..words]);
        }
    }
}

/// Returns the number of images that [`conv2d_kernel_gradient`] sums at a time.
pub fn block_images(geometry: &ConvGeometry) -> usize {
    Tiles::of(geometry).block_images(geometry.batch)
}

/// Computes [`conv2d`](super::conv2d).
pub fn conv2d(
    g: &ConvGeometry,
    input: &[f32],
    kernel: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    finish: &mut Finish<'_>,
) {
    if output.is_empty() {
        return;
    }
    let tiles = Tiles::of(g);
    let (input_plane, output_plane) = (tiles.input_plane(g), tiles.output_plane(g));
    let stages = Stages {
        tiles: &tiles,
        images: tiles.block_images(g.batch),
        from: &input_plane,
        map_from: tiles.maps.input,
        to: &output_plane,
        map_to: tiles.maps.output,
        is_transposed: false,
    };
    stages.run(input, kernel, output, scratch, finish);
}

/// Computes [`conv2d_input_gradient`](super::conv2d_input_gradient).
pub fn conv2d_input_gradient(
    g: &ConvGeometry,
    gradient: &[f32],
    kernel: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    finish: &mut Finish<'_>,
) {
    if output.is_empty() || gradient.is_empty() {
        output.fill(0.0);
        return finish(output, 0);
    }
    let tiles = Tiles::of(g);
    let (input_plane, output_plane) = (tiles.input_plane(g), tiles.output_plane(g));
    let stages = Stages {
        tiles: &tiles,
        images: tiles.block_images(g.batch),
        from: &output_plane,
        map_from: tiles.maps.output_transposed,
        to: &input_plane,
        map_to: tiles.maps.input_transposed,
        is_transposed: true,
    };
    stages.run(gradient, kernel, output, scratch, finish);
}

/// Stages that the convolution and its input gradient share: planes are mapped to points, multiplied there by the
/// mapped kernel, and mapped back to planes.
struct Stages<'a> {
    tiles: &'a Tiles,
    /// Images per block.
    images: usize,
    from: &'a Plane,
    map_from: transforms::Map,
    to: &'a Plane,
    map_to: transforms::Map,
    /// The kernel is stored as `[3,3,to channels,from channels]`, and tiles overlap in `to`.
    is_transposed: bool,
}

impl Stages<'_> {
    fn run(&self, input: &[f32], kernel: &[f32], output: &mut [f32], scratch: &mut Vec<f32>, finish: &mut Finish<'_>) {
        let Self { tiles, images, from, to, .. } = *self;
        let (points, per_image) = (tiles.points(), tiles.per_image());
        let block = images * per_image;
        let (from_stride, to_stride) = (block * from.channels + SKEW, block * to.channels + SKEW);
        let kernel_stride = packed_len(from.channels, to.channels);
        let lengths = [
            points * kernel_stride,
            if self.is_transposed { kernel.len() } else { 0 },
            from.words(),
            to.words(),
            points * from_stride,
            points * to_stride,
            block,
            block,
            from.channels,
            images * from.pixels(),
        ];
        let [kernels, turned, from_plane, to_plane, from_points, to_points, from_rows, to_rows, steps, blank] =
            split(reserve(scratch, lengths.iter().sum()), lengths);
        let [from_rows, to_rows, steps, blank] =
            [from_rows, to_rows, steps, blank].map(bytemuck::cast_slice_mut::<f32, u32>);
        fill_table(from_rows, from.channels);
        fill_table(to_rows, to.channels);
        fill_table(steps, 1);
        let slice_words = from.channels * to.channels;
        for (slice, turned) in kernel.chunks_exact(slice_words).zip(turned.chunks_exact_mut(slice_words)) {
            for (row, values) in slice.chunks_exact(from.channels).enumerate() {
                for (value, target) in values.iter().zip(turned[row..].iter_mut().step_by(to.channels)) {
                    *target = *value;
                }
            }
        }
        let kernel = if self.is_transposed { &*turned } else { kernel };
        if !to.channels.is_multiple_of(PANEL) {
            kernels.fill(0.0);
        }
        // Each chunk's matrix is packed by itself.
        let chunks = || (0..from.channels).step_by(CHUNK_CHANNELS).zip(steps.chunks(CHUNK_CHANNELS));
        for (start, steps) in chunks() {
            for step in 0..steps.len() {
                let taps = Squares {
                    first: (start + step) * to.channels,
                    strides: [TAPS, 1].map(|taps| taps * from.channels * to.channels),
                    panel: PANEL,
                };
                let first = packed_len(start, to.channels) + step * PANEL;
                let target = tiles.points_at(first, kernel_stride, steps.len() * PANEL);
                (tiles.maps.kernel)(kernel, taps, kernels, target, to.channels);
            }
        }
        from_plane.fill(0.0);
        let [from_words, to_words] = [from, to].map(|plane| plane.image[0] * plane.image[1] * plane.channels);
        let blocks = input.chunks(images * from_words).zip(output.chunks_mut(images * to_words));
        for (index, (input, output)) in blocks.enumerate() {
            let mut count = 0;
            for (image, blank) in input.chunks_exact(from_words).zip(blank.chunks_exact_mut(from.pixels())) {
                from.copy_from(image, from_plane);
                from.find_blank(from_plane, blank);
                for corner in tiles.corners(from) {
                    let target = tiles.points_at(count * from.channels, from_stride, PANEL);
                    (self.map_from)(from_plane, from.squares(corner), from_points, target, from.channels);
                    count += 1;
                }
            }
            for (point, kernel) in kernels.chunks_exact(kernel_stride).enumerate() {
                for (start, a_steps) in chunks() {
                    let product = Product {
                        a: &from_points[point * from_stride..],
                        a_rows: &from_rows[..count],
                        a_steps,
                        b: &kernel[packed_len(start, to.channels)..],
                        c_rows: &to_rows[..count],
                        columns: to.channels,
                        accumulate: start > 0,
                    };
                    gemm(&product, &mut to_points[point * to_stride..]);
                }
            }
            for (image, output) in output.chunks_exact_mut(to_words).enumerate() {
                if self.is_transposed {
                    to_plane.fill(0.0);
                }
                for (tile, corner) in tiles.corners(to).enumerate() {
                    let first = (image * per_image + tile) * to.channels;
                    let source = tiles.points_at(first, to_stride, PANEL);
                    (self.map_to)(to_points, source, to_plane, to.squares(corner), to.channels);
                }
                self.clear_blank(&blank[image * from.pixels()..][..from.pixels()], to_plane);
                to.copy_to(to_plane, output);
            }
            finish(output, index * images * to_words);
        }
    }

    /// Sets outputs to zero whose windows contain only blank pixels. The other pixels of the tile leave a rounding
    /// error there, which a ReLU tells from zero: at the edge of a blank background it would let through gradients that
    /// do not exist.
    fn clear_blank(&self, blank: &[u32], to_plane: &mut [f32]) {
        let (from, to) = (self.from, self.to);
        if !blank.contains(&1) {
            return;
        }
        let seen = |at: usize, extent: usize| match self.is_transposed {
            true => (at + 1).saturating_sub(TAPS)..(at + 1).min(extent),
            false => at..at + TAPS,
        };
        let ([top, left], [height, width]) = (to.margins, to.image);
        for y in top..top + height {
            for x in left..left + width {
                let columns = seen(x, from.width);
                if seen(y, from.height).all(|row| !blank[row * from.width..][columns.clone()].contains(&0)) {
                    to_plane[(y * to.width + x) * to.channels..][..to.channels].fill(0.0);
                }
            }
        }
    }
}

/// Computes [`conv2d_kernel_gradient`](super::conv2d_kernel_gradient).
pub fn conv2d_kernel_gradient(
    g: &ConvGeometry,
    input: &[f32],
    gradient: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    accumulate: bool,
) {
    if !accumulate {
        output.fill(0.0);
    }
    if input.is_empty() || gradient.is_empty() || output.is_empty() {
        return;
    }
    let tiles = Tiles::of(g);
    let (input_plane, output_plane) = (tiles.input_plane(g), tiles.output_plane(g));
    let (in_channels, out_channels) = (g.in_channels, g.out_channels);
    let images = tiles.block_images(g.batch);
    let (points, block) = (tiles.points(), images * tiles.per_image());
    let in_stride = block * in_channels + SKEW;
    let out_stride = packed_len(block, out_channels) + SKEW;
    let kernel_stride = in_channels * out_channels + SKEW;
    let lengths = [
        points * kernel_stride,
        input_plane.words(),
        output_plane.words(),
        points * in_stride,
        points * out_stride,
        in_channels,
        in_channels,
        block,
    ];
    let [kernels, in_plane, out_plane, in_points, out_points, in_rows, kernel_rows, steps] =
        split(reserve(scratch, lengths.iter().sum()), lengths);
    let [in_rows, kernel_rows, steps] = [in_rows, kernel_rows, steps].map(bytemuck::cast_slice_mut::<f32, u32>);
    fill_table(in_rows, 1);
    fill_table(kernel_rows, out_channels);
    fill_table(steps, in_channels);
    in_plane.fill(0.0);
    out_plane.fill(0.0);
    if !out_channels.is_multiple_of(PANEL) {
        out_points.fill(0.0);
    }
    let (image_words, output_words) = (g.image_words(), g.out_pixels() * out_channels);
    for (input, gradient) in input.chunks(images * image_words).zip(gradient.chunks(images * output_words)) {
        let all = input.len() / image_words * tiles.per_image();
        let mut count = 0;
        for (image, gradient) in input.chunks_exact(image_words).zip(gradient.chunks_exact(output_words)) {
            input_plane.copy_from(image, in_plane);
            output_plane.copy_from(gradient, out_plane);
            for (in_corner, out_corner) in tiles.corners(&input_plane).zip(tiles.corners(&output_plane)) {
                let target = tiles.points_at(count * in_channels, in_stride, PANEL);
                (tiles.maps.input)(in_plane, input_plane.squares(in_corner), in_points, target, in_channels);
                let (source, target) =
                    (output_plane.squares(out_corner), tiles.points_at(count * PANEL, out_stride, all * PANEL));
                (tiles.maps.output_transposed)(out_plane, source, out_points, target, out_channels);
                count += 1;
            }
        }
        for (point, kernel) in kernels.chunks_exact_mut(kernel_stride).enumerate() {
            let product = Product {
                a: &in_points[point * in_stride..],
                a_rows: in_rows,
                a_steps: &steps[..count],
                b: &out_points[point * out_stride..],
                c_rows: kernel_rows,
                columns: out_channels,
                accumulate: false,
            };
            gemm(&product, kernel);
        }
        for row in 0..in_channels {
            let first = row * out_channels;
            let taps =
                Squares { first, strides: [TAPS, 1].map(|taps| taps * in_channels * out_channels), panel: PANEL };
            let source = tiles.points_at(first, kernel_stride, PANEL);
            (tiles.maps.kernel_transposed)(kernels, source, output, taps, out_channels);
        }
    }
}

/// Fills the table with `0, step, 2 step, ...`
fn fill_table(table: &mut [u32], step: usize) {
    for (index, offset) in table.iter_mut().enumerate() {
        *offset = (index * step) as u32;
    }
}
