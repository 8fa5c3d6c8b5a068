//! Sessions whose layers go through sequences: they replay bit for bit, stop between steps, and bear long sequences.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::schema::{Field, FieldType, Schema, Target};
use chalkgrad_engine::data::{Dataset, DatasetInfo, Values};
use chalkgrad_engine::error::Result;
use chalkgrad_engine::model::catalogue::resolve_prefix;
use chalkgrad_engine::model::quick_fixes::quick_fixes;
use chalkgrad_engine::model::spec::{LossSpec, ModelSpec, TrainingConfig};
use chalkgrad_engine::model::task::Task;
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::{Goal, Progress, Session};

/// Images of noise, `height` rows of `width` pixels, in three classes.
fn noise(height: usize, width: usize, images: usize) -> Dataset {
    let info = DatasetInfo::images("mnist", [height, width, 1], 3, [images, 0]);
    let mut random = Philox::new(11, 0);
    let pixels: Vec<u8> = (0..images * height * width).map(|_| random.below(256) as u8).collect();
    let labels: Vec<u8> = (0..images).map(|_| random.below(3) as u8).collect();
    let mut dataset = Dataset::new(info);
    dataset.add_train(&pixels, &labels).unwrap();
    dataset
}

fn session(layers: &str, dataset: Dataset, batch: u32) -> Result<Session> {
    let shape = &dataset.info().schema.input.shape;
    let [height, width, channels] = shape[..] else { panic!("no image: {shape:?}") };
    let spec: ModelSpec = serde_json::from_str(&format!(
        r#"{{"inputShape": [{height}, {width}, {channels}], "layers": [{{"type": "Reshape", "targetShape": [{height}, {width}]}},
            {layers}, {{"type": "Dense", "units": 3, "activation": "softmax"}}]}}"#
    ))
    .unwrap();
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset, spec)?;
    let train_samples = session.dataset().info().train_total as u32;
    session.set_training(TrainingConfig { batch_size: batch, train_samples, ..session.training().clone() })?;
    Ok(session)
}

/// Takes steps. Returns the losses, and how often the session stopped on the way.
fn train(session: &mut Session, steps: u32) -> (Vec<f32>, usize) {
    session.start(Goal { epochs: None, steps: Some(steps) }).unwrap();
    let (mut losses, mut stops) = (Vec::new(), 0);
    loop {
        match session.advance(&mut || false).unwrap() {
            Progress::Step(report) => losses.push(report.loss),
            Progress::Finished => return (losses, stops),
            _ => stops += 1,
        }
    }
}

const LAYERS: &[&str] = &[
    r#"{"type": "SimpleRNN", "units": 5, "dropout": 0.2}"#,
    r#"{"type": "LSTM", "units": 5, "recurrentDropout": 0.3, "returnSequences": true}, {"type": "LSTM", "units": 3, "goBackwards": true}"#,
    r#"{"type": "GRU", "units": 5, "dropout": 0.2, "recurrentDropout": 0.2}"#,
    r#"{"type": "GRU", "units": 5, "resetAfter": false, "recurrentDropout": 0.2}"#,
    r#"{"type": "Bidirectional", "layer": {"type": "GRU", "units": 4, "dropout": 0.3}, "mergeMode": "sum"}"#,
];

#[test]
fn runs_replay_bit_for_bit() {
    for layers in LAYERS {
        let fresh = || session(layers, noise(6, 5, 40), 8).unwrap();
        let (mut one, mut other) = (fresh(), fresh());
        let (losses, _) = train(&mut one, 9);
        assert!(losses.iter().all(|loss| loss.is_finite()), "{layers}");
        // The other one goes on from a snapshot in another session.
        let (mut again, _) = train(&mut other, 4);
        let (info, arrays) = other.snapshot().unwrap();
        let mut third = fresh();
        third.restore(&info, arrays).unwrap();
        again.extend(train(&mut third, 5).0);
        assert_eq!(losses, again, "{layers}");
        for name in one.snapshot().unwrap().0.names.iter().filter(|name| !name.contains(' ')) {
            assert_eq!(one.tensor(name).unwrap().words(), third.tensor(name).unwrap().words(), "{layers}: {name}");
        }
    }
}

#[test]
fn sequences_of_20_000_steps_train() {
    for layers in [r#"{"type": "LSTM", "units": 8}"#, r#"{"type": "GRU", "units": 6, "resetAfter": false}"#] {
        let mut session = session(layers, noise(20_000, 1, 2), 2).unwrap();
        let (losses, _) = train(&mut session, 2);
        assert!(losses.iter().all(|loss| loss.is_finite()), "{layers}: {losses:?}");
    }
}

/// No page may be silent while a long sequence is computed.
#[test]
fn a_run_stops_between_the_steps_of_a_sequence() {
    let stops = |steps: usize| {
        let layer = r#"{"type": "LSTM", "units": 100}"#;
        train(&mut session(layer, noise(steps, 1, 8), 8).unwrap(), 1).1
    };
    let (short, long) = (stops(20), stops(1_000));
    assert!(long >= short + 10, "{short} times in 20 steps, {long} in 1,000");
}

