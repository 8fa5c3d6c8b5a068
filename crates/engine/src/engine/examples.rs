//! Examples of a split for the page, of any kind, and their labels.

use std::ops::Range;

use crate::data::{self, Dataset, FieldType, Part, Values};
use crate::error::{Result, SettingError};
use crate::model::spec::TrainingConfig;
use crate::protocol::{ArrayData, ExamplesInfo, Split};

/// The most examples that can be asked for at once.
const MAX_EXAMPLES: u32 = 1_000;

/// Examples with their inputs `[k, input shape]`, bytes as they are, numbers and token ids as the network gets them, and their target
/// values `[k, columns]`, none if the target is no values.
pub struct Examples {
    pub info: ExamplesInfo,
    pub inputs: ArrayData,
    pub values: Vec<f32>,
}

/// Returns the examples of a split by their place in it.
///
/// # Errors
/// `bad-setting` for too many at once, and for one that has not arrived or does not exist.
pub fn examples(dataset: &Dataset, config: &TrainingConfig, split: Split, indices: &[u32]) -> Result<Examples> {
    if indices.len() > MAX_EXAMPLES as usize {
        return Err(SettingError::TooManyExamplesAtOnce { count: indices.len(), max: MAX_EXAMPLES }.into());
    }
    let (part, range) = arrived(dataset, config, split);
    let schema = dataset.schema();
    let (mut bytes, mut numbers, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let (mut classes, mut values, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for &index in indices {
        let place = range.clone().nth(index as usize);
        let Some((place, input)) = place.and_then(|place| Some((place, dataset.input(part, place)?))) else {
            return Err(SettingError::NoSuchExample { index, examples: range.len() }.into());
        };
        match input {
            Values::U8(input) => bytes.extend_from_slice(input),
            Values::F32(input) => numbers.extend_from_slice(input),
            Values::I32(input) => ids.extend_from_slice(input),
        }
        texts.extend(dataset.text(part, place).map(str::to_owned));
        classes.extend(dataset.label(part, place).map(u32::from));
        values.extend_from_slice(dataset.target_values(part, place).unwrap_or_default());
    }
    let inputs = match schema.input.dtype {
        FieldType::U8 { .. } => ArrayData::U8(bytes),
        FieldType::F32 => ArrayData::F32(numbers),
        FieldType::Tokens { .. } => ArrayData::I32(ids),
    };
    let class_names = schema.target.class_names().to_vec();
    let scales = dataset.scales().iter().map(|scale| scale.map(|number| number as f32)).collect();
    let info = ExamplesInfo { shape: schema.input.shape.clone(), texts, classes, class_names, scales };
    Ok(Examples { info, inputs, values })
}

/// Returns the labels of the examples of a split that have arrived, in its order.
pub fn labels<'a>(dataset: &'a Dataset, config: &TrainingConfig, split: Split) -> &'a [u8] {
    let (part, range) = arrived(dataset, config, split);
    dataset.labels(part).get(range).unwrap_or_default()
}

/// Returns the range of a split's examples that have arrived.
fn arrived(dataset: &Dataset, config: &TrainingConfig, split: Split) -> (Part, Range<usize>) {
    let (trained, validation) = data::split(config.train_samples as usize, config.validation_split);
    let (part, range) = match split {
        Split::Train => (Part::Train, trained),
        Split::Validation => (Part::Train, validation),
        Split::Test => (Part::Test, 0..dataset.total(Part::Test)),
    };
    let examples = dataset.examples(part);
    (part, range.start.min(examples)..range.end.min(examples))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DatasetInfo, Schema, Target};

    #[test]
    fn examples_and_labels_are_those_that_have_arrived() {
        let mut dataset = Dataset::new(DatasetInfo::images("dots", [1, 1, 1], 10, [60_000, 100]));
        let config = TrainingConfig::default();
        let pixels: Vec<u8> = (0..100).collect();
        let labels: Vec<u8> = pixels.iter().map(|pixel| pixel % 10).collect();
        dataset.add_test(&pixels, &labels).unwrap();
        let picked = examples(&dataset, &config, Split::Test, &[99, 0, 41]).unwrap();
        assert_eq!(picked.inputs, ArrayData::U8(vec![99, 0, 41]));
        assert_eq!((picked.info.classes, picked.values), (vec![9, 0, 1], vec![]));
        let code = |split, indices: &[u32]| examples(&dataset, &config, split, indices).err().unwrap().code;
        assert_eq!(code(Split::Test, &[100]), "bad-setting");
        assert_eq!(code(Split::Train, &[0]), "bad-setting");
        assert_eq!(code(Split::Test, &[0; 1_001]), "bad-setting");
        assert_eq!(super::labels(&dataset, &config, Split::Test), labels);
    }

    #[test]
    fn rows_come_with_their_values() {
        let schema = Schema::table(2, Target::values(["height", "weight"]));
        let info = DatasetInfo { name: "rows".to_owned(), schema, train_total: 2, test_total: 0, text: None };
        let mut dataset = Dataset::new(info);
        dataset.add_train(&[1.0f32, 2.0, 3.0, 4.0][..], &[5.0f32, 6.0, 7.0, 8.0][..]).unwrap();
        let config = TrainingConfig { train_samples: 2, ..TrainingConfig::default() };
        let both = examples(&dataset, &config, Split::Train, &[1, 0]).unwrap();
        assert_eq!(both.inputs, ArrayData::F32(vec![3.0, 4.0, 1.0, 2.0]));
        assert_eq!((both.info.shape, both.info.classes), (vec![2], vec![]));
        assert_eq!(both.values, [7.0, 8.0, 5.0, 6.0]);
    }
}
