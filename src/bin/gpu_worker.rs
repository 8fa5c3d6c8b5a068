//! The engine on WebGPU, in its worker: a program of its own, so that who has no GPU need not download it.

#[cfg(target_arch = "wasm32")]
fn main() {
    chalkgrad::worker::start_gpu();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This program runs in a browser: cargo xtask serve");
}
