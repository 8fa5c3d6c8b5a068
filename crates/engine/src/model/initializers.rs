//! Initial weights: Keras's initialisers, one file each, from the counter-based generator.

use std::fmt;

use super::catalogue::ResolvedLayer;
use crate::random::Philox;

/// One way to start a weight, with the formula of Keras's initialiser of the same name.
pub trait Initializer: Named + Sync {
    /// Returns the values of a weight of this shape, row-major.
    fn values(&self, shape: &[usize], random: &mut Philox) -> Vec<f32>;
}

/// Something with Keras's name.
pub trait Named {
    fn name(&self) -> &'static str;
}

/// Declares the initialisers by the name in specs. To add one, write its file under `initializers/` and add its line here.
macro_rules! initializers {
    ($($name:ident :: $initializer:ident),* $(,)?) => {
        $(
            mod $name;
            pub use $name::$initializer;

            impl Named for $initializer {
                fn name(&self) -> &'static str {
                    stringify!($name)
                }
            }
        )*

        /// Every initialiser, in the order in which menus show them.
        pub static INITIALIZERS: &[&dyn Initializer] = &[$(&$initializer),*];

        /// Each for all gates of an LSTM but the one that forgets.
        static UNIT_FORGET_BIASES: &[UnitForgetBias] = &[$(UnitForgetBias { others: &$initializer }),*];

        /// Their names.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

initializers! {
    glorot_uniform::GlorotUniform,
    he_normal::HeNormal,
    he_uniform::HeUniform,
    zeros::Zeros,
    ones::Ones,
}

mod orthogonal;
mod uniform;
mod unit_forget_bias;

pub use orthogonal::Orthogonal;
pub use uniform::Uniform;
pub use unit_forget_bias::UnitForgetBias;

/// The names for recurrent kernels. The orthogonal one is too slow for the kernels of large dense layers.
pub const RECURRENT_NAMES: &[&str] = &["orthogonal", "glorot_uniform", "he_normal", "he_uniform", "zeros", "ones"];

/// The names for embeddings.
pub const EMBEDDING_NAMES: &[&str] = &["uniform", "glorot_uniform", "he_normal", "he_uniform", "zeros", "ones"];

/// Finds an initialiser by its name.
pub fn find(name: &str) -> Option<&'static dyn Initializer> {
    let others: [&'static dyn Initializer; 2] = [&Orthogonal, &Uniform];
    INITIALIZERS.iter().copied().chain(others).find(|initializer| initializer.name() == name)
}

impl PartialEq for dyn Initializer {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl fmt::Debug for dyn Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Marks the streams of the generator that initialise weights, so that no other use of the same seed shares their
/// numbers.
const INITIALIZER_STREAM: u64 = 0x496e_6974 << 32;

/// The standard deviation of a standard normal that is cut off at plus and minus 2 (as in Keras's `VarianceScaling`).
const TRUNCATED_STANDARD_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// Draws the initial values of every weight of a model, layer by layer in Keras's order. The same seed gives the same
/// values; a weight's values depend on its position among the model's weights, not on the sizes of the others.
pub fn initial_weights(layers: &[ResolvedLayer], seed: u32) -> Vec<Vec<f32>> {
    let weights = layers.iter().flat_map(|layer| &layer.weights);
    weights
        .enumerate()
        .map(|(stream, weight)| initialize(weight.initializer, &weight.shape, seed, stream as u64))
        .collect()
}

/// Draws the values of one weight, row-major.
pub fn initialize(initializer: &dyn Initializer, shape: &[usize], seed: u32, stream: u64) -> Vec<f32> {
    let mut random = Philox::new(u64::from(seed), INITIALIZER_STREAM | stream);
    initializer.values(shape, &mut random)
}

/// Draws numbers from `-limit` to `limit`.
fn uniform(shape: &[usize], limit: f64, random: &mut Philox) -> Vec<f32> {
    let count = shape.iter().product();
    (0..count).map(|_| ((f64::from(random.uniform()) * 2.0 - 1.0) * limit) as f32).collect()
}

/// Draws numbers of this standard deviation from a normal that is cut off at twice its own.
fn truncated_normal(shape: &[usize], deviation: f64, random: &mut Philox) -> Vec<f32> {
    let scale = (deviation / TRUNCATED_STANDARD_DEVIATION) as f32;
    let count = shape.iter().product();
    // Numbers outside are drawn again.
    let mut draw = || loop {
        let value = random.normal();
        if value.abs() <= 2.0 {
            return value;
        }
    };
    (0..count).map(|_| draw() * scale).collect()
}

/// Counts the inputs of an output of the layer, and the outputs of an input: as Keras's `compute_fans`, of kernels
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
        let cases: [(&dyn Initializer, f64, f64); 3] = [
            (&GlorotUniform, (2.0 / (fan_in + fan_out)).sqrt(), (6.0 / (fan_in + fan_out)).sqrt()),
            (&HeUniform, (2.0 / fan_in).sqrt(), (6.0 / fan_in).sqrt()),
            (&HeNormal, (2.0 / fan_in).sqrt(), 2.0 * (2.0 / fan_in).sqrt() / TRUNCATED_STANDARD_DEVIATION),
        ];
        for (initializer, deviation, limit) in cases {
            let (mean, measured, largest) = moments(&initialize(initializer, &shape, 1, 2));
            assert!(mean.abs() < 0.02 * deviation, "{initializer:?} {mean}");
            assert!((measured / deviation - 1.0).abs() < 0.02, "{initializer:?} {measured} {deviation}");
            assert!(f64::from(largest) <= limit * 1.000_001 && f64::from(largest) > limit * 0.99, "{initializer:?}");
        }
    }

    #[test]
    fn orthogonal_vectors_have_length_one() {
        for shape in [[5, 20], [20, 5], [6, 6]] {
            let values = initialize(&Orthogonal, &shape, 1, 2);
            let [rows, columns] = shape;
            let at = |vector: usize, part: usize| {
                f64::from(if rows < columns {
                    values[vector * columns + part]
                } else {
                    values[part * columns + vector]
                })
            };
            for a in 0..rows.min(columns) {
                for b in 0..rows.min(columns) {
                    let product: f64 = (0..rows.max(columns)).map(|part| at(a, part) * at(b, part)).sum();
                    let expected = if a == b { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-6, "{shape:?}: {a} times {b} is {product}");
                }
            }
        }
    }

    #[test]
    fn seeds_and_weights_differ_and_repeat() {
        let values = |seed, stream| initialize(&GlorotUniform, &[5, 7], seed, stream);
        assert_eq!(values(3, 1), values(3, 1));
        assert_ne!(values(3, 1), values(4, 1));
        assert_ne!(values(3, 1), values(3, 2));
    }
}
