//! Rust's standard library, compiled with the program and for size.
//!
//! The one that comes with the compiler is made for speed and spells out what every panic says: 31 of 387 KB (gzip) of the
//! page's program. A panic of the released page is still a trap, which the page notices and recovers from; what it says is
//! told by `trunk serve` without `--release`. Where the library's source or the compiler's switch for it is missing, the
//! program is built with the ready-made one, and is larger.
//!
//! Cargo and the compiler call this unstable, so a stable toolchain has to be told that it is meant: `RUSTC_BOOTSTRAP`.

use std::env;
use std::process::Command;

use crate::shell::{capture, command, say};
use crate::tools;

const ALLOW: (&str, &str) = ("RUSTC_BOOTSTRAP", "1");
const PARTS: (&str, &str) = ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
const FEATURES: (&str, &str) = ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size");
const FLAGS: &[&str] = &["-Zunstable-options", "-Cpanic=immediate-abort"];

/// Cargo adds these to those of `.cargo/config.toml`.
const FLAGS_VARIABLE: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

/// Has the builds that a command starts compile the standard library too, where that can be done.
pub fn apply(build: &mut Command) -> &mut Command {
    if !is_known() {
        say("This Rust cannot compile its standard library for size, so the page will be about 30 KB larger");
        return build;
    }
    if let Err(error) = tools::rust_source() {
        say(format!("{error:#}. The page will be about 30 KB larger"));
        return build;
    }
    build.envs([ALLOW, PARTS, FEATURES, (FLAGS_VARIABLE, FLAGS.join(" ").as_str())])
}

/// What a build inside such a command must add to flags of its own.
pub fn inherited_flags() -> &'static [&'static str] {
    if env::var_os(PARTS.0).is_some() { FLAGS } else { &[] }
}

/// Whether the compiler knows the switch.
fn is_known() -> bool {
    let mut rustc = command("rustc");
    let probe = rustc.args(FLAGS).args(["--print", "cfg", "--target", tools::WASM_TARGET]).envs([ALLOW]);
    capture(probe).is_ok()
}
