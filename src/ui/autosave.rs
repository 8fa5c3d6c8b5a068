//! Keeps the experiment in the browser, and offers it on the next visit; and the history of runs, which is there again.
//!
//! There are two places. A visit writes to the one that the last visit did not use, so that what it offers stays there
//! until the next one.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Uint8Array;
use leptos::prelude::document;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::browser::{after_ms, callback, cancel, get, now_ms};
use super::runs::{RunRecord, Runs};
use super::state::{NoticeKind, State};
use super::storage;
use super::text::t_once;
use crate::api::files;
use crate::client::{Change, report};
use crate::transport;
use chalkgrad_engine::protocol::{ErrorReport, Event, RunState};

/// At most one write in so many milliseconds, unless the page goes out of sight.
const EVERY_MS: f64 = 5_000.0;
/// While it trains, one write in so many.
const WHILE_TRAINING_MS: i32 = 30_000;
/// After an edit: there may be another one at once.
const AFTER_EDIT_MS: i32 = 1_500;
const AT_ONCE_MS: i32 = 50;

/// Larger ones are for a file: to write them takes the page's thread too long.
const MAX_BYTES: u32 = 32 << 20;

const PLACES: [&str; 2] = ["first", "second"];
const LATEST: &str = "latest";
const RUNS: &str = "runs";

/// What was kept last.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// An index of [`PLACES`].
    place: u32,
    pub saved_ms: f64,
    pub step: u32,
    pub epoch: u32,
    /// The number of its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<u32>,
}

pub struct Autosave {
    state: State,
    /// Something has changed since the last write.
    is_dirty: Cell<bool>,
    is_busy: Cell<bool>,
    /// Where this visit writes to; `None` until it is known what is there.
    place: Cell<Option<u32>>,
    last_ms: Cell<f64>,
    /// When the next write is due, and its timer.
    due: Cell<Option<(f64, i32)>>,
    has_failed: Cell<bool>,
}

/// Starts to keep what happens from here on, and offers what was kept before.
pub fn start(state: State) -> Rc<Autosave> {
    let autosave = Rc::new(Autosave {
        state,
        is_dirty: Cell::new(false),
        is_busy: Cell::new(false),
        place: Cell::new(None),
        last_ms: Cell::new(0.0),
        due: Cell::new(None),
        has_failed: Cell::new(false),
    });
    let (events, changes, hidden) = (autosave.clone(), autosave.clone(), autosave.clone());
    state
        .client()
        .subscribe(move |event, _| match event {
            Event::Batch(_) => events.soon(WHILE_TRAINING_MS),
            Event::Epoch(_) => events.soon(AT_ONCE_MS),
            Event::State { state: RunState::Paused | RunState::Done | RunState::Stopped } if events.is_dirty.get() => {
                events.soon(AT_ONCE_MS);
            }
            _ => {}
        })
        .forever();
    state
        .client()
        .subscribe_changes(move |change| {
            if matches!(change, Change::Model(..) | Change::Training(_) | Change::Weights | Change::Opened { .. }) {
                changes.soon(AFTER_EDIT_MS);
            }
        })
        .forever();
    let on_hidden = callback(Box::new(move |_| {
        if get(&document(), "hidden").is_truthy() && hidden.is_dirty.get() {
            hidden.write();
        }
    }));
    // It fails in no browser.
    let _ = document().add_event_listener_with_callback("visibilitychange", &on_hidden);
    let started = autosave.clone();
    spawn_local(async move {
        // Where storage is forbidden there is nothing to offer; it is said when there is something to keep.
        let kept = storage::read(LATEST).await.ok().and_then(|kept| transport::read::<Kept>(kept).ok());
        let runs = storage::read(RUNS).await.ok().and_then(|runs| transport::read::<Vec<RunRecord>>(runs).ok());
        if let Some(runs) = runs {
            state.dock.runs.update(|own| own.take_in(runs));
        }
        autosave.place.set(Some(kept.as_ref().map_or(0, |kept| 1 - kept.place.min(1))));
        if kept.is_some() {
            state.offer.set(kept);
        }
        if autosave.is_dirty.get() {
            autosave.soon(AT_ONCE_MS);
        }
    });
    started
}

impl Autosave {
    /// Keeps what a test has come to; the surrounding view follows that.
    pub fn follow_results(self: &Rc<Self>) {
        if self.state.result.with(Option::is_some) && self.state.steps() > 0 {
            self.soon(AFTER_EDIT_MS);
        }
    }

