//! A data set of the catalogue from the gzipped shards that the page streams, or made here.

use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::Path;

use chalkgrad_engine::data::sources::Source;
use chalkgrad_engine::data::{Dataset, FieldType, Part, Target, Values};

/// Reads both parts of a data set from `FOLDER/<name>`.
pub fn load(source: &Source, folder: &Path) -> Result<Dataset, Box<dyn Error>> {
    if let Some(made) = source.make()? {
        return Ok(made);
    }
    let mut dataset = Dataset::new(source.info());
    let has_bytes = matches!(dataset.schema().input.dtype, FieldType::U8 { .. });
    let has_classes = matches!(dataset.schema().target, Target::Class { .. });
    let [input_bytes, target_bytes] = [dataset.schema().input.size_bytes(), dataset.schema().target.size_bytes()];
    for (part, name) in [(Part::Train, "train"), (Part::Test, "test")] {
        let mut shard = 0;
        while dataset.examples(part) < dataset.total(part) {
            let path = folder.join(source.name).join(format!("{name}-{shard}.bin.gz"));
            let gzipped =
                fs::read(&path).map_err(|error| format!("{}: {error}. Run `cargo xtask data`.", path.display()))?;
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(&gzipped[..]).read_to_end(&mut bytes)?;
            let examples = bytes.len() / (input_bytes + target_bytes);
            let (inputs, targets) = bytes.split_at(examples * input_bytes);
            let [input_numbers, target_numbers] = [numbers(inputs), numbers(targets)];
            let inputs = if has_bytes { Values::U8(inputs) } else { Values::F32(&input_numbers) };
            let targets = if has_classes { Values::U8(targets) } else { Values::F32(&target_numbers) };
            dataset.add(part, inputs, targets)?;
            shard += 1;
        }
    }
    Ok(dataset)
}

/// Reads little-endian numbers.
fn numbers(bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}
