//! Packing of right operands into panels of 8 columns, `[columns / 8 rounded up][K][8]`, padded with zeros.

use super::lanes::F32x4;

/// Columns of a panel, and of the microkernel.
pub const PANEL: usize = 8;

/// Returns the number of words that `steps` rows of `columns` take when packed.
pub fn packed_len(steps: usize, columns: usize) -> usize {
    columns.div_ceil(PANEL) * steps * PANEL
}

/// Packs the rows `[K, columns]` that start `row_stride` words apart.
pub fn pack_rows(rows: &[f32], row_stride: usize, steps: usize, columns: usize, packed: &mut [f32]) {
    for (index, panel) in packed[..packed_len(steps, columns)].chunks_exact_mut(steps.max(1) * PANEL).enumerate() {
        let first = index * PANEL;
        let width = PANEL.min(columns - first);
        if width == PANEL {
            for (step, target) in panel.chunks_exact_mut(PANEL).enumerate() {
                let source = &rows[step * row_stride + first..][..PANEL];
                F32x4::load(source).store(target);
                F32x4::load(&source[4..]).store(&mut target[4..]);
            }
        } else {
            for (step, target) in panel.chunks_exact_mut(PANEL).enumerate() {
                target[..width].copy_from_slice(&rows[step * row_stride + first..][..width]);
                target[width..].fill(0.0);
            }
        }
    }
}

/// Packs the transpose of the rows `[columns, K]` that start `row_stride` words apart.
pub fn pack_transposed(rows: &[f32], row_stride: usize, steps: usize, columns: usize, packed: &mut [f32]) {
    for (index, panel) in packed[..packed_len(steps, columns)].chunks_exact_mut(steps.max(1) * PANEL).enumerate() {
        let first = index * PANEL;
        let width = PANEL.min(columns - first);
        if width < PANEL {
            panel.fill(0.0);
        }
        for column in 0..width {
            let source = &rows[(first + column) * row_stride..][..steps];
            for (target, &value) in panel[column..].iter_mut().step_by(PANEL).zip(source) {
                *target = value;
            }
        }
    }
}
