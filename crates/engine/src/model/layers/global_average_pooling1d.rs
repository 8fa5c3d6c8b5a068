//! GlobalAveragePooling1D: each channel becomes its mean over the whole sequence.

use super::global_pooling::GlobalPooling;
use crate::model::catalogue::Schema;
use crate::ops::pool2d::PoolKind;

pub const GLOBAL_AVERAGE_POOLING1D: GlobalPooling = GlobalPooling {
    schema: &Schema { type_name: "GlobalAveragePooling1D", settings: &[] },
    kind: PoolKind::Average,
    is_sequence: true,
};
