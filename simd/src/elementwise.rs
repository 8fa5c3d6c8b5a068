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
    let choose = |condition: F32x4, yes, no| condition.not_equal(F32x4::zero()).select(yes, no);
    match (condition, yes, no) {
        // The gradient of relu: the one that matters.
        (Operand::Block(condition), Operand::Block(yes), Operand::Number(no)) => {
            blocks(target, condition, yes, |condition, yes| choose(condition, yes, F32x4::splat(no)));
        }
        _ => {
            for (position, target) in target.iter_mut().enumerate() {
                *target = if condition.at(position) != 0.0 { yes.at(position) } else { no.at(position) };
            }
        }
    }
}

impl Operand<'_> {
    fn at(&self, position: usize) -> f32 {
        match self {
            Operand::Block(block) => block[position],
            Operand::Number(number) => *number,
        }
    }
}

#[inline(always)]
fn map(target: &mut [f32], a: Operand<'_>, function: impl Fn(F32x4) -> F32x4) {
    match a {
        Operand::Number(a) => target.fill(function(F32x4::splat(a)).to_array()[0]),
        Operand::Block(a) => blocks(target, a, a, |a, _| function(a)),
    }
}

#[inline(always)]
fn map2(target: &mut [f32], a: Operand<'_>, b: Operand<'_>, function: impl Fn(F32x4, F32x4) -> F32x4) {
    match (a, b) {
        (Operand::Block(a), Operand::Block(b)) => blocks(target, a, b, function),
        (Operand::Block(a), Operand::Number(b)) => {
            let b = F32x4::splat(b);
            blocks(target, a, a, |a, _| function(a, b));
        }
        (Operand::Number(a), Operand::Block(b)) => {
            let a = F32x4::splat(a);
            blocks(target, b, b, |b, _| function(a, b));
        }
        (Operand::Number(a), Operand::Number(b)) => {
            target.fill(function(F32x4::splat(a), F32x4::splat(b)).to_array()[0]);
        }
    }
}

#[inline(always)]
fn blocks(target: &mut [f32], a: &[f32], b: &[f32], function: impl Fn(F32x4, F32x4) -> F32x4) {
    let whole = target.len() - target.len() % LANES;
    let (full, rest) = target.split_at_mut(whole);
    for ((target, a), b) in full.chunks_exact_mut(LANES).zip(a.chunks_exact(LANES)).zip(b.chunks_exact(LANES)) {
        function(F32x4::load(a), F32x4::load(b)).store(target);
    }
    for ((target, &a), &b) in rest.iter_mut().zip(&a[whole..]).zip(&b[whole..]) {
        *target = function(F32x4::splat(a), F32x4::splat(b)).to_array()[0];
    }
}
