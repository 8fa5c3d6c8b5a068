//! The engine in its worker: the training session behind messages.
//!
//! [`Engine`] turns commands into answers and events, in slices of time, so that every command is answered while it
//! trains. It knows neither clock nor messages nor network, and is tested natively. [`start`] gives it all three.

mod backends;
mod engine;
mod evaluations;
#[cfg(feature = "gpu")]
pub mod gpu;
mod run;
mod samples;

#[cfg(target_arch = "wasm32")]
mod crew;
#[cfg(target_arch = "wasm32")]
mod main_loop;
#[cfg(target_arch = "wasm32")]
mod replica;

pub use engine::{Engine, Hire};
#[cfg(all(target_arch = "wasm32", feature = "gpu"))]
pub use main_loop::start_gpu;
#[cfg(target_arch = "wasm32")]
pub use main_loop::{is_here, start};
