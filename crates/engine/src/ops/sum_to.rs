//! Sums a tensor down to a shape that broadcasts to it: the transpose of broadcasting, mainly for bias gradients.

use std::sync::Arc;

use super::case_values::uniform;
use crate::error::{GraphError, Result};
use crate::ir::Expr;
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::op::Case;
use crate::ir::pointwise::Broadcast;
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, Part, Place, VjpCall, pointwise::Pointwise};
use crate::simd::reduce::{column_sums, row_sum};
use crate::tensor::HostTensor;
use crate::tensor::{DType, Shape, TensorType};

/// Sum over all axes along which `shape` would have to be repeated to reach the input's shape.
#[derive(Clone, Debug)]
pub struct SumTo {
    pub shape: Shape,
}

/// Appends a [`SumTo`], or nothing if the shape is already right.
///
/// # Errors
/// If the shape does not broadcast to the node's.
pub fn sum_to(graph: &mut Graph, id: NodeId, shape: &Shape) -> Result<NodeId> {
    if graph.tensor_type(id).shape == *shape {
        return Ok(id);
    }
    graph.apply(Arc::new(SumTo { shape: shape.clone() }), &[id])
}

/// Returns the elements of a tensor to which an element of a smaller one is broadcast.
pub(super) fn broadcast_from(small: &Shape, large: &Shape, at: usize) -> impl Iterator<Item = usize> + use<> {
    let target = Broadcast::new(small, large);
    (0..large.len()).filter(move |index| target.index(*index) == at)
}

impl Op for SumTo {
    fn name(&self) -> &'static str {
        "sum_to"
    }

    fn attributes(&self) -> String {
        format!("shape={}", self.shape)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [x] if x.dtype == DType::F32 && self.shape.broadcast(&x.shape).as_ref() == Some(&x.shape) => {
                Ok(TensorType::f32(self.shape.clone()))
            }
            _ => Err(GraphError::NoBroadcastTo {
                op: self.name().to_owned(),
                shape: self.shape.to_string(),
                got: inputs.iter().collect(),
            }
            .into()),
        }
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        // The gradient repeats along the summed axes: broadcast it against the input, whose values do not matter.
        let repeat = Pointwise::new("broadcast", Expr::input(0));
        Ok(vec![Some(graph.apply(Arc::new(repeat), &[call.gradient, call.inputs[0]])?)])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let shape = &call.input_types[0].shape;
        let missing = shape.rank() - self.shape.rank();
        let is_reduced = |axis: usize| axis < missing || (self.shape[axis - missing] == 1 && shape[axis] != 1);
        super::reduce::gpu::passes(super::reduce::Reduction::Sum, shape, &is_reduced, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let places = broadcast_from(&self.shape, call.inputs.first()?.shape(), call.at);
        Some(Explanation::expression(Expr::input(0), vec![Part::sum_of(places.map(|at| Place::input(0, at)))]))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let (input, shape) = (call.inputs[0], &call.input_types[0].shape);
        let trailing = self.shape.rank() <= shape.rank()
            && self.shape.dims().iter().zip(&shape.dims()[shape.rank() - self.shape.rank()..]).all(|(a, b)| a == b);
        if let [total] = &mut *call.output {
            *total = row_sum(input);
        } else if trailing {
            column_sums(input, call.output);
        } else {
            call.output.fill(0.0);
            let target = Broadcast::new(&self.shape, shape);
            for (index, value) in input.iter().enumerate() {
                call.output[target.index(index)] += value;
            }
        }
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let target = Broadcast::new(&self.shape, inputs[0].shape());
        let mut sums = vec![0.0f64; output.shape.len()];
        for (index, &value) in inputs[0].words().iter().enumerate() {
            sums[target.index(index)] += f64::from(value);
        }
        HostTensor::f32(self.shape.clone(), sums.into_iter().map(|sum| sum as f32).collect())
    }
}

pub fn cases() -> Vec<Case> {
    let case = |from: &[usize], to: &[usize]| Case {
        label: format!("{from:?} to {to:?}"),
        op: Arc::new(SumTo { shape: to.into() }),
        inputs: vec![uniform(from, -1.0, 1.0, 1)],
        differentiable: vec![true],
        tolerance: 1e-5,
    };
    vec![
        case(&[5, 7], &[7]),
        case(&[5, 7], &[5, 1]),
        case(&[3, 4, 5, 6], &[6]),
        case(&[3, 4, 5], &[]),
        case(&[3, 4, 5], &[1, 1, 1]),
        case(&[3, 4, 5], &[3, 1, 5]),
        case(&[300, 33], &[33]),
    ]
}
