//! Gradients of a depthwise convolution. The three ops are linear in both operands and are each other's gradients.

use std::sync::Arc;

use super::{DepthwiseConv2d, Geometry, cases, cpu, gpu};
use crate::error::Result;
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, VjpCall};
use crate::ops::window::{expect_shape, image_extents, inputs, kernel_extents};
use crate::tensor::{HostTensor, Shape, TensorType};

const INPUT_GRADIENT: &str = "depthwise_conv2d_input_gradient";
const KERNEL_GRADIENT: &str = "depthwise_conv2d_kernel_gradient";

/// Gradient with respect to the input: `(gradient [N,OH,OW,C*M], kernel) -> [N,H,W,C]`.
#[derive(Clone, Debug)]
pub struct DepthwiseInputGradient {
    pub op: DepthwiseConv2d,
    pub input_shape: Shape,
}

impl DepthwiseInputGradient {
    pub(super) fn geometry(&self, types: &[&TensorType]) -> Result<Geometry> {
        let [gradient, kernel] = inputs(INPUT_GRADIENT, types)?;
        let input = image_extents(INPUT_GRADIENT, &TensorType::f32(self.input_shape.clone()))?;
        let geometry = self.op.geometry(INPUT_GRADIENT, input, kernel_extents(INPUT_GRADIENT, kernel)?)?;
        expect_shape(INPUT_GRADIENT, gradient, &geometry.output_shape())?;
        Ok(geometry)
    }
}

impl Op for DepthwiseInputGradient {
    fn name(&self) -> &'static str {
        INPUT_GRADIENT
    }

    fn attributes(&self) -> String {
        format!("input_shape={}, {}", self.input_shape, self.op.attributes())
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        self.geometry(inputs)?;
        Ok(TensorType::f32(self.input_shape.clone()))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let (gradient, kernel) = (call.inputs[0], call.inputs[1]);
        let kernel_shape = graph.tensor_type(kernel).shape.clone();
        let to_kernel = DepthwiseKernelGradient { op: self.op, kernel_shape };
        Ok(vec![
            Some(self.op.apply(graph, call.gradient, kernel)?),
            Some(graph.apply(Arc::new(to_kernel), &[call.gradient, gradient])?),
        ])
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        self.geometry(inputs).map_or(0, |geometry| geometry.flops())
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::input_gradient(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [gradient, kernel] = call.inputs else { return None };
        let g = self.geometry(&[gradient.tensor_type(), kernel.tensor_type()]).ok()?;
        Some(g.explain(0, call.at, [2, 1]))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::input_gradient(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let g = self.geometry(&[inputs[0].tensor_type(), inputs[1].tensor_type()]).ok()?;
        let mut results = vec![0.0f64; output.shape.len()];
        for [x, w, y] in g.products() {
            results[x] += f64::from(inputs[0].words()[y]) * f64::from(inputs[1].words()[w]);
        }
        cases::rounded(output, results)
    }
}

/// Gradient with respect to the kernel: `(input [N,H,W,C], gradient [N,OH,OW,C*M]) -> [KH,KW,C,M]`.
#[derive(Clone, Debug)]
pub struct DepthwiseKernelGradient {
    pub op: DepthwiseConv2d,
    pub kernel_shape: Shape,
}

impl DepthwiseKernelGradient {
    pub(super) fn geometry(&self, types: &[&TensorType]) -> Result<Geometry> {
        let [input, gradient] = inputs(KERNEL_GRADIENT, types)?;
        let kernel = kernel_extents(KERNEL_GRADIENT, &TensorType::f32(self.kernel_shape.clone()))?;
        let geometry = self.op.geometry(KERNEL_GRADIENT, image_extents(KERNEL_GRADIENT, input)?, kernel)?;
        expect_shape(KERNEL_GRADIENT, gradient, &geometry.output_shape())?;
        Ok(geometry)
    }
}

impl Op for DepthwiseKernelGradient {
    fn name(&self) -> &'static str {
        KERNEL_GRADIENT
    }

    fn attributes(&self) -> String {
        format!("kernel_shape={}, {}", self.kernel_shape, self.op.attributes())
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        self.geometry(inputs)?;
        Ok(TensorType::f32(self.kernel_shape.clone()))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let (input, gradient) = (call.inputs[0], call.inputs[1]);
        let input_shape = graph.tensor_type(input).shape.clone();
        let to_input = DepthwiseInputGradient { op: self.op, input_shape };
        Ok(vec![
            Some(graph.apply(Arc::new(to_input), &[gradient, call.gradient])?),
            Some(self.op.apply(graph, input, call.gradient)?),
        ])
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        self.geometry(inputs).map_or(0, |geometry| geometry.flops())
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::kernel_gradient(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [input, gradient] = call.inputs else { return None };
        let g = self.geometry(&[input.tensor_type(), gradient.tensor_type()]).ok()?;
        Some(g.explain(1, call.at, [0, 2]))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::kernel_gradient(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let g = self.geometry(&[inputs[0].tensor_type(), inputs[1].tensor_type()]).ok()?;
        let mut results = vec![0.0f64; output.shape.len()];
        for [x, w, y] in g.products() {
            results[w] += f64::from(inputs[0].words()[x]) * f64::from(inputs[1].words()[y]);
        }
        cases::rounded(output, results)
    }
}
