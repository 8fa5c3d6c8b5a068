//! The intermediate representation: a static graph of named tensors.
//!
//! * `gpu`: what ops say of themselves for a GPU.
//! * [`graph`]: nodes in topological order, their names and layers; the printed form.
//! * [`op`]: what an op must say of itself. Passes know ops by this trait alone.
//! * [`expr`]: scalar expressions, the meaning of every pointwise op on every backend.
//! * [`pointwise`]: the op that applies an expression to each element.
//! * [`verify`]: checks a graph after every pass.
//! * [`interpret`]: the reference interpreter.

pub mod expr;
pub mod gpu;
pub mod graph;
pub mod interpret;
pub mod op;
pub mod pointwise;
pub mod verify;

pub use expr::Expr;
pub use graph::{Graph, LayerId, Node, NodeId, NodeKind};
pub use op::{CpuCall, KernelPart, Op, VjpCall};
