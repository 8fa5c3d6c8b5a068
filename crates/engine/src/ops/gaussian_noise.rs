//! Gaussian noise, added to every number.
//!
//! As the mask of a [dropout](super::dropout) it is a pure function of key, stream and position, so that every backend draws the
//! same.

use std::sync::Arc;

use super::case_values::uniform;
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass, constants};
use crate::ir::op::{Case, as_i32};
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Place, VjpCall};
use crate::random::{philox4x32, unit_f32};
use crate::tensor::{DType, HostTensor, TensorType, constant_text};

/// The most blocks of random words that are drawn for a number. A block is of no use once in 22 times.
const MOST_DRAWS: u32 = 16;

/// A tensor and a key `i32[2]` (different for every step) to the tensor plus `deviation` times a standard normal number for
/// each of its elements.
///
/// The normal numbers are made by the polar method (Marsaglia and Bray 1964): the words of Philox 4x32-10 at counter
/// `[i, draw, stream, 0]` are two points of the square from -1 to 1, and the first point within the circle is taken. It needs
/// no sine, of which WGSL promises three digits.
#[derive(Clone, Debug)]
pub struct GaussianNoise {
    /// At least 0.
    pub deviation: f32,
    /// Number that differs for each random layer of a model.
    pub stream: u32,
}

/// Appends a [`GaussianNoise`].
///
/// # Errors
/// If the key is not `i32[2]`.
pub fn gaussian_noise(graph: &mut Graph, x: NodeId, key: NodeId, deviation: f32, stream: u32) -> Result<NodeId> {
    graph.apply(Arc::new(GaussianNoise { deviation, stream }), &[x, key])
}

/// Returns the standard normal number of an element.
fn normal(element: u32, stream: u32, key: [u32; 2]) -> f32 {
    for draw in 0..MOST_DRAWS {
        let [a, b, c, d] = philox4x32([element, draw, stream, 0], key).map(|word| 2.0 * unit_f32(word) - 1.0);
        for (x, y) in [(a, b), (c, d)] {
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }
    0.0
}

impl Op for GaussianNoise {
    fn name(&self) -> &'static str {
        "gaussian_noise"
    }

    fn attributes(&self) -> String {
        format!("deviation={}, stream={}", constant_text(self.deviation), self.stream)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        match inputs {
            [x, key] if x.dtype == DType::F32 && *key == &TensorType::i32([2]) => Ok((*x).clone()),
            _ => Err(GraphError::TensorAndKey { op: self.name().to_owned(), got: inputs.iter().collect() }.into()),
        }
    }

    /// Passes the gradient on, as the noise does not depend on the numbers.
    fn vjp(&self, _graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![Some(call.gradient), None])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let numbers = constants(&[("STREAM", self.stream as usize), ("MOST_DRAWS", MOST_DRAWS as usize)]);
        let deviation = format!("const DEVIATION: f32 = {:?};\n", self.deviation);
        let source = [&numbers, &deviation, include_str!("philox.wgsl"), include_str!("gaussian_noise/gpu.wgsl")];
        vec![Pass::elements(call, source.concat())]
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let key = call.inputs.get(1)?.i32s();
        let noise = normal(call.at as u32, self.stream, [*key.first()? as u32, *key.get(1)? as u32]);
        Some(Explanation::of_numbers(Expr::input(0) + self.deviation * noise, [Place::input(0, call.at)]).random())
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let key = as_i32(call.inputs[1]);
        let key = [key[0] as u32, key[1] as u32];
        let part = call.part.of(call.output.len());
        let values = call.inputs[0][part.clone()].iter().zip(&mut call.output[part.clone()]);
        for (element, (value, result)) in (part.start as u32..).zip(values) {
            *result = value + self.deviation * normal(element, self.stream, key);
        }
    }
}

pub fn cases() -> Vec<Case> {
    let case = |shape: &[usize], deviation: f32| Case {
        label: format!("{shape:?}, deviation {deviation}"),
        op: Arc::new(GaussianNoise { deviation, stream: 3 }),
        inputs: vec![uniform(shape, -1.0, 1.0, 1), key(1, 2)],
        differentiable: vec![true, false],
        tolerance: 1e-5,
    };
    vec![case(&[3, 7], 0.5), case(&[2, 3, 4, 5], 2.0), case(&[5], 0.0)]
}

fn key(low: i32, high: i32) -> HostTensor {
    HostTensor::i32([2], &[low, high]).unwrap_or_else(|| HostTensor::zeros(TensorType::i32([2])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::run_cpu_kernel;

    fn noise(stream: u32, key: &HostTensor) -> Vec<f32> {
        let zeros = HostTensor::zeros(TensorType::f32([20_000]));
        run_cpu_kernel(&GaussianNoise { deviation: 1.0, stream }, &[&zeros, key], zeros.tensor_type()).into_words()
    }

    #[test]
    fn its_moments_are_those_of_the_normal_distribution() {
        let values = noise(0, &key(5, 0));
        let moment = |power: i32| values.iter().map(|value| value.powi(power)).sum::<f32>() / values.len() as f32;
        // Mean 0, variance 1, no skew, kurtosis 3; 20,000 numbers scatter by 0.007, 0.01, 0.02 and 0.07.
        assert!(moment(1).abs() < 0.03 && (moment(2) - 1.0).abs() < 0.04, "{} {}", moment(1), moment(2));
        assert!(moment(3).abs() < 0.08 && (moment(4) - 3.0).abs() < 0.3, "{} {}", moment(3), moment(4));
    }

    #[test]
    fn it_depends_on_key_and_stream_alone() {
        let first = noise(0, &key(5, 0));
        assert_eq!(first, noise(0, &key(5, 0)));
        for other in [noise(1, &key(5, 0)), noise(0, &key(6, 0)), noise(0, &key(5, 1))] {
            assert!(first.iter().zip(&other).filter(|(a, b)| a == b).count() < 20);
        }
    }
}
