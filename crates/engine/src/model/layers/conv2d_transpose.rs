//! Conv2DTranspose: each pixel lays a weighted kernel over the output; the overlapping sums make a larger image.

use super::common::{
    BIAS_INITIALIZER, DILATION_RATE, FILTERS, KERNEL_INITIALIZER, KERNEL_SIZE, L1, L2, MAX_NORM, MAX_WINDOW, PADDING,
    USE_BIAS, activation_flops, elements, image_extents, kernel_and_bias, weighted_symbols,
};
use super::unary::UnaryLayer;
use crate::error::{Result, SettingError};
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Reduction, Term, index, looks_at, place, range};
use crate::model::lower::Context;
use crate::ops::conv2d::{Conv2d, Conv2dInputGradient};
use crate::ops::window::Padding;
use std::sync::Arc;

pub struct Conv2DTranspose;

static SCHEMA: Schema = Schema {
    type_name: "Conv2DTranspose",
    settings: &[
        FILTERS,
        KERNEL_SIZE,
        Setting::pair("strides", 1, MAX_WINDOW).default(SettingDefault::Pair(1.0, 1.0)).card(Card::IfChanged("×")),
        PADDING,
        // Rows and columns more than the smallest output has.
        Setting::pair("outputPadding", 0, MAX_WINDOW).default(SettingDefault::Absent),
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

/// Returns the convolution of which this layer is the transpose: from the layer's output to its input.
fn convolution(settings: &Settings) -> Conv2d {
    let padding = if settings.choice("padding") == "same" { Padding::Same } else { Padding::Valid };
    Conv2d { strides: settings.pair("strides"), dilations: settings.pair("dilationRate"), padding }
}

/// Returns the pixels that a kernel covers along an axis.
fn reach(settings: &Settings, axis: usize) -> usize {
    (settings.pair("kernelSize")[axis] - 1) * settings.pair("dilationRate")[axis] + 1
}

/// Returns the extent of the output along an axis, by Keras's `compute_conv_transpose_output_shape`.
///
/// # Errors
/// `bad-setting` if no convolution with these strides leads from an output with this `outputPadding` to the input.
fn extent(settings: &Settings, axis: usize, input: usize) -> Result<usize> {
    let conv = convolution(settings);
    let (stride, reach) = (conv.strides[axis], reach(settings, axis));
    let smallest = (input - 1).saturating_mul(stride);
    let given = settings.optional_pair("outputPadding").map(|padding| padding[axis]);
    let (own, least) = match conv.padding {
        Padding::Same => (reach % 2, 1 - reach % 2),
        Padding::Valid => (reach, 0),
    };
    match (given, conv.padding) {
        (None, Padding::Same) => Ok(input.saturating_mul(stride)),
        (None, Padding::Valid) => Ok(smallest.saturating_add(reach.max(stride))),
        (Some(given), _) if (least..stride).contains(&given) => Ok(smallest.saturating_add(own + given)),
        (Some(_), _) if least >= stride => Err(SettingError::NoOutputPadding.into()),
        (Some(output_padding), _) => {
            Err(SettingError::OutputPadding { output_padding, stride, least, most: stride - 1 }.into())
        }
    }
}

/// Returns the zeros that the convolution adds before its first pixel, which this layer cuts off.
fn cut_before(settings: &Settings, output: &[usize]) -> [usize; 2] {
    let conv = convolution(settings);
    let size = settings.pair("kernelSize");
    [0, 1].map(|axis| {
        let axis = conv.padding.axis("window", output[axis], size[axis], conv.strides[axis], conv.dilations[axis]);
        axis.map_or(0, |axis| axis.pad_before)
    })
}

impl UnaryLayer for Conv2DTranspose {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let [height, width, _] = image_extents(input)?;
        let conv = convolution(settings);
        if conv.strides != [1, 1] && conv.dilations != [1, 1] {
            let dilation = format!("{}x{}", conv.dilations[0], conv.dilations[1]);
            return Err(SettingError::StridesAndDilation { dilation }.into());
        }
        Ok(vec![extent(settings, 0, height)?, extent(settings, 1, width)?, settings.integer("filters")])
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let conv = convolution(settings);
        let rule = |axis: usize| {
            let (extent, stride) = (input[axis], conv.strides[axis]);
            match (conv.padding, settings.optional_pair("outputPadding")) {
                (Padding::Same, None) => format!("{extent} × {stride} = {}", output[axis]),
                _ => {
                    let rest = output[axis] - (extent - 1) * stride;
                    format!("({extent} - 1) × {stride} + {rest} = {}", output[axis])
                }
            }
        };
        vec![rule(0), rule(1), format!("filters = {}", output[2])]
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let [height, width] = settings.pair("kernelSize");
        // Every number of the input meets every weight of its channel once.
        let products = elements(input) * (height * width) as u64 * settings.integer("filters") as u64;
        let bias = if settings.flag("useBias") { elements(output) } else { 0 };
        2 * products + bias + activation_flops(settings.choice("activation"), output)
    }

    /// The kernel is `[KH,KW,filters,channels]`, as that of the convolution which goes the other way.
    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let [height, width] = settings.pair("kernelSize");
        let filters = settings.integer("filters");
        kernel_and_bias(settings, vec![height, width, filters, input.last().copied().unwrap_or(1)], 2)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let conv = convolution(settings);
        let cut = cut_before(settings, output);
        let has_bias = settings.flag("useBias");
        let bias = if has_bias { "b_k + " } else { "" };
        let row = looks_at("i", conv.strides[0], "u", conv.dilations[0], cut[0]);
        let column = looks_at("j", conv.strides[1], "v", conv.dilations[1], cut[1]);
        let mut backward =
            vec![format!(r"\frac{{∂L}}{{∂w_{{u,v,k,c}}}} = \sum_{{n,i,j}} x_{{i,j,c}}\,δ_{{{row},{column},k}}")];
        if has_bias {
            backward.push(r"\frac{∂L}{∂b_k} = \sum_{n,p,q} δ_{p,q,k}".to_owned());
        }
        backward.push(format!(r"\frac{{∂L}}{{∂x_{{i,j,c}}}} = \sum_{{u,v,k}} w_{{u,v,k,c}}\,δ_{{{row},{column},k}}"));
        let [height, width] = settings.pair("kernelSize");
        let forward =
            vec![format!(r"z_{{p,q,k}} = {bias}\sum_{{{row}=p,\,{column}=q}} \sum_c x_{{i,j,c}}\,w_{{u,v,k,c}}")];
        Formula {
            forward,
            backward,
            symbols: weighted_symbols(input, self.weights(settings, input), output),
            ranges: vec![range("u", height), range("v", width), range("c", input.last().copied().unwrap_or(1))],
        }
        .activated(settings.choice("activation"))
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let (conv, cut, size) = (convolution(settings), cut_before(settings, output), settings.pair("kernelSize"));
        let (place, filters) = (place(output, at), settings.integer("filters"));
        let channels = input.last().copied().unwrap_or(1);
        let filter = at % filters;
        // The pixel whose kernel, at this offset, lies on the output's.
        let source = |axis: usize, offset: usize| {
            let from = (place[axis] + cut[axis]).checked_sub(offset * conv.dilations[axis])?;
            let stride = conv.strides[axis];
            (from.is_multiple_of(stride) && from / stride < input[axis]).then_some(from / stride)
        };
        let group = |channel: usize| {
            let mut terms = Vec::new();
            for row in 0..size[0] {
                for column in 0..size[1] {
                    if let Some((i, j)) = source(0, row).zip(source(1, column)) {
                        let weight = ((row * size[1] + column) * filters + filter) * channels + channel;
                        terms.push(Term { input: Some(index(input, &[i, j, channel])), weight });
                    }
                }
            }
            terms
        };
        let derivation = Derivation {
            groups: (0..channels).map(group).collect(),
            columns: 1,
            reduction: Reduction::Sum,
            weight: Some("kernel"),
            ..Derivation::default()
        };
        derivation.biased(settings.flag("useBias"), filter).activated(settings.choice("activation"))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let dims = context.graph.tensor_type(input).shape.dims().to_vec();
        let output = self.output_shape(settings, &dims[1..])?;
        let input_shape = [&dims[..1], &output[..]].concat().into();
        let transpose = Conv2dInputGradient { conv: convolution(settings), input_shape };
        let kernel = context.weight("kernel")?;
        let sum = context.graph.apply(Arc::new(transpose), &[input, kernel])?;
        context.bias_and_activation(settings, sum)
    }
}
