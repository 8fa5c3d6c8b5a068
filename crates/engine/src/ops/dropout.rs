//! Dropout (Srivastava et al. 2014), scaled as in Keras: the kept values are divided by the kept share.
//!
//! The mask is a pure function of key, stream and position, so the backward pass computes it again instead of storing
//! it, and every backend draws the same one.

use std::sync::Arc;

use super::case_values::uniform;
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, constants};
use crate::ir::op::{Case, as_i32};
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Place, VjpCall};
use crate::random::{philox4x32, unit_f32};
use crate::tensor::{DType, HostTensor, TensorType, constant_text};

/// A tensor and a key `i32[2]` (different for every step, for example seed and step) to the tensor with a share `rate`
/// of its elements set to 0 and the others divided by `1 - rate`.
///
/// Element `i` is kept if word `i mod 4` of Philox 4x32-10 at counter `[i / 4, 0, stream, 0]` under the key gives a number
/// of at least `rate`.
#[derive(Clone, Debug)]
pub struct Dropout {
    /// In `[0, 1)`.
    pub rate: f32,
    /// Number that differs for each dropout layer of a model.
    pub stream: u32,
}

/// Appends a [`Dropout`].
///
/// # Errors
/// If the rate is not in `[0, 1)`, or the key is not `i32[2]`.
pub fn dropout(graph: &mut Graph, x: NodeId, key: NodeId, rate: f32, stream: u32) -> Result<NodeId> {
    graph.apply(Arc::new(Dropout { rate, stream }), &[x, key])
}

impl Dropout {
    /// Returns the factor of an element: 0 if it is dropped.
    fn factor(&self, at: usize, key: [u32; 2]) -> f32 {
        let word = philox4x32([(at / 4) as u32, 0, self.stream, 0], key)[at % 4];
        if unit_f32(word) >= self.rate { 1.0 / (1.0 - self.rate) } else { 0.0 }
    }
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn attributes(&self) -> String {
        format!("rate={}, stream={}", constant_text(self.rate), self.stream)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(GraphError::BadRate { op: self.name().to_owned(), rate: constant_text(self.rate) }.into());
        }
        match inputs {
            [x, key] if x.dtype == DType::F32 && *key == &TensorType::i32([2]) => Ok((*x).clone()),
            _ => Err(GraphError::TensorAndKey { op: self.name().to_owned(), got: inputs.iter().collect() }.into()),
        }
    }

    /// Applies the same mask and scale to the gradient.
    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![Some(graph.apply(Arc::new(self.clone()), &[call.gradient, call.inputs[1]])?), None])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let scale = 1.0 / (1.0 - self.rate);
        let numbers = format!("const RATE: f32 = {:?};\nconst SCALE: f32 = {scale:?};\n", self.rate);
        let stream = constants(&[("STREAM", self.stream as usize)]);
        vec![Pass::elements(
            call,
            [&numbers, &stream, include_str!("philox.wgsl"), include_str!("dropout/gpu.wgsl")].concat(),
        )]
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let key = call.inputs.get(1)?.i32s();
        let factor = self.factor(call.at, [*key.first()? as u32, *key.get(1)? as u32]);
        Some(Explanation::of_numbers(Expr::input(0) * factor, [Place::input(0, call.at)]).random())
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let key = as_i32(call.inputs[1]);
        let key = [key[0] as u32, key[1] as u32];
        let scale = 1.0 / (1.0 - self.rate);
        let count = call.output.len();
        let part = call.part.of(count.div_ceil(4));
        let words = part.start * 4..(part.end * 4).min(count);
        let blocks = call.inputs[0][words.clone()].chunks(4).zip(call.output[words].chunks_mut(4));
        for (block, (values, results)) in (part.start as u32..).zip(blocks) {
            let words = philox4x32([block, 0, self.stream, 0], key);
            for ((value, result), word) in values.iter().zip(results).zip(words) {
                *result = if unit_f32(word) >= self.rate { value * scale } else { 0.0 };
            }
        }
    }
}

pub fn cases() -> Vec<Case> {
    let case = |shape: &[usize], rate: f32| Case {
        label: format!("{shape:?}, rate {rate}"),
        op: Arc::new(Dropout { rate, stream: 3 }),
        inputs: vec![uniform(shape, -1.0, 1.0, 1), key(1, 2)],
        differentiable: vec![true, false],
        tolerance: 0.0,
    };
    vec![case(&[3, 7], 0.5), case(&[2, 3, 4, 5], 0.2), case(&[5], 0.0)]
}

fn key(low: i32, high: i32) -> HostTensor {
    HostTensor::i32([2], &[low, high]).unwrap_or_else(|| HostTensor::zeros(TensorType::i32([2])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::run_cpu_kernel;

    fn mask(rate: f32, stream: u32, key: &HostTensor) -> Vec<f32> {
        let ones = HostTensor::f32([10_001], vec![1.0; 10_001]).unwrap();
        run_cpu_kernel(&Dropout { rate, stream }, &[&ones, key], ones.tensor_type()).into_words()
    }

    #[test]
    fn drops_its_share_and_keeps_the_mean() {
        let kept = mask(0.3, 0, &key(5, 0));
        let share = kept.iter().filter(|&&value| value != 0.0).count() as f32 / kept.len() as f32;
        assert!((share - 0.7).abs() < 0.02, "kept {share}");
        assert!(kept.iter().all(|&value| value == 0.0 || (value - 1.0 / 0.7).abs() < 1e-6));
    }

    #[test]
    fn masks_depend_on_key_and_stream_alone() {
        let first = mask(0.5, 0, &key(5, 0));
        assert_eq!(first, mask(0.5, 0, &key(5, 0)));
        for other in [mask(0.5, 1, &key(5, 0)), mask(0.5, 0, &key(6, 0)), mask(0.5, 0, &key(5, 1))] {
            let equal = first.iter().zip(&other).filter(|(a, b)| a == b).count();
            assert!((4_800..5_200).contains(&equal), "{equal} of 10001 equal");
        }
    }

    #[test]
    fn a_rate_of_one_is_an_error() {
        let op = Dropout { rate: 1.0, stream: 0 };
        assert_eq!(op.infer(&[&TensorType::f32([3]), &TensorType::i32([2])]).unwrap_err().code, "bad-rate");
    }
}
