//! Recurrent cells run through a whole sequence in one op: SimpleRNN (Elman 1990), LSTM (Hochreiter and Schmidhuber 1997,
//! with the forget gate of Gers et al. 2000), GRU (Cho et al. 2014).
//!
//! The products of all inputs with the kernel come before the op, as one product, and the gradient of the recurrent kernel
//! after its gradient, as another. What is left to the ops is what must go step by step. So a graph is as large for a
//! thousand steps as for one.

mod cases;
mod cell;
mod cpu;
mod explain;
mod gpu;
mod gradient;
mod reference;

use std::sync::Arc;

pub use cases::cases;
pub use cell::{ACTIVATIONS, Cell, CellKind};
pub use gradient::RecurrentGradient;

use super::layout::{concat, slice};
use super::matmul::Matmul;
use super::reshape::reshape;
use super::{layout, pointwise, reduce};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, NodeKind, Op, VjpCall};
use crate::tensor::{HostTensor, TensorType};

/// Projected inputs `[N,T,gates*U]` and a recurrent kernel `[U,gates*U]` to everything that a cell keeps of each step,
/// `[N,T,kept*U]`, in the order of [`Cell::kept`]; the state comes last. The state before the first step is zero.
///
/// Further inputs, each if its flag is set: the recurrent bias `[gates*U]` of a GRU whose reset gate acts after the product;
/// factors of the state `[N,gates*U]` for the products of each gate (dropout of the recurrent connections); and a mask
/// `[N,T]`: a step of 0 repeats state and carry, and all else that it keeps is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recurrent {
    pub cell: Cell,
    /// Goes from the last step to the first.
    pub backwards: bool,
    pub has_bias: bool,
    pub has_factors: bool,
    pub has_mask: bool,
}

/// The inputs that a [`Recurrent`] may have besides the projected inputs and the kernel.
#[derive(Clone, Copy, Default, Debug)]
pub struct Extras {
    pub bias: Option<NodeId>,
    pub factors: Option<NodeId>,
    pub mask: Option<NodeId>,
}

/// Appends a [`Recurrent`].
///
/// # Errors
/// If the shapes do not fit.
pub fn recurrent(
    graph: &mut Graph,
    cell: Cell,
    backwards: bool,
    projected: NodeId,
    kernel: NodeId,
    extras: Extras,
) -> Result<NodeId> {
    let Extras { bias, factors, mask } = extras;
    let op = Recurrent {
        cell,
        backwards,
        has_bias: bias.is_some(),
        has_factors: factors.is_some(),
        has_mask: mask.is_some(),
    };
    let inputs: Vec<NodeId> = [projected, kernel].into_iter().chain(bias).chain(factors).chain(mask).collect();
    graph.apply(Arc::new(op), &inputs)
}

/// Appends the states `[N,T,U]` out of what a [`Recurrent`] keeps.
///
/// # Errors
/// If the node is not that of a [`Recurrent`] of this cell.
pub fn states(graph: &mut Graph, cell: Cell, kept: NodeId) -> Result<NodeId> {
    part(graph, kept, cell.kept(), cell.kept() - 1, 1)
}

/// Appends the gradients of the states `[N,T,U]` on all ways to the loss, out of the gradients that [`RecurrentGradient`]
/// has computed for what a [`Recurrent`] keeps; `None` if it has not.
///
/// # Errors
/// If the node is not that of a [`Recurrent`].
pub fn state_gradients(graph: &mut Graph, kept: NodeId) -> Result<Option<NodeId>> {
    let is_own = |id: &NodeId| {
        let node = graph.node(*id);
        let NodeKind::Op(op) = &node.kind else { return false };
        op.name() == gradient::NAME && node.inputs.first() == Some(&kept)
    };
    let Some(adjoints) = graph.ids().find(is_own) else { return Ok(None) };
    let units = graph.tensor_type(graph.node(kept).inputs[1]).shape[0];
    let parts = graph.tensor_type(adjoints).shape[2] / units.max(1);
    part(graph, adjoints, parts, parts - 1, 1).map(Some)
}

/// Appends some of the parts of a tensor `[N,T,parts*U]`.
fn part(graph: &mut Graph, x: NodeId, parts: usize, first: usize, count: usize) -> Result<NodeId> {
    if parts == count {
        return Ok(x);
    }
    let dims = graph.tensor_type(x).shape.dims().to_vec();
    let units = dims.last().copied().unwrap_or_default() / parts.max(1);
    let [batch, steps] = [0, 1].map(|axis| dims.get(axis).copied().unwrap_or_default());
    slice(graph, x, &[0, 0, first * units], &[batch, steps, (first + count) * units])
}

