//! Plans: what a backend runs. A graph becomes an ordered list of kernels over numbered buffers (slots), once; running
//! it again costs no decisions and no allocation.
//!
//! * [`fuse`]: which nodes run together in one kernel.
//! * [`program`]: a fused group of pointwise nodes as register code, one for all backends.
//! * [`slots`]: which buffer each value lives in, by lifetime.
//! * [`text`]: the printed form, which is golden test and bug report.
//! * [`cache`]: plans by what they were made for.
//!
//! The planner never mentions a concrete op: it goes by what ops say of themselves in [`crate::ir::Op`].

pub mod cache;
pub mod fuse;
pub mod program;
pub mod slots;
mod text;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ir::{Graph, LayerId, NodeId, Op, verify::verify};
use crate::tensor::{HostTensor, TensorType};
use program::{Access, Program};

/// A buffer's index in its plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SlotId(pub u32);

/// A buffer of a plan.
#[derive(Clone, Debug)]
pub struct Slot {
    pub kind: SlotKind,
    /// In words of four bytes; a temporary's is that of the largest value that it ever holds.
    pub size_words: usize,
}

/// What a buffer is for.
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

/// One unit of work.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The node whose value it leaves in the output.
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
    /// Word for word from another buffer.
    Copy { from: SlotId },
}

/// A program and what it reads, operand by operand.
#[derive(Clone, Debug)]
pub struct Pointwise {
    pub program: Program,
    pub operands: Vec<Operand>,
    /// The fused nodes, in order.
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
    /// is, or a value that is overwritten in place.
    Output,
}

/// A value that stays readable after a run.
#[derive(Clone, Debug)]
pub struct NamedValue {
    pub name: String,
    pub slot: SlotId,
    pub tensor_type: TensorType,
}

/// A graph made ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub slots: Vec<Slot>,
    pub kernels: Vec<Kernel>,
    /// Inputs, states, outputs and taps that have a name.
    pub values: Vec<NamedValue>,
    /// Names of the graph's outputs: what is read after every run.
    pub outputs: Vec<String>,
}

impl Plan {
    /// Makes the plan of a graph. `taps` are nodes that somebody watches besides the graph's outputs: they keep their
    /// buffers until the end of the run.
    ///
    /// # Errors
    /// If the graph is invalid, or updates a state from the old value of another that is updated too.
    pub fn compile(graph: &Graph, taps: &[NodeId]) -> Result<Plan> {
        verify(graph)?;
        let steps = fuse::fuse(graph, taps);
        slots::assign(graph, taps, &steps)
    }

    /// The value of this name.
    ///
    /// # Errors
    /// If there is none, or it does not outlive the run.
    pub fn value(&self, name: &str) -> Result<&NamedValue> {
        self.values.iter().find(|value| value.name == name).ok_or_else(|| {
            Error::new("unknown-tensor", name)
                .expected("the name of an input, a state, an output or a tap of the plan")
                .hint("Watch the tensor (tap it) before the run.")
        })
    }

    /// Bytes of all buffers that belong to the plan alone: inputs, constants and temporaries.
    pub fn size_bytes(&self) -> usize {
        let own = self.slots.iter().filter(|slot| !matches!(slot.kind, SlotKind::State(_)));
        own.map(|slot| slot.size_words * 4).sum()
    }
}