    /// Sees to it that there is a write within so many milliseconds, or as soon as may be.
    fn soon(self: &Rc<Self>, delay_ms: i32) {
        self.is_dirty.set(true);
        let now_ms = now_ms();
        let delay_ms = f64::from(delay_ms).max(self.last_ms.get() + EVERY_MS - now_ms);
        if let Some((due_ms, timer)) = self.due.get() {
            if due_ms <= now_ms + delay_ms {
                return;
            }
            cancel(timer);
        }
        let autosave = self.clone();
        let timer = after_ms(delay_ms as i32, move || {
            autosave.due.set(None);
            autosave.write();
        });
        self.due.set(Some((now_ms + delay_ms, timer)));
    }

    fn write(self: &Rc<Self>) {
        let Some(place) = self.place.get() else { return };
        if self.is_busy.replace(true) {
            return;
        }
        self.is_dirty.set(false);
        self.last_ms.set(now_ms());
        let autosave = self.clone();
        let saved = move |saved: Result<files::Saved, ErrorReport>| match saved {
            Ok(files::Saved { file, step, epoch }) => {
                let run = autosave.state.dock.runs.with_untracked(Runs::present_number);
                let kept = Kept { place, saved_ms: now_ms(), step, epoch, run };
                spawn_local(async move {
                    let result = autosave.store(file, kept).await;
                    autosave.done(result);
                });
            }
            // The engine is being replaced; the next change comes.
            Err(_) => autosave.done(Ok(())),
        };
        files::save(self.state.client(), Box::new(saved));
    }

    async fn store(&self, file: Uint8Array, kept: Kept) -> Result<(), ErrorReport> {
        if file.length() > MAX_BYTES {
            return Err(report("storage-full", TOO_LARGE));
        }
        let about = transport::write(&kept).map_err(ErrorReport::from)?;
        let place = PLACES[kept.place.min(1) as usize];
        let runs = transport::write(&self.state.dock.runs.with_untracked(Runs::to_keep)).map_err(ErrorReport::from)?;
        storage::write(vec![(place, file.into()), (LATEST, about), (RUNS, runs)]).await.map_err(|error| refused(&error))
    }

    fn done(self: &Rc<Self>, result: Result<(), ErrorReport>) {
        self.is_busy.set(false);
        match result {
            Ok(()) => self.has_failed.set(false),
            // Said once, and not again until it has worked in between.
            Err(report) if !self.has_failed.replace(true) => self.state.notify(NoticeKind::Warning, report),
            Err(_) => {}
        }
        if self.is_dirty.get() {
            self.soon(AT_ONCE_MS);
        }
    }
}

const TOO_LARGE: &str =
    "This network is too large to be kept in the browser by itself. Save it to a file before you close the page.";

fn refused(error: &JsValue) -> ErrorReport {
    if get(error, "name").as_string().as_deref() == Some("QuotaExceededError") {
        let text =
            "The browser's storage is full, so this work is not kept. Save it to a file before you close the page.";
        return report("storage-full", text);
    }
    let text = "The browser does not let this page keep anything, as in a private window. Save your work to a file before \
                you close the page.";
    report("storage-forbidden", text)
}

/// Goes on with what was kept.
pub fn take_up(state: State) {
    let Some(kept) = state.offer.get_untracked() else { return };
    state.offer.set(None);
    spawn_local(async move {
        let failed = |report| state.notify(NoticeKind::Error, report);
        match storage::read(PLACES[kept.place.min(1) as usize]).await {
            Ok(file) => open(state, &file, kept.run),
            Err(error) => failed(refused(&error)),
        }
    });
}

/// Opens a file, and says what came of it. `run` is the number of its run, where it is one of those that are kept.
pub fn open(state: State, file: &JsValue, run: Option<u32>) {
    let done = move |opened: Result<files::Opened, ErrorReport>| match opened {
        Ok(opened) => {
            if let Some(run) = run {
                state.dock.runs.update(|runs| runs.resume(run));
            }
            state.note_run();
            let step = super::format::count(opened.step as usize);
            state.announcement.set(t_once("opened", &[("step", &step)]));
        }
        Err(report) => state.notify(NoticeKind::Error, report),
    };
    files::open(state.client(), file, Box::new(done));
}
