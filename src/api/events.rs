//! `chalkgrad.on(event, handler)`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::arguments::{describe, text};
use super::js;
use crate::client::{Client, Subscription};
use crate::signatures::{BatchInfo, EventDetail, StateInfo};
use chalkgrad_engine::error::{MessageError, Result};
use chalkgrad_engine::model::catalogue::nearest;
use chalkgrad_engine::protocol::{ArrayData, Event};

pub(super) struct Events {
    client: Client,
    next_id: Cell<u32>,
    /// Kept here and not by the function that unsubscribes: that one is JavaScript's to collect as soon as the caller has
    /// no use for it.
    subscriptions: Rc<RefCell<BTreeMap<u32, Subscription>>>,
}

impl Events {
    pub fn new(client: &Client) -> Self {
        Self { client: client.clone(), next_id: Cell::new(0), subscriptions: Rc::default() }
    }

    /// Subscribes. Returns the function that unsubscribes.
    ///
    /// # Errors
    /// `bad-argument` for an unknown event, naming the nearest, or a handler that is no function.
    pub fn on(&self, event: &JsValue, handler: &JsValue) -> Result<JsValue> {
        let event = text("event", event)?;
        let Some(&name) = EventDetail::NAMES.iter().find(|name| **name == event) else {
            let near = nearest(&event, EventDetail::NAMES.iter().copied()).map(str::to_owned);
            let known = EventDetail::NAMES.iter().collect();
            return Err(match near {
                Some(nearest) => MessageError::MisspeltEvent { event, known, nearest },
                None => MessageError::UnknownEvent { event, known },
            }
            .into());
        };
        let handler = handler
            .dyn_ref::<Function>()
            .ok_or_else(|| MessageError::NotAFunction { name: "handler".to_owned(), got: describe(handler) })?;
        let handler = handler.clone();
        let subscription = self.client.subscribe(move |event, arrays| {
            if let Some(detail) = detail(event, arrays)
                && detail.name() == name
                && let Ok(detail) = js(&detail)
                && let Err(error) = handler.call1(&JsValue::UNDEFINED, &detail)
            {
                // The page continues; the error appears in the console.
                web_sys::console::error_2(&"A handler of chalkgrad.on threw:".into(), &error);
            }
        });
        let id = self.next_id.replace(self.next_id.get().wrapping_add(1));
        self.subscriptions.borrow_mut().insert(id, subscription);
        let subscriptions = self.subscriptions.clone();
        let unsubscribe = move || {
            let removed = subscriptions.borrow_mut().remove(&id);
            drop(removed);
        };
        Ok(Closure::<dyn Fn()>::new(unsubscribe).into_js_value())
    }
}

/// Returns the argument for the handlers of an event; `None` for an event that is not public.
fn detail(event: &Event, arrays: &[ArrayData]) -> Option<EventDetail> {
    Some(match event {
        Event::State { state } => EventDetail::State(StateInfo { state: *state }),
        Event::Batch(report) => {
            let values = |index: usize| match arrays.get(index) {
                Some(ArrayData::F32(values)) => values.clone(),
                _ => Vec::new(),
            };
            EventDetail::Batch(BatchInfo { report: report.clone(), losses: values(0), accuracies: values(1) })
        }
        Event::Epoch(report) => EventDetail::Epoch(report.clone()),
        Event::Error(report) => EventDetail::Error(report.clone()),
        Event::Warning(report) => EventDetail::Warning(report.clone()),
        _ => return None,
    })
}
