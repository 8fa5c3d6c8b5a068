//! Runs a pointwise program over a stretch of its result, in blocks that fit the first-level cache. Each instruction is
//! one loop over a block, which the compiler turns into SIMD code.

use crate::ir::expr::{BinaryFunction, UnaryFunction, erf};
use crate::plan::program::{Access, Instruction, Program, Value};
use crate::simd::lanes::{F32x4, LANES};

/// Elements per block: 4 KiB a register.
const BLOCK: usize = 1024;

/// The words of an operand and how to find an element in them; `None` where the operand is the output itself.
pub struct OperandWords<'a> {
    pub words: Option<&'a [f32]>,
    pub access: &'a Access,
}

/// Working memory for blocks, kept between runs.
#[derive(Default)]
pub struct Registers {
    blocks: Vec<Vec<f32>>,
    /// Operands that are not read in place, one block each.
    staged: Vec<Vec<f32>>,
}

impl Registers {
    fn reserve(&mut self, registers: usize, operands: usize) {
        for (blocks, count) in [(&mut self.blocks, registers), (&mut self.staged, operands)] {
            if blocks.len() < count {
                blocks.resize_with(count, || vec![0.0; BLOCK]);
            }
        }
    }
}

/// What an instruction reads over one block.
#[derive(Clone, Copy)]
enum Lane<'a> {
    Block(&'a [f32]),
    Number(f32),
}

