//! Gradient of a pooling with respect to its input.

use super::gpu;
use super::{Pool2d, PoolKind, attributes, cpu, output_shape, window_of};
use crate::error::Result;
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, Place, Product, VjpCall};
use crate::ops::no_second_derivative;
use crate::ops::window::{expect_shape, image_extents, inputs};
use crate::simd::pool::PoolGeometry;
use crate::simd::reference;
use crate::tensor::HostTensor;
use crate::tensor::{Shape, TensorType};

/// `(gradient [N,OH,OW,C], input [N,H,W,C]) -> [N,H,W,C]`; average pooling does not need the input.
#[derive(Clone, Debug)]
pub struct Pool2dGradient {
    pub pool: Pool2d,
    pub input_shape: Shape,
}

impl Pool2dGradient {
    pub(super) fn geometry(&self, types: &[&TensorType]) -> Result<PoolGeometry> {
        let op = self.name();
        let gradient = match self.pool.kind {
            PoolKind::Max => {
                let [gradient, input] = inputs(op, types)?;
                expect_shape(op, input, &self.input_shape)?;
                gradient
            }
            PoolKind::Average => inputs::<1>(op, types)?[0],
        };
        let input = image_extents(op, &TensorType::f32(self.input_shape.clone()))?;
        let geometry = self.pool.geometry(op, input)?;
        expect_shape(op, gradient, &output_shape(&geometry))?;
        Ok(geometry)
    }
}

impl Op for Pool2dGradient {
    fn name(&self) -> &'static str {
        match self.pool.kind {
            PoolKind::Max => "max_pool2d_gradient",
            PoolKind::Average => "average_pool2d_gradient",
        }
    }

    fn attributes(&self) -> String {
        format!("input_shape={}, {}", self.input_shape, attributes(&self.pool))
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        self.geometry(inputs)?;
        Ok(TensorType::f32(self.input_shape.clone()))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        match self.pool.kind {
            // The gradient is linear, and the transpose of the pooling.
            PoolKind::Average => Ok(vec![Some(self.pool.apply(graph, call.gradient)?)]),
            PoolKind::Max => Err(no_second_derivative(self.name())),
        }
    }

    fn absorbs_epilogue(&self) -> bool {
        true
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> u64 {
        2 * output.shape.len() as u64
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::gradient(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let types: Vec<&TensorType> = call.inputs.iter().map(|input| input.tensor_type()).collect();
        let g = self.geometry(&types).ok()?;
        let outputs = 0..output_shape(&g).len();
        let windows =
            outputs.map(|output| (output, window_of(&g, output))).filter(|(_, pixels)| pixels.contains(&call.at));
        let product = |(output, pixels): (usize, Vec<usize>)| {
            let coefficient = match (self.pool.kind, call.inputs.get(1)) {
                (PoolKind::Average, _) => 1.0 / pixels.len() as f32,
                // The whole gradient goes to the first of the largest.
                (PoolKind::Max, Some(input)) => {
                    let value = |at: usize| input.words().get(at).copied().unwrap_or(f32::NAN);
                    let best =
                        pixels.iter().copied().reduce(|best, at| if value(at) > value(best) { at } else { best });
                    f32::from(u8::from(best == Some(call.at)))
                }
                (PoolKind::Max, None) => 0.0,
            };
            Product { coefficient, factors: [Place::input(0, output)].into_iter().collect() }
        };
        Some(Explanation::sum(windows.map(product).filter(|product| product.coefficient != 0.0).collect()))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::gradient(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let types: Vec<&TensorType> = inputs.iter().map(|input| input.tensor_type()).collect();
        let geometry = self.geometry(&types).ok()?;
        let values = match self.pool.kind {
            PoolKind::Max => reference::max_pool_gradient(&geometry, inputs[1].words(), inputs[0].words()),
            PoolKind::Average => reference::average_pool_gradient(&geometry, inputs[0].words()),
        };
        HostTensor::f32(output.shape.clone(), values)
    }
}
