//! BatchNormalization: each channel is shifted and scaled to mean 0 and variance 1, then by learned numbers (Ioffe and Szegedy 2015).

use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{
    Initializer, LayerType, Setting, SettingDefault, SettingKind, Settings, WeightSpec,
};
use crate::model::lower::{Context, Lower, Mode};
use crate::ops::batch_normalization::{Affine, by_batch, by_statistics, moving};

pub struct BatchNormalization;

static SETTINGS: [Setting; 4] = [
    Setting {
        name: "momentum",
        kind: SettingKind::Number { min: 0.0, max: 1.0 },
        default: SettingDefault::Number(0.99),
        help: "How much of the moving mean and variance each training step keeps.",
    },
    Setting {
        name: "epsilon",
        kind: SettingKind::Number { min: 1e-12, max: 1.0 },
        default: SettingDefault::Number(0.001),
        help: "Added to the variance so that it is never zero.",
    },
    Setting {
        name: "center",
        kind: SettingKind::Flag,
        default: SettingDefault::Flag(true),
        help: "Adds a learned number, beta, to each channel.",
    },
    Setting {
        name: "scale",
        kind: SettingKind::Flag,
        default: SettingDefault::Flag(true),
        help: "Multiplies each channel by a learned number, gamma.",
    },
];

impl LayerType for BatchNormalization {
    fn type_name(&self) -> &'static str {
        "BatchNormalization"
    }

    fn default_name(&self) -> &'static str {
        "batch_normalization"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let channels = input.last().copied().unwrap_or(1);
        let weight = |name, initializer, trainable| WeightSpec {
            name,
            shape: vec![channels],
            initializer,
            trainable,
            l2: 0.0,
        };
        let gamma = settings.flag("scale").then(|| weight("gamma", Initializer::Ones, true));
        let beta = settings.flag("center").then(|| weight("beta", Initializer::Zeros, true));
        let moving_mean = weight("moving_mean", Initializer::Zeros, false);
        let moving_variance = weight("moving_variance", Initializer::Ones, false);
        gamma.into_iter().chain(beta).chain([moving_mean, moving_variance]).collect()
    }
}

impl Lower for BatchNormalization {
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let epsilon = settings.number("epsilon") as f32;
        let affine = Affine { gamma: context.optional_weight("gamma"), beta: context.optional_weight("beta") };
        let mean = context.weight("moving_mean")?;
        let variance = context.weight("moving_variance")?;
        if context.mode == Mode::Inference {
            return by_statistics(context.graph, input, affine, mean, variance, epsilon);
        }
        let normalized = by_batch(context.graph, input, affine, epsilon)?;
        let momentum = settings.number("momentum") as f32;
        for (weight, batch) in [(mean, normalized.mean), (variance, normalized.variance)] {
            let next = moving(context.graph, weight, batch, momentum)?;
            context.update(weight, next);
        }
        Ok(normalized.output)
    }
}
