//! MNIST from disk: the four IDX files, or the gzipped shards that the page streams.

use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::Path;

use chalkgrad_engine::data::{Dataset, DatasetInfo, Part, idx};

/// Reads both parts of MNIST.
pub fn load(folder: &str) -> Result<Dataset, Box<dyn Error>> {
    let folder = Path::new(folder);
    let mut dataset = Dataset::new(DatasetInfo::mnist());
    for (part, idx_name, shard_name) in [(Part::Train, "train", "train"), (Part::Test, "t10k", "test")] {
        let images = folder.join(format!("{idx_name}-images-idx3-ubyte"));
        if images.is_file() {
            let labels = folder.join(format!("{idx_name}-labels-idx1-ubyte"));
            let (images, labels) = (read(&images)?, read(&labels)?);
            let pixels = idx::read::<3>("images", &images)?;
            dataset.add(part, pixels.values, idx::read::<1>("labels", &labels)?.values)?;
            continue;
        }
        let mut shard = 0;
        while dataset.examples(part) < dataset.total(part) {
            let gzipped = read(&folder.join(format!("{shard_name}-{shard}.bin.gz")))?;
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(&gzipped[..]).read_to_end(&mut bytes)?;
            // Images, then as many labels.
            let images = bytes.len() / (dataset.info().input_len() + 1);
            let (pixels, labels) = bytes.split_at(bytes.len() - images);
            dataset.add(part, pixels, labels)?;
            shard += 1;
        }
    }
    Ok(dataset)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}. Run `cargo xtask data` first.", path.display()))
}
