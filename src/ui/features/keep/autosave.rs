//! Saves the experiment and the history of runs in the browser. The next visit offers to continue experiments of earlier
//! visits and other tabs, and lists the runs again.

use std::cell::Cell;
use std::rc::Rc;

use idb::ObjectStore;
use js_sys::Uint8Array;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::api::files;
use crate::client::Change;
use crate::error::PageError;
use crate::ui::browser::{after_ms, callback, cancel, now_ms};
use crate::ui::features::keep::storage::{self, StorageError};
use crate::ui::features::keep::visit;
use crate::ui::features::runs::records::{RunRecord, Runs, merged};
use crate::ui::state::State;
use crate::ui::stores::messages::NoticeKind;
use crate::ui::text::t_once;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::protocol::{ErrorReport, Event, RunState};

/// Minimum time between two saves, and so the work that is lost at most when the browser crashes.
const EVERY_MS: f64 = 1_500.0;
/// Minimum time between two saves as a multiple of the last save's duration, so that saving hardly slows training down.
const COSTS: f64 = 50.0;
/// Delay after an edit, because another edit may follow at once.
const AFTER_EDIT_MS: i32 = 1_500;
const AT_ONCE_MS: i32 = 50;

/// Maximum size of a saved experiment. Writing a larger one would block the page's thread too long.
const MAX_BYTES: usize = 32 << 20;

/// Maximum number of experiments offered. Older ones are deleted.
const MAX_OFFERS: usize = 4;

/// The start of the keys of descriptions ([`Saved`], as JSON) and of files, each before an experiment's identifier.
const ABOUT: &str = "about ";
const FILE: &str = "file ";
/// The key of the history of runs, as JSON.
const RUNS: &str = "runs";

/// Experiment saved in the browser.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    pub id: String,
    pub saved_ms: f64,
    pub step: u32,
    pub epoch: u32,
    /// Start time of its run, which identifies the run in the history.
    run: Option<f64>,
    continues: Option<Origin>,
    /// Tells it from the others of the page.
    #[serde(skip)]
    pub number: u32,
}

/// Saved experiment that another one continues.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    id: String,
    saved_ms: f64,
}

/// Place at which this page saves its experiment.
pub struct Destination {
    id: StoredValue<String>,
    continues: StoredValue<Option<Origin>>,
}

impl Default for Destination {
    fn default() -> Self {
        let id = visit::new_id();
        visit::hold(&id);
        Self { id: StoredValue::new(id), continues: StoredValue::new(None) }
    }
}

impl Destination {
    /// Saves under another identifier from here on, so that what the page has saved before stays there.
    pub fn begin_anew(&self) {
        let id = visit::new_id();
        visit::hold(&id);
        self.id.set_value(id);
        self.continues.set_value(None);
    }

    /// Saves under another identifier from here on, as what follows on an experiment.
    fn continue_from(&self, saved: &Saved) {
        self.begin_anew();
        self.continues.set_value(Some(Origin { id: saved.id.clone(), saved_ms: saved.saved_ms }));
    }
}

/// Experiments of earlier visits and closed tabs, until they are taken up or dismissed.
#[derive(Default)]
pub struct Offers(RwSignal<Vec<Saved>>);

impl Offers {
    pub fn all(&self) -> ReadSignal<Vec<Saved>> {
        self.0.read_only()
    }

    /// Adds an offer. Returns the oldest of too many.
    fn add(&self, saved: Saved) -> Option<Saved> {
        let mut offers = self.0.write();
        offers.push(saved);
        offers.sort_by_key(|offer| offer.number);
        (offers.len() > MAX_OFFERS).then(|| offers.pop()).flatten()
    }

    /// Takes an offer away. Returns it if it was there.
    pub fn take(&self, number: u32) -> Option<Saved> {
        let mut offers = self.0.write();
        let position = offers.iter().position(|offer| offer.number == number)?;
        Some(offers.remove(position))
    }
}

pub struct Autosave {
    state: State,
    /// Something has changed since the last save.
    is_dirty: Cell<bool>,
    is_busy: Cell<bool>,
    /// The saved records have been read.
    is_ready: Cell<bool>,
    last_ms: Cell<f64>,
    /// Time that the last save took on the page's main thread.
    cost_ms: Cell<f64>,
    /// When the next save is due, and its timer.
    due: Cell<Option<(f64, i32)>>,
    has_failed: Cell<bool>,
}

