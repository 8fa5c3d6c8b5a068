//! The engine of chalkgrad: tensors, automatic differentiation, a planner, CPU and WebGPU backends, models, data and
//! training, and the scheduler round a training session. It runs natively and in a browser's worker, and knows neither.
//!
//! # The map
//!
//! Follow a training step from the top down.
//!
//! | module | contents |
//! |---|---|
//! | [`model`] | the spec that a user writes ([`model::spec`]), the layers that exist ([`model::catalogue`], one file a layer under [`model::layers`]), and how they become a graph |
//! | [`ir`] | the graph: named nodes in topological order, the trait [`ir::Op`], pointwise expressions, the verifier, the reference interpreter |
//! | [`ops`] | the ops: one table of pointwise ops, one folder for every other op with shape inference, gradient, CPU kernel and test cases |
//! | [`autograd`] | graph to graph: appends the backward pass, asking each op for its vector-Jacobian product |
//! | [`plan`] | graph to kernels: fusion, buffers by lifetime, taps; the printed form |
//! | [`backend`] | runs plans: [`backend::cpu`] on SIMD kernels, `backend::gpu` as compute shaders (feature `gpu`) |
//! | [`simd`] | a crate of its own (`crates/simd`): lanes, packing and the microkernels of matrix multiplication and convolution |
//! | [`train`] | the training session: a state machine with no clock and no I/O of its own |
//! | [`engine`] | the scheduler round the session: commands in, answers and events out, in slices of time |
//! | [`data`] | IDX files, data sets that grow while they download, splits, the sampler |
//! | [`protocol`] | the typed messages between page and worker |
//! | [`checkpoint`] | a whole experiment as a file |
//! | [`tensor`], [`random`], [`error`] | shapes and host tensors, counter-based random numbers, the one error type |
//!
//! # A training step, by phase
//!
//! 1. [`model::spec::ModelSpec`] is checked against the catalogue; the result is a list of layers with names, shapes and
//!    weights, or an error that names the layer at fault, what it expected and what it got.
//! 2. Each layer lowers itself to ops in an [`ir::Graph`]; loss, metrics, gradients and optimizer updates are nodes of
//!    the same graph, so that a whole training step is one graph.
//! 3. [`plan::Plan::compile`] drops unused nodes, fuses pointwise chains (also into the kernels of convolution and
//!    matrix multiplication), and gives every value a buffer. Watched tensors ("taps") are inputs of the planner: they
//!    are neither fused away nor overwritten.
//! 4. A [`backend::Backend`] loads the plan once and runs it for every batch. It can stop between any two kernels, so that
//!    the worker answers messages even in the middle of a huge batch.
//!
//! # Invariants
//!
//! * Dependencies point one way, as the map above goes down.
//! * Nothing here names leptos, web-sys or JavaScript; only `backend/gpu` names wgpu.
//! * Nothing here does I/O or reads a clock: `cargo test` needs no browser.
//! * Passes (`autograd`, `plan`) and backends never mention a concrete op; they go by what [`ir::Op`] says.
//! * Every op has test cases, which drive the comparison with a plain reference and with finite differences
//!   (`tests/it/ops.rs`); an op without cases fails the suite.
//! * Planning changes no number beyond rounding: random graphs run as planned and node by node (`tests/it/plans.rs`).
//! * Activations are channels-last, `[N,H,W,C]`; convolution kernels are `[KH,KW,Cin,Cout]`, dense kernels `[in,out]`.
//! * Random numbers are a function of seed, stream and counter ([`random`]): the same seed gives the same weights,
//!   shuffles and dropout masks on every backend, and a run replays bit for bit.
//! * A run allocates nothing, except the first run of a plan.
//! * Whatever a user, a file, a message or a device can cause is an [`error::Error`], never a panic.

pub mod autograd;
pub mod backend;
pub mod checkpoint;
pub mod data;
pub mod engine;
pub mod error;
pub mod ir;
pub mod model;
pub mod ops;
pub mod plan;
pub mod protocol;
pub mod random;
pub mod tensor;
pub mod train;
pub mod wire;

// A crate of its own, because it alone is built for speed rather than size in the program that the browser downloads.
pub use chalkgrad_simd as simd;
