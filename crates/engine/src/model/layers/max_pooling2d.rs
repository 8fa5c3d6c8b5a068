//! MaxPooling2D: each window keeps its largest value.

use super::pooling::{IMAGE_SETTINGS, Pooling};
use crate::model::catalogue::Schema;
use crate::ops::pool2d::PoolKind;

pub struct MaxPooling2D;

impl Pooling for MaxPooling2D {
    const SCHEMA: &'static Schema = &Schema { type_name: "MaxPooling2D", settings: IMAGE_SETTINGS };
    const KIND: PoolKind = PoolKind::Max;
    const IS_SEQUENCE: bool = false;
}
