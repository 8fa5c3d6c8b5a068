//! From a pixel of the output to the pixels of the input that it shows: TensorFlow's `ImageProjectiveTransformV3`.

use super::AffineWarp;

/// What is shown between the middles of pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// The four pixels round the place, each as much as it is near.
    Bilinear,
}

/// What is shown beyond the borders.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FillMode {
    /// This number.
    Constant(f32),
    /// The image, mirrored at its border: `d c b a | a b c d | d c b a`.
    Reflect,
    /// The image again: `a b c d | a b c d | a b c d`.
    Wrap,
    /// The pixel at the border: `a a a a | a b c d | d d d d`.
    Nearest,
}

/// The origin of a share of a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// The number at this index of the images.
    Pixel(usize),
    Fill(f32),
}

impl Interpolation {
    /// Returns Keras's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
        }
    }

    pub(super) fn is_nearest(self) -> bool {
        self == Self::Nearest
    }
}

impl FillMode {
    /// Returns Keras's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Reflect => "reflect",
            Self::Wrap => "wrap",
            Self::Nearest => "nearest",
        }
    }

    /// Returns the number in the shader.
    pub(super) fn number(self) -> usize {
        match self {
            Self::Constant(_) => 0,
            Self::Reflect => 1,
            Self::Wrap => 2,
            Self::Nearest => 3,
        }
    }

    /// Returns what is shown outside, where that is no pixel.
    pub(super) fn value(self) -> f32 {
        match self {
            Self::Constant(value) => value,
            _ => 0.0,
        }
    }

    /// Maps a coordinate along an axis of this many pixels into the image, unless what is outside is constant.
    fn inside(self, coordinate: f32, extent: usize) -> f32 {
        let (length, last) = (extent as f32, extent as f32 - 1.0);
        let is_single = extent <= 1;
        let mapped = match self {
            // No need to tell places apart that are far outside.
            Self::Constant(_) => return coordinate.clamp(-2.0, length + 1.0),
            Self::Nearest => coordinate,
            _ if is_single => 0.0,
            Self::Reflect => {
                let period = 2.0 * length;
                if coordinate < 0.0 {
                    let within = period * (-coordinate / period).trunc() + coordinate;
                    if within < -length { within + period } else { -within - 1.0 }
                } else {
                    let within = coordinate - period * (coordinate / period).trunc();
                    if within >= length { period - within - 1.0 } else { within }
                }
            }
            Self::Wrap if coordinate < 0.0 => coordinate + length * ((-coordinate / last).trunc() + 1.0),
            Self::Wrap if coordinate > last => coordinate - length * (coordinate / last).trunc(),
            Self::Wrap => coordinate,
        };
        mapped.clamp(0.0, last)
    }
}

/// Returns the pixels of the input, `None` outside of it, that the output's pixel in this row and column shows, and their
/// shares.
pub(super) fn taps(
    warp: AffineWarp,
    map: &[f32],
    [row, column]: [usize; 2],
    [height, width]: [usize; 2],
) -> impl Iterator<Item = (Option<[usize; 2]>, f32)> {
    let (x, y) = (column as f32, row as f32);
    let at = |first: usize| map[first] * x + map[first + 1] * y + map[first + 2];
    let (x, y) = (warp.fill.inside(at(0), width), warp.fill.inside(at(3), height));
    let pixel = move |row: f32, column: f32| {
        let is_inside = row >= 0.0 && row < height as f32 && column >= 0.0 && column < width as f32;
        is_inside.then_some([row as usize, column as usize])
    };
    let shares = match warp.interpolation {
        Interpolation::Nearest => [(y.round(), x.round(), 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)],
        Interpolation::Bilinear => {
            let (top, left) = (y.floor(), x.floor());
            let (below, right) = (top + 1.0, left + 1.0);
            [
                (top, left, (below - y) * (right - x)),
                (top, right, (below - y) * (x - left)),
                (below, left, (y - top) * (right - x)),
                (below, right, (y - top) * (x - left)),
            ]
        }
    };
    let count = if warp.interpolation.is_nearest() { 1 } else { shares.len() };
    shares.into_iter().take(count).map(move |(row, column, share)| (pixel(row, column), share))
}