/// Extents of a run.
#[derive(Clone, Copy, Debug)]
struct Extents {
    batch: usize,
    steps: usize,
    units: usize,
}

impl Extents {
    /// Returns the operations of the products.
    fn flops(self, cell: Cell) -> u64 {
        [2, self.batch, self.steps, self.units, self.units, cell.gates()].iter().map(|&extent| extent as u64).product()
    }

    /// Returns the place of a step in the sequence.
    fn place(self, backwards: bool, step: usize) -> usize {
        if backwards { self.steps - 1 - step } else { step }
    }
}

/// Positions of the inputs.
#[derive(Clone, Copy, Debug)]
struct Places {
    bias: Option<usize>,
    factors: Option<usize>,
    mask: Option<usize>,
    count: usize,
}

impl Recurrent {
    /// Returns the positions of the inputs, if `first` come before them.
    fn places(&self, first: usize) -> Places {
        let mut count = first;
        let mut next = |exists: bool| {
            count += usize::from(exists);
            exists.then(|| count - 1)
        };
        let (bias, factors, mask) = (next(self.has_bias), next(self.has_factors), next(self.has_mask));
        Places { bias, factors, mask, count }
    }

    fn attributes(&self) -> String {
        let flags = [
            (self.backwards, "backwards"),
            (self.has_bias, "bias"),
            (self.has_factors, "factors"),
            (self.has_mask, "mask"),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| format!(", {name}"));
        format!("{}{}", self.cell, flags.collect::<String>())
    }

    fn extents(&self, name: &str, inputs: &[&TensorType]) -> Result<Extents> {
        let refusal = || GraphError::RecurrentInputs {
            op: name.to_owned(),
            gates: self.cell.gates(),
            got: inputs.iter().collect(),
        };
        let gates = self.cell.gates();
        let places = self.places(2);
        let extents = match inputs {
            [projected, kernel, ..] => match (projected.shape.dims(), kernel.shape.dims()) {
                (&[batch, steps, _], &[units, _]) => Extents { batch, steps, units },
                _ => return Err(refusal().into()),
            },
            _ => return Err(refusal().into()),
        };
        let Extents { batch, steps, units } = extents;
        let width = gates * units;
        let fits = |place: Option<usize>, shape: &[usize]| {
            place.is_none_or(|place| inputs.get(place).is_some_and(|input| **input == TensorType::f32(shape)))
        };
        let is_reset_after = matches!(self.cell.kind, CellKind::Gru { reset_after: true });
        let all = inputs.len() == places.count
            && steps > 0
            && units > 0
            && fits(Some(0), &[batch, steps, width])
            && fits(Some(1), &[units, width])
            && fits(places.bias, &[width])
            && fits(places.factors, &[batch, width])
            && fits(places.mask, &[batch, steps])
            && (is_reset_after || !self.has_bias);
        if all { Ok(extents) } else { Err(refusal().into()) }
    }
}

