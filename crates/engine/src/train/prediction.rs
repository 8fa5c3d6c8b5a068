//! Predictions, and with them the outputs of all layers.

use std::ops::Range;

use super::Session;
use super::executor::{Executor, OutputHolder};
use super::graphs;
use super::model::LoadedModel;
use super::plans::{LoadedPlan, PlanKey};
use super::replicas::ShardKind;
use super::worker_pool::WorkerPool;
use crate::backend::RunStatus;
use crate::data::Values;
use crate::error::{Result, SessionError};

/// The most words that the outputs of all layers take while a part of a prediction is computed.
const MAX_OUTPUT_WORDS: u64 = 1 << 23;

/// Inputs to predict for, `[k, input shape]`.
pub enum Pixels {
    /// Bytes as those of the data set, divided by the number that it names, 255 for images.
    U8(Vec<u8>),
    /// As they are.
    F32(Vec<f32>),
    /// Token ids.
    I32(Vec<i32>),
}

impl Pixels {
    fn values(&self) -> Values<'_> {
        match self {
            Self::U8(pixels) => Values::U8(pixels),
            Self::F32(pixels) => Values::F32(pixels),
            Self::I32(ids) => Values::I32(ids),
        }
    }
}

/// A prediction that is under way, part by part.
pub(super) struct Prediction {
    pixels: Pixels,
    /// The number that bytes are divided by.
    scale: f32,
    count: usize,
    done: usize,
    pub probabilities: Vec<f32>,
    running: Option<Part>,
}

/// A part of a prediction that is under way.
struct Part {
    loaded: LoadedPlan,
    images: usize,
    /// The number of shards, if workers compute it together.
    shards: Option<usize>,
}

impl Prediction {
    /// # Errors
    /// `wrong-length` if the pixels are not a whole number of inputs, at least one; `wrong-type` or `unknown-token` if they are not
    /// of the data set's type.
    pub fn new(model: &LoadedModel, pixels: Pixels, scale: f32) -> Result<Self> {
        model.check_values(pixels.values())?;
        let (input_len, len) = (model.input_len(), pixels.values().len());
        if len == 0 || len % input_len != 0 {
            return Err(SessionError::PixelsLength { size: input_len, got: len }.into());
        }
        Ok(Self { pixels, scale, count: len / input_len, done: 0, probabilities: Vec::new(), running: None })
    }

    /// Returns true if it is so long that workers compute parts of it together.
    pub fn is_long(&self, model: &LoadedModel, workers: usize) -> bool {
        self.count > workers * largest_part(model)
    }

