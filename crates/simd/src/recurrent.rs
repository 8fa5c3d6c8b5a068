//! Cells of recurrent networks: one example at one time step, between the products with the recurrent kernel.
//!
//! The gates of a row lie one behind the other, `units` numbers each. A function's value gives its slope, so that the way
//! back needs no sums from before the function.

use super::lanes::{F32x4, LANES};

/// Function of a cell or of its gates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Activation {
    Linear,
    Relu,
    Sigmoid,
    Tanh,
}

impl Activation {
    #[inline(always)]
    fn apply(self, x: F32x4) -> F32x4 {
        match self {
            Self::Linear => x,
            // Keeps a NaN, so that a relu cannot hide it.
            Self::Relu => F32x4::zero().greater(x).select(F32x4::zero(), x),
            Self::Sigmoid => x.sigmoid(),
            Self::Tanh => x.tanh(),
        }
    }

    /// Returns the slope where the function has the value `y`.
    #[inline(always)]
    fn slope(self, y: F32x4) -> F32x4 {
        let one = F32x4::splat(1.0);
        match self {
            Self::Linear => one,
            Self::Relu => y.greater(F32x4::zero()).and(one),
            Self::Sigmoid => y * (one - y),
            Self::Tanh => one - y * y,
        }
    }
}

/// The functions of a cell: that of its state, and that of its gates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Activations {
    pub state: Activation,
    pub gates: Activation,
}

/// Computes rows of `units` numbers, four at a time. The function also gets what the outputs held before.
#[inline(always)]
fn rows<const INPUTS: usize, const OUTPUTS: usize>(
    units: usize,
    inputs: [&[f32]; INPUTS],
    mut outputs: [&mut [f32]; OUTPUTS],
    function: impl Fn([F32x4; INPUTS], [F32x4; OUTPUTS]) -> [F32x4; OUTPUTS],
) {
    let whole = units - units % LANES;
    for at in (0..whole).step_by(LANES) {
        let before = std::array::from_fn(|row| F32x4::load(&outputs[row][at..]));
        let results = function(inputs.map(|row| F32x4::load(&row[at..])), before);
        for (row, result) in outputs.iter_mut().zip(results) {
            result.store(&mut row[at..]);
        }
    }
    if whole < units {
        // The last few numbers go through the same lanes, so that a result does not depend on the position.
        let partial = |row: &[f32]| {
            let mut lanes = [0.0; LANES];
            lanes[..units - whole].copy_from_slice(&row[whole..units]);
            F32x4::from_array(lanes)
        };
        let before = std::array::from_fn(|row| partial(&*outputs[row]));
        let results = function(inputs.map(partial), before);
        for (row, result) in outputs.iter_mut().zip(results) {
            row[whole..units].copy_from_slice(&result.to_array()[..units - whole]);
        }
    }
}

fn parts<const COUNT: usize>(units: usize, row: &[f32]) -> [&[f32]; COUNT] {
    std::array::from_fn(|part| &row[part * units..][..units])
}

fn parts_mut<const COUNT: usize>(units: usize, row: &mut [f32]) -> [&mut [f32]; COUNT] {
    super::split(row, [units; COUNT])
}

/// Computes the state of a simple cell in place: `h = f(sum)`.
pub fn simple(units: usize, activation: Activation, state: &mut [f32]) {
    rows(units, [], [state], |[], [sum]| [activation.apply(sum)]);
}

/// Computes the gradient of a simple cell's sum.
///
/// `adjoints` `[sum, state]` holds the gradient of the state that comes from later steps, and gets both gradients.
pub fn simple_gradient(units: usize, activation: Activation, state: &[f32], upstream: &[f32], adjoints: &mut [f32]) {
    rows(units, [state, upstream], parts_mut::<2>(units, adjoints), |[state, upstream], [_, later]| {
        let total = later + upstream;
        [total * activation.slope(state), total]
    });
}

