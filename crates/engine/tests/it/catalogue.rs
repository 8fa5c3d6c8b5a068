//! The layer catalogue: shapes, names, defaults and what is refused, in words.

use std::collections::{BTreeMap, HashMap};

use chalkgrad_engine::data::Schema;
use chalkgrad_engine::error::Error;
use chalkgrad_engine::ir::Graph;
use chalkgrad_engine::ir::interpret::interpret;
use chalkgrad_engine::json;
use chalkgrad_engine::model::catalogue::{ResolvedLayer, SettingDefault, find, resolve, resolve_prefix};
use chalkgrad_engine::model::entry::{Catalogue, Configured};
use chalkgrad_engine::model::layers::LAYERS;
use chalkgrad_engine::model::losses::Loss;
use chalkgrad_engine::model::optimizers::{
    BIAS_CORRECTION, Clipping, LEARNING_RATE, LastStep, OPTIMIZERS, Optimizer, Parameter, append_updates,
};
use chalkgrad_engine::model::quick_fixes::{Fix, quick_fixes};
use chalkgrad_engine::model::schedules::Schedule;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, OptimizerSpec, ScheduleSpec, TrainingConfig};
use chalkgrad_engine::model::task::Task;
use chalkgrad_engine::model::training::{self, FIELDS};
use chalkgrad_engine::tensor::{HostTensor, TensorType};

fn model(layers: &str) -> ModelSpec {
    serde_json::from_str(&format!("{{\"layers\": {layers}}}")).unwrap()
}

fn accepted(layers: &str) -> Vec<ResolvedLayer> {
    resolve(&model(layers)).unwrap()
}

fn refused(layers: &str) -> Error {
    resolve(&model(layers)).unwrap_err()
}

/// Returns the task to tell so many classes of images like MNIST's apart.
fn task(classes: usize) -> Task {
    let schema = Schema::images([28, 28, 1], (0..classes).map(|class| class.to_string()));
    Task::new(&schema, &TrainingConfig::default())
}

