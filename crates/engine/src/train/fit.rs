//! A model and its data as one value to fit, evaluate and predict with: the [session](super::Session) for programs that
//! wait for each answer.

use super::{Goal, Pixels, Progress, Session};
use crate::backend::cpu::CpuBackend;
use crate::data::Dataset;
use crate::error::{Error, Result, SessionError};
use crate::model::spec::{LayerSpec, ModelSpec, TrainingConfig};
use crate::protocol::{EpochReport, Evaluation, Split};

/// See the [module](self).
pub struct Model {
    session: Session,
}

impl Model {
    /// Makes a session on the CPU with a stack of layers and a data set.
    ///
    /// # Errors
    /// If a layer is invalid or does not fit its input.
    pub fn sequential(layers: impl IntoIterator<Item = LayerSpec>, data: Dataset) -> Result<Self> {
        let input_shape = data.schema().input.shape.clone();
        let spec = ModelSpec { name: None, input_shape, layers: layers.into_iter().collect() };
        Ok(Self { session: Session::with(Box::new(CpuBackend::new()), data, spec)? })
    }

    /// Returns the session behind it.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Trains for the configured epochs, on all training images that have arrived or as many as are configured, and tells
    /// of each epoch.
    ///
    /// # Errors
    /// If the configuration is invalid, images are missing, or a loss is no number.
    pub fn fit(&mut self, config: TrainingConfig, mut each_epoch: impl FnMut(&EpochReport)) -> Result<()> {
        let train_total = self.session.dataset().info().train_total as u32;
        let train_samples = config.train_samples.min(train_total);
        self.session.set_training(TrainingConfig { train_samples, ..config })?;
        self.session.start(Goal::default())?;
        loop {
            match self.session.advance(&mut || true)? {
                Progress::Epoch(report) => each_epoch(&report),
                Progress::Finished => return Ok(()),
                Progress::WaitingForData => return Err(missing_images()),
                _ => {}
            }
        }
    }

    /// Loss and accuracy on all test images.
    ///
    /// # Errors
    /// If images are missing.
    pub fn evaluate(&mut self) -> Result<Evaluation> {
        self.session.start_evaluation(Split::Test, None)?;
        loop {
            match self.session.advance(&mut || true)? {
                Progress::Evaluated(evaluation, _) => return Ok(evaluation),
                Progress::WaitingForData => return Err(missing_images()),
                _ => {}
            }
        }
    }

    /// Class probabilities `[k, classes]` of `k` images, 0 to 255.
    ///
    /// # Errors
    /// If the pixels are not a whole number of images.
    pub fn predict(&mut self, pixels: Vec<u8>) -> Result<Vec<f32>> {
        Ok(self.session.predict(Pixels::U8(pixels))?.0)
    }

    /// Class probabilities `[k, classes]` of `k` texts.
    ///
    /// # Errors
    /// If the data set has no texts.
    pub fn predict_texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<f32>> {
        let ids = self.session.token_ids(texts)?;
        Ok(self.session.predict(Pixels::I32(ids))?.0)
    }
}

fn missing_images() -> Error {
    SessionError::MissingData.into()
}
