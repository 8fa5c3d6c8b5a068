//! The engine as it reports itself: backend, kernels, data set, and the training configuration that it has.

use leptos::prelude::*;

use crate::ui::text::{locale, t, t_with};
use chalkgrad_engine::data::DatasetInfo;
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::protocol::{BackendInfo, DataProgress};

/// See the [module](self).
pub struct EngineReports {
    training: RwSignal<TrainingConfig>,
    backend: RwSignal<Option<BackendInfo>>,
    kernels: RwSignal<(u32, u32)>,
    data: RwSignal<DataProgress>,
    fetched: RwSignal<Option<DataProgress>>,
    added: RwSignal<Vec<DatasetInfo>>,
}

impl Default for EngineReports {
    fn default() -> Self {
        Self {
            training: RwSignal::new(TrainingConfig::default()),
            backend: RwSignal::new(None),
            kernels: RwSignal::new((0, 0)),
            data: RwSignal::new(DataProgress::default()),
            fetched: RwSignal::new(None),
            added: RwSignal::new(Vec::new()),
        }
    }
}

impl EngineReports {
    /// The training configuration.
    pub fn training(&self) -> ReadSignal<TrainingConfig> {
        self.training.read_only()
    }

    pub fn backend(&self) -> ReadSignal<Option<BackendInfo>> {
        self.backend.read_only()
    }

    /// GPU kernels compiled so far, and in total.
    pub fn kernels(&self) -> ReadSignal<(u32, u32)> {
        self.kernels.read_only()
    }

    /// The progress of the data set.
    pub fn data(&self) -> ReadSignal<DataProgress> {
        self.data.read_only()
    }

    /// Progress of a data set that is fetched to take the place of the one in use.
    pub fn fetched(&self) -> ReadSignal<Option<DataProgress>> {
        self.fetched.read_only()
    }

    /// Data sets that are not in the catalogue.
    pub fn added(&self) -> ReadSignal<Vec<DatasetInfo>> {
        self.added.read_only()
    }

    /// Describes the backend and the reason for its choice and, while a GPU compiles kernels, the progress.
    pub fn backend_text(&self) -> String {
        let Some(detail) =
            self.backend.with(|backend| backend.as_ref().map(|info| locale().backend_text(&info.detail)))
        else {
            return t("engine_starts");
        };
        match self.kernels.get() {
            (ready, total) if ready == total => detail,
            (ready, total) => {
                detail + &t_with("kernels_ready", &[("ready", &ready.to_string()), ("total", &total.to_string())])
            }
        }
    }

    pub fn set_training(&self, config: TrainingConfig) {
        if self.training.with_untracked(|training| *training != config) {
            self.training.set(config);
        }
    }

    /// Takes over the backend. Returns true if it is another one.
    pub fn set_backend(&self, backend: &BackendInfo) -> bool {
        let is_new = self.backend.with_untracked(|before| before.as_ref() != Some(backend));
        if is_new {
            self.kernels.set((0, 0));
        }
        self.backend.set(Some(backend.clone()));
        is_new
    }

    /// Takes over how many GPU kernels have been compiled, and of how many.
    pub fn set_kernels(&self, ready: u32, total: u32) {
        self.kernels.set((ready, total));
    }

    /// Takes over the progress of a data set that is to take the place of the one in use.
    pub fn set_fetched(&self, progress: DataProgress) {
        self.fetched.set(Some(progress));
    }

    /// Notes that no other data set is on its way any more. Returns its last progress.
    pub fn end_fetch(&self) -> Option<DataProgress> {
        let is_fetching = self.fetched.with_untracked(Option::is_some);
        is_fetching.then(|| self.fetched.try_update(Option::take)).flatten().flatten()
    }

    pub fn set_data(&self, progress: &DataProgress) {
        if self.data.with_untracked(|data| data != progress) {
            self.data.set(progress.clone());
        }
    }
}
