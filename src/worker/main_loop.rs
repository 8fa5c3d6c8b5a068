//! The worker's message loop: messages in, slices of work, messages out.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort, Performance};

use super::fetch::{Arrival, Loader};
use super::worker_pool::WorkerPool;
use crate::transport;
use chalkgrad_engine::engine::{DownloadRequest, Engine};
use chalkgrad_engine::error::{Error, MessageError};
use chalkgrad_engine::protocol::{Envelope, ErrorReport, Event, Message, Request};

struct MainLoop {
    scope: DedicatedWorkerGlobalScope,
    performance: Performance,
    engine: RefCell<Engine>,
    /// Port for messages to this worker itself. Such a message comes after the page's waiting messages and, unlike a
    /// timer, without delay.
    next_turn: MessagePort,
    /// Receiving port of that message, held so that it lives.
    _turns: MessagePort,
    turn_is_due: Cell<bool>,
    /// Timer that ends a pause between two steps, and whether it is set.
    end_rest: RefCell<Option<js_sys::Function>>,
    rest_ends: Cell<bool>,
    /// Loaders of the data sets whose download has begun, by name; `None` while one is at work.
    loaders: RefCell<HashMap<String, Option<Loader>>>,
}

/// Returns true if this program was started in a worker.
pub fn is_here() -> bool {
    js_sys::global().has_type::<DedicatedWorkerGlobalScope>()
}

/// Starts the engine in this worker: from here on it answers messages, and says [`Message::Ready`].
///
/// If the leading worker has started it, it becomes a [replica](super::replica) instead.
pub fn start() {
    let scope = scope();
    let role = js_sys::Reflect::get(&scope, &"role".into()).ok().and_then(|role| role.as_string());
    if role.as_deref() == Some(super::worker_pool::ROLE) {
        // If it fails, the lead hears of it by itself.
        console_error_panic_hook::set_once();
        return super::replica::start(&scope);
    }
    set_panic_hook();
    let engine = Engine::new().map_err(|error| error.to_string());
    let engine = engine.map(|mut engine| {
        let cores = scope.navigator().hardware_concurrency() as u32;
        engine.set_spawn_replicas(cores, Box::new(|count| Ok(Box::new(WorkerPool::new(count)))));
        engine
    });
    if let Err(message) = engine.and_then(run) {
        post_fatal(&message);
    }
}

/// Does the same on the GPU. If there is none, sends an error instead of [`Message::Ready`].
#[cfg(feature = "gpu")]
pub fn start_gpu() {
    set_panic_hook();
    wasm_bindgen_futures::spawn_local(async {
        let clock = || scope().performance().map_or(0.0, |performance| performance.now());
        match super::gpu::engine(clock).await {
            Ok(engine) => {
                if let Err(message) = run(engine) {
                    post_fatal(&message);
                }
            }
            Err(error) => {
                let _ = post(&scope(), &Envelope::new(Message::Event(Event::Error(error.into()))));
            }
        }
    });
}

fn set_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let message = info.to_string();
        post_fatal(&message);
    }));
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Tells the page that this worker is done for.
fn post_fatal(message: &str) {
    let report = ErrorReport { code: "worker-died".to_owned(), message: message.to_owned(), ..Default::default() };
    let _ = post(&scope(), &Envelope::new(Message::Event(Event::Error(report))));
}

fn post(scope: &DedicatedWorkerGlobalScope, envelope: &Envelope<Message>) -> Result<(), Error> {
    let packet = transport::pack(envelope)?;
    scope
        .post_message_with_transfer(&packet.value, &packet.transfer)
        .map_err(|error| MessageError::Unwritable { details: format!("{error:?}") }.into())
}

fn run(engine: Engine) -> Result<(), String> {
    let scope = scope();
    let performance = scope.performance().ok_or("this browser gives workers no clock.")?;
    let channel = MessageChannel::new().map_err(|error| format!("no message channel: {error:?}"))?;
    let main_loop = Rc::new(MainLoop {
        scope: scope.clone(),
        performance,
        engine: RefCell::new(engine),
        next_turn: channel.port2(),
        _turns: channel.port1(),
        turn_is_due: Cell::new(false),
        end_rest: RefCell::new(None),
        rest_ends: Cell::new(false),
        loaders: RefCell::default(),
    });
    let on_turn = Closure::<dyn Fn()>::new({
        let main_loop = main_loop.clone();
        move || main_loop.turn()
    });
    channel.port1().set_onmessage(Some(on_turn.into_js_value().unchecked_ref()));
    let end_rest = Closure::<dyn Fn()>::new({
        let main_loop = main_loop.clone();
        move || {
            main_loop.rest_ends.set(false);
            main_loop.go_on();
        }
    });
    *main_loop.end_rest.borrow_mut() = Some(end_rest.into_js_value().unchecked_into());
    let on_message = Closure::<dyn Fn(MessageEvent)>::new({
        let main_loop = main_loop.clone();
        move |event: MessageEvent| main_loop.receive(event)
    });
    scope.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    let woken = Rc::downgrade(&main_loop);
    main_loop.engine.borrow_mut().set_wake(Rc::new(move || {
        if let Some(main_loop) = woken.upgrade() {
            main_loop.wake();
        }
    }));
    main_loop.flush();
    Ok(())
}

