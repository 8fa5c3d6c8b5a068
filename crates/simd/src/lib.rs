//! SIMD kernels on plain slices: vectors of four lanes, one packed matrix product, and convolution, pooling and
//! reductions built on them.
//!
//! This is the lowest layer of chalkgrad; it knows neither tensors nor graphs. The same code runs as WebAssembly SIMD
//! and natively, and gives the same bits on both (without relaxed SIMD). It is a crate of its own so that `unsafe` code
//! has one place, and so that it can always be optimised for speed. For that reason public functions are not generic: a
//! generic function is compiled with the caller's options.
//!
//! All products go through one microkernel, [`gemm`]: 4 rows by 8 columns, the left operand *gathered* (element `(row,
//! k)` lies at `row_offsets[row] + step_offsets[k]`), the right one packed into panels of 8 columns. Because offsets
//! are tables, the same loop computes a matrix product of any transposition, an implicit convolution (no im2col) and
//! both of its gradients.
//!
//! No function allocates once its scratch, a `Vec<f32>` that the caller keeps between calls, has grown.
//!
//! 3x3 convolutions over many channels use Winograd's transforms ([`conv::winograd`]), which need a third to a quarter
//! of the products.
//!
//! `unsafe` is confined to [`lanes`] (intrinsics and raw loads), [`gemm`] (unchecked loads after one check of the
//! tables' maxima), [`conv::winograd`], [`pool`] and [`elementwise`] (the same for squares of vectors, windows and blocks).

pub mod conv;
pub mod elementwise;
pub mod gemm;
pub mod lanes;
pub mod math;
pub mod matmul;
pub mod pack;
pub mod pool;
pub mod recurrent;
pub mod reduce;
pub mod reference;

/// Returns at least `words` words of working memory with unspecified content.
pub fn reserve(scratch: &mut Vec<f32>, words: usize) -> &mut [f32] {
    if scratch.len() < words {
        scratch.resize(words, 0.0);
    }
    &mut scratch[..words]
}

/// Splits working memory into parts of these lengths.
pub(crate) fn split<const PARTS: usize>(mut words: &mut [f32], lengths: [usize; PARTS]) -> [&mut [f32]; PARTS] {
    lengths.map(|length| {
        let (part, rest) = std::mem::take(&mut words).split_at_mut(length);
        words = rest;
        part
    })
}
