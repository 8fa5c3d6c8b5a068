//! Images and labels in memory: what has arrived of a data set, how it is split, and in which order training sees it.
//!
//! A [`Dataset`] grows while its shards arrive. Nothing that training computes depends on when they do: a [`Sampler`]
//! decides on the order from the seed alone, and says how much of the file a batch needs.

pub mod idx;
mod sampler;

use std::ops::Range;

pub use sampler::{BLOCK_IMAGES, Sampler};

use crate::error::{DataError, Error, Result};
use crate::simd::elementwise;

/// Description of a data set, known before any of it has arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatasetInfo {
    pub name: String,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub classes: usize,
    /// Number of images in the whole training file.
    pub train_total: usize,
    /// Number of images in the whole test file.
    pub test_total: usize,
}

impl DatasetInfo {
    /// Describes MNIST: 60,000 and 10,000 handwritten digits, `[28,28,1]`.
    pub fn mnist() -> Self {
        Self {
            name: "mnist".to_owned(),
            height: 28,
            width: 28,
            channels: 1,
            classes: 10,
            train_total: 60_000,
            test_total: 10_000,
        }
    }

    /// Pixels of one image.
    pub fn image_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Returns the shape of one image, `[H,W,C]`.
    pub fn image_shape(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }
}

/// The two files of a data set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Train,
    Test,
}

/// Images as `u8` `[n,H,W,C]` and one label each.
#[derive(Clone, Debug, Default)]
struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

/// Images and labels, as far as they have arrived.
#[derive(Clone, Debug)]
pub struct Dataset {
    info: DatasetInfo,
    train: Images,
    test: Images,
}

impl Dataset {
    /// Makes an empty data set that waits for its shards.
    pub fn new(info: DatasetInfo) -> Self {
        Self { info, train: Images::default(), test: Images::default() }
    }

    pub fn info(&self) -> &DatasetInfo {
        &self.info
    }

    /// Reserves memory for everything that is still to come, so that training does not grow it while shards arrive.
    pub fn reserve(&mut self) {
        let image_len = self.info.image_len();
        for (images, total) in [(&mut self.train, self.info.train_total), (&mut self.test, self.info.test_total)] {
            images.pixels.reserve_exact((total * image_len).saturating_sub(images.pixels.len()));
            images.labels.reserve_exact(total.saturating_sub(images.labels.len()));
        }
    }

    /// Returns the number of training images that have arrived.
    pub fn train_images(&self) -> usize {
        self.train.labels.len()
    }

    /// Returns the number of test images that have arrived.
    pub fn test_images(&self) -> usize {
        self.test.labels.len()
    }

    /// Images of a part that have arrived.
    pub fn images(&self, part: Part) -> usize {
        self.part(part).labels.len()
    }

    /// Images of a part once everything is there.
    pub fn total(&self, part: Part) -> usize {
        match part {
            Part::Train => self.info.train_total,
            Part::Test => self.info.test_total,
        }
    }

    pub fn is_complete(&self) -> bool {
        self.train_images() >= self.info.train_total && self.test_images() >= self.info.test_total
    }

    /// Appends a shard: `pixels` `[n,H,W,C]` and `labels` `[n]`.
    ///
    /// # Errors
    /// `bad-data` where the numbers do not fit each other, a label is no class, or more images come than the data set
    /// has. The data set stays as it was.
    pub fn add(&mut self, part: Part, pixels: &[u8], labels: &[u8]) -> Result<()> {
        let image_len = self.info.image_len();
        let names = || (self.info.name.clone(), part.to_string());
        if pixels.len() != labels.len() * image_len {
            let ((dataset, part), images) = (names(), labels.len());
            return Err(DataError::PixelCount { dataset, part, images, expected: image_len, got: pixels.len() }.into());
        }
        if let Some(label) = labels.iter().find(|&&label| usize::from(label) >= self.info.classes) {
            let ((dataset, part), max) = (names(), self.info.classes.saturating_sub(1));
            return Err(DataError::LabelOutOfRange { dataset, part, max, label: usize::from(*label) }.into());
        }
        let room = self.total(part) - self.images(part);
        if labels.len() > room {
            let (dataset, part) = names();
            return Err(DataError::TooManyImages { dataset, part, room, got: labels.len() }.into());
        }
        let images = match part {
            Part::Train => &mut self.train,
            Part::Test => &mut self.test,
        };
        images.pixels.extend_from_slice(pixels);
        images.labels.extend_from_slice(labels);
        Ok(())
    }

