//! Networks to start from, by chapter of the course: each with the data set and the training that show its point in under a
//! minute on two cores. One file each.

use crate::data::sources::Source;
use crate::error::Result;
use crate::model::spec::{LayerSpec, LossSpec, ModelSpec, OptimizerSpec, TrainingConfig};

/// A network with its data set and its training.
pub struct Preset {
    /// The name in links, and the key of its text. Links name presets, so a preset is never changed: a better one gets another
    /// name.
    pub name: &'static str,
    pub chapter: Chapter,
    pub source: &'static Source,
    pub layers: fn() -> Vec<LayerSpec>,
    /// Makes the configuration from the usual one for the data set.
    pub training: fn(TrainingConfig) -> Result<TrainingConfig>,
}

/// A chapter of the course, in the order of the menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chapter {
    Dense,
    Convolution,
    Recurrent,
    /// Reviews, in English and in Chinese.
    Text,
    Tables,
    HighDimension,
}

impl Chapter {
    pub const ALL: [Self; 6] =
        [Self::Dense, Self::Convolution, Self::Recurrent, Self::Text, Self::Tables, Self::HighDimension];

    /// Returns the key of its name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Dense => "chapter_dense",
            Self::Convolution => "chapter_convolution",
            Self::Recurrent => "chapter_recurrent",
            Self::Text => "chapter_text",
            Self::Tables => "chapter_tables",
            Self::HighDimension => "chapter_high_dimension",
        }
    }

    /// Iterates over the presets of the chapter.
    pub fn presets(self) -> impl Iterator<Item = &'static Preset> {
        PRESETS.iter().copied().filter(move |preset| preset.chapter == self)
    }
}

/// Declares the presets: each has a module of its own and a line.
macro_rules! presets {
    ($(#[$doc:meta])* $presets:ident { $($module:ident::$preset:ident),* $(,)? }) => {
        $(mod $module;)*

        $(#[$doc])*
        pub static $presets: &[&Preset] = &[$(&$module::$preset),*];
    };
}

presets! {
    /// Every preset, by chapter and in the order of the menu. To add one, write its file under `presets/` and add its line here.
    PRESETS {
        spiral::SPIRAL,
        softmax::SOFTMAX,
        dense::DENSE,
        fashion::FASHION,
        cnn::CNN,
        lenet::LENET,
        normalised::NORMALISED,
        residual::RESIDUAL,
        rnn::RNN,
        lstm::LSTM,
        gru::GRU,
        reviews::REVIEWS,
        reviews_gru::REVIEWS_GRU,
        reviews_zh::REVIEWS_ZH,
        reviews_zh_gru::REVIEWS_ZH_GRU,
        breast_cancer::BREAST_CANCER,
        diabetes::DIABETES,
        autoencoder::AUTOENCODER,
    }
}

/// Finds a preset by its name.
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name).copied()
}

impl Preset {
    pub fn model(&self) -> ModelSpec {
        let input_shape = (self.source.schema)().input.shape;
        ModelSpec { name: None, input_shape, layers: (self.layers)() }
    }

    /// Returns the training configuration, which names the data set.
    ///
    /// # Errors
    /// If a setting is out of range; a test holds every preset to its ranges.
    pub fn config(&self) -> Result<TrainingConfig> {
        let usual = TrainingConfig {
            dataset: self.source.name.to_owned(),
            train_samples: self.source.examples[0] as u32,
            text: self.source.text(),
            loss: LossSpec::for_target(&(self.source.schema)().target),
            ..TrainingConfig::default()
        };
        (self.training)(usual)
    }
}

/// Makes an Adam with another learning rate than Keras's.
fn adam(learning_rate: f64) -> Result<OptimizerSpec> {
    OptimizerSpec::default().with_learning_rate(learning_rate)
}
