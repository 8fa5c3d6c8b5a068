//! Multiply: the inputs are multiplied number by number, so that one can open and close the way of the other.

use super::{Layer, merging};
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Settings};
use crate::model::formula::{Derivation, Formula, Reduction};
use crate::model::lower::Context;
use crate::ops::pointwise;

pub struct Multiply;

static SCHEMA: Schema = Schema { type_name: "Multiply", settings: &[] };

impl Layer for Multiply {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn merges(&self) -> bool {
        true
    }

    fn passes_mask(&self, _settings: &Settings) -> bool {
        true
    }

    fn output_shape(&self, _settings: &Settings, inputs: &[Vec<usize>]) -> Result<Vec<usize>> {
        merging::broadcast(inputs)
    }

    fn flops(&self, _settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> u64 {
        merging::flops(inputs, output)
    }

    fn lower(&self, context: &mut Context<'_>, _settings: &Settings, inputs: &[NodeId]) -> Result<NodeId> {
        merging::fold(context.graph, inputs, pointwise::mul)
    }

    fn formula(&self, _settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> Formula {
        merging::formula(inputs, output, r"\,", |letters, at| {
            let others = letters.iter().enumerate().filter(|(other, _)| *other != at);
            others.map(|(_, letter)| format!(r"\,{letter}")).collect()
        })
    }

    fn derivation(&self, _settings: &Settings, inputs: &[Vec<usize>], output: &[usize], at: usize) -> Derivation {
        merging::derivation(inputs, output, at, Reduction::Product)
    }
}
