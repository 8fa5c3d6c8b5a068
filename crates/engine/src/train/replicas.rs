//! Data-parallel training: a batch is cut into shards, replicas compute their parts of the gradient, and their sum updates
//! the weights once. Evaluations and large predictions are cut in the same way.
//!
//! A [`Replica`] keeps nothing from step to step but its plans: every task brings the weights and the images, so a replica
//! that dies is replaced by a fresh one and given the same task again. Tasks and results are flat lists of words (see
//! [`Layout`]), one buffer each, that can be handed to and fro without allocating.
//!
//! The shards' parts are added in the order of the shards, so a run's numbers depend on the number of workers and on
//! nothing else.

use std::ops::Range;

use super::graphs;
use super::model::LoadedModel;
use super::plans::{LoadedPlan, PlanKey, Plans};
use crate::backend::cpu::CpuBackend;
use crate::backend::{Backend, RunStatus};
use crate::data::Schema;
use crate::error::{BackendError, Result, SessionError};
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::tensor::{HostTensor, TensorType};

/// Replicas at work elsewhere, in the order in which their results are added.
pub trait Replicas {
    /// Returns the number of replicas, without the session itself.
    fn count(&self) -> usize;

    /// Gives the replicas their model, before the first task and whenever it changes.
    fn set_up(&mut self, model: &ModelSpec, config: &TrainingConfig, schema: &Schema);

    /// Gives a replica a task, in place of the one that it has, and leaves words of no meaning to write the next one over.
    /// No result is longer than its task.
    ///
    /// # Errors
    /// If it cannot be handed over.
    fn send(&mut self, replica: usize, task: &mut Vec<f32>) -> Result<()>;

    /// Copies the result of a replica's task; false while it is not there: ask again when woken.
    ///
    /// # Errors
    /// If there will be none.
    fn receive(&mut self, replica: usize, result: &mut [f32]) -> Result<bool>;

    /// Forgets all tasks.
    fn cancel(&mut self);

    /// Sets the function to call when a result has arrived.
    fn set_wake(&mut self, wake: super::Wake) {
        let _ = wake;
    }
}

/// Words in front of a task: images of the shard, sample weight, fraction of the batch, the bits of the key, and the kind.
const HEADER_WORDS: usize = 6;

/// The computation that a shard is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShardKind {
    Gradient,
    Evaluation,
    Prediction,
}

impl ShardKind {
    const ALL: [Self; 3] = [Self::Gradient, Self::Evaluation, Self::Prediction];

    /// Returns the plan for a number of images.
    pub fn plan(self, images: usize) -> PlanKey {
        match self {
            Self::Gradient => PlanKey::Gradient(images),
            Self::Evaluation => PlanKey::Evaluation(images),
            Self::Prediction => PlanKey::Prediction(images),
        }
    }
}

/// The layout of tasks and results.
///
/// A task: header, all weights, targets (`[n]` classes or `[n,columns]` numbers), inputs `[n, input shape]`. A result: loss, correct,
/// counts for metrics, then for each weight its gradient or, where it is not trained, the part of its new value; of an
/// evaluation: sum of the losses, penalty, sums of metrics and, for classes, predicted classes `[n]` and their scores `[n]`, for
/// values the outputs `[n,columns]`; of a prediction: outputs `[n, output shape]`.
#[derive(Default)]
pub struct Layout {
    /// Name, name of the value that comes back, and size of each weight.
    weights: Vec<(String, String, usize)>,
    weight_words: usize,
    input_words: usize,
    target_words: usize,
    /// Name and size of each count for metrics in the result of a gradient, and of each sum in that of an evaluation.
    counts: Vec<(String, usize)>,
    sums: Vec<(String, usize)>,
    has_classes: bool,
    /// The names of the outputs of an evaluation that answer each example, and the words of one answer in each.
    answers: (Vec<String>, usize),
    /// Name and size of the model's output for one image.
    output: (String, usize),
}

