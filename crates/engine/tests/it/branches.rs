//! Models whose layers branch and merge: `inputs`, what is refused in words, quick fixes, training and replay.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::error::Error;
use chalkgrad_engine::model::catalogue::{Source, resolve, resolve_prefix};
use chalkgrad_engine::model::quick_fixes::{Fix, fitting_inputs, quick_fixes};
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, TrainingConfig};
use chalkgrad_engine::model::task::Task;
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::{Goal, Progress, Session};

fn model(layers: &str) -> ModelSpec {
    serde_json::from_str(&format!(r#"{{"inputShape": [8, 8, 1], "layers": {layers}}}"#)).unwrap()
}

fn refused(layers: &str) -> Error {
    resolve(&model(layers)).unwrap_err()
}

/// A residual block, a concatenation and a gate.
const RESIDUAL: &str = r#"[
    {"type": "Conv2D", "filters": 4, "kernelSize": 3, "padding": "same", "activation": "relu"},
    {"type": "Conv2D", "filters": 4, "kernelSize": 3, "padding": "same", "useBias": false},
    {"type": "BatchNormalization"}, {"type": "Dropout", "rate": 0.25},
    {"type": "Add", "inputs": ["conv2d", "dropout"]},
    {"type": "Concatenate", "inputs": ["add", "input_layer"]}, {"type": "GlobalAveragePooling2D"},
    {"type": "Dense", "units": 5, "activation": "sigmoid"},
    {"type": "Multiply", "inputs": ["global_average_pooling2d", "dense"]},
    {"type": "Dense", "units": 3, "activation": "softmax"}]"#;

fn session() -> Session {
    let images = 64;
    let info = DatasetInfo::images("noise", [8, 8, 1], 3, [images, 3]);
    let mut random = Philox::new(5, 0);
    let labels: Vec<u8> = (0..images).map(|_| random.below(3) as u8).collect();
    let pixels: Vec<u8> = (0..images * 64).map(|_| random.below(256) as u8).collect();
    let mut dataset = Dataset::new(info);
    dataset.add_train(&pixels, &labels).unwrap();
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset, model(RESIDUAL)).unwrap();
    session.set_training(TrainingConfig { batch_size: 16, seed: 3, ..session.training().clone() }).unwrap();
    session
}

fn train(session: &mut Session, steps: u32) -> Vec<u32> {
    session.start(Goal { steps: Some(steps), epochs: None }).unwrap();
    let mut losses = Vec::new();
    loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Step(report) => losses.push(report.loss.to_bits()),
            Progress::Finished => return losses,
            _ => {}
        }
    }
}

#[test]
fn shapes_parameters_and_names_follow_the_graph() {
    let layers = resolve(&model(RESIDUAL)).unwrap();
    let shape = |at: usize| layers[at].output_shape.clone();
    assert_eq!((shape(4), shape(5), shape(8)), (vec![8, 8, 4], vec![8, 8, 5], vec![5]));
    assert_eq!(layers[4].inputs, [Source::Layer(0), Source::Layer(3)]);
    assert_eq!(layers[5].inputs, [Source::Layer(4), Source::Input]);
    let summary = session().summary();
    assert_eq!(summary.layers[0].inputs, ["input_layer"]);
    assert_eq!(summary.layers[1].inputs, ["conv2d"]);
    assert_eq!(summary.layers[5].inputs, ["add", "input_layer"]);
    assert_eq!(summary.layers[8].inputs, ["global_average_pooling2d", "dense"]);
    // Add and Multiply: one operation for each number and each input after the first. Concatenate: none.
    let flops = |at: usize| layers[at].layer_type.flops(&layers[at].settings, &layers[at].input_shapes, &shape(at));
    assert_eq!((flops(4), flops(5), flops(8)), (256, 0, 5));
}

#[test]
fn a_specification_comes_back_as_it_was_written() {
    let spec = model(RESIDUAL);
    let json = serde_json::to_value(&spec).unwrap();
    assert_eq!(json["layers"][4]["inputs"], serde_json::json!(["conv2d", "dropout"]));
    assert!(json["layers"][0].get("inputs").is_none());
    assert_eq!(serde_json::from_value::<ModelSpec>(json).unwrap(), spec);
    assert_eq!(session().checkpoint().unwrap().model, spec);
    let none = serde_json::json!({ "layers": [{ "type": "Flatten", "inputs": null }] });
    assert_eq!(serde_json::from_value::<ModelSpec>(none).unwrap().layers[0].inputs, None);
    for wrong in [serde_json::json!("conv2d"), serde_json::json!([1]), serde_json::json!(["a", 1])] {
        let json = serde_json::json!({ "layers": [{ "type": "Flatten" }, { "type": "Add", "inputs": wrong }] });
        let error = chalkgrad_engine::json::read::<ModelSpec>("model", &json).unwrap_err();
        assert_eq!(error.code, "bad-setting", "{error}");
        assert!(error.subject.starts_with("layers[1].inputs"), "{}", error.subject);
    }
}

