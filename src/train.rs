//! The training session: a model, its weights on a backend, a data set, and how far training has come.
//!
//! A state machine with no clock and no I/O. Whoever drives it calls [`Session::advance`] again and again; each call runs
//! kernels until its time is up or there is something to report, so that even a huge batch never blocks the caller.
//!
//! * [`fit`]: a session for programs that wait for each answer.
//! * [`graphs`]: training step, evaluation and prediction as graphs.
//! * [`plans`]: their plans, kept for the next time.
//! * [`progress`]: what is reported, and where the model stands.
//! * `tensors`: reading and writing tensors, snapshots.

mod evaluation;
pub mod fit;
pub mod graphs;
pub mod plans;
pub mod progress;
mod tensors;

use std::collections::VecDeque;

use crate::backend::{Backend, PlanHandle, RunStatus, cpu::CpuBackend};
use crate::data::{Dataset, DatasetInfo, Part, Sampler, scale_pixels};
use crate::error::{Error, Result};
use crate::ir::op::as_i32_mut;
use crate::model::catalogue::{self, ResolvedLayer};
use crate::model::optimizer::{self, BIAS_CORRECTION, LEARNING_RATE};
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::model::{initializers, schedule, training};
use crate::protocol::{EpochReport, LayerSummary, ModelSummary, Split};
use crate::tensor::HostTensor;
use evaluation::{EvaluationRun, Purpose};
use plans::{Loaded, PlanKey, Plans};
pub use progress::{Goal, Progress, StepReport};
use progress::{Position, Totals};

/// Pixels to predict for, `[k, input shape]`.
pub enum Pixels {
    /// 0 to 255, scaled by 1/255.
    U8(Vec<u8>),
    /// As they are.
    F32(Vec<f32>),
}

/// See the [module](self).
pub struct Session {
    backend: Box<dyn Backend>,
    dataset: Dataset,
    spec: ModelSpec,
    layers: Vec<ResolvedLayer>,
    config: TrainingConfig,
    sampler: Sampler,
    plans: Plans,
    position: Position,
    totals: Totals,
    run: Option<Run>,
    /// The first of them is on its way.
    evaluations: VecDeque<EvaluationRun>,
    in_flight: Option<InFlight>,
    /// What is still to be reported.
    pending: VecDeque<Result<Progress>>,
    /// The weights are those that the seed gave: nobody has trained or written them.
    untouched: bool,
    /// The plan that holds the outputs of the last batch or the last prediction.
    outputs: Option<PlanHandle>,
    /// The plan that holds the gradients of the last step.
    gradients: Option<PlanHandle>,
    indices: Vec<u32>,
    labels: Vec<i32>,
}

/// A training run, from [`Session::start`] to its goal.
#[derive(Clone, Copy)]
struct Run {
    epochs_left: Option<u32>,
    steps_left: Option<u32>,
}

impl Run {
    fn is_done(&self) -> bool {
        self.epochs_left == Some(0) || self.steps_left == Some(0)
    }
}

/// A plan that has been started and not come to its end.
struct InFlight {
    loaded: Loaded,
    images: usize,
    evaluation: bool,
}

impl Session {
    /// The reference CNN with the default configuration on the CPU; MNIST is still to arrive.
    ///
    /// # Errors
    /// Those of planning; none is known.
    pub fn new() -> Result<Self> {
        Self::with(Box::new(CpuBackend::new()), Dataset::new(DatasetInfo::mnist()), ModelSpec::reference_cnn())
    }

