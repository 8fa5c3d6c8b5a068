//! Predicted classes, and whether they are correct, for the accuracy.

use std::sync::Arc;

use super::case_values::{integers, uniform};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, constants};
use crate::ir::op::{Case, as_i32, as_i32_mut};
use crate::ir::{CpuCall, Graph, NodeId, Op, VjpCall};
use crate::tensor::{DType, TensorType};

/// `[...,C]` to `i32[...]`: the index of the greatest value along the innermost axis, the first of several.
#[derive(Clone, Debug)]
pub struct ArgMax;

/// Scores `[N,C]` and labels `i32[N]` to `[N]`: 1 for each row whose greatest score is its label's, else 0.
#[derive(Clone, Debug)]
pub struct CorrectPredictions;

/// Appends an [`ArgMax`].
///
/// # Errors
/// If the input has no axis.
pub fn argmax(graph: &mut Graph, x: NodeId) -> Result<NodeId> {
    graph.apply(Arc::new(ArgMax), &[x])
}

/// Appends a [`CorrectPredictions`].
///
/// # Errors
/// If scores are not `[N,C]` or labels not `i32[N]`.
pub fn correct_predictions(graph: &mut Graph, scores: NodeId, labels: NodeId) -> Result<NodeId> {
    graph.apply(Arc::new(CorrectPredictions), &[scores, labels])
}

/// Returns the position of the greatest value, or of the first NaN if there is one, so that it is not hidden.
fn greatest(row: &[f32]) -> i32 {
    let mut best = 0;
    for (index, &value) in row.iter().enumerate() {
        if value > row[best] || (value.is_nan() && !row[best].is_nan()) {
            best = index;
        }
    }
    best as i32
}

fn greatest_shader(call: &GpuCall<'_>, element: &str) -> String {
    let columns = constants(&[("C", call.input_types[0].shape.last())]);
    [&columns, include_str!("classification/gpu.wgsl"), element].concat()
}

impl Op for ArgMax {
    fn name(&self) -> &'static str {
        "argmax"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [x] if x.dtype == DType::F32 && x.shape.rank() > 0 && x.shape.last() > 0 => {
                Ok(TensorType::i32(&x.shape.dims()[..x.shape.rank() - 1]))
            }
            _ => {
                Err(GraphError::NoValuesAlongLastAxis { op: self.name().to_owned(), got: inputs.iter().collect() }
                    .into())
            }
        }
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![None])
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        inputs[0].shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        vec![Pass::elements(call, greatest_shader(call, "fn element(i: u32) -> i32 { return greatest(i); }\n"))]
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let rows = call.inputs[0].chunks_exact(call.input_types[0].shape.last());
        for (row, result) in rows.zip(as_i32_mut(call.output)) {
            *result = greatest(row);
        }
    }
}

impl Op for CorrectPredictions {
    fn name(&self) -> &'static str {
        "correct_predictions"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [scores, labels]
                if scores.shape.rank() == 2
                    && scores.dtype == DType::F32
                    && scores.shape.last() > 0
                    && *labels == &TensorType::i32([scores.shape[0]]) =>
            {
                Ok(TensorType::f32([scores.shape[0]]))
            }
            _ => Err(GraphError::ScoresAndLabels { op: self.name().to_owned(), got: inputs.iter().collect() }.into()),
        }
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![None, None])
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        inputs[0].shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let element = "fn element(i: u32) -> f32 { return select(0.0, 1.0, greatest(i) == x1[i]); }\n";
        vec![Pass::elements(call, greatest_shader(call, element))]
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let rows = call.inputs[0].chunks_exact(call.input_types[0].shape.last());
        for ((row, &label), result) in rows.zip(as_i32(call.inputs[1])).zip(call.output.iter_mut()) {
            *result = if greatest(row) == label { 1.0 } else { 0.0 };
        }
    }
}

pub fn cases() -> Vec<Case> {
    let scores = uniform([9, 4], -1.0, 1.0, 1);
    vec![
        Case {
            label: "argmax of [9,4]".to_owned(),
            op: Arc::new(ArgMax),
            inputs: vec![scores.clone()],
            differentiable: vec![false],
            tolerance: 0.0,
        },
        Case {
            label: "correct predictions of [9,4]".to_owned(),
            op: Arc::new(CorrectPredictions),
            inputs: vec![scores, integers([9], 4, 2)],
            differentiable: vec![false, false],
            tolerance: 0.0,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::run_cpu_kernel;
    use crate::tensor::HostTensor;

    #[test]
    fn the_first_of_equal_scores_is_the_prediction() {
        let scores = HostTensor::f32([3, 3], vec![0.0, 2.0, 2.0, -1.0, -2.0, -3.0, 1.0, f32::NAN, 5.0]).unwrap();
        let classes = run_cpu_kernel(&ArgMax, &[&scores], &TensorType::i32([3]));
        assert_eq!(classes.i32s(), [1, 0, 1]);
        let labels = HostTensor::i32([3], &[1, 0, 2]).unwrap();
        let correct = run_cpu_kernel(&CorrectPredictions, &[&scores, &labels], &TensorType::f32([3]));
        assert_eq!(correct.words(), [1.0, 1.0, 0.0]);
    }
}
