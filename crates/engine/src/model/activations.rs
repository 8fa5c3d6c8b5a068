//! The activation functions that layers offer. Each is an op of the same name, but `linear`, which is none.

use super::catalogue::{Card, Setting, SettingDefault};

/// Declares the activations: Keras's name, `y` as a function of `z`, and `δ = ∂L/∂z` by `g = ∂L/∂y` (see
/// [`super::formula`]). To add one, add its line here.
macro_rules! activations {
    ($($name:literal: $value:literal, $delta:literal;)*) => {
        /// Every activation, by Keras's name, in the order in which menus show them.
        pub const ACTIVATIONS: &[&str] = &[$($name),*];

        /// Returns `y` and `δ` as formulas.
        pub fn formula(name: &str) -> (&'static str, &'static str) {
            match name {
                $($name => ($value, $delta),)*
                _ => ("y = z", "δ = g"),
            }
        }
    };
}

activations! {
    "linear": "y = z", "δ = g";
    "relu": r"y = \max(0, z)", r"δ = \cases{g & z > 0 \\ 0 & z ≤ 0}";
    "leaky_relu": r"y = \max(0.2\,z, z)", r"δ = \cases{g & z > 0 \\ 0.2\,g & z ≤ 0}";
    "elu": r"y = \cases{z & z > 0 \\ e^z - 1 & z ≤ 0}", r"δ = \cases{g & z > 0 \\ g\,e^z & z ≤ 0}";
    "sigmoid": r"y = \frac{1}{1 + e^{-z}}", r"δ = g\,y\,(1 - y)";
    "tanh": r"y = \tanh z", r"δ = g\,(1 - y^2)";
    "gelu": r"y = z\,Φ(z)", r"δ = g\,(Φ(z) + z\,φ(z))";
    "softplus": r"y = \ln(1 + e^z)", r"δ = \frac{g}{1 + e^{-z}}";
    "swish": r"y = \frac{z}{1 + e^{-z}}", r"δ = g\,(y + \frac{1 - y}{1 + e^{-z}})";
    "softmax": r"y_k = \frac{e^{z_k}}{\sum_m e^{z_m}}", r"δ_k = y_k\,(g_k - \sum_m g_m\,y_m)";
}

/// The setting `activation` of a layer.
///
/// A network of layers without any activation could be one layer, so new layers have one.
pub const ACTIVATION: Setting = Setting::choice("activation", ACTIVATIONS, "linear")
    .initial(SettingDefault::Text("relu"))
    .card(Card::IfChanged(""));
