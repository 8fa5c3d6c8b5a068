//! The printed form of a plan: one line per kernel, then the buffers.

use std::fmt;

use super::{Operand, Plan, Pointwise, SlotId, SlotKind, Source, Work};
use crate::plan::program::Access;
use crate::tensor::constant_text;

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kernel) in self.kernels.iter().enumerate() {
            write!(f, "{index:3} {} : {} = ", kernel.output, kernel.output_type)?;
            match &kernel.work {
                Work::Op { op, inputs, epilogue } => {
                    let inputs: Vec<String> = inputs.iter().map(|(slot, _)| slot.to_string()).collect();
                    write!(f, "{}({})", op.name(), inputs.join(", "))?;
                    let attributes = op.attributes();
                    if !attributes.is_empty() {
                        write!(f, " {{{attributes}}}")?;
                    }
                    if let Some(epilogue) = epilogue {
                        write!(f, " then {}", described(epilogue))?;
                    }
                }
                Work::Pointwise(pointwise) => f.write_str(&described(pointwise))?,
                Work::Copy { from } => write!(f, "copy({from})")?,
            }
            let names: Vec<&str> = self
                .values
                .iter()
                .filter(|value| value.slot == kernel.output && !matches!(kernel.work, Work::Copy { .. }))
                .map(|value| value.name.as_str())
                .collect();
            if !names.is_empty() {
                write!(f, "  # {}", names.join(", "))?;
            }
            writeln!(f)?;
        }
        for (index, slot) in self.slots.iter().enumerate() {
            let kind = match &slot.kind {
                SlotKind::Input(name) => format!("input {name}"),
                SlotKind::State(name) => format!("state {name}"),
                SlotKind::Constant(value) if value.shape().len() == 1 => {
                    format!("constant {}", constant_text(value.words()[0]))
                }
                SlotKind::Constant(_) => "constant".to_owned(),
                SlotKind::Temporary => "temporary".to_owned(),
            };
            writeln!(f, "s{index} {} words, {kind}", slot.size_words)?;
        }
        Ok(())
    }
}

fn described(pointwise: &Pointwise) -> String {
    let operands: Vec<String> = pointwise.operands.iter().map(operand).collect();
    format!("{} [{}]", pointwise.program, operands.join(", "))
}

fn operand(operand: &Operand) -> String {
    let source = match operand.source {
        Source::Slot(slot) => slot.to_string(),
        Source::Output => "out".to_owned(),
    };
    match &operand.access {
        Access::Full => source,
        Access::Scalar => format!("{source} scalar"),
        Access::Trailing { period } => format!("{source} % {period}"),
        Access::Leading { inner } => format!("{source} / {inner}"),
        Access::General(_) => format!("{source} broadcast"),
    }
}
