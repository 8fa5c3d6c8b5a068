//! Data sets and their examples, as the page and the API get them.

use serde::{Deserialize, Serialize};

use crate::data::sources::Source;
use crate::data::{DatasetInfo, DatasetKind, Target};

/// Description of a data set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DatasetDescription {
    /// The name in a training configuration.
    pub name: String,
    /// The name that people know.
    pub title: String,
    pub kind: DatasetKind,
    pub input: InputDescription,
    pub target: TargetDescription,
    /// Numbers of training and of test examples.
    pub train: u32,
    pub test: u32,
    /// The bytes that all examples take in memory.
    pub bytes: f64,
    pub licence: String,
    /// The authors, and the place from which the files come.
    pub source: String,
}

/// Inputs of a data set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct InputDescription {
    /// The shape of one input, `[H,W,C]` for images.
    pub shape: Vec<usize>,
    /// `"u8"`: bytes, which the network gets divided by 255; `"f32"`; `"tokens"`.
    pub dtype: String,
    /// The names of the numbers of a row, if they have names.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<String>>"))]
    pub columns: Vec<String>,
}

/// Targets of a data set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum TargetDescription {
    /// One of these classes.
    Class { classes: Vec<String> },
    /// One number for each of these names.
    Values { names: Vec<String> },
    /// The input itself.
    Input,
}

/// Examples. Their inputs and the values of their targets travel as arrays.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExamplesInfo {
    /// The shape of one input.
    pub shape: Vec<usize>,
    /// The texts, if the inputs are their token ids.
    pub texts: Vec<String>,
    /// The class of each example; none if the target is no class.
    pub classes: Vec<u32>,
    /// The names of all classes.
    pub class_names: Vec<String>,
    /// Mean and standard deviation by which each column of the inputs was standardised; none if they are as they came.
    pub scales: Vec<[f32; 2]>,
}

impl DatasetDescription {
    /// Describes a data set that is not in the catalogue.
    pub fn of(info: &DatasetInfo) -> Self {
        let schema = &info.schema;
        Self {
            name: info.name.clone(),
            title: info.name.clone(),
            kind: schema.kind(),
            input: InputDescription {
                shape: schema.input.shape.clone(),
                dtype: schema.input.dtype.name().to_owned(),
                columns: schema.input.columns.clone(),
            },
            target: match &schema.target {
                Target::Class { names } => TargetDescription::Class { classes: names.clone() },
                Target::Values { names } => TargetDescription::Values { names: names.clone() },
                Target::Input => TargetDescription::Input,
            },
            train: info.train_total as u32,
            test: info.test_total as u32,
            bytes: info.size_bytes() as f64,
            licence: String::new(),
            source: String::new(),
        }
    }
}

impl From<&Source> for DatasetDescription {
    fn from(source: &Source) -> Self {
        Self {
            title: source.title.to_owned(),
            licence: source.licence.to_owned(),
            source: source.origin.to_owned(),
            ..Self::of(&source.info())
        }
    }
}
