//! The layers, one file each.

use super::catalogue::{Schema, Settings, WeightSpec};
use super::formula::{Derivation, Formula};
use super::lower::Context;
use crate::error::Result;
use crate::ir::NodeId;

mod common;
mod convolution;
mod depthwise;
mod global_pooling;
pub mod merging;
mod pooling;
mod random_warp;
mod recurrence;
pub mod unary;

use common::elements;

/// One kind of layer. Its file says everything about it: the page makes menus, forms, cards and formulas from this, the
/// engine checks models and makes graphs with it. A layer with one input implements [`unary::UnaryLayer`] instead.
///
/// Shapes are those of one example, without the batch axis, and a layer has at least one input.
pub trait Layer: Sync {
    /// Returns the layer's name in specs, and what can be set.
    fn schema(&self) -> &'static Schema;

    /// Returns the name in specs, as in Keras: `"Conv2D"`.
    fn type_name(&self) -> &'static str {
        self.schema().type_name
    }

    /// Returns the stem of automatic names, as in Keras: `"conv2d"`.
    fn default_name(&self) -> String {
        snake_case(self.type_name())
    }

    /// Returns true if the layer merges two or more inputs; any other layer takes one.
    fn merges(&self) -> bool;

    /// Returns the output's shape for the shapes of the inputs.
    ///
    /// # Errors
    /// If the inputs do not fit the layer, or each other. The caller adds the layer's name.
    fn output_shape(&self, settings: &Settings, inputs: &[Vec<usize>]) -> Result<Vec<usize>>;

    /// Returns the rule for each extent of the output, with this layer's numbers: `(28 - 3) / 1 + 1 = 26`. Here and below, all
    /// shapes are ones that [`Layer::output_shape`] accepts and returns.
    fn shape_rule(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> Vec<String> {
        let _ = (settings, inputs);
        output.iter().map(usize::to_string).collect()
    }

    /// Returns true if the layer takes the tokens of a text, and nothing else.
    fn takes_tokens(&self) -> bool {
        false
    }

    /// Returns true if the mask of the inputs' steps belongs to the output as well, as with Keras's `supports_masking`. A
    /// layer may also make a mask of its own.
    fn passes_mask(&self, settings: &Settings) -> bool {
        let _ = settings;
        false
    }

    /// Returns the names of tensors that can be read besides output and weights: `states` of an LSTM is `lstm.states`.
    fn views(&self, settings: &Settings) -> &'static [&'static str] {
        let _ = settings;
        &[]
    }

    /// Counts the operations for one example forward; see [`super::cost`] for what counts.
    fn flops(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> u64 {
        let _ = (settings, inputs, output);
        0
    }

    /// Counts the numbers that the layer's results and what it keeps on the way to them hold for one example.
    fn held(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> u64 {
        let _ = (settings, inputs);
        elements(output)
    }

    /// Returns the layer's weights, in Keras's order.
    fn weights(&self, settings: &Settings, inputs: &[Vec<usize>]) -> Vec<WeightSpec> {
        let _ = (settings, inputs);
        Vec::new()
    }

    /// Appends the layer's nodes and returns its output, for inputs `[N, input shape]`.
    ///
    /// # Errors
    /// If an op does not accept what it is given.
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, inputs: &[NodeId]) -> Result<NodeId>;

    /// Returns the layer's formulas, with its numbers.
    fn formula(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> Formula;

    /// Returns how the number at this index of the output is computed for one example, in inference mode.
    fn derivation(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize], at: usize) -> Derivation;
}

/// Declares the layers. To add one, write its file under `layers/` and add its line here.
macro_rules! layers {
    ($($module:ident :: $layer:ident),* $(,)?) => {
        $(mod $module; pub use $module::$layer;)*

        /// Every layer that exists, in the order in which menus show them.
        pub static LAYERS: &[&dyn Layer] = &[$(&$layer),*];
    };
}

layers! {
    conv2d::CONV2D,
    depthwise_conv2d::DepthwiseConv2D,
    separable_conv2d::SeparableConv2D,
    conv2d_transpose::Conv2DTranspose,
    conv1d::CONV1D,
    max_pooling2d::MaxPooling2D,
    average_pooling2d::AveragePooling2D,
    global_average_pooling2d::GLOBAL_AVERAGE_POOLING2D,
    global_max_pooling2d::GLOBAL_MAX_POOLING2D,
    max_pooling1d::MaxPooling1D,
    average_pooling1d::AveragePooling1D,
    global_average_pooling1d::GLOBAL_AVERAGE_POOLING1D,
    global_max_pooling1d::GLOBAL_MAX_POOLING1D,
    simple_rnn::SIMPLE_RNN,
    lstm::LSTM,
    gru::GRU,
    bidirectional::Bidirectional,
    flatten::Flatten,
    dense::Dense,
    activation::Activation,
    dropout::Dropout,
    spatial_dropout2d::SpatialDropout2D,
    gaussian_noise::GaussianNoise,
    batch_normalization::BatchNormalization,
    layer_normalization::LayerNormalization,
    add::Add,
    multiply::Multiply,
    concatenate::Concatenate,
    embedding::Embedding,
    reshape::Reshape,
    permute::Permute,
    rescaling::Rescaling,
    random_translation::RANDOM_TRANSLATION,
    random_rotation::RANDOM_ROTATION,
    random_zoom::RANDOM_ZOOM,
    random_flip::RANDOM_FLIP,
    random_contrast::RandomContrast,
    zero_padding2d::ZeroPadding2D,
    cropping2d::Cropping2D,
    up_sampling2d::UpSampling2D,
}

/// Returns the name of a type as Keras's `to_snake_case` makes it: `max_pooling2d` of `MaxPooling2D`.
pub fn snake_case(type_name: &str) -> String {
    let letters: Vec<char> = type_name.chars().collect();
    let mut name = String::with_capacity(letters.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let follows_lower_case = at > 0 && letters[at - 1].is_lowercase();
        let begins_word = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (follows_lower_case || begins_word) {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_are_those_of_keras() {
        // keras.src.utils.naming.to_snake_case
        for (type_name, name) in [
            ("Conv2D", "conv2d"),
            ("MaxPooling2D", "max_pooling2d"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("BatchNormalization", "batch_normalization"),
            ("Conv2DTranspose", "conv2d_transpose"),
            ("ZeroPadding2D", "zero_padding2d"),
            ("SimpleRNN", "simple_rnn"),
            ("LSTM", "lstm"),
        ] {
            assert_eq!(snake_case(type_name), name);
        }
    }
}
