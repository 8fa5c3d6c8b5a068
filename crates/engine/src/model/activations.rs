//! The activation functions that layers offer.

use super::catalogue::{Setting, SettingDefault, SettingKind};

/// Every activation, by Keras's name, in the order in which menus show them.
pub const ACTIVATIONS: &[&str] =
    &["linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh", "gelu", "softplus", "swish", "softmax"];

/// The setting `activation` of a layer that has one and need not be told.
pub const ACTIVATION: Setting = Setting {
    name: "activation",
    kind: SettingKind::Choice(ACTIVATIONS),
    default: SettingDefault::Text("linear"),
    help: "The function applied to each output; softmax turns the last axis into probabilities.",
};

/// `y` as a function of `z`, and `δ = ∂L/∂z` by `g = ∂L/∂y`; see [`super::formula`].
pub fn formula(name: &str) -> (&'static str, &'static str) {
    match name {
        "relu" => (r"y = \max(0, z)", r"δ = \cases{g & z > 0 \\ 0 & z ≤ 0}"),
        "leaky_relu" => (r"y = \max(0.2\,z, z)", r"δ = \cases{g & z > 0 \\ 0.2\,g & z ≤ 0}"),
        "elu" => (r"y = \cases{z & z > 0 \\ e^z - 1 & z ≤ 0}", r"δ = \cases{g & z > 0 \\ g\,e^z & z ≤ 0}"),
        "sigmoid" => (r"y = \frac{1}{1 + e^{-z}}", r"δ = g\,y\,(1 - y)"),
        "tanh" => (r"y = \tanh z", r"δ = g\,(1 - y^2)"),
        "gelu" => (r"y = z\,Φ(z)", r"δ = g\,(Φ(z) + z\,φ(z))"),
        "softplus" => (r"y = \ln(1 + e^z)", r"δ = \frac{g}{1 + e^{-z}}"),
        "swish" => (r"y = \frac{z}{1 + e^{-z}}", r"δ = g\,(y + \frac{1 - y}{1 + e^{-z}})"),
        "softmax" => (r"y_k = \frac{e^{z_k}}{\sum_m e^{z_m}}", r"δ_k = y_k\,(g_k - \sum_m g_m\,y_m)"),
        _ => ("y = z", "δ = g"),
    }
}
