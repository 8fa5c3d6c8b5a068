//! Extents of a convolution, and the positions of its windows.

use crate::gemm::TILE_ROWS;

/// Extents of a convolution. Padding at the bottom and right follows from the output's extents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub in_channels: usize,
    pub kernel_height: usize,
    pub kernel_width: usize,
    pub out_height: usize,
    pub out_width: usize,
    pub out_channels: usize,
    pub stride_height: usize,
    pub stride_width: usize,
    pub dilation_height: usize,
    pub dilation_width: usize,
    pub pad_top: usize,
    pub pad_left: usize,
}

impl ConvGeometry {
    /// Returns the steps of the forward product: `KH * KW * Cin`.
    pub(super) fn steps(&self) -> usize {
        self.kernel_height * self.kernel_width * self.in_channels
    }

    /// Returns the pixels of one output image.
    pub(super) fn out_pixels(&self) -> usize {
        self.out_height * self.out_width
    }

    pub(super) fn image_words(&self) -> usize {
        self.height * self.width * self.in_channels
    }

    /// Returns the extents of the part of the plane that windows reach, at least the image itself: `(height, width)`.
    pub(super) fn padded_extents(&self) -> (usize, usize) {
        let reach = |outputs: usize, stride: usize, kernel: usize, dilation: usize| {
            outputs.saturating_sub(1) * stride + (kernel - 1) * dilation + 1
        };
        let height = reach(self.out_height, self.stride_height, self.kernel_height, self.dilation_height);
        let width = reach(self.out_width, self.stride_width, self.kernel_width, self.dilation_width);
        (height.max(self.pad_top + self.height), width.max(self.pad_left + self.width))
    }

    pub(super) fn is_padded(&self) -> bool {
        self.padded_extents() != (self.height, self.width)
    }

    /// Returns the images per block: enough pixels for the cache blocks, and if possible a whole number of tiles.
    pub(super) fn block_images(&self, pixels: usize) -> usize {
        let out_pixels = self.out_pixels().max(1);
        let whole = (1..=TILE_ROWS).find(|count| (count * out_pixels).is_multiple_of(TILE_ROWS)).unwrap_or(TILE_ROWS);
        (whole * pixels.div_ceil(whole * out_pixels)).min(self.batch).max(1)
    }

    /// Fills in the offsets of the window's `KH * KW * Cin` elements from its first one, in the order of the kernel.
    pub(super) fn window_offsets(&self, width: usize, offsets: &mut [u32]) {
        let mut offsets = offsets.iter_mut();
        for kh in 0..self.kernel_height {
            for kw in 0..self.kernel_width {
                let first = (kh * self.dilation_height * width + kw * self.dilation_width) * self.in_channels;
                for (channel, offset) in (0..self.in_channels).zip(&mut offsets) {
                    *offset = (first + channel) as u32;
                }
            }
        }
    }

    /// Fills in the offsets of the first element of every output pixel's window, for several images.
    pub(super) fn pixel_offsets(&self, height: usize, width: usize, offsets: &mut [u32]) {
        let out_pixels = self.out_pixels();
        for (image, offsets) in offsets.chunks_exact_mut(out_pixels).enumerate() {
            for (row, offsets) in offsets.chunks_exact_mut(self.out_width).enumerate() {
                let first = (image * height + row * self.stride_height) * width;
                for (column, offset) in offsets.iter_mut().enumerate() {
                    *offset = ((first + column * self.stride_width) * self.in_channels) as u32;
                }
            }
        }
    }

    /// Copies images into planes with a border of zeros. The caller has zeroed the planes.
    pub(super) fn copy_padded(&self, images: &[f32], height: usize, width: usize, padded: &mut [f32]) {
        let row_words = self.width * self.in_channels;
        for (index, row) in images.chunks_exact(row_words).enumerate() {
            let (image, y) = (index / self.height, index % self.height);
            let start = ((image * height + y + self.pad_top) * width + self.pad_left) * self.in_channels;
            padded[start..][..row_words].copy_from_slice(row);
        }
    }
}
