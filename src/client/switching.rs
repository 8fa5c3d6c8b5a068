//! From one engine to another: the CPU's is the page's own program, the GPU's a program that is loaded where it is wanted.
//!
//! Model, configuration, weights and optimizer state go along, and so do requests that take long: a run goes on under the
//! promise that it began with.

use wasm_bindgen_futures::spawn_local;

use super::{Client, Link, Pending, Reply};
use crate::error::{Cause, ClientError};
use chalkgrad_engine::protocol::requests::Snapshot;
use chalkgrad_engine::protocol::{
    ArrayData, BackendChoice, BackendDetail, Command, DEVICE_FAULTS, EngineInfo, Envelope, ErrorReport, History,
    Request,
};

/// The GPU that the browser offers, as `www/boot.js` has found it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Adapter {
    #[default]
    None,
    /// Emulated on the CPU: used only when asked for.
    Software,
    Hardware,
}

impl Adapter {
    pub fn from_page(word: &str) -> Self {
        match word {
            "hardware" => Self::Hardware,
            "software" => Self::Software,
            _ => Self::None,
        }
    }

    fn detail(self) -> BackendDetail {
        match self {
            Self::None => BackendDetail::NoGpu,
            Self::Software => BackendDetail::SlowGpu,
            Self::Hardware => BackendDetail::GpuAvailable,
        }
    }
}

impl Client {
    /// Returns true if a choice needs another engine than the running one.
    pub(super) fn needs_other_engine(&self, choice: BackendChoice) -> bool {
        let wants_gpu = match choice {
            BackendChoice::Auto => self.inner.adapter == Adapter::Hardware,
            BackendChoice::Webgpu => true,
            BackendChoice::Cpu => false,
        };
        wants_gpu != self.inner.runs_gpu.get()
    }

    /// Carries out a `SetBackend` that takes another engine.
    pub(super) fn switch(&self, command: Command, reply: Reply) {
        if !self.inner.runs_gpu.get() && self.inner.adapter == Adapter::None {
            let is_secure = web_sys::window().is_some_and(|window| window.is_secure_context());
            let error = if is_secure { ClientError::NoGpuInBrowser } else { ClientError::InsecurePage };
            return reply(Err(error.into()));
        }
        let client = self.clone();
        let snapshot = self.request(Snapshot {});
        spawn_local(async move {
            // If the old engine has no snapshot to give, the last one has to do.
            let _ = snapshot.await;
            client.move_engine(!client.inner.runs_gpu.get(), Some((command, reply)));
        });
    }

    /// Ends the engine that runs and starts another one, which gets all that is under way.
    fn move_engine(&self, to_gpu: bool, request: Option<(Command, Reply)>) {
        let inner = &self.inner;
        if let Some(worker) = inner.worker.borrow_mut().take() {
            worker.terminate();
        }
        let was_starting = matches!(&*inner.link.borrow(), Link::Starting(_));
        let waiting = match inner.link.replace(Link::Starting(Vec::new())) {
            Link::Starting(queue) => queue,
            Link::Up => Vec::new(),
            down @ Link::Down(_) => {
                inner.link.replace(down);
                if let Some((_, reply)) = request {
                    reply(Err(ClientError::EngineDown.into()));
                }
                return;
            }
        };
        self.forget_pretrained();
        self.forget_lost_steps();
        inner.runs_gpu.set(to_gpu);
        let mut queue = if was_starting { Vec::new() } else { self.take_unanswered() };
        if let Some((command, reply)) = request {
            if let Command::SetBackend { choice, workers } = &command {
                inner.recovery.borrow_mut().set_backend(*choice, *workers);
            }
            queue.insert(0, self.register(reply, command, Vec::new()));
        }
        queue.extend(waiting);
        inner.link.replace(Link::Starting(queue));
        self.spawn_worker();
    }

    /// Returns the requests that the old engine has not answered, for the new one. Requests that cannot be repeated are
    /// rejected.
    fn take_unanswered(&self) -> Vec<Envelope<Request>> {
        let (mut queue, mut lost) = (Vec::new(), Vec::new());
        for (&id, pending) in self.inner.pending.borrow().iter() {
            let command = match &pending.command {
                Command::Train { .. } => self.inner.recovery.borrow_mut().move_run(id),
                command if command.is_repeatable() => Some(command.clone()),
                _ => None,
            };
            match command {
                Some(command) => queue.push(Envelope { message: Request { id, command }, arrays: Vec::new() }),
                None => lost.push(id),
            }
        }
        for id in lost {
            let pending = self.inner.pending.borrow_mut().remove(&id);
            if let Some(Pending { reply, .. }) = pending {
                reply(Err(ClientError::Replaced.into()));
            }
        }
        if self.inner.recovery.borrow().is_paused() {
            queue.push(self.register(Box::new(drop), Command::Pause, Vec::new()));
        }
        queue
    }

    /// Handles an error that ends the GPU's engine; returns false for other errors. After a lost device (a driver
    /// restart, a laptop waking up) a new GPU engine continues, unless that happens repeatedly; otherwise the CPU
    /// continues.
    pub(super) fn leaves_gpu(&self, error: &ErrorReport) -> bool {
        let is_unavailable = error.code == "backend-unavailable";
        if !self.inner.runs_gpu.get() || !(is_unavailable || DEVICE_FAULTS.contains(&error.code.as_str())) {
            return false;
        }
        let rebuilds = error.code == "device-lost" && self.inner.gpu_losses.may_restart();
        // Answers the request for this backend.
        let asked = match &mut *self.inner.link.borrow_mut() {
            Link::Starting(queue) if !rebuilds => queue
                .iter()
                .position(|envelope| matches!(envelope.message.command, Command::SetBackend { .. }))
                .map(|position| queue.remove(position).message.id),
            Link::Starting(_) | Link::Up | Link::Down(_) => None,
        };
        let lost = self.inner.recovery.borrow().lost_work();
        if !rebuilds {
            self.inner.recovery.borrow_mut().set_backend(BackendChoice::Cpu, None);
        }
        self.move_engine(rebuilds, None);
        let pending = asked.and_then(|id| self.inner.pending.borrow_mut().remove(&id));
        match pending {
            Some(Pending { reply, .. }) => reply(Err(error.clone())),
            None if is_unavailable => self.warn(error.clone()),
            None => {
                let cause = Cause::from(error);
                let warning = if rebuilds {
                    ClientError::GpuGoesOn { cause, lost }
                } else {
                    ClientError::CpuGoesOn { cause, lost }
                };
                self.warn(ErrorReport { code: error.code.clone(), ..warning.into() });
            }
        }
        true
    }

    /// Adds the availability of each backend, because an engine does not know that of the other.
    pub(super) fn complete_info(&self, engine: &mut EngineInfo) {
        for backend in &mut engine.backends {
            if backend.name == "webgpu" && !self.inner.runs_gpu.get() {
                backend.available = self.inner.adapter != Adapter::None;
                backend.detail = self.inner.adapter.detail();
            }
        }
    }

    /// Adds to the answer to a run what the page has heard of it: its losses, and its part on another engine.
    pub(super) fn complete_run(&self, id: u32, run: &mut History, arrays: &mut Vec<ArrayData>) {
        let start = self.inner.recovery.borrow_mut().take_moved(id);
        let losses = self.inner.history.borrow().read().complete_run(run, start);
        arrays.push(ArrayData::F32(losses));
    }
}
