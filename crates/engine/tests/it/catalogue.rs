//! The layer catalogue: shapes, names, defaults and what is refused, in words.

use chalkgrad_engine::error::Error;
use chalkgrad_engine::model::catalogue::{
    ResolvedLayer, SettingDefault, check_classifier, find, resolve, resolve_prefix,
};
use chalkgrad_engine::model::layers::LAYERS;
use chalkgrad_engine::model::quick_fixes::{Fix, quick_fixes};
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, OptimizerSpec, TrainingConfig};
use chalkgrad_engine::model::training;

fn model(layers: &str) -> ModelSpec {
    serde_json::from_str(&format!("{{\"layers\": {layers}}}")).unwrap()
}

fn accepted(layers: &str) -> Vec<ResolvedLayer> {
    resolve(&model(layers)).unwrap()
}

fn refused(layers: &str) -> Error {
    resolve(&model(layers)).unwrap_err()
}

#[test]
fn reference_cnn_has_the_shapes_and_parameters_of_keras() {
    let layers = resolve(&ModelSpec::reference_cnn()).unwrap();
    let shapes: Vec<&[usize]> = layers.iter().map(|layer| &layer.output_shape[..]).collect();
    let expected: [&[usize]; 8] =
        [&[26, 26, 32], &[13, 13, 32], &[11, 11, 64], &[5, 5, 64], &[3, 3, 64], &[576], &[64], &[10]];
    assert_eq!(shapes, expected);
    let params: Vec<usize> = layers.iter().map(ResolvedLayer::params).collect();
    assert_eq!(params, [320, 0, 18_496, 0, 36_928, 0, 36_928, 650]);
    let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(
        names,
        ["conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "conv2d_2", "flatten", "dense", "dense_1"]
    );
    check_classifier(&layers, 10).unwrap();
    assert_eq!(check_classifier(&layers[..7], 65).unwrap_err().code, "wrong-output");
    assert_eq!(check_classifier(&layers[..3], 10).unwrap_err().layer_index, Some(2));
}

#[test]
fn windows_follow_keras_in_every_padding_stride_and_dilation() {
    // keras.layers.Conv2D(4, ..., **settings).compute_output_shape((None, 28, 28, 1)), and the pooling layers' likewise.
    for (layer, shape) in [
        (r#"{"type": "Conv2D", "filters": 4, "kernelSize": 5, "strides": 3}"#, [8, 8, 4]),
        (
            r#"{"type": "Conv2D", "filters": 4, "kernelSize": [5, 2], "strides": [3, 1], "padding": "same"}"#,
            [10, 28, 4],
        ),
        (r#"{"type": "Conv2D", "filters": 4, "kernelSize": [3, 3], "dilationRate": [4, 2]}"#, [20, 24, 4]),
        (r#"{"type": "MaxPooling2D"}"#, [14, 14, 1]),
        (r#"{"type": "MaxPooling2D", "poolSize": 3}"#, [9, 9, 1]),
        (r#"{"type": "MaxPooling2D", "poolSize": 3, "padding": "same"}"#, [10, 10, 1]),
        (r#"{"type": "AveragePooling2D", "poolSize": [3, 2], "strides": [1, 2]}"#, [26, 14, 1]),
    ] {
        assert_eq!(accepted(&format!("[{layer}]"))[0].output_shape, shape, "{layer}");
    }
    assert_eq!(accepted(r#"[{"type": "GlobalAveragePooling2D"}]"#)[0].output_shape, [1]);
}

#[test]
fn batch_normalization_has_four_weights_two_of_them_trained() {
    let layers = accepted(r#"[{"type": "Conv2D", "filters": 8, "kernelSize": 3}, {"type": "BatchNormalization"}]"#);
    let weights: Vec<(&str, bool)> = layers[1].weights.iter().map(|weight| (weight.name, weight.trainable)).collect();
    assert_eq!(weights, [("gamma", true), ("beta", true), ("moving_mean", false), ("moving_variance", false)]);
    assert_eq!(layers[1].params(), 32);
}

#[test]
fn given_names_are_kept_and_automatic_ones_step_aside() {
    let layers = accepted(
        r#"[{"type": "Flatten"}, {"type": "Dense", "units": 4}, {"type": "Dense", "units": 4, "name": "dense"},
            {"type": "Dense", "units": 4, "name": "出力"}]"#,
    );
    let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["flatten", "dense_1", "dense", "出力"]);
    for name in ["", "grad dense", "a.kernel"] {
        let spec = format!(r#"[{{"type": "Flatten"}}, {{"type": "Flatten", "name": "{name}"}}]"#);
        let error = refused(&spec);
        assert_eq!((error.code, error.layer_index), ("bad-name", Some(1)), "{name}");
    }
    let twice = refused(r#"[{"type": "Flatten", "name": "a"}, {"type": "Dropout", "rate": 0.5, "name": "a"}]"#);
    assert_eq!((twice.code, twice.layer_index), ("bad-name", Some(1)));
}

#[test]
fn unknown_names_come_with_the_nearest_known_one() {
    let error = refused(r#"[{"type": "Flatten"}, {"type": "MaxPool2D"}]"#);
    assert_eq!((error.code, error.layer_index), ("unknown-layer", Some(1)));
    assert!(error.to_string().contains("Did you mean MaxPooling2D?"), "{error}");
    assert!(find("conv2d").map(|layer| layer.type_name()).unwrap_err().hint.contains("Conv2D"));

    let error = refused(r#"[{"type": "Conv2D", "filters": 4, "kernel_size": [3, 3]}]"#);
    assert_eq!((error.code, error.layer.as_deref()), ("unknown-setting", Some("conv2d")));
    assert!(error.to_string().contains("Did you mean \"kernelSize\"?"), "{error}");

    let error = refused(r#"[{"type": "Activation", "activation": "rleu"}]"#);
    assert_eq!(error.code, "bad-setting");
    assert!(error.hint.contains("relu"), "{error}");
    assert_eq!(refused(r#"[{"type": "Flatten", "units": 3}]"#).code, "unknown-setting");
}

#[test]
fn settings_of_the_wrong_kind_or_range_are_refused() {
    for (layer, code) in [
        (r#"{"type": "Conv2D", "filters": -4, "kernelSize": 3}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": 0, "kernelSize": 3}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": 1e9, "kernelSize": 3}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": 1e300, "kernelSize": 3}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": 2.5, "kernelSize": 3}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": "4", "kernelSize": 3}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": 4, "kernelSize": [3, 3, 3]}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": 4, "kernelSize": [3, 0]}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": 4, "kernelSize": 3, "useBias": 1}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "filters": 4, "kernelSize": 3, "strides": 2, "dilationRate": 2}"#, "bad-setting"),
        (r#"{"type": "Conv2D", "kernelSize": 3}"#, "missing-setting"),
        (r#"{"type": "Dropout", "rate": 1.5}"#, "bad-setting"),
        (r#"{"type": "Dropout"}"#, "missing-setting"),
        (r#"{"type": "MaxPooling2D", "padding": "full"}"#, "bad-setting"),
    ] {
        let error = refused(&format!("[{layer}]"));
        assert_eq!((error.code, error.layer_index), (code, Some(0)), "{layer}: {error}");
        assert!(!error.expected.is_empty(), "{layer}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_said_in_words() {
    let error = refused(r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3}, {"type": "Dense", "units": 10}]"#);
    assert_eq!(
        error.to_string(),
        "dense, input: expected a vector, [features], got [26,26,4]. Insert a Flatten layer before it."
    );
    assert_eq!((error.code, error.layer_index), ("missing-flatten", Some(1)));

    let error =
        refused(r#"[{"type": "MaxPooling2D", "poolSize": 7}, {"type": "Conv2D", "filters": 4, "kernelSize": 5}]"#);
    assert_eq!((error.code, error.layer_index), ("kernel-too-large", Some(1)));
    assert!(error.to_string().contains("4x4") && error.to_string().contains("5x5"), "{error}");

    let error = refused(r#"[{"type": "Flatten"}, {"type": "MaxPooling2D"}]"#);
    assert_eq!((error.code, error.layer_index), ("wrong-rank", Some(1)));
}

#[test]
fn sizes_are_bounded_before_they_overflow() {
    let error =
        refused(r#"[{"type": "Flatten"}, {"type": "Dense", "units": 1048576}, {"type": "Dense", "units": 1048576}]"#);
    assert_eq!(error.code, "too-large");
    let error = refused(
        r#"[{"type": "Conv2D", "filters": 65536, "kernelSize": [1, 1]}, {"type": "Conv2D", "filters": 65536, "kernelSize": 28}]"#,
    );
    assert_eq!((error.code, error.layer_index), ("too-large", Some(1)));
    for shape in [vec![], vec![0, 28, 1], vec![1 << 20, 1 << 20, 1 << 20], vec![1; 5]] {
        let spec = ModelSpec { input_shape: shape, ..ModelSpec::reference_cnn() };
        assert_eq!(resolve(&spec).unwrap_err().code, "bad-input-shape");
    }
}

#[test]
fn models_have_1_to_256_layers() {
    let flattens = |count| ModelSpec { layers: vec![LayerSpec::new("Flatten"); count], ..ModelSpec::reference_cnn() };
    assert_eq!(resolve(&flattens(0)).unwrap_err().code, "no-layers");
    assert_eq!(resolve(&flattens(200)).unwrap().last().unwrap().name, "flatten_199");
    assert_eq!(resolve(&flattens(257)).unwrap_err().code, "too-many-layers");
}

#[test]
fn the_layers_before_the_one_at_fault_stay_visible() {
    let (layers, error) = resolve_prefix(&model(r#"[{"type": "Flatten"}, {"type": "Conv2D"}, {"type": "Flatten"}]"#));
    assert_eq!(layers.len(), 1);
    assert_eq!(error.unwrap().layer_index, Some(1));
}

#[test]
fn every_default_is_a_value_that_would_be_accepted() {
    for layer in LAYERS {
        assert_eq!(find(layer.type_name()).unwrap().default_name(), layer.default_name());
        for setting in layer.schema().settings {
            match setting.default.value() {
                Some(value) => assert_eq!(setting.check(&value).unwrap(), value, "{}", setting.name),
                None => assert!(matches!(setting.default, SettingDefault::Required | SettingDefault::Absent)),
            }
        }
    }
}

#[test]
fn training_configurations_are_checked() {
    let default = TrainingConfig::default();
    training::check(&default).unwrap();
    let rate =
        |rate| TrainingConfig { optimizer: OptimizerSpec::default().with_learning_rate(rate), ..default.clone() };
    for (config, field) in [
        (rate(f64::NAN), "learningRate"),
        (rate(f64::INFINITY), "learningRate"),
        (rate(1e300), "learningRate"),
        (rate(-0.1), "learningRate"),
        (TrainingConfig { batch_size: 0, ..default.clone() }, "batchSize"),
        (TrainingConfig { batch_size: 60_001, ..default.clone() }, "batchSize"),
        (TrainingConfig { train_samples: 100, validation_split: 0.5, batch_size: 51, ..default.clone() }, "batchSize"),
        (TrainingConfig { train_samples: 0, ..default.clone() }, "trainSamples"),
        (TrainingConfig { epochs: 0, ..default.clone() }, "epochs"),
        (TrainingConfig { validation_split: 1.0, ..default.clone() }, "validationSplit"),
        (TrainingConfig { clip_norm: Some(f64::NAN), ..default.clone() }, "clipNorm"),
    ] {
        let error = training::check(&config).unwrap_err();
        assert_eq!((error.code, error.subject.as_str()), ("bad-setting", field));
    }
}

/// The edits that are offered for a model at fault, and what the best of them makes of it.
fn offered(layers: &str) -> (Vec<Fix>, Option<Error>) {
    let model = model(layers);
    let (resolved, error) = resolve_prefix(&model);
    let error = error.or_else(|| check_classifier(&resolved, 10).err()).unwrap();
    let fixes = quick_fixes(&model, &error, 10);
    let fixed = fixes.first().map(|fix| fix.apply(&model)).unwrap();
    let (resolved, error) = resolve_prefix(&fixed);
    (fixes, error.or_else(|| check_classifier(&resolved, 10).err()))
}

#[test]
fn every_fault_that_a_click_can_put_right_comes_with_the_click() {
    let set = |index, setting: &str, value: chalkgrad_engine::model::spec::SettingValue| Fix::Set {
        index,
        setting: setting.to_owned(),
        value: Some(value),
    };
    let dense = r#"{"type": "Dense", "units": 10, "activation": "softmax"}"#;
    for (layers, best) in [
        (
            format!(r#"[{{"type": "Conv2D", "filters": 4, "kernelSize": 3}}, {dense}]"#),
            Fix::Insert { index: 1, layers: vec![LayerSpec::new("Flatten")] },
        ),
        (
            format!(
                r#"[{{"type": "MaxPooling2D", "poolSize": 7}}, {{"type": "Conv2D", "filters": 4, "kernelSize": 5}}, {{"type": "Flatten"}}, {dense}]"#
            ),
            set(1, "kernelSize", vec![4.0, 4.0].into()),
        ),
        (
            format!(r#"[{{"type": "MaxPooling2D", "poolSize": 29}}, {{"type": "Flatten"}}, {dense}]"#),
            set(0, "poolSize", vec![28.0, 28.0].into()),
        ),
        (format!(r#"[{{"type": "Flatten"}}, {{"type": "MaxPooling2D"}}, {dense}]"#), Fix::Move { index: 1, to: 0 }),
        (r#"[{"type": "Flatten"}, {"type": "Dense", "units": 3}]"#.to_owned(), set(1, "units", 10.0.into())),
        (
            r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3}]"#.to_owned(),
            Fix::Insert {
                index: 1,
                layers: vec![
                    LayerSpec::new("Flatten"),
                    LayerSpec::new("Dense").with("units", 10.0).with("activation", "softmax"),
                ],
            },
        ),
        (format!(r#"[{{"type": "Flatten"}}, {{"type": "Dropout"}}, {dense}]"#), set(1, "rate", 0.25.into())),
        (
            format!(r#"[{{"type": "Flatten"}}, {{"type": "Dropout", "rate": 1.5}}, {dense}]"#),
            set(1, "rate", 0.999.into()),
        ),
        (
            format!(r#"[{{"type": "Flatten"}}, {{"type": "Dense", "units": 2.5, "activation": "rleu"}}, {dense}]"#),
            set(1, "units", 3.0.into()),
        ),
        (format!(r#"[{{"type": "Flatten", "name": "a b"}}, {dense}]"#), Fix::Unname { index: 0 }),
        (
            format!(r#"[{{"type": "Flatten", "units": 3}}, {dense}]"#),
            Fix::Set { index: 0, setting: "units".to_owned(), value: None },
        ),
    ] {
        let (fixes, left) = offered(&layers);
        assert_eq!(fixes.first(), Some(&best), "{layers}: {fixes:?}");
        let is_right = left.as_ref().is_none_or(|error| error.subject == "activation");
        assert!(is_right, "{layers}: {left:?}");
    }
    let (fixes, left) = offered("[]");
    assert_eq!((fixes.len(), left), (1, None));
}
