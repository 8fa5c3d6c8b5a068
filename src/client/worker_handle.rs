//! One worker: its start, its messages, its end.

use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker};

use super::describe;
use crate::error::{ClientError, WorkerFault};
use crate::transport;
use chalkgrad_engine::protocol::{Envelope, ErrorReport, Message, Request};

/// Signal from a worker.
pub(super) enum WorkerSignal {
    Message(Envelope<Message>),
    Died(WorkerFault),
}

/// Program of a worker: this program, which it receives compiled, or another one.
pub(super) struct WorkerProgram {
    /// `www/worker.js`, absolute.
    pub loader_url: String,
    /// The program's JavaScript half, absolute.
    pub script_url: String,
    /// Address of its WebAssembly file; `None` for this program, which is already compiled.
    pub wasm_url: Option<String>,
}

impl WorkerProgram {
    /// Makes the loader's message, `{script, module}`.
    fn first_message(&self) -> JsValue {
        let message = js_sys::Object::new();
        let module = self.wasm_url.as_deref().map_or_else(wasm_bindgen::module, JsValue::from);
        for (name, value) in [("script", self.script_url.as_str().into()), ("module", module)] {
            // A new object takes every field.
            let _ = js_sys::Reflect::set(&message, &name.into(), &value);
        }
        message.into()
    }
}

pub(super) struct WorkerHandle {
    worker: Worker,
    // Kept for as long as the worker may call them.
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(ErrorEvent)>,
    _on_message_error: Closure<dyn Fn(MessageEvent)>,
}

impl WorkerHandle {
    /// Starts a module worker, the page's `generation`-th. The signals come later, never before this returns.
    ///
    /// # Errors
    /// `worker-failed` where the browser refuses to make one.
    pub fn spawn(
        program: &WorkerProgram,
        generation: u32,
        on_signal: impl Fn(WorkerSignal) + Clone + 'static,
    ) -> Result<Self, ErrorReport> {
        let worker = transport::make_worker(&program.loader_url, generation, "chalkgrad engine")
            .map_err(|error| ClientError::NotStarted { details: describe(&error) })?;

        let signal = on_signal.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            signal(match transport::unpack(event.data()) {
                Ok(envelope) => WorkerSignal::Message(envelope),
                Err(error) => WorkerSignal::Died(WorkerFault::ForeignMessage { details: error.to_string() }),
            });
        });
        let signal = on_signal.clone();
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            // Handled here, so it need not reach the console as well.
            event.prevent_default();
            // An event without a message stands for a script that could not be loaded.
            let message = js_sys::Reflect::get(&event, &"message".into()).ok().and_then(|message| message.as_string());
            let crashed = message.map(|details| WorkerFault::Crashed { details });
            signal(WorkerSignal::Died(crashed.unwrap_or(WorkerFault::NotLoaded)));
        });
        let on_message_error = Closure::<dyn Fn(MessageEvent)>::new(move |_| {
            on_signal(WorkerSignal::Died(WorkerFault::GarbledMessage));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_message_error.as_ref().unchecked_ref()));
        worker
            .post_message(&program.first_message())
            .map_err(|error| ClientError::NotHandedOver { details: describe(&error) })?;
        Ok(Self { worker, _on_message: on_message, _on_error: on_error, _on_message_error: on_message_error })
    }

    /// # Errors
    /// `worker-failed` where the message cannot be posted.
    pub fn post(&self, envelope: &Envelope<Request>) -> Result<(), ErrorReport> {
        let packet = transport::pack(envelope)?;
        self.worker
            .post_message_with_transfer(&packet.value, &packet.transfer)
            .map_err(|error| ClientError::NotPosted { details: describe(&error) }.into())
    }

    pub fn terminate(self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
        // This may run inside one of the closures, which must outlive the call.
        let Self { _on_message, _on_error, _on_message_error, .. } = self;
        wasm_bindgen_futures::spawn_local(async move { drop((_on_message, _on_error, _on_message_error)) });
    }
}
