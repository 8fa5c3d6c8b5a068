//! Checks of shards, before they become part of a data set.

use super::{Dataset, FieldType, Inputs, Part, Target, Values};
use crate::error::{DataError, Error, Result};

/// The type of texts, for errors.
const TEXT: &str = "text";

impl Dataset {
    /// Checks a shard, and returns the number of its examples.
    pub(super) fn check_shard(&self, part: Part, inputs: Inputs<'_>, targets: Values<'_>) -> Result<usize> {
        let count = self.count_targets(part, inputs, targets)?;
        let (expected, got) = match inputs {
            Inputs::Values(values) => (self.info.input_len(), values.len()),
            Inputs::Texts(texts) => (1, texts.len()),
        };
        self.check_inputs(part, inputs)?;
        if got != count * expected {
            let (dataset, part) = self.names(part);
            return Err(DataError::InputLength { dataset, part, examples: count, expected, got }.into());
        }
        let room = self.total(part) - self.part(part).count;
        if count > room {
            let (dataset, part) = self.names(part);
            return Err(DataError::TooManyExamples { dataset, part, room, got: count }.into());
        }
        Ok(count)
    }

    fn names(&self, part: Part) -> (String, String) {
        (self.info.name.clone(), part.to_string())
    }

    fn wrong_type(&self, part: Part, expected: &str, got: &str) -> Error {
        let ((dataset, part), expected, got) = (self.names(part), expected.to_owned(), got.to_owned());
        DataError::WrongType { dataset, part, expected, got }.into()
    }

    /// Checks targets, and returns the number of their examples.
    fn count_targets(&self, part: Part, inputs: Inputs<'_>, targets: Values<'_>) -> Result<usize> {
        Ok(match (&self.schema().target, targets) {
            (Target::Class { names: classes }, Values::U8(labels)) => {
                if let Some(label) = labels.iter().find(|&&label| usize::from(label) >= classes.len()) {
                    let ((dataset, part), max) = (self.names(part), classes.len().saturating_sub(1));
                    return Err(DataError::LabelOutOfRange { dataset, part, max, label: usize::from(*label) }.into());
                }
                labels.len()
            }
            (Target::Values { names: columns }, Values::F32(values)) => {
                self.check_finite(part, values)?;
                if values.len() % columns.len().max(1) != 0 {
                    let ((dataset, part), expected) = (self.names(part), columns.len());
                    return Err(DataError::TargetCount { dataset, part, expected, got: values.len() }.into());
                }
                values.len() / columns.len().max(1)
            }
            (Target::Input, _) => match inputs {
                Inputs::Values(values) => values.len() / self.info.input_len().max(1),
                Inputs::Texts(texts) => texts.len(),
            },
            (Target::Class { .. }, other) => return Err(self.wrong_type(part, "u8", other.type_name())),
            (Target::Values { .. }, other) => return Err(self.wrong_type(part, "f32", other.type_name())),
        })
    }

    fn check_inputs(&self, part: Part, inputs: Inputs<'_>) -> Result<()> {
        match (self.info.text, self.schema().input.dtype, inputs) {
            (Some(_), _, Inputs::Texts(_)) | (None, FieldType::U8 { .. }, Inputs::Values(Values::U8(_))) => Ok(()),
            (None, FieldType::F32, Inputs::Values(Values::F32(values))) => self.check_finite(part, values),
            (None, FieldType::Tokens { vocabulary }, Inputs::Values(Values::I32(ids))) => {
                match ids.iter().find(|&&id| !(0..i64::from(vocabulary)).contains(&i64::from(id))) {
                    None => Ok(()),
                    Some(id) => {
                        let ((dataset, part), max) = (self.names(part), vocabulary.saturating_sub(1));
                        Err(DataError::TokenOutOfRange { dataset, part, max, id: *id }.into())
                    }
                }
            }
            (text, dtype, other) => {
                let got = match other {
                    Inputs::Values(values) => values.type_name(),
                    Inputs::Texts(_) => TEXT,
                };
                Err(self.wrong_type(part, if text.is_some() { TEXT } else { dtype.name() }, got))
            }
        }
    }

    fn check_finite(&self, part: Part, values: &[f32]) -> Result<()> {
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(place) => {
                let (dataset, part) = self.names(part);
                Err(DataError::NotFinite { dataset, part, value: values[place].to_string(), place }.into())
            }
        }
    }
}
