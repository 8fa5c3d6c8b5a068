//! Dense: each output is a weighted sum of all inputs, at each place of the axes before the last.

use super::common::{
    BIAS_INITIALIZER, KERNEL_INITIALIZER, L1, L2, MAX_NORM, USE_BIAS, activation_flops, elements, kernel_and_bias,
    weighted_symbols,
};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Reduction, Term, range};
use crate::model::lower::Context;
use crate::ops::matmul::matmul;
use crate::ops::reshape::reshape;

pub struct Dense;

static SCHEMA: Schema = Schema {
    type_name: "Dense",
    settings: &[
        Setting::integer("units", 1, 1 << 20).initial(SettingDefault::Number(32.0)).card(Card::Always),
        ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        BIAS_INITIALIZER,
        L1,
        L2,
        MAX_NORM,
    ],
};

impl UnaryLayer for Dense {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn passes_mask(&self, _settings: &Settings) -> bool {
        true
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let places = input.len().saturating_sub(1);
        Ok([&input[..places], &[settings.integer("units")]].concat())
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let units = settings.integer("units");
        kernel_and_bias(settings, vec![input.last().copied().unwrap_or(1), units], 1)
    }

    fn shape_rule(&self, _settings: &Settings, _input: &[usize], output: &[usize]) -> Vec<String> {
        let mut rules: Vec<String> = output.iter().map(usize::to_string).collect();
        if let Some(units) = rules.last_mut() {
            units.insert_str(0, "units = ");
        }
        rules
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let products = input.last().copied().unwrap_or(1) as u64;
        let bias = u64::from(settings.flag("useBias"));
        elements(output) * (2 * products + bias) + activation_flops(settings.choice("activation"), output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let has_bias = settings.flag("useBias");
        let bias = if has_bias { "b_k + " } else { "" };
        let mut backward = vec![r"\frac{∂L}{∂w_{i,k}} = \sum_n x_i\,δ_k".to_owned()];
        if has_bias {
            backward.push(r"\frac{∂L}{∂b_k} = \sum_n δ_k".to_owned());
        }
        backward.push(r"\frac{∂L}{∂x_i} = \sum_k w_{i,k}\,δ_k".to_owned());
        let symbols = weighted_symbols(input, self.weights(settings, input), output);
        let ranges = vec![range("i", input.last().copied().unwrap_or(1)), range("k", settings.integer("units"))];
        let forward = vec![format!(r"z_k = {bias}\sum_i x_i\,w_{{i,k}}")];
        Formula { forward, backward, symbols, ranges }.activated(settings.choice("activation"))
    }

    fn derivation(&self, settings: &Settings, input: &[usize], _output: &[usize], at: usize) -> Derivation {
        let units = settings.integer("units");
        let features = input.last().copied().unwrap_or(1);
        let (place, unit) = (at / units, at % units);
        let terms = (0..features)
            .map(|feature| Term { input: Some(place * features + feature), weight: feature * units + unit });
        let derivation = Derivation {
            groups: vec![terms.collect()],
            columns: 1,
            reduction: Reduction::Sum,
            weight: Some("kernel"),
            ..Derivation::default()
        };
        derivation.biased(settings.flag("useBias"), unit).activated(settings.choice("activation"))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let kernel = context.weight("kernel")?;
        let dims = context.graph.tensor_type(input).shape.dims().to_vec();
        let [places @ .., features] = &dims[..] else { return Ok(input) };
        if places.len() == 1 {
            let product = matmul(context.graph, input, kernel)?;
            return context.bias_and_activation(settings, product);
        }
        // Every place of every example is a row.
        let rows = reshape(context.graph, input, [places.iter().product(), *features])?;
        let product = matmul(context.graph, rows, kernel)?;
        let output = context.bias_and_activation(settings, product)?;
        reshape(context.graph, output, [places, &[settings.integer("units")]].concat())
    }
}
