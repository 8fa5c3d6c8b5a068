//! Plans, the programs that a backend runs. The planner turns a graph into an ordered list of kernels over numbered
//! buffers (slots) once; a run then decides and allocates nothing.
//!
//! * [`fuse`]: groups nodes that run in one kernel.
//! * [`program`]: a fused group of pointwise nodes as register code, one for all backends.
//! * [`slots`]: assigns a buffer to each value, by lifetime.
//! * [`text`]: the printed form, for golden tests and bug reports.
//! * [`cache`]: plans by key.
//!
//! The planner never mentions a concrete op; it uses only the trait [`crate::ir::Op`].

pub mod cache;
pub mod fuse;
pub mod program;
pub mod slots;
mod text;

use std::sync::Arc;

use crate::error::{GraphError, Result};
use crate::ir::{Graph, LayerId, NodeId, Op, verify::verify};
use crate::tensor::{HostTensor, TensorType};
use program::{Access, Program};

/// Index of a buffer in its plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SlotId(pub u32);

/// Buffer of a plan.
#[derive(Clone, Debug)]
pub struct Slot {
    pub kind: SlotKind,
    /// Size in words of four bytes; a temporary has the size of the largest value that it ever holds.
    pub size_words: usize,
}

/// Purpose of a buffer.
#[derive(Clone, Debug)]
pub enum SlotKind {
    /// Written by the caller before each run.
    Input(String),
    /// Shared by all plans of a backend, by name.
    State(String),
    Constant(Arc<HostTensor>),
    /// Holds one value after another during a run.
    Temporary,
}

/// Unit of work.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Node whose value the kernel leaves in the output.
    pub node: NodeId,
    pub layer: Option<LayerId>,
    pub work: Work,
    pub output: SlotId,
    pub output_type: TensorType,
}

#[derive(Clone, Debug)]
pub enum Work {
    /// An op's own kernel, with pointwise work on its result fused in.
    Op { op: Arc<dyn Op>, inputs: Vec<(SlotId, TensorType)>, epilogue: Option<Pointwise> },
    /// Pointwise work alone.
    Pointwise(Pointwise),
    /// Copies another buffer word for word.
    Copy { from: SlotId },
}

/// Program with its operands.
#[derive(Clone, Debug)]
pub struct Pointwise {
    pub program: Program,
    pub operands: Vec<Operand>,
    /// Fused nodes, in order.
    pub nodes: Vec<NodeId>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    pub source: Source,
    pub access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Slot(SlotId),
    /// The output buffer itself, at the element that is about to be written: the result of the op whose epilogue this
    /// program is, or a value that is overwritten in place.
    Output,
}

/// Value that stays readable after a run.
#[derive(Clone, Debug)]
pub struct NamedValue {
    pub name: String,
    pub slot: SlotId,
    pub tensor_type: TensorType,
}

/// Graph made ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub slots: Vec<Slot>,
    pub kernels: Vec<Kernel>,
    /// Inputs, states, outputs and taps that have a name.
    pub values: Vec<NamedValue>,
    /// Names of the graph's outputs, which are read after every run.
    pub outputs: Vec<String>,
}

impl Plan {
    /// Compiles a graph. `taps` are nodes that are read besides the graph's outputs; they keep their buffers until the
    /// end of the run.
    ///
    /// # Errors
    /// If the graph is invalid, or updates a state from the old value of another state that is updated too.
    pub fn compile(graph: &Graph, taps: &[NodeId]) -> Result<Plan> {
        verify(graph)?;
        let steps = fuse::fuse(graph, taps);
        slots::assign(graph, taps, &steps)
    }

    /// Finds the value of this name.
    ///
    /// # Errors
    /// If there is no such value, or it does not outlive the run.
    pub fn value(&self, name: &str) -> Result<&NamedValue> {
        let value = self.values.iter().find(|value| value.name == name);
        value.ok_or_else(|| GraphError::NotInPlan { name: name.to_owned() }.into())
    }

    /// Returns the bytes of all buffers that belong to the plan alone: inputs, constants and temporaries.
    pub fn size_bytes(&self) -> usize {
        let own = self.slots.iter().filter(|slot| !matches!(slot.kind, SlotKind::State(_)));
        own.map(|slot| slot.size_words * 4).sum()
    }
}