    /// Appends training images, see [`Dataset::add`].
    ///
    /// # Errors
    /// As [`Dataset::add`].
    pub fn add_train(&mut self, pixels: &[u8], labels: &[u8]) -> Result<()> {
        self.add(Part::Train, pixels, labels)
    }

    /// Appends test images, see [`Dataset::add`].
    ///
    /// # Errors
    /// As [`Dataset::add`].
    pub fn add_test(&mut self, pixels: &[u8], labels: &[u8]) -> Result<()> {
        self.add(Part::Test, pixels, labels)
    }

    /// Returns the pixels of one image, `[H,W,C]`; `None` if it has not arrived.
    pub fn image(&self, part: Part, index: usize) -> Option<&[u8]> {
        let image_len = self.info.image_len();
        let start = index.checked_mul(image_len)?;
        self.part(part).pixels.get(start..start + image_len)
    }

    /// Returns the labels of a part that have arrived.
    pub fn labels(&self, part: Part) -> &[u8] {
        &self.part(part).labels
    }

    /// Returns the pixels of all images of a part that have arrived, `[n,H,W,C]`.
    pub fn pixels(&self, part: Part) -> &[u8] {
        &self.part(part).pixels
    }

    /// Copies the images with these indices, scaled by 1/255, to the beginning of `out` `[k,H,W,C]`, and their labels
    /// to that of `labels` `[k]`; what follows them is left as it is.
    ///
    /// # Errors
    /// `bad-data` where an image has not arrived or the space does not suffice.
    pub fn copy_batch(&self, part: Part, indices: &[u32], out: &mut [f32], labels: &mut [i32]) -> Result<()> {
        self.copy_labels(part, indices, labels)?;
        self.copy_images(part, indices, out)
    }

    /// Copies the images with these indices, scaled by 1/255, to the beginning of `out` `[k,H,W,C]`.
    ///
    /// # Errors
    /// As [`Dataset::copy_batch`].
    pub fn copy_images(&self, part: Part, indices: &[u32], out: &mut [f32]) -> Result<()> {
        let image_len = self.info.image_len();
        if out.len() < indices.len() * image_len {
            let (dataset, part, images, room) = (self.info.name.clone(), part.to_string(), indices.len(), out.len());
            return Err(DataError::NoRoomForPixels { dataset, part, images, room }.into());
        }
        for (&index, out) in indices.iter().zip(out.chunks_exact_mut(image_len)) {
            let missing = || self.not_arrived(part, index);
            scale_pixels(self.image(part, index as usize).ok_or_else(missing)?, out);
        }
        Ok(())
    }

    /// Copies the labels of the images with these indices to the beginning of `labels` `[k]`.
    ///
    /// # Errors
    /// As [`Dataset::copy_batch`].
    pub fn copy_labels(&self, part: Part, indices: &[u32], labels: &mut [i32]) -> Result<()> {
        if labels.len() < indices.len() {
            let (dataset, part, images, room) = (self.info.name.clone(), part.to_string(), indices.len(), labels.len());
            return Err(DataError::NoRoomForLabels { dataset, part, images, room }.into());
        }
        for (&index, label) in indices.iter().zip(labels) {
            let own = self.labels(part).get(index as usize);
            *label = i32::from(*own.ok_or_else(|| self.not_arrived(part, index))?);
        }
        Ok(())
    }

    fn not_arrived(&self, part: Part, index: u32) -> Error {
        let (dataset, arrived) = (self.info.name.clone(), self.images(part));
        DataError::ImageNotArrived { dataset, part: part.to_string(), index, arrived }.into()
    }

