//! The way back through time.

use super::{Extents, Recurrent, cpu, gpu};
use crate::error::Result;
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, VjpCall};
use crate::ops::no_second_derivative;
use crate::tensor::TensorType;

pub(super) const NAME: &str = "recurrent_gradient";

/// Maps the values that a [`Recurrent`] kept `[N,T,kept*U]`, the recurrent kernel, the gradient of the kept values, and its
/// factors and mask if it has them, to the gradients of each step `[N,T,adjoints*U]`, in the order of [`super::Cell::adjoints`]. The last of
/// them is that of the state, on all ways to the loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecurrentGradient(pub Recurrent);

impl RecurrentGradient {
    pub(super) fn extents(&self, inputs: &[&TensorType]) -> Result<Extents> {
        let Recurrent { cell, .. } = self.0;
        // Kept and upstream have one type; the rest is checked as in the op itself.
        let mut forward = inputs.to_vec();
        if forward.len() > 2 && forward[0] == forward[2] {
            forward.remove(2);
        }
        let projected = match (forward.first(), forward.get(1)) {
            (Some(kept), Some(kernel)) if kernel.shape.rank() == 2 && kept.shape.rank() == 3 => {
                let units = kernel.shape[0];
                let is_kept = kept.shape[2] == cell.kept() * units;
                TensorType::f32([kept.shape[0], kept.shape[1], if is_kept { cell.gates() * units } else { 0 }])
            }
            _ => TensorType::f32([0]),
        };
        if let Some(first) = forward.first_mut() {
            *first = &projected;
        }
        self.0.extents(self.name(), &forward)
    }
}

impl Op for RecurrentGradient {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attributes(&self) -> String {
        self.0.attributes()
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let Extents { batch, steps, units } = self.extents(inputs)?;
        Ok(TensorType::f32([batch, steps, self.0.cell.adjoints() * units]))
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Err(no_second_derivative(self.name()))
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        self.extents(inputs).map_or(0, |extents| extents.flops(self.0.cell))
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::backward(&self.0, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        self.explain_adjoint(call)
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::backward(&self.0, call);
    }
}
