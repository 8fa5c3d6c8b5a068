//! Linear maps of Winograd's minimal filtering, `Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`, for one dimension and kernels of 3,
//! each with its transpose for the gradients. In two dimensions a map is applied to rows, then to columns.
//!
//! Cook-Toom construction: the rows of `Bᵀ`, `G` and `Aᵀ` belong to points at which polynomials are evaluated, the last one
//! to infinity. See S. Winograd, "Arithmetic Complexity of Computations" (1980), and A. Lavin and S. Gray, "Fast Algorithms
//! for Convolutional Neural Networks" (2016), section 4.

use std::hint::black_box;

use crate::lanes::{F32x4, LANES};
use crate::pack::PANEL;

/// Taps of the kernel along an axis.
pub const TAPS: usize = 3;

/// Position of squares of values in memory, one square per channel.
#[derive(Clone, Copy)]
pub struct Squares {
    /// Offset of the first value of the first channel.
    pub first: usize,
    /// Words from one row of a square to the next, and from one column to the next.
    pub strides: [usize; 2],
    /// Words from 8 channels to the next 8.
    pub panel: usize,
}

/// Function that applies a map in two dimensions to a square of values per channel: source, its squares, target, its
/// squares, number of channels.
///
/// # Panics
/// If a square extends over the end of its slice.
pub type Map = fn(&[f32], Squares, &mut [f32], Squares, usize);

/// Maps for tiles of one size. Maps whose tiles overlap or whose values are summed add to the target.
pub struct Maps {
    /// Outputs of a tile along an axis.
    pub outputs: usize,
    pub input: Map,
    /// Adds to the target.
    pub input_transposed: Map,
    pub kernel: Map,
    /// Adds to the target.
    pub kernel_transposed: Map,
    pub output: Map,
    pub output_transposed: Map,
}

impl Maps {
    const fn of<A: Transforms<OUTPUTS, TILE>, const OUTPUTS: usize, const TILE: usize>() -> Self {
        Self {
            outputs: OUTPUTS,
            input: |from, f, to, t, channels| apply(from, f, to, t, channels, false, A::input),
            input_transposed: |from, f, to, t, channels| apply(from, f, to, t, channels, true, A::input_transposed),
            kernel: |from, f, to, t, channels| apply(from, f, to, t, channels, false, A::kernel),
            kernel_transposed: |from, f, to, t, channels| apply(from, f, to, t, channels, true, A::kernel_transposed),
            output: |from, f, to, t, channels| apply(from, f, to, t, channels, false, A::output),
            output_transposed: |from, f, to, t, channels| apply(from, f, to, t, channels, false, A::output_transposed),
        }
    }

    /// Returns the inputs of a tile along an axis.
    pub fn tile(&self) -> usize {
        self.outputs + TAPS - 1
    }
}

/// Maps of tiles with 3x3 and with 4x4 outputs.
pub static THREE: Maps = Maps::of::<Three, 3, 5>();
pub static FOUR: Maps = Maps::of::<Four, 4, 6>();

/// Applies a map to the rows and then to the columns of every square, four channels at a time.
#[inline(always)]
fn apply<const FROM: usize, const TO: usize>(
    from: &[f32],
    from_squares: Squares,
    to: &mut [f32],
    to_squares: Squares,
    channels: usize,
    adds: bool,
    map: impl Fn([F32x4; FROM]) -> [F32x4; TO],
) {
    let last_channel = channels - LANES;
    let end = |squares: Squares, extent: usize| {
        squares.at(last_channel) + (extent - 1) * (squares.strides[0] + squares.strides[1]) + LANES
    };
    assert!(end(from_squares, FROM) <= from.len() && end(to_squares, TO) <= to.len());
    // The compiler must not unroll these loops: the code would be six times as long, and no faster.
    let (rows, columns) = (black_box(FROM), black_box(TO));
    for channel in (0..channels).step_by(LANES) {
        // SAFETY: the assertion has checked that the last value of the last square is in range, for both slices.
        unsafe {
            let source = from.as_ptr().add(from_squares.at(channel));
            let target = to.as_mut_ptr().add(to_squares.at(channel));
            let mut mapped = [[F32x4::zero(); TO]; FROM];
            for (row, mapped) in mapped.iter_mut().enumerate().take(rows) {
                let source = source.add(row * from_squares.strides[0]);
                *mapped = map(std::array::from_fn(|column| {
                    F32x4::load_unchecked(source.add(column * from_squares.strides[1]))
                }));
            }
            // This loop runs over the columns of `mapped`, whose rows are the outer index.
            #[allow(clippy::needless_range_loop)]
            for column in 0..columns.min(TO) {
                let target = target.add(column * to_squares.strides[1]);
                let values = map(std::array::from_fn(|row| mapped[row][column]));
                for (row, value) in values.into_iter().enumerate() {
                    let target = target.add(row * to_squares.strides[0]);
                    let value = if adds { F32x4::load_unchecked(target) + value } else { value };
                    value.store_unchecked(target);
                }
            }
        }
    }
}