impl Layout {
    pub fn new(model: &LoadedModel) -> Self {
        let weights: Vec<_> = model
            .weights()
            .map(|(name, weight)| {
                let back = if weight.trainable { graphs::gradient_name(&name) } else { graphs::next_name(&name) };
                (name, back, weight.shape.iter().product())
            })
            .collect();
        let weight_words = weights.iter().map(|(_, _, size)| size).sum();
        let output = (model.output_name(), model.outputs());
        let sums: Vec<_> = model.own_sums().map(|(metric, count)| (graphs::sums_name(metric), count)).collect();
        let mut counts = Vec::new();
        if model.counts_confusion() {
            counts.push((graphs::CONFUSION.to_owned(), model.classes() * (model.answers() + 1)));
        }
        counts.extend_from_slice(&sums);
        let (input_words, target_words) = (model.input_len(), model.target_words());
        let has_classes = model.classes() > 0;
        let answers = (model.answer_names(), if has_classes { 1 } else { target_words });
        Self { weights, weight_words, input_words, target_words, counts, sums, has_classes, answers, output }
    }

    /// Returns the words of a task. Its result fits into them, too.
    pub fn task_words(&self, images: usize) -> usize {
        let task = HEADER_WORDS + self.weight_words + images * (self.target_words + self.input_words);
        let [gradient, evaluation] =
            [ShardKind::Gradient, ShardKind::Evaluation].map(|kind| self.result_words(kind, images));
        task.max(gradient).max(evaluation)
    }

    /// Returns the words of the counts in the result of a gradient.
    fn count_words(&self) -> usize {
        self.counts.iter().map(|(_, size)| size).sum()
    }

    /// Returns the words of the result of an evaluation before the examples' answers.
    pub fn sums_end(&self) -> usize {
        2 + self.sums.iter().map(|(_, size)| size).sum::<usize>()
    }

    /// Returns the words of the answers to one example in the result of an evaluation.
    pub fn answer_words(&self) -> usize {
        self.answers.0.len() * self.answers.1
    }

    /// Returns the range of the counts for metrics in the result of a gradient.
    pub fn counts(&self) -> Range<usize> {
        2..2 + self.count_words()
    }

    pub fn result_words(&self, kind: ShardKind, images: usize) -> usize {
        match kind {
            ShardKind::Gradient => 2 + self.count_words() + self.weight_words,
            ShardKind::Evaluation => self.sums_end() + self.answer_words() * images,
            ShardKind::Prediction => self.output.1 * images,
        }
    }

    /// Reads kind and number of images of a task.
    ///
    /// # Errors
    /// `bad-message` if it is no task of this model.
    pub fn read_task(&self, task: &[f32]) -> Result<(ShardKind, usize)> {
        let header = task.first_chunk::<HEADER_WORDS>();
        let read =
            |&[images, .., kind]: &[f32; HEADER_WORDS]| Some((*ShardKind::ALL.get(kind as usize)?, images as usize));
        header
            .and_then(read)
            .filter(|&(_, images)| {
                let words = images.checked_mul(self.target_words + self.input_words);
                let words = words.and_then(|words| words.checked_add(HEADER_WORDS + self.weight_words));
                images > 0 && words.is_some_and(|words| task.len() >= words)
            })
            .ok_or_else(|| SessionError::ForeignTask.into())
    }

    /// Iterates over name and position of each weight among the weights of a task.
    fn weights(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let mut end = 0;
        self.weights.iter().map(move |(name, _, size)| {
            end += size;
            (name.as_str(), end - size..end)
        })
    }

    /// Iterates over name and position of each value of a result.
    pub fn results(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let mut end = 2;
        let values = self.counts.iter().map(|(name, size)| (name, size));
        let values = values.chain(self.weights.iter().map(|(_, name, size)| (name, size))).map(move |(name, size)| {
            end += size;
            (name.as_str(), end - size..end)
        });
        [(graphs::LOSS, 0..1), (graphs::CORRECT, 1..2)].into_iter().chain(values)
    }

    /// Copies all weights, one after the other.
    ///
    /// # Errors
    /// If the backend cannot read one.
    pub fn copy_weights(&self, backend: &dyn Backend, out: &mut Vec<f32>) -> Result<()> {
        out.resize(self.weight_words, 0.0);
        self.weights().try_for_each(|(name, range)| backend.copy_state(name, &mut out[range]))
    }
}

/// Writes the inputs and targets of a shard.
pub type FillShard<'a> = dyn FnMut(&mut [f32], &mut [f32]) -> Result<()> + 'a;

