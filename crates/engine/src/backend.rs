//! Backends, which run plans. Only `backend/gpu` may name wgpu.

pub mod cpu;
pub mod gpu;

use std::rc::Rc;
use std::sync::Arc;

use crate::error::{BackendError, Result};
use crate::plan::Plan;
use crate::tensor::HostTensor;

/// Handle of a plan that a backend has loaded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PlanHandle(pub u32);

/// State of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunStatus {
    Done,
    /// Out of time: [`Backend::run`] continues from here.
    Unfinished,
}

/// Callback for data for which the backend was waiting.
pub type Wake = Rc<dyn Fn()>;

/// Reference by name to a value of a plan, or to a state.
pub type TensorRef = (Option<PlanHandle>, String);

/// One dispatch of a plan: the kernels that it runs, by their indices in the plan, and its time in milliseconds.
pub type Timed = (Vec<usize>, f64);

/// Rows of a data set, all of them or the first that have arrived.
pub struct ResidentDataset<'a> {
    /// Name of the data set. Rows that have arrived never change until the data sets are
    /// [forgotten](Backend::forget_datasets).
    pub name: &'a str,
    pub values: RowValues<'a>,
    /// Values of a row.
    pub width: usize,
    /// Number of rows of the complete data set.
    pub rows: usize,
}

/// The values of a data set's rows.
#[derive(Clone, Copy)]
pub enum RowValues<'a> {
    /// Bytes, and the number for which each of the 256 stands.
    Bytes { bytes: &'a [u8], dequantization: &'a [f32; 256] },
    /// Words, as the network gets them.
    Words(&'a [f32]),
}

impl ResidentDataset<'_> {
    /// Returns the bytes of the values that have arrived.
    pub fn bytes(&self) -> &[u8] {
        match self.values {
            RowValues::Bytes { bytes, .. } => bytes,
            RowValues::Words(words) => bytemuck::cast_slice(words),
        }
    }

    /// Returns the bytes of a row.
    pub fn row_bytes(&self) -> usize {
        match self.values {
            RowValues::Bytes { .. } => self.width,
            RowValues::Words(_) => 4 * self.width,
        }
    }
}

/// Runs plans. States are shared by all of a backend's plans, by name, and live until they are removed.
pub trait Backend {
    /// Returns `"cpu"` or `"webgpu"`.
    fn name(&self) -> &'static str;

    /// Loads a plan and allocates its buffers. States that do not exist yet are zero.
    ///
    /// # Errors
    /// If memory does not suffice, or a state exists with another size.
    fn load(&mut self, plan: Arc<Plan>) -> Result<PlanHandle>;

    /// Frees a plan's buffers; states stay.
    fn unload(&mut self, handle: PlanHandle);

    /// Sets a state, creating it if it does not exist.
    fn write_state(&mut self, name: &str, value: &HostTensor);

    /// Reads a state's words.
    ///
    /// # Errors
    /// If there is no such state.
    fn read_state(&self, name: &str) -> Result<Vec<f32>>;

    /// Copies a state's words, without allocating if the backend can.
    ///
    /// # Errors
    /// If there is no such state, or it has another size.
    fn copy_state(&self, name: &str, out: &mut [f32]) -> Result<()> {
        copy_words(name, &self.read_state(name)?, out)
    }

    /// Copies a value as [`Backend::read`] returns it, without allocating if the backend can.
    ///
    /// # Errors
    /// If the plan has no such value, or it has another size.
    fn copy_value(&self, handle: PlanHandle, name: &str, out: &mut [f32]) -> Result<()> {
        copy_words(name, self.read(handle, name)?.words(), out)
    }

    /// Removes all states and plans.
    fn clear(&mut self);

    /// Lets `fill` write an input of the next run in place.
    ///
    /// # Errors
    /// If the plan has no such input.
    fn write_input(&mut self, handle: PlanHandle, name: &str, fill: &mut dyn FnMut(&mut [f32])) -> Result<()>;

