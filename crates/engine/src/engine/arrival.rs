//! The data set's arrival: shards come in, and runs and requests that wait for them go on or fail.

use std::collections::VecDeque;

use super::Engine;
use super::phase::Phase;
use crate::data::{Dataset, DatasetInfo, Inputs, Part, Values};
use crate::error::{Error, Result};
use crate::protocol::{DataProgress, Event};

/// The shortest time between two download events, except for shards.
const DATA_EVENT_MS: f64 = 100.0;

/// Progress of the downloads.
#[derive(Default)]
pub(super) struct Download {
    /// Names of the data sets whose download has to be started.
    pub wanted: VecDeque<String>,
    /// The download of the data set in use has begun, or its examples were there at once.
    pub has_begun: bool,
    pub url: Option<String>,
    pub progress: DataProgress,
    pub error: Option<Error>,
    pub last_event_ms: f64,
}

/// A download that has to be started.
pub struct DownloadRequest {
    /// The folder of all data sets.
    pub data_url: String,
    /// The data set's name.
    pub name: String,
}

impl Engine {
    /// Returns a download that has to be started; each once.
    pub fn take_download_request(&mut self) -> Option<DownloadRequest> {
        let data_url = self.download.url.clone()?;
        self.download.wanted.pop_front().map(|name| DownloadRequest { data_url, name })
    }

    pub fn dataset(&self) -> &Dataset {
        self.session.dataset()
    }

    /// Takes the description of a data set, and reserves memory for all of it, so that it does not grow during training.
    ///
    /// # Errors
    /// `bad-data` if examples have arrived already and the description is another one.
    pub fn set_dataset_info(&mut self, info: DatasetInfo) -> Result<()> {
        if let Some(switch) = self.switch.as_mut().filter(|switch| switch.name() == info.name) {
            return switch.set_info(info);
        }
        if self.dataset().info().name == info.name {
            self.session.set_dataset_info(info)?;
        }
        Ok(())
    }

    pub fn bytes_arrived(&mut self, name: &str, loaded_bytes: f64, total_bytes: f64, now_ms: f64) {
        let Some(progress) = self.progress_mut(name) else { return };
        progress.loaded_bytes = loaded_bytes;
        progress.total_bytes = total_bytes;
        if now_ms - self.download.last_event_ms >= DATA_EVENT_MS {
            self.download.last_event_ms = now_ms;
            self.post_download(name);
        }
    }

    /// Takes a shard of a data set; one that nothing waits for any more is dropped.
    ///
    /// # Errors
    /// As [`Dataset::add`].
    pub fn shard_arrived(
        &mut self,
        name: &str,
        part: Part,
        inputs: Inputs<'_>,
        targets: Values<'_>,
        now_ms: f64,
    ) -> Result<()> {
        if let Some(switch) = self.switch.as_mut().filter(|switch| switch.name() == name) {
            switch.dataset.add_shard(part, inputs, targets)?;
        } else if self.dataset().info().name == name {
            self.session.dataset_mut().add_shard(part, inputs, targets)?;
            if self.phase.stop_waiting(now_ms) {
                self.show_state();
            }
        } else {
            return Ok(());
        }
        self.post_download(name);
        Ok(())
    }

    /// Ends the download of a data set. If it failed, requests that wait for its examples fail.
    pub fn download_ended(&mut self, name: &str, result: Result<()>, clock: &dyn Fn() -> f64) {
        if self.switch.as_ref().is_some_and(|switch| switch.name() == name) {
            return self.end_switch(result, clock);
        }
        let Err(error) = result else { return };
        if self.dataset().info().name != name {
            return;
        }
        self.download.error = Some(error.clone());
        self.download.progress.error = Some(error.clone().into());
        self.post_download(name);
        let unready = self.evaluations.take_unready(self.session.dataset(), self.session.training());
        for id in unready {
            self.reply(id, Err(error.clone().into()), Vec::new());
        }
        if matches!(self.phase, Phase::Waiting(_)) {
            self.fail_run(error, clock());
        }
        self.show_state();
    }

    /// Starts the download of the data set in use if it has not begun, or again if it failed; not while another data set is on its
    /// way to take the place.
    pub(super) fn fetch_dataset(&mut self) {
        let has_failed = self.download.error.take().is_some();
        let is_needed = !self.dataset().is_complete() && (has_failed || !self.download.has_begun);
        if !is_needed || self.switch.is_some() {
            return;
        }
        let name = self.dataset().info().name.clone();
        self.download.has_begun = true;
        self.download.progress.error = None;
        self.download.wanted.push_back(name.clone());
        self.post_download(&name);
    }

    /// Returns true if the shards of a data set are waited for.
    pub fn wants(&self, name: &str) -> bool {
        self.dataset().info().name == name || self.switch.as_ref().is_some_and(|switch| switch.name() == name)
    }

    fn progress_mut(&mut self, name: &str) -> Option<&mut DataProgress> {
        match &mut self.switch {
            Some(switch) if switch.name() == name => Some(&mut switch.progress),
            _ if self.session.dataset().info().name == name => Some(&mut self.download.progress),
            _ => None,
        }
    }

    /// Tells the page the progress of a data set.
    pub(super) fn post_download(&mut self, name: &str) {
        let (dataset, progress) = match &self.switch {
            Some(switch) if switch.name() == name => (&switch.dataset, &switch.progress),
            _ => (self.session.dataset(), &self.download.progress),
        };
        let progress = DataProgress {
            dataset: name.to_owned(),
            train_images: dataset.train_examples() as u32,
            test_images: dataset.test_examples() as u32,
            complete: dataset.is_complete(),
            ..progress.clone()
        };
        self.event(Event::Data(progress));
    }
}
