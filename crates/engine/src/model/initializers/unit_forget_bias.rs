//! The bias of an LSTM: 1 at the forget gate, so that a fresh cell remembers (Jozefowicz et al. 2015), and 0 elsewhere.

use super::{Initializer, Named};
use crate::random::Philox;

pub struct UnitForgetBias;

impl Named for UnitForgetBias {
    fn name(&self) -> &'static str {
        "unit_forget_bias"
    }
}

impl Initializer for UnitForgetBias {
    fn values(&self, shape: &[usize], _random: &mut Philox) -> Vec<f32> {
        let count: usize = shape.iter().product();
        let units = count / 4;
        (0..count).map(|at| f32::from(u8::from((units..2 * units).contains(&at)))).collect()
    }
}
