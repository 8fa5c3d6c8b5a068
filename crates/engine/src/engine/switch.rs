//! Switch to another data set: the request that names it waits until all of it has arrived. Until then, and if it fails, the
//! former data set stays.

use std::collections::VecDeque;

use super::Engine;
use super::commands::f32_arrays;
use crate::data::{Dataset, DatasetInfo, sources};
use crate::error::{DataError, Error, FetchFault, Result, SettingError};
use crate::model::catalogue::nearest;
use crate::model::spec::TrainingConfig;
use crate::protocol::{
    Answer, ArrayData, Command, DataProgress, DatasetDescription, Effect, Envelope, Request, RunState,
};
use crate::train::check_against;

/// A request that waits for its data set.
pub(super) struct Switch {
    request: Envelope<Request>,
    pub dataset: Dataset,
    pub progress: DataProgress,
    /// The download has begun again, because shards had come before the request.
    is_again: bool,
}

/// Requests that came after a switch and wait for it.
pub(super) type Held = VecDeque<Envelope<Request>>;

impl Switch {
    /// Returns the name of the data set.
    pub fn name(&self) -> &str {
        &self.dataset.info().name
    }

    /// Takes the description that came with the data set.
    ///
    /// # Errors
    /// `bad-data` if examples have arrived already and the description is another one.
    pub fn set_info(&mut self, info: DatasetInfo) -> Result<()> {
        describe(&mut self.dataset, info)
    }
}

/// Gives a data set the description that came with it, and reserves memory for all of it.
///
/// # Errors
/// `bad-data` if examples have arrived already and the description is another one.
pub(super) fn describe(dataset: &mut Dataset, info: DatasetInfo) -> Result<()> {
    if *dataset.info() != info {
        if dataset.train_examples() + dataset.test_examples() > 0 {
            return Err(DataError::ForeignDescription { dataset: info.name }.into());
        }
        *dataset = Dataset::new(info);
    }
    dataset.reserve();
    Ok(())
}

/// Returns the data set that a request names.
fn wanted(command: &Command) -> Option<&str> {
    match command {
        Command::SetTraining { config } => Some(&config.dataset),
        Command::Open { training, .. } => Some(&training.dataset),
        _ => None,
    }
}

impl Engine {
    /// Describes the data sets that a configuration can name.
    pub(super) fn datasets(&self) -> Vec<DatasetDescription> {
        sources::SOURCES.iter().map(|source| DatasetDescription::from(*source)).collect()
    }

    /// Returns true if a command names another data set than the one in use.
    pub(super) fn needs_other_dataset(&self, command: &Command) -> bool {
        wanted(command).is_some_and(|name| name != self.dataset().info().name)
    }

    /// Returns true if a command came behind a switch that it may depend on.
    pub(super) fn waits_for_switch(&self, command: &Command) -> bool {
        self.switch.is_some() && (command.effect() >= Effect::Trains || matches!(command, Command::Evaluate { .. }))
    }

    /// Begins to fetch or to make the data set that a request names. The request is answered when all of it is there.
    ///
    /// # Errors
    /// `unknown-dataset`, naming the nearest known one; if the configuration does not fit it.
    pub(super) fn begin_switch(&mut self, request: Envelope<Request>, clock: &dyn Fn() -> f64) -> Result<()> {
        let name = wanted(&request.message.command).unwrap_or_default();
        let source = sources::find(name).ok_or_else(|| unknown_dataset(name))?;
        let made = source.make()?;
        let (name, is_made) = (source.name, made.is_some());
        let dataset = made.unwrap_or_else(|| Dataset::new(source.info()));
        if !is_made && self.download.url.is_none() {
            let (file, reason) = (format!("{name}/manifest.json"), FetchFault::NoConnection);
            return Err(DataError::DataUnavailable { file, reason }.into());
        }
        if let Command::SetTraining { config } = &request.message.command {
            check_against(&self.adapted(config.clone(), dataset.info()), &dataset)?;
        }
        self.switch = Some(Switch { request, dataset, progress: DataProgress::default(), is_again: false });
        if is_made {
            self.end_switch(Ok(()), clock);
        } else {
            self.download.wanted.push_back(name.to_owned());
            self.post_download(name);
        }
        Ok(())
    }

