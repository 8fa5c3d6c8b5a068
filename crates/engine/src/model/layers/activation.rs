//! Activation: a function applied to each number, or to the last axis for softmax.

use super::common::activation_flops;
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{Card, Schema, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula};
use crate::model::lower::Context;

pub struct Activation;

static SCHEMA: Schema =
    Schema { type_name: "Activation", settings: &[ACTIVATION.default(SettingDefault::Required).card(Card::Always)] };

impl UnaryLayer for Activation {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn passes_mask(&self, _settings: &Settings) -> bool {
        true
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        activation_flops(settings.choice("activation"), output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let symbols = vec![("z", input.to_vec()), ("y", output.to_vec())];
        Formula { symbols, ..Formula::default() }.activated(settings.choice("activation"))
    }

    fn derivation(&self, settings: &Settings, _input: &[usize], _output: &[usize], at: usize) -> Derivation {
        Derivation::copy(at).activated(settings.choice("activation"))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        context.activation(settings.choice("activation"), input)
    }
}
