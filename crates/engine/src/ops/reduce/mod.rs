//! Sums, means and maxima over any axes.

mod cases;
pub(super) mod cpu;
pub(super) mod gpu;

use std::sync::Arc;

use smallvec::SmallVec;

pub use cases::cases;

use super::pointwise;
use super::reshape::reshape;
use super::sum_to::broadcast_from;
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::pointwise::Pointwise;
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Part, Place, VjpCall};
use crate::tensor::HostTensor;
use crate::tensor::{DType, Shape, TensorType};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduction {
    Sum,
    Mean,
    Max,
}

/// Reduction over `axes`, in ascending order. With `keep_axes` they stay with extent 1, else they are removed.
#[derive(Clone, Debug)]
pub struct Reduce {
    pub reduction: Reduction,
    pub axes: SmallVec<[usize; 4]>,
    pub keep_axes: bool,
}

/// Appends the sum over `axes`.
///
/// # Errors
/// If an axis does not exist or occurs twice.
pub fn sum(graph: &mut Graph, x: NodeId, axes: &[usize], keep_axes: bool) -> Result<NodeId> {
    reduce(graph, Reduction::Sum, x, axes, keep_axes)
}

/// Appends the mean over `axes`; over axes 1 and 2 of `[N,H,W,C]` this is the global average pooling.
///
/// # Errors
/// If an axis does not exist or occurs twice.
pub fn mean(graph: &mut Graph, x: NodeId, axes: &[usize], keep_axes: bool) -> Result<NodeId> {
    reduce(graph, Reduction::Mean, x, axes, keep_axes)
}

/// Appends the maximum over `axes`.
///
/// # Errors
/// If an axis does not exist or occurs twice.
pub fn max(graph: &mut Graph, x: NodeId, axes: &[usize], keep_axes: bool) -> Result<NodeId> {
    reduce(graph, Reduction::Max, x, axes, keep_axes)
}

fn reduce(graph: &mut Graph, reduction: Reduction, x: NodeId, axes: &[usize], keep_axes: bool) -> Result<NodeId> {
    let mut in_order = SmallVec::new();
    for &axis in axes {
        in_order.insert(in_order.iter().position(|&other| other > axis).unwrap_or(in_order.len()), axis);
    }
    graph.apply(Arc::new(Reduce { reduction, axes: in_order, keep_axes }), &[x])
}

/// Returns the op that repeats its first input to the shape to which it and the second broadcast; the second's values
/// do not matter.
fn repeat_like() -> Arc<dyn Op> {
    Arc::new(Pointwise::new("broadcast", Expr::input(0)))
}

impl Reduce {
    /// Returns the shape with the reduced axes at extent 1.
    fn kept_shape(&self, input: &Shape) -> Shape {
        let extent = |axis| if self.axes.contains(&axis) { 1 } else { input[axis] };
        (0..input.rank()).map(extent).collect::<Vec<usize>>().into()
    }

    fn reduced_count(&self, input: &Shape) -> usize {
        self.axes.iter().map(|&axis| input[axis]).product()
    }
}