    /// A session on another backend, data set or model. The configuration is the default one, with all of the data.
    ///
    /// # Errors
    /// Those of [`Session::set_model`].
    pub fn with(backend: Box<dyn Backend>, dataset: Dataset, model: ModelSpec) -> Result<Self> {
        let train_total = dataset.info().train_total as u32;
        let default = TrainingConfig::default();
        let config = TrainingConfig {
            dataset: dataset.info().name.clone(),
            train_samples: train_total,
            batch_size: default.batch_size.min(train_total),
            ..default
        };
        let mut session = Self {
            backend,
            sampler: sampler(&config),
            dataset,
            spec: model.clone(),
            layers: Vec::new(),
            config,
            plans: Plans::default(),
            position: Position::default(),
            totals: Totals::default(),
            run: None,
            evaluations: VecDeque::new(),
            in_flight: None,
            pending: VecDeque::new(),
            untouched: true,
            outputs: None,
            gradients: None,
            indices: Vec::new(),
            labels: Vec::new(),
        };
        session.set_model(&model)?;
        Ok(session)
    }

    /// Replaces the model. Training stops; the new weights come from the seed.
    ///
    /// # Errors
    /// If the model is invalid, does not fit the data, or is too large. The old model then goes on as if nothing had
    /// happened.
    pub fn set_model(&mut self, spec: &ModelSpec) -> Result<ModelSummary> {
        let layers = self.check_model(spec)?;
        self.layers = layers;
        self.spec = spec.clone();
        self.reset();
        Ok(self.summary())
    }

    pub fn model(&self) -> &ModelSpec {
        &self.spec
    }

    /// The layers of the model, checked.
    pub fn layers(&self) -> &[ResolvedLayer] {
        &self.layers
    }

    pub fn summary(&self) -> ModelSummary {
        let layers: Vec<LayerSummary> = self
            .layers
            .iter()
            .map(|layer| LayerSummary {
                name: layer.name.clone(),
                type_name: layer.layer_type.type_name().to_owned(),
                output_shape: layer.output_shape.clone(),
                params: layer.params(),
            })
            .collect();
        ModelSummary { params: layers.iter().map(|layer| layer.params).sum(), layers }
    }

    /// Replaces the training configuration, also during training. Weights stay, unless the seed changes before anybody
    /// has trained or written them: they are then those of the new seed. The optimizer's state stays unless its
    /// type changes. If the order of the images changes (batch size, seed, shuffle, number of images), the running epoch
    /// begins again.
    ///
    /// # Errors
    /// If a value is out of range or does not fit the data. The old configuration then stays.
    pub fn set_training(&mut self, config: TrainingConfig) -> Result<()> {
        training::check(&config)?;
        let info = self.dataset.info();
        if config.dataset != info.name {
            return Err(Error::new("unknown-dataset", config.dataset.clone()).expected(format!("\"{}\"", info.name)));
        }
        if config.train_samples as usize > info.train_total {
            return Err(Error::new("bad-setting", "trainSamples")
                .expected(format!("at most the {} training images of {}", info.train_total, info.name))
                .got(config.train_samples.to_string()));
        }
        let same_graph = config.loss == self.config.loss
            && config.optimizer.clone().with_learning_rate(0.0)
                == self.config.optimizer.clone().with_learning_rate(0.0)
            && config.clip_norm == self.config.clip_norm
            && config.clip_value == self.config.clip_value;
        let same_plans = same_graph && config.batch_size == self.config.batch_size;
        if !same_plans {
            plans::compile(
                PlanKey::Training(config.batch_size as usize),
                &self.layers,
                &self.spec.input_shape,
                &config,
            )?;
        }
        self.settle();
        let order = |config: &TrainingConfig| {
            (config.batch_size, config.seed, config.shuffle, config.train_samples, config.validation_split.to_bits())
        };
        let old = std::mem::replace(&mut self.config, config);
        if order(&old) != order(&self.config) {
            self.sampler = sampler(&self.config);
            self.position.batch = 0;
            self.totals = Totals::default();
        }
        if !same_plans {
            self.unload_plans();
            self.restart_evaluations();
        }
        if !optimizer::keeps_state(&old.optimizer, &self.config.optimizer) {
            self.write_slots();
        }
        if old.seed != self.config.seed && self.untouched {
            self.write_weights();
        }
        Ok(())
    }

