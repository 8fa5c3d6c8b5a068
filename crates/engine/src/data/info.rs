//! Description of a data set: name, schema and numbers of examples.

use super::schema::{FieldType, Schema};
use super::sources;
use super::text::TextSpec;

/// Description of a data set, known before any of it has arrived.
#[derive(Clone, PartialEq, Debug)]
pub struct DatasetInfo {
    pub name: String,
    pub schema: Schema,
    /// Number of examples in the whole training file.
    pub train_total: usize,
    /// Number of examples in the whole test file.
    pub test_total: usize,
    /// The way in which texts become the token ids that the schema describes; `None` if the examples are no texts.
    pub text: Option<TextSpec>,
}

impl DatasetInfo {
    /// Describes MNIST: 60,000 and 10,000 handwritten digits, `[28,28,1]`.
    pub fn mnist() -> Self {
        sources::MNIST.info()
    }

    /// Describes images `[H,W,C]` of this many classes, whose names are their numbers.
    pub fn images(name: &str, shape: [usize; 3], classes: usize, [train_total, test_total]: [usize; 2]) -> Self {
        let names = (0..classes).map(|class| class.to_string());
        Self { name: name.to_owned(), schema: Schema::images(shape, names), train_total, test_total, text: None }
    }

    /// Describes the same data set with another way of making token ids; one without texts stays as it is.
    pub fn with_text(mut self, spec: Option<TextSpec>) -> Self {
        if let Some(spec) = spec {
            self.set_text(spec);
        }
        self
    }

    pub(super) fn set_text(&mut self, spec: TextSpec) {
        if self.text.is_some() {
            self.text = Some(spec);
            self.schema.input = spec.field();
        }
    }

    /// Returns the number of values of one input.
    pub fn input_len(&self) -> usize {
        self.schema.input.len()
    }

    /// Returns the number that the bytes of an input are divided by.
    pub fn scale(&self) -> f32 {
        match self.schema.input.dtype {
            FieldType::U8 { scale } => scale,
            FieldType::F32 | FieldType::Tokens { .. } => 1.0,
        }
    }

    /// Returns the bytes that all examples take in memory.
    pub fn size_bytes(&self) -> usize {
        (self.schema.input.size_bytes() + self.schema.target.size_bytes()) * (self.train_total + self.test_total)
    }
}
