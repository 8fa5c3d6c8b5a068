//! Windows that slide over images: padding and output extents, as in Keras, for convolution and pooling.

use crate::error::{GraphError, Result};
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
            return Err(GraphError::SizeZero { op: op.to_owned(), extent, window, stride, dilation }.into());
        }
        // Use 64 bits: a window's length times its dilation may not fit the browser's 32.
        let span = (window as u64 - 1) * dilation as u64 + 1;
        match self {
            Padding::Valid if span > extent as u64 => {
                Err(GraphError::WindowTooLarge { op: op.to_owned(), extent, window: span }.into())
            }
            Padding::Valid => Ok(Axis { outputs: (extent - span as usize) / stride + 1, pad_before: 0 }),
            Padding::Same => {
                let outputs = extent.div_ceil(stride);
                let reach = (outputs as u64 - 1) * stride as u64 + span;
                Ok(Axis { outputs, pad_before: (reach.saturating_sub(extent as u64) / 2) as usize })
            }
        }
    }
}

/// Returns the extents of images, an `f32` tensor `[N,H,W,C]`.
///
/// # Errors
/// If the tensor has another type or rank.
pub fn image_extents(op: &str, tensor_type: &TensorType) -> Result<[usize; 4]> {
    rank_4(tensor_type).ok_or_else(|| GraphError::NotImages { op: op.to_owned(), got: tensor_type.to_string() }.into())
}

/// Returns the extents of a kernel, an `f32` tensor `[KH,KW,Cin,Cout]`.
///
/// # Errors
/// If the tensor has another type or rank.
pub fn kernel_extents(op: &str, tensor_type: &TensorType) -> Result<[usize; 4]> {
    rank_4(tensor_type).ok_or_else(|| GraphError::NotKernel { op: op.to_owned(), got: tensor_type.to_string() }.into())
}

fn rank_4(tensor_type: &TensorType) -> Option<[usize; 4]> {
    match *tensor_type.shape.dims() {
        [a, b, c, d] if tensor_type.dtype == DType::F32 => Some([a, b, c, d]),
        _ => None,
    }
}

/// Checks that an input of a gradient has the shape that follows from the others.
///
/// # Errors
/// If it has not.
pub fn expect_shape(op: &str, tensor_type: &TensorType, shape: &Shape) -> Result<()> {
    if tensor_type.shape == *shape && tensor_type.dtype == DType::F32 {
        return Ok(());
    }
    let expected = TensorType::f32(shape.clone()).to_string();
    Err(GraphError::WrongGradientInput { op: op.to_owned(), expected, got: tensor_type.to_string() }.into())
}

/// Returns the inputs of an op that takes a fixed number.
///
/// # Errors
/// If there are more or fewer.
pub fn inputs<'a, const COUNT: usize>(op: &str, inputs: &[&'a TensorType]) -> Result<[&'a TensorType; COUNT]> {
    inputs
        .try_into()
        .map_err(|_| GraphError::InputCount { op: op.to_owned(), expected: COUNT, got: inputs.len() }.into())
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
