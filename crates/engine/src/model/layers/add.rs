//! Add: the inputs are added number by number. With a way round some layers it makes a residual network (He et al. 2015).

use super::{Layer, merging};
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Settings};
use crate::model::formula::{Derivation, Formula, Reduction};
use crate::model::lower::Context;
use crate::ops::pointwise;

pub struct Add;

static SCHEMA: Schema = Schema { type_name: "Add", settings: &[] };

impl Layer for Add {
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
        merging::fold(context.graph, inputs, pointwise::add)
    }

    fn formula(&self, _settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> Formula {
        merging::formula(inputs, output, " + ", |_, _| String::new())
    }

    fn derivation(&self, _settings: &Settings, inputs: &[Vec<usize>], output: &[usize], at: usize) -> Derivation {
        merging::derivation(inputs, output, at, Reduction::Sum)
    }
}
