//! The reference interpreter: runs a graph node by node, with no planner, no fusion and no reuse of memory.
//!
//! Tests and benchmarks compare plans and backends with it.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::graph::{Graph, NodeId, NodeKind};
use super::op::{CpuCall, KernelPart, Op};
use crate::error::{GraphError, Result};
use crate::tensor::{HostTensor, TensorType};

/// Values of all nodes after a run, by node.
pub struct Values(Vec<HostTensor>);

impl Values {
    pub fn get(&self, id: NodeId) -> &HostTensor {
        &self.0[id.0 as usize]
    }
}

/// Runs every node. `leaves` gives inputs and states by name. States are not updated; the new values are nodes.
///
/// # Errors
/// If a leaf is missing or has another type.
pub fn interpret(graph: &Graph, leaves: &HashMap<String, HostTensor>) -> Result<Values> {
    let mut values: Vec<HostTensor> = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let value = match &node.kind {
            NodeKind::Constant(value) => HostTensor::clone(value),
            NodeKind::Input | NodeKind::State => match leaves.get(&node.name) {
                Some(value) if *value.tensor_type() == node.tensor_type => value.clone(),
                other => {
                    let (name, expected) = (node.name.clone(), node.tensor_type.to_string());
                    let got = other.map(|value| value.tensor_type().to_string());
                    return Err(match got {
                        Some(got) => GraphError::WrongInput { name, expected, got },
                        None => GraphError::MissingInput { name, expected },
                    }
                    .into());
                }
            },
            NodeKind::Op(op) => {
                let inputs: SmallVec<[&HostTensor; 4]> =
                    node.inputs.iter().map(|input| &values[input.0 as usize]).collect();
                run_op(op, &inputs, &node.tensor_type)
            }
        };
        values.push(value);
    }
    Ok(Values(values))
}

/// Runs one op by its plain reference implementation, or by its CPU kernel if it has none.
pub fn run_op(op: &Arc<dyn Op>, inputs: &[&HostTensor], output_type: &TensorType) -> HostTensor {
    op.reference(inputs, output_type).unwrap_or_else(|| run_cpu_kernel(op.as_ref(), inputs, output_type))
}

/// Runs only one op's CPU kernel.
pub fn run_cpu_kernel(op: &dyn Op, inputs: &[&HostTensor], output_type: &TensorType) -> HostTensor {
    let mut output = HostTensor::zeros(output_type.clone());
    if op.is_view() {
        output.words_mut().copy_from_slice(inputs[0].words());
        return output;
    }
    // NaN makes an element that the kernel forgets to write visible.
    output.words_mut().fill(f32::NAN);
    let words: SmallVec<[&[f32]; 4]> = inputs.iter().map(|input| input.words()).collect();
    let input_types: SmallVec<[&TensorType; 4]> = inputs.iter().map(|input| input.tensor_type()).collect();
    op.cpu(&mut CpuCall {
        inputs: &words,
        input_types: &input_types,
        output: output.words_mut(),
        output_type,
        scratch: &mut Vec::new(),
        finish: &mut |_, _| {},
        part: KernelPart::WHOLE,
    });
    output
}
