//! CPU kernels: blocks of examples go through all steps, one block after the other.
//!
//! The parts of a run are stretches of (block, step). What a part needs of the step before it is in the output, so a run can
//! stop between any two steps. The kernel is packed once per part.

use super::cell::CellKind;
use super::{Cell, Extents, Recurrent};
use crate::ir::{CpuCall, KernelPart};
use crate::simd::gemm::{BLOCK_ROWS, Product, gemm};
use crate::simd::pack::{pack_rows, pack_transposed, packed_len};
use crate::simd::{recurrent, reserve};
use crate::tensor::TensorType;

/// One block of examples at one step.
#[derive(Clone, Copy)]
struct Visit {
    first: usize,
    rows: usize,
    /// Counted in the order in which the cell runs.
    step: usize,
    is_first_of_part: bool,
}

/// Returns the visits of a part. `reversed`: the last step comes first.
fn visits(extents: Extents, part: KernelPart, reversed: bool) -> impl Iterator<Item = Visit> {
    let Extents { batch, steps, .. } = extents;
    let own = part.of(batch.div_ceil(BLOCK_ROWS) * steps);
    let start = own.start;
    own.map(move |at| {
        let (block, step) = (at / steps, at % steps);
        let first = block * BLOCK_ROWS;
        let step = if reversed { steps - 1 - step } else { step };
        Visit { first, rows: BLOCK_ROWS.min(batch - first), step, is_first_of_part: at == start }
    })
}

/// Splits working memory into a number of stretches.
fn stretches<const COUNT: usize>(scratch: &mut Vec<f32>, lengths: [usize; COUNT]) -> [&mut [f32]; COUNT] {
    let mut rest = reserve(scratch, lengths.iter().sum());
    lengths.map(|length| {
        let (own, after) = std::mem::take(&mut rest).split_at_mut(length);
        rest = after;
        own
    })
}

/// Offsets of the rows and steps of a product.
struct Tables<'a> {
    rows: &'a mut [u32],
    results: &'a mut [u32],
    steps: &'a mut [u32],
}

impl<'a> Tables<'a> {
    const fn words(units: usize) -> usize {
        2 * BLOCK_ROWS + units
    }

    fn new(words: &'a mut [f32]) -> Self {
        let (rows, rest) = bytemuck::cast_slice_mut(words).split_at_mut(BLOCK_ROWS);
        let (results, steps) = rest.split_at_mut(BLOCK_ROWS);
        Self { rows, results, steps }
    }

    /// Adds the product of `rows` of A, `a_stride` words apart, with a packed square matrix to the rows of C.
    fn add_product(
        &mut self,
        rows: usize,
        (a, a_stride): (&[f32], usize),
        packed: &[f32],
        (c, c_stride): (&mut [f32], usize),
    ) {
        let units = self.steps.len();
        for (row, (a_row, c_row)) in self.rows.iter_mut().zip(self.results.iter_mut()).enumerate().take(rows) {
            (*a_row, *c_row) = ((row * a_stride) as u32, (row * c_stride) as u32);
        }
        (0..).zip(self.steps.iter_mut()).for_each(|(at, step)| *step = at);
        let product = Product {
            a,
            a_rows: &self.rows[..rows],
            a_steps: self.steps,
            b: packed,
            c_rows: &self.results[..rows],
            columns: units,
            accumulate: true,
        };
        gemm(&product, c);
    }
}

