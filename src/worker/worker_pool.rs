//! Replicas in workers of their own: the lead's side.
//!
//! Each is a worker of this very program, started by the lead from the compiled module, without the page's help. No shared
//! memory is needed, so any host will do. One buffer goes to and fro between the lead and each replica: it holds the task
//! on the way there and the result on the way back.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Float32Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, Worker};

use crate::transport;
use chalkgrad_engine::data::Schema;
use chalkgrad_engine::error::{BackendError, Result};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::train::Wake;
use chalkgrad_engine::train::replicas::Replicas;

/// Role of a replica, as sent to `worker.js`.
pub(super) const ROLE: &str = "replica";

/// Number of times that a replica is replaced for one task before training goes on without it.
const MAX_DEATHS: u32 = 3;

/// Maximum time until a new replica reads messages. A network or a browser that never answers gives no other sign.
const PATIENCE_MS: i32 = 15_000;

pub(super) struct WorkerPool {
    members: Vec<Rc<WorkerSlot>>,
}

/// One replica, whatever worker it lives in.
#[derive(Default)]
struct WorkerSlot {
    worker: RefCell<Option<Worker>>,
    /// It has said that it reads messages.
    is_ready: Cell<bool>,
    /// Counts workers, so that one that was given up is told from its successor.
    generation: Cell<u32>,
    /// The message that tells what it is a replica of.
    set_up: RefCell<JsValue>,
    /// The task that has no result yet: kept for a successor.
    task: RefCell<Vec<f32>>,
    has_task: Cell<bool>,
    /// Counts tasks, so that the result of one that was given up is told from its successor's.
    number: Cell<u32>,
    /// The buffer, while it is here.
    buffer: RefCell<Option<Float32Array>>,
    has_result: Cell<bool>,
    deaths: Cell<u32>,
    /// Why there will be no more results.
    failure: RefCell<Option<String>>,
    wake: RefCell<Option<Wake>>,
}

impl WorkerPool {
    pub fn new(count: usize) -> Self {
        Self { members: (0..count).map(|_| Rc::default()).collect() }
    }
}

impl Replicas for WorkerPool {
    fn count(&self) -> usize {
        self.members.len()
    }

    fn set_up(&mut self, model: &ModelSpec, config: &TrainingConfig, schema: &Schema) {
        let message = transport::write(model)
            .and_then(|model| Ok(Array::of3(&model, &transport::write(config)?, &transport::write(schema)?)));
        for member in &self.members {
            match &message {
                Ok(message) => member.begin(message),
                Err(error) => *member.failure.borrow_mut() = Some(error.to_string()),
            }
        }
    }

    fn send(&mut self, replica: usize, task: &mut Vec<f32>) -> Result<()> {
        let member = &self.members[replica];
        std::mem::swap(&mut *member.task.borrow_mut(), task);
        member.has_task.set(true);
        member.has_result.set(false);
        member.number.set(member.number.get().wrapping_add(1));
        member.post_task();
        Ok(())
    }

    fn receive(&mut self, replica: usize, result: &mut [f32]) -> Result<bool> {
        let member = &self.members[replica];
        if let Some(reason) = &*member.failure.borrow() {
            return Err(BackendError::ReplicaFailed { reason: reason.clone() }.into());
        }
        if !member.has_result.get() {
            return Ok(false);
        }
        let buffer = member.buffer.borrow();
        let Some(buffer) = &*buffer else { return Ok(false) };
        buffer.subarray(0, result.len() as u32).copy_to(result);
        member.has_result.set(false);
        Ok(true)
    }

    fn cancel(&mut self) {
        for member in &self.members {
            member.has_task.set(false);
            member.has_result.set(false);
            member.number.set(member.number.get().wrapping_add(1));
        }
    }

    fn set_wake(&mut self, wake: Wake) {
        self.members.iter().for_each(|member| *member.wake.borrow_mut() = Some(wake.clone()));
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        for member in &self.members {
            member.dismiss();
        }
    }
}

impl WorkerSlot {
    fn begin(self: &Rc<Self>, set_up: &JsValue) {
        *self.set_up.borrow_mut() = set_up.clone();
        if self.worker.borrow().is_none() {
            self.spawn();
        } else if self.is_ready.get() {
            self.post(set_up, &Array::new());
        }
    }

    fn spawn(self: &Rc<Self>) {
        match self.start_worker() {
            Ok(worker) => *self.worker.borrow_mut() = Some(worker),
            Err(error) => *self.failure.borrow_mut() = Some(format!("a worker that cannot start: {error:?}")),
        }
    }