/// Starts to save what happens from here on, and offers what was saved before.
pub fn start(state: State) -> Rc<Autosave> {
    let autosave = Rc::new(Autosave {
        state,
        is_dirty: Cell::new(false),
        is_busy: Cell::new(false),
        is_ready: Cell::new(false),
        last_ms: Cell::new(0.0),
        cost_ms: Cell::new(0.0),
        due: Cell::new(None),
        has_failed: Cell::new(false),
    });
    let (events, changes, hidden) = (autosave.clone(), autosave.clone(), autosave.clone());
    state
        .client()
        .subscribe(move |event, _| match event {
            Event::Batch(_) | Event::Epoch(_) => events.soon(AT_ONCE_MS),
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
    // A page that goes may be ended before it has finished; one that is only hidden gets there.
    let on_hidden = callback(Box::new(move |_| {
        if hidden.is_dirty.get() {
            hidden.save();
        }
    }));
    let _ = document().add_event_listener_with_callback("visibilitychange", &on_hidden);
    let _ = window().add_event_listener_with_callback("pagehide", &on_hidden);
    let started = autosave.clone();
    spawn_local(async move {
        // If storage is forbidden there is nothing to offer; the page reports it when there is something to save.
        let saved = all_saved().await.unwrap_or_default();
        if let Some(runs) = storage::read(RUNS).await.ok().flatten().as_ref().and_then(from_json) {
            state.runs.take_in(runs);
        }
        saved.into_iter().for_each(|saved| offer_if_free(state, saved));
        autosave.is_ready.set(true);
        if autosave.is_dirty.get() {
            autosave.soon(AT_ONCE_MS);
        }
    });
    started
}

/// Reads what is saved, and deletes what has been continued since it was saved.
async fn all_saved() -> Result<Vec<Saved>, StorageError> {
    let mut all: Vec<Saved> = Vec::new();
    for key in storage::keys().await?.iter().filter(|key| key.starts_with(ABOUT)) {
        all.extend(storage::read(key).await?.as_ref().and_then(from_json));
    }
    let is_continued = |saved: &Saved| {
        let mut origins = all.iter().filter_map(|other| other.continues.as_ref());
        origins.any(|origin| origin.id == saved.id && origin.saved_ms >= saved.saved_ms)
    };
    let (continued, mut saved): (Vec<Saved>, Vec<Saved>) = all.iter().cloned().partition(is_continued);
    for saved in &continued {
        delete(&saved.id).await?;
    }
    saved.sort_by(|one, other| other.saved_ms.total_cmp(&one.saved_ms));
    saved.iter_mut().zip(0..).for_each(|(saved, number)| saved.number = number);
    Ok(saved)
}

/// Offers an experiment once no other tab works on it. The oldest of too many is deleted.
fn offer_if_free(state: State, saved: Saved) {
    spawn_local(async move {
        if !visit::is_free(&saved.id).await {
            return;
        }
        if let Some(surplus) = state.offers.add(saved) {
            // Nothing is lost by trying again on the next visit.
            let _ = delete(&surplus.id).await;
        }
    });
}

async fn delete(id: &str) -> Result<(), StorageError> {
    storage::update(async |store: &ObjectStore| {
        for start in [ABOUT, FILE] {
            store.delete(JsValue::from(format!("{start}{id}")))?.await?;
        }
        Ok(())
    })
    .await
}

fn from_json<T: for<'de> Deserialize<'de>>(value: &JsValue) -> Option<T> {
    serde_json::from_str(&value.as_string()?).ok()
}

fn to_json(value: &impl Serialize) -> JsValue {
    // Numbers, texts and lists, which have a text.
    serde_json::to_string(value).unwrap_or_default().into()
}

impl Autosave {
    /// Saves what a test has come to; the surrounding view follows that.
    pub fn follow_results(self: &Rc<Self>) {
        if self.state.results.latest().with(Option::is_some) && self.state.steps() > 0 {
            self.soon(AFTER_EDIT_MS);
        }
    }

    /// Schedules a save within `delay_ms`, or as soon as the pace allows.
    fn soon(self: &Rc<Self>, delay_ms: i32) {
        self.is_dirty.set(true);
        let now_ms = now_ms();
        let pause_ms = EVERY_MS.max(COSTS * self.cost_ms.get());
        let delay_ms = f64::from(delay_ms).max(self.last_ms.get() + pause_ms - now_ms);
        if let Some((due_ms, timer)) = self.due.get() {
            if due_ms <= now_ms + delay_ms {
                return;
            }
            cancel(timer);
        }
        let autosave = self.clone();
        let timer = after_ms(delay_ms as i32, move || {
            autosave.due.set(None);
            autosave.save();
        });
        self.due.set(Some((now_ms + delay_ms, timer)));
    }

    fn save(self: &Rc<Self>) {
        if !self.is_ready.get() || self.is_busy.replace(true) {
            return;
        }
        self.is_dirty.set(false);
        self.last_ms.set(now_ms());
        let autosave = self.clone();
        let checkpoint = self.state.client().save();
        spawn_local(async move {
            let result = match checkpoint.await {
                Ok(checkpoint) => {
                    let start_ms = now_ms();
                    let result = autosave.store(&checkpoint).await;
                    autosave.cost_ms.set(now_ms() - start_ms);
                    result
                }
                // The engine is being replaced; the next change comes.
                Err(_) => Ok(()),
            };
            autosave.done(result);
        });
    }

    async fn store(&self, checkpoint: &Checkpoint) -> Result<(), ErrorReport> {
        let size_bytes: usize = checkpoint.arrays.iter().map(|array| size_of_val(&array[..])).sum();
        if size_bytes > MAX_BYTES {
            return Err(PageError::TooLargeToKeep.into());
        }
        let file = Uint8Array::from(&checkpoint.to_bytes()?[..]).into();
        let destination = &self.state.destination;
        let saved = Saved {
            id: destination.id.get_value(),
            saved_ms: now_ms(),
            step: checkpoint.snapshot.step,
            epoch: checkpoint.snapshot.epoch,
            run: self.state.runs.runs().with_untracked(Runs::present_begun),
            continues: destination.continues.get_value(),
            number: 0,
        };
        let runs = self.state.runs.runs().with_untracked(Runs::to_keep);
        let put = async |store: &ObjectStore, key: &str, value: &JsValue| {
            store.put(value, Some(&key.into()))?.await.map(drop)
        };
        let result = storage::update(async |store: &ObjectStore| {
            // Other tabs have runs of their own.
            let others = store.get(JsValue::from(RUNS))?.await?;
            let others: Vec<RunRecord> = others.as_ref().and_then(from_json).unwrap_or_default();
            put(store, RUNS, &to_json(&merged(others, runs))).await?;
            put(store, &format!("{FILE}{}", saved.id), &file).await?;
            put(store, &format!("{ABOUT}{}", saved.id), &to_json(&saved)).await
        });
        result.await.map_err(refused)
    }

    fn done(self: &Rc<Self>, result: Result<(), ErrorReport>) {
        self.is_busy.set(false);
        match result {
            Ok(()) => self.has_failed.set(false),
            // Reports the error once, and again only after a save has succeeded in between.
            Err(report) if !self.has_failed.replace(true) => self.state.notify(NoticeKind::Warning, report),
            Err(_) => {}
        }
        if self.is_dirty.get() {
            self.soon(AT_ONCE_MS);
        }
    }
}

fn refused(error: StorageError) -> ErrorReport {
    match error {
        StorageError::Full => PageError::StorageFull.into(),
        StorageError::Forbidden => PageError::StorageForbidden.into(),
    }
}

/// Goes on with an experiment that was offered.
pub fn restore(state: State, number: u32) {
    let Some(saved) = state.offers.take(number) else { return };
    state.drop_pending_edit();
    spawn_local(async move {
        match storage::read(&format!("{FILE}{}", saved.id)).await {
            Ok(file) => open_then(state, &file.unwrap_or_default(), move || {
                state.destination.continue_from(&saved);
                if let Some(run) = saved.run {
                    state.runs.resume(run);
                }
            }),
            Err(error) => state.notify(NoticeKind::Error, refused(error)),
        }
    });
}

/// Opens a file, and says what came of it.
pub fn open(state: State, file: &JsValue) {
    open_then(state, file, || ());
}

fn open_then(state: State, file: &JsValue, then: impl FnOnce() + 'static) {
    let (client, file) = (state.client(), file.clone());
    state.drop_pending_edit();
    spawn_local(async move {
        match files::open(&client, &file).await {
            Ok(opened) => {
                then();
                state.note_run();
                let step = crate::ui::format::count(opened.step as usize);
                state.confirm(t_once("opened", &[("step", &step)]));
            }
            Err(report) => state.notify(NoticeKind::Error, report),
        }
    });
}
