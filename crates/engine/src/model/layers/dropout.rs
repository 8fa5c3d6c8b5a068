//! Dropout: while training, random numbers become zero and the rest grow so that the mean stays.

use std::ops::Bound;

use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Formula, number};
use crate::model::lower::{Context, Mode};
use crate::ops::dropout::dropout;

pub struct Dropout;

/// The share that becomes zero. At 1 nothing would be left to scale up.
pub const RATE: Setting = Setting::number("rate", Bound::Included(0.0), Bound::Included(0.999))
    .initial(SettingDefault::Number(0.25))
    .card(Card::Always);

static SCHEMA: Schema = Schema { type_name: "Dropout", settings: &[RATE] };

impl UnaryLayer for Dropout {
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
        let rate = number(settings.number("rate"));
        Formula {
            forward: vec![
                format!(r"y_i = \frac{{m_i\,x_i}}{{1 - {rate}}},\, P(m_i = 0) = {rate}"),
                "y_i = x_i".to_owned(),
            ],
            backward: vec![format!(r"\frac{{∂L}}{{∂x_i}} = \frac{{m_i\,g_i}}{{1 - {rate}}}")],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let rate = settings.number("rate") as f32;
        match context.mode {
            Mode::Training { key } if rate > 0.0 => dropout(context.graph, input, key, rate, context.layer),
            _ => Ok(input),
        }
    }
}
