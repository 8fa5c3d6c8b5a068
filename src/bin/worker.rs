//! Starts the engine in its worker.

fn main() {}
