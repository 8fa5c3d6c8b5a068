//! Elementwise kernels over one block of a result: what a pointwise program is run with.
//!
//! Four values at a time; what is left over goes through the same lanes, so that a value does not depend on its position.

use super::lanes::{F32x4, LANES};

/// What a kernel reads over one block: as many values as the result has, or one number for all of them.
#[derive(Clone, Copy)]
pub enum Operand<'a> {
    Block(&'a [f32]),
    Number(f32),
    /// What the target holds before.
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
    /// The larger of the two; a NaN in `a` stays: it must not hide behind a relu.
    max = |a: F32x4, b: F32x4| b.greater(a).select(b, a);
    /// The smaller of the two; a NaN in `a` stays.
    min = |a: F32x4, b: F32x4| b.less(a).select(b, a);
    /// One where it holds, else zero; so are the next two.
    greater = |a: F32x4, b: F32x4| a.greater(b).and(F32x4::splat(1.0));
    greater_equal = |a: F32x4, b: F32x4| a.greater_equal(b).and(F32x4::splat(1.0));
    equal = |a: F32x4, b: F32x4| a.equal(b).and(F32x4::splat(1.0));
}

/// A copy of the operand.
pub fn copy(target: &mut [f32], a: Operand<'_>) {
    match a {
        Operand::Block(block) => target.copy_from_slice(block),
        Operand::Number(number) => target.fill(number),
        Operand::Target => {}
    }
}

/// Bytes as numbers, divided by `divisor`. Not inlined where a program is built for size, which would undo its lanes.
#[inline(never)]
pub fn divide_bytes(target: &mut [f32], bytes: &[u8], divisor: f32) {
    target.iter_mut().zip(bytes).for_each(|(target, &byte)| *target = f32::from(byte) / divisor);
}

/// A function that has no lanes of its own, value by value.
pub fn each(target: &mut [f32], a: Operand<'_>, function: fn(f32) -> f32) {
    match a {
        Operand::Number(a) => target.fill(function(a)),
        Operand::Block(a) => target.iter_mut().zip(a).for_each(|(target, &a)| *target = function(a)),
        Operand::Target => target.iter_mut().for_each(|target| *target = function(*target)),
    }
}

/// A function of two numbers that has no lanes of its own, value by value.
pub fn each2(target: &mut [f32], a: Operand<'_>, b: Operand<'_>, function: fn(f32, f32) -> f32) {
    for (position, target) in target.iter_mut().enumerate() {
        *target = function(a.at(position, *target), b.at(position, *target));
    }
}

/// `yes` where the condition is not zero, else `no`.
pub fn select(target: &mut [f32], condition: Operand<'_>, yes: Operand<'_>, no: Operand<'_>) {
    if let Operand::Number(condition) = condition {
        // One choice for all: an optimizer's, which keeps its state where a number is none.
        return copy(target, if condition != 0.0 { yes } else { no });
    }
    if let Operand::Number(no) = no {
        // The gradient of relu.
        let no = F32x4::splat(no);
        return map2(target, condition, yes, |condition, yes| condition.not_equal(F32x4::zero()).select(yes, no));
    }
    for (position, target) in target.iter_mut().enumerate() {
        let chosen = if condition.at(position, *target) != 0.0 { yes } else { no };
        *target = chosen.at(position, *target);
    }
}

impl Operand<'_> {
    /// Its value at a position of the target, where `target` stands.
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

/// One loop for every kind of operand, so that there is one copy of the function: a number is four equal values that are
/// read again and again, and the last few values go through buffers, in a second pass.
#[inline(always)]
fn map2(target: &mut [f32], a: Operand<'_>, b: Operand<'_>, function: impl Fn(F32x4, F32x4) -> F32x4) {
    let mut buffers = Buffers::default();
    for pass in passes(target, a, b, &mut buffers) {
        let Pass { mut target, vectors, a: (mut a, a_stride), b: (mut b, b_stride) } = pass;
        for _ in 0..vectors {
            // SAFETY: `passes` has checked that so many vectors can be read from either operand and written to the target;
            // an operand is the target itself or apart from it, so what is read has not been written before.
            unsafe {
                function(F32x4::load_unchecked(a), F32x4::load_unchecked(b)).store_unchecked(target);
                (a, b, target) = (a.add(a_stride), b.add(b_stride), target.add(LANES));
            }
        }
    }
    finish(target, &buffers);
}

/// Numbers as lanes, and the last values of target and operands that are too few for lanes.
#[derive(Default)]
struct Buffers {
    numbers: [[f32; LANES]; 2],
    operands: [[f32; LANES]; 2],
    target: [f32; LANES],
}

/// Where so many vectors are read and written; an operand's address moves on by so many words each time, four or none.
struct Pass {
    target: *mut f32,
    vectors: usize,
    a: (*const f32, usize),
    b: (*const f32, usize),
}

/// The passes over the whole vectors of a target and over what is left.
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

/// Puts the last values where they belong.
#[inline(never)]
fn finish(target: &mut [f32], buffers: &Buffers) {
    let whole = target.len() / LANES * LANES;
    let rest = &mut target[whole..];
    rest.copy_from_slice(&buffers.target[..rest.len()]);
}