    /// Lets the next runs gather an input's rows from a data set that the backend keeps. Returns false if the backend
    /// keeps none, or has not all of the rows yet; the caller must then [write](Backend::write_input) the input.
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

    /// Forgets the data sets that the backend keeps, because others take their places.
    fn forget_datasets(&mut self) {}

    /// Begins a run with the inputs that have been written. An asynchronous backend starts work; the CPU backend waits
    /// for [`Backend::run`].
    ///
    /// # Errors
    /// If there is no such plan, or the device is gone.
    fn begin(&mut self, handle: PlanHandle) -> Result<()> {
        let _ = handle;
        Ok(())
    }

    /// Continues the oldest run of the plan, or begins one, kernel by kernel, until it is done or `has_time` returns
    /// false. `has_time` is called between kernels.
    ///
    /// # Errors
    /// If there is no such plan, or the device is gone.
    fn run(&mut self, handle: PlanHandle, has_time: &mut dyn FnMut() -> bool) -> Result<RunStatus>;

    /// Cancels an unfinished run. If it had reached its updates, some states may be updated.
    fn cancel(&mut self, handle: PlanHandle);

    /// Returns the value of an output, a tap, an input or a state after a run. An
    /// [asynchronous](Backend::is_asynchronous) backend has only outputs at once; everything else, states too, must be
    /// [fetched](Backend::fetch) first.
    ///
    /// # Errors
    /// If the plan has no such value.
    fn read(&self, handle: PlanHandle, name: &str) -> Result<HostTensor>;

    /// Requests values to be read, and returns true once all have arrived. Call it again with the same references when
    /// [woken](Backend::set_wake). The values are those at the first call; a write or a run discards them.
    ///
    /// # Errors
    /// If there is no such value, or the device is gone.
    fn fetch(&mut self, wanted: &[TensorRef]) -> Result<bool> {
        let _ = wanted;
        Ok(true)
    }

    /// Compiles one of the pipelines that plans will need, if that takes the device long. Returns the numbers of
    /// compiled and of all pipelines, or `None` when all are compiled. Call it again with the same plans when
    /// [woken](Backend::set_wake).
    ///
    /// # Errors
    /// As [`Backend::load`].
    fn prepare(&mut self, plans: &[Arc<Plan>]) -> Result<Option<(usize, usize)>> {
        let _ = plans;
        Ok(None)
    }

    /// Returns true if the backend works by itself, so that the caller must wait until it is woken.
    fn is_asynchronous(&self) -> bool {
        false
    }

    /// Returns how many runs of a plan should be in progress at a time.
    fn runs_at_once(&self, handle: PlanHandle) -> usize {
        let _ = handle;
        1
    }

    /// Estimates, from earlier runs, how many milliseconds the backend will be busy with the runs in progress; infinite
    /// if there is no earlier run.
    fn busy_ms(&self) -> f64 {
        0.0
    }

    /// Returns dispatches and submissions of one run of a plan, if the backend uses a device.
    fn run_cost(&self, handle: PlanHandle) -> Option<(usize, usize)> {
        let _ = handle;
        None
    }

    /// Measures each dispatch of the run that begins next. Returns false if there is no clock for that.
    fn time_next_run(&mut self) -> bool {
        false
    }

    /// Takes the times of that run after its end.
    fn take_times(&mut self) -> Option<Vec<Timed>> {
        None
    }

    /// Sets the callback for arrived data.
    fn set_wake(&mut self, wake: Wake) {
        let _ = wake;
    }
}

/// Copies words of equal length.
///
/// # Errors
/// `wrong-length` if the sizes differ.
fn copy_words(name: &str, words: &[f32], out: &mut [f32]) -> Result<()> {
    if words.len() != out.len() {
        let (expected, got) = (out.len(), words.len());
        return Err(BackendError::CopyLength { name: name.to_owned(), expected, got }.into());
    }
    out.copy_from_slice(words);
    Ok(())
}
