//! Activation: a function applied to each number, or to the last axis for softmax.

use crate::error::Result;
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{LayerType, Setting, SettingDefault, Settings};
use crate::model::lower::{Context, Lower};

pub struct Activation;

static SETTINGS: [Setting; 1] = [Setting { default: SettingDefault::Required, ..ACTIVATION }];

impl LayerType for Activation {
    fn type_name(&self) -> &'static str {
        "Activation"
    }

    fn default_name(&self) -> &'static str {
        "activation"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }
}

impl Lower for Activation {
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        context.activation(settings.choice("activation"), input)
    }
}