impl MainLoop {
    fn receive(self: &Rc<Self>, event: MessageEvent) {
        match transport::unpack::<Request>(event.data()) {
            Ok(request) => {
                self.engine.borrow_mut().handle(request, &|| self.performance.now());
                self.go_on();
            }
            // There is no telling whose request it was; the page is told that something is wrong.
            Err(error) => {
                let _ = post(&self.scope, &Envelope::new(Message::Event(Event::Error(error.into()))));
            }
        }
    }

    fn turn(self: &Rc<Self>) {
        self.turn_is_due.set(false);
        self.engine.borrow_mut().turn(&|| self.performance.now());
        self.go_on();
    }

    /// Continues after an answer of the device.
    fn wake(self: &Rc<Self>) {
        // Never while the engine works: the browser tells of it between two turns.
        if let Ok(mut engine) = self.engine.try_borrow_mut() {
            engine.wake();
        } else {
            return;
        }
        self.go_on();
    }

    /// Posts what there is to say, and sees to what there is to do.
    fn go_on(self: &Rc<Self>) {
        self.flush();
        let take = || self.engine.borrow_mut().take_download_request();
        while let Some(request) = take() {
            self.load(request);
        }
        let is_due = {
            let engine = self.engine.borrow();
            engine.has_work() && !engine.waits_for_device()
        };
        let rest_ms = if is_due { self.engine.borrow().rest_ms(self.performance.now()) } else { 0.0 };
        if rest_ms > 0.0 && self.rest(rest_ms) {
            return;
        }
        if is_due && !self.turn_is_due.replace(true) {
            // Without a turn the engine would stand still, so this is as bad as a crash.
            if let Err(error) = self.next_turn.post_message(&JsValue::NULL) {
                post_fatal(&format!("it cannot go on: {error:?}."));
            }
        }
    }

    /// Goes on after a while; false if the browser has no timer.
    fn rest(&self, rest_ms: f64) -> bool {
        // In pieces: a change of pace is noticed by the one that comes first.
        const PIECE_MS: f64 = 50.0;
        if self.rest_ends.replace(true) {
            return true;
        }
        let end_rest = self.end_rest.borrow();
        let timer = end_rest.as_ref().and_then(|end_rest| {
            let delay_ms = rest_ms.min(PIECE_MS).ceil() as i32;
            self.scope.set_timeout_with_callback_and_timeout_and_arguments_0(end_rest, delay_ms).ok()
        });
        self.rest_ends.set(timer.is_some());
        timer.is_some()
    }

    fn flush(&self) {
        let outbox = self.engine.borrow_mut().take_outbox();
        for envelope in &outbox {
            if let Err(error) = post(&self.scope, envelope) {
                post_fatal(&error.to_string());
            }
        }
    }

    /// Loads a data set, or what is still missing of it, while the engine works.
    fn load(self: &Rc<Self>, DownloadRequest { data_url, name }: DownloadRequest) {
        let loader = match self.loaders.borrow_mut().insert(name.clone(), None) {
            // It is at work, and tells the engine when it is done.
            Some(None) => return,
            // The engine may have given up what an earlier switch had loaded, so all of it comes again.
            Some(Some(loader)) if self.engine.borrow().dataset().info().name == name => loader,
            Some(Some(_)) | None => Loader::new(&data_url, &name),
        };
        let mut loader = loader;
        let main_loop = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let is_wanted = || main_loop.engine.borrow().wants(&name);
            let result = loader.run(&is_wanted, &mut |arrival| main_loop.receive_data(&name, arrival)).await;
            main_loop.loaders.borrow_mut().insert(name.clone(), Some(loader));
            let clock = || main_loop.performance.now();
            main_loop.engine.borrow_mut().download_ended(&name, result, &clock);
            main_loop.go_on();
        });
    }

    fn receive_data(self: &Rc<Self>, name: &str, arrival: Arrival) -> Result<(), Error> {
        let now_ms = self.performance.now();
        let result = {
            let mut engine = self.engine.borrow_mut();
            match arrival {
                Arrival::Info(info) => engine.set_dataset_info(info),
                Arrival::Bytes { loaded_bytes, total_bytes } => {
                    engine.bytes_arrived(name, loaded_bytes, total_bytes, now_ms);
                    Ok(())
                }
                Arrival::Shard { part, inputs, targets } => engine.shard_arrived(name, part, inputs, targets, now_ms),
            }
        };
        self.go_on();
        result
    }
}