    /// Goes on until `has_time` says no; true once the prediction is done. If the pool fails, its part begins again the
    /// next time.
    ///
    /// # Errors
    /// Errors of the backend.
    pub fn advance(
        &mut self,
        model: &LoadedModel,
        executor: &mut Executor,
        mut pool: Option<&mut WorkerPool>,
        has_time: &mut dyn FnMut() -> bool,
    ) -> Result<bool> {
        while self.done < self.count {
            let part = match self.running.take() {
                Some(part) => part,
                None => match self.begin_part(model, executor, pool.as_deref_mut())? {
                    Some(part) => part,
                    None => return Ok(false),
                },
            };
            let status = match (part.shards, pool.as_deref_mut()) {
                (Some(shards), Some(pool)) => {
                    let status =
                        pool.gather(executor, (ShardKind::Prediction, part.images, shards), &part.loaded, has_time);
                    match status {
                        Ok(status) => status,
                        Err(error) => {
                            self.running = Some(part);
                            pool.fail(error);
                            return Ok(false);
                        }
                    }
                }
                _ => executor.backend.run(part.loaded.handle, has_time)?,
            };
            if status == RunStatus::Unfinished {
                self.running = Some(part);
                return Ok(false);
            }
            match (part.shards, pool.as_deref_mut()) {
                (Some(_), Some(pool)) => self.probabilities.extend_from_slice(pool.gathered()),
                _ => {
                    let output = executor.backend.read(part.loaded.handle, &model.output_name())?;
                    self.probabilities.extend_from_slice(output.words());
                    executor.retained.outputs = Some(OutputHolder::Plan(part.loaded.handle));
                }
            }
            self.done += part.images;
            if self.done < self.count && !has_time() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Begins the next part; `None` if the pool fails. This thread computes the last part alone, so that the outputs of its
    /// layers can be read.
    fn begin_part(
        &mut self,
        model: &LoadedModel,
        executor: &mut Executor,
        pool: Option<&mut WorkerPool>,
    ) -> Result<Option<Part>> {
        let input_len = model.input_len();
        let (begin, left) = (self.done, self.count - self.done);
        // A result has to fit into the buffer of its task.
        let fits = model.outputs() <= input_len && !executor.in_flight.iter().any(|run| run.shards.is_some());
        if let Some(pool) = pool
            && fits
            && left > pool.workers() * largest_part(model)
        {
            let shards = pool.workers();
            let images = shards * largest_part(model);
            let kind = (ShardKind::Prediction, images, shards);
            let loaded = pool.hand_out(model, executor, kind, [0; 2], &mut |range, words, _| {
                self.write(begin + range.start..begin + range.end, input_len, words);
                Ok(())
            })?;
            return Ok(loaded.map(|loaded| Part { loaded, images, shards: Some(shards) }));
        }
        let images = largest_part(model).min(left);
        let loaded = executor.plan(model, PlanKey::Prediction(images))?;
        executor.backend.write_input(loaded.handle, graphs::INPUT, &mut |words| {
            self.write(begin..begin + images, input_len, words);
        })?;
        Ok(Some(Part { loaded, images, shards: None }))
    }

    /// Gives up a part that workers compute together. It begins again.
    pub fn restart_shared_part(&mut self, executor: &mut Executor) {
        if let Some(part) = self.running.take_if(|own| own.shards.is_some()) {
            executor.backend.cancel(part.loaded.handle);
        }
    }

    /// Returns true if workers compute the present part together.
    pub fn is_shared(&self) -> bool {
        self.running.as_ref().is_some_and(|part| part.shards.is_some())
    }

    /// Writes the pixels of a range of inputs.
    fn write(&self, range: Range<usize>, input_len: usize, words: &mut [f32]) {
        let range = range.start * input_len..range.end * input_len;
        match &self.pixels {
            Pixels::U8(pixels) => Values::U8(&pixels[range]).write(self.scale, words),
            Pixels::F32(pixels) => words.copy_from_slice(&pixels[range]),
            Pixels::I32(ids) => Values::I32(&ids[range]).write(self.scale, words),
        }
    }
}

/// Returns the number of images that one worker predicts at once.
fn largest_part(model: &LoadedModel) -> usize {
    let outputs = model.layers().iter().map(|layer| layer.output_shape.iter().product::<usize>() as u64);
    (MAX_OUTPUT_WORDS / outputs.sum::<u64>().max(1)).clamp(1, 256) as usize
}

impl Session {
    /// Predicts class probabilities, `[k, classes]`, and returns them with the number of classes. The outputs of all layers
    /// can be read afterwards; if k is so large that the prediction is done in parts, those of the last part.
    ///
    /// # Errors
    /// `wrong-length` if the pixels are not a whole number of inputs, at least one.
    pub fn predict(&mut self, pixels: Pixels) -> Result<(Vec<f32>, usize)> {
        self.start_prediction(pixels)?;
        loop {
            if let Some(result) = self.go_on_predicting(&mut || true)? {
                return Ok(result);
            }
        }
    }

    /// Returns the token ids of texts, `[k,sequenceLength]`.
    ///
    /// # Errors
    /// `no-texts` if the data set has none; `missing-data` before its vocabulary is there.
    pub fn token_ids<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<i32>> {
        let dataset = self.dataset();
        if dataset.info().text.is_none() {
            return Err(SessionError::NoTexts { dataset: dataset.info().name.clone() }.into());
        }
        let vectorization = dataset.vectorization().ok_or(SessionError::MissingData)?;
        let mut ids = Vec::new();
        texts.into_iter().for_each(|text| vectorization.append_ids(text, &mut ids));
        Ok(ids)
    }

    /// Begins a prediction, in place of one that is not done.
    ///
    /// # Errors
    /// As [`Session::predict`].
    pub fn start_prediction(&mut self, pixels: Pixels) -> Result<()> {
        let prediction = Prediction::new(&self.model, pixels, self.feeder.dataset.info().scale())?;
        if prediction.is_long(&self.model, self.workers()) {
            self.abandon_shared_work();
        }
        self.prediction = Some(prediction);
        Ok(())
    }

    /// Goes on with a prediction until `has_time` says no, and returns its result once it is done. Call it again otherwise,
    /// when woken if the backend works by itself.
    ///
    /// # Errors
    /// Errors of the backend.
    pub fn go_on_predicting(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<Option<(Vec<f32>, usize)>> {
        loop {
            let Self { prediction, model, executor, pool, .. } = self;
            let Some(prediction) = prediction else { return Ok(Some((Vec::new(), model.outputs()))) };
            let done = prediction.advance(model, executor, pool.as_mut(), has_time);
            if done.is_err() {
                self.prediction = None;
            }
            let done = done?;
            // Without the pool, the part begins again.
            if !self.retire_failed_pool() {
                let prediction = if done { self.prediction.take() } else { None };
                return Ok(prediction.map(|prediction| (prediction.probabilities, self.model.outputs())));
            }
        }
    }

    /// Returns true if a prediction cannot go on before a worker or the device has answered.
    pub fn is_prediction_waiting(&self) -> bool {
        self.is_asynchronous() || (self.is_prediction_shared() && self.is_pool_waiting())
    }

    pub(super) fn is_prediction_shared(&self) -> bool {
        self.prediction.as_ref().is_some_and(Prediction::is_shared)
    }
}