/// Computes `part`, which starts at element `offset` of the whole result.
pub fn run(program: &Program, operands: &[OperandWords<'_>], part: &mut [f32], offset: usize, memory: &mut Registers) {
    memory.reserve(program.registers, operands.len());
    // The phase at which each repeating operand was last staged: staging it again would change nothing.
    let mut staged_phase = [usize::MAX; 8];
    let mut start = 0;
    while start < part.len() {
        let length = BLOCK.min(part.len() - start);
        let index = offset + start;
        let output = &mut part[start..start + length];
        for (number, operand) in operands.iter().enumerate() {
            stage(operand, index, output, &mut memory.staged[number], &mut staged_phase[number & 7]);
        }
        let last = program.instructions.len() - 1;
        for (position, &(instruction, target)) in program.instructions.iter().enumerate() {
            if position == last {
                execute(instruction, operands, index, output, memory);
            } else {
                let mut block = std::mem::take(&mut memory.blocks[usize::from(target)]);
                execute(instruction, operands, index, &mut block[..length], memory);
                memory.blocks[usize::from(target)] = block;
            }
        }
        start += length;
    }
}

/// Brings the block of an operand that cannot be read in place into its staging block.
fn stage(operand: &OperandWords<'_>, index: usize, output: &[f32], staged: &mut [f32], phase: &mut usize) {
    let length = output.len();
    let staged = &mut staged[..length];
    match (operand.words, operand.access) {
        (None, _) => staged.copy_from_slice(output),
        (Some(_), Access::Full | Access::Scalar) => {}
        (Some(words), Access::Trailing { period }) => {
            // A block starts where the last one did, and blocks only ever get shorter.
            if *phase == index % period {
                return;
            }
            *phase = index % period;
            let (mut filled, mut from) = (0, index % period);
            while filled < length {
                let count = (period - from).min(length - filled);
                staged[filled..filled + count].copy_from_slice(&words[from..from + count]);
                filled += count;
                from = 0;
            }
        }
        (Some(words), Access::Leading { inner }) => {
            let mut filled = 0;
            while filled < length {
                let at = index + filled;
                let count = (inner - at % inner).min(length - filled);
                staged[filled..filled + count].fill(words[at / inner]);
                filled += count;
            }
        }
        (Some(words), access @ Access::General(_)) => {
            for (position, value) in staged.iter_mut().enumerate() {
                *value = words[access.element(index + position)];
            }
        }
    }
}

fn execute(
    instruction: Instruction,
    operands: &[OperandWords<'_>],
    index: usize,
    target: &mut [f32],
    memory: &Registers,
) {
    let length = target.len();
    let lane = |value: Value| match value {
        Value::Constant(number) => Lane::Number(number),
        Value::Register(register) => Lane::Block(&memory.blocks[usize::from(register)][..length]),
        Value::Operand(number) => {
            let operand = &operands[usize::from(number)];
            match (operand.words, operand.access) {
                (Some(words), Access::Full) => Lane::Block(&words[index..index + length]),
                (Some(words), Access::Scalar) => Lane::Number(words[0]),
                _ => Lane::Block(&memory.staged[usize::from(number)][..length]),
            }
        }
    };
    match instruction {
        Instruction::Move(a) => match lane(a) {
            Lane::Block(block) => target.copy_from_slice(block),
            Lane::Number(number) => target.fill(number),
        },
        Instruction::Unary(function, a) => unary(function, lane(a), target),
        Instruction::Binary(function, a, b) => binary(function, lane(a), lane(b), target),
        Instruction::Select(condition, yes, no) => select(lane(condition), lane(yes), lane(no), target),
    }
}

#[inline(always)]
fn map(target: &mut [f32], a: Lane<'_>, function: impl Fn(f32) -> f32) {
    match a {
        Lane::Number(a) => target.fill(function(a)),
        Lane::Block(a) => target.iter_mut().zip(a).for_each(|(target, &a)| *target = function(a)),
    }
}

#[inline(always)]
fn map2(target: &mut [f32], a: Lane<'_>, b: Lane<'_>, function: impl Fn(f32, f32) -> f32) {
    match (a, b) {
        (Lane::Block(a), Lane::Block(b)) => {
            target.iter_mut().zip(a).zip(b).for_each(|((target, &a), &b)| *target = function(a, b));
        }
        (Lane::Block(a), Lane::Number(b)) => {
            target.iter_mut().zip(a).for_each(|(target, &a)| *target = function(a, b));
        }
        (Lane::Number(a), Lane::Block(b)) => {
            target.iter_mut().zip(b).for_each(|(target, &b)| *target = function(a, b));
        }
        (Lane::Number(a), Lane::Number(b)) => target.fill(function(a, b)),
    }
}

/// Four at a time; what is left over goes through the same lanes, so that a value does not depend on its position.
#[inline(always)]
fn map_lanes(target: &mut [f32], a: Lane<'_>, function: impl Fn(F32x4) -> F32x4) {
    let one = |a: f32| function(F32x4::splat(a)).to_array()[0];
    match a {
        Lane::Number(a) => target.fill(one(a)),
        Lane::Block(a) => {
            let whole = target.len() - target.len() % LANES;
            for (target, a) in target[..whole].chunks_exact_mut(LANES).zip(a.chunks_exact(LANES)) {
                function(F32x4::load(a)).store(target);
            }
            target[whole..].iter_mut().zip(&a[whole..]).for_each(|(target, &a)| *target = one(a));
        }
    }
}

fn unary(function: UnaryFunction, a: Lane<'_>, target: &mut [f32]) {
    match function {
        UnaryFunction::Neg => map(target, a, |a| -a),
        UnaryFunction::Abs => map(target, a, f32::abs),
        UnaryFunction::Sqrt => map(target, a, f32::sqrt),
        UnaryFunction::Rsqrt => map(target, a, |a| 1.0 / a.sqrt()),
        UnaryFunction::Exp => map_lanes(target, a, F32x4::exp),
        UnaryFunction::Log => map_lanes(target, a, F32x4::log),
        UnaryFunction::Log1p => map(target, a, f32::ln_1p),
        UnaryFunction::Tanh => map_lanes(target, a, F32x4::tanh),
        UnaryFunction::Erf => map(target, a, erf),
    }
}

fn binary(function: BinaryFunction, a: Lane<'_>, b: Lane<'_>, target: &mut [f32]) {
    macro_rules! dispatch {
        ($($name:ident),+) => {
            match function {
                $(BinaryFunction::$name => map2(target, a, b, |a, b| BinaryFunction::$name.apply(a, b)),)+
            }
        };
    }
    dispatch!(Add, Sub, Mul, Div, Pow, Max, Min, Greater, GreaterEqual, Equal)
}

fn select(condition: Lane<'_>, yes: Lane<'_>, no: Lane<'_>, target: &mut [f32]) {
    let at = |lane: Lane<'_>, position: usize| match lane {
        Lane::Block(block) => block[position],
        Lane::Number(number) => number,
    };
    match (condition, yes, no) {
        // The gradient of relu: the one that matters.
        (Lane::Block(condition), Lane::Block(yes), Lane::Number(no)) => {
            for ((target, &condition), &yes) in target.iter_mut().zip(condition).zip(yes) {
                *target = if condition != 0.0 { yes } else { no };
            }
        }
        _ => {
            for (position, target) in target.iter_mut().enumerate() {
                *target = if at(condition, position) != 0.0 { at(yes, position) } else { at(no, position) };
            }
        }
    }
}
