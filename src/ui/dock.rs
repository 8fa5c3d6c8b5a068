//! State of the dock besides the curves: earlier runs, histograms over time, the log, and the open tab.

use wasm_bindgen_futures::spawn_local;

use super::bins::{Snapshot, Track};
use super::browser::{clock_time, now_ms};
use super::charted_history::{ChartedHistory, Quantity};
use super::features::curves::CurvesView;
use super::format;
use super::runs::{RunRecord, RunSeries, Runs};
use super::state::{NoticeKind, State};
use super::text::{locale, report_text, t_with};
use chalkgrad_engine::protocol::requests::{Inspect, Profile};
use chalkgrad_engine::protocol::{BackendDetail, EpochReport, ErrorReport, RunState};
use leptos::prelude::*;

/// The most entries that the log keeps.
const MAX_ENTRIES: usize = 300;

/// Maximum number of weights of a layer that is read at the end of every epoch even if its histograms are not visible.
const MAX_UNASKED: usize = 300_000;

/// See the [module](self).
pub struct Dock {
    /// The key of the open tab.
    pub tab: RwSignal<&'static str>,
    pub curves: CurvesView,
    pub runs: RwSignal<Runs>,
    pub tracks: RwSignal<Vec<Track>>,
    /// The oldest first.
    pub log: RwSignal<Vec<Entry>>,
    /// Entries that have been written so far.
    written: StoredValue<u32>,
}

impl Default for Dock {
    fn default() -> Self {
        Self {
            tab: RwSignal::new("curves"),
            curves: CurvesView::default(),
            runs: RwSignal::new(Runs::default()),
            tracks: RwSignal::new(Vec::new()),
            log: RwSignal::new(Vec::new()),
            written: StoredValue::new(0),
        }
    }
}

/// A line of the log.
#[derive(Clone)]
pub struct Entry {
    pub id: u32,
    /// As a clock shows it.
    pub time: String,
    /// `"note"`, `"warning"` or `"error"`.
    pub kind: &'static str,
    said: Said,
}

#[derive(Clone)]
enum Said {
    /// The key of a text and its values.
    Text(&'static str, Vec<(&'static str, String)>),
    Report(ErrorReport),
    Backend(BackendDetail),
}

impl Entry {
    /// Returns the text in the language of the page.
    pub fn text(&self) -> String {
        match &self.said {
            Said::Text(key, values) => {
                let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                t_with(key, &values)
            }
            Said::Report(report) => report_text(report),
            Said::Backend(detail) => t_with("log_backend", &[("detail", &locale().backend_text(detail))]),
        }
    }
}

impl State {
    // The log.

