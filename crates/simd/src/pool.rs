//! Max and average pooling and their gradients, four channels at a time. Layout `[N,H,W,C]`.

use super::lanes::{F32x4, LANES};

/// Extents of a pooling. Elements of a window outside the image are ignored: they are never the maximum, and do not
/// count in an average (as in Keras and TensorFlow).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolGeometry {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub window_height: usize,
    pub window_width: usize,
    pub out_height: usize,
    pub out_width: usize,
    pub stride_height: usize,
    pub stride_width: usize,
    pub pad_top: usize,
    pub pad_left: usize,
}

/// Part of one window that lies in the image.
struct Window {
    /// Offset of the output pixel's channels.
    output: usize,
    /// Offset of the first input pixel's channels.
    input: usize,
    rows: usize,
    columns: usize,
}

/// Returns the first pixel of a window and the one after its last, along one axis and within the image.
fn span(out: usize, stride: usize, pad: usize, window: usize, extent: usize) -> (usize, usize) {
    let first = (out * stride).saturating_sub(pad);
    (first, (out * stride + window).saturating_sub(pad).min(extent).max(first))
}

impl PoolGeometry {
    /// Iterates over the windows of one row of the output, from left to right.
    fn windows(&self, image: usize, out_y: usize) -> impl Iterator<Item = Window> + use<> {
        let g = *self;
        let (top, bottom) = span(out_y, g.stride_height, g.pad_top, g.window_height, g.height);
        (0..g.out_width).map(move |out_x| {
            let (left, right) = span(out_x, g.stride_width, g.pad_left, g.window_width, g.width);
            Window {
                output: ((image * g.out_height + out_y) * g.out_width + out_x) * g.channels,
                input: ((image * g.height + top) * g.width + left) * g.channels,
                rows: bottom - top,
                columns: right - left,
            }
        })
    }

    /// Iterates over all windows in row-major order.
    fn all_windows(&self) -> impl Iterator<Item = Window> + use<> {
        let g = *self;
        (0..g.batch * g.out_height).flat_map(move |row| g.windows(row / g.out_height, row % g.out_height))
    }

    /// Iterates over the offsets of a window's pixels in row-major order.
    #[inline(always)]
    fn pixels(&self, window: &Window) -> impl Iterator<Item = usize> + use<> {
        let (first, columns, channels, row_words) =
            (window.input, window.columns, self.channels, self.width * self.channels);
        (0..window.rows).flat_map(move |y| (0..columns).map(move |x| first + y * row_words + x * channels))
    }

    /// Returns the offsets of a window of 2x2, by far the most frequent size.
    #[inline(always)]
    fn four_pixels(&self, window: &Window) -> Option<[usize; 4]> {
        let (first, below) = (window.input, window.input + self.width * self.channels);
        (window.rows == 2 && window.columns == 2).then_some([
            first,
            first + self.channels,
            below,
            below + self.channels,
        ])
    }

    /// Returns true if no pixel of the input is in two windows.
    fn is_disjoint(&self) -> bool {
        self.stride_height >= self.window_height && self.stride_width >= self.window_width
    }

    /// Returns true if every pixel of the input is in some window.
    fn is_covering(&self) -> bool {
        let covers = |outputs: usize, stride: usize, window: usize, extent: usize, pad: usize| {
            stride <= window && (outputs * stride).saturating_sub(pad) >= extent
        };
        covers(self.out_height, self.stride_height, self.window_height, self.height, self.pad_top)
            && covers(self.out_width, self.stride_width, self.window_width, self.width, self.pad_left)
    }

