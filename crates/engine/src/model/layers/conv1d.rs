//! Conv1D: a kernel slides along the sequence, and each output is a weighted sum of what it covers.

use super::common::{
    BIAS_INITIALIZER, FILTERS, KERNEL_INITIALIZER, L1, L2, MAX_NORM, MAX_WINDOW, USE_BIAS, Window, WindowPadding,
};
use super::convolution::Convolution;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};

pub const CONV1D: Convolution = Convolution { schema: &SCHEMA, window };

static SCHEMA: Schema = Schema {
    type_name: "Conv1D",
    settings: &[
        FILTERS,
        Setting::integer("kernelSize", 1, MAX_WINDOW as i64).initial(SettingDefault::Number(3.0)).card(Card::Always),
        Setting::integer("strides", 1, MAX_WINDOW as i64)
            .default(SettingDefault::Number(1.0))
            .card(Card::IfChanged("/")),
        Setting::choice("padding", &["valid", "same", "causal"], "valid"),
        Setting::integer("dilationRate", 1, MAX_WINDOW as i64).default(SettingDefault::Number(1.0)),
        ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        BIAS_INITIALIZER,
        L1,
        L2,
        MAX_NORM,
    ],
};

fn window(settings: &Settings) -> Window {
    Window {
        is_sequence: true,
        size: [1, settings.integer("kernelSize")],
        strides: [1, settings.integer("strides")],
        dilation: [1, settings.integer("dilationRate")],
        padding: WindowPadding::of(settings),
    }
}
