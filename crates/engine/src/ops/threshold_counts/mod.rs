//! Counts of scores above thresholds, from which the area under the ROC curve follows.

use std::sync::Arc;

use super::case_values::{integers, uniform};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, constants};
use crate::ir::op::{Case, as_i32};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, VjpCall};
use crate::tensor::{DType, TensorType};

/// Keeps the first threshold below 0 and the last above 1, as Keras's `AUC` does.
const EPSILON: f32 = 1e-7;

/// Scores `[N]`, classes `i32[N]` of 0 and 1 and weights `[N]` to counts `[2T]`, over the samples of weight above 0: how many of
/// class 1 have a score above each of `T` thresholds, then how many of class 0. The thresholds go from 0 to 1 in equal steps, as
/// those of Keras's `AUC` do.
#[derive(Clone, Debug)]
pub struct ThresholdCounts {
    /// At least 2.
    pub thresholds: usize,
}

/// Appends a [`ThresholdCounts`].
///
/// # Errors
/// If the inputs are not a score, a class and a weight for each sample, or there are fewer than two thresholds.
pub fn threshold_counts(
    graph: &mut Graph,
    [scores, classes, weights]: [NodeId; 3],
    thresholds: usize,
) -> Result<NodeId> {
    graph.apply(Arc::new(ThresholdCounts { thresholds }), &[scores, classes, weights])
}

impl ThresholdCounts {
    fn threshold(&self, step: usize) -> f32 {
        match step {
            0 => -EPSILON,
            last if last + 1 == self.thresholds => 1.0 + EPSILON,
            step => step as f32 / (self.thresholds - 1) as f32,
        }
    }
}

impl Op for ThresholdCounts {
    fn name(&self) -> &'static str {
        "threshold_counts"
    }

    fn attributes(&self) -> String {
        format!("thresholds={}", self.thresholds)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [scores, classes, weights]
                if self.thresholds >= 2
                    && scores.dtype == DType::F32
                    && scores.shape.rank() == 1
                    && *classes == &TensorType::i32([scores.shape[0]])
                    && weights == scores =>
            {
                Ok(TensorType::f32([2 * self.thresholds]))
            }
            _ => Err(GraphError::ScoresAndLabels { op: self.name().to_owned(), got: inputs.iter().collect() }.into()),
        }
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![None, None, None])
    }

    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> u64 {
        (inputs[0].shape.len() * output.shape.len()) as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let sizes = constants(&[("THRESHOLDS", self.thresholds), ("SAMPLES", call.input_types[0].shape[0])]);
        let epsilon = format!("const EPSILON: f32 = {EPSILON:?};\n");
        vec![Pass::elements(call, [&sizes, &epsilon, include_str!("gpu.wgsl")].concat())]
    }

    fn explain(&self, _call: &ExplainCall<'_>) -> Option<Explanation> {
        None
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        call.output.fill(0.0);
        let [scores, classes, weights] = [call.inputs[0], call.inputs[1], call.inputs[2]];
        let (positive, negative) = call.output.split_at_mut(self.thresholds);
        for ((score, class), weight) in scores.iter().zip(as_i32(classes)).zip(weights) {
            let counts = match class {
                1 if *weight > 0.0 => &mut *positive,
                0 if *weight > 0.0 => &mut *negative,
                _ => continue,
            };
            for (step, count) in counts.iter_mut().enumerate() {
                // Thresholds rise, so no later one is below the score.
                if *score > self.threshold(step) {
                    *count += 1.0;
                } else {
                    break;
                }
            }
        }
    }
}

pub fn cases() -> Vec<Case> {
    let case = |samples: usize, thresholds: usize| Case {
        label: format!("{samples} samples, {thresholds} thresholds"),
        op: Arc::new(ThresholdCounts { thresholds }),
        inputs: vec![uniform([samples], -0.1, 1.1, 1), integers([samples], 2, 2), uniform([samples], -0.2, 1.0, 3)],
        differentiable: vec![false, false, false],
        tolerance: 0.0,
    };
    vec![case(9, 2), case(33, 11), case(1, 200)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::run_cpu_kernel;
    use crate::tensor::HostTensor;

    #[test]
    fn samples_count_at_the_thresholds_below_their_score() {
        let scores = HostTensor::f32([5], vec![0.0, 0.5, 1.0, 0.7, 0.9]).unwrap();
        let classes = HostTensor::i32([5], &[0, 1, 1, 0, 1]).unwrap();
        let weights = HostTensor::f32([5], vec![1.0, 1.0, 1.0, 1.0, 0.0]).unwrap();
        // The thresholds are just below 0, 0.5, and just above 1. The last sample is padding.
        let op = ThresholdCounts { thresholds: 3 };
        let counts = run_cpu_kernel(&op, &[&scores, &classes, &weights], &TensorType::f32([6]));
        assert_eq!(counts.words(), [2.0, 1.0, 0.0, 2.0, 1.0, 0.0]);
    }
}
