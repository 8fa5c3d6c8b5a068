//! Zeros.

use super::Initializer;
use crate::random::Philox;

pub struct Zeros;

impl Initializer for Zeros {
    fn values(&self, shape: &[usize], _random: &mut Philox) -> Vec<f32> {
        vec![0.0; shape.iter().product()]
    }
}
