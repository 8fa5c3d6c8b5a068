//! The engine in its worker: gives it a clock, messages and the network.

mod fetch;
#[cfg(feature = "gpu")]
pub mod gpu;
mod main_loop;
mod replica;
mod worker_pool;

#[cfg(feature = "gpu")]
pub use main_loop::start_gpu;
pub use main_loop::{is_here, start};