impl Squares {
    fn at(&self, channel: usize) -> usize {
        self.first + channel / PANEL * self.panel + channel % PANEL
    }
}

/// Maps that give `OUTPUTS` values from `TILE = OUTPUTS + 2` inputs.
pub trait Transforms<const OUTPUTS: usize, const TILE: usize> {
    /// Computes `Bᵀ d`.
    fn input(d: [F32x4; TILE]) -> [F32x4; TILE];
    /// Computes `B v`.
    fn input_transposed(v: [F32x4; TILE]) -> [F32x4; TILE];
    /// Computes `G g`.
    fn kernel(g: [F32x4; TAPS]) -> [F32x4; TILE];
    /// Computes `Gᵀ u`.
    fn kernel_transposed(u: [F32x4; TILE]) -> [F32x4; TAPS];
    /// Computes `Aᵀ m`.
    fn output(m: [F32x4; TILE]) -> [F32x4; OUTPUTS];
    /// Computes `A y`.
    fn output_transposed(y: [F32x4; OUTPUTS]) -> [F32x4; TILE];
}

#[inline(always)]
fn times(value: F32x4, factor: f32) -> F32x4 {
    value * F32x4::splat(factor)
}

/// Computes `sum + factor * value`.
#[inline(always)]
fn add(sum: F32x4, factor: f32, value: F32x4) -> F32x4 {
    sum.mul_add(value, F32x4::splat(factor))
}

/// Three outputs from five inputs: points 0, `A`, `-A`, `B`.
///
/// With 0.8125 and 1.75 the rounding errors are three quarters of those with the usual 1 and 2; no pair of small binary
/// fractions has clearly less. See B. Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
/// Convolution for Deep Neural Networks" (2020).
pub struct Three;

impl Three {
    const A: f32 = 0.8125;
    const B: f32 = 1.75;
    const A2: f32 = Self::A * Self::A;
    const B2: f32 = Self::B * Self::B;
    const A2_B: f32 = Self::A2 * Self::B;
    /// Divisors of `G`'s rows, one per point.
    const SCALES: [f32; 4] = [
        1.0 / Self::A2_B,
        0.5 / (Self::A2 * (Self::A - Self::B)),
        -0.5 / (Self::A2 * (Self::A + Self::B)),
        1.0 / (Self::B * (Self::B2 - Self::A2)),
    ];
}

impl Transforms<3, 5> for Three {
    #[inline(always)]
    fn input([d0, d1, d2, d3, d4]: [F32x4; 5]) -> [F32x4; 5] {
        let (odd, even) = (add(d3, -Self::A2, d1), add(d4, -Self::A2, d2));
        let (high, low) = (add(d3, -Self::B, d2), add(d2, -Self::B, d1));
        [
            add(add(high, -Self::A2, d1), Self::A2_B, d0),
            add(high, Self::A, low),
            add(high, -Self::A, low),
            odd,
            add(even, -Self::B, odd),
        ]
    }

    #[inline(always)]
    fn input_transposed([v0, v1, v2, v3, v4]: [F32x4; 5]) -> [F32x4; 5] {
        let high = v0 + v1 + v2;
        let low = times(v1 - v2, Self::A);
        let odd = add(v3, -Self::B, v4);
        [
            times(v0, Self::A2_B),
            add(add(times(low, -Self::B), -Self::A2, v0), -Self::A2, odd),
            add(add(low, -Self::B, high), -Self::A2, v4),
            high + odd,
            v4,
        ]
    }

    #[inline(always)]
    fn kernel([g0, g1, g2]: [F32x4; 3]) -> [F32x4; 5] {
        let (even, odd) = (add(g0, Self::A2, g2), times(g1, Self::A));
        let at_b = add(add(g0, Self::B, g1), Self::B2, g2);
        let [at_0, at_a, at_minus_a, scale_b] = Self::SCALES;
        [times(g0, at_0), times(even + odd, at_a), times(even - odd, at_minus_a), times(at_b, scale_b), g2]
    }

    #[inline(always)]
    fn kernel_transposed([u0, u1, u2, u3, u4]: [F32x4; 5]) -> [F32x4; 3] {
        let [at_0, at_a, at_minus_a, scale_b] = Self::SCALES;
        let (a, minus_a, b) = (times(u1, at_a), times(u2, at_minus_a), times(u3, scale_b));
        let sum = a + minus_a;
        [add(sum + b, at_0, u0), add(times(a - minus_a, Self::A), Self::B, b), add(add(u4, Self::A2, sum), Self::B2, b)]
    }

    #[inline(always)]
    fn output([m0, m1, m2, m3, m4]: [F32x4; 5]) -> [F32x4; 3] {
        let (sum, difference) = (m1 + m2, m1 - m2);
        [m0 + sum + m3, add(times(difference, Self::A), Self::B, m3), add(add(m4, Self::A2, sum), Self::B2, m3)]
    }

