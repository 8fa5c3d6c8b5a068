//! The session's side of data-parallel training: it computes the first slice of each batch itself, adds up what the
//! [replicas](super::replicas) give for the others, and takes the step.

use std::cell::RefCell;

use super::plans::{self, PlanKey};
use super::progress::Progress;
use super::replicas::{Layout, NamedTensor, Replica, Replicas, Slice, copy_results, write_header};
use super::{InFlight, Session, Wake, graphs};
use crate::backend::{PlanHandle, RunStatus};
use crate::error::{Error, Result};
use crate::ir::op::as_i32_mut;
use crate::plan::Work;
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
    sum: Vec<f32>,
    /// How many slices are in the sum.
    summed: usize,
    /// A replica has not answered yet, and there is nothing else to do.
    waits: bool,
    current: Step,
    last: Step,
    probe: RefCell<Probe>,
}

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
        self.abandon_slices();
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
        if self.in_flight.front().is_some_and(|run| run.is_slice) {
            self.cancel();
        }
    }

    /// Whether a batch is large enough to be cut.
    pub(super) fn may_share(&self, images: usize) -> bool {
        self.crew.is_some() && images >= self.workers()
    }

    /// Hands out the slices of the batch in `indices`, and begins the first.
    pub(super) fn begin_slices(&mut self, step: u32) -> Result<()> {
        let (workers, images) = (self.workers(), self.indices.len());
        let first = Slice::ranges(images, workers).next().unwrap_or(0..images);
        let update = self.plan(PlanKey::Update)?;
        self.write_rates(&update, step)?;
        let loaded = self.plan(PlanKey::Gradient(first.len()))?;
        let Some(crew) = &mut self.crew else { return Ok(()) };
        if crew.layout.is_none() {
            crew.replicas.set_up(&self.spec, &self.config);
        }
        let layout = crew.layout.get_or_insert_with(|| Layout::new(&self.layers, &self.spec.input_shape));
        crew.result.resize(layout.result_words(), 0.0);
        crew.sum.resize(layout.result_words(), 0.0);
        crew.summed = 0;
        crew.waits = false;
        let current = &mut crew.current;
        current.key = [self.config.seed as i32, step as i32];
        current.indices.clear();
        current.indices.extend_from_slice(&self.indices);
        layout.copy_weights(self.backend.as_ref(), &mut current.weights)?;
        // The others first: they set to work meanwhile.
        for (index, range) in Slice::ranges(images, workers).enumerate().skip(1) {
            let slice = Slice { indices: &self.indices, range, key: slice_key(current.key, index) };
            slice.write(layout, &current.weights, &self.dataset, &mut crew.task)?;
            if let Err(error) = crew.replicas.send(index - 1, &crew.task) {
                self.dismiss(error);
                return Ok(());
            }
        }
        let slice = Slice { indices: &self.indices, range: first.clone(), key: current.key };
        write_header(self.backend.as_mut(), &loaded, &slice.header())?;
        let (dataset, labels) = (&self.dataset, &mut self.labels);
        labels.resize(first.len(), 0);
        let mut result = Ok(());
        self.backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| {
            result = dataset.copy_batch(crate::data::Part::Train, &slice.indices[first.clone()], words, labels);
        })?;
        result?;
        self.backend.write_input(loaded.handle, graphs::LABELS, &mut |words| {
            as_i32_mut(words).copy_from_slice(labels);
        })?;
        self.in_flight.push_back(InFlight { loaded, images, evaluation: false, is_slice: true });
        Ok(())
    }

    pub(super) fn go_on_with_slices(&mut self, has_time: &mut dyn FnMut() -> bool) -> RunStatus {
        match self.add_slices(has_time) {
            Ok(RunStatus::Unfinished) => return RunStatus::Unfinished,
            Ok(RunStatus::Done) => {
                if let Err(error) = self.take_shared_step() {
                    self.fail(false, error);
                }
            }
            Err(error) => self.dismiss(error),
        }
        RunStatus::Done
    }

    /// Computes the own slice, then adds those of the others in their order.
    fn add_slices(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<RunStatus> {
        let Self { backend, crew: Some(crew), in_flight, .. } = self else { return Ok(RunStatus::Done) };
        let (Some(run), Some(layout)) = (in_flight.front(), &crew.layout) else { return Ok(RunStatus::Done) };
        if crew.summed == 0 {
            if backend.run(run.loaded.handle, has_time)? == RunStatus::Unfinished {
                return Ok(RunStatus::Unfinished);
            }
            copy_results(backend.as_ref(), &run.loaded, layout, &mut crew.sum)?;
            crew.summed = 1;
        }
        while crew.summed <= crew.replicas.count() {
            crew.waits = !crew.replicas.receive(crew.summed - 1, &mut crew.result)?;
            if crew.waits {
                return Ok(RunStatus::Unfinished);
            }
            for (sum, part) in crew.sum.iter_mut().zip(&crew.result) {
                *sum += part;
            }
            crew.summed += 1;
        }
        Ok(RunStatus::Done)
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
    fn dismiss(&mut self, error: Error) {
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
                Slice { indices, range, key: slice_key(*key, index) }.write(layout, weights, &self.dataset, task)?;
                Ok(true)
            })?;
        }
        let found = outputs.iter().find(|(own, _)| own == name);
        found.map(|(_, tensor)| tensor.clone()).ok_or_else(|| Error::new("unknown-tensor", name))
    }
}
