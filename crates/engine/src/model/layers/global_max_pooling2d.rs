//! GlobalMaxPooling2D: each channel becomes the largest number of its whole image.

use super::global_pooling::GlobalPooling;
use crate::model::catalogue::Schema;
use crate::ops::pool2d::PoolKind;

pub const GLOBAL_MAX_POOLING2D: GlobalPooling = GlobalPooling {
    schema: &Schema { type_name: "GlobalMaxPooling2D", settings: &[] },
    kind: PoolKind::Max,
    is_sequence: false,
};
