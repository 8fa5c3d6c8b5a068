//! Descriptions of a training step that has been taken.

use serde::{Deserialize, Serialize};

/// A training step that has been recorded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepInfo {
    /// Counted from 1, over all epochs.
    pub step: u32,
    /// Counted from 0.
    pub epoch: u32,
    /// Counted from 1.
    pub batch_in_epoch: u32,
    /// The batch: indices of examples in the training part.
    pub indices: Vec<u32>,
    /// The number of workers that computed it together.
    pub shards: u32,
    /// The learning rate of this step, after the schedule.
    pub learning_rate: f64,
    /// The factor by which the optimizer corrected the bias of its moving averages, 1 for optimizers without.
    pub bias_correction: f64,
}

/// A layer in the last step.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerStats {
    /// Entries of the output's last axis: units, channels.
    pub units: u32,
    /// Units that were 0 for the whole batch.
    pub dead_units: u32,
    /// One entry per trainable weight.
    pub updates: Vec<WeightUpdate>,
}

/// Effect of the last step on a weight.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WeightUpdate {
    /// `"kernel"`, `"bias"`, ...
    pub weight: String,
    /// The L2 norm of the update over that of the weight.
    pub ratio: f32,
    pub gradient_norm: f32,
}