    pub fn training(&self) -> &TrainingConfig {
        &self.config
    }

    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Shards are added to it as they arrive.
    pub fn dataset_mut(&mut self) -> &mut Dataset {
        &mut self.dataset
    }

    /// New weights from the seed; optimizer state and counters cleared; training stops.
    pub fn reset(&mut self) {
        self.stop();
        self.cancel();
        self.unload_plans();
        self.backend.clear();
        self.write_weights();
        self.write_slots();
        self.restart_evaluations();
        self.position = Position::default();
        self.totals = Totals::default();
    }

    /// Writes the weights that the seed gives.
    fn write_weights(&mut self) {
        let weights = initializers::initial_weights(&self.layers, self.config.seed);
        let specs = self.layers.iter().flat_map(|layer| layer.weights.iter().map(move |weight| (layer, weight)));
        for ((layer, weight), values) in specs.zip(weights) {
            if let Some(values) = HostTensor::f32(weight.shape.clone(), values) {
                self.backend.write_state(&format!("{}.{}", layer.name, weight.name), &values);
            }
        }
        self.untouched = true;
    }

    /// Starts training from where the model stands.
    ///
    /// # Errors
    /// `bad-setting` if the goal is to do nothing.
    pub fn start(&mut self, goal: Goal) -> Result<()> {
        for (name, value) in [("epochs", goal.epochs), ("steps", goal.steps)] {
            if value == Some(0) {
                return Err(Error::new("bad-setting", name).expected("a whole number of at least 1").got("0"));
            }
        }
        let configured = goal.steps.is_none().then_some(self.config.epochs);
        self.run = Some(Run { epochs_left: goal.epochs.or(configured), steps_left: goal.steps });
        Ok(())
    }

    /// Asks for an evaluation; [`Session::advance`] does it and reports [`Progress::Evaluated`]. Training waits for it.
    ///
    /// # Errors
    /// `bad-setting` if there are no such images: none asked for, more than there are, or no validation split.
    pub fn start_evaluation(&mut self, split: Split, samples: Option<u32>) -> Result<()> {
        let trained = self.sampler.images();
        let (part, mut images) = match split {
            Split::Train => (Part::Train, 0..trained),
            Split::Validation => (Part::Train, trained..self.config.train_samples as usize),
            Split::Test => (Part::Test, 0..self.dataset.info().test_total),
        };
        if images.is_empty() {
            return Err(Error::new("bad-setting", "split")
                .expected("a split that holds images")
                .got("an empty one")
                .hint("Set validationSplit above 0 to hold back images for validation."));
        }
        if let Some(samples) = samples {
            if samples == 0 || samples as usize > images.len() {
                return Err(Error::new("bad-setting", "samples")
                    .expected(format!("a whole number from 1 to {}", images.len()))
                    .got(samples.to_string()));
            }
            images.end = images.start + samples as usize;
        }
        let classes = self.classes();
        self.evaluations.push_back(EvaluationRun::new(Purpose::Requested, part, images, classes));
        Ok(())
    }

    /// Stops training. A step that had begun stays as it is, and is completed when the session goes on.
    pub fn stop(&mut self) {
        self.run = None;
        self.pending.clear();
        if self.is_validating() {
            if self.in_flight.as_ref().is_some_and(|run| run.evaluation) {
                self.cancel();
            }
            self.evaluations.pop_front();
        }
    }

