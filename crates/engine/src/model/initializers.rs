//! Initial weights: Keras's initialisers, from the counter-based generator.

use super::catalogue::{Initializer, ResolvedLayer};
use crate::random::Philox;

/// Marks the streams of the generator that initialise weights, so that no other use of the same seed shares their
/// numbers.
const INITIALIZER_STREAM: u64 = 0x496e_6974 << 32;

/// The standard deviation of a standard normal that is cut off at plus and minus 2 (as in Keras's `VarianceScaling`).
const TRUNCATED_STANDARD_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// The initial values of every weight of a model, layer by layer in Keras's order. The same seed gives the same values;
/// a weight's values depend on its position among the model's weights, not on the sizes of the others.
pub fn initial_weights(layers: &[ResolvedLayer], seed: u32) -> Vec<Vec<f32>> {
    let weights = layers.iter().flat_map(|layer| &layer.weights);
    weights
        .enumerate()
        .map(|(stream, weight)| initialize(weight.initializer, &weight.shape, seed, stream as u64))
        .collect()
}

/// The values of one weight, row-major.
pub fn initialize(initializer: Initializer, shape: &[usize], seed: u32, stream: u64) -> Vec<f32> {
    let count = shape.iter().product();
    let [fan_in, fan_out] = fans(shape);
    let mut random = Philox::new(u64::from(seed), INITIALIZER_STREAM | stream);
    let mut uniform =
        |limit: f64| (0..count).map(|_| ((f64::from(random.uniform()) * 2.0 - 1.0) * limit) as f32).collect();
    match initializer {
        Initializer::Zeros => vec![0.0; count],
        Initializer::Ones => vec![1.0; count],
        Initializer::GlorotUniform => uniform((6.0 / (fan_in + fan_out)).sqrt()),
        Initializer::HeUniform => uniform((6.0 / fan_in).sqrt()),
        Initializer::HeNormal => {
            let deviation = ((2.0 / fan_in).sqrt() / TRUNCATED_STANDARD_DEVIATION) as f32;
            (0..count).map(|_| truncated_normal(&mut random) * deviation).collect()
        }
    }
}

/// A standard normal number between -2 and 2: others are drawn again.
fn truncated_normal(random: &mut Philox) -> f32 {
    loop {
        let value = random.normal();
        if value.abs() <= 2.0 {
            return value;
        }
    }
}

/// How many inputs an output of the layer has, and how many outputs an input: as Keras's `compute_fans`, of kernels
/// `[KH,KW,Cin,Cout]` and `[in,out]`. At least 1.
fn fans(shape: &[usize]) -> [f64; 2] {
    match *shape {
        [] => [1.0, 1.0],
        [size] => [size as f64; 2],
        [ref receptive @ .., inputs, outputs] => {
            let field: usize = receptive.iter().product();
            [(field * inputs) as f64, (field * outputs) as f64]
        }
    }
    .map(|fan| fan.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f32]) -> (f64, f64, f32) {
        let count = values.len() as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
        (mean, variance.sqrt(), values.iter().fold(0.0, |largest, x| largest.max(x.abs())))
    }

    #[test]
    fn distributions_are_those_of_keras() {
        let shape = [3, 3, 32, 64];
        let [fan_in, fan_out] = [288.0f64, 576.0];
        for (initializer, deviation, limit) in [
            (Initializer::GlorotUniform, (2.0 / (fan_in + fan_out)).sqrt(), (6.0 / (fan_in + fan_out)).sqrt()),
            (Initializer::HeUniform, (2.0 / fan_in).sqrt(), (6.0 / fan_in).sqrt()),
            (Initializer::HeNormal, (2.0 / fan_in).sqrt(), 2.0 * (2.0 / fan_in).sqrt() / TRUNCATED_STANDARD_DEVIATION),
        ] {
            let (mean, measured, largest) = moments(&initialize(initializer, &shape, 1, 2));
            assert!(mean.abs() < 0.02 * deviation, "{initializer:?} {mean}");
            assert!((measured / deviation - 1.0).abs() < 0.02, "{initializer:?} {measured} {deviation}");
            assert!(f64::from(largest) <= limit * 1.000_001 && f64::from(largest) > limit * 0.99, "{initializer:?}");
        }
    }

    #[test]
    fn seeds_and_weights_differ_and_repeat() {
        let values = |seed, stream| initialize(Initializer::GlorotUniform, &[5, 7], seed, stream);
        assert_eq!(values(3, 1), values(3, 1));
        assert_ne!(values(3, 1), values(4, 1));
        assert_ne!(values(3, 1), values(3, 2));
    }
}
