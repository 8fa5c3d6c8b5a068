//! Schema of a data set: the kind of its inputs and of its targets. Everything that once knew images and ten classes asks it.

use serde::{Deserialize, Serialize};

use super::text::TextSpec;

/// The kind of the examples of a data set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Schema {
    pub input: Field,
    pub target: Target,
}

/// The inputs: shape of one example and storage of its numbers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Field {
    /// Without the batch axis: `[28,28,1]` for images `[H,W,C]`, `[30]` for a table.
    pub shape: Vec<usize>,
    pub dtype: FieldType,
    /// The names of the numbers of a row; none if they have no names.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// The storage of an input's numbers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub enum FieldType {
    /// Bytes. The network gets each divided by `scale`.
    U8 { scale: f32 },
    /// Numbers that the network gets as they are.
    F32,
    /// Ids of a vocabulary, 0 to `vocabulary - 1`.
    Tokens { vocabulary: u32 },
}

/// The answer that belongs to an example.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Target {
    /// One of these classes.
    Class { names: Vec<String> },
    /// One number for each of these columns.
    Values { names: Vec<String> },
    /// The input itself, as for an autoencoder.
    Input,
}

/// The form in which pages show the examples of a data set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum DatasetKind {
    Image,
    Text,
    Table,
}

impl Schema {
    /// Describes images `[H,W,C]` of bytes, each of one of these classes. The network gets the bytes divided by 255.
    pub fn images<Name: Into<String>>(shape: [usize; 3], names: impl IntoIterator<Item = Name>) -> Self {
        Self {
            input: Field { shape: shape.to_vec(), dtype: FieldType::U8 { scale: 255.0 }, columns: Vec::new() },
            target: Target::classes(names),
        }
    }

    /// Describes rows of numbers.
    pub fn table(columns: usize, target: Target) -> Self {
        Self { input: Field { shape: vec![columns], dtype: FieldType::F32, columns: Vec::new() }, target }
    }

    /// Describes rows of numbers with names.
    pub fn named_table<const COLUMNS: usize>(names: [&str; COLUMNS], target: Target) -> Self {
        let mut schema = Self::table(COLUMNS, target);
        schema.input.columns = names.map(str::to_owned).to_vec();
        schema
    }

    /// Describes texts as token ids.
    pub fn texts(spec: TextSpec, target: Target) -> Self {
        Self { input: spec.field(), target }
    }

    pub fn kind(&self) -> DatasetKind {
        match (self.input.dtype, self.input.shape.len()) {
            (FieldType::Tokens { .. }, _) => DatasetKind::Text,
            (_, 0 | 1) => DatasetKind::Table,
            _ => DatasetKind::Image,
        }
    }
}

impl Field {
    /// Returns the number of values of one input.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns true if an input holds no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes that the values of one input take in memory.
    pub fn size_bytes(&self) -> usize {
        match self.dtype {
            FieldType::U8 { .. } => self.len(),
            FieldType::F32 | FieldType::Tokens { .. } => 4 * self.len(),
        }
    }
}

impl FieldType {
    /// Returns the name that the API gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 { .. } => "u8",
            Self::F32 => "f32",
            Self::Tokens { .. } => "tokens",
        }
    }
}

impl Target {
    /// Makes a target of these classes.
    pub fn classes<Name: Into<String>>(names: impl IntoIterator<Item = Name>) -> Self {
        Self::Class { names: names.into_iter().map(Into::into).collect() }
    }

    /// Makes a target of these columns.
    pub fn values<Name: Into<String>>(names: impl IntoIterator<Item = Name>) -> Self {
        Self::Values { names: names.into_iter().map(Into::into).collect() }
    }

    /// Returns the names of the classes; none if the target is no class.
    pub fn class_names(&self) -> &[String] {
        match self {
            Self::Class { names } => names,
            Self::Values { .. } | Self::Input => &[],
        }
    }

    /// Returns the number of words that a target takes beside its example.
    pub fn words(&self) -> usize {
        match self {
            Self::Class { .. } => 1,
            Self::Values { names } => names.len(),
            Self::Input => 0,
        }
    }

    /// Returns the bytes that a target takes in memory.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Class { .. } => 1,
            Self::Values { .. } | Self::Input => 4 * self.words(),
        }
    }
}
