//! Matrix product `[M,K] x [K,N] -> [M,N]`, either operand stored transposed.

mod cases;
mod cpu;
mod gpu;

use std::sync::Arc;

pub use cases::cases;

use super::window::inputs;
use crate::error::{GraphError, Result};
use crate::ir::gpu::{GpuCall, Pass};
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, Place, Product, VjpCall};
use crate::simd::matmul::MatmulGeometry;
use crate::simd::reference;
use crate::tensor::HostTensor;
use crate::tensor::{DType, TensorType};

const NAME: &str = "matmul";

/// Product of the operands, each transposed first if its flag is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matmul {
    /// The left operand is stored as `[K,M]`.
    pub transpose_a: bool,
    /// The right operand is stored as `[N,K]`.
    pub transpose_b: bool,
}

/// Appends `a x b` without transposition.
///
/// # Errors
/// If the shapes do not fit.
pub fn matmul(graph: &mut Graph, a: NodeId, b: NodeId) -> Result<NodeId> {
    graph.apply(Arc::new(Matmul::default()), &[a, b])
}

impl Matmul {
    fn geometry(&self, types: &[&TensorType]) -> Result<MatmulGeometry> {
        let [a, b] = inputs(NAME, types)?;
        let mismatch = || {
            let left = if self.transpose_a { "f32[K,M] transposed" } else { "f32[M,K]" };
            let right = if self.transpose_b { "f32[N,K] transposed" } else { "f32[K,N]" };
            let got = [a, b].into_iter().collect();
            GraphError::Product { op: NAME.to_owned(), left: left.to_owned(), right: right.to_owned(), got }.into()
        };
        let (&[a0, a1], &[b0, b1], DType::F32, DType::F32) = (a.shape.dims(), b.shape.dims(), a.dtype, b.dtype) else {
            return Err(mismatch());
        };
        let (rows, steps) = if self.transpose_a { (a1, a0) } else { (a0, a1) };
        let (b_steps, columns) = if self.transpose_b { (b1, b0) } else { (b0, b1) };
        if steps != b_steps {
            return Err(mismatch());
        }
        Ok(MatmulGeometry { rows, steps, columns, transpose_a: self.transpose_a, transpose_b: self.transpose_b })
    }
}

impl Op for Matmul {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attributes(&self) -> String {
        match (self.transpose_a, self.transpose_b) {
            (false, false) => String::new(),
            (true, false) => "transpose_a".to_owned(),
            (false, true) => "transpose_b".to_owned(),
            (true, true) => "transpose_a, transpose_b".to_owned(),
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        let geometry = self.geometry(inputs)?;
        Ok(TensorType::f32([geometry.rows, geometry.columns]))
    }

    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        let (a, b, g) = (call.inputs[0], call.inputs[1], call.gradient);
        let Self { transpose_a, transpose_b } = *self;
        let mut product = |transpose_a, transpose_b, left, right| {
            graph.apply(Arc::new(Matmul { transpose_a, transpose_b }), &[left, right]).map(Some)
        };
        // With A' and B' as multiplied: dA' = G B'^T and dB' = A'^T G, transposed back if the operand is stored
        // transposed.
        let grad_a = if transpose_a { product(transpose_b, true, b, g) } else { product(false, !transpose_b, g, b) }?;
        let grad_b = if transpose_b { product(true, transpose_a, g, a) } else { product(!transpose_a, false, a, g) }?;
        Ok(vec![grad_a, grad_b])
    }

    fn absorbs_epilogue(&self) -> bool {
        true
    }

    fn is_divisible(&self) -> bool {
        true
    }

    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> u64 {
        self.geometry(inputs).map_or(0, |geometry| 2 * geometry.steps as u64 * output.shape.len() as u64)
    }

    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        gpu::passes(self, call)
    }

    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let [a, b] = call.inputs else { return None };
        let MatmulGeometry { rows, steps, columns, .. } = self.geometry(&[a.tensor_type(), b.tensor_type()]).ok()?;
        let (row, column) = (call.at / columns, call.at % columns);
        let product = |step: usize| {
            let a = if self.transpose_a { step * rows + row } else { row * steps + step };
            let b = if self.transpose_b { column * steps + step } else { step * columns + column };
            Product::new([Place::input(0, a), Place::input(1, b)])
        };
        Some(Explanation::sum((0..steps).map(product).collect()))
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        cpu::run(self, call);
    }

    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let geometry = self.geometry(&[inputs[0].tensor_type(), inputs[1].tensor_type()]).ok()?;
        HostTensor::f32(output.shape.clone(), reference::matmul(&geometry, inputs[0].words(), inputs[1].words()))
    }
}
