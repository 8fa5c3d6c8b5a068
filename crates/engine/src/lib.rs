//! chalkgrad's engine: tensors, automatic differentiation, a planner, CPU and WebGPU backends, models, data, training, and
//! the scheduler of a training session. It runs natively and in a browser's worker, and depends on neither.
//!
//! From the top down:
//!
//! | module | contents |
//! |---|---|
//! | [`engine`] | scheduler of a session: commands in, answers and events out, in time slices |
//! | [`train`] | the training session: a state machine without a clock or I/O |
//! | [`checkpoint`] | a whole experiment as a file |
//! | [`history`] | losses, accuracies and epochs of training so far |
//! | [`protocol`] | messages between page and worker |
//! | [`presets`] | networks to start from, with their data sets and training |
//! | [`model`] | model spec, layer catalogue, optimizers, losses, metrics, schedules, initialisers, and their lowering to a graph |
//! | [`data`] | schemas, the catalogue of data sets, IDX files, data sets that grow while they download, splits, the sampler |
//! | [`backend`] | runs plans: [`backend::cpu`] with SIMD kernels, `backend::gpu` with compute shaders (feature `gpu`) |
//! | [`plan`] | graph to kernels: fusion, buffers by lifetime, taps |
//! | [`autograd`] | graph to graph: appends the backward pass |
//! | [`ops`] | one table of pointwise ops, and one folder for each other op |
//! | [`ir`] | the graph, the trait [`ir::Op`], pointwise expressions, the verifier, the reference interpreter |
//! | [`tensor`], [`random`], [`error`] | shapes and host tensors, counter-based random numbers, errors |
//!
//! `docs/architecture.md` describes a training step by phase, the invariants and what keeps them.

pub mod analysis;
pub mod autograd;
pub mod backend;
pub mod checkpoint;
pub mod data;
pub mod engine;
pub mod error;
pub mod history;
pub mod ir;
pub mod json;
pub mod model;
pub mod ops;
pub mod plan;
pub mod presets;
pub mod protocol;
pub mod random;
pub mod tensor;
pub mod train;

pub use chalkgrad_simd as simd;
