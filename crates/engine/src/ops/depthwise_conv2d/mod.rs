//! Depthwise convolution (cross-correlation, as in Keras) of images `[N,H,W,C]` with a kernel `[KH,KW,C,M]`: each channel is
//! convolved alone, with M kernels, giving `[N,OH,OW,C*M]` with the M results of a channel side by side. Its two gradients are
//! ops too.

mod cases;
mod cpu;
mod gpu;
mod gradients;

use std::sync::Arc;

pub use cases::cases;
pub use gradients::{DepthwiseInputGradient, DepthwiseKernelGradient};

use super::conv2d::Conv2d;
use super::window::{image_extents, inputs, kernel_extents};
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, Place, Product, VjpCall};
use crate::tensor::{HostTensor, Shape, TensorType};

const NAME: &str = "depthwise_conv2d";

/// A depthwise convolution, whose windows move as those of a [`Conv2d`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthwiseConv2d {
    pub conv: Conv2d,
}

/// All extents. Those of two axes are `[down, right]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Geometry {
    pub batch: usize,
    pub input: [usize; 2],
    pub output: [usize; 2],
    pub kernel: [usize; 2],
    pub channels: usize,
    /// Results of a channel.
    pub multiplier: usize,
    pub strides: [usize; 2],
    pub dilations: [usize; 2],
    /// Padding before the first pixel.
    pub pads: [usize; 2],
}

impl Geometry {
    pub fn filters(&self) -> usize {
        self.channels * self.multiplier
    }

    pub fn output_shape(&self) -> Shape {
        [self.batch, self.output[0], self.output[1], self.filters()].into()
    }

    /// Counts multiplications and additions of the convolution, or of either gradient.
    pub fn flops(&self) -> u64 {
        2 * (self.kernel[0] * self.kernel[1]) as u64 * self.output_shape().len() as u64
    }

    /// Returns the indices of the numbers of input, kernel and output that each product joins.
    pub fn products(&self) -> impl Iterator<Item = [usize; 3]> + use<> {
        let g = *self;
        (0..g.output_shape().len()).flat_map(move |y| {
            let (pixel, filter) = (y / g.filters(), y % g.filters());
            let (image, place) = (pixel / (g.output[0] * g.output[1]), pixel % (g.output[0] * g.output[1]));
            let (i, j) = (place / g.output[1], place % g.output[1]);
            (0..g.kernel[0] * g.kernel[1]).filter_map(move |offset| {
                let row = g.seen(0, i, offset / g.kernel[1])?;
                let column = g.seen(1, j, offset % g.kernel[1])?;
                let channel = filter / g.multiplier;
                let x = ((image * g.input[0] + row) * g.input[1] + column) * g.channels + channel;
                Some([x, offset * g.filters() + filter, y])
            })
        })
    }

    /// Explains a number of one of the three by the other two, which are the inputs of an op, in this order. Numbers as
    /// [`Geometry::products`] orders them.
    pub fn explain(&self, result: usize, at: usize, inputs: [usize; 2]) -> Explanation {
        let products = self.products().filter(|product| product[result] == at);
        let product =
            |product: [usize; 3]| Product::new([0, 1].map(|input| Place::input(input, product[inputs[input]])));
        Explanation::sum(products.map(product).collect())
    }

    /// Returns the position on the image that an output sees at an offset in the window, along one axis.
    pub fn seen(&self, axis: usize, output: usize, offset: usize) -> Option<usize> {
        let at = (output * self.strides[axis] + offset * self.dilations[axis]).checked_sub(self.pads[axis])?;
        (at < self.input[axis]).then_some(at)
    }
}

impl DepthwiseConv2d {
    /// Appends the convolution of `input` with `kernel`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn apply(self, graph: &mut Graph, input: NodeId, kernel: NodeId) -> Result<NodeId> {
        graph.apply(Arc::new(self), &[input, kernel])
    }

    /// Computes all extents from those of input and kernel.
    fn geometry(&self, op: &str, input: [usize; 4], kernel: [usize; 4]) -> Result<Geometry> {
        let ([batch, height, width, channels], [rows, columns, kernel_channels, multiplier]) = (input, kernel);
        if channels != kernel_channels {
            let [images, kernel] = [input, kernel].map(|extents| Shape::from(extents).to_string());
            return Err(GraphError::KernelChannels { op: op.to_owned(), images, kernel }.into());
        }
        if channels == 0 || multiplier == 0 {
            return Err(GraphError::NoChannels { op: op.to_owned(), channels, filters: multiplier }.into());
        }
        let Conv2d { strides, dilations, padding } = self.conv;
        let down = padding.axis(op, height, rows, strides[0], dilations[0])?;
        let right = padding.axis(op, width, columns, strides[1], dilations[1])?;
        Ok(Geometry {
            batch,
            input: [height, width],
            output: [down.outputs, right.outputs],
            kernel: [rows, columns],
            channels,
            multiplier,
            strides,
            dilations,
            pads: [down.pad_before, right.pad_before],
        })
    }

    fn forward_geometry(&self, types: &[&TensorType]) -> Result<Geometry> {
        let [input, kernel] = inputs(NAME, types)?;
        self.geometry(NAME, image_extents(NAME, input)?, kernel_extents(NAME, kernel)?)
    }
}

impl Op for DepthwiseConv2d {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attributes(&self) -> String {
        self.conv.attributes()
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        Ok(TensorType::f32(self.forward_geometry(inputs)?.output_shape()))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let (input, kernel) = (call.inputs[0], call.inputs[1]);
        let input_shape = graph.tensor_type(input).shape.clone();
        let kernel_shape = graph.tensor_type(kernel).shape.clone();
        let to_input = DepthwiseInputGradient { op: *self, input_shape };
        let to_kernel = DepthwiseKernelGradient { op: *self, kernel_shape };
        Ok(vec![
            Some(graph.apply(Arc::new(to_input), &[call.gradient, kernel])?),
            Some(graph.apply(Arc::new(to_kernel), &[input, call.gradient])?),
        ])
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        self.forward_geometry(inputs).map_or(0, |geometry| geometry.flops())
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::forward(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [input, kernel] = call.inputs else { return None };
        let g = self.forward_geometry(&[input.tensor_type(), kernel.tensor_type()]).ok()?;
        Some(g.explain(2, call.at, [0, 1]))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::forward(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let g = self.forward_geometry(&[inputs[0].tensor_type(), inputs[1].tensor_type()]).ok()?;
        let mut results = vec![0.0f64; output.shape.len()];
        for [x, w, y] in g.products() {
            results[y] += f64::from(inputs[0].words()[x]) * f64::from(inputs[1].words()[w]);
        }
        cases::rounded(output, results)
    }
}
