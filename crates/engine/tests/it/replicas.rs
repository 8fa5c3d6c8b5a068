//! Data-parallel training, natively, with replicas in the same thread: slices of a batch give what the whole batch gives.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo, Schema};
use chalkgrad_engine::error::Error;
use chalkgrad_engine::error::{BackendError, Result};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::Split;
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::replicas::{Replica, Replicas};
use chalkgrad_engine::train::{Goal, Pixels, Progress, Session, StepReport};

const SIDE: usize = 8;
const TRAIN: usize = 100;

/// Replicas that work when their results are asked for.
pub struct InThread {
    replicas: Vec<Option<Replica>>,
    tasks: Vec<Option<Vec<f32>>>,
    /// Number of times that a result is still not there.
    delay: usize,
    waited: usize,
    /// Results until one fails.
    fails_after: Option<usize>,
    set_ups: Rc<Cell<usize>>,
    sent: Rc<RefCell<Vec<usize>>>,
}

impl InThread {
    pub fn new(count: usize) -> Self {
        Self {
            replicas: (0..count).map(|_| None).collect(),
            tasks: vec![None; count],
            delay: 0,
            waited: 0,
            fails_after: None,
            set_ups: Rc::default(),
            sent: Rc::default(),
        }
    }
}

impl Replicas for InThread {
    fn count(&self) -> usize {
        self.replicas.len()
    }

    fn set_up(&mut self, model: &ModelSpec, config: &TrainingConfig, schema: &Schema) {
        self.set_ups.set(self.set_ups.get() + 1);
        self.replicas.iter_mut().for_each(|replica| *replica = Some(Replica::new(model, config, schema).unwrap()));
    }

    fn send(&mut self, replica: usize, task: &mut Vec<f32>) -> Result<()> {
        self.sent.borrow_mut().push(task[0] as usize);
        self.tasks[replica] = Some(std::mem::take(task));
        Ok(())
    }

    fn receive(&mut self, replica: usize, result: &mut [f32]) -> Result<bool> {
        if self.waited < self.delay {
            self.waited += 1;
            return Ok(false);
        }
        self.waited = 0;
        if let Some(left) = &mut self.fails_after {
            *left = left.checked_sub(1).ok_or_else(|| BackendError::ReplicaFailed { reason: "it died".to_owned() })?;
        }
        let task = self.tasks[replica].take().expect("a result is asked for once");
        let mut own = Vec::new();
        self.replicas[replica].as_mut().unwrap().run(&task, &mut own).unwrap();
        result.copy_from_slice(&own);
        Ok(true)
    }

    fn cancel(&mut self) {
        self.tasks.iter_mut().for_each(|task| *task = None);
    }
}

fn dataset() -> Dataset {
    let info = DatasetInfo::images("bars", [SIDE, SIDE, 1], 3, [TRAIN, 30]);
    let mut dataset = Dataset::new(info);
    let mut random = Philox::new(7, 0);
    for (is_train, count) in [(true, TRAIN), (false, 30)] {
        let labels: Vec<u8> = (0..count).map(|_| random.below(3) as u8).collect();
        let mut pixels = Vec::new();
        for &label in &labels {
            for index in 0..SIDE * SIDE {
                let base = if index / SIDE / 3 == usize::from(label) { 120 } else { 0 };
                pixels.push((base + random.below(100)) as u8);
            }
        }
        if is_train { dataset.add_train(&pixels, &labels) } else { dataset.add_test(&pixels, &labels) }.unwrap();
    }
    dataset
}

fn session(layers: &str, replicas: Option<InThread>) -> Session {
    let spec = format!(r#"{{"inputShape": [{SIDE}, {SIDE}, 1], "layers": {layers}}}"#);
    let spec: ModelSpec = serde_json::from_str(&spec).unwrap();
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset(), spec).unwrap();
    // 100 images: three batches of 30 and one of 10.
    let config = TrainingConfig { batch_size: 30, ..session.training().clone() };
    session.set_training(config).unwrap();
    session.set_replicas(replicas.map(|replicas| Box::new(replicas) as Box<dyn Replicas>));
    session
}

/// An L2 penalty, and everything that is the same for a slice and for a batch.
const PLAIN: &str = r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3, "activation": "relu", "l2": 0.01},
    {"type": "MaxPooling2D"}, {"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#;

/// Layers that branch and merge, of which each example is computed alone.
const BRANCHING: &str = r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3, "padding": "same", "activation": "tanh"},
    {"type": "DepthwiseConv2D", "kernelSize": 3, "padding": "same"}, {"type": "Add", "inputs": ["conv2d", "depthwise_conv2d"]},
    {"type": "Concatenate", "inputs": ["add", "input_layer"]}, {"type": "LayerNormalization"},
    {"type": "GlobalAveragePooling2D"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#;

/// Layers that go through sequences.
const SEQUENCES: &str = r#"[{"type": "Reshape", "targetShape": [8, 8]}, {"type": "GRU", "units": 6, "returnSequences": true},
    {"type": "LSTM", "units": 5, "goBackwards": true}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#;

/// Layers that see their slice only, or draw random numbers.
const SLICEWISE: &str = r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3}, {"type": "BatchNormalization"},
    {"type": "Activation", "activation": "relu"}, {"type": "Flatten"}, {"type": "Dropout", "rate": 0.3},
    {"type": "Dense", "units": 3, "activation": "softmax"}]"#;

