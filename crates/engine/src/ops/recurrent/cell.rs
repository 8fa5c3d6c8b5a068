//! The cells, and what each keeps of a step.

use std::fmt;

use crate::simd::recurrent::{Activation, Activations};

/// Kind of a cell. Gates stand in Keras's order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CellKind {
    /// `h = f(x + h U)`
    Simple,
    /// Gates input, forget, candidate, output.
    Lstm,
    /// Gates update, reset, candidate.
    Gru {
        /// The reset gate acts on the product with the recurrent kernel, not on the state before it.
        reset_after: bool,
    },
}

/// A recurrent cell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cell {
    pub kind: CellKind,
    pub functions: Activations,
}

impl Cell {
    /// Counts the gates, the candidate among them: columns of the kernels for each unit.
    pub fn gates(self) -> usize {
        match self.kind {
            CellKind::Simple => 1,
            CellKind::Lstm => 4,
            CellKind::Gru { .. } => 3,
        }
    }

    /// Counts what a cell keeps of a step for each unit. Simple: the state. LSTM: input, forget, candidate, output, carry,
    /// state. GRU: update, reset, candidate, the product inside the candidate (or what it is the product of, if the reset
    /// gate acts before), state.
    pub fn kept(self) -> usize {
        match self.kind {
            CellKind::Simple => 1,
            CellKind::Lstm => 6,
            CellKind::Gru { .. } => 5,
        }
    }

    /// Counts the gradients of a step for each unit: those of the sums at each gate, that of what is inside a GRU's
    /// candidate, that of an LSTM's carry, and that of the state.
    pub fn adjoints(self) -> usize {
        match self.kind {
            CellKind::Simple => 2,
            CellKind::Lstm => 6,
            CellKind::Gru { .. } => 5,
        }
    }

    /// Counts the sums that come before the functions.
    pub(super) fn sums(self) -> usize {
        match self.kind {
            CellKind::Gru { reset_after: true } => 4,
            _ => self.gates(),
        }
    }

    /// Returns the place of the carry in what a cell keeps and among its adjoints.
    pub(super) fn carry(self) -> Option<usize> {
        (self.kind == CellKind::Lstm).then_some(4)
    }

    pub(super) fn resets_before(self) -> bool {
        self.kind == CellKind::Gru { reset_after: false }
    }

    /// Returns the sum to which the product of a gate is added.
    pub(super) fn sum_of(self, gate: usize) -> usize {
        if self.kind == (CellKind::Gru { reset_after: true }) && gate == 2 { 3 } else { gate }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            CellKind::Simple => "simple",
            CellKind::Lstm => "lstm",
            CellKind::Gru { reset_after: true } => "gru, reset_after",
            CellKind::Gru { reset_after: false } => "gru",
        };
        write!(f, "{kind}, {}", activation_name(self.functions.state))?;
        if self.kind != CellKind::Simple {
            write!(f, ", {}", activation_name(self.functions.gates))?;
        }
        Ok(())
    }
}

/// The functions that cells offer, by the name in specs.
pub const ACTIVATIONS: &[(&str, Activation)] = &[
    ("tanh", Activation::Tanh),
    ("sigmoid", Activation::Sigmoid),
    ("relu", Activation::Relu),
    ("linear", Activation::Linear),
];

fn activation_name(activation: Activation) -> &'static str {
    ACTIVATIONS.iter().find(|(_, own)| *own == activation).map_or("", |(name, _)| name)
}
