//! Conv2D: a kernel slides over the image, and each output is a weighted sum of what it covers.

use super::unary::UnaryLayer;
use super::common::{
    KERNEL_INITIALIZER, L2, MAX_WINDOW, PADDING, USE_BIAS, Window, activation_flops, elements, image_extents,
    kernel_initializer,
};
use crate::error::{Result, SettingError};
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Reduction, range};
use crate::model::initializers::Zeros;
use crate::model::lower::Context;
use crate::ops::conv2d::Conv2d;

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

impl Conv2D {
    fn window(settings: &Settings) -> Window {
        Window {
            size: settings.pair("kernelSize"),
            strides: settings.pair("strides"),
            dilation: settings.pair("dilationRate"),
            same_padding: settings.choice("padding") == "same",
        }
    }
}

impl UnaryLayer for Conv2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let [height, width, _] = image_extents(input)?;
        let window = Self::window(settings);
        if window.strides != [1, 1] && window.dilation != [1, 1] {
            let dilation = format!("{}x{}", window.dilation[0], window.dilation[1]);
            return Err(SettingError::StridesAndDilation { dilation }.into());
        }
        let [rows, columns] = window.positions("kernelSize", [height, width])?;
        Ok(vec![rows, columns, settings.integer("filters")])
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let [height, width] = settings.pair("kernelSize");
        let filters = settings.integer("filters");
        let channels = input.last().copied().unwrap_or(1);
        let kernel = WeightSpec {
            name: "kernel",
            shape: vec![height, width, channels, filters],
            initializer: kernel_initializer(settings),
            trainable: true,
            l2: settings.number("l2") as f32,
        };
        let bias = settings.flag("useBias").then(|| WeightSpec {
            name: "bias",
            shape: vec![filters],
            initializer: &Zeros,
            trainable: true,
            l2: 0.0,
        });
        [kernel].into_iter().chain(bias).collect()
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        Self::window(settings).shape_rule(input, output, format!("filters = {}", settings.integer("filters")))
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let [height, width] = settings.pair("kernelSize");
        let products = height as u64 * width as u64 * input.last().copied().unwrap_or(1) as u64;
        let bias = u64::from(settings.flag("useBias"));
        elements(output) * (2 * products + bias) + activation_flops(settings.choice("activation"), output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let window = Self::window(settings);
        let channels = input.last().copied().unwrap_or(1);
        let has_bias = settings.flag("useBias");
        let bias = if has_bias { "b_k + " } else { "" };
        let seen = window.looks_at(input, "c");
        let mut backward = vec![format!(r"\frac{{∂L}}{{∂w_{{u,v,c,k}}}} = \sum_{{n,i,j}} {seen}\,δ_{{i,j,k}}")];
        if has_bias {
            backward.push(r"\frac{∂L}{∂b_k} = \sum_{n,i,j} δ_{i,j,k}".to_owned());
        }
        backward.push(format!(
            r"\frac{{∂L}}{{∂x_{{p,q,c}}}} = \sum_{{{}}} \sum_k w_{{u,v,c,k}}\,δ_{{i,j,k}}",
            window.seen_from(input)
        ));
        let mut symbols = vec![("x", input.to_vec())];
        for weight in self.weights(settings, input) {
            symbols.push((if weight.name == "bias" { "b" } else { "w" }, weight.shape));
        }
        symbols.push(("y", output.to_vec()));
        let mut ranges = window.ranges();
        ranges.push(range("c", channels));
        let forward = vec![format!(r"z_{{i,j,k}} = {bias}\sum_{{u,v,c}} {seen}\,w_{{u,v,c,k}}")];
        Formula { forward, backward, symbols, ranges }.activated(settings.choice("activation"))
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let window = Self::window(settings);
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
            steps: Vec::new(),
        };
        derivation.biased(settings.flag("useBias"), filter).activated(settings.choice("activation"))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let window = Self::window(settings);
        let conv = Conv2d { strides: window.strides, dilations: window.dilation, padding: window.padding() };
        let kernel = context.weight("kernel")?;
        let sum = conv.apply(context.graph, input, kernel)?;
        context.bias_and_activation(settings, sum)
    }
}
