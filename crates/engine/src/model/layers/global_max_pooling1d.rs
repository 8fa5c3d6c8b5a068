//! GlobalMaxPooling1D: each channel becomes its largest number in the whole sequence.

use super::global_pooling::GlobalPooling;
use crate::model::catalogue::Schema;
use crate::ops::pool2d::PoolKind;

pub const GLOBAL_MAX_POOLING1D: GlobalPooling = GlobalPooling {
    schema: &Schema { type_name: "GlobalMaxPooling1D", settings: &[] },
    kind: PoolKind::Max,
    is_sequence: true,
};