    pub fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// Goes on with whatever there is to do. Between any two kernels it asks `has_time`.
    ///
    /// # Errors
    /// `not-a-number` if the loss or a gradient of a step is none, naming the first layer where that shows. The weights
    /// are those before that step; training stops.
    pub fn advance(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<Progress> {
        loop {
            if let Some(report) = self.pending.pop_front() {
                return report;
            }
            if let Some(run) = &self.in_flight {
                match self.backend.run(run.loaded.handle, has_time) {
                    Ok(RunStatus::Unfinished) => return Ok(Progress::OutOfTime),
                    Ok(RunStatus::Done) => self.complete(),
                    Err(error) => self.fail(run.evaluation, error),
                }
                continue;
            }
            if self.run.is_some_and(|run| run.is_done()) && !self.is_validating() {
                self.run = None;
                return Ok(Progress::Finished);
            }
            let evaluation = self.is_evaluation_ready();
            match if evaluation { self.begin_evaluation_batch() } else { self.begin_step() } {
                Ok(true) => {}
                Ok(false) if self.run.is_none() && self.evaluations.is_empty() => return Ok(Progress::Idle),
                Ok(false) => return Ok(Progress::WaitingForData),
                Err(error) => self.fail(evaluation, error),
            }
        }
    }

    /// Class probabilities, `[k, classes]`, and the number of classes. The outputs of all layers can be read afterwards;
    /// where k is so large that it is done in parts, those of the last part.
    ///
    /// # Errors
    /// `wrong-length` if the pixels are not a whole number of inputs, at least one.
    pub fn predict(&mut self, pixels: Pixels) -> Result<(Vec<f32>, usize)> {
        let input_len: usize = self.spec.input_shape.iter().product();
        let len = match &pixels {
            Pixels::U8(pixels) => pixels.len(),
            Pixels::F32(pixels) => pixels.len(),
        };
        if len == 0 || len % input_len != 0 {
            return Err(Error::new("wrong-length", "pixels")
                .expected(format!("a multiple of the input size {input_len}"))
                .got(len.to_string()));
        }
        let (count, classes, part) = (len / input_len, self.classes(), self.largest_prediction());
        let output = match self.layers.last() {
            Some(last) => format!("{}.output", last.name),
            None => String::new(),
        };
        let mut probabilities = Vec::with_capacity(count * classes);
        let mut done = 0;
        while done < count {
            let images = part.min(count - done);
            let loaded = self.plan(PlanKey::Prediction(images))?;
            let range = done * input_len..(done + images) * input_len;
            self.backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| match &pixels {
                Pixels::U8(pixels) => scale_pixels(&pixels[range.clone()], words),
                Pixels::F32(pixels) => words.copy_from_slice(&pixels[range.clone()]),
            })?;
            while self.backend.run(loaded.handle, &mut || true)? == RunStatus::Unfinished {}
            probabilities.extend_from_slice(self.backend.read(loaded.handle, &output)?.words());
            self.outputs = Some(loaded.handle);
            done += images;
        }
        Ok((probabilities, classes))
    }

    /// How many plans have been made since the session began.
    pub fn plans_made(&self) -> u64 {
        self.plans.made()
    }