#[test]
fn sequences_that_do_not_fit_into_memory_are_refused() {
    for layers in
        [r#"{"type": "LSTM", "units": 1024}"#, r#"{"type": "Bidirectional", "layer": {"type": "GRU", "units": 700}}"#]
    {
        let error = session(layers, noise(20_000, 1, 1), 1024).err().unwrap_or_else(|| panic!("{layers} fits"));
        assert_eq!(error.code, "too-large", "{layers}: {error}");
    }
}

const VOCABULARY: u32 = 12;

fn tokens_info(examples: usize, steps: usize) -> DatasetInfo {
    let dtype = FieldType::Tokens { vocabulary: VOCABULARY };
    let input = Field { shape: vec![steps], dtype, columns: Vec::new() };
    let schema = Schema { input, target: Target::classes(["no", "yes"]) };
    DatasetInfo { name: "mnist".to_owned(), schema, train_total: examples, test_total: examples, text: None }
}

/// Texts in which token 3 says yes; token 0 fills up the rest.
fn texts(examples: usize, steps: usize) -> Dataset {
    let mut dataset = Dataset::new(tokens_info(examples, steps));
    let mut random = Philox::new(21, 0);
    let (mut ids, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..examples {
        let length = 2 + random.below(steps as u32 - 2) as usize;
        let is_yes = random.below(2) == 1;
        let place = random.below(length as u32) as usize;
        ids.extend((0..steps).map(|step| match step {
            _ if step >= length => 0,
            _ if is_yes && step == place => 3,
            _ => 4 + random.below(VOCABULARY - 4) as i32,
        }));
        labels.push(u8::from(is_yes));
    }
    dataset.add_train(Values::I32(&ids), &labels[..]).unwrap();
    dataset.add_test(Values::I32(&ids), &labels[..]).unwrap();
    dataset
}

fn text_session(layers: &str) -> Result<Session> {
    let spec: ModelSpec = serde_json::from_str(&format!(
        r#"{{"inputShape": [9], "layers": [{layers}, {{"type": "Dense", "units": 2, "activation": "softmax"}}]}}"#
    ))
    .unwrap();
    let mut session = Session::with(Box::new(CpuBackend::new()), texts(320, 9), spec)?;
    let optimizer = serde_json::from_str(r#"{"type": "Adam", "learningRate": 0.01}"#).unwrap();
    let config = TrainingConfig { batch_size: 16, train_samples: 320, optimizer, ..session.training().clone() };
    session.set_training(config)?;
    Ok(session)
}

#[test]
fn texts_are_learned_from_their_tokens() {
    let embedding = r#"{"type": "Embedding", "inputDim": 12, "outputDim": 8, "maskZero": true}"#;
    for rest in [
        r#"{"type": "GRU", "units": 8}"#,
        r#"{"type": "Bidirectional", "layer": {"type": "LSTM", "units": 6, "returnSequences": true}}, {"type": "GlobalAveragePooling1D"}"#,
    ] {
        let fresh = || text_session(&format!("{embedding}, {rest}")).unwrap();
        let (mut session, mut again) = (fresh(), fresh());
        let losses = train(&mut session, 160).0;
        assert!(losses[150..].iter().all(|loss| *loss < 0.3), "{rest}: {:?}", &losses[150..]);
        assert_eq!(train(&mut again, 20).0, losses[..20], "{rest}");
    }
}

#[test]
fn a_network_for_data_of_another_kind_is_mended_with_one_click() {
    let images = DatasetInfo::images("mnist", [8, 8, 1], 3, [4, 4]).schema;
    let rows = Schema::table(5, Target::values(["price"]));
    let texts = tokens_info(1, 9).schema;
    let of = |schema: &Schema| {
        let target = &schema.target;
        let config = TrainingConfig { loss: LossSpec::for_target(target), ..TrainingConfig::default() };
        Task::new(schema, &config)
    };
    for from in [&images, &rows, &texts] {
        for to in [&images, &rows, &texts] {
            let (model, task) = (of(from).small_network(), of(to));
            if from == to {
                task.check(&model, &resolve_prefix(&model).0).unwrap();
                continue;
            }
            let error = task.check_input(&model).unwrap_err();
            let fixes = quick_fixes(&model, &error, &task);
            let mended = fixes[0].apply(&model);
            let (resolved, fault) = resolve_prefix(&mended);
            assert!(fault.is_none(), "{fixes:?}");
            task.check(&mended, &resolved).unwrap();
        }
    }
}

#[test]
fn tokens_and_layers_that_do_not_go_together_are_said() {
    for (layers, code) in [
        (r#"{"type": "Dense", "units": 4}"#, "tokens"),
        (r#"{"type": "Embedding", "inputDim": 11, "outputDim": 4}, {"type": "GlobalAveragePooling1D"}"#, "vocabulary"),
    ] {
        let error = text_session(layers).err().unwrap_or_else(|| panic!("{layers} is accepted"));
        assert_eq!((error.code, error.layer_index), (code, Some(0)), "{error}");
        let spec: ModelSpec = serde_json::from_str(&format!(
            r#"{{"inputShape": [9], "layers": [{layers}, {{"type": "Dense", "units": 2, "activation": "softmax"}}]}}"#
        ))
        .unwrap();
        let task = Task::new(&tokens_info(1, 9).schema, &TrainingConfig::default());
        let fixes = quick_fixes(&spec, &error, &task);
        let (resolved, fault) = resolve_prefix(&fixes[0].apply(&spec));
        assert!(fault.is_none() && resolved[0].weights[0].shape[0] >= VOCABULARY as usize, "{fixes:?}");
    }
    let error =
        session(r#"{"type": "Embedding", "inputDim": 9, "outputDim": 4}, {"type": "Flatten"}"#, noise(4, 4, 9), 4);
    assert_eq!(error.err().unwrap().code, "no-tokens");
}
