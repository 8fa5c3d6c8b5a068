//! Four `f32` in one register: `v128` in WebAssembly, SSE2 on x86-64, an array elsewhere.
//!
//! All three give the same bits, so results do not depend on the machine. [`F32x4::mul_add`] therefore rounds twice,
//! except in builds with relaxed SIMD, which trade this for speed.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// Number of lanes of a vector.
pub const LANES: usize = 4;

/// Four `f32`. Comparisons give masks: lanes of all ones or all zeros, for [`F32x4::select`].
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x4(imp::Vector);

impl F32x4 {
    #[inline(always)]
    pub fn zero() -> Self {
        Self::splat(0.0)
    }

    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self(imp::splat(value))
    }

    #[inline(always)]
    pub fn from_array(values: [f32; LANES]) -> Self {
        // SAFETY: the array is four readable words.
        unsafe { Self::load_unchecked(values.as_ptr()) }
    }

    #[inline(always)]
    pub fn to_array(self) -> [f32; LANES] {
        let mut values = [0.0; LANES];
        // SAFETY: the array is four writable words.
        unsafe { self.store_unchecked(values.as_mut_ptr()) };
        values
    }

    /// Loads the first four values of a slice. The slice must have at least four.
    #[inline(always)]
    pub fn load(values: &[f32]) -> Self {
        assert!(values.len() >= LANES);
        // SAFETY: the assertion has checked the length.
        unsafe { Self::load_unchecked(values.as_ptr()) }
    }

    /// Stores the lanes at the start of a slice. The slice must have at least four values.
    #[inline(always)]
    pub fn store(self, values: &mut [f32]) {
        assert!(values.len() >= LANES);
        // SAFETY: the assertion has checked the length.
        unsafe { self.store_unchecked(values.as_mut_ptr()) }
    }

    /// # Safety
    /// Four words at `from` must be readable; no alignment is needed beyond that of `f32`.
    #[inline(always)]
    pub unsafe fn load_unchecked(from: *const f32) -> Self {
        // SAFETY: the caller guarantees this.
        Self(unsafe { imp::load(from) })
    }

    /// # Safety
    /// Four words at `to` must be writable; no alignment is needed beyond that of `f32`.
    #[inline(always)]
    pub unsafe fn store_unchecked(self, to: *mut f32) {
        // SAFETY: the caller guarantees this.
        unsafe { imp::store(self.0, to) }
    }

    /// Loads one word into every lane.
    ///
    /// # Safety
    /// The word at `from` must be readable.
    #[inline(always)]
    pub unsafe fn load_splat_unchecked(from: *const f32) -> Self {
        // SAFETY: the caller guarantees this.
        Self(unsafe { imp::load_splat(from) })
    }

    /// Computes `self + a * b`; rounds the product too, except with relaxed SIMD.
    #[inline(always)]
    pub fn mul_add(self, a: Self, b: Self) -> Self {
        Self(imp::mul_add(self.0, a.0, b.0))
    }

    /// Returns the lesser value; `self` if either is NaN, or if both are zeros.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        Self(imp::min(self.0, other.0))
    }

    /// Returns the greater value; `self` if either is NaN, or if both are zeros.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self(imp::max(self.0, other.0))
    }

    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self(imp::sqrt(self.0))
    }

    #[inline(always)]
    pub fn abs(self) -> Self {
        self.and(Self::splat(f32::from_bits(0x7fff_ffff)))
    }

    /// Returns the mask of `self < other`; false for NaN, as in all comparisons except [`F32x4::not_equal`].
    #[inline(always)]
    pub fn less(self, other: Self) -> Self {
        Self(imp::less(self.0, other.0))
    }

    #[inline(always)]
    pub fn less_equal(self, other: Self) -> Self {
        Self(imp::less_equal(self.0, other.0))
    }

    #[inline(always)]
    pub fn greater(self, other: Self) -> Self {
        other.less(self)
    }

    #[inline(always)]
    pub fn greater_equal(self, other: Self) -> Self {
        other.less_equal(self)
    }

    #[inline(always)]
    pub fn equal(self, other: Self) -> Self {
        Self(imp::equal(self.0, other.0))
    }

    #[inline(always)]
    pub fn not_equal(self, other: Self) -> Self {
        Self(imp::not_equal(self.0, other.0))
    }

    /// Selects `then` in lanes where this mask is set, `otherwise` elsewhere.
    #[inline(always)]
    pub fn select(self, then: Self, otherwise: Self) -> Self {
        Self(imp::select(self.0, then.0, otherwise.0))
    }

    /// Computes bitwise and.
    #[inline(always)]
    pub fn and(self, other: Self) -> Self {
        Self(imp::and(self.0, other.0))
    }

    /// Computes bitwise `self & !other`.
    #[inline(always)]
    pub fn and_not(self, other: Self) -> Self {
        Self(imp::and_not(self.0, other.0))
    }

    /// Computes bitwise or.
    #[inline(always)]
    pub fn or(self, other: Self) -> Self {
        Self(imp::or(self.0, other.0))
    }

    /// Computes bitwise exclusive or.
    #[inline(always)]
    pub fn xor(self, other: Self) -> Self {
        Self(imp::xor(self.0, other.0))
    }

    /// Adds the bits as `i32`.
    #[inline(always)]
    pub fn add_bits(self, other: Self) -> Self {
        Self(imp::add_bits(self.0, other.0))
    }

    /// Subtracts the bits as `i32`.
    #[inline(always)]
    pub fn sub_bits(self, other: Self) -> Self {
        Self(imp::sub_bits(self.0, other.0))
    }

    /// Shifts the bits left.
    #[inline(always)]
    pub fn shift_bits_left<const BY: i32>(self) -> Self {
        Self(imp::shift_left::<BY>(self.0))
    }

    /// Shifts the bits right as `i32`, repeating the sign.
    #[inline(always)]
    pub fn shift_bits_right<const BY: i32>(self) -> Self {
        Self(imp::shift_right::<BY>(self.0))
    }

    /// Converts the bits, as `i32`, to floating point.
    #[inline(always)]
    pub fn bits_to_f32(self) -> Self {
        Self(imp::bits_to_f32(self.0))
    }

    /// Sums the lanes in the order `(0 + 2) + (1 + 3)`.
    #[inline(always)]
    pub fn sum(self) -> f32 {
        let [a, b, c, d] = self.to_array();
        (a + c) + (b + d)
    }
}