    fn start_worker(self: &Rc<Self>) -> std::result::Result<Worker, JsValue> {
        let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
        let generation = self.generation.get().wrapping_add(1);
        self.generation.set(generation);
        let worker = transport::make_worker(&scope.location().href(), generation, "chalkgrad replica")?;
        let member = Rc::downgrade(self);
        // One closure for messages and errors, held by the worker object for as long as it lives.
        let listener = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            if let Some(member) = member.upgrade() {
                member.hear(&event);
            }
        });
        let listener: js_sys::Function = listener.into_js_value().unchecked_into();
        worker.set_onmessage(Some(&listener));
        worker.set_onerror(Some(&listener));
        worker.set_onmessageerror(Some(&listener));
        let first = Object::new();
        let script = Reflect::get(&scope, &"script".into())?;
        for (name, value) in [("script", script), ("module", wasm_bindgen::module()), ("role", ROLE.into())] {
            Reflect::set(&first, &name.into(), &value)?;
        }
        worker.post_message(&first)?;
        self.watch(&scope, generation)?;
        Ok(worker)
    }

    /// Replaces the worker that is being started if it takes too long.
    fn watch(self: &Rc<Self>, scope: &DedicatedWorkerGlobalScope, generation: u32) -> std::result::Result<(), JsValue> {
        let member = Rc::downgrade(self);
        let check = Closure::once_into_js(move || {
            if let Some(member) = member.upgrade()
                && member.generation.get() == generation
                && !member.is_ready.get()
            {
                member.replace("a worker that does not start");
            }
        });
        scope.set_timeout_with_callback_and_timeout_and_arguments_0(check.unchecked_ref(), PATIENCE_MS)?;
        Ok(())
    }

    fn hear(self: &Rc<Self>, event: &JsValue) {
        let get = |name: &str| Reflect::get(event, &name.into()).unwrap_or(JsValue::UNDEFINED);
        if get("type").as_string().as_deref() != Some("message") {
            if let Some(event) = event.dyn_ref::<web_sys::Event>() {
                // Handled here, so it need not reach the page as well.
                event.prevent_default();
            }
            return self
                .replace(&get("message").as_string().unwrap_or_else(|| "a worker that did not load".to_owned()));
        }
        let Some(answer) = get("data").dyn_ref::<Array>().cloned() else {
            // It reads messages now.
            self.is_ready.set(true);
            self.post(&self.set_up.borrow(), &Array::new());
            return self.post_task();
        };
        let [number, buffer, fault] = [answer.get(0), answer.get(1), answer.get(2)];
        if let Some(fault) = fault.as_string() {
            *self.failure.borrow_mut() = Some(fault);
            return self.call_wake();
        }
        *self.buffer.borrow_mut() = buffer.dyn_into().ok();
        if number.as_f64() == Some(f64::from(self.number.get())) && self.has_task.replace(false) {
            self.has_result.set(true);
            self.deaths.set(0);
            self.call_wake();
        }
    }

    /// Replaces the worker by another one with the same task.
    fn replace(self: &Rc<Self>, reason: &str) {
        self.dismiss();
        self.deaths.set(self.deaths.get() + 1);
        if self.deaths.get() > MAX_DEATHS {
            *self.failure.borrow_mut() = Some(reason.to_owned());
        } else {
            self.spawn();
        }
        if self.failure.borrow().is_some() {
            self.call_wake();
        }
    }

    fn dismiss(&self) {
        // The buffer, if it is here, stays: it may hold a result that has not been taken yet.
        self.is_ready.set(false);
        if let Some(worker) = self.worker.borrow_mut().take() {
            worker.set_onmessage(None);
            worker.set_onerror(None);
            worker.set_onmessageerror(None);
            worker.terminate();
        }
    }

    /// Posts the task, if there is one and the worker reads messages.
    fn post_task(&self) {
        if !self.is_ready.get() || !self.has_task.get() {
            return;
        }
        let task = self.task.borrow();
        let size = task.len() as u32;
        // A result is shorter than a task: it has gradients where the task has weights, and no images.
        let buffer = self.buffer.borrow_mut().take().filter(|buffer| buffer.length() >= size);
        let buffer = buffer.unwrap_or_else(|| Float32Array::new_with_length(size));
        buffer.subarray(0, size).copy_from(&task);
        self.post(&Array::of2(&self.number.get().into(), &buffer), &Array::of1(&buffer.buffer()));
    }

    fn post(&self, message: &JsValue, transfer: &Array) {
        let posted = self.worker.borrow().as_ref().map(|worker| worker.post_message_with_transfer(message, transfer));
        if let Some(Err(error)) = posted {
            *self.failure.borrow_mut() = Some(format!("a message that cannot be posted: {error:?}"));
        }
    }

    fn call_wake(&self) {
        let wake = self.wake.borrow().clone();
        if let Some(wake) = wake {
            wake();
        }
    }
}