impl Op for Recurrent {
    fn name(&self) -> &'static str {
        "recurrent"
    }

    fn attributes(&self) -> String {
        self.attributes()
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let Extents { batch, steps, units } = self.extents(self.name(), inputs)?;
        Ok(TensorType::f32([batch, steps, self.cell.kept() * units]))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let places = self.places(2);
        let kernel = call.inputs[1];
        let extra = |place: Option<usize>| place.map(|place| call.inputs[place]);
        let operands = [call.output, kernel, call.gradient];
        let operands: Vec<NodeId> =
            operands.into_iter().chain(extra(places.factors)).chain(extra(places.mask)).collect();
        let gradient = RecurrentGradient(Self { has_bias: false, ..*self });
        let adjoints = graph.apply(Arc::new(gradient), &operands)?;
        let gates = self.cell.gates();
        let of_projected = part(graph, adjoints, self.cell.adjoints(), 0, gates)?;
        let of_products = self.of_products(graph, adjoints, of_projected)?;
        let of_kernel = self.of_kernel(graph, call.output, of_products, extra(places.factors))?;
        let mut gradients = vec![Some(of_projected), Some(of_kernel)];
        if self.has_bias {
            gradients.push(Some(reduce::sum(graph, of_products, &[0, 1], false)?));
        }
        gradients.resize(places.count, None);
        Ok(gradients)
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        self.extents(self.name(), inputs).map_or(0, |extents| extents.flops(self.cell))
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::forward(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        self.explain_kept(call)
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::forward(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        reference::forward(self, inputs, output)
    }
}

impl Recurrent {
    /// Appends the gradients of the products with the recurrent kernel, `[N,T,gates*U]`.
    fn of_products(&self, graph: &mut Graph, adjoints: NodeId, of_projected: NodeId) -> Result<NodeId> {
        match self.cell.kind {
            // The reset gate scales the product of the candidate.
            CellKind::Gru { reset_after: true } => {
                let gates = part(graph, adjoints, 5, 0, 2)?;
                let inner = part(graph, adjoints, 5, 3, 1)?;
                concat(graph, &[gates, inner], 2)
            }
            _ => Ok(of_projected),
        }
    }

    /// Appends the gradient of the recurrent kernel: the products of what the gates saw with their gradients.
    fn of_kernel(
        &self,
        graph: &mut Graph,
        kept: NodeId,
        of_products: NodeId,
        factors: Option<NodeId>,
    ) -> Result<NodeId> {
        let states = states(graph, self.cell, kept)?;
        let before = self.shifted(graph, states)?;
        let gates = self.cell.gates();
        let resets_before = matches!(self.cell.kind, CellKind::Gru { reset_after: false });
        if factors.is_none() && !resets_before {
            return product(graph, before, of_products);
        }
        let mut parts = Vec::with_capacity(gates);
        // Gates that see the same go together.
        let groups: Vec<(usize, usize)> = match factors {
            None => vec![(0, 2), (2, 1)],
            Some(_) => (0..gates).map(|gate| (gate, 1)).collect(),
        };
        for (first, count) in groups {
            let of_gate = part(graph, of_products, gates, first, count)?;
            let seen = match factors {
                // The cell keeps it, with factors and all.
                _ if resets_before && first == 2 => part(graph, kept, self.cell.kept(), 3, 1)?,
                Some(factors) => {
                    let factors = self.factors_of(graph, factors, first)?;
                    pointwise::mul(graph, before, factors)?
                }
                None => before,
            };
            parts.push(product(graph, seen, of_gate)?);
        }
        if parts.len() == 1 { Ok(parts[0]) } else { concat(graph, &parts, 1) }
    }

    /// Appends a gate's factors, `[N,1,U]`.
    fn factors_of(&self, graph: &mut Graph, factors: NodeId, gate: usize) -> Result<NodeId> {
        let dims = graph.tensor_type(factors).shape.dims().to_vec();
        let [batch, width] = [0, 1].map(|axis| dims.get(axis).copied().unwrap_or_default());
        let units = width / self.cell.gates();
        let own = slice(graph, factors, &[0, gate * units], &[batch, (gate + 1) * units])?;
        reshape(graph, own, [batch, 1, units])
    }

    /// Appends the states before each step.
    fn shifted(&self, graph: &mut Graph, states: NodeId) -> Result<NodeId> {
        let dims = graph.tensor_type(states).shape.dims().to_vec();
        let [batch, steps, units] = [0, 1, 2].map(|axis| dims.get(axis).copied().unwrap_or_default());
        let (first, last) = if self.backwards { (1, steps) } else { (0, steps - 1) };
        let kept = slice(graph, states, &[0, first, 0], &[batch, last, units])?;
        let (before, after) = if self.backwards { (0, 1) } else { (1, 0) };
        layout::pad(graph, kept, &[0, before, 0], &[0, after, 0])
    }
}

/// Appends the product of `[N,T,A]` and `[N,T,B]` over examples and steps, `[A,B]`.
fn product(graph: &mut Graph, a: NodeId, b: NodeId) -> Result<NodeId> {
    let mut rows = |x: NodeId| {
        let dims = graph.tensor_type(x).shape.dims().to_vec();
        let width = dims.last().copied().unwrap_or_default();
        let count: usize = dims.iter().take(2).product();
        reshape(graph, x, [count, width])
    };
    let (a, b) = (rows(a)?, rows(b)?);
    graph.apply(Arc::new(Matmul { transpose_a: true, transpose_b: false }), &[a, b])
}