impl Add for F32x4 {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(imp::add(self.0, other.0))
    }
}

impl Sub for F32x4 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(imp::sub(self.0, other.0))
    }
}

impl Mul for F32x4 {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(imp::mul(self.0, other.0))
    }
}

impl Div for F32x4 {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(imp::div(self.0, other.0))
    }
}

impl Neg for F32x4 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.xor(Self::splat(-0.0))
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod imp {
    use core::arch::wasm32::*;

    pub type Vector = v128;

    macro_rules! binary {
        ($($name:ident = $intrinsic:ident),* $(,)?) => {$(
            #[inline(always)]
            pub fn $name(a: v128, b: v128) -> v128 {
                $intrinsic(a, b)
            }
        )*};
    }

    binary! {
        add = f32x4_add, sub = f32x4_sub, mul = f32x4_mul, div = f32x4_div, min = f32x4_pmin, max = f32x4_pmax,
        less = f32x4_lt, less_equal = f32x4_le, equal = f32x4_eq, not_equal = f32x4_ne,
        and = v128_and, and_not = v128_andnot, or = v128_or, xor = v128_xor,
        add_bits = i32x4_add, sub_bits = i32x4_sub,
    }

    #[inline(always)]
    pub fn splat(value: f32) -> v128 {
        f32x4_splat(value)
    }

    #[inline(always)]
    pub unsafe fn load(from: *const f32) -> v128 {
        // SAFETY: the caller guarantees this; wasm loads need no alignment.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    pub unsafe fn store(value: v128, to: *mut f32) {
        // SAFETY: the caller guarantees this; wasm stores need no alignment.
        unsafe { v128_store(to.cast(), value) }
    }

    #[inline(always)]
    pub unsafe fn load_splat(from: *const f32) -> v128 {
        // SAFETY: the caller guarantees this.
        unsafe { v128_load32_splat(from.cast()) }
    }

    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    pub fn mul_add(sum: v128, a: v128, b: v128) -> v128 {
        f32x4_add(sum, f32x4_mul(a, b))
    }

    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    pub fn mul_add(sum: v128, a: v128, b: v128) -> v128 {
        f32x4_relaxed_madd(a, b, sum)
    }

    #[inline(always)]
    pub fn sqrt(a: v128) -> v128 {
        f32x4_sqrt(a)
    }

    #[inline(always)]
    pub fn select(mask: v128, then: v128, otherwise: v128) -> v128 {
        v128_bitselect(then, otherwise, mask)
    }

    #[inline(always)]
    pub fn shift_left<const BY: i32>(a: v128) -> v128 {
        i32x4_shl(a, BY as u32)
    }

    #[inline(always)]
    pub fn shift_right<const BY: i32>(a: v128) -> v128 {
        i32x4_shr(a, BY as u32)
    }

    #[inline(always)]
    pub fn bits_to_f32(a: v128) -> v128 {
        f32x4_convert_i32x4(a)
    }
}

