//! Softmax and its logarithm over the innermost axis.
//!
//! Subtracts the row's maximum first, so that no exponential overflows.

use std::sync::Arc;

use super::case_values::uniform;
use super::{pointwise, reduce};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, constants};
use crate::ir::op::Case;
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Part, Place, Product, VjpCall};
use crate::simd::lanes::{F32x4, LANES};
use crate::tensor::HostTensor;
use crate::tensor::{DType, TensorType};

/// `exp(x) / sum(exp(x))` over the innermost axis.
#[derive(Clone, Debug)]
pub struct Softmax;

/// `x - log(sum(exp(x)))` over the innermost axis.
#[derive(Clone, Debug)]
pub struct LogSoftmax;

/// `y * (g - sum(g * y))`: the gradient of a softmax with result y.
#[derive(Clone, Debug)]
pub struct SoftmaxGradient;

/// Appends a [`Softmax`].
///
/// # Errors
/// If the input has no axis.
pub fn softmax(graph: &mut Graph, x: NodeId) -> Result<NodeId> {
    graph.apply(Arc::new(Softmax), &[x])
}

/// Appends a [`LogSoftmax`].
///
/// # Errors
/// If the input has no axis.
pub fn log_softmax(graph: &mut Graph, x: NodeId) -> Result<NodeId> {
    graph.apply(Arc::new(LogSoftmax), &[x])
}

/// Makes a pass over the rows; `row` is its WGSL.
fn row_passes(call: &GpuCall<'_>, row: &str) -> Vec<Pass> {
    let columns = call.output_type.shape.last().max(1);
    let source = [&gpu_functions(columns), row].concat();
    vec![Pass::rows(call, call.output_type.shape.len() / columns, source)]
}

/// Writes WGSL functions for rows of `x0` of this length, `C`: `greatest(first)` and `sum_of_exponentials(first,
/// offset)`.
pub(super) fn gpu_functions(columns: usize) -> String {
    constants(&[("C", columns)]) + include_str!("softmax/gpu.wgsl")
}

fn infer_rows(name: &str, count: usize, inputs: &[&TensorType]) -> Result<TensorType> {
    match inputs {
        [x, rest @ ..]
            if inputs.len() == count
                && x.dtype == DType::F32
                && x.shape.rank() > 0
                && rest.iter().all(|other| other == x) =>
        {
            Ok((*x).clone())
        }
        _ => Err(GraphError::Rows { op: name.to_owned(), count, got: inputs.iter().collect() }.into()),
    }
}

/// Returns the greatest value of a row. A NaN may get lost here; the exponentials show it.
fn maximum(row: &[f32]) -> f32 {
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder().iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let lanes = chunks.fold(F32x4::splat(rest), |greatest, values| greatest.max(F32x4::load(values)));
    lanes.to_array().into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// Calls `each` with `exp(x - offset)` of four values at a time, and returns the sum of all. Lanes beyond the end of
/// the row are 0.
#[inline(always)]
fn exponentials(row: &[f32], offset: f32, mut each: impl FnMut(usize, F32x4)) -> f32 {
    let offset = F32x4::splat(offset);
    let mut sum = F32x4::zero();
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for (position, values) in chunks.enumerate() {
        let value = (F32x4::load(values) - offset).exp();
        sum = sum + value;
        each(position * LANES, value);
    }
    if !rest.is_empty() {
        let mut values = [f32::NEG_INFINITY; LANES];
        values[..rest.len()].copy_from_slice(rest);
        let value = (F32x4::from_array(values) - offset).exp();
        sum = sum + value;
        each(row.len() - rest.len(), value);
    }
    sum.sum()
}

/// Computes `log(sum(exp(x)))` of a row.
pub(super) fn log_sum_exp(row: &[f32]) -> f32 {
    let maximum = maximum(row);
    let sum = exponentials(row, maximum, |_, _| {});
    maximum + F32x4::splat(sum).log().to_array()[0]
}

pub(super) fn softmax_row(row: &[f32], output: &mut [f32]) {
    let sum = exponentials(row, maximum(row), |position, value| {
        let target = &mut output[position..];
        let count = target.len().min(LANES);
        target[..count].copy_from_slice(&value.to_array()[..count]);
    });
    let scale = 1.0 / sum;
    output.iter_mut().for_each(|result| *result *= scale);
}

fn reference_rows(inputs: &[&HostTensor], output: &TensorType, row: impl Fn(&[f64]) -> Vec<f64>) -> Option<HostTensor> {
    let length = output.shape.last().max(1);
    let values = inputs[0].words().chunks_exact(length).flat_map(|values| {
        let values: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
        row(&values).into_iter().map(|value| value as f32)
    });
    HostTensor::f32(output.shape.clone(), values.collect())
}

/// Returns the places of the row of an input in which a number lies.
pub(super) fn row_of(input: usize, at: usize, length: usize) -> Vec<Place> {
    let first = at / length * length;
    (first..first + length).map(|at| Place::input(input, at)).collect()
}

impl Op for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        infer_rows("softmax", 1, inputs)
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![Some(graph.apply(Arc::new(SoftmaxGradient), &[call.output, call.gradient])?)])
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> u64 {
        4 * output.shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        row_passes(
            call,
            "fn row(i: u32) {\n    let first = i * C;\n    let offset = greatest(first);\n    \
             let scale = 1.0 / sum_of_exponentials(first, offset);\n    \
             for (var c = 0u; c < C; c++) { store(first + c, exp(x0[first + c] - offset) * scale); }\n}\n",
        )
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let row = row_of(0, call.at, call.output.shape().last());
        let parts = vec![Part::Number(Place::input(0, call.at)), Part::SumOfExponentials(row)];
        Some(Explanation::expression(Expr::input(0).exp() / Expr::input(1), parts))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let length = call.output_type.shape.last().max(1);
        for (row, output) in call.inputs[0].chunks_exact(length).zip(call.output.chunks_exact_mut(length)) {
            softmax_row(row, output);
        }
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        reference_rows(inputs, output, |row| {
            let sum: f64 = row.iter().map(|value| value.exp()).sum();
            row.iter().map(|value| value.exp() / sum).collect()
        })
    }
}