    /// Runs a gradient window by window; `window` stores its part of the output, or adds it if windows overlap. Calls
    /// `finish` once on each finished run of rows, with its offset.
    fn scatter(
        &self,
        output: &mut [f32],
        finish: &mut dyn FnMut(&mut [f32], usize),
        mut window: impl FnMut(&Window, &mut [f32]),
    ) {
        if !(self.is_disjoint() && self.is_covering()) {
            output.fill(0.0);
        }
        let row_words = self.width * self.channels;
        let rows_are_disjoint = self.stride_height >= self.window_height;
        for image in 0..self.batch {
            let mut finished = 0;
            for out_y in 0..self.out_height {
                self.windows(image, out_y).for_each(|part| window(&part, output));
                let next = ((out_y + 1) * self.stride_height).saturating_sub(self.pad_top).min(self.height);
                let end = if out_y + 1 == self.out_height { self.height } else { next };
                if rows_are_disjoint && end > finished {
                    let range = (image * self.height + finished) * row_words..(image * self.height + end) * row_words;
                    finish(&mut output[range.clone()], range.start);
                    finished = end;
                }
            }
        }
        if !rows_are_disjoint {
            finish(output, 0);
        }
    }
}

/// Returns the larger value, `best` if they are equal. Keeps a NaN on either side, so that pooling does not hide it
/// from a search for NaN.
#[inline(always)]
fn larger(best: F32x4, value: F32x4) -> F32x4 {
    value.less_equal(best).or(best.not_equal(best)).select(best, value)
}

/// Computes the maximum of each window, NaN if the window contains one.
pub fn max_pool(geometry: &PoolGeometry, input: &[f32], output: &mut [f32]) {
    let channels = geometry.channels;
    let whole = channels / LANES * LANES;
    for window in geometry.all_windows() {
        let target = &mut output[window.output..][..channels];
        let load = |pixel: usize, channel: usize| F32x4::load(&input[pixel + channel..]);
        if let Some([a, b, c, d]) = geometry.four_pixels(&window) {
            assert!(d + channels <= input.len());
            for channel in (0..whole).step_by(LANES) {
                // SAFETY: the last of the four pixels has the largest offset, and the assertion has checked all its
                // channels.
                let [a, b, c, d] =
                    [a, b, c, d].map(|pixel| unsafe { F32x4::load_unchecked(input.as_ptr().add(pixel + channel)) });
                larger(larger(larger(a, b), c), d).store(&mut target[channel..]);
            }
        } else {
            for channel in (0..whole).step_by(LANES) {
                let mut best = F32x4::splat(f32::NEG_INFINITY);
                for pixel in geometry.pixels(&window) {
                    best = larger(best, load(pixel, channel));
                }
                best.store(&mut target[channel..]);
            }
        }
        for channel in whole..channels {
            let mut best = f32::NEG_INFINITY;
            for pixel in geometry.pixels(&window) {
                let value = input[pixel + channel];
                best = if value <= best || best.is_nan() { best } else { value };
            }
            target[channel] = best;
        }
    }
}

/// Computes the gradient of [`max_pool`] with respect to its input. Each window's gradient goes to its first maximum in
/// row-major order, as in TensorFlow on CPUs. Calls `finish` once on each finished part, with its offset.
pub fn max_pool_gradient(
    geometry: &PoolGeometry,
    input: &[f32],
    gradient: &[f32],
    output: &mut [f32],
    finish: &mut dyn FnMut(&mut [f32], usize),
) {
    let channels = geometry.channels;
    let whole = channels / LANES * LANES;
    let is_disjoint = geometry.is_disjoint();
    geometry.scatter(output, finish, |window, output| {
        let source = &gradient[window.output..][..channels];
        let load = |pixel: usize, channel: usize| F32x4::load(&input[pixel + channel..]);
        if let Some(pixels) = geometry.four_pixels(window).filter(|_| is_disjoint) {
            assert!(pixels[3] + channels <= input.len() && input.len() == output.len());
            for channel in (0..whole).step_by(LANES) {
                // SAFETY: the last of the four pixels has the largest offset, and the assertion has checked all its
                // channels, in the input and in the output.
                let load = |pixel: usize| unsafe { F32x4::load_unchecked(input.as_ptr().add(pixel + channel)) };
                let values = pixels.map(load);
                let best = values[3].max(values[2].max(values[1].max(values[0])));
                let mut left = F32x4::load(&source[channel..]);
                for (pixel, value) in pixels.into_iter().zip(values) {
                    let hit = value.equal(best);
                    // SAFETY: as above.
                    unsafe { left.and(hit).store_unchecked(output.as_mut_ptr().add(pixel + channel)) };
                    left = left.and_not(hit);
                }
            }
        } else {
            for channel in (0..whole).step_by(LANES) {
                let mut best = F32x4::splat(f32::NEG_INFINITY);
                for pixel in geometry.pixels(window) {
                    best = load(pixel, channel).max(best);
                }
                let mut left = F32x4::load(&source[channel..]);
                for pixel in geometry.pixels(window) {
                    let hit = load(pixel, channel).equal(best);
                    let target = &mut output[pixel + channel..];
                    let before = if is_disjoint { F32x4::zero() } else { F32x4::load(target) };
                    (before + left.and(hit)).store(target);
                    left = left.and_not(hit);
                }
            }
        }
        for channel in whole..channels {
            let mut best: Option<(usize, f32)> = None;
            for pixel in geometry.pixels(window) {
                let value = input[pixel + channel];
                if is_disjoint {
                    output[pixel + channel] = 0.0;
                }
                if best.is_none_or(|(_, best)| value > best) {
                    best = Some((pixel + channel, value));
                }
            }
            if let Some((index, _)) = best {
                output[index] += source[channel];
            }
        }
    });
}