/// Steps, warnings.
fn train(session: &mut Session, steps: u32) -> (Vec<StepReport>, Vec<Error>) {
    session.start(Goal { epochs: None, steps: Some(steps) }).unwrap();
    let (mut reports, mut warnings) = (Vec::new(), Vec::new());
    loop {
        match session.advance(&mut || false).unwrap() {
            Progress::Step(report) => reports.push(report),
            Progress::Warning(warning) => warnings.push(warning),
            Progress::Finished => return (reports, warnings),
            _ => {}
        }
    }
}

/// Loss, accuracy, and what was predicted for each image.
fn evaluate(session: &mut Session) -> (f32, f32, Vec<f32>, Vec<Error>) {
    let mut warnings = Vec::new();
    session.start_evaluation(Split::Test, None).unwrap();
    loop {
        match session.advance(&mut || false).unwrap() {
            Progress::Evaluated(own, predictions) => {
                assert_eq!(predictions.confusion.iter().sum::<f32>(), own.samples as f32);
                return (own.loss, own.accuracy.unwrap(), predictions.predicted, warnings);
            }
            Progress::Warning(warning) => warnings.push(warning),
            _ => {}
        }
    }
}

fn assert_close(actual: &[f32], expected: &[f32], tolerance: f32) {
    let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    assert_eq!(actual.len(), expected.len());
    for (a, e) in actual.iter().zip(expected) {
        assert!((a - e).abs() <= tolerance * largest, "{a} instead of {e} (largest {largest})");
    }
}

#[test]
fn slices_give_what_the_whole_batch_gives() {
    for (workers, layers) in [(2, PLAIN), (3, PLAIN), (4, PLAIN), (3, BRANCHING), (3, SEQUENCES)] {
        let (mut alone, mut shared) = (session(layers, None), session(layers, Some(InThread::new(workers - 1))));
        assert_eq!(shared.workers(), workers);
        let one_step = |session: &mut Session| train(session, 1).0;
        for step in 0..9 {
            let (expected, actual) = (one_step(&mut alone)[0], one_step(&mut shared)[0]);
            assert!(
                (expected.loss - actual.loss).abs() <= 1e-5 * expected.loss,
                "step {step}: {expected:?} {actual:?}"
            );
            assert_eq!(
                StepReport { loss: 0.0, epoch_loss: 0.0, ..expected },
                StepReport { loss: 0.0, epoch_loss: 0.0, ..actual },
            );
            assert_eq!(alone.tensor_names(), shared.tensor_names());
            for name in alone.tensor_names().iter().filter(|name| !name.starts_with("velocity")) {
                assert!(alone.fetch_tensor(name).unwrap() && shared.fetch_tensor(name).unwrap());
                let (expected, actual) = (alone.tensor(name).unwrap(), shared.tensor(name).unwrap());
                assert_eq!(expected.shape(), actual.shape(), "{name}");
                assert_close(actual.words(), expected.words(), 1e-4);
            }
        }
    }
}

#[test]
fn the_same_number_of_workers_gives_the_same_numbers_bit_for_bit() {
    let losses = |workers: usize, delay: usize| {
        let mut replicas = InThread::new(workers - 1);
        replicas.delay = delay;
        let mut session = session(SLICEWISE, Some(replicas));
        let losses: Vec<u32> = train(&mut session, 12).0.iter().map(|step| step.loss.to_bits()).collect();
        let (probabilities, _) = session.predict(Pixels::U8(vec![100; SIDE * SIDE])).unwrap();
        (losses, probabilities)
    };
    assert_eq!(losses(2, 0), losses(2, 3));
    assert_eq!(losses(3, 1), losses(3, 0));
    assert_ne!(losses(2, 0), losses(3, 0));
}

#[test]
fn batch_normalisation_takes_the_mean_of_the_slices_statistics() {
    let mut session = session(SLICEWISE, Some(InThread::new(1)));
    train(&mut session, 1);
    // The moving mean starts at 0, so after one step it is 0.01 times the mean over both slices, which are equally long.
    let output = session.tensor("conv2d.output").unwrap();
    assert_eq!(output.shape().dims(), [30, 6, 6, 4]);
    let mut means = [0.0f32; 4];
    output.words().iter().zip((0..4).cycle()).for_each(|(word, channel)| means[channel] += word / (30.0 * 36.0));
    let expected = means.map(|mean| 0.01 * mean);
    assert_close(session.tensor("batch_normalization.moving_mean").unwrap().words(), &expected, 1e-4);
}

