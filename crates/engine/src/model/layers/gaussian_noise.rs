//! GaussianNoise: while training, random numbers are added, so that the network learns what matters in spite of them.

use std::ops::Bound;

use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Formula, number};
use crate::model::lower::{Context, Mode};
use crate::ops::gaussian_noise::gaussian_noise;

pub struct GaussianNoise;

static SCHEMA: Schema = Schema {
    type_name: "GaussianNoise",
    settings: &[Setting::number("stddev", Bound::Included(0.0), Bound::Included(1e6))
        .initial(SettingDefault::Number(0.1))
        .card(Card::Always)],
};

impl UnaryLayer for GaussianNoise {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn passes_mask(&self, _settings: &Settings) -> bool {
        true
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let deviation = number(settings.number("stddev"));
        Formula {
            forward: vec![format!(r"y_i = x_i + {deviation}\,ε_i,\, ε_i ~ N(0, 1)"), "y_i = x_i".to_owned()],
            backward: vec![r"\frac{∂L}{∂x_i} = g_i".to_owned()],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let deviation = settings.number("stddev") as f32;
        match context.mode {
            Mode::Training { key } if deviation > 0.0 => {
                gaussian_noise(context.graph, input, key, deviation, context.layer)
            }
            _ => Ok(input),
        }
    }
}