    fn part(&self, part: Part) -> &Images {
        match part {
            Part::Train => &self.train,
            Part::Test => &self.test,
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Part::Train => "train",
            Part::Test => "test",
        })
    }
}

/// The number that each value of a pixel stands for, see [`scale_pixels`].
pub static DEQUANTIZATION: [f32; 256] = {
    let mut values = [0.0; 256];
    let mut pixel = 0;
    while pixel < values.len() {
        values[pixel] = pixel as f32 / HIGHEST_PIXEL;
        pixel += 1;
    }
    values
};

const HIGHEST_PIXEL: f32 = 255.0;

/// Pixels from 0 to 255 as numbers from 0 to 1: divided by 255, as in the reference program.
pub fn scale_pixels(pixels: &[u8], out: &mut [f32]) {
    elementwise::divide_bytes(out, pixels, HIGHEST_PIXEL);
}

/// Divides the images of the training file into those for training and those for validation.
///
/// The first `samples` images are used; of those the last share of `validation_split` is held back, as Keras's
/// `validation_split` does (`floor(samples * (1 - validation_split))` images remain).
pub fn split(samples: usize, validation_split: f64) -> (Range<usize>, Range<usize>) {
    let share = if validation_split.is_finite() { validation_split.clamp(0.0, 1.0) } else { 0.0 };
    let remaining = ((samples as f64 * (1.0 - share)).floor() as usize).min(samples);
    (0..remaining, remaining..samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Dataset {
        Dataset::new(DatasetInfo {
            name: "tiny".to_owned(),
            height: 1,
            width: 2,
            channels: 1,
            classes: 3,
            train_total: 4,
            test_total: 1,
        })
    }

    #[test]
    fn images_arrive_shard_by_shard() {
        let mut dataset = tiny();
        dataset.reserve();
        dataset.add_train(&[0, 255, 51, 102], &[2, 0]).unwrap();
        assert_eq!((dataset.train_images(), dataset.test_images()), (2, 0));
        dataset.add_train(&[1, 2, 3, 4], &[1, 1]).unwrap();
        assert!(!dataset.is_complete());
        dataset.add_test(&[9, 9], &[1]).unwrap();
        assert!(dataset.is_complete());

        let (mut pixels, mut labels) = ([-1.0; 6], [-1; 3]);
        dataset.copy_batch(Part::Train, &[1, 0], &mut pixels, &mut labels).unwrap();
        assert_eq!(pixels, [0.2, 0.4, 0.0, 1.0, -1.0, -1.0]);
        assert_eq!(labels, [0, 2, -1]);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut dataset = tiny();
        assert_eq!(dataset.add_train(&[1, 2, 3], &[0, 0]).unwrap_err().code, "bad-data");
        let error = dataset.add_train(&[1, 2], &[3]).unwrap_err();
        assert_eq!(error.to_string(), "A shard of tiny (train) should have labels from 0 to 2, but has the label 3.");
        assert!(dataset.add_test(&[1, 2, 3, 4], &[0, 0]).is_err());
        assert_eq!((dataset.train_images(), dataset.test_images()), (0, 0));

        dataset.add_train(&[1, 2], &[0]).unwrap();
        let (mut pixels, mut labels) = ([0.0; 4], [0; 2]);
        assert!(dataset.copy_batch(Part::Train, &[0, 1], &mut pixels, &mut labels).is_err(), "image 1 is not there");
        assert!(dataset.copy_batch(Part::Train, &[0, 0], &mut pixels[..2], &mut labels).is_err(), "no room");
    }

    #[test]
    fn validation_takes_the_end_as_keras_does() {
        assert_eq!(split(60_000, 0.0), (0..60_000, 60_000..60_000));
        assert_eq!(split(60_000, 0.1), (0..54_000, 54_000..60_000));
        assert_eq!(split(10, 0.25), (0..7, 7..10));
        assert_eq!(split(10, f64::NAN), (0..10, 10..10));
    }
}