/// Computes what a cell keeps of each step.
pub(super) fn forward(op: &Recurrent, call: &mut CpuCall<'_>) {
    // `infer` has checked the types.
    let Ok(extents) = op.extents("recurrent", call.input_types) else { return };
    let Extents { steps, units, .. } = extents;
    let (cell, places) = (op.cell, op.places(2));
    let (gates, kept, sum_count) = (cell.gates(), cell.kept(), cell.sums());
    let packed_gate = packed_len(units, units);
    let block = BLOCK_ROWS * units;
    let lengths = [gates * packed_gate, sum_count * block, block, block, block, Tables::words(units)];
    let [packed, sums, states, carries, seen, tables] = stretches(call.scratch, lengths);
    let mut tables = Tables::new(tables);
    let (projected, kernel) = (call.inputs[0], call.inputs[1]);
    let bias = places.bias.map(|at| call.inputs[at]);
    let factors = places.factors.map(|at| call.inputs[at]);
    let mask = places.mask.map(|at| call.inputs[at]);
    let mut is_packed = false;
    for Visit { first, rows, step, is_first_of_part } in visits(extents, call.part, false) {
        let place = extents.place(op.backwards, step);
        let row_of = |row: usize, place: usize| (first + row) * steps + place;
        if step == 0 {
            states.fill(0.0);
            carries.fill(0.0);
        } else if is_first_of_part {
            let before = extents.place(op.backwards, step - 1);
            for row in 0..rows {
                let own = &call.output[row_of(row, before) * kept * units..][..kept * units];
                copy_kept(cell, units, own, &mut states[row * units..], &mut carries[row * units..]);
            }
        }
        if !is_packed {
            is_packed = true;
            for (gate, packed) in packed.chunks_exact_mut(packed_gate).enumerate() {
                pack_rows(&kernel[gate * units..], gates * units, units, units, packed);
            }
        }
        let width = sum_count * units;
        for (row, sums) in sums.chunks_exact_mut(width).enumerate().take(rows) {
            let own = &projected[row_of(row, place) * gates * units..][..gates * units];
            begin_sums(units, own, bias, sums);
        }
        // Before the first step the state is zero, and so are the products.
        let sees_state = |gate: usize| step > 0 && !(cell.resets_before() && gate == 2);
        for (gate, packed) in packed.chunks_exact(packed_gate).enumerate().filter(|(gate, _)| sees_state(*gate)) {
            let left: &[f32] = match factors {
                Some(factors) => {
                    for row in 0..rows {
                        let own = &factors[((first + row) * gates + gate) * units..][..units];
                        recurrent::scale(&mut seen[row * units..][..units], &states[row * units..][..units], own);
                    }
                    seen
                }
                None => states,
            };
            tables.add_product(rows, (left, units), packed, (&mut sums[cell.sum_of(gate) * units..], width));
        }
        if cell.resets_before() {
            for row in 0..rows {
                let state = &states[row * units..][..units];
                let seen = &mut seen[row * units..][..units];
                match factors {
                    Some(factors) => {
                        recurrent::scale(seen, state, &factors[((first + row) * gates + 2) * units..][..units])
                    }
                    None => seen.copy_from_slice(state),
                }
                let own = &mut call.output[row_of(row, place) * kept * units..][..kept * units];
                recurrent::gru_gates(units, cell.functions, &sums[row * width..][..width], seen, own);
                seen.copy_from_slice(&own[3 * units..][..units]);
            }
            if step > 0 {
                tables.add_product(rows, (seen, units), &packed[2 * packed_gate..], (&mut sums[2 * units..], width));
            }
        }
        for row in 0..rows {
            let own = &mut call.output[row_of(row, place) * kept * units..][..kept * units];
            let (state, carry) = (&mut states[row * units..][..units], &mut carries[row * units..][..units]);
            if mask.is_some_and(|mask| mask[row_of(row, place)] == 0.0) {
                own.fill(0.0);
                own[(kept - 1) * units..].copy_from_slice(state);
                if let Some(at) = cell.carry() {
                    own[at * units..][..units].copy_from_slice(carry);
                }
                continue;
            }
            let sums = &sums[row * width..][..width];
            match cell.kind {
                CellKind::Simple => {
                    own.copy_from_slice(sums);
                    recurrent::simple(units, cell.functions.state, own);
                }
                CellKind::Lstm => recurrent::lstm(units, cell.functions, sums, carry, own),
                CellKind::Gru { reset_after: true } => {
                    recurrent::gru_reset_after(units, cell.functions, sums, state, own)
                }
                CellKind::Gru { reset_after: false } => {
                    recurrent::gru_state(units, cell.functions, &sums[2 * units..], state, own)
                }
            }
            copy_kept(cell, units, own, state, carry);
        }
    }
}

