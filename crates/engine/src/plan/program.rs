//! A fused group of pointwise nodes as straight-line code over registers, the same for every backend.

use std::collections::BTreeMap;
use std::fmt;

use crate::ir::expr::{BinaryFunction, UnaryFunction};
use crate::ir::pointwise::Broadcast;
use crate::ir::{Expr, Graph, NodeId, NodeKind};
use crate::tensor::{Shape, constant_text};

/// Position of an operand's element for an element of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// The same index.
    Full,
    /// One number for all elements.
    Scalar,
    /// The index modulo the period: a bias along the last axes.
    Trailing { period: usize },
    /// The index divided by the size of the inner axes: one number per row.
    Leading { inner: usize },
    /// Any other broadcast.
    General(Broadcast),
}

impl Access {
    /// Chooses the access to an operand that broadcasts to the result.
    pub fn new(operand: &Shape, result: &Shape) -> Self {
        let size = operand.len();
        if size == result.len() {
            return Self::Full;
        }
        if size == 1 {
            return Self::Scalar;
        }
        let dims = operand.dims();
        // Leading extents of 1 do not matter.
        let significant = &dims[dims.iter().take_while(|&&extent| extent == 1).count()..];
        if result.dims().ends_with(significant) {
            return Self::Trailing { period: size };
        }
        let kept = dims.len() - dims.iter().rev().take_while(|&&extent| extent == 1).count();
        if dims.len() == result.rank() && result.dims().starts_with(&dims[..kept]) {
            return Self::Leading { inner: result.len() / size };
        }
        Self::General(Broadcast::new(operand, result))
    }

    /// Returns the operand's element for the result's element `index`.
    pub fn element(&self, index: usize) -> usize {
        match self {
            Self::Full => index,
            Self::Scalar => 0,
            Self::Trailing { period } => index % period,
            Self::Leading { inner } => index / inner,
            Self::General(broadcast) => broadcast.index(index),
        }
    }
}

/// Operand of an instruction.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    Register(u8),
    Operand(u8),
    Constant(f32),
}

/// Compares constants bit for bit: 0 and -0 differ, and a NaN equals itself.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Register(a), Self::Register(b)) | (Self::Operand(a), Self::Operand(b)) => a == b,
            (Self::Constant(a), Self::Constant(b)) => a.to_bits() == b.to_bits(),
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instruction {
    Move(Value),
    Unary(UnaryFunction, Value),
    Binary(BinaryFunction, Value, Value),
    Select(Value, Value, Value),
}

impl Instruction {
    fn values_mut(&mut self) -> Vec<&mut Value> {
        match self {
            Self::Move(a) | Self::Unary(_, a) => vec![a],
            Self::Binary(_, a, b) => vec![a, b],
            Self::Select(a, b, c) => vec![a, b, c],
        }
    }
}

/// Straight-line code for one element. The last instruction gives the result; its target register does not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Instructions, each with the register that it writes; that is never one that it reads.
    pub instructions: Vec<(Instruction, u8)>,
    pub registers: usize,
    formula: String,
}

impl Program {
    /// Compiles pointwise nodes (in order, the result last), reading every other node as an operand.
    ///
    /// `operand` numbers the nodes that are read.
    pub fn compile(graph: &Graph, nodes: &[NodeId], operand: &dyn Fn(NodeId) -> usize) -> Self {
        let mut builder = Builder::default();
        let mut done: BTreeMap<NodeId, Value> = BTreeMap::new();
        let mut formulas: BTreeMap<NodeId, String> = BTreeMap::new();
        let mut result = Value::Constant(0.0);
        let mut formula = String::new();
        for &id in nodes {
            let node = graph.node(id);
            let NodeKind::Op(op) = &node.kind else { continue };
            let Some(expression) = op.expression() else { continue };
            let read = |position: usize| {
                let input = node.inputs[position];
                done.get(&input).copied().unwrap_or_else(|| Value::Operand(operand(input) as u8))
            };
            result = builder.expression(expression, &read);
            formula = formula_of(expression, &|position| {
                let input = node.inputs[position];
                formulas.get(&input).cloned().unwrap_or_else(|| format!("x{}", operand(input)))
            });
            done.insert(id, result);
            formulas.insert(id, formula.clone());
        }
        if !matches!(result, Value::Register(last) if usize::from(last) + 1 == builder.code.len()) {
            builder.code.push(Instruction::Move(result));
        }
        let (instructions, registers) = allocate(builder.code);
        Self { instructions, registers, formula }
    }
}

