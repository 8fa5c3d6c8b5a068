//! A data set of the catalogue from the gzipped shards that the page streams, or made here.

use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::Path;

use chalkgrad_engine::data::sources::Source;
use chalkgrad_engine::data::{Dataset, FieldType, Inputs, Part, Target, Values};
use serde_json::Value;

/// Reads both parts of a data set from `FOLDER/<name>`.
pub fn load(source: &Source, folder: &Path) -> Result<Dataset, Box<dyn Error>> {
    if let Some(made) = source.make()? {
        return Ok(made);
    }
    let folder = folder.join(source.name);
    let manifest: Value = serde_json::from_slice(&read(&folder.join("manifest.json"))?)?;
    let mut dataset = Dataset::new(source.info());
    for shard in manifest["shards"].as_array().into_iter().flatten() {
        let gzipped = read(&folder.join(shard["file"].as_str().unwrap_or_default()))?;
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&gzipped[..]).read_to_end(&mut bytes)?;
        let examples = shard["examples"].as_u64().or(shard["images"].as_u64()).unwrap_or_default() as usize;
        let input_bytes = match shard["text_bytes"].as_u64() {
            Some(text_bytes) => text_bytes as usize,
            None => examples * dataset.schema().input.size_bytes(),
        };
        let (inputs, targets) = bytes.split_at_checked(input_bytes).ok_or("a shard is shorter than its inputs")?;
        let [input_numbers, target_numbers] = [numbers(inputs), numbers(targets)];
        let texts: Vec<&str> =
            if source.text().is_some() { std::str::from_utf8(inputs)?.lines().collect() } else { vec![] };
        let inputs = match dataset.schema().input.dtype {
            FieldType::U8 { .. } => Inputs::Values(Values::U8(inputs)),
            FieldType::F32 => Inputs::Values(Values::F32(&input_numbers)),
            FieldType::Tokens { .. } => Inputs::Texts(&texts),
        };
        let targets = match dataset.schema().target {
            Target::Class { .. } => Values::U8(targets),
            Target::Values { .. } | Target::Input => Values::F32(&target_numbers),
        };
        dataset.add_shard(if shard["split"] == "train" { Part::Train } else { Part::Test }, inputs, targets)?;
    }
    Ok(dataset)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}. Run `cargo xtask data`.", path.display()))
}

/// Reads little-endian numbers.
fn numbers(bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}
