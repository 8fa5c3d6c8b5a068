//! The intermediate representation: a static graph of named tensors.
//!
//! * `gpu`: an op's shaders and their dispatches, as data.
//! * [`graph`]: nodes in topological order, their names and layers; the printed form.
//! * [`op`]: the trait `Op`. Passes and backends know ops by it alone.
//! * [`explain`]: the numbers from which one number of an op's result follows.
//! * [`expr`]: scalar expressions, which define every pointwise op on every backend.
//! * [`pointwise`]: the op that applies an expression to each element.
//! * [`verify`]: checks a graph after every pass.
//! * [`interpret`]: the reference interpreter.

pub mod explain;
pub mod expr;
pub mod gpu;
pub mod graph;
pub mod interpret;
pub mod op;
pub mod pointwise;
pub mod verify;

pub use explain::{ExplainCall, Explanation, Part, Place, Product};
pub use expr::Expr;
pub use graph::{Graph, LayerId, Node, NodeId, NodeKind};
pub use op::{CpuCall, KernelPart, Op, VjpCall};
