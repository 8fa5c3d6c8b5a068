use std::sync::Arc;

use super::{Conv2d, Conv2dInputGradient, Conv2dKernelGradient, output_shape};
use crate::ir::op::Case;
use crate::ops::case_values::uniform;
use crate::ops::window::Padding::{self, Same, Valid};

/// Makes the cases of the convolution and both gradients, for each of a list of geometries.
pub fn cases() -> Vec<Case> {
    let conv = |padding: Padding, strides: [usize; 2], dilations: [usize; 2]| Conv2d { strides, dilations, padding };
    let geometries = [
        ("3x3 as in the reference CNN's first layer", conv(Valid, [1, 1], [1, 1]), [2, 12, 12, 1], [3, 3, 1, 32]),
        ("3x3, inner layer", conv(Valid, [1, 1], [1, 1]), [3, 7, 7, 8], [3, 3, 8, 16]),
        ("3x3 same", conv(Same, [1, 1], [1, 1]), [2, 6, 5, 3], [3, 3, 3, 5]),
        ("3x2 stride 2 same, odd sizes", conv(Same, [2, 2], [1, 1]), [2, 7, 5, 3], [3, 2, 3, 9]),
        ("2x3 stride 3x2 valid, pixels left over", conv(Valid, [3, 2], [1, 1]), [1, 9, 8, 2], [2, 3, 2, 4]),
        ("3x3 dilation 2 valid", conv(Valid, [1, 1], [2, 2]), [2, 8, 7, 2], [3, 3, 2, 3]),
        ("3x3 dilation 2x3 same", conv(Same, [1, 1], [2, 3]), [1, 6, 7, 3], [3, 3, 3, 2]),
        ("5x5 stride 2 dilation 2 same", conv(Same, [2, 2], [2, 2]), [1, 9, 9, 2], [5, 5, 2, 3]),
        ("1x1", conv(Valid, [1, 1], [1, 1]), [3, 4, 5, 7], [1, 1, 7, 6]),
        ("1x1 stride 2", conv(Valid, [2, 2], [1, 1]), [2, 5, 5, 4], [1, 1, 4, 3]),
        ("kernel as large as the image", conv(Valid, [1, 1], [1, 1]), [5, 4, 3, 2], [4, 3, 2, 5]),
        ("kernel larger than the image, same", conv(Same, [1, 1], [1, 1]), [2, 2, 3, 2], [5, 5, 2, 3]),
        ("several blocks of images, same", conv(Same, [1, 1], [1, 1]), [37, 3, 3, 2], [3, 3, 2, 3]),
        ("several blocks of images, stride 2", conv(Valid, [2, 2], [1, 1]), [50, 5, 5, 3], [3, 3, 3, 4]),
        // Winograd's minimal filtering computes these: see `simd::conv::winograd`.
        ("3x3, tiles of 4x4 outputs", conv(Valid, [1, 1], [1, 1]), [4, 13, 10, 16], [3, 3, 16, 20]),
        (
            "3x3 same, tiles of 4x4 outputs that reach over the edge",
            conv(Same, [1, 1], [1, 1]),
            [5, 7, 6, 20],
            [3, 3, 20, 16],
        ),
        (
            "3x3, tiles of 3x3 outputs, several blocks of images",
            conv(Valid, [1, 1], [1, 1]),
            [75, 5, 5, 16],
            [3, 3, 16, 16],
        ),
        (
            "3x3 same, tiles of 3x3 outputs that reach over the edge",
            conv(Same, [1, 1], [1, 1]),
            [6, 5, 6, 16],
            [3, 3, 16, 20],
        ),
        ("many pixels", conv(Same, [1, 1], [1, 1]), [2, 19, 21, 1], [3, 3, 1, 2]),
    ];
    let mut cases = Vec::new();
    for (label, conv, input, kernel) in geometries {
        // A geometry that does not fit becomes a case without operands, which the tests then name.
        let output = conv.geometry("conv2d", input, kernel).map(|geometry| output_shape(&geometry)).unwrap_or_default();
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
        let to_input = Conv2dInputGradient { conv, input_shape: input.into() };
        let to_kernel = Conv2dKernelGradient { conv, kernel_shape: kernel.into() };
        case("forward", Arc::new(conv), vec![x.clone(), k.clone()]);
        case("input gradient", Arc::new(to_input), vec![g.clone(), k]);
        case("kernel gradient", Arc::new(to_kernel), vec![x, g]);
    }
    cases
}
