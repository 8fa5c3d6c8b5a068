//! Shapes, element types and tensors in host memory.
//!
//! This is the lowest layer of the crate: it knows neither graphs, ops nor devices.

use std::fmt;

use smallvec::SmallVec;

/// Extents of a tensor, outermost first: `[N,H,W,C]` for images, `[N,features]` for vectors, `[]` for a scalar.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// Makes the shape of a single number, `[]`.
    pub fn scalar() -> Self {
        Self::default()
    }

    /// Returns the number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Returns the number of elements: the product of all extents, 1 for a scalar.
    pub fn len(&self) -> usize {
        self.0.iter().product()
    }

    /// Returns true if the tensor has no element (an extent is 0).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the extents.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// Returns the extent of the innermost axis, 1 for a scalar.
    pub fn last(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }

    /// Returns the row-major strides in elements.
    pub fn strides(&self) -> SmallVec<[usize; 4]> {
        let mut strides: SmallVec<[usize; 4]> = SmallVec::from_elem(1, self.rank());
        for axis in (0..self.rank().saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1] * self.0[axis + 1];
        }
        strides
    }

    /// Applies numpy's broadcasting rules to two operands; `None` if the shapes do not fit.
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let extent =
            |shape: &Shape, axis: usize| (axis + shape.rank()).checked_sub(rank).map_or(1, |axis| shape.0[axis]);
        (0..rank)
            .map(|axis| match (extent(self, axis), extent(other, axis)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                _ => None,
            })
            .collect::<Option<SmallVec<[usize; 4]>>>()
            .map(Shape)
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self(SmallVec::from_slice(dims))
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Self(SmallVec::from_vec(dims))
    }
}

impl<const RANK: usize> From<[usize; RANK]> for Shape {
    fn from(dims: [usize; RANK]) -> Self {
        Self(SmallVec::from_slice(&dims))
    }
}

impl std::ops::Index<usize> for Shape {
    type Output = usize;

    fn index(&self, axis: usize) -> &usize {
        &self.0[axis]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, extent) in self.0.iter().enumerate() {
            if axis > 0 {
                f.write_str(",")?;
            }
            write!(f, "{extent}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Type of a tensor's elements. Every element takes four bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DType {
    /// IEEE single precision, for activations, weights and gradients.
    F32,
    /// Signed integers, for labels, indices and the state of the random number generator.
    I32,
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DType::F32 => "f32",
            DType::I32 => "i32",
        })
    }
}

/// Shape and element type of a tensor.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TensorType {
    pub shape: Shape,
    pub dtype: DType,
}

impl TensorType {
    pub fn f32(shape: impl Into<Shape>) -> Self {
        Self { shape: shape.into(), dtype: DType::F32 }
    }

    pub fn i32(shape: impl Into<Shape>) -> Self {
        Self { shape: shape.into(), dtype: DType::I32 }
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}

impl fmt::Debug for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Tensor in host memory, row-major.
///
/// Elements are stored as `f32` words whatever the element type, so that every buffer of the CPU backend has one type.
/// An `I32` tensor stores its integers bit for bit; [`HostTensor::i32s`] views them as integers.
#[derive(Clone, PartialEq, Debug)]
pub struct HostTensor {
    tensor_type: TensorType,
    words: Vec<f32>,
}

impl HostTensor {
    /// Makes a tensor of `f32`; `None` if the number of values does not fit the shape.
    pub fn f32(shape: impl Into<Shape>, values: Vec<f32>) -> Option<Self> {
        let tensor_type = TensorType::f32(shape);
        (tensor_type.shape.len() == values.len()).then_some(Self { tensor_type, words: values })
    }

    /// Makes a tensor of `i32`; `None` if the number of values does not fit the shape.
    pub fn i32(shape: impl Into<Shape>, values: &[i32]) -> Option<Self> {
        let tensor_type = TensorType::i32(shape);
        (tensor_type.shape.len() == values.len())
            .then(|| Self { tensor_type, words: bytemuck::cast_slice(values).to_vec() })
    }

    /// Makes a scalar of `f32`, shape `[]`.
    pub fn scalar(value: f32) -> Self {
        Self { tensor_type: TensorType::f32([]), words: vec![value] }
    }

    /// Makes a tensor of zeros (of either element type).
    pub fn zeros(tensor_type: TensorType) -> Self {
        let words = vec![0.0; tensor_type.shape.len()];
        Self { tensor_type, words }
    }

    /// Makes a tensor from raw words; `None` if their number does not fit the shape.
    pub fn from_words(tensor_type: TensorType, words: Vec<f32>) -> Option<Self> {
        (tensor_type.shape.len() == words.len()).then_some(Self { tensor_type, words })
    }

    pub fn tensor_type(&self) -> &TensorType {
        &self.tensor_type
    }

    pub fn shape(&self) -> &Shape {
        &self.tensor_type.shape
    }

    pub fn dtype(&self) -> DType {
        self.tensor_type.dtype
    }

    /// Returns the values of an `F32` tensor, or the raw words of an `I32` one.
    pub fn words(&self) -> &[f32] {
        &self.words
    }

    pub fn words_mut(&mut self) -> &mut [f32] {
        &mut self.words
    }

    pub fn into_words(self) -> Vec<f32> {
        self.words
    }

    /// Returns the values of an `I32` tensor.
    pub fn i32s(&self) -> &[i32] {
        bytemuck::cast_slice(&self.words)
    }
}

/// Returns the place of an index in a tensor of this shape: `[row, column, channel]`.
pub fn place(shape: &[usize], index: usize) -> Vec<usize> {
    let mut rest = index;
    let mut place: Vec<usize> = shape
        .iter()
        .rev()
        .map(|extent| {
            let at = rest % (*extent).max(1);
            rest /= (*extent).max(1);
            at
        })
        .collect();
    place.reverse();
    place
}

/// Returns the inverse of [`place`].
pub fn index(shape: &[usize], place: &[usize]) -> usize {
    shape.iter().zip(place).fold(0, |index, (extent, at)| index * extent + at)
}

/// Formats a number as people write it: `0.001`, `1e-7`, `30`.
pub fn number_text(number: f64) -> String {
    if number != 0.0 && !(1e-6..1e21).contains(&number.abs()) { format!("{number:e}") } else { number.to_string() }
}

/// Formats a constant for the printed forms of graphs and plans.
pub fn constant_text(number: f32) -> String {
    format!("{number:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_indices_are_inverse() {
        assert_eq!(place(&[3, 4, 5], 37), [1, 3, 2]);
        assert_eq!(index(&[3, 4, 5], &[1, 3, 2]), 37);
        assert!((0..60).all(|at| index(&[3, 4, 5], &place(&[3, 4, 5], at)) == at));
    }
}