/// A shard of a batch.
pub struct Shard {
    pub kind: ShardKind,
    /// Images of the whole batch.
    pub batch: usize,
    /// The range of the shard in the batch.
    pub range: Range<usize>,
    /// The key of the shard's random numbers.
    pub key: [i32; 2],
}

impl Shard {
    /// Cuts a batch into shards. The first is the shortest, since the session computes it and has more to do.
    pub fn ranges(images: usize, shards: usize) -> impl Iterator<Item = Range<usize>> {
        (0..shards).map(move |shard| {
            let start = |shard| images * shard / shards;
            start(shard)..start(shard + 1)
        })
    }

    /// Returns the words in front of a task.
    pub fn header(&self) -> [f32; HEADER_WORDS] {
        let (images, batch) = (self.range.len() as f32, self.batch as f32);
        let [seed, step] = self.key.map(|word| f32::from_bits(word as u32));
        let weight = if self.kind == ShardKind::Gradient { 1.0 / batch } else { 1.0 };
        [images, weight, images / batch, seed, step, self.kind as u32 as f32]
    }

    /// Writes the task of this shard; `fill` writes its inputs and targets.
    ///
    /// # Errors
    /// That of `fill`.
    pub fn write(&self, layout: &Layout, weights: &[f32], task: &mut Vec<f32>, fill: &mut FillShard<'_>) -> Result<()> {
        let images = self.range.len();
        task.resize(layout.task_words(images), 0.0);
        let (header, rest) = task.split_at_mut(HEADER_WORDS);
        let (own_weights, rest) = rest.split_at_mut(layout.weight_words);
        let (targets, rest) = rest.split_at_mut(images * layout.target_words);
        let inputs = &mut rest[..images * layout.input_words];
        header.copy_from_slice(&self.header());
        own_weights.copy_from_slice(weights);
        fill(inputs, targets)
    }
}

/// Computes shards of batches.
pub struct Replica {
    backend: CpuBackend,
    model: LoadedModel,
    layout: Layout,
    plans: Plans,
    last: Option<LoadedPlan>,
}

