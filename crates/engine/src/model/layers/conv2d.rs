//! Conv2D: a kernel slides over the image, and each output is a weighted sum of what it covers.

use super::common::{KERNEL_INITIALIZER, L2, MAX_WINDOW, PADDING, USE_BIAS, Window, WindowPadding};
use super::convolution;
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula};
use crate::model::lower::Context;

pub struct Conv2D;

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
        L2,
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

impl UnaryLayer for Conv2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        convolution::output_shape(&window(settings), settings, input)
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        convolution::weights(&window(settings), settings, input)
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        convolution::shape_rule(&window(settings), settings, input, output)
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        convolution::flops(&window(settings), settings, input, output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        convolution::formula(&window(settings), settings, input, output)
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        convolution::derivation(&window(settings), settings, input, output, at)
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        convolution::lower(&window(settings), context, settings, input)
    }
}
