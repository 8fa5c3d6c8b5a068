//! Dropout: while training, random numbers become zero and the rest grow so that the mean stays.

use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{LayerType, Setting, SettingDefault, SettingKind, Settings};
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
