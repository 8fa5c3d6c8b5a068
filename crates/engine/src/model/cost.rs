//! The cost of a model: operations and memory.
//!
//! Operations are those of the forward pass of one example. A multiplication and the addition of its product count as
//! two; a bias, a number in a pooling window and an activation function of a number as one. Moving numbers is free.
//! Training takes about three times as many: the forward pass, and the gradients of inputs and of weights.

use super::catalogue::ResolvedLayer;

/// The bytes of a number.
const NUMBER_BYTES: u64 = 4;

/// The cost of a layer or a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cost {
    /// Forward, for one example.
    pub flops: u64,
    /// Weights, and outputs for a batch.
    pub memory_bytes: u64,
}

impl Cost {
    /// Returns the cost of a layer, with batches of `batch` examples.
    pub fn of(layer: &ResolvedLayer, batch: u32) -> Self {
        Self {
            flops: layer.layer_type.flops(&layer.settings, &layer.input_shapes, &layer.output_shape),
            memory_bytes: memory_bytes(layer.params(), &layer.output_shape, batch),
        }
    }
}

/// Counts the bytes of `params` weights and of outputs of this shape for a batch.
pub fn memory_bytes(params: usize, output: &[usize], batch: u32) -> u64 {
    let outputs = output.iter().fold(u64::from(batch), |product, extent| product.saturating_mul(*extent as u64));
    outputs.saturating_add(params as u64).saturating_mul(NUMBER_BYTES)
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self {
            flops: sum.flops.saturating_add(cost.flops),
            memory_bytes: sum.memory_bytes.saturating_add(cost.memory_bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalogue::resolve;
    use crate::model::spec::ModelSpec;

    fn costs(layers: &str, batch: u32) -> Vec<Cost> {
        let spec: ModelSpec = serde_json::from_str(&format!("{{\"layers\": {layers}}}")).unwrap();
        resolve(&spec).unwrap().iter().map(|layer| Cost::of(layer, batch)).collect()
    }

    #[test]
    fn the_reference_network_by_hand() {
        let layers = resolve(&ModelSpec::reference_cnn()).unwrap();
        let costs: Vec<Cost> = layers.iter().map(|layer| Cost::of(layer, 32)).collect();
        // Outputs x (2 x window x channels + bias + relu); windows of 4; 576 x 64 and 64 x 10 products.
        let flops = [
            26 * 26 * 32 * (2 * 9 + 2),
            13 * 13 * 32 * 4,
            11 * 11 * 64 * (2 * 9 * 32 + 2),
            5 * 5 * 64 * 4,
            3 * 3 * 64 * (2 * 9 * 64 + 2),
            0,
            64 * (2 * 576 + 2),
            10 * (2 * 64 + 2),
        ];
        assert_eq!(costs.iter().map(|cost| cost.flops).collect::<Vec<_>>(), flops);
        let total: Cost = costs.iter().copied().sum();
        assert_eq!(total.flops, flops.iter().sum::<u64>());
        // 93,322 weights, and 37,610 outputs of each of 32 images.
        assert_eq!(total.memory_bytes, 4 * (93_322 + 32 * 37_610));
        assert_eq!(costs[0].memory_bytes, 4 * (320 + 32 * 26 * 26 * 32));
    }

    #[test]
    fn what_no_product_makes_counts_as_documented() {
        let layers = r#"[{"type": "Conv2D", "filters": 2, "kernelSize": [3, 5], "strides": 2, "padding": "same",
            "useBias": false}, {"type": "BatchNormalization"}, {"type": "Activation", "activation": "tanh"},
            {"type": "Dropout", "rate": 0.5}, {"type": "AveragePooling2D", "poolSize": [7, 2]},
            {"type": "GlobalAveragePooling2D"}]"#;
        let flops: Vec<u64> = costs(layers, 1).iter().map(|cost| cost.flops).collect();
        // 14 x 14 x 2 outputs of 15 products; then 2, 1 and 0 a number; 2 x 7 x 2 windows of 14; a mean of 14 numbers each.
        assert_eq!(flops, [392 * 30, 392 * 2, 392, 0, 28 * 14, 28]);
    }
}