    /// The number of outputs of the model.
    fn classes(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.output_shape.iter().product())
    }

    /// How many images are predicted at once, so that the outputs of all layers take 32 MiB at most.
    fn largest_prediction(&self) -> usize {
        let outputs = self.layers.iter().map(|layer| layer.output_shape.iter().product::<usize>() as u64);
        ((1 << 23) / outputs.sum::<u64>().max(1)).clamp(1, 256) as usize
    }

    fn check_model(&self, spec: &ModelSpec) -> Result<Vec<ResolvedLayer>> {
        let layers = catalogue::resolve(spec)?;
        let info = self.dataset.info();
        // The catalogue has bounded the product.
        if spec.input_shape.iter().product::<usize>() != info.image_len() {
            return Err(Error::new("wrong-input", "inputShape")
                .expected(format!("{} numbers, as the images of {}", info.image_len(), info.name))
                .got(catalogue::shape_text(&spec.input_shape)));
        }
        catalogue::check_classifier(&layers, info.classes)?;
        let slots = optimizer::slots(&self.config.optimizer).len() as u64;
        let bytes = layers.iter().map(|layer| layer.params() as u64).sum::<u64>().saturating_mul(4 * (2 + slots));
        if bytes > plans::MAX_PLAN_BYTES as u64 {
            return Err(Error::new("too-large", "memory for weights and optimizer")
                .expected(format!("at most {} MiB", plans::MAX_PLAN_BYTES >> 20))
                .got(format!("{} MiB", bytes >> 20))
                .hint("Use smaller layers."));
        }
        plans::compile(PlanKey::Training(self.config.batch_size as usize), &layers, &spec.input_shape, &self.config)?;
        Ok(layers)
    }

    fn plan(&mut self, key: PlanKey) -> Result<Loaded> {
        self.plans.get(self.backend.as_mut(), key, &self.layers, &self.spec.input_shape, &self.config)
    }

    fn unload_plans(&mut self) {
        self.plans.unload(self.backend.as_mut());
        (self.outputs, self.gradients) = (None, None);
    }

    /// Gives the optimizer a fresh state.
    fn write_slots(&mut self) {
        for slot in optimizer::slots(&self.config.optimizer) {
            for (name, shape) in self.parameters() {
                let count = shape.iter().product();
                if let Some(values) = HostTensor::f32(shape, vec![slot.initial; count]) {
                    self.backend.write_state(&optimizer::slot_state(&slot, &name), &values);
                }
            }
        }
    }

    fn batches_per_epoch(&self) -> u32 {
        self.sampler.images().div_ceil(self.config.batch_size.max(1) as usize) as u32
    }

    /// Gives up a run that has not come to its end.
    fn cancel(&mut self) {
        if let Some(run) = self.in_flight.take() {
            self.backend.cancel(run.loaded.handle);
        }
    }

    /// Completes what has begun, so that all weights are of one step. Its report comes with the next `advance`.
    fn settle(&mut self) {
        while let Some(run) = &self.in_flight {
            match self.backend.run(run.loaded.handle, &mut || true) {
                Ok(RunStatus::Unfinished) => {}
                Ok(RunStatus::Done) => self.complete(),
                Err(error) => self.fail(run.evaluation, error),
            }
        }
    }

    /// Whether the end of an epoch is being validated; training waits for that.
    fn is_validating(&self) -> bool {
        self.evaluations.front().is_some_and(|first| matches!(first.purpose, Purpose::Validation(_)))
    }

    /// Begins the evaluations again that are not done, for a model that has changed.
    fn restart_evaluations(&mut self) {
        if self.in_flight.as_ref().is_some_and(|run| run.evaluation) {
            self.cancel();
        }
        let classes = self.classes();
        self.evaluations.iter_mut().for_each(|evaluation| evaluation.restart(classes));
    }

    /// Gives up what was going on, an evaluation or training, and queues the error.
    fn fail(&mut self, evaluation: bool, error: Error) {
        self.cancel();
        if evaluation {
            self.evaluations.pop_front();
        } else {
            self.run = None;
        }
        self.pending.push_back(Err(error));
    }

    /// Whether there is an evaluation to go on with, and its images have arrived.
    fn is_evaluation_ready(&self) -> bool {
        self.evaluations.front().is_some_and(|first| self.dataset.images(first.part) >= first.needed())
    }

    /// Begins the next step; false if there is none to take, or its images have not arrived.
    fn begin_step(&mut self) -> Result<bool> {
        let (Position { epoch, batch, step }, size) = (self.position, self.config.batch_size as usize);
        if self.is_validating() || self.run.is_none_or(|run| run.is_done()) {
            return Ok(false);
        }
        if self.dataset.train_images() < self.sampler.needed(epoch, batch as usize, size) {
            return Ok(false);
        }
        self.indices.clear();
        self.indices.extend_from_slice(self.sampler.batch(epoch, batch as usize, size));
        let images = self.indices.len();
        let loaded = self.plan(PlanKey::Training(images))?;
        self.write_batch(&loaded, Part::Train, 1.0 / images as f32)?;
        let factor =
            schedule::factor(&self.config.learning_rate_schedule, step, self.batches_per_epoch(), self.config.epochs);
        let rate = (self.config.optimizer.learning_rate() * factor) as f32;
        let correction = optimizer::bias_correction(&self.config.optimizer, step);
        self.write_scalar(&loaded, LEARNING_RATE, rate)?;
        self.write_scalar(&loaded, BIAS_CORRECTION, correction)?;
        if loaded.has_input(graphs::KEY) {
            let key = [self.config.seed as i32, step as i32];
            self.backend
                .write_input(loaded.handle, graphs::KEY, &mut |words| as_i32_mut(words).copy_from_slice(&key))?;
        }
        self.in_flight = Some(InFlight { loaded, images, evaluation: false });
        Ok(true)
    }

    fn begin_evaluation_batch(&mut self) -> Result<bool> {
        let Some(first) = self.evaluations.front() else { return Ok(false) };
        let (part, range) = (first.part, first.next_batch());
        self.indices.clear();
        self.indices.extend(range.start as u32..range.end as u32);
        let images = self.indices.len();
        let loaded = self.plan(PlanKey::Evaluation(images))?;
        self.write_batch(&loaded, part, 1.0)?;
        self.in_flight = Some(InFlight { loaded, images, evaluation: true });
        Ok(true)
    }

    /// Writes the images of `indices`, their labels and weights.
    fn write_batch(&mut self, loaded: &Loaded, part: Part, sample_weight: f32) -> Result<()> {
        let Self { backend, dataset, indices, labels, .. } = self;
        labels.resize(indices.len(), 0);
        let mut result = Ok(());
        backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| {
            result = dataset.copy_batch(part, indices, words, labels);
        })?;
        result?;
        backend.write_input(loaded.handle, graphs::LABELS, &mut |words| as_i32_mut(words).copy_from_slice(labels))?;
        backend.write_input(loaded.handle, graphs::SAMPLE_WEIGHT, &mut |words| words.fill(sample_weight))
    }

    fn write_scalar(&mut self, loaded: &Loaded, name: &str, value: f32) -> Result<()> {
        if !loaded.has_input(name) {
            return Ok(());
        }
        self.backend.write_input(loaded.handle, name, &mut |words| words.fill(value))
    }

    fn read_scalar(&self, loaded: &Loaded, name: &str) -> Result<f32> {
        let value = self.backend.read(loaded.handle, name)?;
        Ok(value.words().first().copied().unwrap_or(f32::NAN))
    }

    /// Takes the results of the run that has come to its end, and queues what is to be reported.
    fn complete(&mut self) {
        let Some(run) = self.in_flight.take() else { return };
        let result = if run.evaluation { self.complete_evaluation_batch(&run) } else { self.complete_step(&run) };
        if let Err(error) = result {
            self.fail(run.evaluation, error);
        }
    }

    fn complete_step(&mut self, run: &InFlight) -> Result<()> {
        (self.outputs, self.gradients) = (Some(run.loaded.handle), Some(run.loaded.handle));
        let loss = self.read_scalar(&run.loaded, graphs::LOSS)?;
        let correct = self.read_scalar(&run.loaded, graphs::CORRECT)?;
        if self.read_scalar(&run.loaded, graphs::HEALTHY)? != 1.0 {
            return Err(self.not_a_number(loss));
        }
        self.untouched = false;
        self.totals.add(loss, correct, run.images);
        self.position.step += 1;
        self.position.batch += 1;
        let [epoch_loss, epoch_accuracy] = self.totals.means();
        let batches_per_epoch = self.batches_per_epoch();
        self.pending.push_back(Ok(Progress::Step(StepReport {
            step: self.position.step,
            epoch: self.position.epoch,
            batch_in_epoch: self.position.batch,
            batches_per_epoch,
            images: run.images as u32,
            loss,
            epoch_loss,
            epoch_accuracy,
        })));
        if let Some(steps) = self.run.as_mut().and_then(|run| run.steps_left.as_mut()) {
            *steps = steps.saturating_sub(1);
        }
        if self.position.batch >= batches_per_epoch {
            self.complete_epoch();
        }
        Ok(())
    }

    fn complete_epoch(&mut self) {
        let [loss, accuracy] = self.totals.means();
        let report =
            EpochReport { epoch: self.position.epoch, step: self.position.step, loss, accuracy, ..Default::default() };
        self.position.epoch += 1;
        self.position.batch = 0;
        self.totals = Totals::default();
        if let Some(epochs) = self.run.as_mut().and_then(|run| run.epochs_left.as_mut()) {
            *epochs = epochs.saturating_sub(1);
        }
        let validation = self.sampler.images()..self.config.train_samples as usize;
        if validation.is_empty() {
            self.pending.push_back(Ok(Progress::Epoch(report)));
        } else {
            let purpose = Purpose::Validation(report);
            self.evaluations.push_front(EvaluationRun::new(purpose, Part::Train, validation, self.classes()));
        }
    }

    fn complete_evaluation_batch(&mut self, run: &InFlight) -> Result<()> {
        let loss = self.read_scalar(&run.loaded, graphs::LOSS)?;
        let has_penalty = run.loaded.has_value(graphs::PENALTY);
        let penalty = if has_penalty { self.read_scalar(&run.loaded, graphs::PENALTY)? } else { 0.0 };
        let predicted = self.backend.read(run.loaded.handle, graphs::PREDICTED)?;
        let Some(first) = self.evaluations.front_mut() else { return Ok(()) };
        first.add(loss, penalty, &self.labels[..run.images], predicted.i32s());
        if !first.is_done() {
            return Ok(());
        }
        let Some(done) = self.evaluations.pop_front() else { return Ok(()) };
        let (purpose, evaluation, confusion) = done.result();
        self.pending.push_back(Ok(match purpose {
            Purpose::Requested => Progress::Evaluated(evaluation, confusion),
            Purpose::Validation(report) => Progress::Epoch(EpochReport {
                val_loss: Some(evaluation.loss),
                val_accuracy: Some(evaluation.accuracy),
                ..report
            }),
        }));
        Ok(())
    }

    /// The error for a step whose loss or gradient is no number: finds the first layer, in forward order, whose weights
    /// or output hold such a value, else the last whose gradient does.
    fn not_a_number(&self, loss: f32) -> Error {
        let bad = |values: Result<HostTensor>| values.is_ok_and(|values| values.words().iter().any(|x| !x.is_finite()));
        let tensors = |layer: &ResolvedLayer, prefix: &str| -> Vec<String> {
            layer.weights.iter().map(|weight| format!("{prefix}{}.{}", layer.name, weight.name)).collect()
        };
        let forward = self.layers.iter().position(|layer| {
            let weights = tensors(layer, "").into_iter().any(|name| bad(self.tensor(&name)));
            weights || bad(self.tensor(&format!("{}.output", layer.name)))
        });
        let backward = || {
            let gradient =
                |layer: &ResolvedLayer| tensors(layer, "grad ").into_iter().any(|name| bad(self.tensor(&name)));
            self.layers.iter().rposition(gradient)
        };
        let (index, what) = match forward {
            Some(index) => (index, "output"),
            None if loss.is_finite() => (backward().unwrap_or(0), "gradient"),
            None => (self.layers.len().saturating_sub(1), "loss"),
        };
        let name = self.layers.get(index).map_or("", |layer| layer.name.as_str());
        Error::new("not-a-number", what)
            .expected("finite numbers")
            .got("infinity or NaN")
            .hint("Training has stopped; the weights are those before this step. Try a smaller learning rate.")
            .at_layer(index, name)
    }
}

fn sampler(config: &TrainingConfig) -> Sampler {
    let images = training::trained_samples(config, config.train_samples as usize);
    Sampler::new(u64::from(config.seed), config.shuffle, images)
}