#[test]
fn slices_are_even_and_small_batches_are_not_cut() {
    let replicas = InThread::new(3);
    let (sent, set_ups) = (replicas.sent.clone(), replicas.set_ups.clone());
    let mut session = session(PLAIN, Some(replicas));
    train(&mut session, 4);
    assert_eq!(*sent.borrow(), [8, 7, 8, 8, 7, 8, 8, 7, 8, 3, 2, 3], "three batches of 30, one of 10");
    assert_eq!(set_ups.get(), 1);
    sent.borrow_mut().clear();
    session.set_training(TrainingConfig { batch_size: 3, ..session.training().clone() }).unwrap();
    train(&mut session, 1);
    assert!(sent.borrow().is_empty());
}

#[test]
fn a_step_that_is_given_up_begins_again() {
    let mut replicas = InThread::new(1);
    replicas.delay = 2;
    let mut shared = session(PLAIN, Some(replicas));
    let expected = train(&mut session(PLAIN, Some(InThread::new(1))), 4).0;
    shared.start(Goal { epochs: None, steps: Some(4) }).unwrap();
    let mut reports = Vec::new();
    let mut interruptions = 0;
    loop {
        match shared.advance(&mut || true).unwrap() {
            Progress::Step(report) => reports.push(report),
            Progress::Finished => break,
            Progress::OutOfTime => {
                assert!(shared.is_waiting());
                if interruptions < 3 {
                    interruptions += 1;
                    // Settles, which for a shared step means to give it up.
                    let bias = shared.tensor("dense.bias").unwrap().into_words();
                    shared.set_tensor("dense.bias", bias).unwrap();
                }
            }
            _ => {}
        }
    }
    assert_eq!(interruptions, 3);
    assert_eq!(reports, expected);
}

#[test]
fn without_the_others_training_goes_on_and_says_so() {
    let mut replicas = InThread::new(2);
    replicas.fails_after = Some(5);
    let mut shared = session(PLAIN, Some(replicas));
    let (reports, warnings) = train(&mut shared, 6);
    assert_eq!(warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["replica-failed"]);
    assert_eq!(shared.workers(), 1);
    let (expected, _) = train(&mut session(PLAIN, None), 6);
    for (actual, expected) in reports.iter().zip(&expected) {
        assert!((actual.loss - expected.loss).abs() <= 1e-5 * expected.loss, "{actual:?} {expected:?}");
    }
}

#[test]
fn another_model_reaches_the_replicas() {
    let mut shared = session(PLAIN, Some(InThread::new(1)));
    train(&mut shared, 1);
    let other = serde_json::from_str(
        r#"{"inputShape": [8, 8, 1], "layers": [{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}]}"#,
    );
    shared.set_model(&other.unwrap()).unwrap();
    let (reports, warnings) = train(&mut shared, 3);
    assert_eq!((reports.len(), warnings.len()), (3, 0));
    assert_eq!(shared.tensor("dense.output").unwrap().shape().dims(), [30, 3]);
}

#[test]
fn an_evaluation_is_shared_and_finds_the_same() {
    for layers in [PLAIN, SLICEWISE] {
        let mut alone = session(layers, None);
        train(&mut alone, 20);
        let (snapshot, _) = alone.snapshot().unwrap();
        let weights: Vec<String> = snapshot.names.into_iter().filter(|name| !name.contains(' ')).collect();
        let expected = evaluate(&mut alone);
        // 30 images: 15 each, 10 each, and 7 or 8 each.
        for workers in [2, 3, 4] {
            let replicas = InThread { delay: 2, ..InThread::new(workers - 1) };
            let sent = replicas.sent.clone();
            let mut shared = session(layers, Some(replicas));
            for name in &weights {
                shared.set_tensor(name, alone.tensor(name).unwrap().into_words()).unwrap();
            }
            let actual = evaluate(&mut shared);
            assert_close(&[actual.0], &[expected.0], 1e-5);
            assert_eq!((actual.1, &actual.2), (expected.1, &expected.2), "{workers} workers");
            assert_eq!(sent.borrow().len(), workers - 1);
        }
    }
}