#[test]
fn inputs_that_cannot_be_are_refused_in_words() {
    let conv = r#"{"type": "Conv2D", "filters": 4, "kernelSize": 3, "padding": "same"}"#;
    let pool = r#"{"type": "MaxPooling2D"}"#;
    for (layers, code, at, words) in [
        (
            format!(r#"[{conv}, {conv}, {{"type": "Add", "inputs": ["conv2d_1", "conv2D"]}}]"#),
            "unknown-input",
            2,
            &["conv2D", "Did you mean conv2d?"][..],
        ),
        (
            format!(r#"[{conv}, {{"type": "Add", "inputs": ["conv2d", "xyz"]}}]"#),
            "unknown-input",
            1,
            &["xyz", "input_layer"],
        ),
        (
            format!(r#"[{conv}, {{"type": "Add", "inputs": ["conv2d", "conv2d_1"]}}, {conv}]"#),
            "input-order",
            1,
            &["conv2d_1 stands behind"],
        ),
        (format!(r#"[{conv}, {{"type": "Add", "inputs": ["conv2d", "add"]}}]"#), "input-order", 1, &["its own input"]),
        (format!(r#"[{conv}, {{"type": "Flatten", "inputs": ["flatten"]}}]"#), "input-order", 1, &["its own input"]),
        (format!(r#"[{conv}, {{"type": "Add"}}]"#), "input-count", 1, &["two or more", "has 1"]),
        (format!(r#"[{conv}, {{"type": "Add", "inputs": []}}]"#), "input-count", 1, &["has 0"]),
        (format!(r#"[{conv}, {{"type": "Flatten", "inputs": ["conv2d", "conv2d"]}}]"#), "input-count", 1, &["name 2"]),
        (
            format!(r#"[{conv}, {{"type": "Add", "inputs": [{}]}}]"#, [r#""conv2d""#; 9].join(",")),
            "input-count",
            1,
            &["at most 8", "9"],
        ),
        (
            format!(r#"[{conv}, {pool}, {{"type": "Add", "inputs": ["conv2d", "max_pooling2d"]}}]"#),
            "input-shapes",
            2,
            &["8×8×4", "4×4×4"],
        ),
        (
            format!(r#"[{conv}, {pool}, {{"type": "Concatenate", "inputs": ["conv2d", "max_pooling2d"]}}]"#),
            "input-shapes",
            2,
            &["8×8×4", "4×4×4", "axis 3"],
        ),
        (
            format!(r#"[{conv}, {{"type": "Concatenate", "axis": 4, "inputs": ["conv2d", "conv2d"]}}]"#),
            "bad-setting",
            1,
            &["axis is 4", "8×8×4"],
        ),
        (
            format!(r#"[{conv}, {{"type": "Concatenate", "axis": 0, "inputs": ["conv2d", "conv2d"]}}]"#),
            "bad-setting",
            1,
            &["axis is 0"],
        ),
        (
            format!(r#"[{conv}, {conv}, {{"type": "Flatten", "inputs": ["conv2d"]}}]"#),
            "unused-layer",
            1,
            &["No later layer takes the output"],
        ),
    ] {
        let error = refused(&layers);
        assert_eq!((error.code, error.layer_index), (code, Some(at)), "{layers}: {error}");
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{layers}: {error}");
    }
}

#[test]
fn shapes_broadcast_as_in_keras() {
    // keras.layers.Add()([a, b]).shape[1:]
    for (shape, layers) in [
        (
            vec![8, 8, 4],
            r#"{"type": "GlobalAveragePooling2D"}, {"type": "Multiply", "inputs": ["conv2d", "global_average_pooling2d"]}"#,
        ),
        (vec![8, 8, 4], r#"{"type": "Add", "inputs": ["input_layer", "conv2d"]}"#),
        (vec![8, 16, 4], r#"{"type": "Concatenate", "axis": 2, "inputs": ["conv2d", "conv2d"]}"#),
        (vec![16, 8, 4], r#"{"type": "Concatenate", "axis": -3, "inputs": ["conv2d", "conv2d"]}"#),
    ] {
        let conv = r#"{"type": "Conv2D", "filters": 4, "kernelSize": 3, "padding": "same"}"#;
        let layers = resolve(&model(&format!("[{conv}, {layers}]"))).unwrap();
        assert_eq!(layers.last().unwrap().output_shape, shape);
    }
}

#[test]
fn faults_of_inputs_come_with_a_click_that_puts_them_right() {
    let conv = r#"{"type": "Conv2D", "filters": 4, "kernelSize": 3, "padding": "same"}"#;
    let end = r#"{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}"#;
    let inputs = |index, names: &[&str]| Fix::SetInputs {
        index,
        inputs: Some(names.iter().map(|name| (*name).to_owned()).collect()),
    };
    for (layers, best) in [
        (
            format!(r#"[{conv}, {conv}, {{"type": "Add", "inputs": ["conv2d", "conv2d1"]}}, {end}]"#),
            inputs(2, &["conv2d", "conv2d_1"]),
        ),
        (format!(r#"[{conv}, {conv}, {conv}, {{"type": "Add"}}, {end}]"#), inputs(3, &["conv2d", "conv2d_2"])),
        (
            format!(
                r#"[{conv}, {{"type": "MaxPooling2D"}}, {conv}, {{"type": "Add", "inputs": ["conv2d", "conv2d_1"]}}, {end}]"#
            ),
            inputs(3, &["max_pooling2d", "conv2d_1"]),
        ),
        (
            format!(
                r#"[{conv}, {{"type": "Flatten", "inputs": ["conv2d", "conv2d"]}}, {{"type": "Dense", "units": 3}}]"#
            ),
            Fix::SetInputs { index: 1, inputs: None },
        ),
        (
            format!(
                r#"[{conv}, {conv}, {{"type": "Flatten", "inputs": ["conv2d"]}}, {{"type": "Dense", "units": 3}}]"#
            ),
            Fix::SetInputs { index: 2, inputs: None },
        ),
    ] {
        let model = model(&layers);
        let task = Task::new(&DatasetInfo::images("noise", [8, 8, 1], 3, [1, 1]).schema, &TrainingConfig::default());
        let (_, error) = resolve_prefix(&model);
        let fixes = quick_fixes(&model, &error.unwrap(), &task);
        assert_eq!(fixes.first(), Some(&best), "{layers}: {fixes:?}");
        let fixed = resolve(&best.apply(&model)).unwrap();
        task.check_output(&fixed).unwrap();
    }
    assert_eq!(fitting_inputs(&model(&format!("[{conv}, {conv}]")), 1), None, "no merging layer");
}

#[test]
fn an_edit_keeps_the_inputs_on_their_layers() {
    let insert = Fix::Insert { index: 0, layers: vec![LayerSpec::new("Dropout").with("rate", 0.5)] };
    let edited = insert.apply(&model(RESIDUAL));
    assert_eq!(edited.layers[5].inputs, Some(vec!["conv2d".to_owned(), "dropout_1".to_owned()]));
    let layers = resolve(&edited).unwrap();
    assert_eq!(layers[5].inputs, [Source::Layer(1), Source::Layer(4)]);
    let removed = resolve(&Fix::Remove { index: 4 }.apply(&edited)).unwrap();
    assert_eq!(removed[4].inputs, [Source::Layer(1), Source::Layer(3)]);
}

#[test]
fn a_branching_model_replays_bit_for_bit_also_from_a_checkpoint() {
    let mut session = session();
    let all = train(&mut session, 9);
    let mut again = self::session();
    assert_eq!(train(&mut again, 9), all);

    let mut first = self::session();
    let beginning = train(&mut first, 5);
    let bytes = first.checkpoint().unwrap().to_bytes().unwrap();
    let saved = Checkpoint::from_bytes(&bytes).unwrap();
    assert_eq!(saved.model, model(RESIDUAL));
    let mut second = self::session();
    second
        .set_model(&ModelSpec {
            layers: vec![LayerSpec::new("Flatten"), LayerSpec::new("Dense").with("units", 3.0)],
            ..saved.model.clone()
        })
        .unwrap();
    second.open(&saved.model, &saved.training, &saved.snapshot, &saved.arrays).unwrap();
    let rest = train(&mut second, 4);
    assert_eq!([beginning, rest].concat(), all);
}
