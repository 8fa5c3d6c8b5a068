//! Sessions as [checkpoints](crate::checkpoint), and weights that were trained elsewhere.

use super::model::LoadedModel;
use super::setup::{check_against, fit};
use super::tensors::{matched, vocabulary_of};
use super::{Provenance, Session};
use crate::checkpoint::Checkpoint;
use crate::data::Dataset;
use crate::error::{Result, SessionError};
use crate::history::TrainingHistory;
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::protocol::{ModelSummary, SnapshotInfo};

impl Session {
    /// Returns the contents of a file, without the history, which the session does not keep.
    ///
    /// # Errors
    /// If the backend cannot read a state.
    pub fn checkpoint(&mut self) -> Result<Checkpoint> {
        let (snapshot, arrays) = self.snapshot()?;
        Ok(Checkpoint {
            model: self.model.spec().clone(),
            training: self.model.config().clone(),
            snapshot,
            arrays,
            history: TrainingHistory::default(),
            backend: "cpu".to_owned(),
            workers: self.workers() as u32,
            test_accuracy: None,
        })
    }

    /// Goes to the state of another session when the snapshot was taken: model, configuration, states and position.
    /// Training stops.
    ///
    /// # Errors
    /// Errors of [`Session::set_model`] and [`Session::set_training`]; `wrong-snapshot` if the arrays are not those of
    /// the model. Nothing is then changed.
    pub fn open(
        &mut self,
        model: &ModelSpec,
        training: &TrainingConfig,
        info: &SnapshotInfo,
        arrays: &[Vec<f32>],
    ) -> Result<ModelSummary> {
        self.check_training(training)?;
        self.open_on(model, training, info, arrays, None)
    }

    /// Goes to the state of a session on another data set, as [`Session::open`] does.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open_with(
        &mut self,
        dataset: Dataset,
        model: &ModelSpec,
        training: &TrainingConfig,
        info: &SnapshotInfo,
        arrays: &[Vec<f32>],
    ) -> Result<ModelSummary> {
        check_against(training, &dataset)?;
        self.open_on(model, training, info, arrays, Some(dataset))
    }

    fn open_on(
        &mut self,
        model: &ModelSpec,
        training: &TrainingConfig,
        info: &SnapshotInfo,
        arrays: &[Vec<f32>],
        dataset: Option<Dataset>,
    ) -> Result<ModelSummary> {
        let dataset_info = dataset.as_ref().unwrap_or(&self.feeder.dataset).info().clone().with_text(training.text);
        let training = &TrainingConfig { text: dataset_info.text, ..training.clone() };
        let model = LoadedModel::new(model, training, &dataset_info.schema)?;
        let mismatch = fit(&model)?;
        let info = &model.present_info(info);
        let states = matched(model.states(), info, arrays)?;
        let vocabulary = vocabulary_of(info, training.text)?;
        self.model = model;
        self.mismatch = mismatch;
        if let Some(dataset) = dataset {
            self.replace_dataset(dataset);
        }
        self.reset();
        self.use_vocabulary(vocabulary);
        self.go_to(info, arrays, &states);
        Ok(self.summary())
    }

    /// Shows the predictions of pretrained weights. The first step, write or change of the model restores the seed's
    /// weights.
    ///
    /// # Errors
    /// `already-trained` if the weights are the user's already, `wrong-snapshot` if they are those of another model.
    pub fn show_pretrained(&mut self, info: &SnapshotInfo, arrays: &[Vec<f32>]) -> Result<()> {
        self.settle();
        if self.weights == Provenance::Trained || self.training.is_running() {
            return Err(SessionError::AlreadyTrained.into());
        }
        let weights = self.model.weights().map(|(name, weight)| (name, weight.shape.clone())).collect();
        self.executor.write_states(&matched(weights, info, arrays)?);
        self.weights = Provenance::ShowingPretrained;
        Ok(())
    }

    /// Brings back the weights of the seed if pretrained ones are shown.
    pub(super) fn leave_pretrained(&mut self) {
        if self.weights == Provenance::ShowingPretrained {
            self.write_weights();
        }
    }
}
