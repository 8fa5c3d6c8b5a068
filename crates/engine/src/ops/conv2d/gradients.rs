//! Gradients of a convolution. The three ops are linear in both operands and are each other's gradients.

use std::sync::Arc;

use super::gpu;
use super::places::{input_index, kernel_index, output_index, seen_at, seen_from};
use super::{Conv2d, cpu, flops, output_shape};
use crate::error::Result;
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, Place, Product, VjpCall};
use crate::ops::window::{expect_shape, image_extents, inputs, kernel_extents};
use crate::simd::conv::ConvGeometry;
use crate::simd::reference;
use crate::tensor::HostTensor;
use crate::tensor::{Shape, TensorType, place};

const INPUT_GRADIENT: &str = "conv2d_input_gradient";
const KERNEL_GRADIENT: &str = "conv2d_kernel_gradient";

/// Gradient with respect to the input: `(gradient [N,OH,OW,Cout], kernel) -> [N,H,W,Cin]`. As a layer of its own it is
/// the transposed convolution.
#[derive(Clone, Debug)]
pub struct Conv2dInputGradient {
    pub conv: Conv2d,
    pub input_shape: Shape,
}

impl Conv2dInputGradient {
    pub(super) fn geometry(&self, types: &[&TensorType]) -> Result<ConvGeometry> {
        let [gradient, kernel] = inputs(INPUT_GRADIENT, types)?;
        let input = image_extents(INPUT_GRADIENT, &TensorType::f32(self.input_shape.clone()))?;
        let kernel = kernel_extents(INPUT_GRADIENT, kernel)?;
        let geometry = self.conv.geometry(INPUT_GRADIENT, input, kernel)?;
        expect_shape(INPUT_GRADIENT, gradient, &output_shape(&geometry))?;
        Ok(geometry)
    }
}

impl Op for Conv2dInputGradient {
    fn name(&self) -> &'static str {
        INPUT_GRADIENT
    }

    fn attributes(&self) -> String {
        format!("input_shape={}, {}", self.input_shape, self.conv.attributes())
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        self.geometry(inputs)?;
        Ok(TensorType::f32(self.input_shape.clone()))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let (gradient, kernel) = (call.inputs[0], call.inputs[1]);
        let kernel_shape = graph.tensor_type(kernel).shape.clone();
        let to_kernel = Conv2dKernelGradient { conv: self.conv, kernel_shape };
        Ok(vec![
            Some(self.conv.apply(graph, call.gradient, kernel)?),
            Some(graph.apply(Arc::new(to_kernel), &[call.gradient, gradient])?),
        ])
    }

    fn absorbs_epilogue(&self) -> bool {
        true
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        self.geometry(inputs).map_or(0, |geometry| flops(&geometry))
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::input_gradient(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [gradient, kernel] = call.inputs else { return None };
        let g = self.geometry(&[gradient.tensor_type(), kernel.tensor_type()]).ok()?;
        let &[image, row, column, channel] = &place(self.input_shape.dims(), call.at)[..] else { return None };
        let mut products = Vec::new();
        for (y, offset) in seen_from(&g, [row, column]) {
            for filter in 0..g.out_channels {
                products.push(Product::new([
                    Place::input(0, output_index(&g, image, y, filter)),
                    Place::input(1, kernel_index(&g, offset, channel, filter)),
                ]));
            }
        }
        Some(Explanation::sum(products))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::input_gradient(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let geometry = self.geometry(&[inputs[0].tensor_type(), inputs[1].tensor_type()]).ok()?;
        let values = reference::conv2d_input_gradient(&geometry, inputs[0].words(), inputs[1].words());
        HostTensor::f32(output.shape.clone(), values)
    }
}

/// Gradient with respect to the kernel: `(input [N,H,W,Cin], gradient [N,OH,OW,Cout]) -> [KH,KW,Cin,Cout]`.
#[derive(Clone, Debug)]
pub struct Conv2dKernelGradient {
    pub conv: Conv2d,
    pub kernel_shape: Shape,
}

impl Conv2dKernelGradient {
    pub(super) fn geometry(&self, types: &[&TensorType]) -> Result<ConvGeometry> {
        let [input, gradient] = inputs(KERNEL_GRADIENT, types)?;
        let input = image_extents(KERNEL_GRADIENT, input)?;
        let kernel = kernel_extents(KERNEL_GRADIENT, &TensorType::f32(self.kernel_shape.clone()))?;
        let geometry = self.conv.geometry(KERNEL_GRADIENT, input, kernel)?;
        expect_shape(KERNEL_GRADIENT, gradient, &output_shape(&geometry))?;
        Ok(geometry)
    }
}

impl Op for Conv2dKernelGradient {
    fn name(&self) -> &'static str {
        KERNEL_GRADIENT
    }

    fn attributes(&self) -> String {
        format!("kernel_shape={}, {}", self.kernel_shape, self.conv.attributes())
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        self.geometry(inputs)?;
        Ok(TensorType::f32(self.kernel_shape.clone()))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let (input, gradient) = (call.inputs[0], call.inputs[1]);
        let input_shape = graph.tensor_type(input).shape.clone();
        let to_input = Conv2dInputGradient { conv: self.conv, input_shape };
        Ok(vec![
            Some(graph.apply(Arc::new(to_input), &[gradient, call.gradient])?),
            Some(self.conv.apply(graph, input, call.gradient)?),
        ])
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        self.geometry(inputs).map_or(0, |geometry| flops(&geometry))
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::kernel_gradient(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [input, gradient] = call.inputs else { return None };
        let g = self.geometry(&[input.tensor_type(), gradient.tensor_type()]).ok()?;
        let &[down, right, channel, filter] = &place(self.kernel_shape.dims(), call.at)[..] else { return None };
        let mut products = Vec::new();
        for image in 0..g.batch {
            for row in 0..g.out_height {
                for column in 0..g.out_width {
                    let Some(x) = seen_at(&g, [row, column], [down, right]) else { continue };
                    products.push(Product::new([
                        Place::input(0, input_index(&g, image, x, channel)),
                        Place::input(1, output_index(&g, image, [row, column], filter)),
                    ]));
                }
            }
        }
        Some(Explanation::sum(products))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::kernel_gradient(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let geometry = self.geometry(&[inputs[0].tensor_type(), inputs[1].tensor_type()]).ok()?;
        let values = reference::conv2d_kernel_gradient(&geometry, inputs[0].words(), inputs[1].words());
        HostTensor::f32(output.shape.clone(), values)
    }
}