    /// Ends the switch: carries its request out on the new data set or, if that did not come, answers with the error.
    pub(super) fn end_switch(&mut self, arrived: Result<()>, clock: &dyn Fn() -> f64) {
        if let Some(switch) = &mut self.switch
            && arrived.is_ok()
            && !switch.dataset.is_complete()
            && !switch.is_again
        {
            // A download of before was still at work, and its first shards had come for no one.
            switch.is_again = true;
            switch.dataset = Dataset::new(switch.dataset.info().clone());
            let name = switch.name().to_owned();
            return self.download.wanted.push_back(name);
        }
        let Some(Switch { request, dataset, progress, .. }) = self.switch.take() else { return };
        let Envelope { message: Request { id, command }, arrays } = request;
        let name = dataset.info().name.clone();
        let result = arrived.and_then(|()| {
            if !dataset.is_complete() {
                return Err(DataError::ForeignDescription { dataset: name.clone() }.into());
            }
            self.use_dataset(dataset, command, arrays, clock)
        });
        match result {
            Ok(answer) => {
                self.download.progress = DataProgress { error: None, ..progress };
                self.download.error = None;
                self.download.has_begun = true;
                self.reply(id, Ok(answer), Vec::new());
                self.post_download(&name);
            }
            Err(error) => {
                let former = self.dataset().info().name.clone();
                self.post_download(&former);
                self.reply(id, Err(error.into()), Vec::new());
                self.fetch_dataset();
            }
        }
        while self.switch.is_none()
            && let Some(request) = self.held.pop_front()
        {
            self.handle(request, clock);
        }
    }

    /// Returns a configuration for another data set: a number of examples that it leaves as it was follows the data set, and the way
    /// of splitting texts goes with them.
    fn adapted(&self, config: TrainingConfig, info: &DatasetInfo) -> TrainingConfig {
        let (total, before) = (info.train_total as u32, self.session.training().train_samples);
        let train_samples = match config.train_samples {
            own if own != before => own,
            own if own as usize == self.dataset().info().train_total => total,
            own => own.min(total),
        };
        let text = match info.text {
            Some(own) => Some(config.text.unwrap_or(own)),
            None => config.text.filter(|own| Some(*own) != self.session.training().text),
        };
        TrainingConfig { train_samples, text, ..config }
    }

    /// Carries out a request on a data set that has arrived.
    fn use_dataset(
        &mut self,
        dataset: Dataset,
        command: Command,
        arrays: Vec<ArrayData>,
        clock: &dyn Fn() -> f64,
    ) -> Result<Answer> {
        match command {
            Command::SetTraining { config } => {
                let config = self.adapted(config, dataset.info());
                self.session.set_dataset(dataset, config)?;
                self.refuse_snapshots();
                self.resize_pool();
                self.end_run(RunState::Stopped, None, clock());
                self.snapshots.note_change();
                Ok(Answer::Training(self.session.training().clone()))
            }
            Command::Open { model, training, snapshot } => {
                let arrays = f32_arrays(arrays)?;
                let summary = self.session.open_with(dataset, &model, &training, &snapshot, &arrays)?;
                self.resize_pool();
                self.begin_anew(clock());
                Ok(Answer::Summary(summary))
            }
            // No other request names a data set.
            _ => Ok(Answer::Done),
        }
    }
}

fn unknown_dataset(name: &str) -> Error {
    let known = || sources::SOURCES.iter().map(|source| source.name);
    let dataset = name.chars().take(64).collect();
    match nearest(name, known()) {
        Some(nearest) => {
            SettingError::MisspeltDataset { dataset, nearest: nearest.to_owned(), known: known().collect() }.into()
        }
        None => SettingError::UnknownDataset { dataset, known: known().collect() }.into(),
    }
}