#[cfg(target_arch = "x86_64")]
mod imp {
    //! SSE2 belongs to every x86-64 processor, so its intrinsics can always be called.
    use core::arch::x86_64::*;

    pub type Vector = __m128;

    macro_rules! binary {
        ($($name:ident = |$a:ident, $b:ident| $value:expr),* $(,)?) => {$(
            #[inline(always)]
            pub fn $name($a: __m128, $b: __m128) -> __m128 {
                // SAFETY: SSE2 is part of x86-64.
                #[allow(unused_unsafe)]
                unsafe { $value }
            }
        )*};
    }

    binary! {
        add = |a, b| _mm_add_ps(a, b),
        sub = |a, b| _mm_sub_ps(a, b),
        mul = |a, b| _mm_mul_ps(a, b),
        div = |a, b| _mm_div_ps(a, b),
        // Operands are swapped: for NaN and zeros, MINPS and MAXPS return their second operand, and `F32x4::min`
        // promises the first.
        min = |a, b| _mm_min_ps(b, a),
        max = |a, b| _mm_max_ps(b, a),
        less = |a, b| _mm_cmplt_ps(a, b),
        less_equal = |a, b| _mm_cmple_ps(a, b),
        equal = |a, b| _mm_cmpeq_ps(a, b),
        not_equal = |a, b| _mm_cmpneq_ps(a, b),
        and = |a, b| _mm_and_ps(a, b),
        and_not = |a, b| _mm_andnot_ps(b, a),
        or = |a, b| _mm_or_ps(a, b),
        xor = |a, b| _mm_xor_ps(a, b),
        add_bits = |a, b| _mm_castsi128_ps(_mm_add_epi32(_mm_castps_si128(a), _mm_castps_si128(b))),
        sub_bits = |a, b| _mm_castsi128_ps(_mm_sub_epi32(_mm_castps_si128(a), _mm_castps_si128(b))),
    }

    #[inline(always)]
    pub fn splat(value: f32) -> __m128 {
        // SAFETY: SSE2 is part of x86-64.
        #[allow(unused_unsafe)]
        unsafe {
            _mm_set1_ps(value)
        }
    }

    #[inline(always)]
    pub unsafe fn load(from: *const f32) -> __m128 {
        // SAFETY: the caller guarantees this; the load is unaligned.
        unsafe { _mm_loadu_ps(from) }
    }

    #[inline(always)]
    pub unsafe fn store(value: __m128, to: *mut f32) {
        // SAFETY: the caller guarantees this; the store is unaligned.
        unsafe { _mm_storeu_ps(to, value) }
    }

    #[inline(always)]
    pub unsafe fn load_splat(from: *const f32) -> __m128 {
        // SAFETY: the caller guarantees this.
        unsafe { _mm_set1_ps(*from) }
    }

    #[inline(always)]
    pub fn mul_add(sum: __m128, a: __m128, b: __m128) -> __m128 {
        add(sum, mul(a, b))
    }

    #[inline(always)]
    pub fn sqrt(a: __m128) -> __m128 {
        // SAFETY: SSE2 is part of x86-64.
        #[allow(unused_unsafe)]
        unsafe {
            _mm_sqrt_ps(a)
        }
    }

    #[inline(always)]
    pub fn select(mask: __m128, then: __m128, otherwise: __m128) -> __m128 {
        or(and(mask, then), and_not(otherwise, mask))
    }

    #[inline(always)]
    pub fn shift_left<const BY: i32>(a: __m128) -> __m128 {
        // SAFETY: SSE2 is part of x86-64.
        #[allow(unused_unsafe)]
        unsafe {
            _mm_castsi128_ps(_mm_slli_epi32::<BY>(_mm_castps_si128(a)))
        }
    }

