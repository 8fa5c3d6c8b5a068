//! AveragePooling2D: each window becomes its mean.

use super::pooling::{IMAGE_SETTINGS, Pooling};
use crate::model::catalogue::Schema;
use crate::ops::pool2d::PoolKind;

pub struct AveragePooling2D;

impl Pooling for AveragePooling2D {
    const SCHEMA: &'static Schema = &Schema { type_name: "AveragePooling2D", settings: IMAGE_SETTINGS };
    const KIND: PoolKind = PoolKind::Average;
    const IS_SEQUENCE: bool = false;
}
