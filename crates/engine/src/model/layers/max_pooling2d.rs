//! MaxPooling2D: each window keeps its largest value.

use super::common::Window;
use super::pooling::{Pooling, SETTINGS};
use crate::model::catalogue::Schema;
use crate::model::formula::Reduction;
use crate::ops::pool2d::PoolKind;

pub struct MaxPooling2D;

impl Pooling for MaxPooling2D {
    const SCHEMA: &'static Schema = &Schema { type_name: "MaxPooling2D", settings: SETTINGS };
    const KIND: PoolKind = PoolKind::Max;
    const REDUCTION: Reduction = Reduction::Max;

    fn formulas(window: &Window, input: &[usize]) -> [String; 2] {
        let forward = format!(r"y_{{i,j,c}} = \max_{{u,v}} {}", window.looks_at(input, "c"));
        // The gradient goes to the pixel that was the largest.
        let backward = r"\frac{∂L}{∂x_{p,q,c}} = \sum_{x_{p,q,c} = y_{i,j,c}} g_{i,j,c}".to_owned();
        [forward, backward]
    }
}
