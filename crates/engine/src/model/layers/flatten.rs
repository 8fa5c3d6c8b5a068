//! Flatten: the image becomes one long vector.

use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Settings};
use crate::model::formula::Formula;
use crate::model::lower::Context;
use crate::ops::reshape::flatten;

pub struct Flatten;

static SCHEMA: Schema = Schema { type_name: "Flatten", settings: &[] };

impl UnaryLayer for Flatten {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(vec![input.iter().product()])
    }

    fn shape_rule(&self, _settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let factors: Vec<String> = input.iter().map(usize::to_string).collect();
        vec![format!("{} = {}", factors.join(" × "), output.first().copied().unwrap_or_default())]
    }

    fn formula(&self, _settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let symbols = vec![("x", input.to_vec()), ("y", output.to_vec())];
        let (forward, backward) = match *input {
            [_, width, channels] => (
                format!("y_m = x_{{i,j,c}},\\, m = ({width}i + j)·{channels} + c"),
                r"\frac{∂L}{∂x_{i,j,c}} = g_m".to_owned(),
            ),
            _ => ("y_m = x_m".to_owned(), r"\frac{∂L}{∂x_m} = g_m".to_owned()),
        };
        Formula { forward: vec![forward], backward: vec![backward], symbols, ranges: Vec::new() }
    }

    fn lower(&self, context: &mut Context<'_>, _settings: &Settings, input: NodeId) -> Result<NodeId> {
        flatten(context.graph, input)
    }
}
