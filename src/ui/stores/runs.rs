//! The runs of this page and of earlier visits.

use leptos::prelude::*;

use crate::ui::features::runs::records::{RunRecord, Runs};

/// See the [module](self).
#[derive(Default)]
pub struct RunList {
    runs: RwSignal<Runs>,
}

impl RunList {
    pub fn runs(&self) -> ReadSignal<Runs> {
        self.runs.read_only()
    }

    /// Begins the present run.
    pub fn begin(&self, record: RunRecord) {
        self.runs.update(|runs| runs.begin(record));
    }

    /// Changes the record of the present run, if there is one.
    pub fn note(&self, change: impl FnOnce(&mut RunRecord)) {
        self.runs.update(|runs| {
            if let Some(present) = runs.present() {
                change(present);
            }
        });
    }

    /// Ends the present run.
    pub fn end(&self) {
        self.runs.update(Runs::end);
    }

    /// Goes on with the run that began at this time.
    pub fn resume(&self, begun_ms: f64) {
        self.runs.update(|runs| runs.resume(begun_ms));
    }

    pub fn rename(&self, number: u32, name: &str) {
        self.runs.update(|runs| runs.rename(number, name));
    }

    /// Shows or hides a run's curves.
    pub fn compare(&self, number: u32, is_compared: bool) {
        self.runs.update(|runs| runs.compare(number, is_compared));
    }

    /// Adds the runs of earlier visits.
    pub fn take_in(&self, earlier: Vec<RunRecord>) {
        self.runs.update(|runs| runs.take_in(earlier));
    }
}
