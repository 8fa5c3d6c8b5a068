//! chalkgrad: a neural network playground for the browser, and the small tensor and autograd core behind it.
//!
//! People build a network layer by layer in a page, train it in their own tab, and look inside every tensor and every
//! gradient. This crate is all of it: the core compiles natively and to WebAssembly. The page and its worker run the
//! same program (`src/bin/chalkgrad.rs`): two programs would share a third of their code, and be downloaded and compiled twice
//! (543 instead of 455 KB gzip when both were measured). The worker is handed the module that the page has compiled.
//! What a visitor does not see at first is cut off that program and downloaded when it is opened (`ui::widgets::later`).
//!
//! # The map
//!
//! Follow a training step from the top down.
//!
//! | module | what it is |
//! |---|---|
//! | [`model`] | what a user writes down ([`model::spec`]), which layers exist ([`model::catalogue`], one file a layer under [`model::layers`]), and how they become a graph |
//! | [`ir`] | the graph: named nodes in topological order, the trait [`ir::Op`], pointwise expressions, the verifier, the reference interpreter |
//! | [`ops`] | the ops: one table of pointwise ops, one folder for every other op with shape inference, gradient, CPU kernel and test cases |
//! | [`autograd`] | graph to graph: appends the backward pass, asking each op for its vector-Jacobian product |
//! | [`plan`] | graph to kernels: fusion, buffers by lifetime, taps; the printed form |
//! | [`backend`] | what runs plans; [`backend::cpu`] does so on SIMD kernels, `backend::gpu` as compute shaders (features `shaders`, `gpu`) |
//! | [`simd`] | a crate of its own (folder `simd`): lanes, packing and the microkernels of matrix multiplication and convolution |
//! | `train` | the training session: a state machine with no clock and no I/O of its own |
//! | `data` | IDX files, data sets that grow while they download, splits, the sampler |
//! | [`wire`] | how records and choices cross a border: page and worker, JavaScript API, file |
//! | [`protocol`] | the typed messages between page and worker |
//! | [`checkpoint`] | a whole experiment as a file |
//! | `worker` | the message loop round the session, in the worker |
//! | `client`, `api` | the page's side of the worker, and `window.chalkgrad`, the public JavaScript API |
//! | `ui` | the page: state, widgets, one file a panel |
//! | [`tensor`], [`random`], [`error`] | shapes and host tensors, counter-based random numbers, the one error type |
//!
//! # A training step, by phase
//!
//! 1. [`model::spec::ModelSpec`] is checked against the catalogue; the result is a list of layers with names, shapes and
//!    weights, or an error that names the layer at fault, what it expected and what it got.
//! 2. Each layer lowers itself to ops in an [`ir::Graph`]; loss, metrics, gradients and optimizer updates are nodes of
//!    the same graph, so that a whole training step is one graph.
//! 3. [`plan::Plan::compile`] drops what nobody needs, fuses pointwise chains (also into the kernels of convolution and
//!    matrix multiplication), and gives every value a buffer. Watched tensors ("taps") are inputs of the planner: they
//!    are neither fused away nor overwritten.
//! 4. A [`backend::Backend`] loads the plan once and runs it for every batch. It can stop between any two kernels, so that
//!    the worker answers messages even in the middle of a huge batch.
//!
//! # Invariants
//!
//! * Dependencies point one way: `tests/arrows.rs` reads every `use crate::` and fails on a reversed one.
//! * Only `ui` names leptos; only `backend/gpu` may name wgpu.
//! * `ir`, `ops`, `autograd`, `plan`, `model` and `train` do no I/O and run natively: `cargo test` needs no browser.
//! * Passes (`autograd`, `plan`) and backends never mention a concrete op; they go by what [`ir::Op`] says.
//! * Every op has test cases, which drive the comparison with a plain reference and with finite differences
//!   (`tests/ops.rs`); an op without cases fails the suite.
//! * Planning changes no number beyond rounding: random graphs run as planned and node by node (`tests/plans.rs`).
//! * Activations are channels-last, `[N,H,W,C]`; convolution kernels are `[KH,KW,Cin,Cout]`, dense kernels `[in,out]`.
//! * Random numbers are a function of seed, stream and counter ([`random`]): the same seed gives the same weights,
//!   shuffles and dropout masks on every backend, and a run replays bit for bit.
//! * A run allocates nothing, but for the first one of a plan.
//! * What a user, a file, a message or a device can cause is an [`error::Error`], never a panic.

pub mod autograd;
pub mod backend;
pub mod checkpoint;
pub mod data;
pub mod error;
pub mod ir;
pub mod model;
pub mod ops;
pub mod plan;
pub mod protocol;
pub mod random;
pub mod tensor;
pub mod train;
pub mod ui;
pub mod wire;
pub mod worker;

// A crate of its own, because it alone is built for speed rather than size in what the browser downloads.
pub use chalkgrad_simd as simd;

// What talks to the browser.
#[cfg(target_arch = "wasm32")]
pub mod api;
#[cfg(target_arch = "wasm32")]
pub mod client;
#[cfg(target_arch = "wasm32")]
pub mod transport;
