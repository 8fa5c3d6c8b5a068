//! The session's side of data-parallel work: it computes the first slice of each batch itself, and takes what the
//! [replicas](super::replicas) give for the others: sums of gradients for a step, else one slice after the other.

use std::cell::RefCell;
use std::ops::Range;

use super::plans::Loaded;
use super::plans::{self, PlanKey};
use super::progress::Progress;
use super::replicas::{Kind, Layout, NamedTensor, Replica, Replicas, Slice, copy_results, write_header};
use super::{InFlight, Session, Wake, graphs};
use crate::backend::{PlanHandle, RunStatus};
use crate::data::{Dataset, Part};
use crate::error::{Error, Result};
use crate::ir::op::{as_i32, as_i32_mut};
use crate::plan::Work;
use crate::simd::elementwise::{self, Operand};
use crate::tensor::HostTensor;

/// Stands for the plans of all workers, each of which holds a slice of the outputs of the last batch.
pub(super) const SHARED: PlanHandle = PlanHandle(u32::MAX);

/// Others who compute slices of batches, and the step that is shared with them.
pub(super) struct Crew {
    replicas: Box<dyn Replicas>,
    /// Layout of tasks and results; `None` until the replicas know of the model.
    layout: Option<Layout>,
    task: Vec<f32>,
    result: Vec<f32>,
    /// The sum of the gradients of slices, or the results of all slices so far.
    sum: Vec<f32>,
    /// Of the own slice.
    labels: Vec<i32>,
    /// How many slices are in there.
    summed: usize,
    /// A replica has not answered yet, and there is nothing else to do.
    waits: bool,
    current: Step,
    last: Step,
    probe: RefCell<Probe>,
}

/// Writes pixels and labels of a part of a batch.
type Fill<'a> = dyn FnMut(&Dataset, Range<usize>, &mut [f32], &mut [i32]) -> Result<()> + 'a;

/// What a step started from.
#[derive(Default)]
struct Step {
    weights: Vec<f32>,
    indices: Vec<u32>,
    key: [i32; 2],
}

/// Computes the last step's outputs anew when somebody wants to see them: cheaper than to send for them all the time.
#[derive(Default)]
struct Probe {
    replica: Option<Replica>,
    /// Of the last step; empty until somebody has asked.
    outputs: Vec<NamedTensor>,
}

impl Crew {
    pub(super) fn cancel(&mut self) {
        self.waits = false;
        self.replicas.cancel();
    }

    /// The model is another one, or what else its plans depend on.
    pub(super) fn outdate(&mut self) {
        self.layout = None;
        *self.probe.get_mut() = Probe::default();
    }

    pub(super) fn set_wake(&mut self, wake: Wake) {
        self.replicas.set_wake(wake);
    }
}

/// The key of a slice's random numbers: the first has the one that the whole batch would have.
fn slice_key([seed, step]: [i32; 2], slice: usize) -> [i32; 2] {
    [seed.wrapping_add((slice as i32).wrapping_mul(0x3243_F6A9)), step]
}

impl Session {
    /// Shares training with others, or no longer. A step that is under way begins again.
    pub fn set_replicas(&mut self, replicas: Option<Box<dyn Replicas>>) {
        self.take_back_slices();
        if self.outputs == Some(SHARED) {
            self.outputs = None;
        }
        self.crew = replicas.map(|mut replicas| {
            if let Some(wake) = &self.wake {
                replicas.set_wake(wake.clone());
            }
            Crew {
                replicas,
                layout: None,
                task: Vec::new(),
                result: Vec::new(),
                sum: Vec::new(),
                labels: Vec::new(),
                summed: 0,
                waits: false,
                current: Step::default(),
                last: Step::default(),
                probe: RefCell::default(),
            }
        });
    }

    /// How many compute a step together.
    pub fn workers(&self) -> usize {
        1 + self.crew.as_ref().map_or(0, |crew| crew.replicas.count())
    }

