//! The training session: a model, its weights on a backend, a data set, and the position in training.
//!
//! A [`Session`] is a state machine with no clock and no I/O. Its driver calls [`Session::advance`] again and again; each
//! call runs kernels until its time is up or there is something to report, so that even a huge batch never blocks the
//! caller. It consists of parts that own their fields:
//!
//! * [`model`]: the checked model with its configuration; [`graphs`] and `record_graphs` are its graphs.
//! * `executor`: the backend, its [`plans`], and the runs that are under way.
//! * `feeder`: the data set and the batches.
//! * `training_loop`: steps, epochs and the end of a run; `early_stopping` its rules.
//! * `evaluation`, `prediction`, `inspection`, `step_record`: the other computations.
//! * `worker_pool`: data-parallel computation by [`replicas`].
//!
//! `advance`, `sharing`, `setup`, `tensors`, `saved`, `layer_stats`, `timing`, `precompile` and `diagnosis` hold the
//! session's methods by subject.
//! [`fit`] is a session for programs that wait for each answer; [`progress`] has the reports.

mod advance;
mod diagnosis;
mod early_stopping;
mod evaluation;
mod executor;
mod feeder;
pub mod fit;
mod follow;
#[cfg(feature = "gpu")]
pub mod gpu;
mod gradient_check;
pub mod graphs;
mod inspection;
mod layer_stats;
pub mod model;
pub mod plans;
mod precompile;
mod prediction;
pub mod progress;
mod record_graphs;
pub mod replicas;
mod saved;
mod setup;
mod shard_task;
mod shares;
mod sharing;
mod step_record;
mod tensors;
mod timing;
mod training_loop;
mod words;
mod worker_pool;

use std::collections::VecDeque;

pub use crate::backend::Wake;
use crate::backend::{Backend, cpu::CpuBackend};
use crate::data::{Dataset, DatasetInfo, Part};
use crate::error::{Error, Result, SettingError, SettingRule};
use crate::model::catalogue::ResolvedLayer;
use crate::model::spec::{LossSpec, ModelSpec, TrainingConfig};
use crate::plan::Work;
use crate::protocol::{ModelSummary, Split};
use evaluation::{EvaluationQueue, EvaluationRun, Purpose};
use executor::{Executor, RunKind};
use feeder::BatchFeeder;
use inspection::Inspection;
use model::LoadedModel;
use plans::PlanKey;
pub use prediction::Pixels;
use prediction::Prediction;
pub use progress::{Goal, Predictions, Progress, StepReport};
pub use setup::check_against;
use training_loop::TrainingLoop;
use worker_pool::WorkerPool;

/// See the [module](self).
pub struct Session {
    model: LoadedModel,
    executor: Executor,
    feeder: BatchFeeder,
    training: TrainingLoop,
    evaluations: EvaluationQueue,
    prediction: Option<Prediction>,
    inspection: Inspection,
    /// The way of an input whose numbers are being explained.
    followed_input: Option<follow::Followed>,
    check: Option<gradient_check::Check>,
    weights: Provenance,
    /// The reason why the model cannot be trained on the data set, if it cannot.
    mismatch: Option<Error>,
    pool: Option<WorkerPool>,
    wake: Option<Wake>,
    /// Reports that have not been returned yet.
    events: VecDeque<Result<Progress>>,
    is_midway: bool,
}

/// The origin of the weights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Provenance {
    /// Drawn from the seed, and never trained or written.
    Seeded,
    Trained,
    /// Pretrained weights, shown until training starts from the seed's.
    ShowingPretrained,
}

impl Session {
    /// Creates a session with the reference CNN and the default configuration on the CPU; MNIST is still to arrive.
    ///
    /// # Errors
    /// Errors of planning; none is known.
    pub fn new() -> Result<Self> {
        Self::with(Box::new(CpuBackend::new()), Dataset::new(DatasetInfo::mnist()), ModelSpec::reference_cnn())
    }

    /// Creates a session on a backend, a data set and a model. The configuration is the default one, with all of the data.
    ///
    /// # Errors
    /// Errors of [`Session::set_model`].
    pub fn with(backend: Box<dyn Backend>, dataset: Dataset, model: ModelSpec) -> Result<Self> {
        let train_total = dataset.info().train_total as u32;
        let default = TrainingConfig::default();
        let config = TrainingConfig {
            dataset: dataset.info().name.clone(),
            train_samples: train_total,
            batch_size: default.batch_size.min(train_total),
            loss: LossSpec::for_target(&dataset.schema().target),
            text: dataset.info().text,
            ..default
        };
        let model = LoadedModel::new(&model, &config, dataset.schema())?;
        model.check()?;
        let mut session = Self {
            model,
            executor: Executor::new(backend),
            feeder: BatchFeeder::new(dataset, &config),
            training: TrainingLoop::default(),
            evaluations: EvaluationQueue::default(),
            prediction: None,
            inspection: Inspection::default(),
            followed_input: None,
            check: None,
            weights: Provenance::Seeded,
            mismatch: None,
            pool: None,
            wake: None,
            events: VecDeque::new(),
            is_midway: false,
        };
        session.reset();
        Ok(session)
    }

    pub fn model(&self) -> &ModelSpec {
        self.model.spec()
    }

    /// Returns the layers of the model, checked.
    pub fn layers(&self) -> &[ResolvedLayer] {
        self.model.layers()
    }

    pub fn summary(&self) -> ModelSummary {
        self.model.summary()
    }

    pub fn training(&self) -> &TrainingConfig {
        self.model.config()
    }