    #[inline(always)]
    pub fn shift_right<const BY: i32>(a: __m128) -> __m128 {
        // SAFETY: SSE2 is part of x86-64.
        #[allow(unused_unsafe)]
        unsafe {
            _mm_castsi128_ps(_mm_srai_epi32::<BY>(_mm_castps_si128(a)))
        }
    }

    #[inline(always)]
    pub fn bits_to_f32(a: __m128) -> __m128 {
        // SAFETY: SSE2 is part of x86-64.
        #[allow(unused_unsafe)]
        unsafe {
            _mm_cvtepi32_ps(_mm_castps_si128(a))
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
mod imp {
    //! Arrays, which the compiler turns into the processor's vectors.

    pub type Vector = [f32; 4];

    #[inline(always)]
    fn map2(a: Vector, b: Vector, f: impl Fn(f32, f32) -> f32) -> Vector {
        std::array::from_fn(|lane| f(a[lane], b[lane]))
    }

    #[inline(always)]
    fn mask2(a: Vector, b: Vector, f: impl Fn(f32, f32) -> bool) -> Vector {
        map2(a, b, |a, b| f32::from_bits(if f(a, b) { u32::MAX } else { 0 }))
    }

    #[inline(always)]
    fn bits2(a: Vector, b: Vector, f: impl Fn(u32, u32) -> u32) -> Vector {
        map2(a, b, |a, b| f32::from_bits(f(a.to_bits(), b.to_bits())))
    }

    macro_rules! binary {
        ($($name:ident = $map:ident, $f:expr);* $(;)?) => {$(
            #[inline(always)]
            pub fn $name(a: Vector, b: Vector) -> Vector {
                $map(a, b, $f)
            }
        )*};
    }

    binary! {
        add = map2, |a, b| a + b;
        sub = map2, |a, b| a - b;
        mul = map2, |a, b| a * b;
        div = map2, |a, b| a / b;
        min = map2, |a, b| if b < a { b } else { a };
        max = map2, |a, b| if a < b { b } else { a };
        less = mask2, |a, b| a < b;
        less_equal = mask2, |a, b| a <= b;
        equal = mask2, |a, b| a == b;
        not_equal = mask2, |a, b| a != b;
        and = bits2, |a, b| a & b;
        and_not = bits2, |a, b| a & !b;
        or = bits2, |a, b| a | b;
        xor = bits2, |a, b| a ^ b;
        add_bits = bits2, |a, b| a.wrapping_add(b);
        sub_bits = bits2, |a, b| a.wrapping_sub(b);
    }

    #[inline(always)]
    pub fn splat(value: f32) -> Vector {
        [value; 4]
    }

    #[inline(always)]
    pub unsafe fn load(from: *const f32) -> Vector {
        // SAFETY: the caller guarantees this; an array of f32 has the alignment of f32.
        unsafe { *from.cast() }
    }

    #[inline(always)]
    pub unsafe fn store(value: Vector, to: *mut f32) {
        // SAFETY: the caller guarantees this; an array of f32 has the alignment of f32.
        unsafe { *to.cast() = value }
    }

    #[inline(always)]
    pub unsafe fn load_splat(from: *const f32) -> Vector {
        // SAFETY: the caller guarantees this.
        [unsafe { *from }; 4]
    }

    #[inline(always)]
    pub fn mul_add(sum: Vector, a: Vector, b: Vector) -> Vector {
        add(sum, mul(a, b))
    }

    #[inline(always)]
    pub fn sqrt(a: Vector) -> Vector {
        a.map(f32::sqrt)
    }

    #[inline(always)]
    pub fn select(mask: Vector, then: Vector, otherwise: Vector) -> Vector {
        or(and(mask, then), and_not(otherwise, mask))
    }

    #[inline(always)]
    pub fn shift_left<const BY: i32>(a: Vector) -> Vector {
        a.map(|a| f32::from_bits(a.to_bits() << BY))
    }

    #[inline(always)]
    pub fn shift_right<const BY: i32>(a: Vector) -> Vector {
        a.map(|a| f32::from_bits((a.to_bits() as i32 >> BY) as u32))
    }

    #[inline(always)]
    pub fn bits_to_f32(a: Vector) -> Vector {
        a.map(|a| a.to_bits() as i32 as f32)
    }
}