impl Op for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        infer_rows("log_softmax", 1, inputs)
    }

    /// Computes `g - softmax(x) * sum(g)`.
    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let axis = graph.tensor_type(call.gradient).shape.rank() - 1;
        let total = reduce::sum(graph, call.gradient, &[axis], true)?;
        let result = Expr::input(0) - Expr::input(1).exp() * Expr::input(2);
        let operands = [call.gradient, call.output, total];
        Ok(vec![Some(pointwise::apply_expression(graph, "log_softmax_gradient", &result, &operands)?)])
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> u64 {
        4 * output.shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        row_passes(
            call,
            "fn row(i: u32) {\n    let first = i * C;\n    let offset = greatest(first);\n    \
             let total = offset + log(sum_of_exponentials(first, offset));\n    \
             for (var c = 0u; c < C; c++) { store(first + c, x0[first + c] - total); }\n}\n",
        )
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let row = row_of(0, call.at, call.output.shape().last());
        let parts = vec![Part::Number(Place::input(0, call.at)), Part::SumOfExponentials(row)];
        Some(Explanation::expression(Expr::input(0) - Expr::input(1).log(), parts))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let length = call.output_type.shape.last().max(1);
        for (row, output) in call.inputs[0].chunks_exact(length).zip(call.output.chunks_exact_mut(length)) {
            let offset = log_sum_exp(row);
            for (result, value) in output.iter_mut().zip(row) {
                *result = value - offset;
            }
        }
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        reference_rows(inputs, output, |row| {
            let sum: f64 = row.iter().map(|value| value.exp()).sum();
            row.iter().map(|value| value - sum.ln()).collect()
        })
    }
}

impl Op for SoftmaxGradient {
    fn name(&self) -> &'static str {
        "softmax_gradient"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        infer_rows("softmax_gradient", 2, inputs)
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Err(super::no_second_derivative(self.name()))
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> u64 {
        4 * output.shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        row_passes(
            call,
            "fn row(i: u32) {\n    let first = i * C;\n    var dot = 0.0;\n    \
             for (var c = 0u; c < C; c++) { dot += x0[first + c] * x1[first + c]; }\n    \
             for (var c = 0u; c < C; c++) { store(first + c, x0[first + c] * (x1[first + c] - dot)); }\n}\n",
        )
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let length = call.output.shape().last();
        let rows = row_of(0, call.at, length).into_iter().zip(row_of(1, call.at, length));
        let products = rows.map(|(y, gradient)| Product::new([y, gradient])).collect();
        let own = [0, 1].map(|input| Part::Number(Place::input(input, call.at)));
        let parts = own.into_iter().chain([Part::Sum(products)]).collect();
        Some(Explanation::expression(Expr::input(0) * (Expr::input(1) - Expr::input(2)), parts))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let length = call.output_type.shape.last().max(1);
        let rows = call.inputs[0].chunks_exact(length).zip(call.inputs[1].chunks_exact(length));
        for ((y, gradient), output) in rows.zip(call.output.chunks_exact_mut(length)) {
            let dot: f32 = y.iter().zip(gradient).map(|(y, g)| y * g).sum();
            for ((result, y), g) in output.iter_mut().zip(y).zip(gradient) {
                *result = y * (g - dot);
            }
        }
    }
}

pub fn cases() -> Vec<Case> {
    let case = |op: Arc<dyn Op>, shape: &[usize], scale: f32| Case {
        label: format!("{} of {shape:?}", op.name()),
        op,
        inputs: vec![uniform(shape, -scale, scale, 1)],
        differentiable: vec![true],
        tolerance: 1e-5,
    };
    let mut cases = Vec::new();
    for op in [Arc::new(Softmax) as Arc<dyn Op>, Arc::new(LogSoftmax)] {
        cases.push(case(op.clone(), &[3, 10], 2.0));
        cases.push(case(op.clone(), &[2, 3, 17], 2.0));
        cases.push(case(op.clone(), &[4, 1], 2.0));
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_logits_do_not_overflow() {
        let mut output = [0.0; 3];
        softmax_row(&[1000.0, 0.0, -1000.0], &mut output);
        assert_eq!(output, [1.0, 0.0, 0.0]);
        assert_eq!(log_sum_exp(&[1000.0, 0.0]), 1000.0);
    }

    #[test]
    fn nan_stays_visible() {
        for position in 0..7 {
            let mut row = [1.0; 7];
            row[position] = f32::NAN;
            assert!(log_sum_exp(&row).is_nan());
            let mut output = [0.0; 7];
            softmax_row(&row, &mut output);
            assert!(output.iter().all(|value| value.is_nan()));
        }
    }
}
