//! The presets: every one fits its data set and trains, and those that train on points made here reach what they promise.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo, Inputs, Part, Target, Values, sources};
use chalkgrad_engine::model::catalogue::resolve;
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::model::task::Task;
use chalkgrad_engine::model::training;
use chalkgrad_engine::presets::{self, Chapter, PRESETS, Preset};
use chalkgrad_engine::protocol::{Evaluation, Split};
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::{Goal, Progress, Session};

fn session(preset: &Preset, data: Dataset, config: TrainingConfig) -> Session {
    let begin = Task::new(data.schema(), &TrainingConfig::default()).small_network();
    let mut session = Session::with(Box::new(CpuBackend::new()), data, begin).unwrap();
    session.set_training(config).unwrap();
    session.set_model(&preset.model()).unwrap();
    session
}

fn train(session: &mut Session, goal: Goal) -> f32 {
    session.start(goal).unwrap();
    let mut loss = f32::NAN;
    loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Step(step) => loss = step.loss,
            Progress::Finished => return loss,
            _ => {}
        }
    }
}

fn evaluate(session: &mut Session) -> Evaluation {
    session.start_evaluation(Split::Test, None).unwrap();
    loop {
        if let Progress::Evaluated(evaluation, _) = session.advance(&mut || true).unwrap() {
            return evaluation;
        }
    }
}

/// Makes a few examples of noise with the schema of a data set.
fn noise(info: DatasetInfo) -> Dataset {
    let info = DatasetInfo { train_total: 64, test_total: 8, ..info };
    let mut dataset = Dataset::new(info.clone());
    let mut random = Philox::new(5, 0);
    if info.text.is_some() {
        for (part, count) in [(Part::Train, 64), (Part::Test, 8)] {
            let classes: Vec<u8> = (0..count).map(|index| (index % 2) as u8).collect();
            let texts: Vec<String> = (0..count).map(|_| format!("word{}", random.below(20))).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            dataset.add_shard(part, Inputs::Texts(&texts), Values::U8(&classes)).unwrap();
        }
        return dataset;
    }
    for (part, count) in [(Part::Train, 64), (Part::Test, 8)] {
        let numbers: Vec<f32> = (0..count * info.input_len()).map(|_| random.uniform()).collect();
        let bytes: Vec<u8> = numbers.iter().map(|number| (number * 255.0) as u8).collect();
        let classes: Vec<u8> = (0..count).map(|index| (index % 2) as u8).collect();
        let values: Vec<f32> = (0..count).map(|index| index as f32).collect();
        let has_bytes = info.scale() != 1.0;
        match (&info.schema.target, has_bytes) {
            (Target::Class { .. }, true) => dataset.add(part, &bytes, &classes),
            (Target::Class { .. }, false) => dataset.add(part, &numbers, &classes),
            _ => dataset.add(part, &numbers, &values),
        }
        .unwrap();
    }
    dataset
}

#[test]
fn every_preset_fits_its_data_set_and_takes_a_step() {
    for preset in PRESETS {
        let (name, model, config) = (preset.name, preset.model(), preset.config().unwrap());
        training::check(&config).unwrap_or_else(|error| panic!("{name}: {error}"));
        training::check_examples(&config, preset.source.examples[0]).unwrap();
        let task = Task::new(&(preset.source.schema)(), &config);
        task.check(&model, &resolve(&model).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let config = TrainingConfig { train_samples: 64, batch_size: 16, ..config };
        let mut session = session(preset, noise(preset.source.info()), config);
        assert!(train(&mut session, Goal { epochs: None, steps: Some(2) }).is_finite(), "{name}");
    }
    let in_chapters: usize = Chapter::ALL.into_iter().map(|chapter| chapter.presets().count()).sum();
    assert_eq!(in_chapters, PRESETS.len());
    assert!(PRESETS.iter().all(|preset| presets::find(preset.name).is_some_and(|found| std::ptr::eq(found, *preset))));
    assert!(presets::find("preset_of_old").is_none());
}

#[test]
fn known_networks_have_their_known_sizes() {
    let params = |name: &str| {
        let layers = resolve(&presets::find(name).unwrap().model()).unwrap();
        layers.iter().map(|layer| layer.params()).sum::<usize>()
    };
    // LeNet-5's and a softmax regression's are known by heart.
    assert_eq!(["preset_cnn", "preset_lenet", "preset_softmax"].map(params), [93_322, 61_706, 7_850]);
    // One gate, four, and three with two biases each, of (28 + 64 + 1) x 64 weights; then 650.
    assert_eq!(["preset_rnn", "preset_lstm", "preset_gru"].map(params), [6_602, 24_458, 18_698]);
}

#[test]
fn the_spiral_is_told_apart() {
    let preset = presets::find("preset_spiral").unwrap();
    for seed in 0..3 {
        let config = TrainingConfig { seed, ..preset.config().unwrap() };
        let data = sources::find("spiral").unwrap().make().unwrap().unwrap();
        let mut session = session(preset, data, config);
        train(&mut session, Goal::default());
        let accuracy = evaluate(&mut session).accuracy.unwrap();
        assert!(accuracy > 0.97, "seed {seed}: {accuracy}");
    }
}
