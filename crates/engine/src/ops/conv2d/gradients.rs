//! Gradients of a convolution. The three ops are linear in both operands and are each other's gradients.

use std::sync::Arc;

use super::gpu;
use super::{Conv2d, cpu, flops, output_shape};
use crate::error::Result;
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, Graph, NodeId, Op, VjpCall};
use crate::ops::window::{expect_shape, image_extents, inputs, kernel_extents};
use crate::simd::conv::ConvGeometry;
use crate::simd::reference;
use crate::tensor::HostTensor;
use crate::tensor::{Shape, TensorType};

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

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::kernel_gradient(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let geometry = self.geometry(&[inputs[0].tensor_type(), inputs[1].tensor_type()]).ok()?;
        let values = reference::conv2d_kernel_gradient(&geometry, inputs[0].words(), inputs[1].words());
        HostTensor::f32(output.shape.clone(), values)
    }
}
