//! A new shape for the same values in the same order. It costs nothing: the planner lets both nodes share one buffer.

use std::sync::Arc;

use super::case_values::uniform;
use crate::error::{GraphError, Result};
use crate::ir::op::Case;
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, Place, VjpCall};
use crate::tensor::{Shape, TensorType};

#[derive(Clone, Debug)]
pub struct Reshape {
    pub shape: Shape,
}

/// Appends a [`Reshape`], or nothing if the shape is already right.
///
/// # Errors
/// If the shapes differ in their number of elements.
pub fn reshape(graph: &mut Graph, x: NodeId, shape: impl Into<Shape>) -> Result<NodeId> {
    let shape = shape.into();
    if graph.tensor_type(x).shape == shape {
        return Ok(x);
    }
    graph.apply(Arc::new(Reshape { shape }), &[x])
}

/// Appends a reshape from `[N,...]` to `[N, product of the rest]`.
///
/// # Errors
/// If the input has no axis.
pub fn flatten(graph: &mut Graph, x: NodeId) -> Result<NodeId> {
    let shape = &graph.tensor_type(x).shape;
    let Some((&batch, rest)) = shape.dims().split_first() else {
        return Err(GraphError::NoAxis { op: "flatten".to_owned(), got: shape.to_string() }.into());
    };
    let features = rest.iter().product();
    reshape(graph, x, [batch, features])
}

impl Op for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn attributes(&self) -> String {
        format!("shape={}", self.shape)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [x] if x.shape.len() == self.shape.len() => Ok(TensorType { shape: self.shape.clone(), dtype: x.dtype }),
            _ => Err(GraphError::Reshape {
                op: self.name().to_owned(),
                elements: self.shape.len(),
                shape: self.shape.to_string(),
                got: inputs.iter().collect(),
            }
            .into()),
        }
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let shape = graph.tensor_type(call.inputs[0]).shape.clone();
        Ok(vec![Some(reshape(graph, call.gradient, shape)?)])
    }

    fn is_view(&self) -> bool {
        true
    }

    fn flops(&self, _inputs: &[&TensorType], _output: &TensorType) -> u64 {
        0
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        Some(Explanation::copy(Place::input(0, call.at)))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        call.output.copy_from_slice(call.inputs[0]);
    }
}

pub fn cases() -> Vec<Case> {
    let case = |from: &[usize], to: &[usize]| Case {
        label: format!("{from:?} to {to:?}"),
        op: Arc::new(Reshape { shape: to.into() }),
        inputs: vec![uniform(from, -1.0, 1.0, 1)],
        differentiable: vec![true],
        tolerance: 0.0,
    };
    vec![case(&[2, 3, 4], &[2, 12]), case(&[1, 1], &[]), case(&[7], &[7, 1])]
}
