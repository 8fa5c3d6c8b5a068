//! The trait `Op`.
//!
//! Autograd, planner, backends and interpreter know ops by this trait alone, so a new op is a new folder under `ops`
//! and one line in its registry.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::explain::{ExplainCall, Explanation};
use super::expr::Expr;
use super::gpu::{GpuCall, Pass};
use super::graph::{Graph, NodeId};
use crate::error::Result;
use crate::tensor::{HostTensor, TensorType};

/// Operation on tensors with one result. An op is a value: its attributes (strides, padding, axes) are its fields.
pub trait Op: fmt::Debug + Send + Sync {
    /// Returns the name as printed: `"conv2d"`.
    fn name(&self) -> &'static str;

    /// Returns the attributes as printed between braces, `"strides=[1,1], padding=valid"`. Two ops with equal name and
    /// attributes compute the same.
    fn attributes(&self) -> String {
        String::new()
    }

    /// Infers the type of the result.
    ///
    /// # Errors
    /// If number, shapes or element types of the inputs do not fit. The error says what was expected and what came.
    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType>;

    /// Appends the vector-Jacobian product: the gradient of the loss with respect to each input, given that of the
    /// output. `None` for inputs without a gradient (labels, indices). Unused gradients cost nothing, because the
    /// planner drops them.
    ///
    /// # Errors
    /// If the op has no gradient, or shapes do not fit.
    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>>;

    /// Returns the scalar expression of a pointwise op, over its inputs with broadcasting.
    fn expression(&self) -> Option<&Expr> {
        None
    }

    /// Returns true if the result is the first input with another shape, word for word.
    fn is_view(&self) -> bool {
        false
    }

    /// Returns true if the kernel passes finished chunks of its output to [`CpuCall::finish`] while they are in cache,
    /// so that pointwise ops on its result can be fused into it.
    fn absorbs_epilogue(&self) -> bool {
        false
    }

    /// Returns true if the kernel can compute a [`CpuCall::part`] of its work; the parts of a run come one after the
    /// other. Other kernels always compute everything at once. Small parts let a browser's worker answer messages
    /// during a huge batch.
    fn is_divisible(&self) -> bool {
        false
    }

    /// Returns the floating-point operations of one run, for profiles and benchmarks.
    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> u64 {
        let _ = inputs;
        output.shape.len() as u64
    }

    /// Computes the result on the CPU. [`Op::infer`] has checked the shapes, so slices have the right lengths. Backends
    /// never call it for views, and run pointwise ops by their expression.
    fn cpu(&self, call: &mut CpuCall<'_>);

    /// Returns the shaders that compute the result on a GPU, in order; none if the op has no GPU kernel. Backends never
    /// call it for views and pointwise ops.
    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let _ = call;
        Vec::new()
    }

    /// Explains one number of the result by numbers of the inputs; `None` for counts and tests of whole tensors, which belong to no
    /// network. [`Op::infer`] has checked the shapes.
    fn explain(&self, call: &ExplainCall<'_>) -> Option<Explanation>;

    /// Computes the result by a plain scalar implementation, with which tests compare [`Op::cpu`]; `None` if the kernel
    /// itself is plain.
    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let _ = (inputs, output);
        None
    }
}

/// Arguments of [`Op::vjp`].
pub struct VjpCall<'a> {
    pub inputs: &'a [NodeId],
    pub output: NodeId,
    /// Gradient of the loss with respect to the output; it has the output's shape.
    pub gradient: NodeId,
}

/// One run of a CPU kernel.
pub struct CpuCall<'a> {
    /// Words of the inputs; `I32` tensors bit for bit, see [`as_i32`].
    pub inputs: &'a [&'a [f32]],
    pub input_types: &'a [&'a TensorType],
    /// Output, to be overwritten entirely; its previous content is unspecified. Later parts see what earlier parts
    /// wrote.
    pub output: &'a mut [f32],
    pub output_type: &'a TensorType,
    /// Working memory, kept between runs: resize it as needed; its content is unspecified.
    pub scratch: &'a mut Vec<f32>,
    /// Callback of ops that [absorb an epilogue](Op::absorbs_epilogue), with a finished part of the output and its
    /// offset; called exactly once for each part. Other ops do not call it.
    pub finish: &'a mut dyn FnMut(&mut [f32], usize),
    /// The part to compute now, if the op [is divisible](Op::is_divisible).
    pub part: KernelPart,
}

/// One of several parts of a kernel's work. All parts in order give the same result as the whole, to the last bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KernelPart {
    pub index: usize,
    pub count: usize,
}

impl KernelPart {
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Returns this part's share of `units` indivisible units of work.
    pub fn of(self, units: usize) -> Range<usize> {
        let end = |index: usize| (units as u64 * index as u64 / self.count.max(1) as u64) as usize;
        end(self.index)..end(self.index + 1)
    }
}

/// Views an `I32` tensor's words as integers.
pub fn as_i32(words: &[f32]) -> &[i32] {
    bytemuck::cast_slice(words)
}

/// Views an `I32` output's words as integers.
pub fn as_i32_mut(words: &mut [f32]) -> &mut [i32] {
    bytemuck::cast_slice_mut(words)
}

/// Test case of an op. The list of cases drives the finite-difference check, CPU against reference, GPU against CPU,
/// and the micro-benchmarks.
pub struct Case {
    /// Printed when the case fails: `"3x3 stride 2 same, odd sizes"`.
    pub label: String,
    pub op: Arc<dyn Op>,
    pub inputs: Vec<HostTensor>,
    /// Marks the inputs whose gradient is checked by finite differences.
    pub differentiable: Vec<bool>,
    /// Relative tolerance between two implementations of the op.
    pub tolerance: f32,
}
