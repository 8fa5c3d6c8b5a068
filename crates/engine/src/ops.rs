//! The ops of which tensor programs consist.
//!
//! Pointwise ops are rows of one table ([`pointwise`]). Every other op has a folder of its own with its shape inference
//! and gradient (`mod.rs`), CPU kernel (`cpu.rs`), shaders and test cases (`cases.rs`), or one file if all of that is
//! short, and one line in [`registry`]. [`batch_normalization`] is not an op but a combination of others.

pub mod affine_warp;
pub mod all_finite;
pub mod batch_normalization;
pub mod classification;
pub mod conv2d;
pub mod depthwise_conv2d;
pub mod dropout;
pub mod gather;
pub mod gaussian_noise;
pub mod gemm;
pub mod layout;
pub mod matmul;
pub mod one_hot;
pub mod pointwise;
pub mod pool2d;
pub mod random_uniform;
pub mod recurrent;
pub mod reduce;
pub mod reshape;
pub mod softmax;
pub mod softmax_cross_entropy;
pub mod sum_to;
pub mod threshold_counts;
pub mod window;

use crate::error::{Error, GraphError};
use crate::ir::op::Case;

/// Entry of an op: its name and its test cases, which must not be empty.
pub struct Entry {
    pub name: &'static str,
    pub cases: fn() -> Vec<Case>,
}

/// Lists every op that is not pointwise; [`pointwise::TABLE`] lists those.
pub fn registry() -> Vec<Entry> {
    vec![
        Entry { name: "pointwise", cases: pointwise::cases },
        Entry { name: "sum_to", cases: sum_to::cases },
        Entry { name: "reshape", cases: reshape::cases },
        Entry { name: "reduce", cases: reduce::cases },
        Entry { name: "softmax", cases: softmax::cases },
        Entry { name: "softmax_cross_entropy", cases: softmax_cross_entropy::cases },
        Entry { name: "all_finite", cases: all_finite::cases },
        Entry { name: "classification", cases: classification::cases },
        Entry { name: "threshold_counts", cases: threshold_counts::cases },
        Entry { name: "layout", cases: layout::cases },
        Entry { name: "gather", cases: gather::cases },
        Entry { name: "one_hot", cases: one_hot::cases },
        Entry { name: "dropout", cases: dropout::cases },
        Entry { name: "gaussian_noise", cases: gaussian_noise::cases },
        Entry { name: "random_uniform", cases: random_uniform::cases },
        Entry { name: "affine_warp", cases: affine_warp::cases },
        Entry { name: "matmul", cases: matmul::cases },
        Entry { name: "conv2d", cases: conv2d::cases },
        Entry { name: "depthwise_conv2d", cases: depthwise_conv2d::cases },
        Entry { name: "pool2d", cases: pool2d::cases },
        Entry { name: "recurrent", cases: recurrent::cases },
    ]
}

/// Makes the error of a gradient op that is to be differentiated itself.
fn no_second_derivative(op: &str) -> Error {
    GraphError::NoGradient { op: op.to_owned() }.into()
}

/// Values for test cases.
pub mod case_values {
    use crate::random::Philox;
    use crate::tensor::{HostTensor, Shape};

    /// Returns random numbers in `low..high`, the same for the same seed.
    pub fn uniform(shape: impl Into<Shape>, low: f32, high: f32, seed: u64) -> HostTensor {
        let shape = shape.into();
        let mut random = Philox::new(seed, 0);
        let mut tensor = HostTensor::zeros(crate::tensor::TensorType::f32(shape));
        for word in tensor.words_mut() {
            *word = low + (high - low) * random.uniform();
        }
        tensor
    }

    /// Returns random integers in `0..bound`, the same for the same seed.
    pub fn integers(shape: impl Into<Shape>, bound: u32, seed: u64) -> HostTensor {
        let shape = shape.into();
        let mut random = Philox::new(seed, 0);
        let mut tensor = HostTensor::zeros(crate::tensor::TensorType::i32(shape));
        for word in crate::ir::op::as_i32_mut(tensor.words_mut()) {
            *word = random.below(bound) as i32;
        }
        tensor
    }
}
