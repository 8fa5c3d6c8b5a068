//! Elementwise kernels over one block of a result: what a pointwise program is run with.
//!
//! Four values at a time; what is left over goes through the same lanes, so that a value does not depend on its position.

use super::lanes::{F32x4, LANES};

/// What a kernel reads over one block: as many values as the result has, or one number for all of them.
#[derive(Clone, Copy)]
pub enum Operand<'a> {
    Block(&'a [f32]),
    Number(f32),
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
    }
}

/// A function that has no lanes of its own, value by value.
pub fn each(target: &mut [f32], a: Operand<'_>, function: fn(f32) -> f32) {
    match a {
        Operand::Number(a) => target.fill(function(a)),
        Operand::Block(a) => target.iter_mut().zip(a).for_each(|(target, &a)| *target = function(a)),
    }
}

/// A function of two numbers that has no lanes of its own, value by value.
pub fn each2(target: &mut [f32], a: Operand<'_>, b: Operand<'_>, function: fn(f32, f32) -> f32) {
    for (position, target) in target.iter_mut().enumerate() {
        *target = function(a.at(position), b.at(position));
    }
}

/// `yes` where the condition is not zero, else `no`.
pub fn select(target: &mut [f32], condition: Operand<'_>, yes: Operand<'_>, no: Operand<'_>) {
    match no {
        // The gradient of relu: the one that matters.
        Operand::Number(no) => {
            let no = F32x4::splat(no);
            map2(target, condition, yes, |condition, yes| condition.not_equal(F32x4::zero()).select(yes, no));
        }
        Operand::Block(_) => {
            for (position, target) in target.iter_mut().enumerate() {
                *target = if condition.at(position) != 0.0 { yes.at(position) } else { no.at(position) };
            }
        }
    }
}

impl<'a> Operand<'a> {
    /// Its words, and how far to go for the next ones.
    fn words(self, number: &'a mut [f32; LANES]) -> (&'a [f32], usize) {
        match self {
            Operand::Block(block) => (block, LANES),
            Operand::Number(value) => {
                number.fill(value);
                (number, 0)
            }
        }
    }

    fn at(&self, position: usize) -> f32 {
        match self {
            Operand::Block(block) => block[position],
            Operand::Number(number) => *number,
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
        for (index, target) in pass.target.chunks_exact_mut(LANES).enumerate() {
            let (a, b) = (&pass.a[index * pass.a_stride..], &pass.b[index * pass.b_stride..]);
            function(F32x4::load(a), F32x4::load(b)).store(target);
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

/// Operands are read from so many words further on for every four values of the target: four or none.
struct Pass<'a> {
    target: &'a mut [f32],
    a: &'a [f32],
    a_stride: usize,
    b: &'a [f32],
    b_stride: usize,
}

#[inline(never)]
fn passes<'a>(target: &'a mut [f32], a: Operand<'a>, b: Operand<'a>, buffers: &'a mut Buffers) -> [Pass<'a>; 2] {
    let whole = target.len() / LANES * LANES;
    let (full, rest) = target.split_at_mut(whole);
    let [a_number, b_number] = &mut buffers.numbers;
    let ((a, a_stride), (b, b_stride)) = (a.words(a_number), b.words(b_number));
    let [a_rest, b_rest] = &mut buffers.operands;
    for (words, stride, buffer) in [(a, a_stride, &mut *a_rest), (b, b_stride, &mut *b_rest)] {
        let from = if stride > 0 { whole } else { 0 };
        buffer[..rest.len()].copy_from_slice(&words[from..][..rest.len()]);
    }
    let target_rest: &mut [f32] = if rest.is_empty() { &mut [] } else { &mut buffers.target };
    [
        Pass { target: full, a, a_stride, b, b_stride },
        Pass { target: target_rest, a: a_rest, a_stride, b: b_rest, b_stride },
    ]
}

/// Puts the last values where they belong.
#[inline(never)]
fn finish(target: &mut [f32], buffers: &Buffers) {
    let whole = target.len() / LANES * LANES;
    let rest = &mut target[whole..];
    rest.copy_from_slice(&buffers.target[..rest.len()]);
}
