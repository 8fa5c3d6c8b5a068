//! The container of a saved experiment: [safetensors](https://github.com/huggingface/safetensors), through the crate of
//! that name.
//!
//! The crate checks that shapes, types and offsets agree and that the tensors cover the data without holes or overlaps.
//! It takes the last of several entries of one name, which [`check_header`] refuses.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::{CheckpointError, Error, Result};

/// The entry of the metadata that holds everything but the arrays, as JSON.
pub const ENTRY: &str = "chalkgrad";

/// The longest header that is read: ours has 120 bytes for each of a few thousand tensors at most.
const MAX_HEADER_BYTES: usize = 4 << 20;

/// A tensor of a file.
pub struct Tensor<'a> {
    pub name: Cow<'a, str>,
    pub shape: Vec<usize>,
    pub values: Cow<'a, [f32]>,
}

/// Writes tensors and the text of our entry of the metadata.
///
/// # Errors
/// `bad-file` if a shape and its values disagree.
pub fn write(entry: String, tensors: &[Tensor]) -> Result<Vec<u8>> {
    let views = tensors.iter().map(|tensor| {
        // Little-endian, as everything is that this program is compiled for.
        let bytes = bytemuck::cast_slice(&tensor.values[..]);
        Ok((&*tensor.name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?))
    });
    let written = views
        .collect::<std::result::Result<Vec<_>, SafeTensorError>>()
        .and_then(|views| safetensors::serialize(views, Some([(ENTRY.to_owned(), entry)].into_iter().collect())));
    written.map_err(|error| CheckpointError::UnwritableFile { details: error.to_string() }.into())
}

/// Reads the text of our entry of the metadata, and the tensors in their order in the file.
///
/// # Errors
/// `bad-file` for another kind of file, a damaged one, one that is cut off, or numbers of another type.
pub fn read(file: &[u8]) -> Result<(String, Vec<Tensor<'static>>)> {
    check_header(file)?;
    let (_, header) = SafeTensors::read_metadata(file).map_err(|error| refusal(&error))?;
    let entry =
        header.metadata().as_ref().and_then(|metadata| metadata.get(ENTRY)).ok_or(CheckpointError::ForeignFile)?;
    let read = SafeTensors::deserialize(file).map_err(|error| refusal(&error))?;
    let tensors = header.offset_keys().into_iter().map(|name| {
        let view = read.tensor(&name).map_err(|error| refusal(&error))?;
        Ok(Tensor { shape: view.shape().to_vec(), values: decode(&name, &view)?.into(), name: name.into() })
    });
    Ok((entry.clone(), tensors.collect::<Result<_>>()?))
}

fn decode(name: &str, view: &TensorView) -> Result<Vec<f32>> {
    match view.dtype() {
        Dtype::F32 => Ok(view
            .data()
            .chunks_exact(4)
            .map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect()),
        // The weights that the page opens with.
        Dtype::F8_E4M3 => Ok(view.data().iter().map(|code| decode_f8(*code)).collect()),
        other => Err(wrong_type(name, &other.to_string())),
    }
}

/// Decodes one byte of type "F8_E4M3" (Micikevicius et al. 2022, "FP8 formats for deep learning").
pub fn decode_f8(code: u8) -> f32 {
    let (exponent, fraction) = (i32::from(code >> 3 & 15), f32::from(code & 7) / 8.0);
    let magnitude = match (exponent, code & 7) {
        (15, 7) => f32::NAN,
        (0, _) => fraction / 64.0,
        _ => (1.0 + fraction) * f32::from_bits(((exponent - 7 + 127) as u32) << 23),
    };
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// Refuses a header that is too long, names anything twice or has a type of numbers that is not read here.
fn check_header(file: &[u8]) -> Result<()> {
    let Some((length, rest)) = file.split_first_chunk::<8>() else {
        return Err(refusal(&SafeTensorError::HeaderTooSmall));
    };
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES as u64 {
        return Err(refusal(&SafeTensorError::HeaderTooLarge));
    }
    let header = rest.get(..length as usize).ok_or_else(|| refusal(&SafeTensorError::InvalidHeaderLength))?;
    let header: Entries<Entry> = serde_json::from_slice(header)
        .map_err(|error| refusal(&SafeTensorError::InvalidHeaderDeserialization(error)))?;
    header.check_names()?;
    for (name, entry) in &header.0 {
        match entry {
            Entry::Metadata(entries) => entries.check_names()?,
            Entry::Tensor { dtype } if !matches!(&**dtype, "F32" | "F8_E4M3") => return Err(wrong_type(name, dtype)),
            Entry::Tensor { .. } => {}
        }
    }
    Ok(())
}

/// An entry of a header, as far as the crate does not check it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Metadata(Entries<String>),
    Tensor { dtype: String },
}

/// A JSON object whose names may repeat.
struct Entries<V>(Vec<(String, V)>);

impl<V> Entries<V> {
    fn check_names(&self) -> Result<()> {
        let mut names = BTreeSet::new();
        match self.0.iter().find(|(name, _)| !names.insert(name)) {
            Some((name, _)) => Err(CheckpointError::NameTwice { name: name.clone() }.into()),
            None => Ok(()),
        }
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct AnyNames<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for AnyNames<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Entries<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(AnyNames(PhantomData))
    }
}

fn refusal(error: &SafeTensorError) -> Error {
    use SafeTensorError::{
        HeaderTooLarge, HeaderTooSmall, InvalidHeader, InvalidHeaderDeserialization, InvalidHeaderLength,
        InvalidOffset, MetadataIncompleteBuffer, MisalignedSlice, TensorInvalidInfo, ValidationOverflow,
    };
    match error {
        HeaderTooSmall | HeaderTooLarge | InvalidHeader(_) | InvalidHeaderDeserialization(_) => {
            CheckpointError::OtherKindOfFile
        }
        InvalidHeaderLength => CheckpointError::CutOff,
        MetadataIncompleteBuffer => CheckpointError::DataLength,
        InvalidOffset(name) => CheckpointError::TensorPlace { name: name.clone() },
        TensorInvalidInfo | MisalignedSlice | ValidationOverflow => CheckpointError::TensorBytes,
        other => CheckpointError::NotSafetensors { details: other.to_string() },
    }
    .into()
}

fn wrong_type(tensor: &str, dtype: &str) -> Error {
    CheckpointError::TensorType { name: tensor.to_owned(), got: dtype.to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::decode_f8;

    #[test]
    fn eight_bits_are_decoded_in_order() {
        for (code, value) in [(0, 0.0), (0x38, 1.0), (0xb8, -1.0), (1, 0.001953125), (0x7e, 448.0), (0x39, 1.125)] {
            assert_eq!(decode_f8(code), value, "{code:x}");
        }
        assert!(decode_f8(0x7f).is_nan() && decode_f8(0xff).is_nan());
        let values: Vec<f32> = (0..0x7f).map(decode_f8).collect();
        assert!(values.is_sorted(), "{values:?}");
    }
}
