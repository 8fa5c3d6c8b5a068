//! Known networks to start from.

use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, SettingValue};

/// The key of the text that names each, in the order of the list. Links name presets, so a preset is never changed: a better
/// one gets another name.
pub const PRESETS: [&str; 9] = [
    "preset_cnn",
    "preset_lenet",
    "preset_dense",
    "preset_normalised",
    "preset_residual",
    "preset_softmax",
    "preset_rnn",
    "preset_lstm",
    "preset_gru",
];

/// Returns the network of a name in [`PRESETS`]; the reference network for any other name.
pub fn preset(name: &str) -> ModelSpec {
    let layers = match name {
        // LeCun et al. 1998, without its sparse connections and with a softmax at its end.
        "preset_lenet" => vec![
            conv(6, 5, "tanh").with("padding", text("same")),
            pool("AveragePooling2D"),
            conv(16, 5, "tanh"),
            pool("AveragePooling2D"),
            LayerSpec::new("Flatten"),
            dense(120, "tanh"),
            dense(84, "tanh"),
            dense(10, "softmax"),
        ],
        "preset_dense" => vec![LayerSpec::new("Flatten"), dense(128, "relu"), dense(64, "relu"), dense(10, "softmax")],
        "preset_normalised" => {
            let mut layers = Vec::new();
            for filters in [16, 32, 64] {
                layers.extend([
                    conv(filters, 3, "linear").with("padding", text("same")),
                    LayerSpec::new("BatchNormalization"),
                    LayerSpec::new("Activation").with("activation", text("relu")),
                    pool("MaxPooling2D"),
                ]);
            }
            layers.extend([LayerSpec::new("Flatten"), dense(64, "relu"), dense(10, "softmax")]);
            layers
        }
        "preset_residual" => residual(),
        "preset_softmax" => vec![LayerSpec::new("Flatten"), dense(10, "softmax")],
        "preset_rnn" => on_rows("SimpleRNN"),
        "preset_lstm" => on_rows("LSTM"),
        "preset_gru" => on_rows("GRU"),
        _ => return ModelSpec::reference_cnn(),
    };
    ModelSpec { layers, ..ModelSpec::reference_cnn() }
}

/// Makes a network that reads an image row by row.
fn on_rows(type_name: &str) -> Vec<LayerSpec> {
    vec![
        LayerSpec::new("Reshape").with("targetShape", pair(28)),
        LayerSpec::new(type_name).with("units", number(64)),
        dense(10, "softmax"),
    ]
}

/// Makes a small residual network (He et al. 2015): a block that keeps its image's shape, and one that halves it, with a
/// 1×1 convolution on the way round.
fn residual() -> Vec<LayerSpec> {
    let same = |filters: u32, stride: u32, activation: &str| {
        conv(filters, 3, activation).with("padding", text("same")).with("strides", pair(stride))
    };
    let normalised = || LayerSpec::new("BatchNormalization");
    let relu = || LayerSpec::new("Activation").with("activation", text("relu"));
    vec![
        same(16, 1, "relu"),
        pool("MaxPooling2D"),
        same(16, 1, "linear"),
        normalised(),
        relu(),
        same(16, 1, "linear"),
        normalised(),
        LayerSpec::new("Add").inputs(&["max_pooling2d", "batch_normalization_1"]),
        relu(),
        same(32, 2, "linear"),
        normalised(),
        relu(),
        same(32, 1, "linear"),
        normalised(),
        conv(32, 1, "linear").with("strides", pair(2)).inputs(&["activation_1"]),
        LayerSpec::new("Add").inputs(&["batch_normalization_3", "conv2d_5"]),
        relu(),
        LayerSpec::new("GlobalAveragePooling2D"),
        dense(10, "softmax"),
    ]
}

fn text(text: &str) -> SettingValue {
    SettingValue::Text(text.to_owned())
}

fn number(number: u32) -> SettingValue {
    SettingValue::Number(f64::from(number))
}

fn pair(side: u32) -> SettingValue {
    SettingValue::Numbers(vec![f64::from(side); 2])
}

fn conv(filters: u32, side: u32, activation: &str) -> LayerSpec {
    LayerSpec::new("Conv2D")
        .with("filters", number(filters))
        .with("kernelSize", pair(side))
        .with("activation", text(activation))
}

fn pool(type_name: &str) -> LayerSpec {
    LayerSpec::new(type_name).with("poolSize", pair(2))
}

fn dense(units: u32, activation: &str) -> LayerSpec {
    LayerSpec::new("Dense").with("units", number(units)).with("activation", text(activation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::features::network::checked::ValidatedModel;
    use crate::ui::features::network::checked::tests::digits;
    use crate::ui::features::network::history::History;
    use crate::ui::text::Locale;

    #[test]
    fn every_preset_is_a_classifier_with_a_name() {
        let params = PRESETS.map(|name| {
            assert!(Locale::ALL.iter().all(|locale| locale.json().contains(&format!("\"{name}\""))), "{name}");
            let checked = ValidatedModel::new(History::new(&preset(name)).draft(), &digits());
            assert_eq!(checked.error, None, "{name}");
            checked.params()
        });
        // LeNet-5's and a softmax regression's are known by heart.
        assert_eq!((params[0], params[1], params[5]), (93_322, 61_706, 7_850));
        // One gate, four, and three with two biases each, of (28 + 64 + 1) x 64 weights; then 650.
        assert_eq!(params[6..], [6_602, 24_458, 18_698]);
    }
}