    /// Floating-point operations of a training step on one image, but for the update.
    ///
    /// # Errors
    /// Those of planning.
    pub fn flops_per_image(&self) -> Result<u64> {
        let plan = plans::compile(PlanKey::Gradient(1), &self.layers, &self.spec.input_shape, &self.config)?;
        let flops = plan.kernels.iter().map(|kernel| match &kernel.work {
            Work::Op { op, inputs, .. } => {
                let inputs: Vec<_> = inputs.iter().map(|(_, tensor_type)| tensor_type).collect();
                op.flops(&inputs, &kernel.output_type)
            }
            _ => kernel.output_type.shape.len() as u64,
        });
        Ok(flops.sum())
    }

    /// Whether there is nothing to do before somebody else has answered: a replica, or a backend that works by itself.
    pub fn is_waiting(&self) -> bool {
        self.is_asynchronous() || self.crew.as_ref().is_some_and(|crew| crew.waits)
    }

    /// Gives up a shared step that is under way; it begins again. No weight has changed yet.
    pub fn abandon_slices(&mut self) {
        if self.in_flight.front().is_some_and(|run| run.is_slice && !run.evaluation) {
            self.cancel();
        }
    }

    /// Gives up whatever others have a part in; it begins again.
    pub(super) fn take_back_slices(&mut self) {
        if self.in_flight.front().is_some_and(|run| run.is_slice) || self.is_prediction_shared() {
            self.cancel();
        }
    }

    /// Whether a batch is large enough to be cut.
    pub(super) fn may_share(&self, images: usize) -> bool {
        self.crew.is_some() && images >= self.workers()
    }

    /// Hands out the slices of a step on the batch in `indices`, and begins the first.
    pub(super) fn begin_slices(&mut self, step: u32) -> Result<()> {
        let update = self.plan(PlanKey::Update)?;
        self.write_rates(&update, step)?;
        let key = [self.config.seed as i32, step as i32];
        if let Some(crew) = &mut self.crew {
            crew.current.key = key;
            crew.current.indices.clone_from(&self.indices);
        }
        self.share_dataset(Kind::Gradient, Part::Train, key)
    }

    /// Hands out the slices of an evaluation of the images in `indices`, and begins the first.
    pub(super) fn begin_evaluation_slices(&mut self, part: Part) -> Result<()> {
        self.share_dataset(Kind::Evaluation, part, [0; 2])
    }

    fn share_dataset(&mut self, kind: Kind, part: Part, key: [i32; 2]) -> Result<()> {
        let (indices, mut labels) = (std::mem::take(&mut self.indices), std::mem::take(&mut self.labels));
        labels.resize(indices.len(), 0);
        let mut fill = |dataset: &Dataset, range: Range<usize>, pixels: &mut [f32], own: &mut [i32]| {
            dataset.copy_batch(part, &indices[range.clone()], pixels, own)?;
            labels[range].copy_from_slice(own);
            Ok(())
        };
        let loaded = self.hand_out(kind, indices.len(), key, &mut fill);
        let images = indices.len();
        (self.indices, self.labels) = (indices, labels);
        if let Some(loaded) = loaded? {
            let evaluation = kind == Kind::Evaluation;
            self.in_flight.push_back(InFlight { loaded, images, evaluation, is_slice: true });
        }
        Ok(())
    }

