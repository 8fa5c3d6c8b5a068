//! Runs a pointwise program over a stretch of its result, in blocks that fit the first-level cache. Each instruction is
//! one SIMD loop over a block.

use crate::ir::expr::{BinaryFunction, UnaryFunction, erf};
use crate::plan::program::{Access, Instruction, Program, Value};
use crate::simd::elementwise::{self, Operand};

/// Elements per block: 4 KiB a register.
pub const BLOCK: usize = 1024;

/// Words of an operand and the access to its elements; `None` if the operand is the output itself.
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

/// Computes `part`, which starts at element `offset` of the whole result.
pub fn run(program: &Program, operands: &[OperandWords<'_>], part: &mut [f32], offset: usize, memory: &mut Registers) {
    memory.reserve(program.registers, operands.len());
    // Phase at which each repeating operand was last staged; staging it again would change nothing.
    let mut staged_phase = [usize::MAX; 8];
    let mut start = 0;
    while start < part.len() {
        let length = BLOCK.min(part.len() - start);
        let index = offset + start;
        let output = &mut part[start..start + length];
        for (number, operand) in operands.iter().enumerate() {
            stage(operand, index, length, &mut memory.staged[number], &mut staged_phase[number & 7]);
        }
        let last = program.instructions.len() - 1;
        for (position, &(instruction, target)) in program.instructions.iter().enumerate() {
            if position == last {
                execute(instruction, operands, index, output, Operand::Target, memory);
            } else {
                let mut block = std::mem::take(&mut memory.blocks[usize::from(target)]);
                execute(instruction, operands, index, &mut block[..length], Operand::Block(output), memory);
                memory.blocks[usize::from(target)] = block;
            }
        }
        start += length;
    }
}

/// Copies the block of an operand that cannot be read in place into its staging block.
fn stage(operand: &OperandWords<'_>, index: usize, length: usize, staged: &mut [f32], phase: &mut usize) {
    let staged = &mut staged[..length];
    match (operand.words, operand.access) {
        (None, _) | (Some(_), Access::Full | Access::Scalar) => {}
        (Some(words), Access::Trailing { period }) => {
            // A block starts where the last one did, and blocks only get shorter.
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

/// Runs an instruction; `own` is the previous block of the output.
fn execute(
    instruction: Instruction,
    operands: &[OperandWords<'_>],
    index: usize,
    target: &mut [f32],
    own: Operand<'_>,
    memory: &Registers,
) {
    let length = target.len();
    let read = |value: Value| match value {
        Value::Constant(number) => Operand::Number(number),
        Value::Register(register) => Operand::Block(&memory.blocks[usize::from(register)][..length]),
        Value::Operand(number) => {
            let operand = &operands[usize::from(number)];
            match (operand.words, operand.access) {
                (None, _) => own,
                (Some(words), Access::Full) => Operand::Block(&words[index..index + length]),
                (Some(words), Access::Scalar) => Operand::Number(words[0]),
                _ => Operand::Block(&memory.staged[usize::from(number)][..length]),
            }
        }
    };
    match instruction {
        Instruction::Move(a) => elementwise::copy(target, read(a)),
        Instruction::Unary(function, a) => unary(function, read(a), target),
        Instruction::Binary(function, a, b) => binary(function, read(a), read(b), target),
        Instruction::Select(condition, yes, no) => elementwise::select(target, read(condition), read(yes), read(no)),
    }
}

fn unary(function: UnaryFunction, a: Operand<'_>, target: &mut [f32]) {
    match function {
        UnaryFunction::Neg => elementwise::neg(target, a),
        UnaryFunction::Abs => elementwise::abs(target, a),
        UnaryFunction::Sqrt => elementwise::sqrt(target, a),
        UnaryFunction::Rsqrt => elementwise::rsqrt(target, a),
        UnaryFunction::Exp => elementwise::exp(target, a),
        UnaryFunction::Log => elementwise::log(target, a),
        UnaryFunction::Log1p => elementwise::each(target, a, f32::ln_1p),
        UnaryFunction::Tanh => elementwise::tanh(target, a),
        UnaryFunction::Erf => elementwise::each(target, a, erf),
    }
}

fn binary(function: BinaryFunction, a: Operand<'_>, b: Operand<'_>, target: &mut [f32]) {
    match function {
        BinaryFunction::Add => elementwise::add(target, a, b),
        BinaryFunction::Sub => elementwise::sub(target, a, b),
        BinaryFunction::Mul => elementwise::mul(target, a, b),
        BinaryFunction::Div => elementwise::div(target, a, b),
        BinaryFunction::Pow => elementwise::each2(target, a, b, f32::powf),
        BinaryFunction::Max => elementwise::max(target, a, b),
        BinaryFunction::Min => elementwise::min(target, a, b),
        BinaryFunction::Greater => elementwise::greater(target, a, b),
        BinaryFunction::GreaterEqual => elementwise::greater_equal(target, a, b),
        BinaryFunction::Equal => elementwise::equal(target, a, b),
    }
}
