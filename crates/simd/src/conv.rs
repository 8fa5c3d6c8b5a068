//! Two-dimensional convolution (cross-correlation, as in every framework) and its two gradients. Two algorithms compute
//! them, and the one with fewer operations is used: [`winograd`] for windows of 3x3 with stride 1 over enough channels,
//! [`direct`] for everything else.
//!
//! Layouts: input `[N,H,W,Cin]`, kernel `[KH,KW,Cin,Cout]`, output `[N,OH,OW,Cout]`.

pub mod direct;
mod geometry;
pub mod winograd;

pub use geometry::ConvGeometry;

/// Callback for each finished run of an output's values, with the run's offset; called once per run.
pub type Finish<'a> = dyn FnMut(&mut [f32], usize) + 'a;

/// Algorithm of a convolution and its gradients. Choose it by the geometry of the whole batch: parts of the batch then
/// have the same bits as in the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Direct,
    Winograd,
}

impl Way {
    /// Chooses the faster algorithm.
    pub fn of(geometry: &ConvGeometry) -> Self {
        if winograd::pays(geometry) { Self::Winograd } else { Self::Direct }
    }
}

/// Computes the convolution. Calls `finish` once on each finished run of output pixels, with its offset.
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

/// Computes the gradient with respect to the input: for each pixel, the sum over the output pixels whose windows
/// contain it. Calls `finish` once on each finished run of images, with its offset.
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

/// Returns the number of images that [`conv2d_kernel_gradient`] sums at a time.
pub fn kernel_gradient_block_images(way: Way, geometry: &ConvGeometry) -> usize {
    let way = match way {
        Way::Direct => direct::kernel_gradient_block_images,
        Way::Winograd => winograd::block_images,
    };
    way(geometry)
}

/// Computes the gradient with respect to the kernel, summed over the pixels of all images in their order. With
/// `accumulate` the result is added to `output`.
///
/// The images may be divided over several calls, all with the geometry of the whole batch, each but the last with a
/// multiple of [`kernel_gradient_block_images`] images. The result is then the same as that of one call, to the last
/// bit.
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
