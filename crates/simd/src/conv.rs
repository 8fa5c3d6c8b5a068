//! Two-dimensional convolution (cross-correlation, as in every framework) and its two gradients. Each is computed in one of
//! two ways, whichever takes fewer operations: [`winograd`] for windows of 3x3 that move by single pixels over enough
//! channels, [`direct`] for all else.
//!
//! Layouts: input `[N,H,W,Cin]`, kernel `[KH,KW,Cin,Cout]`, output `[N,OH,OW,Cout]`.

pub mod direct;
mod geometry;
pub mod winograd;

pub use geometry::ConvGeometry;

/// Called once on each finished run of an output's values, with its offset.
pub type Finish<'a> = dyn FnMut(&mut [f32], usize) + 'a;

/// How a convolution and its gradients are computed. Choose by the geometry of a whole batch: parts of it then have the bits
/// that they have in the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Direct,
    Winograd,
}

impl Way {
    /// The faster one.
    pub fn of(geometry: &ConvGeometry) -> Self {
        if winograd::pays(geometry) { Self::Winograd } else { Self::Direct }
    }
}

/// The convolution. Calls `finish` once on each finished run of output pixels with its offset.
pub fn conv2d(
    way: Way,
    geometry: &ConvGeometry,
    input: &[f32],
    kernel: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    finish: &mut Finish<'_>,
) {
    let way = match way {
        Way::Direct => direct::conv2d,
        Way::Winograd => winograd::conv2d,
    };
    way(geometry, input, kernel, output, scratch, finish);
}

/// The gradient with respect to the input: each pixel's sum over the output pixels that saw it. Calls `finish` once on each
/// finished run of images with its offset.
pub fn conv2d_input_gradient(
    way: Way,
    geometry: &ConvGeometry,
    gradient: &[f32],
    kernel: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    finish: &mut Finish<'_>,
) {
    let way = match way {
        Way::Direct => direct::conv2d_input_gradient,
        Way::Winograd => winograd::conv2d_input_gradient,
    };
    way(geometry, gradient, kernel, output, scratch, finish);
}

/// How many images [`conv2d_kernel_gradient`] sums at a time.
pub fn kernel_gradient_block_images(way: Way, geometry: &ConvGeometry) -> usize {
    let way = match way {
        Way::Direct => direct::kernel_gradient_block_images,
        Way::Winograd => winograd::block_images,
    };
    way(geometry)
}

/// The gradient with respect to the kernel, summed over the pixels of all images in their order; added to `output` where
/// `accumulate` says so.
///
/// Images may come in several calls with the geometry of all of them, each but the last with a multiple of
/// [`kernel_gradient_block_images`]; the result is then that of one call to the last bit.
pub fn conv2d_kernel_gradient(
    way: Way,
    geometry: &ConvGeometry,
    input: &[f32],
    gradient: &[f32],
    output: &mut [f32],
    scratch: &mut Vec<f32>,
    accumulate: bool,
) {
    let way = match way {
        Way::Direct => direct::conv2d_kernel_gradient,
        Way::Winograd => winograd::conv2d_kernel_gradient,
    };
    way(geometry, input, gradient, output, scratch, accumulate);
}
