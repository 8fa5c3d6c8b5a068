//! A replica in its worker: tasks in, results out. See [`worker_pool`](super::worker_pool) for the other side.

use std::cell::RefCell;

use js_sys::{Array, Float32Array};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::transport;
use chalkgrad_engine::error::Result;
use chalkgrad_engine::train::replicas::Replica;

struct Post {
    replica: Option<Result<Replica>>,
    task: Vec<f32>,
    result: Vec<f32>,
}

/// Reads messages from here on, and says so.
pub(super) fn start(scope: &DedicatedWorkerGlobalScope) {
    let post = RefCell::new(Post { replica: None, task: Vec::new(), result: Vec::new() });
    let own_scope = scope.clone();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let message: Array = event.data().unchecked_into();
        post.borrow_mut().receive(&own_scope, &message);
    });
    scope.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    // The lead waits for this one; if it cannot be posted, nothing can.
    let _ = scope.post_message(&JsValue::NULL);
}

impl Post {
    fn receive(&mut self, scope: &DedicatedWorkerGlobalScope, message: &Array) {
        let [first, second, third] = [message.get(0), message.get(1), message.get(2)];
        let Some(buffer) = second.dyn_ref::<Float32Array>() else {
            self.replica = Some(set_up(first, second, third));
            return;
        };
        let answer = Array::of2(&first, buffer);
        if let Err(error) = self.carry_out(buffer) {
            answer.push(&error.into());
        }
        let _ = scope.post_message_with_transfer(&answer, &Array::of1(&buffer.buffer()));
    }

    fn carry_out(&mut self, buffer: &Float32Array) -> std::result::Result<(), String> {
        let Self { replica: Some(replica), task, result } = self else { return Err("no model".to_owned()) };
        let replica = replica.as_mut().map_err(|error| error.to_string())?;
        task.resize(buffer.length() as usize, 0.0);
        buffer.copy_to(task);
        replica.run(task, result).map_err(|error| error.to_string())?;
        buffer.subarray(0, result.len() as u32).copy_from(result);
        Ok(())
    }
}

fn set_up(model: JsValue, config: JsValue, schema: JsValue) -> Result<Replica> {
    Replica::new(&transport::read(model)?, &transport::read(config)?, &transport::read(schema)?)
}