    /// Writes a line: the key of a text, and its values.
    pub fn log(&self, key: &'static str, values: Vec<(&'static str, String)>) {
        self.write("note", Said::Text(key, values));
    }

    pub fn log_backend(&self, detail: BackendDetail) {
        self.write("note", Said::Backend(detail));
    }

    pub fn log_report(&self, kind: NoticeKind, report: &ErrorReport) {
        let kind = match kind {
            NoticeKind::Note => "note",
            NoticeKind::Warning => "warning",
            NoticeKind::Error | NoticeKind::Data => "error",
        };
        self.write(kind, Said::Report(report.clone()));
    }

    fn write(&self, kind: &'static str, said: Said) {
        let id = self.dock.written.get_value() + 1;
        self.dock.written.set_value(id);
        self.dock.log.update(|log| {
            log.push(Entry { id, time: clock_time(), kind, said });
            let surplus = log.len().saturating_sub(MAX_ENTRIES);
            log.drain(..surplus);
        });
    }

    /// Writes how long each kernel of a training step takes on the GPU: the longest ones last, so that they stand on top.
    pub fn log_profile(&self) {
        const MOST: usize = 12;
        let (state, response) = (*self, self.client().request(Profile {}));
        spawn_local(async move {
            match response.await {
                Ok(kernels) => {
                    let total: f64 = kernels.iter().map(|kernel| kernel.ms).sum();
                    for kernel in kernels.iter().take(MOST).rev() {
                        let values = vec![
                            ("ms", format::fixed(kernel.ms, 2)),
                            ("share", format::percent((kernel.ms / total.max(1e-9)) as f32, 0)),
                            ("kernel", kernel.name.clone()),
                            ("shape", format::shape(&kernel.shape)),
                            ("dispatches", kernel.dispatches.to_string()),
                        ];
                        state.log("log_kernel", values);
                    }
                    let dispatches: u32 = kernels.iter().map(|kernel| kernel.dispatches).sum();
                    let values = vec![("ms", format::fixed(total, 2)), ("dispatches", dispatches.to_string())];
                    state.log("log_profile", values);
                }
                Err(report) => state.log_report(NoticeKind::Note, &report),
            }
        });
    }

    pub(super) fn log_state(&self, state: RunState) {
        let key = match state {
            RunState::Training => "log_training",
            RunState::Paused => "log_paused",
            RunState::Waiting => "log_waiting",
            RunState::Done if self.stopped_by.with_untracked(Option::is_some) => "log_stopped_early",
            RunState::Done => "log_done",
            RunState::Stopped => "log_stopped",
            RunState::Failed => "log_failed",
            RunState::Idle | RunState::Evaluating => return,
        };
        self.log(key, vec![("step", format::count(self.steps() as usize))]);
    }

    pub(super) fn log_epoch(&self, report: &EpochReport) {
        let mut values = vec![
            ("epoch", (report.epoch + 1).to_string()),
            ("loss", format::loss(report.loss)),
            ("accuracy", format::percent(report.accuracy, 2)),
            ("speed", format::count(report.images_per_second.max(0.0) as usize)),
        ];
        match report.val_loss.map(|loss| (loss, report.val_accuracy.unwrap_or(f32::NAN))) {
            None => self.log("log_epoch", values),
            Some((loss, accuracy)) => {
                values.extend([("val_loss", format::loss(loss)), ("val_accuracy", format::percent(accuracy, 2))]);
                self.log("log_epoch_validated", values);
            }
        }
    }

    // Runs.

    /// Notes where the present run stands; it begins with its first step.
    pub(super) fn note_run(&self) {
        let steps = self.charted.with_untracked(ChartedHistory::steps);
        if steps == 0 {
            return;
        }
        let has_begun = self.dock.runs.with_untracked(Runs::present_begun).is_some();
        if !has_begun {
            let backend = self.backend.with_untracked(|backend| backend.as_ref().map(|info| info.backend.clone()));
            let record = RunRecord::new(
                now_ms(),
                self.engine_model(),
                self.checked.with_untracked(|checked| checked.params()),
                self.training.get_untracked(),
                backend.unwrap_or_default(),
            );
            self.dock.runs.update(|runs| runs.begin(record));
        }
        let test_accuracy = self.result.with_untracked(|result| result.as_ref().and_then(|r| r.evaluation.accuracy));
        let images_per_second = self.batch.with_untracked(|batch| batch.as_ref().map(|batch| batch.images_per_second));
        let batch_size = self.training.with_untracked(|training| f64::from(training.batch_size.max(1)));
        let steps_per_second = images_per_second.map(|images| images / batch_size);
        self.dock.runs.update(|runs| {
            if let Some(present) = runs.present() {
                present.steps = steps;
                self.charted.with_untracked(|charted| {
                    present.epochs = charted.with_epochs(<[EpochReport]>::len) as u32;
                    present.series = RunSeries::of(charted);
                    // JSON has no other numbers.
                    let first_loss = charted.at(Quantity::Loss, 1).map(|(loss, _)| loss);
                    present.first_loss = first_loss.filter(|loss| loss.is_finite());
                    present.seconds = charted.seconds(steps_per_second);
                });
                present.test_accuracy = test_accuracy;
            }
        });
    }

    /// Ends the run of the current weights, which are discarded.
    pub(super) fn end_run(&self) {
        self.note_run();
        self.dock.runs.update(Runs::end);
        self.dock.tracks.set(Vec::new());
    }

    /// Takes over model and training configuration of an earlier run.
    pub fn restore_run(&self, number: u32) {
        let found = self
            .dock
            .runs
            .with_untracked(|runs| runs.get(number).map(|record| (record.model.clone(), record.training.clone())));
        let Some((model, training)) = found else { return };
        self.set_training(training);
        self.edit(|history| history.replace(&model));
        self.selected.set(None);
        self.log("log_restored", vec![("run", number.to_string())]);
    }

    // Histograms.

    /// Returns the tensors for a layer's histograms, its main weights and their gradient, given its index.
    pub fn histogram_names(&self, index: usize) -> Option<[String; 2]> {
        self.checked.with(|checked| {
            let layer = checked.layers.get(index)?;
            let weight = layer.weights.iter().find(|weight| weight.trainable)?;
            Some(["", "grad "].map(|prefix| format!("{prefix}{}.{}", layer.name, weight.name)))
        })
    }

    /// Reads tensors at once, all with one request, and adds their histograms; calls `then` afterwards.
    pub fn sample_histograms(&self, names: Vec<String>, then: Box<dyn FnOnce()>) {
        if names.is_empty() {
            return then();
        }
        let (state, step) = (*self, self.steps());
        let image = self.input_now();
        let response = self.client().request(Inspect { names: names.clone(), image });
        spawn_local(async move {
            if let Ok(tensors) = response.await {
                state.dock.tracks.update(|tracks| {
                    // A gradient is not there before the first step.
                    for (name, tensor) in names.into_iter().zip(tensors).filter(|(_, tensor)| !tensor.values.is_empty())
                    {
                        let snapshot = Snapshot::new(step, &tensor.values);
                        match tracks.iter_mut().find(|track| track.name == name) {
                            Some(track) => track.add(snapshot),
                            None => tracks.push(Track { name, snapshots: vec![snapshot] }),
                        }
                    }
                });
            }
            then();
        });
    }

    /// Samples the histograms of all layers before the first step, whose weights are gone after it. A run that a script
    /// begins has none of them, because a script's requests do not wait for the page.
    pub(super) fn sample_first_histograms(&self) {
        if self.steps() == 0 {
            self.client().leave_pretrained();
            self.sample_all_histograms();
        }
    }

    /// Samples the histograms of all layers: at the end of an epoch too, so that a history exists when the tab is opened.
    pub(super) fn sample_all_histograms(&self) {
        let layers =
            self.checked.with_untracked(|checked| checked.layers.iter().map(|layer| layer.params).collect::<Vec<_>>());
        let small = (0..layers.len()).filter(|index| layers[*index] <= MAX_UNASKED);
        let names = small.filter_map(|index| leptos::prelude::untrack(|| self.histogram_names(index))).flatten();
        self.sample_histograms(names.collect(), Box::new(|| {}));
    }
}
