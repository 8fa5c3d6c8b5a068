//! The layers, one file each.

use super::catalogue::LayerType;
use super::formula::Explain;
use super::lower::Lower;

mod common;

/// Declares the layers. To add one, write its file under `layers/` and add its line here.
macro_rules! layers {
    ($($module:ident :: $layer:ident),* $(,)?) => {
        $(mod $module; pub use $module::$layer;)*

        /// Every layer that exists, in the order in which menus show them.
        pub static CATALOGUE: &[&dyn LayerType] = &[$(&$layer),*];

        /// The same layers, as the engine sees them.
        pub static LOWERINGS: &[&dyn Lower] = &[$(&$layer),*];

        /// The same layers, as their formulas are shown.
        pub static EXPLANATIONS: &[&dyn Explain] = &[$(&$layer),*];
    };
}

layers! {
    conv2d::Conv2D,
    max_pooling2d::MaxPooling2D,
    average_pooling2d::AveragePooling2D,
    global_average_pooling2d::GlobalAveragePooling2D,
    flatten::Flatten,
    dense::Dense,
    activation::Activation,
    dropout::Dropout,
    batch_normalization::BatchNormalization,
}