    #[inline(always)]
    fn output_transposed([y0, y1, y2]: [F32x4; 3]) -> [F32x4; 5] {
        let (even, odd) = (add(y0, Self::A2, y2), times(y1, Self::A));
        [y0, even + odd, even - odd, add(add(y0, Self::B, y1), Self::B2, y2), y2]
    }
}

/// Four outputs from six inputs: points 0, `A`, `-A`, `B`, `-B`.
///
/// With 0.625 and 1.5 the rounding errors are half of those with the usual 1 and 2, as for [`Three`].
pub struct Four;

impl Four {
    const A: f32 = 0.625;
    const B: f32 = 1.5;
    const A2: f32 = Self::A * Self::A;
    const B2: f32 = Self::B * Self::B;
    const A3: f32 = Self::A2 * Self::A;
    const B3: f32 = Self::B2 * Self::B;
    const SUM: f32 = Self::A2 + Self::B2;
    const PRODUCT: f32 = Self::A2 * Self::B2;
    /// Divisors of `G`'s rows: at 0, at both `A`, at both `B`.
    const SCALES: [f32; 3] =
        [1.0 / Self::PRODUCT, 0.5 / (Self::A2 * (Self::A2 - Self::B2)), 0.5 / (Self::B2 * (Self::B2 - Self::A2))];
}

impl Transforms<4, 6> for Four {
    #[inline(always)]
    fn input([d0, d1, d2, d3, d4, d5]: [F32x4; 6]) -> [F32x4; 6] {
        let (even_a, odd_a) = (add(d4, -Self::B2, d2), add(d3, -Self::B2, d1));
        let (even_b, odd_b) = (add(d4, -Self::A2, d2), add(d3, -Self::A2, d1));
        [
            add(add(d4, -Self::SUM, d2), Self::PRODUCT, d0),
            add(even_a, Self::A, odd_a),
            add(even_a, -Self::A, odd_a),
            add(even_b, Self::B, odd_b),
            add(even_b, -Self::B, odd_b),
            add(add(d5, -Self::SUM, d3), Self::PRODUCT, d1),
        ]
    }

    #[inline(always)]
    fn input_transposed([v0, v1, v2, v3, v4, v5]: [F32x4; 6]) -> [F32x4; 6] {
        let (even_a, odd_a) = (v1 + v2, times(v1 - v2, Self::A));
        let (even_b, odd_b) = (v3 + v4, times(v3 - v4, Self::B));
        [
            times(v0, Self::PRODUCT),
            add(add(times(v5, Self::PRODUCT), -Self::B2, odd_a), -Self::A2, odd_b),
            add(add(times(v0, -Self::SUM), -Self::B2, even_a), -Self::A2, even_b),
            add(odd_a + odd_b, -Self::SUM, v5),
            v0 + even_a + even_b,
            v5,
        ]
    }

    #[inline(always)]
    fn kernel([g0, g1, g2]: [F32x4; 3]) -> [F32x4; 6] {
        let [at_0, at_a, at_b] = Self::SCALES;
        let (even_a, odd_a) = (add(g0, Self::A2, g2), times(g1, Self::A));
        let (even_b, odd_b) = (add(g0, Self::B2, g2), times(g1, Self::B));
        [
            times(g0, at_0),
            times(even_a + odd_a, at_a),
            times(even_a - odd_a, at_a),
            times(even_b + odd_b, at_b),
            times(even_b - odd_b, at_b),
            g2,
        ]
    }

    #[inline(always)]
    fn kernel_transposed([u0, u1, u2, u3, u4, u5]: [F32x4; 6]) -> [F32x4; 3] {
        let [at_0, at_a, at_b] = Self::SCALES;
        let (even_a, odd_a) = (times(u1 + u2, at_a), times(u1 - u2, at_a));
        let (even_b, odd_b) = (times(u3 + u4, at_b), times(u3 - u4, at_b));
        [
            add(even_a + even_b, at_0, u0),
            add(times(odd_a, Self::A), Self::B, odd_b),
            add(add(u5, Self::A2, even_a), Self::B2, even_b),
        ]
    }

    #[inline(always)]
    fn output([m0, m1, m2, m3, m4, m5]: [F32x4; 6]) -> [F32x4; 4] {
        let (even_a, odd_a) = (m1 + m2, m1 - m2);
        let (even_b, odd_b) = (m3 + m4, m3 - m4);
        [
            m0 + even_a + even_b,
            add(times(odd_a, Self::A), Self::B, odd_b),
            add(times(even_a, Self::A2), Self::B2, even_b),
            add(add(m5, Self::A3, odd_a), Self::B3, odd_b),
        ]
    }

    #[inline(always)]
    fn output_transposed([y0, y1, y2, y3]: [F32x4; 4]) -> [F32x4; 6] {
        let (even_a, odd_a) = (add(y0, Self::A2, y2), times(add(y1, Self::A2, y3), Self::A));
        let (even_b, odd_b) = (add(y0, Self::B2, y2), times(add(y1, Self::B2, y3), Self::B));
        [y0, even_a + odd_a, even_a - odd_a, even_b + odd_b, even_b - odd_b, y3]
    }
}
