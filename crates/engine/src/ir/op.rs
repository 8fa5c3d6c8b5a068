//! What an op must say of itself.
//!
//! Autograd, planner, backends and interpreter know ops by this trait alone, so a new op is a new folder under `ops`
//! and one line in its registry.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::expr::Expr;
use super::gpu::{GpuCall, Pass};
use super::graph::{Graph, NodeId};
use crate::error::Result;
use crate::tensor::{HostTensor, TensorType};

/// An operation on tensors with one result. An op is a value: its attributes (strides, padding, axes) are its fields.
pub trait Op: Send + Sync {
    /// As printed: `"conv2d"`.
    fn name(&self) -> &'static str;

    /// The attributes as printed between braces, `"strides=[1,1], padding=valid"`; two ops with equal name and
    /// attributes compute the same.
    fn attributes(&self) -> String {
        String::new()
    }

    /// The type of the result.
    ///
    /// # Errors
    /// If number, shapes or element types of the inputs do not fit: says what was expected and what came.
    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType>;

    /// Appends the vector-Jacobian product: for each input the gradient of the loss, given that of the output. `None`
    /// for inputs that have none (labels, indices). Gradients that nobody uses cost nothing: the planner drops them.
    ///
    /// # Errors
    /// If the op has no gradient, or shapes do not fit.
    fn vjp(&self, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>>;

    /// The scalar expression of a pointwise op, over its inputs with broadcasting.
    fn expression(&self) -> Option<&Expr> {
        None
    }

    /// Whether the result is the first input under another shape, word for word.
    fn is_view(&self) -> bool {
        false
    }

    /// Whether the kernel hands finished chunks of its output to [`CpuCall::finish`] while they are in cache, so that
    /// pointwise ops on its result can be fused into it.
    fn absorbs_epilogue(&self) -> bool {
        false
    }

    /// Whether the kernel computes any [`CpuCall::part`] of its work, the parts of a run one after the other. Others are
    /// only asked for all of it. Small parts let a browser's worker answer messages in the middle of a huge batch.
    fn is_divisible(&self) -> bool {
        false
    }

    /// Floating-point operations of one run, for profiles and benchmarks.
    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> u64 {
        let _ = inputs;
        output.shape.len() as u64
    }

    /// Computes the result on the CPU. Shapes have been checked by [`Op::infer`], so slices have the right lengths.
    /// Backends never call it for views, and run pointwise ops by their expression.
    fn cpu(&self, call: &mut CpuCall<'_>);

    /// The shaders that compute the result on a GPU, one after the other; empty where there are none. Never asked of
    /// views and pointwise ops.
    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let _ = call;
        Vec::new()
    }

    /// A plain scalar implementation to test [`Op::cpu`] against; `None` where the kernel itself is plain.
    fn reference(&self, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
        let _ = (inputs, output);
        None
    }
}

/// What [`Op::vjp`] is given.
pub struct VjpCall<'a> {
    pub inputs: &'a [NodeId],
    pub output: NodeId,
    /// The gradient of the loss with respect to the output; it has the output's shape.
    pub gradient: NodeId,
}

/// One run of a CPU kernel.
pub struct CpuCall<'a> {
    /// Words of the inputs; `I32` tensors bit for bit, see [`as_i32`].
    pub inputs: &'a [&'a [f32]],
    pub input_types: &'a [&'a TensorType],
    /// To be overwritten entirely; what it holds before is undefined. Parts after the first find what those before left.
    pub output: &'a mut [f32],
    pub output_type: &'a TensorType,
    /// Working memory, kept between runs: resize as needed, expect garbage.
    pub scratch: &'a mut Vec<f32>,
    /// For ops that [absorb an epilogue](Op::absorbs_epilogue): called exactly once for each part of the output, when
    /// the part is finished, with the part and its offset in the output. Others leave it alone.
    pub finish: &'a mut dyn FnMut(&mut [f32], usize),
    /// What to compute now, where the op [is divisible](Op::is_divisible).
    pub part: KernelPart,
}

/// One of several parts of a kernel's work. The result of all parts, in order, is to the last bit that of the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KernelPart {
    pub index: usize,
    pub count: usize,
}

impl KernelPart {
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// The part's share of so many units of work that cannot be divided.
    pub fn of(self, units: usize) -> Range<usize> {
        let end = |index: usize| (units as u64 * index as u64 / self.count.max(1) as u64) as usize;
        end(self.index)..end(self.index + 1)
    }
}

/// An `I32` tensor's words as integers.
pub fn as_i32(words: &[f32]) -> &[i32] {
    bytemuck::cast_slice(words)
}

/// An `I32` output's words as integers.
pub fn as_i32_mut(words: &mut [f32]) -> &mut [i32] {
    bytemuck::cast_slice_mut(words)
}

/// An op as it is printed. (Were `Debug` asked of every op, all of them would carry theirs into the browser.)
impl fmt::Debug for dyn Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {{{}}}", self.name(), self.attributes())
    }
}

/// One test case of an op. The list of cases drives the finite-difference check, CPU against reference, GPU against CPU
/// and the micro-benchmarks.
pub struct Case {
    /// Said when the case fails: `"3x3 stride 2 same, odd sizes"`.
    pub label: String,
    pub op: Arc<dyn Op>,
    pub inputs: Vec<HostTensor>,
    /// For which inputs the gradient is checked by finite differences.
    pub differentiable: Vec<bool>,
    /// Relative tolerance between two implementations of the op.
    pub tolerance: f32,
}
