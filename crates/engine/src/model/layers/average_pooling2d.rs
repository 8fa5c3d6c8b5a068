//! AveragePooling2D: each window becomes its mean.

use super::common::Window;
use super::pooling::{Pooling, SETTINGS};
use crate::model::catalogue::Schema;
use crate::model::formula::Reduction;
use crate::ops::pool2d::PoolKind;

pub struct AveragePooling2D;

impl Pooling for AveragePooling2D {
    const SCHEMA: &'static Schema = &Schema { type_name: "AveragePooling2D", settings: SETTINGS };
    const KIND: PoolKind = PoolKind::Average;
    const REDUCTION: Reduction = Reduction::Mean;

    fn formulas(window: &Window, input: &[usize]) -> [String; 2] {
        // With padding, windows at the border see fewer pixels: N is their number.
        let count = match window.same_padding {
            true => "N_{i,j}".to_owned(),
            false => (window.size[0] * window.size[1]).to_string(),
        };
        let forward = format!(r"y_{{i,j,c}} = \frac{{1}}{{{count}}} \sum_{{u,v}} {}", window.looks_at(input, "c"));
        let seen = window.seen_from(input);
        let backward = format!(r"\frac{{∂L}}{{∂x_{{p,q,c}}}} = \sum_{{{seen}}} \frac{{g_{{i,j,c}}}}{{{count}}}");
        [forward, backward]
    }
}