    /// Hands out all slices of a batch but the first, which is made ready to run: its plan. `None` where a replica cannot
    /// be reached; training then goes on alone. `fill` writes pixels and labels of a part of the batch.
    pub(super) fn hand_out(
        &mut self,
        kind: Kind,
        batch: usize,
        key: [i32; 2],
        fill: &mut Fill<'_>,
    ) -> Result<Option<Loaded>> {
        let workers = self.workers();
        let first = Slice::ranges(batch, workers).next().unwrap_or(0..batch);
        let loaded = self.plan(kind.plan(first.len()))?;
        let Some(crew) = &mut self.crew else { return Ok(None) };
        if crew.layout.is_none() {
            crew.replicas.set_up(&self.spec, &self.config);
        }
        let layout = crew.layout.get_or_insert_with(|| Layout::new(&self.layers, &self.spec.input_shape));
        crew.sum.clear();
        crew.summed = 0;
        crew.waits = false;
        layout.copy_weights(self.backend.as_ref(), &mut crew.current.weights)?;
        // The others first: they set to work meanwhile.
        for (index, range) in Slice::ranges(batch, workers).enumerate().skip(1) {
            let slice = Slice { kind, batch, range: range.clone(), key: slice_key(key, index) };
            let dataset = &self.dataset;
            slice.write(layout, &crew.current.weights, &mut crew.task, &mut |pixels, labels| {
                fill(dataset, range.clone(), pixels, labels)
            })?;
            if let Err(error) = crew.replicas.send(index - 1, &mut crew.task) {
                self.dismiss(error);
                return Ok(None);
            }
        }
        let mut result = Ok(());
        let labels = &mut crew.labels;
        labels.resize(first.len(), 0);
        self.backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| {
            result = fill(&self.dataset, first.clone(), words, labels);
        })?;
        result?;
        if kind != Kind::Prediction {
            let slice = Slice { kind, batch, range: first, key };
            write_header(self.backend.as_mut(), &loaded, &slice.header())?;
            self.backend.write_input(loaded.handle, graphs::LABELS, &mut |words| {
                as_i32_mut(words).copy_from_slice(labels);
            })?;
        }
        Ok(Some(loaded))
    }

    pub(super) fn go_on_with_slices(&mut self, has_time: &mut dyn FnMut() -> bool) -> RunStatus {
        let Some(InFlight { loaded, images, evaluation, .. }) = self.in_flight.front() else { return RunStatus::Done };
        let (loaded, images, evaluation) = (loaded.clone(), *images, *evaluation);
        let kind = if evaluation { Kind::Evaluation } else { Kind::Gradient };
        match self.gather(kind, images, &loaded, has_time) {
            Ok(RunStatus::Unfinished) => return RunStatus::Unfinished,
            Ok(RunStatus::Done) if evaluation => self.complete_shared_evaluation(),
            Ok(RunStatus::Done) => {
                if let Err(error) = self.take_shared_step() {
                    self.fail(false, error);
                }
            }
            Err(error) => self.dismiss(error),
        }
        RunStatus::Done
    }

    /// Computes the own slice, then takes those of the others in their order.
    pub(super) fn gather(
        &mut self,
        kind: Kind,
        batch: usize,
        loaded: &Loaded,
        has_time: &mut dyn FnMut() -> bool,
    ) -> Result<RunStatus> {
        let workers = self.workers();
        let Self { backend, crew: Some(crew), .. } = self else { return Ok(RunStatus::Done) };
        let Some(layout) = &crew.layout else { return Ok(RunStatus::Done) };
        for (index, range) in Slice::ranges(batch, workers).enumerate().skip(crew.summed) {
            let images = range.len();
            crew.result.resize(layout.result_words(kind, images), 0.0);
            if index == 0 {
                if backend.run(loaded.handle, has_time)? == RunStatus::Unfinished {
                    return Ok(RunStatus::Unfinished);
                }
                copy_results(backend.as_ref(), loaded, layout, (kind, images), &mut crew.result)?;
            } else {
                crew.waits = !crew.replicas.receive(index - 1, &mut crew.result)?;
                if crew.waits {
                    return Ok(RunStatus::Unfinished);
                }
            }
            match kind {
                _ if index == 0 => std::mem::swap(&mut crew.sum, &mut crew.result),
                Kind::Gradient => elementwise::add(&mut crew.sum, Operand::Target, Operand::Block(&crew.result)),
                _ => crew.sum.extend_from_slice(&crew.result),
            }
            crew.summed += 1;
        }
        Ok(RunStatus::Done)
    }

    /// What all workers have given, one after the other.
    pub(super) fn gathered(&self) -> &[f32] {
        self.crew.as_ref().map_or(&[], |crew| &crew.sum)
    }

    /// Whether the others can take slices of a prediction.
    pub(super) fn may_share_prediction(&self) -> bool {
        // A result has to fit into the buffer of its task.
        self.classes() <= self.spec.input_shape.iter().product()
            && self.crew.is_some()
            && !self.in_flight.iter().any(|run| run.is_slice)
    }

    /// Whether a prediction cannot go on before somebody else has answered.
    pub fn is_prediction_waiting(&self) -> bool {
        self.is_asynchronous() || (self.is_prediction_shared() && self.crew.as_ref().is_some_and(|crew| crew.waits))
    }

    /// Counts what all workers have found of a batch.
    fn complete_shared_evaluation(&mut self) {
        let workers = self.workers();
        let Some(run) = self.in_flight.pop_front() else { return };
        let Self { crew: Some(crew), evaluations, labels, .. } = self else { return };
        let Some(first) = evaluations.front_mut() else { return };
        let mut rest = &crew.sum[..];
        for range in Slice::ranges(run.images, workers) {
            let (own, others) = rest.split_at(2 + 2 * range.len());
            let (predicted, confidence) = own[2..].split_at(range.len());
            first.add(own[0], own[1], &labels[range], as_i32(predicted), confidence);
            rest = others;
        }
        self.finish_evaluation();
    }

    /// Updates the weights from the sum of all slices.
    fn take_shared_step(&mut self) -> Result<()> {
        let update = self.plan(PlanKey::Update)?;
        let Self { backend, crew: Some(crew), .. } = self else { return Ok(()) };
        let Some(layout) = &crew.layout else { return Ok(()) };
        for (name, range) in layout.results().filter(|(name, _)| update.has_input(name)) {
            backend.write_input(update.handle, name, &mut |words| words.copy_from_slice(&crew.sum[range.clone()]))?;
        }
        let (loss, correct) = (crew.sum[0], crew.sum[1]);
        std::mem::swap(&mut crew.current, &mut crew.last);
        crew.probe.get_mut().outputs.clear();
        while backend.run(update.handle, &mut || true)? == RunStatus::Unfinished {}
        let is_healthy = self.read_scalar(&update, graphs::HEALTHY)? == 1.0;
        (self.outputs, self.gradients) = (Some(SHARED), Some(update.handle));
        if let Some(run) = self.in_flight.pop_front() {
            self.count_step(run.images, loss, correct, is_healthy);
        }
        Ok(())
    }

    /// Goes on without the others: the step begins again.
    pub(super) fn dismiss(&mut self, error: Error) {
        self.cancel();
        self.set_replicas(None);
        self.pending.push_back(Ok(Progress::Warning(error)));
    }

    /// A layer's output for the last batch, of which each worker had a slice.
    pub(super) fn shared_output(&self, name: &str) -> Result<HostTensor> {
        let Some(crew) = &self.crew else { return Err(Error::new("no-value-yet", name)) };
        let mut probe = crew.probe.borrow_mut();
        let Probe { replica, outputs } = &mut *probe;
        if outputs.is_empty() {
            let replica = match replica {
                Some(replica) => replica,
                None => replica.insert(Replica::new(&self.spec, &self.config)?),
            };
            let Step { weights, indices, key } = &crew.last;
            let mut slices = Slice::ranges(indices.len(), self.workers()).enumerate();
            *outputs = replica.outputs(&mut |layout, task| {
                let Some((index, range)) = slices.next() else { return Ok(false) };
                let slice = Slice {
                    kind: Kind::Gradient,
                    batch: indices.len(),
                    range: range.clone(),
                    key: slice_key(*key, index),
                };
                slice.write(layout, weights, task, &mut |pixels, labels| {
                    self.dataset.copy_batch(Part::Train, &indices[range.clone()], pixels, labels)
                })?;
                Ok(true)
            })?;
        }
        let found = outputs.iter().find(|(own, _)| own == name);
        found.map(|(_, tensor)| tensor.clone()).ok_or_else(|| Error::new("unknown-tensor", name))
    }
}