/// Computes the mean of each window's elements that lie in the image.
pub fn average_pool(geometry: &PoolGeometry, input: &[f32], output: &mut [f32]) {
    let channels = geometry.channels;
    for window in geometry.all_windows() {
        let target = &mut output[window.output..][..channels];
        let count = (window.rows * window.columns).max(1) as f32;
        let whole = channels / LANES * LANES;
        for channel in (0..whole).step_by(LANES) {
            let mut sum = F32x4::zero();
            for pixel in geometry.pixels(&window) {
                sum = sum + F32x4::load(&input[pixel + channel..]);
            }
            (sum / F32x4::splat(count)).store(&mut target[channel..]);
        }
        for channel in whole..channels {
            let sum: f32 = geometry.pixels(&window).map(|pixel| input[pixel + channel]).sum();
            target[channel] = sum / count;
        }
    }
}

/// Computes the gradient of [`average_pool`] with respect to its input. Calls `finish` once on each finished part, with
/// its offset.
pub fn average_pool_gradient(
    geometry: &PoolGeometry,
    gradient: &[f32],
    output: &mut [f32],
    finish: &mut dyn FnMut(&mut [f32], usize),
) {
    let channels = geometry.channels;
    let whole = channels / LANES * LANES;
    let is_disjoint = geometry.is_disjoint();
    geometry.scatter(output, finish, |window, output| {
        let source = &gradient[window.output..][..channels];
        let count = (window.rows * window.columns).max(1) as f32;
        for pixel in geometry.pixels(window) {
            let target = &mut output[pixel..][..channels];
            for channel in (0..whole).step_by(LANES) {
                let share = F32x4::load(&source[channel..]) / F32x4::splat(count);
                let before = if is_disjoint { F32x4::zero() } else { F32x4::load(&target[channel..]) };
                (before + share).store(&mut target[channel..]);
            }
            for channel in whole..channels {
                let before = if is_disjoint { 0.0 } else { target[channel] };
                target[channel] = before + source[channel] / count;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts a NaN at each position and checks that every window that contains it gives NaN, with lanes and without.
    #[test]
    fn the_maximum_of_a_window_with_a_nan_is_nan() {
        for (window, channels) in [(2, 4), (3, 4), (2, 3), (3, 5)] {
            let geometry = PoolGeometry {
                batch: 1,
                height: window,
                width: window,
                channels,
                window_height: window,
                window_width: window,
                stride_height: window,
                stride_width: window,
                pad_top: 0,
                pad_left: 0,
                out_height: 1,
                out_width: 1,
            };
            for at in 0..window * window * channels {
                let mut input: Vec<f32> =
                    (0..window * window * channels).map(|index| (index * 7 % 11) as f32).collect();
                input[at] = f32::NAN;
                let mut output = vec![0.0; channels];
                max_pool(&geometry, &input, &mut output);
                for (channel, value) in output.iter().enumerate() {
                    assert_eq!(value.is_nan(), channel == at % channels, "window {window}, NaN at {at}: {output:?}");
                }
            }
        }
    }
}
