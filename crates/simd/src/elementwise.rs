//! Elementwise kernels over one block of a result, the instructions of a pointwise program.
//!
//! Each kernel processes four values at a time. The remaining values go through the same lanes, so that a result does
//! not depend on the value's position.

use super::lanes::{F32x4, LANES};

/// Operand of a kernel over one block: as many values as the result has, or one number for all of them.
#[derive(Clone, Copy)]
pub enum Operand<'a> {
    Block(&'a [f32]),
    Number(f32),
    /// The target's value before the kernel runs.
    Target,
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident = $function:expr;)+) => {
        $($(#[$doc])* pub fn $name(target: &mut [f32], a: Operand<'_>) { map(target, a, $function) })+
    };
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $function:expr;)+) => {
        $($(#[$doc])* pub fn $name(target: &mut [f32], a: Operand<'_>, b: Operand<'_>) { map2(target, a, b, $function) })+
    };
}

unary! {
    neg = |a| -a;
    abs = F32x4::abs;
    sqrt = F32x4::sqrt;
    rsqrt = |a: F32x4| F32x4::splat(1.0) / a.sqrt();
    exp = F32x4::exp;
    log = F32x4::log;
    tanh = F32x4::tanh;
}

binary! {
    add = |a, b| a + b;
    sub = |a, b| a - b;
    mul = |a, b| a * b;
    div = |a, b| a / b;
    /// Returns the larger value. Keeps a NaN in `a`, so that a relu cannot hide it.
    max = |a: F32x4, b: F32x4| b.greater(a).select(b, a);
    /// Returns the smaller value. Keeps a NaN in `a`.
    min = |a: F32x4, b: F32x4| b.less(a).select(b, a);
    /// Returns 1 if the comparison holds, else 0; `greater_equal` and `equal` do the same.
    greater = |a: F32x4, b: F32x4| a.greater(b).and(F32x4::splat(1.0));
    greater_equal = |a: F32x4, b: F32x4| a.greater_equal(b).and(F32x4::splat(1.0));
    equal = |a: F32x4, b: F32x4| a.equal(b).and(F32x4::splat(1.0));
}

/// Copies the operand.
pub fn copy(target: &mut [f32], a: Operand<'_>) {
    match a {
        Operand::Block(block) => target.copy_from_slice(block),
        Operand::Number(number) => target.fill(number),
        Operand::Target => {}
    }
}

/// Converts bytes to numbers and divides them by `divisor`. Inlined into a crate that is built for size it would lose
/// its SIMD loop.
#[inline(never)]
pub fn divide_bytes(target: &mut [f32], bytes: &[u8], divisor: f32) {
    target.iter_mut().zip(bytes).for_each(|(target, &byte)| *target = f32::from(byte) / divisor);
}

/// Applies a function without a SIMD version, value by value.
pub fn each(target: &mut [f32], a: Operand<'_>, function: fn(f32) -> f32) {
    match a {
        Operand::Number(a) => target.fill(function(a)),
        Operand::Block(a) => target.iter_mut().zip(a).for_each(|(target, &a)| *target = function(a)),
        Operand::Target => target.iter_mut().for_each(|target| *target = function(*target)),
    }
}

/// Applies a function of two numbers without a SIMD version, value by value.
pub fn each2(target: &mut [f32], a: Operand<'_>, b: Operand<'_>, function: fn(f32, f32) -> f32) {
    for (position, target) in target.iter_mut().enumerate() {
        *target = function(a.at(position, *target), b.at(position, *target));
    }
}

/// Selects `yes` if the condition is not zero, else `no`.
pub fn select(target: &mut [f32], condition: Operand<'_>, yes: Operand<'_>, no: Operand<'_>) {
    if let Operand::Number(condition) = condition {
        // One condition for the whole block: an optimizer keeps its state if a gradient is not finite.
        return copy(target, if condition != 0.0 { yes } else { no });
    }
    if let Operand::Number(no) = no {
        // This is the gradient of relu.
        let no = F32x4::splat(no);
        return map2(target, condition, yes, |condition, yes| condition.not_equal(F32x4::zero()).select(yes, no));
    }
    for (position, target) in target.iter_mut().enumerate() {
        let chosen = if condition.at(position, *target) != 0.0 { yes } else { no };
        *target = chosen.at(position, *target);
    }
}

impl Operand<'_> {
    /// Returns the value at a position of the target; `target` is the target's value there.
    fn at(&self, position: usize, target: f32) -> f32 {
        match self {
            Operand::Block(block) => block[position],
            Operand::Number(number) => *number,
            Operand::Target => target,
        }
    }
}