/// Computes an LSTM cell from the sums `[i, f, c, o]` and the carry before; `saved` gets `[i, f, candidate, o, carry,
/// state]`.
pub fn lstm(units: usize, functions: Activations, sums: &[f32], carry: &[f32], saved: &mut [f32]) {
    let [i, f, c, o] = parts(units, sums);
    let Activations { state, gates } = functions;
    rows(units, [i, f, c, o, carry], parts_mut::<6>(units, saved), |[i, f, c, o, carry], _| {
        let [i, f, o] = [i, f, o].map(|sum| gates.apply(sum));
        let candidate = state.apply(c);
        let carry = f * carry + i * candidate;
        [i, f, candidate, o, carry, o * state.apply(carry)]
    });
}

/// Computes the gradients of an LSTM cell.
///
/// `upstream` has the gradients of `saved` that come from outside. `adjoints` `[i, f, c, o, carry, state]` holds those of
/// carry and state that come from later steps, and gets those of the four sums and the whole ones of carry and state.
/// `carry_before_gradient` gets the gradient of the carry before.
pub fn lstm_gradient(
    units: usize,
    functions: Activations,
    saved: &[f32],
    carry_before: &[f32],
    upstream: &[f32],
    adjoints: &mut [f32],
    carry_before_gradient: &mut [f32],
) {
    let [i, f, candidate, o, carry, _] = parts(units, saved);
    let [up_i, up_f, up_candidate, up_o, up_carry, up_state] = parts(units, upstream);
    let [to_i, to_f, to_c, to_o, to_carry, to_state] = parts_mut(units, adjoints);
    let Activations { state, gates } = functions;
    rows(
        units,
        [i, f, candidate, o, carry, carry_before, up_i, up_f, up_candidate, up_o, up_carry, up_state],
        [to_i, to_f, to_c, to_o, to_carry, to_state, carry_before_gradient],
        |[i, f, candidate, o, carry, before, up_i, up_f, up_candidate, up_o, up_carry, up_state],
         [_, _, _, _, later_carry, later_state, _]| {
            let squashed = state.apply(carry);
            let of_state = later_state + up_state;
            let of_carry = later_carry + up_carry + of_state * o * state.slope(squashed);
            [
                (of_carry * candidate + up_i) * gates.slope(i),
                (of_carry * before + up_f) * gates.slope(f),
                (of_carry * i + up_candidate) * state.slope(candidate),
                (of_state * squashed + up_o) * gates.slope(o),
                of_carry,
                of_state,
                of_carry * f,
            ]
        },
    );
}

/// Computes a GRU cell whose reset gate acts after the product, from the sums `[z, r, x, inner]` and the state before;
/// `saved` gets `[z, r, candidate, inner, state]`.
pub fn gru_reset_after(units: usize, functions: Activations, sums: &[f32], before: &[f32], saved: &mut [f32]) {
    let [z, r, x, inner] = parts(units, sums);
    let Activations { state, gates } = functions;
    rows(units, [z, r, x, inner, before], parts_mut::<5>(units, saved), |[z, r, x, inner, before], _| {
        let [z, r] = [z, r].map(|sum| gates.apply(sum));
        let candidate = state.apply(x + r * inner);
        [z, r, candidate, inner, z * before + (F32x4::splat(1.0) - z) * candidate]
    });
}

/// Computes the gates of a GRU cell whose reset gate acts before the product, from the sums `[z, r, x]` and the state
/// before, as the product sees it; `saved` `[z, r, candidate, inner, state]` gets `z`, `r` and `inner = r * before`.
pub fn gru_gates(units: usize, functions: Activations, sums: &[f32], before: &[f32], saved: &mut [f32]) {
    let [z, r, _] = parts(units, sums);
    let [to_z, to_r, _, to_inner, _] = parts_mut(units, saved);
    rows(units, [z, r, before], [to_z, to_r, to_inner], |[z, r, before], _| {
        let [z, r] = [z, r].map(|sum| functions.gates.apply(sum));
        [z, r, r * before]
    });
}

