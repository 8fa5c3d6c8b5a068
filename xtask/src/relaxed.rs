//! The second build of the page's program, with relaxed SIMD: one instruction for a product and a sum.
//!
//! Some browsers refuse any module that holds such an instruction, so the first build never does; `boot` in index.html
//! asks the browser, and downloads one of the two, each with its JavaScript half.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::shell::{capture, command, find, root, run, say, target};
use crate::tools::WASM_TARGET;
use crate::{shrink, small_std};

const PROGRAM: &str = "chalkgrad";

/// In the names of the second build's files.
pub const MARK: &str = "-relaxed-";

/// As in `.cargo/config.toml`, and relaxed SIMD.
const RUSTFLAGS: &[&str] = &["-C", "target-feature=+simd128,+relaxed-simd", "--cfg", "erase_components"];

/// Builds it and puts it beside the first one, which trunk has put into `staging`.
pub fn add(staging: &Path) -> Result<()> {
    let profile = if is_release() { "web" } else { "web-dev" };
    let folder = target().join("relaxed");
    say("Building the program once more, with relaxed SIMD");
    run(command("cargo")
        .args(["build", "--quiet", "--bin", PROGRAM, "--no-default-features", "--profile", profile])
        .args(["--target", WASM_TARGET, "--target-dir"])
        .arg(&folder)
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", [RUSTFLAGS, small_std::inherited_flags()].concat().join("\u{1f}")))?;
    let bound = folder.join("bound");
    run(command("wasm-bindgen")
        .args(["--target", "web", "--no-typescript", "--out-name", PROGRAM, "--out-dir"])
        .arg(&bound)
        .arg(folder.join(WASM_TARGET).join(profile).join(format!("{PROGRAM}.wasm"))))?;
    let program = bound.join(format!("{PROGRAM}_bg.wasm"));

    let page = fs::read_to_string(staging.join("index.html")).context("trunk did not build index.html")?;
    if is_release() && find("wasm-opt").is_some() {
        run(command("wasm-opt")
            .args(optimizer_arguments()?)
            .arg("--enable-relaxed-simd")
            .arg(&program)
            .arg("-o")
            .arg(&program))?;
    }
    let script = only_file(staging, &|name| name.ends_with(".js"))?;
    let call = format!("{}_bg.wasm')", script.trim_end_matches(".js"));
    ensure!(page.contains(&call), "index.html does not end its call of boot with {call}");
    let own_script = bound.join(format!("{PROGRAM}.js"));
    if is_release() {
        shrink_all(staging, &own_script, &program)?;
    }
    // The halves of a build fit only each other.
    let own_script = put(&fs::read(own_script)?, staging, "js")?;
    let own_program = put(&fs::read(&program)?, staging, "wasm")?;
    // Relative, as all addresses in this page are.
    let both = format!("{}, './{own_script}', './{own_program}')", call.trim_end_matches(')'));
    let page = page.replacen(&call, &both, 1);
    let page = if is_release() { without_comments(&page) } else { page };
    fs::write(staging.join("index.html"), page).context("index.html cannot be written")
}

/// Makes what is in trunk's folder smaller, and the two halves of the second build.
fn shrink_all(staging: &Path, own_script: &Path, own_program: &Path) -> Result<()> {
    let names: Vec<String> =
        fs::read_dir(staging)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    for program in names.iter().filter_map(|name| name.strip_suffix("_bg.wasm")) {
        let file = |ending: &str| staging.join(format!("{program}{ending}"));
        shrink::shorten_imports(&file(".js"), &file("_bg.wasm"))?;
    }
    shrink::shorten_imports(own_script, own_program)?;
    shrink::minify(own_script)?;
    for name in names.iter().filter(|name| name.ends_with(".js") || name.ends_with(".css")) {
        shrink::minify(&staging.join(name))?;
    }
    Ok(())
}

/// Writes a file of the second build under a name that changes with it.
fn put(bytes: &[u8], staging: &Path, ending: &str) -> Result<String> {
    let hash: String = Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{PROGRAM}{MARK}{hash}.{ending}");
    fs::write(staging.join(&name), bytes).with_context(|| format!("{name} cannot be written"))?;
    Ok(name)
}

/// The page without its indentation and the lines that are comments: half a kilobyte less for every visitor.
fn without_comments(page: &str) -> String {
    let is_comment = |line: &str| line.starts_with("// ") || line.starts_with("<!--") && line.ends_with("-->");
    page.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !is_comment(line))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Checks in `dist` that the second build uses relaxed SIMD and the first one does not.
pub fn check(dist: &Path) -> Result<()> {
    for (ending, expected) in [("_bg.wasm", false), (".wasm", true)] {
        let wanted = |name: &str| name.contains(MARK) == expected && name.ends_with(ending);
        let program = dist.join(only_file(dist, &wanted)?);
        let found = relaxed_instructions(&program)?;
        ensure!((found > 0) == expected, "{} holds {found} instructions of relaxed SIMD", program.display());
    }
    Ok(())
}

/// How many instructions of relaxed SIMD a program holds.
fn relaxed_instructions(program: &Path) -> Result<usize> {
    let text = capture(command("wasm-dis").arg("--all-features").arg(program))?;
    Ok(text.lines().filter(|line| line.contains(".relaxed_")).count())
}

fn is_release() -> bool {
    env::var("TRUNK_PROFILE").is_ok_and(|profile| profile == "release")
}

/// What index.html has trunk pass to wasm-opt for the first build.
fn optimizer_arguments() -> Result<Vec<String>> {
    let source = fs::read_to_string(root().join("index.html"))?;
    let value = |name: &str| {
        let after = source.split_once(&format!("{name}=\""))?.1;
        Some(after.split_once('"')?.0.to_owned())
    };
    let level = value("data-wasm-opt").context("index.html does not set data-wasm-opt")?;
    let parameters = value("data-wasm-opt-params").context("index.html does not set data-wasm-opt-params")?;
    Ok([format!("-O{level}")].into_iter().chain(parameters.split_whitespace().map(str::to_owned)).collect())
}

/// The program's file of this kind.
fn only_file(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<String> {
    let names = fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names = names.filter(|name| name.starts_with(&format!("{PROGRAM}-")) && wanted(name));
    names.next().with_context(|| format!("a file of the program is missing in {}", folder.display()))
}

/// trunk's folder, when it calls us.
pub fn staging() -> Result<PathBuf> {
    Ok(PathBuf::from(env::var_os("TRUNK_STAGING_DIR").context("TRUNK_STAGING_DIR is not set: trunk runs this")?))
}
