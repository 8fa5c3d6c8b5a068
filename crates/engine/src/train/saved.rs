//! Sessions as [checkpoints](crate::checkpoint), and weights that were trained elsewhere.

use super::tensors::{matched, states, weights};
use super::{Session, sampler};
use crate::checkpoint::{Checkpoint, Course};
use crate::error::{Error, Result};
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::protocol::{ModelSummary, SnapshotInfo};

impl Session {
    /// All that a file needs to hold. The history is whoever's who has listened.
    ///
    /// # Errors
    /// If the backend cannot read a state.
    pub fn checkpoint(&mut self) -> Result<Checkpoint> {
        let (snapshot, arrays) = self.snapshot()?;
        Ok(Checkpoint {
            model: self.spec.clone(),
            training: self.config.clone(),
            snapshot,
            arrays,
            course: Course::default(),
            backend: "cpu".to_owned(),
            workers: self.workers() as u32,
            test_accuracy: None,
        })
    }

    /// Goes to where another session was when the snapshot was taken: model, configuration, states and position. Training
    /// stops.
    ///
    /// # Errors
    /// Those of [`Session::set_model`] and [`Session::set_training`]; `wrong-snapshot` if the arrays are not those of the
    /// model. Nothing is then changed.
    pub fn open(
        &mut self,
        model: &ModelSpec,
        training: &TrainingConfig,
        info: &SnapshotInfo,
        arrays: &[Vec<f32>],
    ) -> Result<ModelSummary> {
        self.check_training(training)?;
        let layers = self.check_model(model, training)?;
        let states = matched(states(&layers, training), info, arrays)?;
        self.layers = layers;
        self.spec = model.clone();
        self.config = training.clone();
        self.sampler = sampler(training);
        self.reset();
        self.go_to(info, arrays, &states);
        Ok(self.summary())
    }

    /// Lets weights serve predictions that were trained elsewhere. The first step, write or change of the model brings
    /// back those of the seed.
    ///
    /// # Errors
    /// `already-trained` if the weights are the user's already, `wrong-snapshot` if they are those of another model.
    pub fn show_pretrained(&mut self, info: &SnapshotInfo, arrays: &[Vec<f32>]) -> Result<()> {
        if !self.untouched || self.run.is_some() {
            return Err(Error::new("already-trained", "model").expected("one that nobody has trained"));
        }
        for (name, value) in matched(weights(&self.layers, false), info, arrays)? {
            self.backend.write_state(&name, &value);
        }
        self.shows_pretrained = true;
        Ok(())
    }

    /// Brings back the weights of the seed, if others are shown.
    pub(super) fn leave_pretrained(&mut self) {
        if self.shows_pretrained {
            self.write_weights();
        }
    }
}
