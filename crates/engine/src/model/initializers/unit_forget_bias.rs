//! The bias of an LSTM: 1 at the forget gate, so that a fresh cell remembers (Jozefowicz et al. 2015).

use super::{Initializer, Named, UNIT_FORGET_BIASES};
use crate::random::Philox;

/// Values of another initialiser for the other gates.
pub struct UnitForgetBias {
    pub(super) others: &'static dyn Initializer,
}

impl UnitForgetBias {
    /// Returns the initialiser that leaves the other gates to this one, if it is one of the catalogue.
    pub fn beside(others: &'static dyn Initializer) -> &'static dyn Initializer {
        UNIT_FORGET_BIASES.iter().find(|own| *own.others == *others).map_or(others, |own| own)
    }
}

impl Named for UnitForgetBias {
    fn name(&self) -> &'static str {
        "unit_forget_bias"
    }
}

impl Initializer for UnitForgetBias {
    /// As in Keras the others draw for the gate before and for the two behind, each by itself.
    fn values(&self, shape: &[usize], random: &mut Philox) -> Vec<f32> {
        let units = shape.iter().product::<usize>() / 4;
        let before = self.others.values(&[units], random);
        let behind = self.others.values(&[2 * units], random);
        before.into_iter().chain(std::iter::repeat_n(1.0, units)).chain(behind).collect()
    }
}
