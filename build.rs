//! Has the linker leave in the page's program what `xtask/src/split.rs` needs to cut it.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo:rustc-link-arg-bin=chalkgrad=--emit-relocs");
    }
}
