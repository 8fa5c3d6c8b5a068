//! Examples in memory: what has arrived of a data set, how it is split, and in which order training sees it.
//!
//! A [`Dataset`] grows while its shards arrive. Nothing that training computes depends on when they do: a [`Sampler`]
//! decides on the order from the seed alone, and says how much of the file a batch needs. Its [`schema`] says what an
//! example is; [`sources`] lists the data sets that are known by name.

mod check;
mod column;
pub mod idx;
mod info;
mod sampler;
pub mod schema;
pub mod sources;
mod standardized;
pub mod text;
mod texts;

use std::ops::Range;

pub use column::{Column, Values, dequantization};
pub use info::DatasetInfo;
pub use sampler::{BLOCK_EXAMPLES, Sampler};
pub use schema::{DatasetKind, Field, FieldType, Schema, Target};
pub use text::{TextSpec, TextSplit, TextVectorization, Token, Vocabulary};

use self::standardized::Standardized;
use self::texts::Texts;
use crate::error::{DataError, Error, Result};
use crate::ir::op::as_i32_mut;

/// The two files of a data set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Train,
    Test,
}

/// Examples of a part, as far as they have arrived.
#[derive(Clone, Debug)]
struct Examples {
    /// `[n, input shape]`
    inputs: Column,
    targets: Targets,
    count: usize,
}

/// The targets of examples.
#[derive(Clone, Debug)]
enum Targets {
    /// `[n]`
    Classes(Vec<u8>),
    /// `[n, columns]`
    Values(Vec<f32>),
    None,
}

/// Examples, as far as they have arrived.
#[derive(Clone, Debug)]
pub struct Dataset {
    info: DatasetInfo,
    train: Examples,
    test: Examples,
    dequantization: Box<[f32; 256]>,
    standardized: Option<Standardized>,
    /// The texts, if the inputs are their token ids.
    texts: Option<Texts>,
}

/// Inputs of a shard.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Inputs<'a> {
    /// `[n, input shape]`
    Values(Values<'a>),
    /// `[n]`
    Texts(&'a [&'a str]),
}

impl Dataset {
    /// Makes an empty data set that waits for its shards.
    pub fn new(info: DatasetInfo) -> Self {
        let examples = || Examples {
            inputs: Column::of(info.schema.input.dtype),
            targets: match info.schema.target {
                Target::Class { .. } => Targets::Classes(Vec::new()),
                Target::Values { .. } => Targets::Values(Vec::new()),
                Target::Input => Targets::None,
            },
            count: 0,
        };
        let dequantization = Box::new(dequantization(info.scale()));
        let texts = info.text.map(Texts::new);
        Self { train: examples(), test: examples(), dequantization, standardized: None, texts, info }
    }

    pub fn info(&self) -> &DatasetInfo {
        &self.info
    }

    pub fn schema(&self) -> &Schema {
        &self.info.schema
    }

    /// Reserves memory for everything that is still to come, so that training does not grow it while shards arrive.
    pub fn reserve(&mut self) {
        let (input_len, target_len) = (self.info.input_len(), self.info.schema.target.words());
        for (examples, total) in [(&mut self.train, self.info.train_total), (&mut self.test, self.info.test_total)] {
            if self.texts.is_none() {
                examples.inputs.reserve(total * input_len);
            }
            match &mut examples.targets {
                Targets::Classes(labels) => labels.reserve_exact(total.saturating_sub(labels.len())),
                Targets::Values(values) => values.reserve_exact((total * target_len).saturating_sub(values.len())),
                Targets::None => {}
            }
        }
    }

    /// Returns the number of training examples that have arrived.
    pub fn train_examples(&self) -> usize {
        self.examples(Part::Train)
    }

    /// Returns the number of test examples that have arrived.
    pub fn test_examples(&self) -> usize {
        self.examples(Part::Test)
    }

