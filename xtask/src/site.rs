//! The page as static files, built by trunk into `dist/`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::shell::{command, root, run, say};
use crate::{data, relaxed, tools};

/// Builds `dist/`, installing and downloading what is missing.
pub fn build() -> Result<()> {
    tools::for_build()?;
    data::ensure(None)?;
    say("Building the page and its worker into dist/");
    run(command("trunk").args(["build", "--release"]).env_remove("NO_COLOR"))
        .context("the build failed; the messages above say where")?;
    print_sizes()
}

/// Returns true if `dist/` exists and is newer than all its sources.
pub fn is_current() -> Result<bool> {
    let Ok(built) = fs::metadata(root().join("dist").join("index.html")).and_then(|page| page.modified()) else {
        return Ok(false);
    };
    let sources = [
        "Cargo.toml",
        "Trunk.toml",
        "index.html",
        "crates",
        "src",
        "www/css",
        "www/icons",
        "www/locales",
        "www/boot.js",
        "www/chalkgrad.d.ts",
        "www/worker.js",
        "www/pretrained.safetensors",
    ];
    for source in sources {
        if is_younger(&root().join(source), built)? {
            say(format!("dist/ is older than {source}"));
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_younger(path: &Path, than: SystemTime) -> Result<bool> {
    let about = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
    if !about.is_dir() {
        return Ok(about.modified()? > than);
    }
    for entry in fs::read_dir(path)? {
        if is_younger(&entry?.path(), than)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Builds with optimisation, then builds again whenever a source file changes.
pub fn serve(port: u16) -> Result<()> {
    tools::for_build()?;
    data::ensure(None)?;
    say(format!("Building; then the page is at http://127.0.0.1:{port}/ (Ctrl+C ends it)"));
    let port = port.to_string();
    let arguments = ["serve", "--release", "--address", "127.0.0.1", "--port", &port];
    run(command("trunk").args(arguments).env_remove("NO_COLOR"))
}

/// Prepares a build; trunk calls this before it builds.
pub fn before_trunk() -> Result<()> {
    tools::beside_trunk()?;
    // trunk copies this folder, so it must exist even if the data set is not available.
    fs::create_dir_all(root().join("www").join("data")).context("www/data cannot be created")?;
    if let Err(error) = data::ensure(None) {
        say(format!("Going on without the data set, so the page cannot train: {error:#}"));
    }
    Ok(())
}

/// Prints the size of each file that a visitor downloads, and the total without the data.
fn print_sizes() -> Result<()> {
    let dist = root().join("dist");
    let mut files = BTreeMap::new();
    list(&dist, &mut files)?;
    // A browser loads one of the program's two builds.
    let mut first_bytes = [0, 0];
    let (mut gpu_bytes, mut data_bytes) = (0, 0);
    println!("\n{:>12} {:>12}  file", "bytes", "gzip");
    for (path, bytes) in &files {
        let name = path.strip_prefix(&dist).unwrap_or(path);
        if name.starts_with("data") {
            data_bytes += bytes.len();
            continue;
        }
        // Declarations are for programmers; no page loads them.
        if name.to_string_lossy().ends_with(".d.ts") {
            continue;
        }
        let gzip_bytes = gzip_size(bytes)?;
        if name.to_string_lossy().starts_with("gpu_worker") {
            gpu_bytes += gzip_bytes;
        } else if let Some(build) = relaxed::build_of(name) {
            first_bytes[build] += gzip_bytes;
        } else {
            first_bytes.iter_mut().for_each(|total| *total += gzip_bytes);
        }
        println!("{:>12} {gzip_bytes:>12}  {}", bytes.len(), name.display());
    }
    let first_bytes = first_bytes[0].max(first_bytes[1]);
    println!(
        "\nTo download at first: {:.1} KB (gzip); {:.1} KB more where WebGPU runs it, {:.1} MB of data.",
        first_bytes as f64 / 1e3,
        gpu_bytes as f64 / 1e3,
        data_bytes as f64 / 1e6
    );
    Ok(())
}

fn list(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(())
}

fn gzip_size(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
