//! Test cases: every way to fill and to interpolate, with maps that leave the image on all sides.

use std::sync::Arc;

use super::{AffineWarp, AffineWarpGradient, FillMode, Interpolation, MAP};
use crate::ir::op::Case;
use crate::ops::case_values::uniform;
use crate::tensor::{HostTensor, TensorType};

const FILLS: [FillMode; 4] = [FillMode::Constant(0.25), FillMode::Reflect, FillMode::Wrap, FillMode::Nearest];

/// A turn with a shift, a zoom out, a shift by more than an image, a flip: none lands between two pixels, where rounding
/// would decide.
const MAPS: [[f32; MAP]; 4] = [
    [0.877, -0.479, 1.613, 0.479, 0.877, -1.129],
    [1.31, 0.0, -0.873, 0.0, 1.57, -1.171],
    [1.0, 0.0, -7.37, 0.0, 1.0, 9.21],
    [-1.0, 0.0, 4.0, 0.0, -1.0, 3.0],
];

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for fill in FILLS {
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            let warp = AffineWarp { interpolation, fill };
            let label = format!("{} {}", fill.name(), interpolation.name());
            let maps = |count: usize| {
                HostTensor::f32([count, MAP], MAPS[..count].concat())
                    .unwrap_or_else(|| HostTensor::zeros(TensorType::f32([count, MAP])))
            };
            let images = |shape: [usize; 4], seed| vec![uniform(shape, -1.0, 1.0, seed), maps(shape[0])];
            cases.push(Case {
                label: format!("{label}, forward"),
                op: Arc::new(warp),
                inputs: images([4, 4, 5, 2], 1),
                differentiable: vec![true, false],
                tolerance: 1e-5,
            });
            cases.push(Case {
                label: format!("{label}, gradient"),
                op: Arc::new(AffineWarpGradient { warp }),
                inputs: images([4, 4, 5, 3], 2),
                differentiable: vec![false, false],
                tolerance: 1e-5,
            });
            cases.push(Case {
                label: format!("{label}, one column"),
                op: Arc::new(warp),
                inputs: images([2, 3, 1, 1], 3),
                differentiable: vec![true, false],
                tolerance: 1e-5,
            });
        }
    }
    cases
}
