//! AveragePooling1D: each window of the sequence becomes its mean.

use super::pooling::{Pooling, SEQUENCE_SETTINGS};
use crate::model::catalogue::Schema;
use crate::ops::pool2d::PoolKind;

pub struct AveragePooling1D;

impl Pooling for AveragePooling1D {
    const SCHEMA: &'static Schema = &Schema { type_name: "AveragePooling1D", settings: SEQUENCE_SETTINGS };
    const KIND: PoolKind = PoolKind::Average;
    const IS_SEQUENCE: bool = true;
}
