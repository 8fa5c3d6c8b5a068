//! Data sets: downloads and verifies them, and cuts them into the shards that the page streams.
//!
//! A shard is one gzip stream: the inputs of its examples, then as many targets. Bytes and classes are `u8`, numbers
//! little-endian `f32`, texts UTF-8, each ended by a line feed.

mod idx_files;
mod pip;
mod reviews;
mod tables;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::shell::{root, say};

/// The layout of manifest and shards. Version 3 brought texts.
const FORMAT_VERSION: u32 = 3;

/// A data set that can be fetched.
trait Source: Sync {
    /// The name in a training configuration, which is also the folder's under `www/data`.
    fn name(&self) -> &'static str;

    /// Returns the examples, from a folder with the published files or from where they are published.
    fn read(&self, from: Option<&Path>) -> Result<Cut>;

    /// Returns true if the page cannot do without it.
    fn is_required(&self) -> bool {
        false
    }
}

/// The data sets, in the order in which they are fetched.
static SOURCES: &[&dyn Source] = &[
    &idx_files::MNIST,
    &idx_files::FASHION_MNIST,
    &reviews::ENGLISH,
    &reviews::CHINESE,
    &tables::BREAST_CANCER,
    &tables::WINE,
    &tables::DIABETES,
];

/// A data set as bytes.
struct Cut {
    /// The shape of an input; empty for a text.
    shape: Vec<usize>,
    dtype: &'static str,
    target: TargetKind,
    /// The bytes of one input, and of one target.
    input: Width,
    target_bytes: usize,
    /// Inputs and targets of the training part, then of the test part.
    parts: [[Vec<u8>; 2]; 2],
    /// The most examples of a shard.
    shard: usize,
}

/// The bytes of one input.
#[derive(Clone, Copy)]
enum Width {
    Bytes(usize),
    /// All bytes up to a line feed and with it.
    Line,
}

impl Width {
    /// Returns the bytes of the first inputs.
    fn of_first(self, inputs: &[u8], count: usize) -> usize {
        match self {
            Self::Bytes(width) => count * width,
            Self::Line => inputs.split_inclusive(|byte| *byte == b'\n').take(count).map(<[u8]>::len).sum(),
        }
    }
}

/// The kind of a target, and the number of classes or values.
#[derive(Clone, Copy)]
enum TargetKind {
    Classes(usize),
    Values(usize),
}

/// Completes `www/data`; does nothing for data sets that are complete. `from` is a folder with published files: those data
/// sets whose files it holds are read from there. A data set that the page can do without may be missing.
pub fn ensure(from: Option<PathBuf>) -> Result<()> {
    for source in SOURCES {
        let name = source.name();
        let folder = root().join("www").join("data").join(name);
        if is_complete(&folder) {
            continue;
        }
        match source.read(from.as_deref()).and_then(|cut| write(name, &folder, &cut)) {
            Ok(()) => {}
            Err(error) if source.is_required() => return Err(error),
            Err(error) => say(format!("{name} is left out: {error:#}")),
        }
    }
    Ok(())
}

fn write(name: &str, folder: &Path, cut: &Cut) -> Result<()> {
    say(format!("Cutting {name} into shards under www/data/{name}"));
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    let mut shards = Vec::new();
    for (split, part) in ["train", "test"].into_iter().zip(&cut.parts) {
        shards.extend(write_split(folder, split, part, cut)?);
    }
    let mut manifest = json!({
        "format_version": FORMAT_VERSION,
        "name": name,
        "shape": cut.shape,
        "dtype": cut.dtype,
        "shards": shards,
    });
    match cut.target {
        TargetKind::Classes(classes) => manifest["classes"] = json!(classes),
        TargetKind::Values(values) => manifest["values"] = json!(values),
    }
    // The manifest comes last: while it is missing, the next run starts again.
    fs::write(folder.join("manifest.json"), serde_json::to_string_pretty(&manifest)?)
        .context("the data set's manifest cannot be written")
}

