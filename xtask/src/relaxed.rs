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
use crate::split::split;
use crate::tools::WASM_TARGET;
use crate::{shrink, small_std};

const PROGRAM: &str = "chalkgrad";

/// In the names of the second build's files.
pub const MARK: &str = "-relaxed-";

/// Where the chunks lie, beside the program.
pub const CHUNKS: &str = "chunks";

/// As in `.cargo/config.toml`, and relaxed SIMD.
const RUSTFLAGS: &[&str] = &["-C", "target-feature=+simd128,+relaxed-simd", "--cfg", "erase_components"];

/// Builds it, and puts both builds of the program into `staging` in place of what trunk has put there.
pub fn add(staging: &Path) -> Result<()> {
    let profile = if is_release() { "web" } else { "web-dev" };
    let folder = target().join("relaxed");
    say("Building the program once more, with relaxed SIMD");
    run(command("cargo")
        .args([
            "build",
            "--quiet",
            "--bin",
            PROGRAM,
            "--no-default-features",
            "--features",
            "page",
            "--profile",
            profile,
        ])
        .args(["--target", WASM_TARGET, "--target-dir"])
        .arg(&folder)
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", [RUSTFLAGS, small_std::inherited_flags()].concat().join("\u{1f}")))?;
    say("Cutting both builds into what comes at first and what comes when it is opened");
    let linked = |target: &Path| target.join(WASM_TARGET).join(profile).join(format!("{PROGRAM}.wasm"));
    for ending in [".js", "_bg.wasm"] {
        fs::remove_file(staging.join(only_file(staging, &|name| name.ends_with(ending))?))?;
    }
    let [script, program] = put(&linked(&target()), "-", "_bg.wasm", staging)?;
    let [own_script, own_program] = put(&linked(&folder), MARK, ".wasm", staging)?;
    if is_release() {
        shrink_rest(staging)?;
    }
    let page = fs::read_to_string(staging.join("index.html")).context("trunk did not build index.html")?;
    let (before, call) = page.split_once("<script>boot(").context("index.html does not call boot")?;
    let (_, after) = call.split_once(")</script>").context("index.html does not end its call of boot")?;
    // Relative, as all addresses in this page are.
    let page = format!(
        "{before}<script>boot('./{script}', './{program}', './{own_script}', './{own_program}')</script>{after}"
    );
    let page = if is_release() { without_comments(&page) } else { page };
    fs::write(staging.join("index.html"), page).context("index.html cannot be written")
}

/// Cuts what the linker made, joins it to JavaScript, optimises it and puts it into `staging`; the names of the script and
/// of the program's main part there.
fn put(linked: &Path, mark: &str, ending: &str, staging: &Path) -> Result<[String; 2]> {
    let parts = split(linked, &linked.with_extension("parts"))?;
    let bound = linked.with_extension("bound");
    run(command("wasm-bindgen")
        // The chunks need what the linker exports for them.
        .args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", PROGRAM, "--out-dir"])
        .arg(&bound)
        .arg(&parts.main))?;
    let (script, program) = (bound.join(format!("{PROGRAM}.js")), bound.join(format!("{PROGRAM}_bg.wasm")));
    if is_release() && find("wasm-opt").is_some() {
        for file in parts.chunks.iter().chain([&program]) {
            let relaxed = (mark == MARK).then_some("--enable-relaxed-simd");
            run(command("wasm-opt").args(optimizer_arguments()?).args(relaxed).arg(file).arg("-o").arg(file))?;
        }
    }
    if is_release() {
        shrink::shorten_imports(&script, &program)?;
    }
    fs::create_dir_all(staging.join(CHUNKS)).with_context(|| format!("{CHUNKS} cannot be created"))?;
    let mut names = Vec::new();
    for chunk in &parts.chunks {
        let bytes = fs::read(chunk).with_context(|| format!("{} cannot be read", chunk.display()))?;
        let made = chunk.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = made.trim_end_matches(".wasm").trim_start_matches("split_");
        let name = format!("{CHUNKS}/{stem}{mark}{}.wasm", hash(&bytes));
        write(staging, &name, &bytes)?;
        names.push((made, name));
    }
    let text = fs::read_to_string(&script).with_context(|| format!("{} cannot be read", script.display()))?;
    fs::write(&script, parts.join(&text, &names)?)?;
    if is_release() {
        shrink::minify(&script)?;
    }
    // The parts of a build fit only each other.
    let (script, program) = (fs::read(script)?, fs::read(program)?);
    let hash = hash(&[script.as_slice(), &program].concat());
    let names = [format!("{PROGRAM}{mark}{hash}.js"), format!("{PROGRAM}{mark}{hash}{ending}")];
    write(staging, &names[0], &script)?;
    write(staging, &names[1], &program)?;
    Ok(names)
}

/// Whether a file in `dist` is one of the two halves of either build.
pub fn is_program(name: &Path) -> bool {
    let is_half = name.extension().is_some_and(|extension| extension == "js" || extension == "wasm");
    is_half && name.to_string_lossy().starts_with(&format!("{PROGRAM}-"))
}

/// Changes with the contents, and the name of a file with it.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::write(folder.join(name), bytes).with_context(|| format!("{name} cannot be written"))
}

/// Makes the rest of what is in trunk's folder smaller.
fn shrink_rest(staging: &Path) -> Result<()> {
    let names: Vec<String> =
        fs::read_dir(staging)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let is_ours = |name: &str| name.starts_with(&format!("{PROGRAM}-"));
    for program in names.iter().filter(|name| !is_ours(name)).filter_map(|name| name.strip_suffix("_bg.wasm")) {
        let file = |ending: &str| staging.join(format!("{program}{ending}"));
        shrink::shorten_imports(&file(".js"), &file("_bg.wasm"))?;
    }
    for name in names.iter().filter(|name| !is_ours(name) && (name.ends_with(".js") || name.ends_with(".css"))) {
        shrink::minify(&staging.join(name))?;
    }
    Ok(())
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

/// What index.html has trunk pass to wasm-opt for the GPU's program.
fn optimizer_arguments() -> Result<Vec<String>> {
    let source = fs::read_to_string(root().join("index.html"))?;
    let (_, source) =
        source.split_once("data-bin=\"gpu_worker\"").context("index.html does not name the GPU's program")?;
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
