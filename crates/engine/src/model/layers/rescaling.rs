//! Rescaling: every number times one factor, plus one offset.

use std::ops::Bound;

use super::common::elements;
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula, Step, number};
use crate::model::lower::Context;
use crate::ops::pointwise;

pub struct Rescaling;

static SCHEMA: Schema = Schema {
    type_name: "Rescaling",
    settings: &[
        Setting::number("scale", Bound::Unbounded, Bound::Unbounded)
            .initial(SettingDefault::Number(2.0))
            .card(Card::Always),
        Setting::number("offset", Bound::Unbounded, Bound::Unbounded).default(SettingDefault::Number(0.0)),
    ],
};

impl UnaryLayer for Rescaling {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn flops(&self, _settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        2 * elements(output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let (scale, offset) = (number(settings.number("scale")), number(settings.number("offset")));
        Formula {
            forward: vec![format!(r"y = {scale}\,x + {offset}")],
            backward: vec![format!(r"\frac{{∂L}}{{∂x}} = {scale}\,g")],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn derivation(&self, settings: &Settings, _input: &[usize], _output: &[usize], at: usize) -> Derivation {
        let steps = vec![Step::Scale(settings.number("scale")), Step::Shift(settings.number("offset"))];
        Derivation { steps, ..Derivation::copy(at) }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let scale = context.graph.scalar(settings.number("scale") as f32);
        let offset = context.graph.scalar(settings.number("offset") as f32);
        let scaled = pointwise::mul(context.graph, input, scale)?;
        pointwise::add(context.graph, scaled, offset)
    }
}
