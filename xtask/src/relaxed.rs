//! The second build of the page's program, with relaxed SIMD: one instruction for a product and a sum.
//!
//! Some browsers refuse any module that holds such an instruction, so the first build never does; `www/boot.js` asks the
//! browser and loads one of the two.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::shell::{command, run, say, target};
use crate::tools::WASM_TARGET;

/// Name of the program in index.html.
const PROFILE: &str = "web";
const PROGRAM: &str = "chalkgrad";

/// Prefix of the second build's files. Trunk.toml writes it into index.html.
pub const RELAXED: &str = "chalkgrad-relaxed";

/// Set while cargo calls this program in place of the compiler.
const AS_COMPILER: &str = "CHALKGRAD_RELAXED_SIMD";

/// Compiles one of our crates with relaxed SIMD, if cargo has called this program to do so: `xtask RUSTC ARGUMENTS`.
pub fn compile_for_cargo() -> Option<Result<()>> {
    env::var_os(AS_COMPILER)?;
    let mut arguments = env::args_os().skip(1);
    let compiler = PathBuf::from(arguments.next()?);
    Some(run(Command::new(compiler).args(arguments).args(["-C", "target-feature=+relaxed-simd"])))
}

/// Builds the program and puts it beside what trunk has built; trunk calls this.
pub fn add() -> Result<()> {
    let staging =
        PathBuf::from(env::var_os("TRUNK_STAGING_DIR").context("trunk calls this, and sets TRUNK_STAGING_DIR")?);
    say("Building the program once more, with relaxed SIMD");
    // Cargo calls the wrapper for our own crates only. With other RUSTFLAGS it would also compile every dependency twice.
    run(command("cargo")
        .args(["build", "--quiet", "--bin", PROGRAM, "--profile", PROFILE, "--target", WASM_TARGET])
        .env("RUSTC_WORKSPACE_WRAPPER", env::current_exe().context("this program's own file is not known")?)
        .env(AS_COMPILER, "1"))?;
    let program = target().join(WASM_TARGET).join(PROFILE).join(format!("{PROGRAM}.wasm"));
    // The hash changes with the contents, so that a browser's cache never mixes two versions.
    let name = format!("{RELAXED}-{}", short_hash(&fs::read(&program).context("cargo built no program")?));
    run(command("wasm-bindgen")
        .args(["--target", "web", "--no-typescript", "--out-name", &name, "--out-dir"])
        .args([&staging, &program]))?;

    let page = staging.join("index.html");
    let text = fs::read_to_string(&page).context("trunk did not build index.html")?;
    ensure!(text.matches(RELAXED).count() == 1, "index.html does not name {RELAXED} once");
    fs::write(page, text.replace(RELAXED, &name)).context("index.html cannot be written")
}

/// Returns the build to which a file in `dist` belongs, if any.
pub fn build_of(name: &Path) -> Option<usize> {
    let name = name.to_string_lossy();
    let is_program = name.starts_with("chalkgrad-") && (name.ends_with(".js") || name.ends_with(".wasm"));
    is_program.then(|| usize::from(name.starts_with(RELAXED)))
}

fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
