//! Activation: a function applied to each number, or to the last axis for softmax.

use super::common::{activation_flops, unchanged};
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{LayerType, Setting, SettingDefault, Settings};
use crate::model::formula::{Explain, Formula, Recipe};
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

    fn shape_rule(&self, _settings: &Settings, _input: &[usize], output: &[usize]) -> Vec<String> {
        unchanged(output)
    }

    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        activation_flops(settings.choice("activation"), output)
    }
}

impl Explain for Activation {
    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let symbols = vec![("z", input.to_vec()), ("y", output.to_vec())];
        Formula { symbols, ..Formula::default() }.activated(settings.choice("activation"))
    }

    fn recipe(&self, settings: &Settings, _input: &[usize], _output: &[usize], at: usize) -> Recipe {
        Recipe::copy(at).activated(settings.choice("activation"))
    }
}

impl Lower for Activation {
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        context.activation(settings.choice("activation"), input)
    }
}