/// Writes what the sums of a row start with: the projected input, and the recurrent bias.
fn begin_sums(units: usize, projected: &[f32], bias: Option<&[f32]>, sums: &mut [f32]) {
    let (own, inner) = sums.split_at_mut(projected.len());
    own.copy_from_slice(projected);
    match bias {
        Some(bias) => {
            recurrent::add(&mut own[..2 * units], bias);
            inner.copy_from_slice(&bias[2 * units..][..inner.len()]);
        }
        None => inner.fill(0.0),
    }
}

/// Copies state and carry out of what a cell keeps of a step.
fn copy_kept(cell: Cell, units: usize, kept: &[f32], state: &mut [f32], carry: &mut [f32]) {
    state[..units].copy_from_slice(&kept[(cell.kept() - 1) * units..]);
    if let Some(at) = cell.carry() {
        carry[..units].copy_from_slice(&kept[at * units..][..units]);
    }
}

/// Computes the gradients of each step.
pub(super) fn backward(op: &Recurrent, call: &mut CpuCall<'_>) {
    let [kept_type, kernel_type, ..] = call.input_types else { return };
    let (cell, places) = (op.cell, op.places(3));
    let (gates, kept, adjoints) = (cell.gates(), cell.kept(), cell.adjoints());
    let Some(extents) = extents(kept_type, kernel_type) else { return };
    let Extents { steps, units, .. } = extents;
    let packed_gate = packed_len(units, units);
    let block = BLOCK_ROWS * units;
    let lengths = [gates * packed_gate, block, block, block, units, units, units, Tables::words(units)];
    let [packed, before, carries_before, product, zeros, seen, seen_gradient, tables] =
        stretches(call.scratch, lengths);
    let mut tables = Tables::new(tables);
    zeros.fill(0.0);
    let (saved, kernel, upstream) = (call.inputs[0], call.inputs[1], call.inputs[2]);
    let factors = places.factors.map(|at| call.inputs[at]);
    let mask = places.mask.map(|at| call.inputs[at]);
    let mut is_packed = false;
    for Visit { first, rows, step, .. } in visits(extents, call.part, true) {
        if !is_packed {
            is_packed = true;
            for (gate, packed) in packed.chunks_exact_mut(packed_gate).enumerate() {
                pack_transposed(&kernel[gate * units..], gates * units, units, units, packed);
            }
        }
        let place = extents.place(op.backwards, step);
        let place_before = step.checked_sub(1).map(|step| extents.place(op.backwards, step));
        let row_of = |row: usize, place: usize| (first + row) * steps + place;
        // The part of what the cell kept of the step before.
        let kept_before = |row: usize, part: usize| match place_before {
            Some(place) => &saved[(row_of(row, place) * kept + part) * units..][..units],
            None => &*zeros,
        };
        let factors_of =
            |row: usize, gate: usize| factors.map(|own| &own[((first + row) * gates + gate) * units..][..units]);
        let is_masked = |row: usize| mask.is_some_and(|mask| mask[row_of(row, place)] == 0.0);
        let width = adjoints * units;
        for row in 0..rows {
            let own = &mut call.output[row_of(row, place) * width..][..width];
            let saved = &saved[row_of(row, place) * kept * units..][..kept * units];
            let upstream = &upstream[row_of(row, place) * kept * units..][..kept * units];
            let before = &mut before[row * units..][..units];
            let carry_before = &mut carries_before[row * units..][..units];
            if step + 1 == steps {
                // Nothing comes from later steps.
                own[gates * units..].fill(0.0);
            }
            if is_masked(row) {
                pass_masked(cell, units, upstream, own, before, carry_before);
                continue;
            }
            match cell.kind {
                CellKind::Simple => {
                    recurrent::simple_gradient(units, cell.functions.state, saved, upstream, own);
                    before.fill(0.0);
                }
                CellKind::Lstm => {
                    let carry = kept_before(row, 4);
                    recurrent::lstm_gradient(units, cell.functions, saved, carry, upstream, own, carry_before);
                    before.fill(0.0);
                }
                CellKind::Gru { reset_after } => {
                    let state = kept_before(row, kept - 1);
                    recurrent::gru_gradient(units, cell.functions, saved, state, upstream, own, before);
                    if reset_after {
                        recurrent::gru_reset_after_gradient(units, cell.functions, saved, upstream, own);
                    }
                }
            }
        }
        let block_output = &mut call.output[first * steps * width..];
        if cell.resets_before() {
            product.fill(0.0);
            let rows_of_x = &block_output[place * width + 2 * units..];
            let packed = &packed[2 * packed_gate..];
            tables.add_product(rows, (rows_of_x, steps * width), packed, (product, units));
            for row in (0..rows).filter(|row| !is_masked(*row)) {
                let own = &mut block_output[(row * steps + place) * width..][..width];
                let saved = &saved[row_of(row, place) * kept * units..][..kept * units];
                let upstream = &upstream[row_of(row, place) * kept * units..][..kept * units];
                let state = kept_before(row, kept - 1);
                let product = &product[row * units..][..units];
                let before = &mut before[row * units..][..units];
                match factors_of(row, 2) {
                    Some(factors) => recurrent::scale(seen, state, factors),
                    None => seen.copy_from_slice(state),
                }
                let inputs = [saved, &*seen, upstream, product];
                recurrent::gru_gates_gradient(units, cell.functions, inputs, own, seen_gradient);
                match factors_of(row, 2) {
                    Some(factors) => recurrent::add_scaled(before, seen_gradient, factors),
                    None => recurrent::add(before, seen_gradient),
                }
            }
        }
        let Some(place_before) = place_before else { continue };
        for (gate, packed) in packed.chunks_exact(packed_gate).enumerate() {
            if cell.resets_before() && gate == 2 {
                continue;
            }
            let left = &block_output[place * width + cell.sum_of(gate) * units..];
            if factors.is_none() {
                tables.add_product(rows, (left, steps * width), packed, (before, units));
                continue;
            }
            product.fill(0.0);
            tables.add_product(rows, (left, steps * width), packed, (product, units));
            for row in 0..rows {
                if let Some(factors) = factors_of(row, gate) {
                    let (before, product) = (&mut before[row * units..][..units], &product[row * units..][..units]);
                    recurrent::add_scaled(before, product, factors);
                }
            }
        }
        for row in 0..rows {
            let own = &mut block_output[(row * steps + place_before) * width..][..width];
            own[(adjoints - 1) * units..].copy_from_slice(&before[row * units..][..units]);
            if let Some(at) = cell.carry() {
                own[at * units..][..units].copy_from_slice(&carries_before[row * units..][..units]);
            }
        }
    }
}

/// Passes the gradients of state and carry over a masked step.
fn pass_masked(
    cell: Cell,
    units: usize,
    upstream: &[f32],
    own: &mut [f32],
    before: &mut [f32],
    carry_before: &mut [f32],
) {
    let (kept, adjoints) = (cell.kept(), cell.adjoints());
    let mut pass = |adjoint: usize, part: usize, to: &mut [f32]| {
        let own = &mut own[adjoint * units..][..units];
        recurrent::add(own, &upstream[part * units..][..units]);
        to.copy_from_slice(own);
    };
    pass(adjoints - 1, kept - 1, before);
    if let Some(at) = cell.carry() {
        pass(at, at, carry_before);
    }
    let sums = cell.carry().unwrap_or(adjoints - 1);
    own[..sums * units].fill(0.0);
}

/// Returns the extents of a gradient's inputs.
fn extents(kept: &TensorType, kernel: &TensorType) -> Option<Extents> {
    match (kept.shape.dims(), kernel.shape.dims()) {
        (&[batch, steps, _], &[units, _]) => Some(Extents { batch, steps, units }),
        _ => None,
    }
}