/// Prints the whole computation as one formula over operands `x0, x1, ...`.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.formula)
    }
}

/// Code in which every instruction writes a register of its own, numbered like the instruction. Equal instructions are
/// emitted once.
#[derive(Default)]
struct Builder {
    code: Vec<Instruction>,
}

impl Builder {
    fn expression(&mut self, expression: &Expr, read: &dyn Fn(usize) -> Value) -> Value {
        let instruction = match expression {
            Expr::Input(position) => return read(*position),
            Expr::Constant(value) => return Value::Constant(*value),
            Expr::Unary(function, x) => Instruction::Unary(*function, self.expression(x, read)),
            Expr::Binary(function, a, b) => {
                let a = self.expression(a, read);
                Instruction::Binary(*function, a, self.expression(b, read))
            }
            Expr::Select(condition, yes, no) => {
                let condition = self.expression(condition, read);
                let yes = self.expression(yes, read);
                Instruction::Select(condition, yes, self.expression(no, read))
            }
        };
        let known = self.code.iter().position(|&known| known == instruction);
        Value::Register(known.unwrap_or_else(|| {
            self.code.push(instruction);
            self.code.len() - 1
        }) as u8)
    }
}

/// Renames registers so that each is reused once its value has been read for the last time.
fn allocate(mut code: Vec<Instruction>) -> (Vec<(Instruction, u8)>, usize) {
    let mut last_use = vec![0; code.len()];
    for (position, instruction) in code.iter_mut().enumerate() {
        for value in instruction.values_mut() {
            if let Value::Register(register) = value {
                last_use[usize::from(*register)] = position;
            }
        }
    }
    let (mut free, mut registers, mut renamed) = (Vec::new(), 0usize, Vec::<u8>::new());
    let mut result = Vec::with_capacity(code.len());
    for (position, mut instruction) in code.into_iter().enumerate() {
        let target = free.pop().unwrap_or_else(|| {
            registers += 1;
            (registers - 1) as u8
        });
        let mut ended = Vec::new();
        for value in instruction.values_mut() {
            if let Value::Register(register) = value {
                let own = renamed[usize::from(*register)];
                if last_use[usize::from(*register)] == position && !ended.contains(&own) {
                    ended.push(own);
                }
                *value = Value::Register(own);
            }
        }
        free.extend(ended);
        renamed.push(target);
        result.push((instruction, target));
    }
    (result, registers)
}

fn formula_of(expression: &Expr, name: &dyn Fn(usize) -> String) -> String {
    match expression {
        Expr::Input(position) => name(*position),
        Expr::Constant(value) => constant_text(*value),
        Expr::Unary(UnaryFunction::Neg, x) => format!("-{}", formula_of(x, name)),
        Expr::Unary(function, x) => format!("{}({})", function.name(), formula_of(x, name)),
        Expr::Binary(function @ (BinaryFunction::Pow | BinaryFunction::Max | BinaryFunction::Min), a, b) => {
            format!("{}({}, {})", function.symbol(), formula_of(a, name), formula_of(b, name))
        }
        Expr::Binary(function, a, b) => {
            format!("({} {} {})", formula_of(a, name), function.symbol(), formula_of(b, name))
        }
        Expr::Select(condition, yes, no) => {
            format!("select({}, {}, {})", formula_of(condition, name), formula_of(yes, name), formula_of(no, name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_agree_with_general_broadcasting() {
        let shapes: [(&[usize], &[usize]); 8] = [
            (&[2, 3, 4], &[2, 3, 4]),
            (&[], &[2, 3, 4]),
            (&[4], &[2, 3, 4]),
            (&[1, 3, 4], &[2, 3, 4]),
            (&[2, 3, 1], &[2, 3, 4]),
            (&[2, 1, 1], &[2, 3, 4]),
            (&[2, 1, 4], &[2, 3, 4]),
            (&[3, 1], &[2, 3, 4]),
        ];
        for (operand, result) in shapes {
            let (operand, result) = (Shape::from(operand), Shape::from(result));
            let access = Access::new(&operand, &result);
            let general = Broadcast::new(&operand, &result);
            for index in 0..result.len() {
                assert_eq!(access.element(index), general.index(index), "{operand} to {result} by {access:?}");
            }
        }
        assert!(matches!(Access::new(&[4].into(), &[2, 3, 4].into()), Access::Trailing { period: 4 }));
        assert!(matches!(Access::new(&[2, 1, 1].into(), &[2, 3, 4].into()), Access::Leading { inner: 12 }));
    }
}
