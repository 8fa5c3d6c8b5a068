//! Test for infinities and NaNs. A training step checks loss and gradients before it updates anything.

use std::sync::Arc;

use super::case_values::uniform;
use crate::error::{GraphError, Result};
use crate::ir::gpu::{Buffer, Element, Form, GpuCall, Pass, constants};
use crate::ir::op::Case;
use crate::ir::{CpuCall, ExplainCall, Explanation, Graph, NodeId, Op, VjpCall};
use crate::simd::reduce::row_sum;
use crate::tensor::{DType, HostTensor, TensorType};

/// Any number of tensors to `[]`: 1 if the sum of each is finite, so that it contains no infinity or NaN, else 0.
#[derive(Clone, Debug)]
pub struct AllFinite;

/// Appends an [`AllFinite`].
///
/// # Errors
/// If there is no input, or one is an integer tensor.
pub fn all_finite(graph: &mut Graph, inputs: &[NodeId]) -> Result<NodeId> {
    graph.apply(Arc::new(AllFinite), inputs)
}

/// Maximum number of parts into which the values are divided, one per invocation.
const MAX_PARTS: usize = 4096;
/// Maximum number of buffers that a pass reads.
const MAX_READS: usize = 7;

impl Op for AllFinite {
    fn name(&self) -> &'static str {
        "all_finite"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType> {
        if inputs.is_empty() || inputs.iter().any(|input| input.dtype != DType::F32) {
            return Err(GraphError::NotAllF32 { op: self.name().to_owned(), got: inputs.iter().collect() }.into());
        }
        Ok(TensorType::f32([]))
    }

    fn vjp(&self, _graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
        Ok(vec![None; call.inputs.len()])
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> u64 {
        inputs.iter().map(|input| input.shape.len() as u64).sum()
    }

    /// Makes one pass for every few inputs, each of which continues the parts of the one before. The last pass combines
    /// the parts.
    fn gpu(&self, call: &GpuCall<'_>) -> Vec<Pass> {
        let values: usize = call.input_types.iter().map(|input| input.shape.len()).sum();
        let parts = values.div_ceil(16).clamp(1, MAX_PARTS);
        let scratch = |number: usize| Buffer::Scratch { number: number % 2, size_words: parts };
        let mut passes: Vec<Pass> = Vec::new();
        let mut next = 0;
        while next < call.input_types.len() {
            let before = passes.len().checked_sub(1).map(scratch);
            let end = call.input_types.len().min(next + MAX_READS - usize::from(before.is_some()));
            let mut reads: Vec<(Buffer, Element)> = (next..end).map(|at| (Buffer::Input(at), Element::F32)).collect();
            let mut source = constants(&[("PARTS", parts)]) + "fn element(i: u32) -> f32 {\n    var most = 0u;\n";
            for (binding, input) in call.input_types[next..end].iter().enumerate() {
                // Shaders may assume that no infinities and NaNs occur, so test the bits: their exponents have all bits
                // set.
                source += &format!(
                    "    for (var at = i; at < {}u; at += PARTS) {{ \
                     most = max(most, bitcast<u32>(x{binding}[at]) & 0x7f800000u); }}\n",
                    input.shape.len()
                );
            }
            let others = before.map_or("1.0".to_owned(), |_| format!("x{}[i]", end - next));
            source += &format!("    return select({others}, 0.0, most == 0x7f800000u);\n}}\n");
            reads.extend(before.map(|buffer| (buffer, Element::F32)));
            let writes = scratch(passes.len());
            passes.push(Pass { source, form: Form::Elements { count: parts }, reads, writes, integers: false });
            next = end;
        }
        let last = scratch(passes.len() - 1);
        passes.push(Pass {
            source: constants(&[("PARTS", parts)]) + include_str!("all_finite/gpu.wgsl"),
            form: Form::Tiles { workgroup_size: [64, 1, 1], workgroups: [1, 1, 1] },
            reads: vec![(last, Element::F32)],
            writes: Buffer::Output,
            integers: false,
        });
        passes
    }

    fn explain(&self, _call: &ExplainCall<'_>) -> Option<Explanation> {
        None
    }

    fn cpu(&self, call: &mut CpuCall<'_>) {
        let finite = call.inputs.iter().all(|input| row_sum(input).is_finite());
        call.output.fill(f32::from(u8::from(finite)));
    }

    fn reference(&self, inputs: &[&HostTensor], _output: &TensorType) -> Option<HostTensor> {
        let finite = inputs.iter().flat_map(|input| input.words()).all(|word| word.is_finite());
        HostTensor::f32([], vec![f32::from(u8::from(finite))])
    }
}

pub fn cases() -> Vec<Case> {
    let case = |label: &str, inputs: Vec<HostTensor>| Case {
        label: label.to_owned(),
        op: Arc::new(AllFinite),
        differentiable: vec![false; inputs.len()],
        inputs,
        tolerance: 0.0,
    };
    let numbers = |count: usize| -> Vec<HostTensor> {
        (0..count).map(|number| uniform([3 + 700 * (number % 3), 5], -1.0, 1.0, number as u64)).collect()
    };
    let with = |count: usize, tensor: usize, value: f32| {
        let mut inputs = numbers(count);
        if let Some(word) = inputs[tensor].words_mut().last_mut() {
            *word = value;
        }
        inputs
    };
    vec![
        case("one tensor", numbers(1)),
        case("twenty tensors", numbers(20)),
        case("a NaN in one tensor", with(1, 0, f32::NAN)),
        case("a NaN in the first of eleven", with(11, 0, f32::NAN)),
        case("an infinity in the ninth of eleven", with(11, 8, f32::INFINITY)),
        case("minus infinity in the last of twenty", with(20, 19, f32::NEG_INFINITY)),
        case("the greatest number there is", with(3, 1, f32::MAX)),
    ]
}
