//! Links that hold what the page shows.

pub mod moment;

#[cfg(target_arch = "wasm32")]
pub mod link;
