//! Columns of a data set: one row of numbers for each example, stored as they came.

use super::schema::FieldType;
use crate::ir::op::as_i32_mut;
use crate::simd::elementwise;

/// Rows of numbers, all of them or the first that have arrived.
#[derive(Clone, PartialEq, Debug)]
pub enum Column {
    U8(Vec<u8>),
    F32(Vec<f32>),
    I32(Vec<i32>),
}

/// Numbers of a [`Column`], borrowed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Values<'a> {
    U8(&'a [u8]),
    F32(&'a [f32]),
    I32(&'a [i32]),
}

impl Column {
    /// Makes an empty column for inputs of a type.
    pub fn of(dtype: FieldType) -> Self {
        match dtype {
            FieldType::U8 { .. } => Self::U8(Vec::new()),
            FieldType::F32 => Self::F32(Vec::new()),
            FieldType::Tokens { .. } => Self::I32(Vec::new()),
        }
    }

    pub fn values(&self) -> Values<'_> {
        match self {
            Self::U8(values) => Values::U8(values),
            Self::F32(values) => Values::F32(values),
            Self::I32(values) => Values::I32(values),
        }
    }

    /// Reserves memory for this many values in all.
    pub fn reserve(&mut self, total: usize) {
        match self {
            Self::U8(own) => own.reserve_exact(total.saturating_sub(own.len())),
            Self::F32(own) => own.reserve_exact(total.saturating_sub(own.len())),
            Self::I32(own) => own.reserve_exact(total.saturating_sub(own.len())),
        }
    }

    /// Appends values; false, with nothing appended, if they are of another type.
    pub fn append(&mut self, values: Values<'_>) -> bool {
        match (self, values) {
            (Self::U8(own), Values::U8(values)) => own.extend_from_slice(values),
            (Self::F32(own), Values::F32(values)) => own.extend_from_slice(values),
            (Self::I32(own), Values::I32(values)) => own.extend_from_slice(values),
            _ => return false,
        }
        true
    }
}

impl<'a> Values<'a> {
    pub fn len(self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::I32(values) => values.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns the values of a row; `None` if it has not arrived.
    pub fn row(self, index: usize, width: usize) -> Option<Self> {
        let start = index.checked_mul(width)?;
        let range = start..start.checked_add(width)?;
        Some(match self {
            Self::U8(values) => Self::U8(values.get(range)?),
            Self::F32(values) => Self::F32(values.get(range)?),
            Self::I32(values) => Self::I32(values.get(range)?),
        })
    }

    /// Returns the name of the values' type, for errors.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::F32(_) => "f32",
            Self::I32(_) => "i32",
        }
    }

    /// Writes the values as the words that a network gets: bytes divided by `scale`, integers as the bits of an `i32`. `out`
    /// has as many words.
    pub fn write(self, scale: f32, out: &mut [f32]) {
        match self {
            Self::U8(bytes) => elementwise::divide_bytes(out, bytes, scale),
            Self::F32(values) => out.copy_from_slice(values),
            Self::I32(values) => as_i32_mut(out).copy_from_slice(values),
        }
    }
}

impl<'a> From<&'a [u8]> for Values<'a> {
    fn from(values: &'a [u8]) -> Self {
        Self::U8(values)
    }
}

impl<'a> From<&'a Vec<u8>> for Values<'a> {
    fn from(values: &'a Vec<u8>) -> Self {
        Self::U8(values)
    }
}

impl<'a> From<&'a [f32]> for Values<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self::F32(values)
    }
}

impl<'a> From<&'a Vec<f32>> for Values<'a> {
    fn from(values: &'a Vec<f32>) -> Self {
        Self::F32(values)
    }
}

/// Returns the number that each byte stands for when it is divided by `scale`.
pub const fn dequantization(scale: f32) -> [f32; 256] {
    let mut values = [0.0; 256];
    let mut byte = 0;
    while byte < values.len() {
        values[byte] = byte as f32 / scale;
        byte += 1;
    }
    values
}
