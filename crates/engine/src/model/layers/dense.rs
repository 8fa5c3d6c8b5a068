//! Dense: each output is a weighted sum of all inputs.

use super::unary::UnaryLayer;
use super::common::{KERNEL_INITIALIZER, L2, USE_BIAS, activation_flops, elements, kernel_initializer};
use crate::error::{ModelError, Result};
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec, shape_text};
use crate::model::formula::{Derivation, Formula, Reduction, Term, range};
use crate::model::initializers::Zeros;
use crate::model::lower::Context;
use crate::ops::matmul::matmul;

pub struct Dense;

static SCHEMA: Schema = Schema {
    type_name: "Dense",
    settings: &[
        Setting::integer("units", 1, 1 << 20).initial(SettingDefault::Number(32.0)).card(Card::Always),
        ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        L2,
    ],
};

impl UnaryLayer for Dense {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        // Keras would apply the layer to the last axis; in a classifier that is a forgotten Flatten.
        if input.len() != 1 {
            return Err(ModelError::MissingFlatten { shape: shape_text(input) }.into());
        }
        Ok(vec![settings.integer("units")])
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let units = settings.integer("units");
        let features = input.last().copied().unwrap_or(1);
        let kernel = WeightSpec {
            name: "kernel",
            shape: vec![features, units],
            initializer: kernel_initializer(settings),
            trainable: true,
            l2: settings.number("l2") as f32,
        };
        let bias = settings.flag("useBias").then(|| WeightSpec {
            name: "bias",
            shape: vec![units],
            initializer: &Zeros,
            trainable: true,
            l2: 0.0,
        });
        [kernel].into_iter().chain(bias).collect()
    }

    fn shape_rule(&self, _settings: &Settings, _input: &[usize], output: &[usize]) -> Vec<String> {
        vec![format!("units = {}", output.first().copied().unwrap_or_default())]
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let bias = u64::from(settings.flag("useBias"));
        elements(output) * (2 * elements(input) + bias) + activation_flops(settings.choice("activation"), output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let has_bias = settings.flag("useBias");
        let bias = if has_bias { "b_k + " } else { "" };
        let mut backward = vec![r"\frac{∂L}{∂w_{i,k}} = \sum_n x_i\,δ_k".to_owned()];
        if has_bias {
            backward.push(r"\frac{∂L}{∂b_k} = \sum_n δ_k".to_owned());
        }
        backward.push(r"\frac{∂L}{∂x_i} = \sum_k w_{i,k}\,δ_k".to_owned());
        let mut symbols = vec![("x", input.to_vec())];
        for weight in self.weights(settings, input) {
            symbols.push((if weight.name == "bias" { "b" } else { "w" }, weight.shape));
        }
        symbols.push(("y", output.to_vec()));
        let ranges = vec![range("i", input.last().copied().unwrap_or(1)), range("k", settings.integer("units"))];
        let forward = vec![format!(r"z_k = {bias}\sum_i x_i\,w_{{i,k}}")];
        Formula { forward, backward, symbols, ranges }.activated(settings.choice("activation"))
    }

    fn derivation(&self, settings: &Settings, input: &[usize], _output: &[usize], at: usize) -> Derivation {
        let units = settings.integer("units");
        let terms = (0..input.last().copied().unwrap_or(1))
            .map(|at_input| Term { input: Some(at_input), weight: at_input * units + at });
        let derivation = Derivation {
            groups: vec![terms.collect()],
            columns: 1,
            reduction: Reduction::Sum,
            weight: Some("kernel"),
            steps: Vec::new(),
        };
        derivation.biased(settings.flag("useBias"), at).activated(settings.choice("activation"))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let product = matmul(context.graph, input, context.weight("kernel")?)?;
        context.bias_and_activation(settings, product)
    }
}
