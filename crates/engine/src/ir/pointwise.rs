//! The op that applies a scalar [expression](super::expr) to each element, with broadcasting.
//!
//! The table in `ops::pointwise` lists the pointwise ops. Their common mechanism is here because passes make such nodes
//! themselves (autograd adds gradients).

use std::sync::Arc;

use smallvec::SmallVec;

use super::explain::{ExplainCall, Explanation, Place};
use super::expr::Expr;
use super::graph::{Graph, NodeId};
use super::op::{CpuCall, Op, VjpCall};
use crate::error::{GraphError, Result};
use crate::tensor::{DType, Shape, TensorType};

/// Gradient function of a pointwise op, from the table of pointwise ops.
pub type PointwiseVjp = fn(&Pointwise, &mut Graph, &VjpCall<'_>) -> Result<Vec<Option<NodeId>>>;

#[derive(Clone)]
pub struct Pointwise {
    pub name: &'static str,
    pub expression: Expr,
    /// Derivatives, one per input, as expressions over the inputs, then the output, then the gradient; empty for ops
    /// that occur only in gradients.
    pub derivatives: Vec<Expr>,
    pub vjp: Option<PointwiseVjp>,
}

impl Pointwise {
    /// Makes a pointwise op without a gradient.
    pub fn new(name: &'static str, expression: Expr) -> Self {
        Self { name, expression, derivatives: Vec::new(), vjp: None }
    }
}

impl std::fmt::Debug for Pointwise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.expression)
    }
}

impl Op for Pointwise {
    fn name(&self) -> &'static str {
        self.name
    }

    fn attributes(&self) -> String {
        self.expression.to_string()
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let arity = self.expression.arity();
        if inputs.len() < arity || inputs.is_empty() {
            return Err(
                GraphError::WrongInputCount { op: self.name().to_owned(), expected: arity, got: inputs.len() }.into()
            );
        }
        if let Some(input) = inputs.iter().find(|input| input.dtype != DType::F32) {
            return Err(GraphError::NotF32 { op: self.name().to_owned(), got: input.to_string() }.into());
        }
        let mut shape = Shape::scalar();
        for input in inputs {
            shape = shape
                .broadcast(&input.shape)
                .ok_or_else(|| GraphError::NoBroadcast { op: self.name().to_owned(), got: inputs.iter().collect() })?;
        }
        Ok(TensorType { shape, dtype: DType::F32 })
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        match self.vjp {
            Some(vjp) => vjp(self, graph, call),
            None => Err(GraphError::NoGradient { op: self.name().to_owned() }.into()),
        }
    }

    fn expression(&self) -> Option<&Expr> {
        Some(&self.expression)
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> u64 {
        self.expression.operations() * output.shape.len() as u64
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let places = call.inputs.iter().enumerate().map(|(input, tensor)| {
            let reader = Broadcast::new(tensor.shape(), call.output.shape());
            Place::input(input, reader.index(call.at))
        });
        // Some inputs only give the shape.
        let read = self.expression.arity();
        Some(Explanation::of_numbers(self.expression.clone(), places.take(read)))
    }

    /// Computes the result plainly and slowly: backends run the planner's fused programs instead.
    fn cpu(&self, call: &mut CpuCall<'_>) {
        let readers: SmallVec<[Broadcast; 4]> =
            call.input_types.iter().map(|input| Broadcast::new(&input.shape, &call.output_type.shape)).collect();
        let mut values: SmallVec<[f32; 4]> = SmallVec::from_elem(0.0, call.inputs.len());
        for (index, output) in call.output.iter_mut().enumerate() {
            for ((value, reader), input) in values.iter_mut().zip(&readers).zip(call.inputs) {
                *value = input[reader.index(index)];
            }
            *output = self.expression.evaluate(&values);
        }
    }
}

/// Map from an element of a result to the element of an operand that is broadcast to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Extent and the operand's stride (0 if it is broadcast) for each axis of the result, innermost first.
    axes: SmallVec<[(usize, usize); 4]>,
}

impl Broadcast {
    /// Makes the map. The operand's shape must broadcast to the result's.
    pub fn new(operand: &Shape, result: &Shape) -> Self {
        let strides = operand.strides();
        let missing = result.rank().saturating_sub(operand.rank());
        let axes = (0..result.rank())
            .rev()
            .map(|axis| {
                let stride = match axis.checked_sub(missing) {
                    Some(own) if operand[own] != 1 => strides[own],
                    _ => 0,
                };
                (result[axis], stride)
            })
            .collect();
        Self { axes }
    }

    /// Returns each axis's extent and the operand's stride, innermost first.
    pub fn axes(&self) -> &[(usize, usize)] {
        &self.axes
    }

    /// Returns the operand's element for the result's element `index`.
    pub fn index(&self, mut index: usize) -> usize {
        let mut element = 0;
        for &(extent, stride) in &self.axes {
            element += index % extent * stride;
            index /= extent;
        }
        element
    }
}

/// Appends the sum of two tensors of one shape. Autograd uses it for a node with several consumers.
///
/// # Errors
/// If the shapes do not broadcast.
pub fn sum(graph: &mut Graph, a: NodeId, b: NodeId) -> Result<NodeId> {
    graph.apply(Arc::new(Pointwise::new("add", Expr::input(0) + Expr::input(1))), &[a, b])
}
