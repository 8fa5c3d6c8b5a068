//! Data-parallel training: a batch is cut into slices, replicas compute their parts of the gradient, and their sum updates
//! the weights once. Evaluations and large predictions are shared in the same way.
//!
//! A [`Replica`] keeps nothing from step to step but its plans: every task brings the weights and the images, so a replica
//! that dies is replaced by a fresh one and given the same task again. Tasks and results are flat lists of words (see
//! [`Layout`]), one buffer each, that can be handed to and fro without allocating.
//!
//! The slices' parts are added in the order of the slices, so a run's numbers depend on how many workers there are and on
//! nothing else.

use std::ops::Range;

use super::graphs;
use super::plans::{Loaded, PlanKey, Plans};
use crate::backend::cpu::CpuBackend;
use crate::backend::{Backend, RunStatus};
use crate::error::{Error, Result};
use crate::ir::op::as_i32_mut;
use crate::model::catalogue::{self, ResolvedLayer};
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::tensor::{HostTensor, TensorType};

/// Replicas at work elsewhere, in the order in which their results are added.
pub trait Replicas {
    /// How many there are, besides the session itself.
    fn count(&self) -> usize;

    /// What they are replicas of; comes before the first task and whenever it changes.
    fn set_up(&mut self, model: &ModelSpec, config: &TrainingConfig);

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

    /// Whom to tell when a result has arrived.
    fn set_wake(&mut self, wake: super::Wake) {
        let _ = wake;
    }
}

/// Words in front of a task: images of the slice, sample weight, share of the batch, the bits of the key, and the kind.
const HEADER_WORDS: usize = 6;

/// What is to be computed of a slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Gradient,
    Evaluation,
    Prediction,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Gradient, Self::Evaluation, Self::Prediction];

    /// The plan for so many images.
    pub fn plan(self, images: usize) -> PlanKey {
        match self {
            Self::Gradient => PlanKey::Gradient(images),
            Self::Evaluation => PlanKey::Evaluation(images),
            Self::Prediction => PlanKey::Prediction(images),
        }
    }
}

/// How the words of tasks and results lie.
///
/// A task: header, all weights, labels `[n]`, images `[n, input shape]`. A result: loss, correct, then for each weight its
/// gradient or, where it is not trained, the part of its new value; of an evaluation: sum of the losses, penalty, predicted
/// classes `[n]` and their scores `[n]`; of a prediction: outputs `[n, output shape]`.
#[derive(Default)]
pub struct Layout {
    /// Name, name of what comes back, and size of each weight.
    weights: Vec<(String, String, usize)>,
    weight_words: usize,
    image_words: usize,
    /// Name and size of what the model puts out for one image.
    output: (String, usize),
}

impl Layout {
    pub fn new(layers: &[ResolvedLayer], input_shape: &[usize]) -> Self {
        let weights: Vec<_> = layers
            .iter()
            .flat_map(|layer| layer.weights.iter().map(move |weight| (layer, weight)))
            .map(|(layer, weight)| {
                let name = format!("{}.{}", layer.name, weight.name);
                let back = if weight.trainable { graphs::gradient_name(&name) } else { graphs::next_name(&name) };
                (name, back, weight.shape.iter().product())
            })
            .collect();
        let weight_words = weights.iter().map(|(_, _, size)| size).sum();
        let output = layers.last().map_or_else(Default::default, |last| {
            (format!("{}.output", last.name), last.output_shape.iter().product())
        });
        Self { weights, weight_words, image_words: input_shape.iter().product(), output }
    }

    pub fn task_words(&self, images: usize) -> usize {
        HEADER_WORDS + self.weight_words + images * (1 + self.image_words)
    }

    pub fn result_words(&self, kind: Kind, images: usize) -> usize {
        match kind {
            Kind::Gradient => 2 + self.weight_words,
            Kind::Evaluation => 2 + 2 * images,
            Kind::Prediction => self.output.1 * images,
        }
    }

