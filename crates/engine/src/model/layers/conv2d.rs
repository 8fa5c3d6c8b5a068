//! Conv2D: a kernel slides over the image, and each output is a weighted sum of what it covers.

use super::common::{
    BIAS_INITIALIZER, KERNEL_INITIALIZER, L1, L2, MAX_NORM, MAX_WINDOW, PADDING, USE_BIAS, Window, WindowPadding,
};
use super::convolution::Convolution;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};

pub const CONV2D: Convolution = Convolution { schema: &SCHEMA, window };

static SCHEMA: Schema = Schema {
    type_name: "Conv2D",
    settings: &[
        Setting::integer("filters", 1, 65_536).initial(SettingDefault::Number(32.0)).card(Card::Always),
        Setting::pair("kernelSize", 1, MAX_WINDOW).initial(SettingDefault::Pair(3.0, 3.0)).card(Card::Always),
        Setting::pair("strides", 1, MAX_WINDOW).default(SettingDefault::Pair(1.0, 1.0)).card(Card::IfChanged("/")),
        PADDING,
        Setting::pair("dilationRate", 1, MAX_WINDOW).default(SettingDefault::Pair(1.0, 1.0)),
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
        is_sequence: false,
        size: settings.pair("kernelSize"),
        strides: settings.pair("strides"),
        dilation: settings.pair("dilationRate"),
        padding: WindowPadding::of(settings),
    }
}
