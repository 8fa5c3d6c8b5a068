//! SeparableConv2D: a convolution of each channel alone, then a weighted sum of the results at each place (Chollet 2017).

use super::common::{
    BIAS_INITIALIZER, DEPTH_MULTIPLIER, DEPTHWISE_INITIALIZER, DILATION_RATE, FILTERS, KERNEL_SIZE, L1, L2, MAX_NORM,
    PADDING, STRIDES, USE_BIAS, activation_flops, bias, elements, initializer,
};
use super::depthwise;
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Schema, Setting, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Reduction, range};
use crate::model::initializers;
use crate::model::lower::Context;
use crate::ops::conv2d::Conv2d;
use crate::ops::window::Padding;

pub struct SeparableConv2D;

static SCHEMA: Schema = Schema {
    type_name: "SeparableConv2D",
    settings: &[
        FILTERS,
        KERNEL_SIZE,
        STRIDES,
        PADDING,
        DEPTH_MULTIPLIER,
        DILATION_RATE,
        ACTIVATION,
        USE_BIAS,
        DEPTHWISE_INITIALIZER,
        Setting::choice("pointwiseInitializer", initializers::NAMES, "glorot_uniform"),
        BIAS_INITIALIZER,
        L1,
        L2,
        MAX_NORM,
    ],
};

const DEPTHWISE: &str = "depthwise_kernel";
const POINTWISE: &str = "pointwise_kernel";

impl UnaryLayer for SeparableConv2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let mut output = depthwise::output_shape(settings, input)?;
        output[2] = settings.integer("filters");
        Ok(output)
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let filters = settings.integer("filters");
        let shape = vec![1, 1, depthwise::filters(settings, input), filters];
        let own = initializer(settings, "pointwiseInitializer");
        let pointwise = WeightSpec::new(POINTWISE, shape, own).held_down(settings, &[3]);
        [depthwise::kernel(settings, input, DEPTHWISE), pointwise].into_iter().chain(bias(settings, filters)).collect()
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        depthwise::window(settings).shape_rule(input, output, format!("filters = {}", output[2]))
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let [height, width] = settings.pair("kernelSize");
        let between = depthwise::filters(settings, input) as u64;
        let places = elements(&output[..2]);
        let bias = u64::from(settings.flag("useBias"));
        let of_window = 2 * places * between * (height * width) as u64;
        of_window + elements(output) * (2 * between + bias) + activation_flops(settings.choice("activation"), output)
    }

    fn held(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        elements(output) + elements(&output[..2]) * depthwise::filters(settings, input) as u64
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let window = depthwise::window(settings);
        let multiplier = settings.integer("depthMultiplier");
        let has_bias = settings.flag("useBias");
        // Result m of channel c.
        let (result, weight) =
            if multiplier == 1 { ("c".to_owned(), "v_{u,v,c}") } else { (format!("{multiplier}c+m"), "v_{u,v,c,m}") };
        let over = if multiplier == 1 { "c" } else { "c,m" };
        let bias = if has_bias { "b_k + " } else { "" };
        let seen = window.looks_at(input, "c");
        let mut backward = vec![
            format!(r"\frac{{∂L}}{{∂w_{{{result},k}}}} = \sum_{{n,i,j}} h_{{i,j,{result}}}\,δ_{{i,j,k}}"),
            format!(r"η_{{i,j,{result}}} = \sum_k w_{{{result},k}}\,δ_{{i,j,k}}"),
            format!(r"\frac{{∂L}}{{∂{weight}}} = \sum_{{n,i,j}} {seen}\,η_{{i,j,{result}}}"),
        ];
        if has_bias {
            backward.push(r"\frac{∂L}{∂b_k} = \sum_{n,i,j} δ_{i,j,k}".to_owned());
        }
        let over_results = if multiplier == 1 { "" } else { r" \sum_m" };
        let from = window.seen_from(input);
        backward
            .push(format!(r"\frac{{∂L}}{{∂x_{{p,q,c}}}} = \sum_{{{from}}}{over_results} {weight}\,η_{{i,j,{result}}}"));
        let mut ranges = window.ranges();
        ranges.push(range("c", input.last().copied().unwrap_or(1)));
        if multiplier > 1 {
            ranges.push(range("m", multiplier));
        }
        let weights = self.weights(settings, input);
        let letters = ["v", "w", "b"].into_iter().zip(weights).map(|(letter, weight)| (letter, weight.shape));
        Formula {
            forward: vec![
                format!(r"h_{{i,j,{result}}} = \sum_{{u,v}} {seen}\,{weight}"),
                format!(r"z_{{i,j,k}} = {bias}\sum_{{{over}}} h_{{i,j,{result}}}\,w_{{{result},k}}"),
            ],
            backward,
            symbols: [("x", input.to_vec())].into_iter().chain(letters).chain([("y", output.to_vec())]).collect(),
            ranges,
        }
        .activated(settings.choice("activation"))
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let filters = settings.integer("filters");
        let (place, filter) = (at / filters, at % filters);
        let between = depthwise::filters(settings, input);
        let results = [&output[..2], &[between]].concat();
        let groups = (0..between).map(|result| depthwise::terms(settings, input, &results, place * between + result));
        let derivation = Derivation {
            groups: groups.collect(),
            columns: settings.pair("kernelSize")[1],
            reduction: Reduction::Sum,
            weight: Some(DEPTHWISE),
            group_weight: Some((POINTWISE, (0..between).map(|result| result * filters + filter).collect())),
            ..Derivation::default()
        };
        derivation.biased(settings.flag("useBias"), filter).activated(settings.choice("activation"))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let results = depthwise::lower(context, settings, input, DEPTHWISE)?;
        let pointwise = Conv2d { strides: [1, 1], dilations: [1, 1], padding: Padding::Valid };
        let kernel = context.weight(POINTWISE)?;
        let sum = pointwise.apply(context.graph, results, kernel)?;
        context.bias_and_activation(settings, sum)
    }
}
