//! Two-dimensional convolution (cross-correlation, as in Keras) of images `[N,H,W,Cin]` with a kernel
//! `[KH,KW,Cin,Cout]`, giving `[N,OH,OW,Cout]`; any stride, dilation and padding. Its two gradients are ops too.

mod cases;
mod cpu;
mod gpu;
mod gradients;
mod places;

use std::sync::Arc;

pub use cases::cases;
pub use gradients::{Conv2dInputGradient, Conv2dKernelGradient};

use places::{input_index, kernel_index, seen};

use super::window::{Padding, image_extents, inputs, kernel_extents};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, Place, Product, VjpCall};
use crate::simd::conv::ConvGeometry;
use crate::simd::reference;
use crate::tensor::HostTensor;
use crate::tensor::{Shape, TensorType, place};

const NAME: &str = "conv2d";

/// Movement of windows over the image, each as `[height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    pub strides: [usize; 2],
    pub dilations: [usize; 2],
    pub padding: Padding,
}

impl Default for Conv2d {
    fn default() -> Self {
        Self { strides: [1, 1], dilations: [1, 1], padding: Padding::Valid }
    }
}

impl Conv2d {
    /// Appends the convolution of `input` with `kernel`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn apply(self, graph: &mut Graph, input: NodeId, kernel: NodeId) -> Result<NodeId> {
        graph.apply(Arc::new(self), &[input, kernel])
    }

    /// Computes all extents from those of input and kernel.
    fn geometry(&self, op: &str, input: [usize; 4], kernel: [usize; 4]) -> Result<ConvGeometry> {
        let [batch, height, width, in_channels] = input;
        let [kernel_height, kernel_width, kernel_channels, out_channels] = kernel;
        if in_channels != kernel_channels {
            let [images, kernel] = [input, kernel].map(|extents| Shape::from(extents).to_string());
            return Err(GraphError::KernelChannels { op: op.to_owned(), images, kernel }.into());
        }
        if in_channels == 0 || out_channels == 0 {
            return Err(
                GraphError::NoChannels { op: op.to_owned(), channels: in_channels, filters: out_channels }.into()
            );
        }
        let axis = |axis: usize, extent, window| {
            self.padding.axis(op, extent, window, self.strides[axis], self.dilations[axis])
        };
        let (vertical, horizontal) = (axis(0, height, kernel_height)?, axis(1, width, kernel_width)?);
        Ok(ConvGeometry {
            batch,
            height,
            width,
            in_channels,
            kernel_height,
            kernel_width,
            out_height: vertical.outputs,
            out_width: horizontal.outputs,
            out_channels,
            stride_height: self.strides[0],
            stride_width: self.strides[1],
            dilation_height: self.dilations[0],
            dilation_width: self.dilations[1],
            pad_top: vertical.pad_before,
            pad_left: horizontal.pad_before,
        })
    }

    /// Prints the attributes, omitting those that are 1.
    pub(super) fn attributes(&self) -> String {
        let mut text = format!("padding={}", self.padding);
        for (name, [height, width]) in [("strides", self.strides), ("dilations", self.dilations)] {
            if [height, width] != [1, 1] {
                text.push_str(&format!(", {name}=[{height},{width}]"));
            }
        }
        text
    }

    fn forward_geometry(&self, types: &[&TensorType]) -> Result<ConvGeometry> {
        let [input, kernel] = inputs(NAME, types)?;
        self.geometry(NAME, image_extents(NAME, input)?, kernel_extents(NAME, kernel)?)
    }
}

fn output_shape(g: &ConvGeometry) -> Shape {
    [g.batch, g.out_height, g.out_width, g.out_channels].into()
}

/// Counts multiplications and additions of the convolution, or of either gradient.
fn flops(g: &ConvGeometry) -> u64 {
    2 * (g.kernel_height * g.kernel_width * g.in_channels) as u64 * output_shape(g).len() as u64
}

impl Op for Conv2d {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attributes(&self) -> String {
        Self::attributes(self)
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        Ok(TensorType::f32(output_shape(&self.forward_geometry(inputs)?)))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let (input, kernel) = (call.inputs[0], call.inputs[1]);
        let input_shape = graph.tensor_type(input).shape.clone();
        let kernel_shape = graph.tensor_type(kernel).shape.clone();
        let to_input = Conv2dInputGradient { conv: *self, input_shape };
        let to_kernel = Conv2dKernelGradient { conv: *self, kernel_shape };
        Ok(vec![
            Some(graph.apply(Arc::new(to_input), &[call.gradient, kernel])?),
            Some(graph.apply(Arc::new(to_kernel), &[input, call.gradient])?),
        ])
    }

    fn absorbs_epilogue(&self) -> bool {
        true
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        self.forward_geometry(inputs).map_or(0, |geometry| flops(&geometry))
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::forward(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [input, kernel] = call.inputs else { return None };
        let g = self.forward_geometry(&[input.tensor_type(), kernel.tensor_type()]).ok()?;
        let &[image, row, column, filter] = &place(output_shape(&g).dims(), call.at)[..] else { return None };
        let mut products = Vec::new();
        for (x, [down, right]) in seen(&g, [row, column]) {
            for channel in 0..g.in_channels {
                products.push(Product::new([
                    Place::input(0, input_index(&g, image, x, channel)),
                    Place::input(1, kernel_index(&g, [down, right], channel, filter)),
                ]));
            }
        }
        Some(Explanation::sum(products))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::forward(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let geometry = self.forward_geometry(&[inputs[0].tensor_type(), inputs[1].tensor_type()]).ok()?;
        HostTensor::f32(output.shape.clone(), reference::conv2d(&geometry, inputs[0].words(), inputs[1].words()))
    }
}
