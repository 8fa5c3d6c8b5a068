//! Dropout: while training, random numbers become zero and the rest grow so that the mean stays.

use super::common::unchanged;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{LayerType, Setting, SettingDefault, SettingKind, Settings};
use crate::model::formula::{Explain, Formula, Recipe, number};
use crate::model::lower::{Context, Lower, Mode};
use crate::ops::dropout::dropout;

pub struct Dropout;

static SETTINGS: [Setting; 1] = [Setting {
    name: "rate",
    // At 1 nothing would be left to scale up.
    kind: SettingKind::Number { min: 0.0, max: 0.999 },
    default: SettingDefault::Required,
    help: "The share of numbers that becomes zero in each training step.",
}];

impl LayerType for Dropout {
    fn type_name(&self) -> &'static str {
        "Dropout"
    }

    fn default_name(&self) -> &'static str {
        "dropout"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn shape_rule(&self, _settings: &Settings, _input: &[usize], output: &[usize]) -> Vec<String> {
        unchanged(output)
    }

    fn flops(&self, _settings: &Settings, _input: &[usize], _output: &[usize]) -> u64 {
        0
    }
}

impl Explain for Dropout {
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

    fn recipe(&self, _settings: &Settings, _input: &[usize], _output: &[usize], at: usize) -> Recipe {
        Recipe::copy(at)
    }
}

impl Lower for Dropout {
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let rate = settings.number("rate") as f32;
        match context.mode {
            Mode::Training { key } if rate > 0.0 => dropout(context.graph, input, key, rate, context.layer),
            _ => Ok(input),
        }
    }
}
