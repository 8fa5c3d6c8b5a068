//! Examples of a split for the page: images with their labels, and examples of any kind one by one.

use std::ops::Range;

use crate::data::{self, Dataset, Part, Values};
use crate::error::{Result, SettingError};
use crate::model::spec::TrainingConfig;
use crate::protocol::{ArrayData, ExampleInfo, Split};

/// The most images that can be asked for at once.
const MAX_IMAGES: u32 = 1_000;

/// Pixels `[k,H,W,C]` and labels `[k]`.
pub struct Images {
    pub pixels: Vec<u8>,
    pub labels: Vec<u32>,
}

/// Returns the images of a split by their place in it.
///
/// # Errors
/// `bad-setting` for too many at once, and for one that has not arrived or does not exist.
pub fn images(dataset: &Dataset, config: &TrainingConfig, split: Split, indices: &[u32]) -> Result<Images> {
    if indices.len() > MAX_IMAGES as usize {
        return Err(SettingError::TooManyImagesAtOnce { count: indices.len(), max: MAX_IMAGES }.into());
    }
    let (part, range) = arrived(dataset, config, split);
    let mut read = Images { pixels: Vec::new(), labels: Vec::new() };
    for &index in indices {
        let place = range.clone().nth(index as usize);
        let found = place.and_then(|place| Some((dataset.input(part, place)?, dataset.label(part, place)?)));
        let Some((Values::U8(pixels), label)) = found else {
            return Err(SettingError::NoSuchImage { index, images: range.len() }.into());
        };
        read.pixels.extend_from_slice(pixels);
        read.labels.push(u32::from(label));
    }
    Ok(read)
}

/// Returns an example of a split by its place in it, with its input: bytes as they are, numbers as the network gets them.
///
/// # Errors
/// `bad-setting` for one that has not arrived or does not exist.
pub fn example(
    dataset: &Dataset,
    config: &TrainingConfig,
    split: Split,
    index: u32,
) -> Result<(ExampleInfo, ArrayData)> {
    let (part, range) = arrived(dataset, config, split);
    let missing = || SettingError::NoSuchImage { index, images: range.len() };
    let place = range.clone().nth(index as usize).ok_or_else(missing)?;
    let input = match dataset.input(part, place).ok_or_else(missing)? {
        Values::U8(bytes) => ArrayData::U8(bytes.to_vec()),
        Values::F32(values) => ArrayData::F32(values.to_vec()),
        Values::I32(ids) => ArrayData::I32(ids.to_vec()),
    };
    let name = |label: u8| dataset.schema().target.class_names().get(usize::from(label)).cloned().unwrap_or_default();
    let info = ExampleInfo {
        shape: dataset.schema().input.shape.clone(),
        text: dataset.text(part, place).map(str::to_owned),
        class: dataset.label(part, place).map(|label| (u32::from(label), name(label))),
        values: dataset.target_values(part, place).unwrap_or_default().to_vec(),
    };
    Ok((info, input))
}

/// Returns the labels of the images of a split that have arrived, in its order.
pub fn labels<'a>(dataset: &'a Dataset, config: &TrainingConfig, split: Split) -> &'a [u8] {
    let (part, range) = arrived(dataset, config, split);
    dataset.labels(part).get(range).unwrap_or_default()
}

/// Returns the range of a split's images that have arrived.
fn arrived(dataset: &Dataset, config: &TrainingConfig, split: Split) -> (Part, Range<usize>) {
    let (trained, validation) = data::split(config.train_samples as usize, config.validation_split);
    let (part, range) = match split {
        Split::Train => (Part::Train, trained),
        Split::Validation => (Part::Train, validation),
        Split::Test => (Part::Test, 0..dataset.total(Part::Test)),
    };
    let images = dataset.examples(part);
    (part, range.start.min(images)..range.end.min(images))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DatasetInfo;

    #[test]
    fn images_and_labels_are_those_that_have_arrived() {
        let mut dataset = Dataset::new(DatasetInfo::images("dots", [1, 1, 1], 10, [60_000, 100]));
        let config = TrainingConfig::default();
        let pixels: Vec<u8> = (0..100).collect();
        let labels: Vec<u8> = pixels.iter().map(|pixel| pixel % 10).collect();
        dataset.add_test(&pixels, &labels).unwrap();
        let picked = images(&dataset, &config, Split::Test, &[99, 0, 41]).unwrap();
        assert_eq!((picked.pixels, picked.labels), (vec![99, 0, 41], vec![9, 0, 1]));
        assert_eq!(images(&dataset, &config, Split::Test, &[100]).err().unwrap().code, "bad-setting");
        assert_eq!(images(&dataset, &config, Split::Train, &[0]).err().unwrap().code, "bad-setting");
        assert_eq!(super::labels(&dataset, &config, Split::Test), labels);
    }
}