/// Returns true if the manifest exists, has a format that the page reads, and every shard has the size that it names.
fn is_complete(folder: &Path) -> bool {
    let Ok(text) = fs::read_to_string(folder.join("manifest.json")) else { return false };
    let Ok(manifest) = serde_json::from_str::<Value>(&text) else { return false };
    let Some(shards) = manifest["shards"].as_array() else { return false };
    manifest["format_version"].as_u64().is_some_and(|version| (1..=u64::from(FORMAT_VERSION)).contains(&version))
        && shards.iter().all(|shard| {
            let size_bytes =
                shard["file"].as_str().and_then(|file| fs::metadata(folder.join(file)).ok()).map(|file| file.len());
            size_bytes.is_some() && size_bytes == shard["size_bytes"].as_u64()
        })
}

fn write_split(folder: &Path, split: &str, [inputs, targets]: &[Vec<u8>; 2], cut: &Cut) -> Result<Vec<Value>> {
    let (mut inputs, mut shards) = (&inputs[..], Vec::new());
    for (index, targets) in targets.chunks(cut.shard * cut.target_bytes).enumerate() {
        let examples = targets.len() / cut.target_bytes;
        let (own, rest) = inputs.split_at(cut.input.of_first(inputs, examples));
        inputs = rest;
        let file = format!("{split}-{index}.bin.gz");
        // The header contains no name and no time, so that the same data gives the same file.
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
        encoder.write_all(own)?;
        encoder.write_all(targets)?;
        let bytes = encoder.finish()?;
        fs::write(folder.join(&file), &bytes).with_context(|| format!("{file} cannot be written"))?;
        let mut shard = json!({
            "file": file,
            "split": split,
            "examples": examples,
            "size_bytes": bytes.len(),
            "sha256": sha256(&bytes),
        });
        if matches!(cut.input, Width::Line) {
            shard["text_bytes"] = json!(own.len());
        }
        shards.push(shard);
    }
    Ok(shards)
}

/// Returns a step near the golden section of a count that visits every place once.
fn mixing_step(count: usize) -> usize {
    let has_common_divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a > 1
    };
    (1..=count * 618 / 1000).rev().find(|step| !has_common_divisor(count, *step)).unwrap_or(1)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn texts_of_a_shard_end_where_its_manifest_says() {
        let folder = std::env::temp_dir().join(format!("chalkgrad-texts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let parts = [["a\n\n好\n".as_bytes().to_vec(), vec![0, 1, 1]], [Vec::new(), Vec::new()]];
        let target = TargetKind::Classes(2);
        let cut = Cut { shape: vec![], dtype: "text", target, input: Width::Line, target_bytes: 1, parts, shard: 2 };
        let shards = write_split(&folder, "train", &cut.parts[0], &cut).unwrap();
        let sizes = shards.iter().map(|shard| (shard["examples"].clone(), shard["text_bytes"].clone()));
        assert_eq!(sizes.collect::<Vec<_>>(), [(json!(2), json!(3)), (json!(1), json!(4))]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_split_is_cut_into_shards_that_hold_inputs_then_targets() {
        const SHARD: usize = 10;
        let folder = std::env::temp_dir().join(format!("chalkgrad-shards-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let labels: Vec<u8> = (0..SHARD as u8 + 2).map(|index| index % 10).collect();
        let images: Vec<u8> = labels.iter().flat_map(|&label| [label + 100; 6]).collect();
        let parts = [[images, labels], [Vec::new(), Vec::new()]];
        let target = TargetKind::Classes(10);
        let cut = Cut {
            shape: vec![2, 3, 1],
            dtype: "u8",
            target,
            input: Width::Bytes(6),
            target_bytes: 1,
            parts,
            shard: SHARD,
        };
        let shards = write_split(&folder, "train", &cut.parts[0], &cut).unwrap();
        assert_eq!((shards.len(), &shards[1]["examples"]), (2, &json!(2)));

        let gzipped = fs::read(folder.join("train-1.bin.gz")).unwrap();
        assert_eq!(shards[1]["sha256"], sha256(&gzipped));
        let mut bytes = Vec::new();
        GzDecoder::new(&gzipped[..]).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [[100; 6].as_slice(), &[101; 6], &[0, 1]].concat());
        fs::remove_dir_all(&folder).unwrap();
    }
}
