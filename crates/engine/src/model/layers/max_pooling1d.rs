//! MaxPooling1D: each window of the sequence keeps its largest value.

use super::pooling::{Pooling, SEQUENCE_SETTINGS};
use crate::model::catalogue::Schema;
use crate::ops::pool2d::PoolKind;

pub struct MaxPooling1D;

impl Pooling for MaxPooling1D {
    const SCHEMA: &'static Schema = &Schema { type_name: "MaxPooling1D", settings: SEQUENCE_SETTINGS };
    const KIND: PoolKind = PoolKind::Max;
    const IS_SEQUENCE: bool = true;
}
