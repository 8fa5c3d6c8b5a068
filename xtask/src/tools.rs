//! Tools that the build needs besides Rust; missing ones are installed.

use std::fs;

use anyhow::{Context, Result, anyhow, bail};

use crate::shell::{capture, command, find, root, run, say, target};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

struct CargoTool {
    program: &'static str,
    package: &'static str,
    version: &'static str,
    /// Test that accepts another installed version.
    fits: fn(&str) -> bool,
    /// Options of `cargo install`. The tool runs for seconds, so a short build matters more than its speed.
    options: &'static [&'static str],
    purpose: &'static str,
    minutes: u32,
}

const TRUNK: CargoTool = CargoTool {
    program: "trunk",
    package: "trunk",
    version: "0.21.14",
    // 0.22 needs a newer Rust than the project asks for.
    fits: |version| {
        version.strip_prefix("0.21.").and_then(|patch| patch.parse().ok()).is_some_and(|patch: u32| patch >= 14)
    },
    options: &[
        "--locked",
        "--no-default-features",
        "--features=rustls",
        "--profile=dev",
        "--config=profile.dev.opt-level=0",
        "--config=profile.dev.debug=false",
    ],
    purpose: "bundles the page and its worker",
    minutes: 4,
};

const WASM_BINDGEN: CargoTool = CargoTool {
    program: "wasm-bindgen",
    package: "wasm-bindgen-cli",
    version: "0.2.130",
    // The library in Cargo.toml and this program must have the same version.
    fits: |version| version == "0.2.130",
    // Without `--locked`: its lock file may name a crate version that the registry lacks. Unoptimised it would take half a
    // minute for each program of the page.
    options: &["--profile=dev", "--config=profile.dev.opt-level=1", "--config=profile.dev.debug=false"],
    purpose: "joins the WebAssembly to JavaScript",
    minutes: 2,
};

/// Installs all that a build of the page needs.
pub fn for_build() -> Result<()> {
    cargo_tool(&TRUNK)?;
    beside_trunk()
}

/// Installs the part of it that trunk does not install itself.
pub fn beside_trunk() -> Result<()> {
    wasm_target()?;
    cargo_tool(&WASM_BINDGEN)
}

/// Installs Rust's WebAssembly target.
pub fn wasm_target() -> Result<()> {
    let libraries = capture(command("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]))
        .context("Rust is needed (https://rustup.rs)")?;
    if fs::exists(&libraries).unwrap_or(false) {
        return Ok(());
    }
    say(format!("Installing Rust's {WASM_TARGET} target (once, about a minute)"));
    run(command("rustup").args(["target", "add", WASM_TARGET])).with_context(|| {
        format!(
            "Rust's {WASM_TARGET} target is needed to compile for the browser and could not be installed. With rustup: \
             check the connection and run `rustup target add {WASM_TARGET}`; with a Rust from elsewhere, install its \
             package for that target"
        )
    })
}

/// Installs a component of Rust: rustfmt, clippy.
pub fn component(name: &str) -> Result<()> {
    let program = if name == "clippy" { "cargo-clippy" } else { name };
    if find(program).is_some_and(|path| capture(command(path).arg("--version")).is_ok()) {
        return Ok(());
    }
    say(format!("Installing {name}"));
    run(command("rustup").args(["component", "add", name]))
        .with_context(|| format!("{name} is needed and could not be installed; `rustup component add {name}` does it"))
}

/// Installs the driver of the browser tests and TypeScript from npm, in the versions of package-lock.json.
pub fn npm_packages() -> Result<()> {
    let lock = fs::read(root().join("package-lock.json")).context("package-lock.json cannot be read")?;
    let mark = root().join("node_modules").join(".chalkgrad-lock");
    if fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let npm = find("npm").ok_or_else(|| {
        anyhow!(
            "npm is needed: it brings the driver of the browser tests and TypeScript. Install Node.js 20 or newer (https://nodejs.org, or \
             your system's packages `nodejs` and `npm`) and try again"
        )
    })?;
    say("Installing the driver of the browser tests and TypeScript from npm (once, about 50 MB)");
    // Chromium is found on the machine; Playwright must not download one.
    run(command(npm)
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
    .context("the npm packages of package.json could not be downloaded; check the connection and npm's registry setting (`npm config get registry`) and try again")?;
    fs::write(mark, lock).context("node_modules cannot be written")
}

fn cargo_tool(tool: &CargoTool) -> Result<()> {
    let present = installed_version(tool);
    if present.as_deref().is_some_and(tool.fits) {
        return Ok(());
    }
    let package = format!("{}@{}", tool.package, tool.version);
    let mut arguments = vec!["--force".to_owned()];
    match &present {
        // Another project may need the installed version, so ours goes into this project's own folder.
        Some(version) => {
            say(format!("{} {version} is on the PATH; this project needs {}", tool.program, tool.version));
            arguments.extend(["--root".to_owned(), target().join("tools").display().to_string()]);
        }
        None => say(format!("{} is missing (it {})", tool.program, tool.purpose)),
    }

    if find("cargo-binstall").is_some() {
        say(format!("Installing {package} ready-made, with cargo-binstall"));
        let installed = run(command("cargo").args(["binstall", "--no-confirm", &package]).args(&arguments));
        if installed.is_ok() && installed_version(tool).as_deref().is_some_and(tool.fits) {
            return Ok(());
        }
        say("That did not work; compiling it instead");
    }
    arguments.extend(tool.options.iter().map(|&option| option.to_owned()));
    say(format!("Compiling {package} (once, about {} minutes on two cores)", tool.minutes));
    run(command("cargo").args(["install", &package]).args(&arguments)).with_context(|| {
        format!(
            "{package} could not be installed; it {}. Check the connection to the crate registry and try again, or \
             install {} {} by other means and put it on the PATH",
            tool.purpose, tool.program, tool.version
        )
    })?;
    match installed_version(tool) {
        Some(version) if (tool.fits)(&version) => Ok(()),
        Some(version) => {
            bail!("{} {} was installed, but {version} comes first on the PATH", tool.program, tool.version)
        }
        None => bail!(
            "{package} was installed, but `{}` is not on the PATH; add cargo's bin folder (~/.cargo/bin)",
            tool.program
        ),
    }
}

/// Extracts the version: `trunk 0.21.14` gives `0.21.14`.
fn installed_version(tool: &CargoTool) -> Option<String> {
    find(tool.program)?;
    let text = capture(command(tool.program).arg("--version")).ok()?;
    text.split_whitespace().nth(1).map(str::to_owned)
}
