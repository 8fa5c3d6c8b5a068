//! Predicted classes, and whether they are correct, for the accuracy.

use std::sync::Arc;

use super::case_values::{integers, uniform};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, constants};
use crate::ir::op::{Case, as_i32, as_i32_mut};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, VjpCall};
use crate::tensor::{DType, HostTensor, TensorType};

/// `[...,C]` to `i32[...]`: the class that the scores along the innermost axis name, or [`NO_CLASS`], by the rule of
/// [`predicted_class`].
#[derive(Clone, Debug)]
pub struct ArgMax;

/// A prediction that names no class.
pub const NO_CLASS: i32 = -1;

/// Scores `[N,C]` and labels `i32[N]` to `[N]`: 1 for each row whose predicted class is its label, else 0.
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

/// Returns the class with the greatest score, the first of several. Scores of which one is NaN name no class, and neither
/// do scores that are all equal.
pub fn predicted_class(scores: &[f32]) -> Option<usize> {
    let mut best = 0;
    let mut names_one = scores.len() == 1;
    for (class, &score) in scores.iter().enumerate() {
        if score.is_nan() {
            return None;
        }
        names_one |= score != scores[0];
        if score > scores[best] {
            best = class;
        }
    }
    names_one.then_some(best)
}

fn predicted(scores: &[f32]) -> i32 {
    predicted_class(scores).map_or(NO_CLASS, |class| class as i32)
}

fn predicted_shader(call: &GpuCall<'_>, element: &str) -> String {
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
        vec![Pass::elements(call, predicted_shader(call, "fn element(i: u32) -> i32 { return predicted(i); }\n"))]
    }

    fn explain(&self, _call: &ExplainCall<'_>) -> Option<Explanation> {
        None
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let rows = call.inputs[0].chunks_exact(call.input_types[0].shape.last());
        for (row, result) in rows.zip(as_i32_mut(call.output)) {
            *result = predicted(row);
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
        let element = "fn element(i: u32) -> f32 { return select(0.0, 1.0, predicted(i) == x1[i]); }\n";
        vec![Pass::elements(call, predicted_shader(call, element))]
    }

    fn explain(&self, _call: &ExplainCall<'_>) -> Option<Explanation> {
        None
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let rows = call.inputs[0].chunks_exact(call.input_types[0].shape.last());
        for ((row, &label), result) in rows.zip(as_i32(call.inputs[1])).zip(call.output.iter_mut()) {
            *result = if predicted(row) == label { 1.0 } else { 0.0 };
        }
    }
}

const TIES: [[f32; 3]; 9] = [
    [1.0, 2.0, 2.0],
    [3.0, 3.0, 2.0],
    [0.5, 0.5, 0.5],
    [f32::NAN, 1.0, 2.0],
    [1.0, f32::NAN, 0.0],
    [2.0, 1.0, f32::NAN],
    [f32::NAN, f32::NAN, f32::NAN],
    [1e30, 1e30, 0.0],
    [-1e30, 0.0, -1e30],
];

pub fn cases() -> Vec<Case> {
    let scores = uniform([9, 4], -1.0, 1.0, 1);
    let mut ties = HostTensor::zeros(TensorType::f32([9, 3]));
    ties.words_mut().copy_from_slice(TIES.as_flattened());
    vec![
        Case {
            label: "argmax of ties and NaN".to_owned(),
            op: Arc::new(ArgMax),
            inputs: vec![ties.clone()],
            differentiable: vec![false],
            tolerance: 0.0,
        },
        Case {
            label: "correct predictions of ties and NaN".to_owned(),
            op: Arc::new(CorrectPredictions),
            inputs: vec![ties, integers([9], 3, 3)],
            differentiable: vec![false, false],
            tolerance: 0.0,
        },
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

    #[test]
    fn the_first_of_equal_scores_is_the_prediction_and_a_tie_of_all_or_a_nan_names_none() {
        let scores = HostTensor::f32([9, 3], TIES.concat()).unwrap();
        let classes = run_cpu_kernel(&ArgMax, &[&scores], &TensorType::i32([9]));
        assert_eq!(classes.i32s(), [1, 0, -1, -1, -1, -1, -1, 0, 1]);
        let labels = HostTensor::i32([9], &[1, 1, 0, 2, 1, 0, 0, 0, 1]).unwrap();
        let correct = run_cpu_kernel(&CorrectPredictions, &[&scores, &labels], &TensorType::f32([9]));
        assert_eq!(correct.words(), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(
            [predicted_class(&[7.0]), predicted_class(&[f32::NAN]), predicted_class(&[])],
            [Some(0), None, None]
        );
        assert_eq!(predicted_class(&[0.0, -0.0]), None);
        assert_eq!(predicted_class(&[f32::INFINITY, 1.0, f32::INFINITY]), Some(0));
    }
}
