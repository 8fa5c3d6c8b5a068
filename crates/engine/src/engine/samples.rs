//! Random images of a split: the sample digits of the input panel.

use std::ops::Range;

use crate::data::{self, Dataset, Part};
use crate::error::{Result, SettingError, SettingRule};
use crate::model::spec::TrainingConfig;
use crate::protocol::Split;

/// The most images that can be asked for at once.
const MAX_SAMPLES: u32 = 1_000;

#[derive(Clone, Copy, Debug)]
pub struct SampleRequest {
    pub split: Split,
    pub label: Option<u32>,
    pub count: u32,
    pub seed: u32,
}

/// Pixels `[k,H,W,C]` and labels `[k]`.
pub struct Samples {
    pub pixels: Vec<u8>,
    pub labels: Vec<u32>,
}

impl SampleRequest {
    /// # Errors
    /// `bad-setting` for a label that is no class, and for no or too many images.
    pub fn check(&self, dataset: &Dataset) -> Result<()> {
        let classes = dataset.info().classes;
        if let Some(label) = self.label
            && label as usize >= classes
        {
            let rule = SettingRule::WholeNumber { min: 0, max: classes.saturating_sub(1) as u32 };
            return Err(SettingError::BadSetting { setting: "label".to_owned(), value: label.to_string(), rule }.into());
        }
        if !(1..=MAX_SAMPLES).contains(&self.count) {
            let rule = SettingRule::WholeNumber { min: 1, max: MAX_SAMPLES };
            return Err(
                SettingError::BadSetting { setting: "count".to_owned(), value: self.count.to_string(), rule }.into()
            );
        }
        Ok(())
    }

    /// Draws from what has arrived, each image at most once; `None` if nothing has. There are fewer than asked for where
    /// there are no more.
    pub fn draw(&self, dataset: &Dataset, config: &TrainingConfig) -> Option<Samples> {
        let (part, range) = arrived(dataset, config, self.split);
        let labels = dataset.labels(part);
        if range.is_empty() {
            return None;
        }
        let mut candidates: Vec<usize> =
            range.filter(|&index| self.label.is_none_or(|label| u32::from(labels[index]) == label)).collect();
        let mut samples = Samples { pixels: Vec::new(), labels: Vec::new() };
        let mut state = self.seed;
        for _ in 0..self.count.min(candidates.len() as u32) {
            let index = candidates.swap_remove(next(&mut state) as usize % candidates.len());
            samples.pixels.extend_from_slice(dataset.image(part, index)?);
            samples.labels.push(u32::from(labels[index]));
        }
        Some(samples)
    }
}

/// Returns the images of a split by their place in it.
///
/// # Errors
/// `bad-setting` for too many at once, and for one that has not arrived or does not exist.
pub fn images(dataset: &Dataset, config: &TrainingConfig, split: Split, indices: &[u32]) -> Result<Samples> {
    if indices.len() > MAX_SAMPLES as usize {
        return Err(SettingError::TooManyImagesAtOnce { count: indices.len(), max: MAX_SAMPLES }.into());
    }
    let (part, range) = arrived(dataset, config, split);
    let mut samples = Samples { pixels: Vec::new(), labels: Vec::new() };
    for &index in indices {
        let place = range.clone().nth(index as usize);
        let found = place.and_then(|place| Some((dataset.image(part, place)?, dataset.labels(part).get(place)?)));
        let Some((pixels, label)) = found else {
            return Err(SettingError::NoSuchImage { index, images: range.len() }.into());
        };
        samples.pixels.extend_from_slice(pixels);
        samples.labels.push(u32::from(*label));
    }
    Ok(samples)
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
    let images = dataset.images(part);
    (part, range.start.min(images)..range.end.min(images))
}

/// Hashes a counter, which is enough to choose sample images (the finaliser of MurmurHash3).
fn next(state: &mut u32) -> u32 {
    *state = state.wrapping_add(0x9E37_79B9);
    let mut x = *state;
    x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
    x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DatasetInfo;

    #[test]
    fn samples_are_of_the_class_and_all_different() {
        let mut info = DatasetInfo::mnist();
        (info.height, info.width, info.test_total) = (1, 1, 100);
        let mut dataset = Dataset::new(info);
        let config = TrainingConfig::default();
        let request = SampleRequest { split: Split::Test, label: Some(3), count: 20, seed: 5 };
        assert!(request.draw(&dataset, &config).is_none());
        let pixels: Vec<u8> = (0..100).collect();
        let labels: Vec<u8> = pixels.iter().map(|pixel| pixel % 10).collect();
        dataset.add_test(&pixels, &labels).unwrap();
        let mut samples = request.draw(&dataset, &config).unwrap();
        assert_eq!(samples.labels, [3; 10], "there are ten of them");
        samples.pixels.sort_unstable();
        assert_eq!(samples.pixels, (0..10).map(|i| 10 * i + 3).collect::<Vec<u8>>());
        let picked = images(&dataset, &config, Split::Test, &[99, 0, 41]).unwrap();
        assert_eq!((picked.pixels, picked.labels), (vec![99, 0, 41], vec![9, 0, 1]));
        assert_eq!(images(&dataset, &config, Split::Test, &[100]).err().unwrap().code, "bad-setting");
        assert_eq!(images(&dataset, &config, Split::Train, &[0]).err().unwrap().code, "bad-setting");
        assert_eq!(super::labels(&dataset, &config, Split::Test), labels);
        assert!(SampleRequest { label: Some(10), ..request }.check(&dataset).is_err());
        assert!(SampleRequest { count: 0, ..request }.check(&dataset).is_err());
    }
}
