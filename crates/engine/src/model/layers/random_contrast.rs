//! RandomContrast: while training, the pixels of each image go away from or towards the mean of their channel.

use super::common::{elements, image_extents};
use super::random_warp::{distribution, within};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::{Expr, NodeId};
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Formula, number};
use crate::model::lower::{Context, Mode};
use crate::ops::random_uniform::random_uniform;
use crate::ops::reshape::reshape;
use crate::ops::{pointwise, reduce};

pub struct RandomContrast;

static SCHEMA: Schema = Schema {
    type_name: "RandomContrast",
    settings: &[
        Setting::range_or_number("factor", 0.0, 1.0).initial(SettingDefault::Number(0.2)).card(Card::Always),
        Setting::range("valueRange", -1e6, 1e6)
            .default(SettingDefault::Numbers(&[0.0, 255.0]))
            .initial(SettingDefault::Numbers(&[0.0, 1.0])),
    ],
};

/// Returns the range of the factors. A single number goes both ways, as Keras's documentation has it; Keras 3.15 itself takes
/// it for the upper one alone.
fn factors(settings: &Settings) -> [f64; 2] {
    let [lower, upper] = settings.range("factor", |number| [number, number]);
    [1.0 - lower, 1.0 + upper]
}

impl UnaryLayer for RandomContrast {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        image_extents(input).map(Vec::from)
    }

    /// Counts the mean, and four operations for each number. In inference the layer does nothing.
    fn flops(&self, _settings: &Settings, input: &[usize], _output: &[usize]) -> u64 {
        5 * elements(input)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let [low, high] = settings.range("valueRange", |number| [number, number]).map(number);
        Formula {
            forward: vec![
                r"z_{i,j,c} = f\,(x_{i,j,c} - μ_c) + μ_c".to_owned(),
                format!(r"y_{{i,j,c}} = \min({high}, \max({low}, z_{{i,j,c}}))"),
                format!("f ~ {}", distribution(factors(settings))),
                "y = x".to_owned(),
            ],
            backward: vec![
                format!(r"δ_{{i,j,c}} = \cases{{g_{{i,j,c}} & {low} ≤ z_{{i,j,c}} ≤ {high} \\ 0 & }}"),
                r"\frac{∂L}{∂x_{i,j,c}} = f\,δ_{i,j,c} + (1 - f)\,\frac{\sum_{p,q} δ_{p,q,c}}{H\,W}".to_owned(),
            ],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let Mode::Training { key } = context.mode else { return Ok(input) };
        let graph = &mut *context.graph;
        let batch = graph.tensor_type(input).shape[0];
        let random = random_uniform(graph, key, [batch], context.layer)?;
        let factor = within(factors(settings), Expr::input(0));
        let factor = pointwise::apply_expression(graph, "contrast", &factor, &[random])?;
        let factor = reshape(graph, factor, [batch, 1, 1, 1])?;
        let mean = reduce::mean(graph, input, &[1, 2], true)?;
        let centred = pointwise::sub(graph, input, mean)?;
        let product = pointwise::mul(graph, centred, factor)?;
        let moved = pointwise::add(graph, product, mean)?;
        let [low, high] =
            settings.range("valueRange", |number| [number, number]).map(|bound| graph.scalar(bound as f32));
        let raised = pointwise::max(graph, moved, low)?;
        pointwise::min(graph, raised, high)
    }
}