impl Op for Reduce {
    fn name(&self) -> &'static str {
        match self.reduction {
            Reduction::Sum => "reduce_sum",
            Reduction::Mean => "reduce_mean",
            Reduction::Max => "reduce_max",
        }
    }

    fn attributes(&self) -> String {
        format!("axes={:?}{}", &self.axes[..], if self.keep_axes { ", keep_axes" } else { "" })
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let [x] = inputs else {
            return Err(
                GraphError::WrongInputCount { op: self.name().to_owned(), expected: 1, got: inputs.len() }.into()
            );
        };
        if x.dtype != DType::F32 {
            return Err(GraphError::NotF32 { op: self.name().to_owned(), got: x.to_string() }.into());
        }
        let valid =
            self.axes.iter().all(|&axis| axis < x.shape.rank()) && self.axes.windows(2).all(|pair| pair[0] < pair[1]);
        if !valid {
            let axes = self.axes.iter().collect();
            return Err(GraphError::NoSuchAxes { op: self.name().to_owned(), axes, got: x.shape.to_string() }.into());
        }
        let kept = self.kept_shape(&x.shape);
        if self.keep_axes {
            return Ok(TensorType::f32(kept));
        }
        let left = (0..kept.rank()).filter(|axis| !self.axes.contains(axis)).map(|axis| kept[axis]);
        Ok(TensorType::f32(left.collect::<Vec<usize>>()))
    }

    /// Passes the gradient of a sum to every term, of a mean in equal parts, and of a maximum in equal parts to all
    /// elements equal to it, as in TensorFlow.
    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let x = call.inputs[0];
        let shape = graph.tensor_type(x).shape.clone();
        let kept = self.kept_shape(&shape);
        let gradient = reshape(graph, call.gradient, kept.clone())?;
        let result = match self.reduction {
            Reduction::Sum => graph.apply(repeat_like(), &[gradient, x])?,
            Reduction::Mean => {
                let share = 1.0 / self.reduced_count(&shape) as f32;
                graph.apply(Arc::new(Pointwise::new("mean_gradient", Expr::input(0) * share)), &[gradient, x])?
            }
            Reduction::Max => {
                let maximum = reshape(graph, call.output, kept)?;
                let is_maximum = Expr::input(0).equal(Expr::input(1));
                let chosen = pointwise::apply_expression(graph, "is_max", &is_maximum, &[x, maximum])?;
                let count = sum(graph, chosen, &self.axes, true)?;
                let share = Expr::input(0) * Expr::input(1) / Expr::input(2);
                pointwise::apply_expression(graph, "max_gradient", &share, &[chosen, gradient, count])?
            }
        };
        Ok(vec![Some(result)])
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        inputs[0].shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::passes(self.reduction, &call.input_types[0].shape, &|axis| self.axes.contains(&axis), call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let shape = call.inputs.first()?.shape();
        let places = broadcast_from(&self.kept_shape(shape), shape, call.at).map(|at| Place::input(0, at));
        Some(match self.reduction {
            Reduction::Sum => Explanation::expression(Expr::input(0), vec![Part::sum_of(places)]),
            Reduction::Mean => {
                let count = self.reduced_count(shape) as f32;
                Explanation::expression(Expr::input(0) / count, vec![Part::sum_of(places)])
            }
            Reduction::Max => Explanation::expression(Expr::input(0), vec![Part::Max(places.collect())]),
        })
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let shape = &call.input_types[0].shape;
        match self.reduction {
            Reduction::Sum => cpu::SUM.run(shape, &self.kept_shape(shape), &self.axes, call.inputs[0], call.output),
            Reduction::Mean => {
                cpu::SUM.run(shape, &self.kept_shape(shape), &self.axes, call.inputs[0], call.output);
                let share = 1.0 / self.reduced_count(shape) as f32;
                call.output.iter_mut().for_each(|value| *value *= share);
            }
            Reduction::Max => cpu::MAX.run(shape, &self.kept_shape(shape), &self.axes, call.inputs[0], call.output),
        }
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let shape = inputs[0].shape();
        let target = crate::ir::pointwise::Broadcast::new(&self.kept_shape(shape), shape);
        let start = if self.reduction == Reduction::Max { f64::NEG_INFINITY } else { 0.0 };
        let mut results = vec![start; output.shape.len()];
        for (index, &value) in inputs[0].words().iter().enumerate() {
            let (result, value) = (&mut results[target.index(index)], f64::from(value));
            *result = if self.reduction == Reduction::Max { result.max(value) } else { *result + value };
        }
        let divisor = if self.reduction == Reduction::Mean { self.reduced_count(shape) as f64 } else { 1.0 };
        HostTensor::f32(output.shape.clone(), results.into_iter().map(|result| (result / divisor) as f32).collect())
    }
}
