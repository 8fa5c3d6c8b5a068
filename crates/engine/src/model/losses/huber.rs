//! Huber (Huber 1964, "Robust estimation of a location parameter"): quadratic for differences up to `delta` from the
//! target and linear beyond, so that an outlier pulls no harder than `delta`.

use std::ops::Bound;

use super::Loss;
use crate::data::schema::Target;
use crate::error::Result;
use crate::ir::{Graph, NodeId};
use crate::model::settings::{Schema, Setting, SettingDefault, Settings};
use crate::ops::{pointwise, reduce};

pub struct Huber;

static SCHEMA: Schema = Schema {
    type_name: "huber",
    settings: &[Setting::number("delta", Bound::Excluded(0.0), Bound::Unbounded).default(SettingDefault::Number(1.0))],
};

impl Loss for Huber {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn takes(&self, _target: &Target, _outputs: usize) -> bool {
        true
    }

    fn append(&self, graph: &mut Graph, settings: &Settings, output: NodeId, target: NodeId) -> Result<NodeId> {
        let difference = pointwise::sub(graph, output, target)?;
        let distance = pointwise::abs(graph, difference)?;
        // With m = min(|d|, delta), the two pieces d^2 / 2 and delta (|d| - delta / 2) are both m (|d| - m / 2).
        let delta = graph.scalar(settings.number("delta") as f32);
        let near = pointwise::min(graph, distance, delta)?;
        let half = graph.scalar(0.5);
        let half_near = pointwise::mul(graph, near, half)?;
        let arm = pointwise::sub(graph, distance, half_near)?;
        let losses = pointwise::mul(graph, near, arm)?;
        reduce::mean(graph, losses, &[1], false)
    }
}
