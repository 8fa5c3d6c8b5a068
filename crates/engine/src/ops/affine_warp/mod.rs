//! Images seen through an affine map, as Keras's `ops.image.affine_transform` computes them on TensorFlow.

mod cases;
mod sampling;

use std::sync::Arc;

pub use cases::cases;
pub use sampling::{FillMode, Interpolation};

use sampling::{Source, taps};

use super::window::{expect_shape, image_extents, inputs};
use crate::error::Result;
use crate::ir::gpu::{GpuCall, Pass, constants, signed_constants};
use crate::ir::{CpuCall, ExplainCall, Explanation, Expr, Graph, NodeId, Op, Part, Place, Product, VjpCall};
use crate::tensor::{Shape, TensorType, constant_text};

/// Numbers of a map: `[a0, a1, a2, b0, b1, b2]` says that the output's pixel in column x and row y shows the input at column
/// `a0 x + a1 y + a2` and row `b0 x + b1 y + b2`.
pub const MAP: usize = 6;

/// Images `[N,H,W,C]` and a map `[N,6]` for each to the images that the maps show, of the same shape.
#[derive(Clone, Copy, Debug)]
pub struct AffineWarp {
    pub interpolation: Interpolation,
    pub fill: FillMode,
}

/// Gradients `[N,H,W,C]` of what [`AffineWarp`] shows, and the maps `[N,6]`, to the gradients of the images.
#[derive(Clone, Copy, Debug)]
pub struct AffineWarpGradient {
    pub warp: AffineWarp,
}

/// Appends an [`AffineWarp`].
///
/// # Errors
/// If there are no images, or not one map for each.
pub fn affine_warp(graph: &mut Graph, images: NodeId, maps: NodeId, warp: AffineWarp) -> Result<NodeId> {
    graph.apply(Arc::new(warp), &[images, maps])
}

impl AffineWarp {
    /// Checks the inputs, and returns their type.
    fn checked(self, op: &str, types: &[&TensorType]) -> Result<TensorType> {
        let [images, maps] = inputs(op, types)?;
        let [batch, ..] = image_extents(op, images)?;
        expect_shape(op, maps, &Shape::from([batch, MAP]))?;
        Ok(images.clone())
    }

    fn text(self) -> String {
        let fill = match self.fill {
            FillMode::Constant(value) => format!("constant {}", constant_text(value)),
            other => other.name().to_owned(),
        };
        format!("interpolation={}, fill={fill}", self.interpolation.name())
    }

    /// Writes the constants of a call and the way from a pixel to its place in the input.
    fn header(self, call: &GpuCall<'_>) -> String {
        let dims = call.output_type.shape.dims();
        let [height, width, channels] = [1, 2, 3].map(|axis| dims.get(axis).copied().unwrap_or(1));
        let value = match self.fill {
            FillMode::Constant(value) => value,
            _ => 0.0,
        };
        let extents = signed_constants(&[("HEIGHT", height), ("WIDTH", width), ("CHANNELS", channels)]);
        let modes =
            constants(&[("FILL", self.fill.number()), ("NEAREST", usize::from(self.interpolation.is_nearest()))]);
        format!("{extents}{modes}const FILL_VALUE: f32 = {value:?};\n{}", include_str!("sampling.wgsl"))
    }
}

impl Op for AffineWarp {
    fn name(&self) -> &'static str {
        "affine_warp"
    }

    fn attributes(&self) -> String {
        self.text()
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        self.checked(self.name(), inputs)
    }

    /// The maps have no gradient.
    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let gradient = graph.apply(Arc::new(AffineWarpGradient { warp: *self }), &[call.gradient, call.inputs[1]])?;
        Ok(vec![Some(gradient), None])
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        vec![Pass::elements(call, self.header(call) + include_str!("forward.wgsl"))]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [images, maps] = call.inputs else { return None };
        let (mut products, mut fill) = (Vec::new(), 0.0);
        each_tap(*self, images.tensor_type(), maps.words(), |output, source, coefficient, _| match source {
            _ if output != call.at => {}
            Source::Pixel(at) => products.push(share(coefficient, at)),
            Source::Fill(value) => fill += coefficient * value,
        });
        let sum = if fill == 0.0 { Expr::input(0) } else { Expr::input(0) + fill };
        Some(Explanation::expression(sum, vec![Part::Sum(products)]))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        each_tap(*self, call.input_types[0], call.inputs[1], |output, source, weight, is_first| {
            let value = match source {
                Source::Pixel(at) => call.inputs[0][at],
                Source::Fill(value) => value,
            };
            let before = if is_first { 0.0 } else { call.output[output] };
            call.output[output] = before + weight * value;
        });
    }
}

impl Op for AffineWarpGradient {
    fn name(&self) -> &'static str {
        "affine_warp_gradient"
    }

    fn attributes(&self) -> String {
        self.warp.text()
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        self.warp.checked(self.name(), inputs)
    }

    fn vjp(&self, _graph: &mut Graph, _call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Err(super::no_second_derivative(self.name()))
    }

    /// Each pixel of the input looks through all of its image's output for those that show it, as nothing can be added to
    /// one number by several invocations in a fixed order.
    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        vec![Pass::elements(call, self.warp.header(call) + include_str!("gradient.wgsl"))]
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [gradient, maps] = call.inputs else { return None };
        let mut products = Vec::new();
        each_tap(self.warp, gradient.tensor_type(), maps.words(), |shown, source, coefficient, _| {
            if matches!(source, Source::Pixel(at) if at == call.at) {
                products.push(share(coefficient, shown));
            }
        });
        Some(Explanation::sum(products))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        call.output.fill(0.0);
        each_tap(self.warp, call.input_types[0], call.inputs[1], |shown, source, weight, _| {
            if let Source::Pixel(at) = source {
                call.output[at] += weight * call.inputs[0][shown];
            }
        });
    }
}

/// Makes the share of a number of the first input.
fn share(coefficient: f32, at: usize) -> Product {
    Product { coefficient, factors: [Place::input(0, at)].into_iter().collect() }
}

/// Calls `visit(output, source, weight, is_first)` for each number of the output and each number that it takes a share of.
fn each_tap(warp: AffineWarp, images: &TensorType, maps: &[f32], mut visit: impl FnMut(usize, Source, f32, bool)) {
    let &[batch, height, width, channels] = images.shape.dims() else { return };
    for image in 0..batch {
        let map = &maps[image * MAP..(image + 1) * MAP];
        for row in 0..height {
            for column in 0..width {
                let output = ((image * height + row) * width + column) * channels;
                for (number, (place, weight)) in taps(warp, map, [row, column], [height, width]).enumerate() {
                    for channel in 0..channels {
                        let source = match place {
                            Some([row, column]) => {
                                Source::Pixel(((image * height + row) * width + column) * channels + channel)
                            }
                            None => Source::Fill(warp.fill.value()),
                        };
                        visit(output + channel, source, weight, number == 0);
                    }
                }
            }
        }
    }
}
