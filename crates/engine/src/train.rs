//! The training session: a model, its weights on a backend, a data set, and how far training has come.
//!
//! A state machine with no clock and no I/O. Whoever drives it calls [`Session::advance`] again and again; each call runs
//! kernels until its time is up or there is something to report, so that even a huge batch never blocks the caller.
//!
//! * [`fit`]: a session for programs that wait for each answer.
//! * [`graphs`]: training step, evaluation and prediction as graphs.
//! * [`plans`]: their plans, kept for the next time.
//! * [`replicas`]: data-parallel training; `parallel` is the session's side of it.
//! * [`progress`]: what is reported, and where the model stands.
//! * `setup`, `batches`, `predict`, `tensors`, `output_gradients`, `look`, `vitals`, `saved`, `timing`, `ahead`: what a session can
//!   do, by kind.

mod ahead;
mod batches;
mod evaluation;
pub mod fit;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod graphs;
mod look;
mod output_gradients;
mod parallel;
pub mod plans;
mod predict;
pub mod progress;
pub mod replicas;
mod saved;
mod setup;
mod stops;
mod tensors;
mod timing;
mod vitals;

use std::collections::VecDeque;

pub use crate::backend::Wake;
use crate::backend::{Backend, PlanHandle, RunStatus, cpu::CpuBackend};
use crate::data::{Dataset, DatasetInfo, Part, Sampler};
use crate::error::{Error, Result};
use crate::model::catalogue::ResolvedLayer;
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::model::training;
use crate::protocol::{LayerSummary, ModelSummary, Split};
use ahead::Preparation;
use evaluation::{EvaluationRun, Purpose};
use look::Look;
use output_gradients::OutputGradients;
use parallel::Crew;
use plans::{Loaded, PlanKey, Plans};
pub use predict::Pixels;
use predict::Prediction;
pub use progress::{Goal, Predictions, Progress, StepReport};
use progress::{Position, Totals};
use stops::Stops;

/// See the [module](self).
pub struct Session {
    backend: Box<dyn Backend>,
    dataset: Dataset,
    spec: ModelSpec,
    layers: Vec<ResolvedLayer>,
    config: TrainingConfig,
    sampler: Sampler,
    plans: Plans,
    preparation: Preparation,
    position: Position,
    totals: Totals,
    run: Option<Run>,
    /// The first of them is on its way.
    evaluations: VecDeque<EvaluationRun>,
    /// Runs that have begun, the oldest first; several only where the backend works by itself.
    in_flight: VecDeque<InFlight>,
    /// The loss of a step that went wrong, until it is known where.
    bad_loss: Option<f32>,
    prediction: Option<Prediction>,
    look: Look,
    /// What is still to be reported.
    pending: VecDeque<Result<Progress>>,
    /// The weights are those that the seed gave: nobody has trained or written them.
    untouched: bool,
    /// Weights that were trained elsewhere serve predictions; training starts from those of the seed.
    shows_pretrained: bool,
    /// Others who compute slices of batches.
    crew: Option<Crew>,
    wake: Option<Wake>,
    /// The plan that holds the outputs of the last batch or the last prediction; [`parallel::SHARED`] where each worker
    /// has a slice of them.
    outputs: Option<PlanHandle>,
    /// The plan that holds the gradients of the last step.
    gradients: Option<PlanHandle>,
    /// Where the last step was taken, unless the order of the images has changed since.
    last_batch: Option<Position>,
    output_gradients: Option<OutputGradients>,
    /// Whether the next step is to be timed, and the plan of the one that was.
    times_next: bool,
    timed: Option<Loaded>,
    indices: Vec<u32>,
    labels: Vec<i32>,
}

/// A training run, from [`Session::start`] to its goal.
#[derive(Clone, Copy)]
struct Run {
    epochs_left: Option<u32>,
    steps_left: Option<u32>,
    stops: Stops,
    /// A stop rule has ended it.
    is_stopped: bool,
}

