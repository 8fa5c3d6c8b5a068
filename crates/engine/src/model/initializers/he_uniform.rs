//! HeUniform: uniform within `±sqrt(6 / fan_in)` (He et al. 2015).

use super::{Initializer, fans, uniform};
use crate::random::Philox;

pub struct HeUniform;

impl Initializer for HeUniform {
    fn values(&self, shape: &[usize], random: &mut Philox) -> Vec<f32> {
        let [fan_in, _] = fans(shape);
        uniform(shape, (6.0 / fan_in).sqrt(), random)
    }
}
