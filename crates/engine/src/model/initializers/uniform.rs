//! `RandomUniform`: numbers from -0.05 to 0.05, as Keras's embeddings begin.

use super::{Initializer, Named, uniform};
use crate::random::Philox;

pub struct Uniform;

impl Named for Uniform {
    fn name(&self) -> &'static str {
        "uniform"
    }
}

impl Initializer for Uniform {
    fn values(&self, shape: &[usize], random: &mut Philox) -> Vec<f32> {
        uniform(shape, 0.05, random)
    }
}
