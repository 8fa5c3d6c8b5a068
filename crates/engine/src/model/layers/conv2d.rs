//! Conv2D: a kernel slides over the image, and each output is a weighted sum of what it covers.

use super::common::{
    BIAS_INITIALIZER, DILATION_RATE, FILTERS, KERNEL_INITIALIZER, KERNEL_SIZE, L1, L2, MAX_NORM, PADDING, STRIDES,
    USE_BIAS, Window, WindowPadding,
};
use super::convolution::Convolution;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Schema, Settings};

pub const CONV2D: Convolution = Convolution { schema: &SCHEMA, window };

static SCHEMA: Schema = Schema {
    type_name: "Conv2D",
    settings: &[
        FILTERS,
        KERNEL_SIZE,
        STRIDES,
        PADDING,
        DILATION_RATE,
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
