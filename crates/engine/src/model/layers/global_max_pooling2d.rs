//! GlobalMaxPooling2D: each channel becomes the largest number of its whole image.

use super::global_pooling::GlobalPooling;
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Settings};
use crate::model::formula::{Derivation, Formula};
use crate::model::lower::Context;
use crate::ops::pool2d::PoolKind;

pub struct GlobalMaxPooling2D;

static SCHEMA: Schema = Schema { type_name: "GlobalMaxPooling2D", settings: &[] };

const POOLING: GlobalPooling = GlobalPooling { kind: PoolKind::Max, is_sequence: false };

impl UnaryLayer for GlobalMaxPooling2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        POOLING.output_shape(input)
    }

    fn flops(&self, _settings: &Settings, input: &[usize], _output: &[usize]) -> u64 {
        POOLING.flops(input)
    }

    fn formula(&self, _settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        POOLING.formula(input, output)
    }

    fn derivation(&self, _settings: &Settings, input: &[usize], _output: &[usize], at: usize) -> Derivation {
        POOLING.derivation(input, at)
    }

    fn lower(&self, context: &mut Context<'_>, _settings: &Settings, input: NodeId) -> Result<NodeId> {
        POOLING.lower(context, input)
    }
}