/// Computes the rest of a GRU cell after [`gru_gates`], from the sum `x` with the product of `inner`.
pub fn gru_state(units: usize, functions: Activations, x: &[f32], before: &[f32], saved: &mut [f32]) {
    let [z, _, to_candidate, _, to_state] = parts_mut(units, saved);
    rows(units, [z, x, before], [to_candidate, to_state], |[z, x, before], _| {
        let candidate = functions.state.apply(x);
        [candidate, z * before + (F32x4::splat(1.0) - z) * candidate]
    });
}

/// Computes the gradients of a GRU cell, but those on the way through its reset gate.
///
/// `upstream` has the gradients of `saved` that come from outside. `adjoints` `[z, r, x, inner, state]` holds that of the
/// state that comes from later steps, and gets those of the sums `z` and `x` and the whole one of the state.
/// `before_gradient` gets the gradient of the state before that goes past all products.
pub fn gru_gradient(
    units: usize,
    functions: Activations,
    saved: &[f32],
    before: &[f32],
    upstream: &[f32],
    adjoints: &mut [f32],
    before_gradient: &mut [f32],
) {
    let [z, _, candidate, _, _] = parts(units, saved);
    let [up_z, _, up_candidate, _, up_state] = parts(units, upstream);
    let [to_z, _, to_x, _, to_state] = parts_mut(units, adjoints);
    let Activations { state, gates } = functions;
    rows(
        units,
        [z, candidate, before, up_z, up_candidate, up_state],
        [to_z, to_x, to_state, before_gradient],
        |[z, candidate, before, up_z, up_candidate, up_state], [_, _, later, _]| {
            let total = later + up_state;
            let of_candidate = total * (F32x4::splat(1.0) - z) + up_candidate;
            [
                (total * (before - candidate) + up_z) * gates.slope(z),
                of_candidate * state.slope(candidate),
                total,
                total * z,
            ]
        },
    );
}

/// Computes the gradients of a reset gate that acts after the product: those of the sum `r` and of `inner`, after
/// [`gru_gradient`].
pub fn gru_reset_after_gradient(
    units: usize,
    functions: Activations,
    saved: &[f32],
    upstream: &[f32],
    adjoints: &mut [f32],
) {
    let [_, r, _, inner, _] = parts(units, saved);
    let [_, up_r, _, up_inner, _] = parts(units, upstream);
    let [_, to_r, x, to_inner, _] = parts_mut(units, adjoints);
    rows(units, [r, inner, x, up_r, up_inner], [to_r, to_inner], |[r, inner, x, up_r, up_inner], _| {
        [(x * inner + up_r) * functions.gates.slope(r), x * r + up_inner]
    });
}

/// Computes the gradients of a reset gate that acts before the product, after [`gru_gradient`] and from the product of the
/// gradient of `x` with the recurrent kernel. `seen` is the state before as the product sees it; `seen_gradient` gets its
/// gradient.
pub fn gru_gates_gradient(
    units: usize,
    functions: Activations,
    [saved, seen, upstream, product]: [&[f32]; 4],
    adjoints: &mut [f32],
    seen_gradient: &mut [f32],
) {
    let [_, r, _, _, _] = parts(units, saved);
    let [_, up_r, _, up_inner, _] = parts(units, upstream);
    let [_, to_r, _, to_inner, _] = parts_mut(units, adjoints);
    rows(
        units,
        [r, seen, product, up_r, up_inner],
        [to_r, to_inner, seen_gradient],
        |[r, seen, product, up_r, up_inner], _| {
            let of_inner = product + up_inner;
            [(of_inner * seen + up_r) * functions.gates.slope(r), of_inner, of_inner * r]
        },
    );
}

/// Adds `values * factors` to `target`.
pub fn add_scaled(target: &mut [f32], values: &[f32], factors: &[f32]) {
    rows(target.len(), [values, factors], [target], |[value, factor], [target]| [target + value * factor]);
}

/// Writes `values * factors` to `target`.
pub fn scale(target: &mut [f32], values: &[f32], factors: &[f32]) {
    rows(target.len(), [values, factors], [target], |[value, factor], _| [value * factor]);
}

/// Adds `values` to `target`.
pub fn add(target: &mut [f32], values: &[f32]) {
    rows(target.len(), [values], [target], |[value], [target]| [target + value]);
}
