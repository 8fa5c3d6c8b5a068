//! Windows that slide over images: padding and output extents, as in Keras, for convolution and pooling.

use crate::error::{Error, Result};
use crate::tensor::{DType, Shape, TensorType};

/// Treatment of an image's borders.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Padding {
    /// Windows lie inside the image: `(extent - window) / stride + 1` of them, rounded down.
    Valid,
    /// `extent / stride` windows, rounded up. The necessary padding is halved; the odd pixel goes to the end.
    Same,
}

impl std::fmt::Display for Padding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Padding::Valid => "valid",
            Padding::Same => "same",
        })
    }
}

/// Windows along one axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axis {
    /// Number of windows.
    pub outputs: usize,
    /// Padding before the first pixel.
    pub pad_before: usize,
}

impl Padding {
    /// Computes the windows of `window` pixels, `dilation` apart, along an axis of `extent` pixels.
    ///
    /// # Errors
    /// If a size is 0, or the window is longer than the axis without padding.
    pub fn axis(self, op: &str, extent: usize, window: usize, stride: usize, dilation: usize) -> Result<Axis> {
        if extent == 0 || window == 0 || stride == 0 || dilation == 0 {
            return Err(Error::new("size-zero", op)
                .expected("sizes, strides and dilations of at least 1")
                .got(format!("extent {extent}, window {window}, stride {stride}, dilation {dilation}")));
        }
        // Use 64 bits: a window's length times its dilation may not fit the browser's 32.
        let span = (window as u64 - 1) * dilation as u64 + 1;
        match self {
            Padding::Valid if span > extent as u64 => Err(Error::new("window-too-large", op)
                .expected(format!("a window of at most {extent} pixels"))
                .got(format!("{span}"))
                .hint("Make the window smaller, use padding \"same\", or remove a pooling before it.")),
            Padding::Valid => Ok(Axis { outputs: (extent - span as usize) / stride + 1, pad_before: 0 }),
            Padding::Same => {
                let outputs = extent.div_ceil(stride);
                let reach = (outputs as u64 - 1) * stride as u64 + span;
                Ok(Axis { outputs, pad_before: (reach.saturating_sub(extent as u64) / 2) as usize })
            }
        }
    }
}

/// Returns the extents of an `f32` tensor of rank 4, such as `[N,H,W,C]`.
///
/// # Errors
/// If the tensor has another type or rank.
pub fn rank_4(op: &str, what: &str, tensor_type: &TensorType) -> Result<[usize; 4]> {
    match *tensor_type.shape.dims() {
        [a, b, c, d] if tensor_type.dtype == DType::F32 => Ok([a, b, c, d]),
        _ => Err(Error::new("shape-mismatch", op)
            .expected(format!("{what} as an f32 tensor of rank 4"))
            .got(tensor_type.to_string())),
    }
}

/// Checks that the tensor's shape is the one that follows from the others.
///
/// # Errors
/// If it is not.
pub fn expect_shape(op: &str, what: &str, tensor_type: &TensorType, shape: &Shape) -> Result<()> {
    if tensor_type.shape == *shape && tensor_type.dtype == DType::F32 {
        return Ok(());
    }
    Err(Error::new("shape-mismatch", op).expected(format!("{what} f32{shape}")).got(tensor_type.to_string()))
}

/// Returns the inputs of an op that takes a fixed number.
///
/// # Errors
/// If there are more or fewer.
pub fn inputs<'a, const COUNT: usize>(op: &str, inputs: &[&'a TensorType]) -> Result<[&'a TensorType; COUNT]> {
    inputs
        .try_into()
        .map_err(|_| Error::new("input-count", op).expected(format!("{COUNT} inputs")).got(inputs.len().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_follow_keras() {
        let axis = |padding: Padding, extent, window, stride, dilation| {
            let axis = padding.axis("conv2d", extent, window, stride, dilation).unwrap();
            (axis.outputs, axis.pad_before)
        };
        assert_eq!(axis(Padding::Valid, 28, 3, 1, 1), (26, 0));
        assert_eq!(axis(Padding::Valid, 11, 2, 2, 1), (5, 0));
        assert_eq!(axis(Padding::Valid, 7, 3, 1, 3), (1, 0));
        assert_eq!(axis(Padding::Same, 28, 3, 1, 1), (28, 1));
        // The odd pixel of padding goes to the end.
        assert_eq!(axis(Padding::Same, 28, 3, 2, 1), (14, 0));
        assert_eq!(axis(Padding::Same, 5, 2, 3, 1), (2, 0));
        assert_eq!(axis(Padding::Same, 5, 5, 1, 2), (5, 4));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(Padding::Valid.axis("conv2d", 4, 5, 1, 1).unwrap_err().code, "window-too-large");
        assert_eq!(Padding::Same.axis("conv2d", 4, 5, 0, 1).unwrap_err().code, "size-zero");
        assert_eq!(Padding::Valid.axis("conv2d", 4, usize::MAX / 2, 1, 2).unwrap_err().code, "window-too-large");
    }
}