impl Replica {
    /// # Errors
    /// If the model is invalid.
    pub fn new(model: &ModelSpec, config: &TrainingConfig, schema: &Schema) -> Result<Self> {
        let model = LoadedModel::new(model, config, schema)?;
        Ok(Self { backend: CpuBackend::new(), layout: Layout::new(&model), model, plans: Plans::default(), last: None })
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Carries out a task; `result` is made to have [`Layout::result_words`] words.
    ///
    /// # Errors
    /// `bad-message` if the task is none; those of planning.
    pub fn run(&mut self, task: &[f32], result: &mut Vec<f32>) -> Result<()> {
        let Self { backend, layout, plans, .. } = self;
        let (kind, images) = layout.read_task(task)?;
        result.resize(layout.result_words(kind, images), 0.0);
        let (loaded, _) = plans.get(backend, kind.plan(images), &self.model)?;
        let (header, rest) = task.split_at(HEADER_WORDS);
        let (weights, rest) = rest.split_at(layout.weight_words);
        let (targets, inputs) = rest.split_at(images * layout.target_words);
        for (name, range) in layout.weights() {
            match backend.state_mut(name) {
                Some(state) if state.len() == range.len() => state.copy_from_slice(&weights[range]),
                // Nothing in the plan depends on it.
                _ => {}
            }
        }
        let inputs = &inputs[..images * layout.input_words];
        backend.write_input(loaded.handle, graphs::INPUT, &mut |words| words.copy_from_slice(inputs))?;
        if kind != ShardKind::Prediction {
            if loaded.has_input(graphs::TARGET) {
                backend.write_input(loaded.handle, graphs::TARGET, &mut |words| words.copy_from_slice(targets))?;
            }
            write_header(backend, &loaded, header)?;
        }
        while backend.run(loaded.handle, &mut || true)? == RunStatus::Unfinished {}
        copy_results(backend, &loaded, layout, (kind, images), result)?;
        self.last = Some(loaded);
        Ok(())
    }

    /// Returns a layer's output for the shard of the last task.
    ///
    /// # Errors
    /// If there is none.
    fn output(&self, name: &str) -> Result<HostTensor> {
        let last = self.last.as_ref().ok_or_else(|| BackendError::NotComputed { name: name.to_owned() })?;
        self.backend.read(last.handle, name)
    }

    /// Returns all layers' outputs for a whole batch, computed shard by shard as the replicas did.
    ///
    /// # Errors
    /// As [`Replica::run`].
    pub fn outputs(
        &mut self,
        tasks: &mut dyn FnMut(&Layout, &mut Vec<f32>) -> Result<bool>,
    ) -> Result<Vec<NamedTensor>> {
        let names: Vec<String> = self.model.output_names();
        let mut parts: Vec<Vec<HostTensor>> = names.iter().map(|_| Vec::new()).collect();
        let (mut task, mut result) = (Vec::new(), Vec::new());
        while tasks(&self.layout, &mut task)? {
            self.run(&task, &mut result)?;
            for (name, parts) in names.iter().zip(&mut parts) {
                parts.push(self.output(name)?);
            }
        }
        names.into_iter().zip(parts).map(|(name, parts)| Ok((name.clone(), concatenate(&name, &parts)?))).collect()
    }
}

/// A tensor and its name.
pub type NamedTensor = (String, HostTensor);

/// Concatenates along the first axis.
pub(super) fn concatenate(name: &str, parts: &[HostTensor]) -> Result<HostTensor> {
    let mut dims = parts.first().map_or(Vec::new(), |first| first.shape().dims().to_vec());
    if let Some(first) = dims.first_mut() {
        *first = parts.iter().map(|part| part.shape()[0]).sum();
    }
    let words = parts.iter().flat_map(|part| part.words()).copied().collect();
    HostTensor::from_words(TensorType::f32(dims), words)
        .ok_or_else(|| BackendError::NotComputed { name: name.to_owned() }.into())
}

/// Writes the words of a task's header into the inputs of a plan for a gradient or an evaluation.
pub fn write_header(backend: &mut dyn Backend, loaded: &LoadedPlan, header: &[f32]) -> Result<()> {
    let &[_, weight, fraction, ref key @ .., _] = header else {
        return Err(SessionError::ForeignTask.into());
    };
    backend.write_input(loaded.handle, graphs::SAMPLE_WEIGHT, &mut |words| words.fill(weight))?;
    if loaded.has_input(graphs::BATCH_FRACTION) {
        backend.write_input(loaded.handle, graphs::BATCH_FRACTION, &mut |words| words.fill(fraction))?;
    }
    if loaded.has_input(graphs::RNG_KEY) {
        backend.write_input(loaded.handle, graphs::RNG_KEY, &mut |words| words.copy_from_slice(key))?;
    }
    Ok(())
}

/// Copies the results of a plan of this kind.
///
/// # Errors
/// Errors of the backend.
pub fn copy_results(
    backend: &dyn Backend,
    loaded: &LoadedPlan,
    layout: &Layout,
    (kind, images): (ShardKind, usize),
    result: &mut [f32],
) -> Result<()> {
    match kind {
        // The model may have no penalty.
        ShardKind::Evaluation => result[1] = 0.0,
        // Without classes there is no accuracy.
        ShardKind::Gradient => result[1] = f32::NAN,
        ShardKind::Prediction => {}
    }
    let mut copy = |name: &str, range: Range<usize>| backend.copy_value(loaded.handle, name, &mut result[range]);
    match kind {
        ShardKind::Gradient => {
            let is_there = |(name, _): &(&str, Range<usize>)| layout.has_classes || *name != graphs::CORRECT;
            layout.results().filter(is_there).try_for_each(|(name, range)| copy(name, range))
        }
        ShardKind::Evaluation => {
            copy(graphs::LOSS, 0..1)?;
            let mut end = 2;
            for (name, size) in &layout.sums {
                copy(name, end..end + size)?;
                end += size;
            }
            let (names, words) = &layout.answers;
            for name in names {
                copy(name, end..end + words * images)?;
                end += words * images;
            }
            if loaded.has_value(graphs::PENALTY) { copy(graphs::PENALTY, 1..2) } else { Ok(()) }
        }
        ShardKind::Prediction => copy(&layout.output.0, 0..layout.output.1 * images),
    }
}
