//! Notices a worker that no longer answers, and one that dies again and again.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

const TICK_MS: i32 = 2_000;

/// Number of ticks in a row without a message after which the worker counts as dead: ten seconds. Ticks are counted,
/// not time, so that a laptop's sleep does not look like the worker's silence.
const PATIENCE_TICKS: u32 = 5;

/// Maximum number of restarts within [`RESTART_WINDOW_MS`].
const MAX_RESTARTS: usize = 3;
const RESTART_WINDOW_MS: f64 = 120_000.0;

#[derive(Default)]
pub(super) struct Watchdog {
    silent_ticks: Cell<u32>,
    restarts_ms: RefCell<Vec<f64>>,
}

impl Watchdog {
    /// Calls `check` every two seconds, for as long as the page lives.
    pub fn start(&self, check: impl Fn() + 'static) {
        let check = Closure::<dyn Fn()>::new(check).into_js_value();
        if let Some(window) = web_sys::window() {
            // Without a timer nothing is watched, and all else works.
            let _ = window.set_interval_with_callback_and_timeout_and_arguments_0(check.unchecked_ref(), TICK_MS);
        }
    }

    /// Notes a sign of life from the worker.
    pub fn heard(&self) {
        self.silent_ticks.set(0);
    }

    /// Resets the count: nothing is expected of the worker, or it is new.
    pub fn reset(&self) {
        self.silent_ticks.set(0);
    }

    /// Counts a tick during which something was expected; true if the worker has been silent for too long.
    pub fn tick(&self) -> bool {
        self.silent_ticks.set(self.silent_ticks.get() + 1);
        self.silent_ticks.get() > PATIENCE_TICKS
    }

    /// Returns true, once per silence, if the worker has been silent long enough to be pinged.
    pub fn is_suspicious(&self) -> bool {
        self.silent_ticks.get() == 1
    }

    /// Counts a restart; false if there have been too many of late.
    pub fn may_restart(&self) -> bool {
        let now_ms = js_sys::Date::now();
        let mut restarts_ms = self.restarts_ms.borrow_mut();
        restarts_ms.retain(|at_ms| now_ms - at_ms < RESTART_WINDOW_MS);
        restarts_ms.push(now_ms);
        restarts_ms.len() <= MAX_RESTARTS
    }
}
