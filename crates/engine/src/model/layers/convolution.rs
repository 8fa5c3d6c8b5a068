//! Convolutions over images and sequences, given their window.

use super::common::{Window, activation_flops, elements, kernel_and_bias, weighted_symbols};
use super::unary::UnaryLayer;
use crate::error::{Result, SettingError};
use crate::ir::{Graph, NodeId};
use crate::model::catalogue::{Schema, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Reduction, range};
use crate::model::lower::Context;
use crate::ops::conv2d::Conv2d;
use crate::ops::layout::pad;
use crate::ops::reshape::reshape;

/// A convolution with a kernel that sees all channels.
pub struct Convolution {
    pub schema: &'static Schema,
    pub window: fn(&Settings) -> Window,
}

/// Checks that only one of strides and dilation is larger than 1, as Keras demands.
///
/// # Errors
/// `bad-setting` if both are.
pub fn check_dilation(window: &Window) -> Result<()> {
    if window.strides == [1, 1] || window.dilation == [1, 1] {
        return Ok(());
    }
    let [down, right] = window.dilation;
    let dilation = if window.is_sequence { right.to_string() } else { format!("{down}x{right}") };
    Err(SettingError::StridesAndDilation { dilation }.into())
}

impl UnaryLayer for Convolution {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let window = (self.window)(settings);
        let [height, width, _] = window.image(input)?;
        check_dilation(&window)?;
        Ok(window.output(window.positions("kernelSize", [height, width])?, settings.integer("filters")))
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let window = (self.window)(settings);
        let channels = input.last().copied().unwrap_or(1);
        let size = if window.is_sequence { &window.size[1..] } else { &window.size[..] };
        kernel_and_bias(settings, [size, &[channels, settings.integer("filters")]].concat(), size.len() + 1)
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        (self.window)(settings).shape_rule(input, output, format!("filters = {}", settings.integer("filters")))
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let size = (self.window)(settings).size;
        let products = size.iter().product::<usize>() as u64 * input.last().copied().unwrap_or(1) as u64;
        let bias = u64::from(settings.flag("useBias"));
        elements(output) * (2 * products + bias) + activation_flops(settings.choice("activation"), output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let window = (self.window)(settings);
        let channels = input.last().copied().unwrap_or(1);
        let has_bias = settings.flag("useBias");
        let bias = if has_bias { "b_k + " } else { "" };
        let (at, offset, pixel) = (window.position(), window.offset(), window.pixel());
        let seen = window.looks_at(input, "c");
        let mut backward = vec![format!(r"\frac{{∂L}}{{∂w_{{{offset},c,k}}}} = \sum_{{n,{at}}} {seen}\,δ_{{{at},k}}")];
        if has_bias {
            backward.push(format!(r"\frac{{∂L}}{{∂b_k}} = \sum_{{n,{at}}} δ_{{{at},k}}"));
        }
        backward.push(format!(
            r"\frac{{∂L}}{{∂x_{{{pixel},c}}}} = \sum_{{{}}} \sum_k w_{{{offset},c,k}}\,δ_{{{at},k}}",
            window.seen_from(input)
        ));
        let mut ranges = window.ranges();
        ranges.push(range("c", channels));
        let forward = vec![format!(r"z_{{{at},k}} = {bias}\sum_{{{offset},c}} {seen}\,w_{{{offset},c,k}}")];
        let symbols = weighted_symbols(input, self.weights(settings, input), output);
        Formula { forward, backward, symbols, ranges }.activated(settings.choice("activation"))
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let window = (self.window)(settings);
        let filters = settings.integer("filters");
        let channels = input.last().copied().unwrap_or(1);
        let filter = at % filters;
        let groups = (0..channels).map(|channel| {
            let weight =
                |row: usize, column: usize| ((row * window.size[1] + column) * channels + channel) * filters + filter;
            window.terms(input, output, at, channel, weight)
        });
        let derivation = Derivation {
            groups: groups.collect(),
            columns: window.size[1],
            reduction: Reduction::Sum,
            weight: Some("kernel"),
            ..Derivation::default()
        };
        derivation.biased(settings.flag("useBias"), filter).activated(settings.choice("activation"))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let window = (self.window)(settings);
        let op = Conv2d { strides: window.strides, dilations: window.dilation, padding: window.op_padding() };
        let kernel = context.weight("kernel")?;
        if !window.is_sequence {
            let sum = op.apply(context.graph, input, kernel)?;
            return context.bias_and_activation(settings, sum);
        }
        let image = sequence_as_image(context.graph, &window, input)?;
        let kernel_shape = [&[1], context.graph.tensor_type(kernel).shape.dims()].concat();
        let kernel = reshape(context.graph, kernel, kernel_shape)?;
        let sum = op.apply(context.graph, image, kernel)?;
        let output = context.bias_and_activation(settings, sum)?;
        image_as_sequence(context.graph, output)
    }
}

/// Appends the zeros before a causal window, and an axis of one row: `[N,L,C]` to `[N,1,L,C]`.
///
/// # Errors
/// If the input is no batch of sequences.
pub fn sequence_as_image(graph: &mut Graph, window: &Window, input: NodeId) -> Result<NodeId> {
    let zeros = window.causal_zeros();
    let padded = if zeros > 0 { pad(graph, input, &[0, zeros, 0], &[0, 0, 0])? } else { input };
    let mut shape = graph.tensor_type(padded).shape.dims().to_vec();
    shape.insert(1, 1);
    reshape(graph, padded, shape)
}

/// Removes the axis of rows: `[N,1,L,C]` to `[N,L,C]`.
///
/// # Errors
/// If there is more than one row.
pub fn image_as_sequence(graph: &mut Graph, output: NodeId) -> Result<NodeId> {
    let mut shape = graph.tensor_type(output).shape.dims().to_vec();
    shape.remove(1);
    reshape(graph, output, shape)
}
