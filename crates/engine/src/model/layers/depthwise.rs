//! The common part of layers that convolve each channel alone.

use super::common::{Window, WindowPadding, initializer};
use super::convolution::check_dilation;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Settings, WeightSpec};
use crate::model::formula::Term;
use crate::model::lower::Context;
use crate::ops::conv2d::Conv2d;
use crate::ops::depthwise_conv2d::DepthwiseConv2d;

pub fn window(settings: &Settings) -> Window {
    Window {
        is_sequence: false,
        size: settings.pair("kernelSize"),
        strides: settings.pair("strides"),
        dilation: settings.pair("dilationRate"),
        padding: WindowPadding::of(settings),
    }
}

/// Counts the results of the depthwise convolution of an input.
pub fn filters(settings: &Settings, input: &[usize]) -> usize {
    input.last().copied().unwrap_or(1).saturating_mul(settings.integer("depthMultiplier"))
}

/// Returns the positions of the window, and the number of results.
///
/// # Errors
/// If the input is no image, no window fits, or strides and dilation are both larger than 1.
pub fn output_shape(settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
    let window = window(settings);
    let [height, width, _] = window.image(input)?;
    check_dilation(&window)?;
    Ok(window.output(window.positions("kernelSize", [height, width])?, filters(settings, input)))
}

/// Declares the kernel `[KH,KW,C,depthMultiplier]` of this name.
pub fn kernel(settings: &Settings, input: &[usize], name: &'static str) -> WeightSpec {
    let [height, width] = settings.pair("kernelSize");
    let channels = input.last().copied().unwrap_or(1);
    let shape = vec![height, width, channels, settings.integer("depthMultiplier")];
    WeightSpec::new(name, shape, initializer(settings, "depthwiseInitializer")).held_down(settings, &[2, 3])
}

/// Returns the terms of one result, before bias and activation.
pub fn terms(settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Vec<Term> {
    let window = window(settings);
    let filters = output.last().copied().unwrap_or(1).max(1);
    let filter = at % filters;
    let channel = filter / settings.integer("depthMultiplier").max(1);
    window.terms(input, output, at, channel, |row, column| (row * window.size[1] + column) * filters + filter)
}

/// Appends the convolution with the kernel of this name.
///
/// # Errors
/// If the op does not accept what it is given.
pub fn lower(context: &mut Context<'_>, settings: &Settings, input: NodeId, kernel: &str) -> Result<NodeId> {
    let window = window(settings);
    let conv = Conv2d { strides: window.strides, dilations: window.dilation, padding: window.op_padding() };
    let kernel = context.weight(kernel)?;
    DepthwiseConv2d { conv }.apply(context.graph, input, kernel)
}