fn digits() -> Task {
    task(10)
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
    digits().check_output(&layers).unwrap();
    assert_eq!(task(65).check_output(&layers[..7]).unwrap_err().code, "wrong-output");
    assert_eq!(digits().check_output(&layers[..3]).unwrap_err().layer_index, Some(2));
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
    assert!(find("conv2d").map(|layer| layer.type_name()).unwrap_err().to_string().contains("Did you mean Conv2D?"));

    let error = refused(r#"[{"type": "Conv2D", "filters": 4, "kernel_size": [3, 3]}]"#);
    assert_eq!((error.code, error.layer.as_deref()), ("unknown-setting", Some("conv2d")));
    assert!(error.to_string().contains("Did you mean \"kernelSize\"?"), "{error}");

    let error = refused(r#"[{"type": "Activation", "activation": "rleu"}]"#);
    assert_eq!(error.code, "bad-setting");
    assert!(error.to_string().contains("Did you mean \"relu\"?"), "{error}");
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
        (r#"{"type": "LSTM", "units": 1025}"#, "bad-setting"),
        (r#"{"type": "GRU", "units": 4, "recurrentActivation": "gelu"}"#, "bad-setting"),
        (r#"{"type": "Bidirectional", "layer": {"type": "Dense", "units": 4}}"#, "bad-setting"),
        (r#"{"type": "Bidirectional", "layer": {"type": "LSTM", "units": 0}}"#, "bad-setting"),
        (r#"{"type": "Bidirectional", "layer": {"type": "LSTM"}}"#, "missing-setting"),
        (r#"{"type": "Bidirectional", "layer": {"type": "LSTM", "units": 4, "name": "a"}}"#, "bad-setting"),
        (r#"{"type": "Bidirectional", "layer": 4}"#, "bad-setting"),
        (r#"{"type": "Bidirectional"}"#, "missing-setting"),
    ] {
        let error = refused(&format!("[{layer}]"));
        assert_eq!((error.code, error.layer_index), (code, Some(0)), "{layer}: {error}");
        assert!(error.to_string().contains(" must be ") || code == "missing-setting", "{layer}: {error}");
        assert!(error.setting().is_some_and(|setting| layer.contains(setting) || code == "missing-setting"), "{layer}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_said_in_words() {
    let layers = accepted(r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3}, {"type": "Dense", "units": 10}]"#);
    let error = digits().check_output(&layers).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dense: Dense works on the last axis alone, so the output of the model keeps the shape 26×26×10, but it must be a row \
         of 10 numbers. Insert a Flatten layer before this layer."
    );
    assert_eq!((error.code, error.layer_index), ("missing-flatten", Some(1)));

    let error =
        refused(r#"[{"type": "MaxPooling2D", "poolSize": 7}, {"type": "Conv2D", "filters": 4, "kernelSize": 5}]"#);
    assert_eq!((error.code, error.layer_index), ("kernel-too-large", Some(1)));
    assert!(error.to_string().contains("4×4") && error.to_string().contains("5×5"), "{error}");

    for (layers, setting, words) in [
        (r#"[{"type": "Reshape", "targetShape": [5, -1]}]"#, "targetShape", &["28×28×1", "784", "5, -1"][..]),
        (r#"[{"type": "Reshape", "targetShape": [-1, -1]}]"#, "targetShape", &["at most one"]),
        (r#"[{"type": "Reshape", "targetShape": [784, 0]}]"#, "targetShape", &["at least 1"]),
        (r#"[{"type": "Reshape", "targetShape": [28, 29]}]"#, "targetShape", &["28, 29"]),
        (r#"[{"type": "Permute", "dims": [1, 2]}]"#, "dims", &["1, 2", "1 to 3"]),
        (r#"[{"type": "Permute", "dims": [1, 2, 2]}]"#, "dims", &["1 to 3"]),
        (r#"[{"type": "Cropping2D", "cropping": 14}]"#, "cropping", &["28 rows", "28×28"]),
        (r#"[{"type": "ZeroPadding2D", "padding": [[1, 2], [3]]}]"#, "padding", &[]),
        (r#"[{"type": "ZeroPadding2D", "padding": [1, 2, 3]}]"#, "padding", &["two pairs"]),
    ] {
        let spec = serde_json::from_str::<ModelSpec>(&format!("{{\"layers\": {layers}}}"));
        // Two pairs are read as such, or not at all.
        let Ok(spec) = spec else { continue };
        let error = resolve(&spec).unwrap_err();
        assert_eq!((error.code, error.setting()), ("bad-setting", Some(setting)), "{error}");
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}");
    }
    let error = refused(r#"[{"type": "Conv1D", "filters": 4, "kernelSize": 3}]"#);
    assert_eq!((error.code, error.layer_index), ("wrong-rank", Some(0)));
    let error = refused(
        r#"[{"type": "Reshape", "targetShape": [28, 28]}, {"type": "Conv1D", "filters": 4, "kernelSize": 29}]"#,
    );
    assert!(error.code == "kernel-too-large" && error.to_string().contains("window of 29"), "{error}");

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
    for (config, field) in [
        (TrainingConfig { batch_size: 0, ..default.clone() }, "batchSize"),
        (TrainingConfig { batch_size: 60_001, ..default.clone() }, "batchSize"),
        (TrainingConfig { train_samples: 100, validation_split: 0.5, batch_size: 51, ..default.clone() }, "batchSize"),
        (TrainingConfig { train_samples: 0, ..default.clone() }, "trainSamples"),
        (TrainingConfig { epochs: 0, ..default.clone() }, "epochs"),
        (TrainingConfig { validation_split: 1.0, ..default.clone() }, "validationSplit"),
        (TrainingConfig { clip_norm: Some(f64::NAN), ..default.clone() }, "clipNorm"),
        (TrainingConfig { clip_norm: Some(1.0), clip_value: Some(1.0), ..default.clone() }, "clipNorm"),
        (TrainingConfig { target_accuracy: Some(0.0), ..default.clone() }, "targetAccuracy"),
        (TrainingConfig { patience: Some(3), ..default.clone() }, "patience"),
        // Keras, too, trains on `floor(10 * (1 - 0.9))` images, which is 0.
        (TrainingConfig { train_samples: 10, validation_split: 0.9, ..default.clone() }, "validationSplit"),
        (TrainingConfig { train_samples: 1, validation_split: 0.1, ..default.clone() }, "validationSplit"),
    ] {
        let error = training::check(&config).unwrap_err();
        assert_eq!((error.code, error.subject.as_str()), ("bad-setting", field));
    }
    for rate in [f64::NAN, f64::INFINITY, 1e300, -0.1] {
        let error = OptimizerSpec::default().with_learning_rate(rate).unwrap_err();
        assert_eq!((error.code, error.subject.as_str()), ("bad-setting", "learningRate"));
    }
}

#[test]
fn a_share_that_leaves_nothing_to_train_on_is_refused_with_its_range() {
    let config =
        TrainingConfig { train_samples: 10, validation_split: 0.9, batch_size: 1, ..TrainingConfig::default() };
    let error = training::check(&config).unwrap_err();
    assert!(error.to_string().contains("validationSplit is 0.9") && error.to_string().contains("below 0.9"), "{error}");
    training::check(&TrainingConfig { validation_split: 0.89, ..config }).unwrap();
}

/// Every entry of the catalogues: a menu's first values, and the type alone where nothing must be said.
fn configurations() -> Vec<serde_json::Value> {
    fn all<C: Catalogue + ?Sized>() -> impl Iterator<Item = serde_json::Value> {
        C::entries().iter().map(|entry| serde_json::json!({ C::FIELD: Configured::initial(*entry) }))
    }
    all::<dyn Optimizer>().chain(all::<dyn Schedule>()).chain(all::<dyn Loss>()).collect()
}

#[test]
fn entries_come_back_as_they_were_written() {
    let configurations = configurations();
    assert!(configurations.len() >= 11);
    for json in configurations {
        let config: TrainingConfig = serde_json::from_value(json.clone()).unwrap();
        training::check(&config).unwrap();
        let written = serde_json::to_value(&config).unwrap();
        assert_eq!(serde_json::from_value::<TrainingConfig>(written.clone()).unwrap(), config, "{json}");
    }
    // As documented, with defaults filled in; a loss by its name.
    let written = serde_json::to_value(TrainingConfig::default()).unwrap();
    let adam = r#"{"type": "Adam", "learningRate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}"#;
    assert_eq!(written["optimizer"], serde_json::from_str::<serde_json::Value>(adam).unwrap());
    assert_eq!(written["learningRateSchedule"], serde_json::json!({ "type": "Constant" }));
    assert_eq!(written["loss"], "sparse_categorical_crossentropy");
}

#[test]
fn a_type_alone_has_the_defaults_of_keras() {
    for (name, defaults) in [
        ("SGD", r#"{"type": "SGD", "learningRate": 0.01, "momentum": 0, "nesterov": false}"#),
        ("RMSprop", r#"{"type": "RMSprop", "learningRate": 0.001, "rho": 0.9, "epsilon": 1e-7}"#),
        ("Adagrad", r#"{"type": "Adagrad", "learningRate": 0.001, "initialAccumulatorValue": 0.1, "epsilon": 1e-7}"#),
        (
            "AdamW",
            r#"{"type": "AdamW", "learningRate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7, "weightDecay": 0.004}"#,
        ),
    ] {
        let alone: OptimizerSpec = serde_json::from_value(name.into()).unwrap();
        assert_eq!(serde_json::to_value(&alone).unwrap(), serde_json::from_str::<serde_json::Value>(defaults).unwrap());
    }
    // A step must say where it falls, and how far.
    assert!(serde_json::from_value::<ScheduleSpec>("Step".into()).is_err());
}

#[test]
fn ranges_of_a_configuration_are_in_the_errors_of_what_people_write() {
    for (json, code, subject, expected) in [
        (r#"{"optimizer": {"type": "SGD", "momentum": 1.5}}"#, "bad-setting", "optimizer.momentum", "from 0 to 1"),
        (
            r#"{"optimizer": {"type": "Adam", "learningRate": -1}}"#,
            "bad-setting",
            "optimizer.learningRate",
            "at least 0",
        ),
        (r#"{"optimizer": {"type": "Adam", "momentum": 0.9}}"#, "unknown-setting", "optimizer.momentum", "beta1"),
        (r#"{"optimizer": {"type": "Adm"}}"#, "bad-setting", "optimizer.type", "AdamW"),
        (r#"{"optimizer": {"learningRate": 0.1}}"#, "bad-setting", "optimizer.type", ""),
        (r#"{"learningRateSchedule": "cosine"}"#, "bad-setting", "learningRateSchedule", "Cosine"),
        (r#"{"loss": "mse"}"#, "bad-setting", "loss", "mean_squared_error"),
        (r#"{"seed": 4294967296}"#, "bad-setting", "seed", "from 0 to 4294967295"),
    ] {
        let error = json::read::<TrainingConfig>("training", &serde_json::from_str(json).unwrap()).unwrap_err();
        assert_eq!((error.code, error.subject.as_str()), (code, subject), "{json}: {error}");
        assert!(error.to_string().contains(expected), "{json}: {error}");
    }
}

#[test]
fn fields_of_the_configuration_have_the_names_of_its_json() {
    let config = TrainingConfig {
        validation_split: 0.25,
        clip_norm: Some(0.5),
        clip_value: Some(0.5),
        target_accuracy: Some(0.5),
        patience: Some(1),
        ..TrainingConfig::default()
    };
    let json = serde_json::to_value(&config).unwrap();
    let fields: BTreeMap<&str, serde_json::Value> =
        FIELDS.iter().map(|field| (field.setting.name, serde_json::to_value(field.get(&config)).unwrap())).collect();
    for (name, value) in json.as_object().unwrap() {
        let is_entry = ["optimizer", "learningRateSchedule", "loss"].contains(&name.as_str());
        assert!(is_entry || fields[name.as_str()] == *value, "{name}");
    }
    assert_eq!(fields.len() + 3, json.as_object().unwrap().len());
}

#[test]
fn the_norm_of_an_update_is_that_of_the_change() {
    let (before, gradient) = (vec![0.5f32, -1.25, 2.0], vec![0.3f32, -0.02, 1.5]);
    for entry in OPTIMIZERS {
        for (clipping, settings) in [
            (Clipping::default(), vec![]),
            (Clipping { norm: Some(0.7), value: None }, vec![("momentum", 0.9.into())]),
            (Clipping { norm: None, value: Some(0.2) }, vec![("momentum", 0.9.into()), ("nesterov", true.into())]),
        ] {
            let mut optimizer = OptimizerSpec::initial(*entry).with_learning_rate(0.05).unwrap();
            for (name, value) in settings {
                optimizer = optimizer.with(name, Some(value)).unwrap_or(optimizer);
            }
            let mut graph = Graph::new();
            let weight = graph.state("weight", TensorType::f32([3])).unwrap();
            let input = graph.input("gradient", TensorType::f32([3])).unwrap();
            let is_finite = graph.scalar(1.0);
            let parameter = Parameter { node: weight, gradient: input, max_norm: None };
            append_updates(&mut graph, &optimizer, clipping, &[parameter], is_finite).unwrap();
            let tensor = |values: &[f32]| HostTensor::f32([3], values.to_vec()).unwrap();
            let mut leaves = HashMap::new();
            leaves.insert("weight".to_owned(), tensor(&before));
            leaves.insert("gradient".to_owned(), tensor(&gradient));
            leaves.insert(LEARNING_RATE.to_owned(), HostTensor::scalar(0.05));
            leaves.insert(BIAS_CORRECTION.to_owned(), HostTensor::scalar(optimizer.bias_correction(4)));
            for slot in optimizer.slots() {
                leaves.insert(optimizer.slot_state(&slot, "weight"), tensor(&[0.1, 0.2, 0.3]));
            }
            let values = interpret(&graph, &leaves).unwrap();
            for &(state, value) in graph.updates() {
                leaves.insert(graph.node(state).name.clone(), values.get(value).clone());
            }
            let after = leaves["weight"].words().to_vec();
            let slots: Vec<Vec<f32>> = optimizer
                .slots()
                .iter()
                .map(|slot| leaves[&optimizer.slot_state(slot, "weight")].words().to_vec())
                .collect();
            let last = LastStep {
                optimizer: &optimizer,
                clipping,
                rate: 0.05,
                bias_correction: optimizer.bias_correction(4).into(),
                gradient: &gradient,
                slots: &slots,
            };
            let change: f64 = after.iter().zip(&before).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
            let (norm, change) = (last.norm_of_update(&after), change.sqrt());
            assert!((norm / change - 1.0).abs() < 5e-5, "{optimizer:?} {clipping:?}: {norm}, {change}");
        }
    }
}

/// The edits that are offered for a model at fault, and what the best of them makes of it.
fn offered(layers: &str) -> (Vec<Fix>, Option<Error>) {
    let model = model(layers);
    let (resolved, error) = resolve_prefix(&model);
    let error = error.or_else(|| digits().check_output(&resolved).err()).unwrap();
    let fixes = quick_fixes(&model, &error, &digits());
    let fixed = fixes.first().map(|fix| fix.apply(&model)).unwrap();
    let (resolved, error) = resolve_prefix(&fixed);
    (fixes, error.or_else(|| digits().check_output(&resolved).err()))
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

#[test]
fn a_recurrent_layer_without_a_sequence_gets_one() {
    let last = r#"{"type": "Dense", "units": 10, "activation": "softmax"}"#;
    let rows = LayerSpec::new("Reshape").with("targetShape", vec![28.0, 28.0]);
    let sequences = Fix::Set { index: 1, setting: "returnSequences".to_owned(), value: Some(true.into()) };
    for (layers, fix) in [
        (r#"{"type": "LSTM", "units": 4}"#, Fix::Insert { index: 0, layers: vec![rows] }),
        (
            r#"{"type": "Reshape", "targetShape": [28, 28]}, {"type": "GRU", "units": 4}, {"type": "GRU", "units": 4}"#,
            sequences,
        ),
    ] {
        let model: ModelSpec = serde_json::from_str(&format!("{{\"layers\": [{layers}, {last}]}}")).unwrap();
        let error = resolve(&model).unwrap_err();
        assert_eq!(error.code, "wrong-rank", "{error}");
        let fixes = quick_fixes(&model, &error, &digits());
        assert_eq!(fixes.first(), Some(&fix), "{layers}");
        assert!(resolve(&fix.apply(&model)).is_ok());
    }
}
