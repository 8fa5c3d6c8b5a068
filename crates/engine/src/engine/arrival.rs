//! The data set's arrival: shards come in, and runs and requests that wait for them go on or fail.

use super::Engine;
use super::phase::Phase;
use crate::data::{Dataset, DatasetInfo, Part};
use crate::error::{DataError, Error, Result};
use crate::protocol::{DataProgress, Event};

/// The shortest time between two download events, except for shards.
const DATA_EVENT_MS: f64 = 100.0;

/// Progress of the data set's download.
#[derive(Default)]
pub(super) struct Download {
    /// It has to be started.
    pub wanted: bool,
    pub url: Option<String>,
    pub progress: DataProgress,
    pub error: Option<Error>,
    pub last_event_ms: f64,
}

impl Engine {
    /// Returns the URL to load from if the download has to be started; once.
    pub fn take_download_request(&mut self) -> Option<String> {
        std::mem::take(&mut self.download.wanted).then(|| self.download.url.clone()).flatten()
    }

    pub fn dataset(&self) -> &Dataset {
        self.session.dataset()
    }

    /// Takes the description of the data set, and reserves memory for all of it, so that it does not grow during training.
    ///
    /// # Errors
    /// `bad-data` if images have arrived already and the description is another one.
    pub fn set_dataset_info(&mut self, info: DatasetInfo) -> Result<()> {
        let dataset = self.session.dataset_mut();
        if *dataset.info() != info {
            if dataset.train_images() + dataset.test_images() > 0 {
                return Err(DataError::DescriptionChanged { dataset: info.name }.into());
            }
            let train_total = info.train_total as u32;
            *dataset = Dataset::new(info);
            let mut config = self.session.training().clone();
            if config.train_samples > train_total {
                config.train_samples = train_total;
                self.session.set_training(config)?;
            }
        }
        self.session.dataset_mut().reserve();
        Ok(())
    }

    pub fn bytes_arrived(&mut self, loaded_bytes: f64, total_bytes: f64, now_ms: f64) {
        self.download.progress.loaded_bytes = loaded_bytes;
        self.download.progress.total_bytes = total_bytes;
        if now_ms - self.download.last_event_ms >= DATA_EVENT_MS {
            self.download.last_event_ms = now_ms;
            self.post_download();
        }
    }

    /// # Errors
    /// As [`Dataset::add`].
    pub fn shard_arrived(&mut self, part: Part, pixels: &[u8], labels: &[u8], now_ms: f64) -> Result<()> {
        self.session.dataset_mut().add(part, pixels, labels)?;
        if self.phase.stop_waiting(now_ms) {
            self.show_state();
        }
        self.post_download();
        Ok(())
    }

    /// Ends the download. If it failed, requests that wait for its images fail.
    pub fn download_ended(&mut self, result: Result<()>, now_ms: f64) {
        let Err(error) = result else { return };
        self.download.error = Some(error.clone());
        self.download.progress.error = Some(error.clone().into());
        self.post_download();
        let unready = self.evaluations.take_unready(self.session.dataset(), self.session.training());
        for id in unready {
            self.reply(id, Err(error.clone().into()), Vec::new());
        }
        if matches!(self.phase, Phase::Waiting(_)) {
            self.fail_run(error, now_ms);
        }
        self.show_state();
    }

    /// Starts the download again if it failed.
    pub(super) fn retry_download(&mut self) {
        if self.download.error.take().is_some() {
            self.download.progress.error = None;
            self.download.wanted = true;
            self.post_download();
        }
    }

    fn post_download(&mut self) {
        let dataset = self.session.dataset();
        let progress = &mut self.download.progress;
        progress.train_images = dataset.train_images() as u32;
        progress.test_images = dataset.test_images() as u32;
        progress.complete = dataset.is_complete();
        let progress = progress.clone();
        self.event(Event::Data(progress));
    }
}
