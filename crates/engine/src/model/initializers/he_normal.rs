//! HeNormal: truncated normal with standard deviation `sqrt(2 / fan_in)` (He et al. 2015).

use super::{Initializer, fans, truncated_normal};
use crate::random::Philox;

pub struct HeNormal;

impl Initializer for HeNormal {
    fn values(&self, shape: &[usize], random: &mut Philox) -> Vec<f32> {
        let [fan_in, _] = fans(shape);
        truncated_normal(shape, (2.0 / fan_in).sqrt(), random)
    }
}
