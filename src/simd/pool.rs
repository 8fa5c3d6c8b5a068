//! Max and average pooling and their gradients, four channels at a time. Layout `[N,H,W,C]`.

use super::lanes::{F32x4, LANES};

/// The extents of a pooling. Elements of a window outside the image are left out: they are never the maximum, and do
/// not count in an average (as in Keras and TensorFlow).
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

/// The part of one window that lies in the image.
struct Window {
    /// Offset of the output pixel's channels.
    output: usize,
    /// Offset of the first input pixel's channels.
    input: usize,
    rows: usize,
    columns: usize,
}

impl PoolGeometry {
    /// Visits every window in row-major order. Geometries whose windows can miss the image entirely are not valid.
    fn for_each_window(&self, mut visit: impl FnMut(&Window)) {
        let span = |out: usize, stride: usize, pad: usize, window: usize, extent: usize| {
            let first = (out * stride).saturating_sub(pad);
            (first, (out * stride + window).saturating_sub(pad).min(extent))
        };
        for image in 0..self.batch {
            for out_y in 0..self.out_height {
                let (top, bottom) = span(out_y, self.stride_height, self.pad_top, self.window_height, self.height);
                for out_x in 0..self.out_width {
                    let (left, right) = span(out_x, self.stride_width, self.pad_left, self.window_width, self.width);
                    visit(&Window {
                        output: ((image * self.out_height + out_y) * self.out_width + out_x) * self.channels,
                        input: ((image * self.height + top) * self.width + left) * self.channels,
                        rows: bottom.saturating_sub(top),
                        columns: right.saturating_sub(left),
                    });
                }
            }
        }
    }

    /// Offsets of a window's pixels in row-major order.
    #[inline(always)]
    fn pixels(&self, window: &Window) -> impl Iterator<Item = usize> + use<> {
        let (first, columns, channels, row_words) =
            (window.input, window.columns, self.channels, self.width * self.channels);
        (0..window.rows).flat_map(move |y| (0..columns).map(move |x| first + y * row_words + x * channels))
    }
}

/// The maximum of each window.
pub fn max_pool(geometry: &PoolGeometry, input: &[f32], output: &mut [f32]) {
    let channels = geometry.channels;
    geometry.for_each_window(|window| {
        let target = &mut output[window.output..][..channels];
        let whole = channels / LANES * LANES;
        for channel in (0..whole).step_by(LANES) {
            let mut best = F32x4::splat(f32::NEG_INFINITY);
            for pixel in geometry.pixels(window) {
                best = F32x4::load(&input[pixel + channel..]).max(best);
            }
            best.store(&mut target[channel..]);
        }
        for channel in whole..channels {
            let mut best = f32::NEG_INFINITY;
            for pixel in geometry.pixels(window) {
                let value = input[pixel + channel];
                best = if value < best { best } else { value };
            }
            target[channel] = best;
        }
    });
}

/// The gradient of [`max_pool`] with respect to its input: each window's gradient goes to its first maximum in
/// row-major order, as TensorFlow sends it on CPUs.
pub fn max_pool_gradient(geometry: &PoolGeometry, input: &[f32], gradient: &[f32], output: &mut [f32]) {
    let channels = geometry.channels;
    output.fill(0.0);
    geometry.for_each_window(|window| {
        let source = &gradient[window.output..][..channels];
        let whole = channels / LANES * LANES;
        for channel in (0..whole).step_by(LANES) {
            let mut best = F32x4::splat(f32::NEG_INFINITY);
            for pixel in geometry.pixels(window) {
                best = F32x4::load(&input[pixel + channel..]).max(best);
            }
            let mut left = F32x4::load(&source[channel..]);
            for pixel in geometry.pixels(window) {
                let hit = F32x4::load(&input[pixel + channel..]).equal(best);
                let target = &mut output[pixel + channel..];
                (F32x4::load(target) + left.and(hit)).store(target);
                left = left.and_not(hit);
            }
        }
        for channel in whole..channels {
            let mut best: Option<(usize, f32)> = None;
            for pixel in geometry.pixels(window) {
                let value = input[pixel + channel];
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

/// The mean of each window's elements that lie in the image.
pub fn average_pool(geometry: &PoolGeometry, input: &[f32], output: &mut [f32]) {
    let channels = geometry.channels;
    geometry.for_each_window(|window| {
        let target = &mut output[window.output..][..channels];
        let count = (window.rows * window.columns).max(1) as f32;
        let whole = channels / LANES * LANES;
        for channel in (0..whole).step_by(LANES) {
            let mut sum = F32x4::zero();
            for pixel in geometry.pixels(window) {
                sum = sum + F32x4::load(&input[pixel + channel..]);
            }
            (sum / F32x4::splat(count)).store(&mut target[channel..]);
        }
        for channel in whole..channels {
            let sum: f32 = geometry.pixels(window).map(|pixel| input[pixel + channel]).sum();
            target[channel] = sum / count;
        }
    });
}

/// The gradient of [`average_pool`] with respect to its input.
pub fn average_pool_gradient(geometry: &PoolGeometry, gradient: &[f32], output: &mut [f32]) {
    let channels = geometry.channels;
    output.fill(0.0);
    geometry.for_each_window(|window| {
        let source = &gradient[window.output..][..channels];
        let count = (window.rows * window.columns).max(1) as f32;
        let whole = channels / LANES * LANES;
        for pixel in geometry.pixels(window) {
            let target = &mut output[pixel..][..channels];
            for channel in (0..whole).step_by(LANES) {
                let share = F32x4::load(&source[channel..]) / F32x4::splat(count);
                (F32x4::load(&target[channel..]) + share).store(&mut target[channel..]);
            }
            for channel in whole..channels {
                target[channel] += source[channel] / count;
            }
        }
    });
}