    /// What a task is about: its kind and images.
    ///
    /// # Errors
    /// `bad-message` if it is no task of this model.
    pub fn read_task(&self, task: &[f32]) -> Result<(Kind, usize)> {
        let header = task.first_chunk::<HEADER_WORDS>();
        let read = |&[images, .., kind]: &[f32; HEADER_WORDS]| Some((*Kind::ALL.get(kind as usize)?, images as usize));
        header
            .and_then(read)
            .filter(|&(_, images)| images > 0 && task.len() >= self.task_words(images))
            .ok_or_else(|| Error::new("bad-message", "task").expected("a task of this model"))
    }

    /// Name and place of each weight among the weights of a task.
    fn weights(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let mut end = 0;
        self.weights.iter().map(move |(name, _, size)| {
            end += size;
            (name.as_str(), end - size..end)
        })
    }

    /// Name and place of each value of a result.
    pub fn results(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let mut end = 2;
        let weights = self.weights.iter().map(move |(_, name, size)| {
            end += size;
            (name.as_str(), end - size..end)
        });
        [(graphs::LOSS, 0..1), (graphs::CORRECT, 1..2)].into_iter().chain(weights)
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

/// Writes the pixels and labels of a slice.
pub type FillSlice<'a> = dyn FnMut(&mut [f32], &mut [i32]) -> Result<()> + 'a;

/// A slice of a batch.
pub struct Slice {
    pub kind: Kind,
    /// Images of the whole batch.
    pub batch: usize,
    /// Of the batch, which of them.
    pub range: Range<usize>,
    /// What random numbers depend on.
    pub key: [i32; 2],
}

impl Slice {
    /// Cuts a batch into as many slices as there are workers. The first is the shortest, since who has it does more.
    pub fn ranges(images: usize, workers: usize) -> impl Iterator<Item = Range<usize>> {
        (0..workers).map(move |worker| {
            let start = |worker| images * worker / workers;
            start(worker)..start(worker + 1)
        })
    }

    /// What comes before all else in a task.
    pub fn header(&self) -> [f32; HEADER_WORDS] {
        let (images, batch) = (self.range.len() as f32, self.batch as f32);
        let [seed, step] = self.key.map(|word| f32::from_bits(word as u32));
        let weight = if self.kind == Kind::Gradient { 1.0 / batch } else { 1.0 };
        [images, weight, images / batch, seed, step, self.kind as u32 as f32]
    }

    /// Writes the task of this slice; `fill` writes its images and labels.
    ///
    /// # Errors
    /// That of `fill`.
    pub fn write(&self, layout: &Layout, weights: &[f32], task: &mut Vec<f32>, fill: &mut FillSlice<'_>) -> Result<()> {
        let images = self.range.len();
        task.resize(layout.task_words(images), 0.0);
        let (header, rest) = task.split_at_mut(HEADER_WORDS);
        let (own_weights, rest) = rest.split_at_mut(layout.weight_words);
        let (labels, pixels) = rest.split_at_mut(images);
        header.copy_from_slice(&self.header());
        own_weights.copy_from_slice(weights);
        fill(pixels, as_i32_mut(labels))
    }
}

/// Computes slices of batches.
pub struct Replica {
    backend: CpuBackend,
    layers: Vec<ResolvedLayer>,
    input_shape: Vec<usize>,
    config: TrainingConfig,
    layout: Layout,
    plans: Plans,
    last: Option<Loaded>,
}

impl Replica {
    /// # Errors
    /// If the model is invalid.
    pub fn new(model: &ModelSpec, config: &TrainingConfig) -> Result<Self> {
        let layers = catalogue::resolve(model)?;
        Ok(Self {
            backend: CpuBackend::new(),
            layout: Layout::new(&layers, &model.input_shape),
            layers,
            input_shape: model.input_shape.clone(),
            config: config.clone(),
            plans: Plans::default(),
            last: None,
        })
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
        let (loaded, _) = plans.get(backend, kind.plan(images), &self.layers, &self.input_shape, &self.config)?;
        let (header, rest) = task.split_at(HEADER_WORDS);
        let (weights, rest) = rest.split_at(layout.weight_words);
        let (labels, pixels) = rest.split_at(images);
        for (name, range) in layout.weights() {
            match backend.state_mut(name) {
                Some(state) if state.len() == range.len() => state.copy_from_slice(&weights[range]),
                // Nothing in the plan depends on it.
                _ => {}
            }
        }
        let pixels = &pixels[..images * layout.image_words];
        backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| words.copy_from_slice(pixels))?;
        if kind != Kind::Prediction {
            backend.write_input(loaded.handle, graphs::LABELS, &mut |words| words.copy_from_slice(labels))?;
            write_header(backend, &loaded, header)?;
        }
        while backend.run(loaded.handle, &mut || true)? == RunStatus::Unfinished {}
        copy_results(backend, &loaded, layout, (kind, images), result)?;
        self.last = Some(loaded);
        Ok(())
    }

    /// A layer's output for the slice of the last task.
    ///
    /// # Errors
    /// If there is none.
    fn output(&self, name: &str) -> Result<HostTensor> {
        let last = self.last.as_ref().ok_or_else(|| Error::new("no-value-yet", name))?;
        self.backend.read(last.handle, name)
    }

    /// All layers' outputs for a whole batch, computed slice by slice as the replicas did.
    ///
    /// # Errors
    /// As [`Replica::run`].
    pub fn outputs(
        &mut self,
        tasks: &mut dyn FnMut(&Layout, &mut Vec<f32>) -> Result<bool>,
    ) -> Result<Vec<NamedTensor>> {
        let names: Vec<String> = self.layers.iter().map(|layer| format!("{}.output", layer.name)).collect();
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

/// One after the other along the first axis.
fn concatenate(name: &str, parts: &[HostTensor]) -> Result<HostTensor> {
    let mut dims = parts.first().map_or(Vec::new(), |first| first.shape().dims().to_vec());
    if let Some(first) = dims.first_mut() {
        *first = parts.iter().map(|part| part.shape()[0]).sum();
    }
    let words = parts.iter().flat_map(|part| part.words()).copied().collect();
    HostTensor::from_words(TensorType::f32(dims), words).ok_or_else(|| Error::new("no-value-yet", name))
}

/// Writes what a task's header holds into the inputs of a plan for a gradient or an evaluation.
pub fn write_header(backend: &mut dyn Backend, loaded: &Loaded, header: &[f32]) -> Result<()> {
    let &[_, weight, share, ref key @ .., _] = header else {
        return Err(Error::new("bad-message", "task").expected("a header"));
    };
    backend.write_input(loaded.handle, graphs::SAMPLE_WEIGHT, &mut |words| words.fill(weight))?;
    if loaded.has_input(graphs::SHARE) {
        backend.write_input(loaded.handle, graphs::SHARE, &mut |words| words.fill(share))?;
    }
    if loaded.has_input(graphs::KEY) {
        backend.write_input(loaded.handle, graphs::KEY, &mut |words| words.copy_from_slice(key))?;
    }
    Ok(())
}

/// Copies what a plan of this kind has computed.
///
/// # Errors
/// Those of the backend.
pub fn copy_results(
    backend: &dyn Backend,
    loaded: &Loaded,
    layout: &Layout,
    (kind, images): (Kind, usize),
    result: &mut [f32],
) -> Result<()> {
    if kind == Kind::Evaluation {
        // Where the model has no penalty.
        result[1] = 0.0;
    }
    let mut copy = |name: &str, range: Range<usize>| backend.copy_value(loaded.handle, name, &mut result[range]);
    match kind {
        Kind::Gradient => layout.results().try_for_each(|(name, range)| copy(name, range)),
        Kind::Evaluation => {
            copy(graphs::LOSS, 0..1)?;
            copy(graphs::PREDICTED, 2..2 + images)?;
            copy(graphs::CONFIDENCE, 2 + images..2 + 2 * images)?;
            if loaded.has_value(graphs::PENALTY) { copy(graphs::PENALTY, 1..2) } else { Ok(()) }
        }
        Kind::Prediction => copy(&layout.output.0, 0..layout.output.1 * images),
    }
}
