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
