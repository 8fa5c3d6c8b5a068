//! GlobalAveragePooling2D: each channel becomes the mean of its whole image.

use super::global_pooling::GlobalPooling;
use crate::model::catalogue::Schema;
use crate::ops::pool2d::PoolKind;

pub const GLOBAL_AVERAGE_POOLING2D: GlobalPooling = GlobalPooling {
    schema: &Schema { type_name: "GlobalAveragePooling2D", settings: &[] },
    kind: PoolKind::Average,
    is_sequence: false,
};
