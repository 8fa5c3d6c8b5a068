//! The container: safetensors, version 0 (<https://github.com/huggingface/safetensors>, "Format").
//!
//! Eight bytes with the length of the header, the header as JSON (`{"__metadata__": {...}, "conv2d.kernel": {"dtype":
//! "F32", "shape": [3,3,1,32], "data_offsets": [0, 1152]}, ...}`), then the data, without holes, numbers little-endian.
//!
//! By hand, because the crate of this name brings serde_json and Rust's formatting of floats along: 36 KB gzip in a
//! WebAssembly program that did nothing else. `tests/checkpoint.rs` holds the two to each other.

use std::borrow::Cow;

use super::bad_file;
use crate::error::Result;
use crate::wire::json::{from_json, to_json};
use crate::wire::{Fields, Value, Wire};

/// The longest header that is read: ours has 120 bytes for each of a few thousand tensors at most.
const MAX_HEADER_BYTES: usize = 4 << 20;

/// Numbers as they lie in the file.
pub struct Encoded<'a> {
    pub dtype: Cow<'static, str>,
    pub bytes: Cow<'a, [u8]>,
}

/// What a file says of itself, by name.
pub type Metadata = Vec<(Cow<'static, str>, Value)>;

/// A tensor of a file.
pub struct Tensor<'a> {
    pub name: String,
    pub shape: Vec<usize>,
    pub data: Encoded<'a>,
}

/// As the machine has them: little-endian, on everything that this program is compiled for.
pub fn encode_f32(values: &[f32]) -> Encoded<'_> {
    Encoded { dtype: "F32".into(), bytes: bytemuck::cast_slice(values).into() }
}

/// One byte a number, 3 bits of fraction: the nearest value of "F8_E4M3" (Micikevicius et al. 2022, "FP8 formats for deep
/// learning"), 448 at most.
pub fn encode_f8(values: &[f32]) -> Encoded<'static> {
    let nearest = |value: &f32| {
        let distance = |code: &u8| (decode_f8(*code) - value.abs()).abs();
        let code = (0..0x7f).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0);
        code | if *value < 0.0 { 0x80 } else { 0 }
    };
    Encoded { dtype: "F8_E4M3".into(), bytes: values.iter().map(nearest).collect::<Vec<u8>>().into() }
}

fn decode_f8(code: u8) -> f32 {
    let (exponent, fraction) = (i32::from(code >> 3 & 15), f32::from(code & 7) / 8.0);
    let magnitude = match (exponent, code & 7) {
        (15, 7) => f32::NAN,
        (0, _) => fraction / 64.0,
        _ => (1.0 + fraction) * f32::from_bits(((exponent - 7 + 127) as u32) << 23),
    };
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

impl Encoded<'_> {
    /// # Errors
    /// `bad-file` for a type of numbers that nothing here writes.
    pub fn decode(&self, subject: &str) -> Result<Vec<f32>> {
        match &*self.dtype {
            "F32" => Ok(self
                .bytes
                .chunks_exact(4)
                .map(|word| f32::from_le_bytes(word.try_into().unwrap_or_default()))
                .collect()),
            "F8_E4M3" => Ok(self.bytes.iter().map(|code| decode_f8(*code)).collect()),
            other => Err(bad_file(subject, "numbers of type F32 or F8_E4M3", other)),
        }
    }
}

/// The bytes of one number, of the types that can be read.
fn size_bytes(dtype: &str) -> usize {
    if dtype == "F8_E4M3" { 1 } else { 4 }
}

