//! Reviews from disk: the gzipped shards that the page streams.

use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::Path;

use chalkgrad_engine::data::{Dataset, Inputs, Part, Values, sources};
use serde_json::Value;

/// Reads both parts of a data set of texts.
pub fn load(folder: &str) -> Result<Dataset, Box<dyn Error>> {
    let folder = Path::new(folder);
    let manifest: Value = serde_json::from_slice(&read(&folder.join("manifest.json"))?)?;
    let name = manifest["name"].as_str().unwrap_or_default();
    let source = sources::find(name).ok_or_else(|| format!("\"{name}\" is no data set that is known"))?;
    let mut dataset = Dataset::new(source.info());
    for shard in manifest["shards"].as_array().into_iter().flatten() {
        let part = if shard["split"] == "train" { Part::Train } else { Part::Test };
        let gzipped = read(&folder.join(shard["file"].as_str().unwrap_or_default()))?;
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&gzipped[..]).read_to_end(&mut bytes)?;
        // Texts, each ended by a line feed, then as many classes.
        let (texts, classes) = bytes
            .split_at_checked(shard["text_bytes"].as_u64().unwrap_or_default() as usize)
            .ok_or("a shard is shorter than its texts")?;
        let texts: Vec<&str> = std::str::from_utf8(texts)?.lines().collect();
        dataset.add_shard(part, Inputs::Texts(&texts), Values::U8(classes))?;
    }
    Ok(dataset)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}. Run `cargo xtask data` first.", path.display()))
}