    pub fn dataset(&self) -> &Dataset {
        &self.feeder.dataset
    }

    /// Returns the data set, for shards to be added as they arrive.
    pub fn dataset_mut(&mut self) -> &mut Dataset {
        &mut self.feeder.dataset
    }

    /// Starts training from the present position. A run that is under way goes on when this one has reached its goal.
    ///
    /// # Errors
    /// `bad-setting` if the goal is to do nothing; `wrong-input`, `wrong-output` if the model does not fit the data set.
    pub fn start(&mut self, goal: Goal) -> Result<()> {
        for (name, value) in [("epochs", goal.epochs), ("steps", goal.steps)] {
            if value == Some(0) {
                let (setting, value) = (name.to_owned(), "0".to_owned());
                return Err(
                    SettingError::BadSetting { setting, value, rule: SettingRule::WholeNumberFrom { min: 1 } }.into()
                );
            }
        }
        self.check_match()?;
        self.leave_pretrained();
        self.training.start(goal, self.model.config().epochs);
        let warnings = [
            self.training.rate_warning(&self.model, &self.feeder),
            self.pool.as_ref().and_then(|pool| pool.shard_warning(&self.model)),
        ];
        self.events.extend(warnings.into_iter().flatten().map(|warning| Ok(Progress::Warning(warning))));
        Ok(())
    }

    /// Requests an evaluation; [`Session::advance`] computes it and reports [`Progress::Evaluated`]. Training waits for it.
    ///
    /// # Errors
    /// `bad-setting` if there are no such examples: none asked for, more than there are, or no validation split;
    /// `wrong-input`, `wrong-output` if the model does not fit the data set.
    pub fn start_evaluation(&mut self, split: Split, samples: Option<u32>) -> Result<()> {
        self.check_match()?;
        let (part, mut images) = match split {
            Split::Train => (Part::Train, 0..self.feeder.trained()),
            Split::Validation => (Part::Train, self.feeder.validation(self.model.config())),
            Split::Test => (Part::Test, 0..self.dataset().info().test_total),
        };
        if images.is_empty() {
            return Err(SettingError::EmptySplit.into());
        }
        if let Some(samples) = samples {
            if samples == 0 || samples as usize > images.len() {
                let rule = SettingRule::WholeNumber { min: 1, max: images.len() as i64 };
                return Err(SettingError::BadSetting {
                    setting: "samples".to_owned(),
                    value: samples.to_string(),
                    rule,
                }
                .into());
            }
            images.end = images.start + samples as usize;
        }
        self.evaluations.push(EvaluationRun::new(Purpose::Requested, part, images, &self.model));
        Ok(())
    }

    /// # Errors
    /// The mismatch of model and data set, if there is one.
    fn check_match(&self) -> Result<()> {
        self.mismatch.clone().map_or(Ok(()), Err)
    }

    /// Stops training. A step that had begun stays as it is, and is completed when the session goes on.
    pub fn stop(&mut self) {
        self.training.stop();
        self.events.clear();
        if self.evaluations.is_validating() {
            if self.executor.is_front(RunKind::Evaluation) {
                self.cancel();
            }
            self.evaluations.drop_first();
        }
    }

    /// Ends the run, and goes back to the one within which it has run.
    pub fn leave_inner_run(&mut self) {
        self.training.finish();
    }

    pub fn is_running(&self) -> bool {
        self.training.is_running()
    }

    /// Returns true if nothing can be done before a replica or the device has answered.
    pub fn is_waiting(&self) -> bool {
        self.is_asynchronous() || self.is_pool_waiting()
    }

    /// Sets the function to call when something has arrived that [`Session::advance`] and the others wait for.
    pub fn set_wake(&mut self, wake: Wake) {
        if let Some(pool) = &mut self.pool {
            pool.set_wake(wake.clone());
        }
        self.wake = Some(wake.clone());
        self.executor.backend.set_wake(wake);
    }

    /// Returns true if the backend works by itself: unfinished work cannot be waited for, only asked for again when
    /// [woken](Session::set_wake).
    pub fn is_asynchronous(&self) -> bool {
        self.executor.backend.is_asynchronous()
    }

    /// Returns the time that the backend will be at work by itself, in milliseconds, as far as it knows.
    pub fn busy_ms(&self) -> f64 {
        self.executor.backend.busy_ms()
    }

    /// Returns true if the last call of [`Session::advance`] or [`Session::finish_begun`] ended in the middle of a step or of
    /// a batch of an evaluation.
    pub fn is_midway(&self) -> bool {
        self.is_midway
    }

    /// Returns true if nothing has begun that is not done.
    pub fn is_settled(&self) -> bool {
        self.executor.in_flight.is_empty() && self.training.bad_loss.is_none()
    }

    /// Returns the number of plans that have been compiled since the session began.
    pub fn plans_made(&self) -> u64 {
        self.executor.plans_made()
    }

    /// Counts the floating-point operations of a training step on one image, without the update.
    ///
    /// # Errors
    /// Errors of planning.
    pub fn flops_per_image(&self) -> Result<u64> {
        let plan = self.model.compile(PlanKey::Gradient(1))?;
        let flops = plan.kernels.iter().map(|kernel| match &kernel.work {
            Work::Op { op, inputs, .. } => {
                let inputs: Vec<_> = inputs.iter().map(|(_, tensor_type)| tensor_type).collect();
                op.flops(&inputs, &kernel.output_type)
            }
            _ => kernel.output_type.shape.len() as u64,
        });
        Ok(flops.sum())
    }
}
