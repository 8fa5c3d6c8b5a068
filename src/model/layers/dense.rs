//! Dense: each output is a weighted sum of all inputs.

use super::common::{KERNEL_INITIALIZER, L2, USE_BIAS, kernel_initializer};
use crate::error::{Error, Result};
use crate::ir::NodeId;
use crate::model::activations::ACTIVATION;
use crate::model::catalogue::{
    Initializer, LayerType, Setting, SettingDefault, SettingKind, Settings, WeightSpec, shape_text,
};
use crate::model::lower::{Context, Lower};
use crate::ops::matmul::matmul;

pub struct Dense;

static SETTINGS: [Setting; 5] = [
    Setting {
        name: "units",
        kind: SettingKind::Integer { min: 1, max: 1 << 20 },
        default: SettingDefault::Required,
        help: "How many outputs.",
    },
    ACTIVATION,
    USE_BIAS,
    KERNEL_INITIALIZER,
    L2,
];

impl LayerType for Dense {
    fn type_name(&self) -> &'static str {
        "Dense"
    }

    fn default_name(&self) -> &'static str {
        "dense"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        // Keras would apply the layer to the last axis; in a classifier that is a forgotten Flatten.
        if input.len() != 1 {
            return Err(Error::new("missing-flatten", "input")
                .expected("a vector, [features]")
                .got(shape_text(input))
                .hint("Insert a Flatten layer before it."));
        }
        Ok(vec![settings.integer("units")])
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let units = settings.integer("units");
        let features = input.last().copied().unwrap_or(1);
        let kernel = WeightSpec {
            name: "kernel",
            shape: vec![features, units],
            initializer: kernel_initializer(settings),
            trainable: true,
            l2: settings.number("l2") as f32,
        };
        let bias = settings
            .flag("useBias")
            .then(|| WeightSpec { name: "bias", shape: vec![units], initializer: Initializer::Zeros, trainable: true, l2: 0.0 });
        [kernel].into_iter().chain(bias).collect()
    }
}

impl Lower for Dense {
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let product = matmul(context.graph, input, context.weight("kernel")?)?;
        context.bias_and_activation(settings, product)
    }
}