    /// Examples of a part that have arrived. Those of texts count once there is a vocabulary.
    pub fn examples(&self, part: Part) -> usize {
        match &self.texts {
            Some(texts) if texts.vectorization().is_none() => 0,
            _ => self.part(part).count,
        }
    }

    /// Examples of a part once everything is there.
    pub fn total(&self, part: Part) -> usize {
        match part {
            Part::Train => self.info.train_total,
            Part::Test => self.info.test_total,
        }
    }

    pub fn is_complete(&self) -> bool {
        self.train.count >= self.info.train_total && self.test.count >= self.info.test_total
    }

    /// Appends a shard: `inputs` `[n, input shape]` and `targets`, one byte for each class, or `[n, columns]` numbers.
    ///
    /// # Errors
    /// `bad-data` where the numbers do not fit each other or the schema, a label is no class, a number is not finite, or more
    /// examples come than the data set has. The data set stays as it was.
    pub fn add<'a>(&mut self, part: Part, inputs: impl Into<Values<'a>>, targets: impl Into<Values<'a>>) -> Result<()> {
        self.add_shard(part, Inputs::Values(inputs.into()), targets.into())
    }

    /// Appends a shard of numbers or texts, see [`Dataset::add`].
    ///
    /// # Errors
    /// As [`Dataset::add`].
    pub fn add_shard(&mut self, part: Part, inputs: Inputs<'_>, targets: Values<'_>) -> Result<()> {
        let count = self.check_shard(part, inputs, targets)?;
        let examples = match part {
            Part::Train => &mut self.train,
            Part::Test => &mut self.test,
        };
        match (inputs, &mut self.texts) {
            (Inputs::Values(values), _) => drop(examples.inputs.append(values)),
            (Inputs::Texts(texts), Some(own)) => own.append(part, texts),
            (Inputs::Texts(_), None) => {}
        }
        match (&mut examples.targets, targets) {
            (Targets::Classes(own), Values::U8(labels)) => own.extend_from_slice(labels),
            (Targets::Values(own), Values::F32(values)) => own.extend_from_slice(values),
            _ => {}
        }
        examples.count += count;
        Ok(())
    }

    /// Appends training examples, see [`Dataset::add`].
    ///
    /// # Errors
    /// As [`Dataset::add`].
    pub fn add_train<'a>(&mut self, inputs: impl Into<Values<'a>>, targets: impl Into<Values<'a>>) -> Result<()> {
        self.add(Part::Train, inputs, targets)
    }

    /// Appends test examples, see [`Dataset::add`].
    ///
    /// # Errors
    /// As [`Dataset::add`].
    pub fn add_test<'a>(&mut self, inputs: impl Into<Values<'a>>, targets: impl Into<Values<'a>>) -> Result<()> {
        self.add(Part::Test, inputs, targets)
    }

    /// Returns the input of one example, `[input shape]`; `None` if it has not arrived.
    pub fn input(&self, part: Part, index: usize) -> Option<Values<'_>> {
        self.inputs(part).row(index, self.info.input_len())
    }

    /// Returns the class of one example; `None` if it has not arrived or the targets are no classes.
    pub fn label(&self, part: Part, index: usize) -> Option<u8> {
        self.labels(part).get(index).copied()
    }

    /// Returns the labels of a part that have arrived; none if the targets are no classes.
    pub fn labels(&self, part: Part) -> &[u8] {
        match &self.part(part).targets {
            Targets::Classes(labels) => labels,
            Targets::Values(_) | Targets::None => &[],
        }
    }

    /// Returns the target values of one example, `[columns]`; `None` if it has not arrived or the targets are no values.
    pub fn target_values(&self, part: Part, index: usize) -> Option<&[f32]> {
        match &self.part(part).targets {
            Targets::Values(values) => {
                let width = self.info.schema.target.words();
                values.get(index.checked_mul(width)?..)?.get(..width)
            }
            Targets::Classes(_) | Targets::None => None,
        }
    }

    /// Returns the inputs of all examples of a part that have arrived, `[n, input shape]`, standardised if that is asked for.
    pub fn inputs(&self, part: Part) -> Values<'_> {
        if let Some(texts) = &self.texts {
            return Values::I32(texts.ids(part));
        }
        match (&self.standardized, part) {
            (Some(standardized), part) => Values::F32(standardized.values(part)),
            (None, _) => self.part(part).inputs.values(),
        }
    }

    /// Shifts and scales each column to mean 0 and standard deviation 1 on the first `examples` training examples, as
    /// scikit-learn's `StandardScaler` does; `None` takes that back. A column of one value becomes 0. Inputs that are not
    /// numbers stay as they are. Returns true if the inputs have changed.
    pub fn standardize(&mut self, examples: Option<usize>) -> bool {
        if self.standardized.as_ref().map(|own| own.examples) == examples {
            return false;
        }
        let standardized = match (examples, &self.train.inputs, &self.test.inputs) {
            (Some(examples), Column::F32(train), Column::F32(test)) => {
                Some(Standardized::new(examples, train, test, self.info.input_len().max(1)))
            }
            _ => None,
        };
        let has_changed = self.standardized.is_some() || standardized.is_some();
        self.standardized = standardized;
        has_changed
    }

    /// Returns the text of one example; `None` if it has not arrived or the inputs are no texts.
    pub fn text(&self, part: Part, index: usize) -> Option<&str> {
        self.texts.as_ref()?.text(part, index)
    }

    /// Returns the vocabulary of texts with the way of splitting them, once the examples of which it is made have arrived.
    pub fn vectorization(&self) -> Option<&TextVectorization> {
        self.texts.as_ref()?.vectorization()
    }

    /// Makes token ids of texts, with the words of the first `examples` training examples. With `keeps_vocabulary` a vocabulary
    /// for the same way of splitting stays, because a trained model knows its words by their ids. Returns true if the inputs have
    /// changed.
    pub fn vectorize(&mut self, spec: TextSpec, examples: usize, keeps_vocabulary: bool) -> bool {
        self.info.set_text(spec);
        self.texts.as_mut().is_some_and(|texts| texts.adapt(spec, examples, keeps_vocabulary))
    }

    /// Takes over the vocabulary of a saved model. Returns true if the inputs have changed.
    pub fn set_vocabulary(&mut self, vocabulary: Vocabulary) -> bool {
        self.texts.as_mut().is_some_and(|texts| texts.set_vocabulary(vocabulary))
    }

    /// Returns mean and deviation by which each column was standardised; none if the inputs are as they came.
    pub fn scales(&self) -> &[[f64; 2]] {
        self.standardized.as_ref().map_or(&[], |standardized| &standardized.scales)
    }

    /// Returns the number that each byte of an input stands for.
    pub fn dequantization(&self) -> &[f32; 256] {
        &self.dequantization
    }

    /// Copies the inputs with these indices, as the network gets them, to the beginning of `out` `[k, input shape]`.
    ///
    /// # Errors
    /// `bad-data` where an example has not arrived or the space does not suffice.
    pub fn copy_inputs(&self, part: Part, indices: &[u32], out: &mut [f32]) -> Result<()> {
        let input_len = self.info.input_len();
        if out.len() < indices.len() * input_len {
            return Err(self.no_room(part, indices, out));
        }
        let scale = self.info.scale();
        for (&index, out) in indices.iter().zip(out.chunks_exact_mut(input_len.max(1))) {
            let input = self.input(part, index as usize).ok_or_else(|| self.not_arrived(part, index))?;
            input.write(scale, out);
        }
        Ok(())
    }

    /// Copies the targets of the examples with these indices to the beginning of `out`: the bits of an `i32` for a class
    /// `[k]`, or numbers `[k, columns]`.
    ///
    /// # Errors
    /// As [`Dataset::copy_inputs`].
    pub fn copy_targets(&self, part: Part, indices: &[u32], out: &mut [f32]) -> Result<()> {
        let width = self.info.schema.target.words();
        if out.len() < indices.len() * width {
            return Err(self.no_room(part, indices, out));
        }
        match &self.part(part).targets {
            Targets::Classes(labels) => {
                for (&index, label) in indices.iter().zip(as_i32_mut(out)) {
                    let own = labels.get(index as usize);
                    *label = i32::from(*own.ok_or_else(|| self.not_arrived(part, index))?);
                }
            }
            Targets::Values(_) => {
                for (&index, out) in indices.iter().zip(out.chunks_exact_mut(width.max(1))) {
                    let own = self.target_values(part, index as usize);
                    out.copy_from_slice(own.ok_or_else(|| self.not_arrived(part, index))?);
                }
            }
            Targets::None => {}
        }
        Ok(())
    }

    fn no_room(&self, part: Part, indices: &[u32], out: &[f32]) -> Error {
        let (dataset, part, examples) = (self.info.name.clone(), part.to_string(), indices.len());
        DataError::NoRoom { dataset, part, examples, room: out.len() }.into()
    }

    fn not_arrived(&self, part: Part, index: u32) -> Error {
        let (dataset, arrived) = (self.info.name.clone(), self.examples(part));
        DataError::ExampleNotArrived { dataset, part: part.to_string(), index, arrived }.into()
    }

    fn part(&self, part: Part) -> &Examples {
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

/// Divides the examples of the training file into those for training and those for validation.
///
/// The first `samples` images are used; of those the last share of `validation_split` is held back, as Keras's
/// `validation_split` does (`floor(samples * (1 - validation_split))` examples remain).
pub fn split(samples: usize, validation_split: f64) -> (Range<usize>, Range<usize>) {
    let share = if validation_split.is_finite() { validation_split.clamp(0.0, 1.0) } else { 0.0 };
    let remaining = ((samples as f64 * (1.0 - share)).floor() as usize).min(samples);
    (0..remaining, remaining..samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::as_i32;

    fn tiny() -> Dataset {
        Dataset::new(DatasetInfo::images("tiny", [1, 2, 1], 3, [4, 1]))
    }

    #[test]
    fn examples_arrive_shard_by_shard() {
        let mut dataset = tiny();
        dataset.reserve();
        dataset.add_train(&[0u8, 255, 51, 102][..], &[2u8, 0][..]).unwrap();
        assert_eq!((dataset.train_examples(), dataset.test_examples()), (2, 0));
        dataset.add_train(&[1u8, 2, 3, 4][..], &[1u8, 1][..]).unwrap();
        assert!(!dataset.is_complete());
        dataset.add_test(&[9u8, 9][..], &[1u8][..]).unwrap();
        assert!(dataset.is_complete());

        let (mut inputs, mut targets) = ([-1.0; 6], [0.0; 3]);
        dataset.copy_inputs(Part::Train, &[1, 0], &mut inputs).unwrap();
        dataset.copy_targets(Part::Train, &[1, 0], &mut targets).unwrap();
        assert_eq!(inputs, [0.2, 0.4, 0.0, 1.0, -1.0, -1.0]);
        assert_eq!(as_i32(&targets), [0, 2, 0]);
    }

    #[test]
    fn rows_of_numbers_keep_their_values() {
        let schema = Schema::table(2, Target::values(["price"]));
        let info = DatasetInfo { name: "rows".to_owned(), schema, train_total: 2, test_total: 1, text: None };
        let mut dataset = Dataset::new(info);
        dataset.add_train(&[0.5f32, -1.0, 2.0, 3.0][..], &[7.0f32, 8.0][..]).unwrap();
        let (mut inputs, mut targets) = ([0.0; 2], [0.0; 1]);
        dataset.copy_inputs(Part::Train, &[1], &mut inputs).unwrap();
        dataset.copy_targets(Part::Train, &[1], &mut targets).unwrap();
        assert_eq!((inputs, targets), ([2.0, 3.0], [8.0]));
        let error = dataset.add_test(&[1.0f32, f32::NAN][..], &[1.0f32][..]).unwrap_err();
        assert_eq!((error.code, dataset.test_examples()), ("bad-data", 0));
        let error = dataset.add_test(&[1u8, 2][..], &[1.0f32][..]).unwrap_err();
        assert!(error.to_string().contains("f32") && error.to_string().contains("u8"), "{error}");
    }

    #[test]
    fn texts_count_once_the_examples_of_their_vocabulary_have_arrived() {
        let spec = TextSpec { max_tokens: 4, sequence_length: 2, split: TextSplit::Whitespace };
        let schema = Schema::texts(spec, Target::classes(["bad", "good"]));
        let info = DatasetInfo { name: "notes".to_owned(), schema, train_total: 3, test_total: 1, text: Some(spec) };
        let mut dataset = Dataset::new(info);
        dataset.vectorize(spec, 2, false);
        let labels = [0u8, 1];
        dataset.add_shard(Part::Train, Inputs::Texts(&["a b"]), Values::U8(&labels[..1])).unwrap();
        dataset.add_shard(Part::Test, Inputs::Texts(&["c a"]), Values::U8(&labels[1..])).unwrap();
        assert_eq!((dataset.train_examples(), dataset.test_examples(), dataset.is_complete()), (0, 0, false));
        dataset.add_shard(Part::Train, Inputs::Texts(&["b", "c c c"]), Values::U8(&labels)).unwrap();
        assert_eq!((dataset.train_examples(), dataset.is_complete()), (3, true));
        // The third text is none of the two that make the vocabulary.
        assert_eq!(dataset.vectorization().unwrap().vocabulary.words(), ["", "[UNK]", "b", "a"]);
        assert_eq!(dataset.inputs(Part::Test), Values::I32(&[1, 3]));
        assert_eq!(dataset.text(Part::Train, 1), Some("b"));

        assert!(!dataset.vectorize(spec, 3, true), "a trained model keeps its words");
        let longer = TextSpec { sequence_length: 3, ..spec };
        assert!(dataset.vectorize(longer, 3, true));
        assert_eq!((dataset.schema().input.len(), dataset.inputs(Part::Test).len()), (3, 3));
        let error = dataset.add_test(&[1u8][..], &[1u8][..]).unwrap_err();
        assert!(error.to_string().contains("text"), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut dataset = tiny();
        assert_eq!(dataset.add_train(&[1u8, 2, 3][..], &[0u8, 0][..]).unwrap_err().code, "bad-data");
        let error = dataset.add_train(&[1u8, 2][..], &[3u8][..]).unwrap_err();
        assert_eq!(error.to_string(), "tiny (train) should have labels from 0 to 2, but has the label 3.");
        assert!(dataset.add_test(&[1u8, 2, 3, 4][..], &[0u8, 0][..]).is_err());
        assert_eq!((dataset.train_examples(), dataset.test_examples()), (0, 0));

        dataset.add_train(&[1u8, 2][..], &[0u8][..]).unwrap();
        let mut words = [0.0; 4];
        assert!(dataset.copy_inputs(Part::Train, &[0, 1], &mut words).is_err(), "example 1 is not there");
        assert!(dataset.copy_inputs(Part::Train, &[0, 0], &mut words[..2]).is_err(), "no room");
    }

    #[test]
    fn validation_takes_the_end_as_keras_does() {
        assert_eq!(split(60_000, 0.0), (0..60_000, 60_000..60_000));
        assert_eq!(split(60_000, 0.1), (0..54_000, 54_000..60_000));
        assert_eq!(split(10, 0.25), (0..7, 7..10));
        assert_eq!(split(10, f64::NAN), (0..10, 10..10));
    }
}
