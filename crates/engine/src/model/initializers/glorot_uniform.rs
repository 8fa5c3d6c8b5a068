//! GlorotUniform: uniform within `±sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio 2010, equation 16).

use super::{Initializer, fans, uniform};
use crate::random::Philox;

pub struct GlorotUniform;

impl Initializer for GlorotUniform {
    fn values(&self, shape: &[usize], random: &mut Philox) -> Vec<f32> {
        let [fan_in, fan_out] = fans(shape);
        uniform(shape, (6.0 / (fan_in + fan_out)).sqrt(), random)
    }
}
