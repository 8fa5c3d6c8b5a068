//! Uniform random numbers.
//!
//! As the mask of a [dropout](super::dropout) they are a pure function of key, stream and position, so that every backend
//! draws the same.

use std::sync::Arc;

use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, constants};
use crate::ir::op::{Case, as_i32};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, VjpCall};
use crate::random::{philox4x32, unit_f32};
use crate::tensor::{HostTensor, Shape, TensorType};

/// A key `i32[2]` (different for every step) to numbers from 0 to less than 1: word `i mod 4` of Philox 4x32-10 at counter
/// `[i / 4, 0, stream, 0]` makes element `i`.
#[derive(Clone, Debug)]
pub struct RandomUniform {
    pub shape: Shape,
    /// Number that differs for each random layer of a model.
    pub stream: u32,
}

/// Appends a [`RandomUniform`].
///
/// # Errors
/// If the key is not `i32[2]`.
pub fn random_uniform(graph: &mut Graph, key: NodeId, shape: impl Into<Shape>, stream: u32) -> Result<NodeId> {
    graph.apply(Arc::new(RandomUniform { shape: shape.into(), stream }), &[key])
}

impl Op for RandomUniform {
    fn name(&self) -> &'static str {
        "random_uniform"
    }

    fn attributes(&self) -> String {
        format!("shape={}, stream={}", self.shape, self.stream)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [key] if *key == &TensorType::i32([2]) => Ok(TensorType::f32(self.shape.clone())),
            _ => Err(GraphError::NotKey { op: self.name().to_owned(), got: inputs.iter().collect() }.into()),
        }
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![None])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let stream = constants(&[("STREAM", self.stream as usize)]);
        let source = [&stream, include_str!("philox.wgsl"), include_str!("random_uniform/gpu.wgsl")];
        vec![Pass::elements(call, source.concat())]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let key = call.inputs.first()?.i32s();
        let key = [*key.first()? as u32, *key.get(1)? as u32];
        let word = philox4x32([(call.at / 4) as u32, 0, self.stream, 0], key)[call.at % 4];
        Some(Explanation::constant(unit_f32(word)).random())
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let key = as_i32(call.inputs[0]);
        let key = [key[0] as u32, key[1] as u32];
        for (block, numbers) in (0..).zip(call.output.chunks_mut(4)) {
            let words = philox4x32([block, 0, self.stream, 0], key);
            numbers.iter_mut().zip(words).for_each(|(number, word)| *number = unit_f32(word));
        }
    }
}

pub fn cases() -> Vec<Case> {
    let case = |shape: &[usize]| Case {
        label: format!("{shape:?}"),
        op: Arc::new(RandomUniform { shape: shape.into(), stream: 3 }),
        inputs: vec![key(1, 2)],
        differentiable: vec![false],
        tolerance: 0.0,
    };
    vec![case(&[3, 7]), case(&[5]), case(&[8, 1])]
}

fn key(low: i32, high: i32) -> HostTensor {
    HostTensor::i32([2], &[low, high]).unwrap_or_else(|| HostTensor::zeros(TensorType::i32([2])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::run_cpu_kernel;

    fn numbers(stream: u32, key: &HostTensor) -> Vec<f32> {
        let shape = Shape::from([20_000]);
        run_cpu_kernel(&RandomUniform { shape: shape.clone(), stream }, &[key], &TensorType::f32(shape)).into_words()
    }

    #[test]
    fn they_fill_the_unit_interval_evenly() {
        let numbers = numbers(0, &key(5, 0));
        for tenth in 0..10 {
            let low = tenth as f32 / 10.0;
            let count = numbers.iter().filter(|number| (low..low + 0.1).contains(*number)).count();
            assert!((1_800..2_200).contains(&count), "{count} from {low}");
        }
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
    }

    #[test]
    fn they_depend_on_key_and_stream_alone() {
        let first = numbers(0, &key(5, 0));
        assert_eq!(first, numbers(0, &key(5, 0)));
        for other in [numbers(1, &key(5, 0)), numbers(0, &key(6, 0)), numbers(0, &key(5, 1))] {
            assert!(first.iter().zip(&other).filter(|(a, b)| a == b).count() < 20);
        }
    }
}
