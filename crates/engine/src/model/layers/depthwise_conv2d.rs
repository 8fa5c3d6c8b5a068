//! DepthwiseConv2D: a convolution of each channel alone, without sums over the channels.

use super::common::{
    BIAS_INITIALIZER, DEPTH_MULTIPLIER, DEPTHWISE_INITIALIZER, DILATION_RATE, KERNEL_SIZE, L1, L2, MAX_NORM, PADDING,
    STRIDES, USE_BIAS, activation_flops, bias, elements, weighted_symbols,
};
use super::depthwise;
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Schema, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Reduction, range};
use crate::model::lower::Context;

pub struct DepthwiseConv2D;

static SCHEMA: Schema = Schema {
    type_name: "DepthwiseConv2D",
    settings: &[
        KERNEL_SIZE,
        STRIDES,
        PADDING,
        DEPTH_MULTIPLIER,
        DILATION_RATE,
        ACTIVATION,
        USE_BIAS,
        DEPTHWISE_INITIALIZER,
        BIAS_INITIALIZER,
        L1,
        L2,
        MAX_NORM,
    ],
};

impl UnaryLayer for DepthwiseConv2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        depthwise::output_shape(settings, input)
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let kernel = depthwise::kernel(settings, input, "kernel");
        [kernel].into_iter().chain(bias(settings, depthwise::filters(settings, input))).collect()
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let (channels, multiplier) = (input.last().copied().unwrap_or(1), settings.integer("depthMultiplier"));
        let rule = format!("{channels} × {multiplier} = {}", channels * multiplier);
        depthwise::window(settings).shape_rule(input, output, rule)
    }

    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        let [height, width] = settings.pair("kernelSize");
        let bias = u64::from(settings.flag("useBias"));
        let products = (height * width) as u64;
        elements(output) * (2 * products + bias) + activation_flops(settings.choice("activation"), output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let window = depthwise::window(settings);
        let multiplier = settings.integer("depthMultiplier");
        let has_bias = settings.flag("useBias");
        // Result m of channel c.
        let result = if multiplier == 1 { "c".to_owned() } else { format!("{multiplier}c+m") };
        let weight = if multiplier == 1 { "w_{u,v,c}" } else { "w_{u,v,c,m}" };
        let bias = if has_bias { format!("b_{{{result}}} + ") } else { String::new() };
        let seen = window.looks_at(input, "c");
        let mut backward = vec![format!(r"\frac{{∂L}}{{∂{weight}}} = \sum_{{n,i,j}} {seen}\,δ_{{i,j,{result}}}")];
        if has_bias {
            backward.push(format!(r"\frac{{∂L}}{{∂b_{{{result}}}}} = \sum_{{n,i,j}} δ_{{i,j,{result}}}"));
        }
        let over_results = if multiplier == 1 { "" } else { r" \sum_m" };
        backward.push(format!(
            r"\frac{{∂L}}{{∂x_{{p,q,c}}}} = \sum_{{{}}}{over_results} {weight}\,δ_{{i,j,{result}}}",
            window.seen_from(input)
        ));
        let mut ranges = window.ranges();
        if multiplier > 1 {
            ranges.push(range("m", multiplier));
        }
        Formula {
            forward: vec![format!(r"z_{{i,j,{result}}} = {bias}\sum_{{u,v}} {seen}\,{weight}")],
            backward,
            symbols: weighted_symbols(input, self.weights(settings, input), output),
            ranges,
        }
        .activated(settings.choice("activation"))
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let filters = output.last().copied().unwrap_or(1).max(1);
        let derivation = Derivation {
            groups: vec![depthwise::terms(settings, input, output, at)],
            columns: settings.pair("kernelSize")[1],
            reduction: Reduction::Sum,
            weight: Some("kernel"),
            ..Derivation::default()
        };
        derivation.biased(settings.flag("useBias"), at % filters).activated(settings.choice("activation"))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let sum = depthwise::lower(context, settings, input, "kernel")?;
        context.bias_and_activation(settings, sum)
    }
}