#[test]
fn a_large_prediction_is_shared_but_for_its_end() {
    let images = 1500;
    let mut random = Philox::new(3, 0);
    let pixels: Vec<u8> = (0..images * SIDE * SIDE).map(|_| random.below(256) as u8).collect();
    let mut alone = session(PLAIN, None);
    let (expected, classes) = alone.predict(Pixels::U8(pixels.clone())).unwrap();
    assert_eq!((expected.len(), classes), (images * 3, 3));
    let last = alone.tensor("dense.output").unwrap();
    for workers in [2, 3] {
        let replicas = InThread { delay: 1, ..InThread::new(workers - 1) };
        let sent = replicas.sent.clone();
        let mut shared = session(PLAIN, Some(replicas));
        // A step that is under way begins again.
        shared.start(Goal { epochs: None, steps: Some(2) }).unwrap();
        assert!(matches!(shared.advance(&mut || false).unwrap(), Progress::OutOfTime));
        sent.borrow_mut().clear();
        assert_eq!(shared.predict(Pixels::U8(pixels.clone())).unwrap().0, expected, "{workers} workers");
        let shared_parts = (images - 1) / (256 * workers);
        assert_eq!(*sent.borrow(), vec![256; shared_parts * (workers - 1)]);
        let own = shared.tensor("dense.output").unwrap();
        assert_eq!(&own.words()[own.words().len() - 3..], &last.words()[last.words().len() - 3..]);
        let mut steps = 0;
        loop {
            match shared.advance(&mut || false).unwrap() {
                Progress::Step(report) => steps = report.step,
                Progress::Finished => break,
                _ => {}
            }
        }
        assert_eq!(steps, 2);
    }
}

#[test]
fn replicas_that_fail_amid_an_evaluation_or_a_prediction_cost_nothing_but_time() {
    let fails = |after| InThread { fails_after: Some(after), ..InThread::new(1) };
    let expected = evaluate(&mut session(PLAIN, None));
    let mut shared = session(PLAIN, Some(fails(0)));
    let actual = evaluate(&mut shared);
    assert_eq!((actual.0, actual.1, &actual.2), (expected.0, expected.1, &expected.2));
    assert_eq!((actual.3.len(), actual.3[0].code, shared.workers()), (1, "replica-failed", 1));

    let pixels = vec![77; 1500 * SIDE * SIDE];
    let expected = session(PLAIN, None).predict(Pixels::U8(pixels.clone())).unwrap();
    let mut shared = session(PLAIN, Some(fails(1)));
    assert_eq!(shared.predict(Pixels::U8(pixels)).unwrap(), expected);
    assert_eq!(shared.workers(), 1);
    assert!(
        matches!(shared.advance(&mut || true).unwrap(), Progress::Warning(error) if error.code == "replica-failed")
    );
}

/// Sixteen units before a batch normalisation, which learns nothing from shards of one image.
const NORMALIZED: &str = r#"[{"type": "Flatten"}, {"type": "Dense", "units": 16}, {"type": "BatchNormalization"},
    {"type": "Activation", "activation": "relu"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#;

#[test]
fn batches_are_not_cut_too_small_where_a_layer_looks_across_them() {
    let with_batch = |session: &mut Session, batch_size| {
        session.set_training(TrainingConfig { batch_size, ..session.training().clone() }).unwrap();
    };
    // Two workers and a batch of two: as one worker, bit for bit, and it learns.
    let replicas = InThread::new(1);
    let sent = replicas.sent.clone();
    let (mut alone, mut shared) = (session(NORMALIZED, None), session(NORMALIZED, Some(replicas)));
    with_batch(&mut alone, 2);
    with_batch(&mut shared, 2);
    let (expected, _) = train(&mut alone, 150);
    let (actual, warnings) = train(&mut shared, 150);
    assert_eq!(actual, expected);
    assert!(
        actual[149].epoch_loss < 0.8 * actual[49].epoch_loss,
        "{} {}",
        actual[49].epoch_loss,
        actual[149].epoch_loss
    );
    assert!(sent.borrow().is_empty());
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert_eq!((warning.code, warning.layer.as_deref()), ("fewer-workers", Some("batch_normalization")));

    // Four workers: a batch of 30 makes three shards of ten, one of 10 is not cut.
    let replicas = InThread::new(3);
    let sent = replicas.sent.clone();
    let mut shared = session(NORMALIZED, Some(replicas));
    let (_, warnings) = train(&mut shared, 4);
    assert_eq!((&*sent.borrow(), warnings.len()), (&vec![10; 6], 1));
    assert_eq!(shared.tensor("batch_normalization.output").unwrap().shape().dims(), [10, 16]);
    train(&mut shared, 1);
    assert_eq!(shared.tensor("batch_normalization.output").unwrap().shape().dims(), [30, 16]);

    // Enough for all, and layers that see each image alone: as before.
    with_batch(&mut shared, 32);
    assert!(train(&mut shared, 1).1.is_empty());
    sent.borrow_mut().clear();
    let mut plain = session(PLAIN, Some(InThread::new(3)));
    with_batch(&mut plain, 4);
    assert!(train(&mut plain, 1).1.is_empty());
}