/// A file of these tensors, in this order. `metadata` is text by name.
///
/// # Errors
/// `bad-message`, which no name causes.
pub fn write(metadata: Vec<(&'static str, String)>, tensors: &[Tensor]) -> Result<Vec<u8>> {
    let metadata = metadata.into_iter().map(|(name, text)| (name.into(), text.to_value()));
    let mut header = vec![("__metadata__".into(), Value::Record(metadata.collect()))];
    let mut end = 0;
    for tensor in tensors {
        let begin = end;
        end += tensor.data.bytes.len();
        let entry = vec![
            ("dtype".into(), Value::Text(tensor.data.dtype.clone())),
            ("shape".into(), tensor.shape.to_value()),
            ("data_offsets".into(), vec![begin, end].to_value()),
        ];
        header.push((tensor.name.clone().into(), Value::Record(entry)));
    }
    let mut header = to_json(&Value::Record(header))?;
    // The data begin at a multiple of eight bytes.
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    let mut file = Vec::with_capacity(8 + header.len() + end);
    file.extend_from_slice(&(header.len() as u64).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    tensors.iter().for_each(|tensor| file.extend_from_slice(&tensor.data.bytes));
    Ok(file)
}

/// The metadata, as far as it is text, and the tensors of a file.
///
/// # Errors
/// `bad-file` if it is another kind of file, or one that is damaged or cut off.
pub fn read(file: &[u8]) -> Result<(Metadata, Vec<Tensor<'_>>)> {
    const EXPECTED: &str = "a file that chalkgrad has saved (safetensors)";
    let foreign = |got: &str| bad_file("file", EXPECTED, got);
    let (length, rest) = file.split_first_chunk::<8>().ok_or_else(|| foreign("less than eight bytes"))?;
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES as u64 {
        return Err(foreign("another kind of file"));
    }
    let cut_off = || bad_file("file", "a whole file", "one that is cut off");
    let (header, data) = rest.split_at_checked(length as usize).ok_or_else(cut_off)?;
    let header = std::str::from_utf8(header).ok().and_then(|header| from_json(header).ok());
    let Some(Value::Record(entries)) = header else { return Err(foreign("another kind of file, or a damaged one")) };
    let (mut metadata, mut tensors, mut data_end) = (Vec::new(), Vec::new(), 0);
    for (name, entry) in entries {
        if name == "__metadata__" {
            let Value::Record(entries) = entry else { return Err(foreign("damaged metadata")) };
            metadata = entries;
            continue;
        }
        let name = name.into_owned();
        let entry = Entry::read(entry).map_err(|error| bad_file(&name, &error.expected, &error.got))?;
        let bytes = data.get(entry.begin..entry.end).ok_or_else(cut_off)?;
        let count = entry.shape.iter().try_fold(1usize, |count, extent| count.checked_mul(*extent));
        if count.and_then(|count| count.checked_mul(size_bytes(&entry.dtype))) != Some(bytes.len()) {
            return Err(bad_file(&name, "as many numbers as its shape says", "another number"));
        }
        data_end = data_end.max(entry.end);
        tensors.push(Tensor { name, shape: entry.shape, data: Encoded { dtype: entry.dtype, bytes: bytes.into() } });
    }
    if data_end != data.len() {
        return Err(bad_file("file", "nothing behind its tensors", "more bytes"));
    }
    Ok((metadata, tensors))
}

/// What the header says of a tensor.
struct Entry {
    dtype: Cow<'static, str>,
    shape: Vec<usize>,
    begin: usize,
    end: usize,
}

impl Entry {
    fn read(value: Value) -> Result<Self> {
        let mut fields = Fields::of("tensor", value)?;
        let dtype = fields.get::<String>("dtype", None)?.into();
        let shape = fields.get("shape", None)?;
        let offsets: Vec<usize> = fields.get("data_offsets", None)?;
        let [begin, end] = offsets[..] else {
            return Err(bad_file("tensor", "where it begins and ends", "something else"));
        };
        Ok(Self { dtype, shape, begin, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_hold_what_they_can() {
        for value in [0.0, 1.0, -1.0, 0.001953125, 0.015625, 448.0, -0.4375, 1.125] {
            assert_eq!(encode_f8(&[value]).decode("").unwrap(), [value]);
        }
        let code = encode_f8(&[1e9, -1e9, 0.3, 1e-9]);
        assert_eq!(code.decode("").unwrap(), [448.0, -448.0, 0.3125, 0.0]);
        assert!(decode_f8(0x7f).is_nan() && decode_f8(0xff).is_nan());
        let values: Vec<f32> = (0..0x7f).map(decode_f8).collect();
        assert!(values.is_sorted(), "{values:?}");
    }
}
