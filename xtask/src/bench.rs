//! Comparison with other libraries: `cargo xtask bench`. The scripts are in `benches/compare`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell::{command, find, root, run, say, target};
use crate::test;

/// Runs a benchmark: `ops` measures every op natively, `responsiveness` the page while it is busy. The others are in
/// `benches/compare/compare.js`: `load` and `growth` of our own page, `epochs` of it and Keras, and the comparison.
pub fn bench(arguments: &[String]) -> Result<()> {
    if arguments.first().is_some_and(|what| what == "ops") {
        return run(command("cargo")
            .args(["bench", "--package", "chalkgrad-engine", "--bench", "ops", "--"])
            .args(&arguments[1..]));
    }
    if arguments.first().is_some_and(|what| what == "responsiveness") {
        return test::playwright("benches/playwright.config.js", &arguments[1..]);
    }
    // Without a subcommand it is the comparison.
    if arguments.first().is_none_or(|what| what.starts_with("--")) {
        peers()?;
    }
    test::in_browser("benches/compare/compare.js", arguments)
}

/// Installs the other libraries from npm into a folder that git ignores.
fn peers() -> Result<PathBuf> {
    let folder = target().join("peers");
    let wanted = fs::read(root().join("benches").join("compare").join("package.json"))
        .context("benches/compare/package.json cannot be read")?;
    let mark = folder.join(".installed");
    if fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    say("Installing the libraries to compare with from npm into target/peers (once, about 300 MB)");
    fs::create_dir_all(&folder).context("target/peers cannot be created")?;
    fs::write(folder.join("package.json"), &wanted).context("target/peers cannot be written")?;
    let npm = find("npm").context("npm is needed to fetch what we compare with (https://nodejs.org)")?;
    run(command(npm).args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder))
        .context("the libraries could not be downloaded; check the connection and npm's registry setting")?;
    fs::write(mark, wanted).context("target/peers cannot be written")?;
    Ok(folder)
}
