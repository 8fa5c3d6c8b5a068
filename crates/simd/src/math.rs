//! Exponential, logarithm and hyperbolic tangent of four lanes, to about 1e-7 relative.
//!
//! Range reduction and minimax polynomials are those of the Cephes library (S. Moshier, single precision `expf`,
//! `logf`, `tanhf`), rewritten for lanes without branches.

use super::lanes::F32x4;

/// Added to a value below 2^22, rounds it to the nearest integer, which the low bits of the sum then hold.
const ROUNDER: f32 = 12_582_912.0;

/// Evaluates a polynomial by Horner's scheme, highest power first.
#[inline(always)]
fn polynomial(x: F32x4, coefficients: &[f32]) -> F32x4 {
    let mut sum = F32x4::zero();
    for &coefficient in coefficients {
        sum = F32x4::splat(coefficient).mul_add(sum, x);
    }
    sum
}

impl F32x4 {
    /// Computes `e^x`. Overflows to infinity above 88.72, loses precision (denormals) below -87.33, and is 0 below
    /// -104.
    #[inline(always)]
    pub fn exp(self) -> F32x4 {
        let x = self.max(F32x4::splat(-104.0)).min(F32x4::splat(89.0));
        // x = n ln 2 + r with |r| <= ln(2) / 2, and e^x = 2^n e^r. ln 2 in two parts, the first exact when multiplied.
        let rounded = F32x4::splat(ROUNDER).mul_add(x, F32x4::splat(std::f32::consts::LOG2_E));
        let n = rounded - F32x4::splat(ROUNDER);
        let r = x.mul_add(n, F32x4::splat(-0.693_359_4)).mul_add(n, F32x4::splat(2.121_944_4e-4));
        let p = polynomial(r, &[1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
        let e_r = (F32x4::splat(1.0) + r).mul_add(p, r * r);
        // 2^n is computed as two factors, since n ranges from -150 to 128 and an exponent only from -126 to 127.
        let n_bits = rounded.sub_bits(F32x4::splat(ROUNDER));
        let half = n_bits.shift_bits_right::<1>();
        let power = |n: F32x4| n.add_bits(F32x4::splat(f32::from_bits(127))).shift_bits_left::<23>();
        let result = e_r * power(half) * power(n_bits.sub_bits(half));
        // NaN stays NaN: compiled to WebAssembly, the bounds above turn it into one of them.
        self.less(F32x4::splat(f32::INFINITY)).select(result, self)
    }

    /// Computes the natural logarithm; minus infinity at 0, NaN below.
    #[inline(always)]
    pub fn log(self) -> F32x4 {
        let one = F32x4::splat(1.0);
        // Scale denormals up first.
        let tiny = self.less(F32x4::splat(f32::MIN_POSITIVE));
        let x = tiny.select(self * F32x4::splat(8_388_608.0), self);
        // x = m 2^e with m in [0.5, 1), then moved to [sqrt(1/2), sqrt(2)).
        let exponent_bits = x.shift_bits_right::<23>().sub_bits(F32x4::splat(f32::from_bits(126)));
        let e = exponent_bits.bits_to_f32() - tiny.and(F32x4::splat(23.0));
        let m = x.and(F32x4::splat(f32::from_bits(0x007f_ffff))).or(F32x4::splat(0.5));
        let low = m.less(F32x4::splat(std::f32::consts::FRAC_1_SQRT_2));
        let e = e - low.and(one);
        let r = m + low.and(m) - one;
        let p = polynomial(
            r,
            &[
                7.037_683_6e-2,
                -1.151_461e-1,
                1.167_699_9e-1,
                -1.242_014_1e-1,
                1.424_932_3e-1,
                -1.666_805_7e-1,
                2.000_071_5e-1,
                -2.499_999_4e-1,
                3.333_333e-1,
            ],
        );
        let r2 = r * r;
        let tail = (r * r2 * p).mul_add(e, F32x4::splat(-2.121_944_4e-4)).mul_add(r2, F32x4::splat(-0.5));
        let result = (r + tail).mul_add(e, F32x4::splat(0.693_359_4));
        let infinite = self.equal(F32x4::splat(f32::INFINITY));
        let result = infinite.select(self, result);
        let result = self.equal(F32x4::zero()).select(F32x4::splat(f32::NEG_INFINITY), result);
        // NaN gives NaN too, because this comparison is then false.
        self.greater_equal(F32x4::zero()).select(result, F32x4::splat(f32::NAN))
    }

    /// Computes the hyperbolic tangent.
    #[inline(always)]
    pub fn tanh(self) -> F32x4 {
        let magnitude = self.abs();
        // Use a polynomial near 0, because 1 - 2 / (e^2x + 1) cancels there.
        let x2 = self * self;
        let p = polynomial(x2, &[-5.704_988_7e-3, 2.063_909e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1]);
        let near = self.mul_add(self * x2, p);
        let one = F32x4::splat(1.0);
        let e = (magnitude + magnitude).exp();
        let far = (one - F32x4::splat(2.0) / (e + one)).or(self.and(F32x4::splat(-0.0)));
        magnitude.less(F32x4::splat(0.625)).select(near, far)
    }

    /// Computes the logistic function `1 / (1 + e^-x)`.
    #[inline(always)]
    pub fn sigmoid(self) -> F32x4 {
        let one = F32x4::splat(1.0);
        one / (one + (-self).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, lanes: impl Fn(F32x4) -> F32x4, exact: impl Fn(f64) -> f64, low: f32, high: f32) {
        let count = 200_000;
        for step in 0..count {
            let x = low + (high - low) * step as f32 / count as f32;
            let got = lanes(F32x4::splat(x)).to_array()[0];
            let expected = exact(f64::from(x));
            let error = (f64::from(got) - expected).abs() / expected.abs().max(1e-30);
            assert!(error < 2.5e-7, "{name}({x}) = {got}, expected {expected}, relative error {error:e}");
        }
    }

    #[test]
    fn functions_are_accurate() {
        check("exp", F32x4::exp, f64::exp, -87.0, 88.7);
        check("log", F32x4::log, f64::ln, 1.0e-6, 0.9);
        check("log", F32x4::log, f64::ln, 1.1, 1.0e5);
        check("tanh", F32x4::tanh, f64::tanh, -10.0, 10.0);
        check("sigmoid", F32x4::sigmoid, |x| 1.0 / (1.0 + (-x).exp()), -80.0, 20.0);
    }

    #[test]
    fn extremes() {
        let one = |f: fn(F32x4) -> F32x4, x: f32| f(F32x4::splat(x)).to_array()[0];
        assert_eq!(one(F32x4::exp, 0.0), 1.0);
        assert_eq!(one(F32x4::exp, f32::INFINITY), f32::INFINITY);
        assert_eq!(one(F32x4::exp, 100.0), f32::INFINITY);
        assert_eq!(one(F32x4::exp, f32::NEG_INFINITY), 0.0);
        assert!(one(F32x4::exp, f32::NAN).is_nan());
        assert_eq!(one(F32x4::log, 1.0), 0.0);
        assert_eq!(one(F32x4::log, 0.0), f32::NEG_INFINITY);
        assert_eq!(one(F32x4::log, f32::INFINITY), f32::INFINITY);
        assert!(one(F32x4::log, -1.0).is_nan());
        assert!(one(F32x4::log, f32::NAN).is_nan());
        assert!((one(F32x4::log, 1.0e-40) - -92.1034).abs() < 1e-3);
        assert_eq!(one(F32x4::tanh, f32::INFINITY), 1.0);
        assert_eq!(one(F32x4::tanh, f32::NEG_INFINITY), -1.0);
        assert!(one(F32x4::tanh, f32::NAN).is_nan());
    }

    #[test]
    fn min_and_max_give_the_first_operand_for_nan() {
        let nan = F32x4::splat(f32::NAN);
        let one = F32x4::splat(1.0);
        assert!(nan.max(one).to_array()[0].is_nan() && nan.min(one).to_array()[0].is_nan());
        assert_eq!((one.max(nan).to_array()[0], one.min(nan).to_array()[0]), (1.0, 1.0));
    }
}
