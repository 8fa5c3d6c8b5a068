//! Backends: what runs plans. Only `backend/gpu` may name wgpu.

pub mod cpu;
pub mod gpu;

use std::rc::Rc;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::tensor::HostTensor;

/// A plan that a backend has made ready to run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PlanHandle(pub u32);

/// Whether a run came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunStatus {
    Done,
    /// Out of time: [`Backend::run`] goes on from here.
    Unfinished,
}

/// Called when something has arrived that the backend was waiting for.
pub type Wake = Rc<dyn Fn()>;

/// A value of a plan, or a state, by name.
pub type TensorRef = (Option<PlanHandle>, String);

/// One dispatch of a plan: the kernels that it runs, by their indices in the plan, and how long it took, in milliseconds.
pub type Timed = (Vec<usize>, f64);

/// Rows of bytes, all of them or the first that have arrived, and what each of the 256 bytes stands for.
pub struct ResidentDataset<'a> {
    /// Tells tables apart. What has arrived of one never changes.
    pub name: &'a str,
    pub bytes: &'a [u8],
    /// Bytes of a row.
    pub width: usize,
    /// Rows once all of them are there.
    pub rows: usize,
    pub dequantization: &'a [f32; 256],
}

/// Something that runs plans. States are shared by all of its plans, by name, and live until they are removed.
pub trait Backend {
    /// `"cpu"` or `"webgpu"`.
    fn name(&self) -> &'static str;

    /// Makes a plan ready: allocates all that it needs. States that do not exist yet are zero.
    ///
    /// # Errors
    /// If memory does not suffice, or a state exists with another size.
    fn load(&mut self, plan: Arc<Plan>) -> Result<PlanHandle>;

    /// Frees what a plan holds; states stay.
    fn unload(&mut self, handle: PlanHandle);

    /// Sets a state, which is created where it does not exist.
    fn write_state(&mut self, name: &str, value: &HostTensor);

    /// A state's words.
    ///
    /// # Errors
    /// If there is no such state.
    fn read_state(&self, name: &str) -> Result<Vec<f32>>;

    /// Copies a state's words, without allocating where the backend can.
    ///
    /// # Errors
    /// If there is no such state, or it has another size.
    fn copy_state(&self, name: &str, out: &mut [f32]) -> Result<()> {
        copy_words(name, &self.read_state(name)?, out)
    }

    /// Copies a value as [`Backend::read`] gives it, without allocating where the backend can.
    ///
    /// # Errors
    /// If the plan has no such value, or it has another size.
    fn copy_value(&self, handle: PlanHandle, name: &str, out: &mut [f32]) -> Result<()> {
        copy_words(name, self.read(handle, name)?.words(), out)
    }

    /// Forgets all states and plans.
    fn clear(&mut self);

    /// Lets `fill` write an input of the next run in place.
    ///
    /// # Errors
    /// If the plan has no such input.
    fn write_input(&mut self, handle: PlanHandle, name: &str, fill: &mut dyn FnMut(&mut [f32])) -> Result<()>;

    /// Lets the next runs take an input's rows from a table that the backend keeps; false where it keeps none, or has not
    /// all of it yet: the input is then to be [written](Backend::write_input).
    ///
    /// # Errors
    /// If the plan has no such input, or the device is gone.
    fn gather_rows(
        &mut self,
        handle: PlanHandle,
        name: &str,
        table: &ResidentDataset<'_>,
        rows: &[u32],
    ) -> Result<bool> {
        let _ = (handle, name, table, rows);
        Ok(false)
    }

    /// Begins a run with the inputs that have been written. A backend that works by itself sets to work; others wait for
    /// [`Backend::run`].
    ///
    /// # Errors
    /// If there is no such plan, or the device is gone.
    fn begin(&mut self, handle: PlanHandle) -> Result<()> {
        let _ = handle;
        Ok(())
    }

    /// Goes on with the oldest run of the plan, or begins one, kernel by kernel, until it is done or `has_time` says no. `has_time` is
    /// asked between kernels.
    ///
    /// # Errors
    /// If there is no such plan, or the device is gone.
    fn run(&mut self, handle: PlanHandle, has_time: &mut dyn FnMut() -> bool) -> Result<RunStatus>;

    /// Gives up a run that is unfinished. States may be updated in part if it had come to its updates.
    fn cancel(&mut self, handle: PlanHandle);

    /// The value of an output, a tap, an input or a state after a run. Where the backend is
    /// [asynchronous](Backend::is_asynchronous), only outputs are there at once; all else has to be
    /// [fetched](Backend::fetch) before, states too.
    ///
    /// # Errors
    /// If the plan has no such value.
    fn read(&self, handle: PlanHandle, name: &str) -> Result<HostTensor>;

    /// Sends for values that are to be read: true once all of them are there. Ask again with the same ones when
    /// [woken](Backend::set_wake). They are as of the first call; writing or running anything forgets them.
    ///
    /// # Errors
    /// If there is no such value, or the device is gone.
    fn fetch(&mut self, wanted: &[TensorRef]) -> Result<bool> {
        let _ = wanted;
        Ok(true)
    }

    /// Makes one of the things that plans will need when they are loaded, where that takes a device long: how many are
    /// made, and of how many, or `None` once all are. Call it again with the same plans when [woken](Backend::set_wake).
    ///
    /// # Errors
    /// As [`Backend::load`].
    fn prepare(&mut self, plans: &[Arc<Plan>]) -> Result<Option<(usize, usize)>> {
        let _ = plans;
        Ok(None)
    }

    /// Whether the backend works by itself, so that whoever has nothing else to do must wait until it is woken.
    fn is_asynchronous(&self) -> bool {
        false
    }

    /// How many runs of a plan should be under way at a time.
    fn runs_at_once(&self, handle: PlanHandle) -> usize {
        let _ = handle;
        1
    }

    /// For how long it will be at work on what has begun, in milliseconds, by what it took before; infinite where nothing
    /// is known of that.
    fn busy_ms(&self) -> f64 {
        0.0
    }

    /// Dispatches and submissions of one run of a plan, where it gives its work to a device.
    fn run_cost(&self, handle: PlanHandle) -> Option<(usize, usize)> {
        let _ = handle;
        None
    }

    /// Takes the time of each dispatch of the run that begins next; false where there is no clock for that.
    fn time_next_run(&mut self) -> bool {
        false
    }

    /// The times of that run, once, after its end.
    fn take_times(&mut self) -> Option<Vec<Timed>> {
        None
    }

    /// Whom to tell when something has arrived.
    fn set_wake(&mut self, wake: Wake) {
        let _ = wake;
    }
}

/// # Errors
/// `wrong-length` where the sizes differ.
fn copy_words(name: &str, words: &[f32], out: &mut [f32]) -> Result<()> {
    if words.len() != out.len() {
        return Err(Error::new("wrong-length", name).expected(out.len().to_string()).got(words.len().to_string()));
    }
    out.copy_from_slice(words);
    Ok(())
}