#[inline(always)]
fn map(target: &mut [f32], a: Operand<'_>, function: impl Fn(F32x4) -> F32x4) {
    map2(target, a, Operand::Number(0.0), |a, _| function(a));
}

/// Applies a function with one loop for every kind of operand, so that only one copy of the function is compiled. A
/// number becomes four equal values that are read again and again. The last few values go through buffers in a second
/// pass.
#[inline(always)]
fn map2(target: &mut [f32], a: Operand<'_>, b: Operand<'_>, function: impl Fn(F32x4, F32x4) -> F32x4) {
    let mut buffers = Buffers::default();
    for pass in passes(target, a, b, &mut buffers) {
        let Pass { mut target, vectors, a: (mut a, a_stride), b: (mut b, b_stride) } = pass;
        for _ in 0..vectors {
            // SAFETY: `passes` has checked that this many vectors can be read from either operand and written to the
            // target. An operand is the target itself or does not overlap it, so no value is read after it was
            // overwritten.
            unsafe {
                function(F32x4::load_unchecked(a), F32x4::load_unchecked(b)).store_unchecked(target);
                (a, b, target) = (a.add(a_stride), b.add(b_stride), target.add(LANES));
            }
        }
    }
    finish(target, &buffers);
}

/// Buffers for numbers as lanes, and for the last values of target and operands, which do not fill a vector.
#[derive(Default)]
struct Buffers {
    numbers: [[f32; LANES]; 2],
    operands: [[f32; LANES]; 2],
    target: [f32; LANES],
}

/// Addresses of one pass over `vectors` vectors. An operand's address advances by its stride in words, four or zero.
struct Pass {
    target: *mut f32,
    vectors: usize,
    a: (*const f32, usize),
    b: (*const f32, usize),
}

/// Returns the pass over the target's whole vectors and the pass over the remaining values.
///
/// # Panics
/// If an operand is shorter than the target.
#[inline(never)]
fn passes(target: &mut [f32], a: Operand<'_>, b: Operand<'_>, buffers: &mut Buffers) -> [Pass; 2] {
    let whole = target.len() / LANES * LANES;
    let left = target.len() - whole;
    let mut last = [0.0; LANES];
    last[..left].copy_from_slice(&target[whole..]);
    let base = target.as_mut_ptr();
    let Buffers { numbers, operands, target: target_buffer } = buffers;
    let mut first = [(std::ptr::null(), 0); 2];
    for (((operand, number), rest), first) in [a, b].into_iter().zip(numbers).zip(&mut *operands).zip(&mut first) {
        *first = match operand {
            Operand::Number(value) => {
                (*number, *rest) = ([value; LANES], [value; LANES]);
                (number.as_ptr(), 0)
            }
            Operand::Block(block) => {
                rest[..left].copy_from_slice(&block[whole..][..left]);
                (block.as_ptr(), LANES)
            }
            Operand::Target => {
                *rest = last;
                (base.cast_const(), LANES)
            }
        };
    }
    let [a, b] = first;
    let [a_rest, b_rest] = [&operands[0], &operands[1]].map(|rest| (rest.as_ptr(), LANES));
    [
        Pass { target: base, vectors: whole / LANES, a, b },
        Pass { target: target_buffer.as_mut_ptr(), vectors: left.min(1), a: a_rest, b: b_rest },
    ]
}

/// Copies the remaining values into the target.
#[inline(never)]
fn finish(target: &mut [f32], buffers: &Buffers) {
    let whole = target.len() / LANES * LANES;
    let rest = &mut target[whole..];
    rest.copy_from_slice(&buffers.target[..rest.len()]);
}