impl Run {
    fn is_done(&self) -> bool {
        self.is_stopped || self.epochs_left == Some(0) || self.steps_left == Some(0)
    }
}

/// A plan that has been started and not come to its end.
struct InFlight {
    loaded: Loaded,
    images: usize,
    evaluation: bool,
    /// It is a slice of a step; [`Crew`] knows of the others.
    is_slice: bool,
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
            preparation: Preparation::default(),
            position: Position::default(),
            totals: Totals::default(),
            run: None,
            evaluations: VecDeque::new(),
            in_flight: VecDeque::new(),
            bad_loss: None,
            prediction: None,
            look: Look::default(),
            pending: VecDeque::new(),
            untouched: true,
            shows_pretrained: false,
            crew: None,
            wake: None,
            outputs: None,
            gradients: None,
            last_batch: None,
            output_gradients: None,
            times_next: false,
            timed: None,
            indices: Vec::new(),
            labels: Vec::new(),
        };
        session.set_model(&model)?;
        Ok(session)
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
        self.leave_pretrained();
        let configured = goal.steps.is_none().then_some(self.config.epochs);
        self.run = Some(Run {
            epochs_left: goal.epochs.or(configured),
            steps_left: goal.steps,
            stops: Stops::default(),
            is_stopped: false,
        });
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
            if self.in_flight.front().is_some_and(|run| run.evaluation) {
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
            self.begin_ahead();
            if let Some(progress) = self.finish_begun(has_time) {
                return progress;
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

    /// Goes on with what has begun, and begins nothing new: what a pause needs. `None` when nothing is on its way and
    /// nothing is left to report. An error is one of [`Session::advance`].
    pub fn finish_begun(&mut self, has_time: &mut dyn FnMut() -> bool) -> Option<Result<Progress>> {
        loop {
            if let Some(report) = self.pending.pop_front() {
                return Some(report);
            }
            match self.go_on(has_time) {
                None => break,
                Some(RunStatus::Unfinished) => return Some(Ok(Progress::OutOfTime)),
                Some(RunStatus::Done) => {}
            }
        }
        if self.run.is_some_and(|run| run.is_done()) && !self.is_validating() {
            self.run = None;
            return Some(Ok(Progress::Finished));
        }
        None
    }

    /// Whom to tell when something has arrived that [`Session::advance`] and the others wait for.
    pub fn set_wake(&mut self, wake: Wake) {
        if let Some(crew) = &mut self.crew {
            crew.set_wake(wake.clone());
        }
        self.wake = Some(wake.clone());
        self.backend.set_wake(wake);
    }

    /// Whether the backend works by itself: what is not done then cannot be waited for, only asked for again when
    /// [woken](Session::set_wake).
    pub fn is_asynchronous(&self) -> bool {
        self.backend.is_asynchronous()
    }

    /// For how long the backend will be at work by itself, in milliseconds, as far as it knows.
    pub fn busy_ms(&self) -> f64 {
        self.backend.busy_ms()
    }

    /// Whether nothing has begun that is not done.
    pub fn is_settled(&self) -> bool {
        self.in_flight.is_empty() && self.bad_loss.is_none()
    }

    /// How many plans have been made since the session began.
    pub fn plans_made(&self) -> u64 {
        self.plans.made()
    }

    /// The number of outputs of the model.
    pub(super) fn classes(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.output_shape.iter().product())
    }

    pub(super) fn plan(&mut self, key: PlanKey) -> Result<Loaded> {
        let (loaded, evicted) =
            self.plans.get(self.backend.as_mut(), key, &self.layers, &self.spec.input_shape, &self.config)?;
        self.outputs = self.outputs.filter(|handle| Some(*handle) != evicted);
        self.output_gradients = self.output_gradients.take().filter(|own| Some(own.handle()) != evicted);
        Ok(loaded)
    }
}

fn sampler(config: &TrainingConfig) -> Sampler {
    let images = training::trained_samples(config, config.train_samples as usize);
    Sampler::new(u64::from(config.seed), config.shuffle, images)
}
