//! Test cases, and the products of the plain reference.

use std::sync::Arc;

use super::{DepthwiseConv2d, DepthwiseInputGradient, DepthwiseKernelGradient};
use crate::ir::op::Case;
use crate::ops::case_values::uniform;
use crate::ops::conv2d::Conv2d;
use crate::ops::window::Padding::{self, Same, Valid};
use crate::tensor::{HostTensor, TensorType};

/// Rounds the results of a reference.
pub(super) fn rounded(output: &TensorType, results: Vec<f64>) -> Option<HostTensor> {
    HostTensor::f32(output.shape.clone(), results.into_iter().map(|result| result as f32).collect())
}

/// Makes the cases of the convolution and both gradients, for each of a list of geometries.
pub fn cases() -> Vec<Case> {
    let conv = |padding: Padding, strides: [usize; 2], dilations: [usize; 2]| Conv2d { strides, dilations, padding };
    let geometries = [
        ("3x3", conv(Valid, [1, 1], [1, 1]), [2, 6, 5, 4], [3, 3, 4, 1]),
        ("3x3 same, two results a channel", conv(Same, [1, 1], [1, 1]), [2, 5, 6, 3], [3, 3, 3, 2]),
        ("3x2 stride 2 same, odd sizes", conv(Same, [2, 2], [1, 1]), [2, 7, 5, 3], [3, 2, 3, 1]),
        ("2x3 stride 3x2 valid, pixels left over", conv(Valid, [3, 2], [1, 1]), [1, 9, 8, 2], [2, 3, 2, 3]),
        ("3x3 dilation 2x3 same", conv(Same, [1, 1], [2, 3]), [1, 6, 7, 5], [3, 3, 5, 1]),
        ("kernel larger than the image, same", conv(Same, [1, 1], [1, 1]), [3, 2, 3, 2], [5, 5, 2, 1]),
        ("one channel", conv(Valid, [1, 1], [1, 1]), [3, 5, 5, 1], [3, 3, 1, 4]),
        ("many channels", conv(Same, [1, 1], [1, 1]), [2, 4, 4, 37], [3, 3, 37, 1]),
    ];
    let mut cases = Vec::new();
    for (label, conv, input, kernel) in geometries {
        let op = DepthwiseConv2d { conv };
        // A geometry that does not fit becomes a case without operands, which the tests then name.
        let output =
            op.geometry(super::NAME, input, kernel).map(|geometry| geometry.output_shape()).unwrap_or_default();
        let x = uniform(input, -1.0, 1.0, 1);
        let k = uniform(kernel, -0.5, 0.5, 2);
        let g = uniform(output, -1.0, 1.0, 3);
        let mut case = |what: &str, op, inputs| {
            cases.push(Case {
                label: format!("{label}, {what}"),
                op,
                inputs,
                differentiable: vec![true, true],
                tolerance: 1e-5,
            });
        };
        let to_input = DepthwiseInputGradient { op, input_shape: input.into() };
        let to_kernel = DepthwiseKernelGradient { op, kernel_shape: kernel.into() };
        case("forward", Arc::new(op), vec![x.clone(), k.clone()]);
        case("input gradient", Arc::new(to_input), vec![g.clone(), k]);
        case("kernel gradient", Arc::new(to_kernel), vec![x, g]);
    }
    cases
}
