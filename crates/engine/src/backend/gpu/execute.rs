//! The trait [`Backend`] for a device.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::device::GpuDevice;
use super::loaded::{LoadedPlan, Range, UNKNOWN_PARTS, storage};
use super::lower::{BufferRef, Lowered, Place, lower};
use super::pipelines::{Ahead, Pipelines};
use super::rows::Tables;
use super::staging::Staging;
use super::states::States;
use super::timer::Timer;
use super::updates::ALIGNMENT_WORDS;
use crate::backend::{Backend, PlanHandle, ResidentDataset, RunStatus, TensorRef, Timed, Wake};
use crate::error::{BackendError, Error, Result};
use crate::ir::gpu::Tiling;
use crate::plan::{Plan, SlotId, SlotKind};
use crate::tensor::HostTensor;

/// Work given to the device ahead, in milliseconds: enough that it never idles, little enough that it stops soon.
const AHEAD_MS: f64 = 40.0;
pub(super) const MAX_RUNS_AHEAD: usize = 8;

/// GPU backend; see the [module](super).
pub struct GpuBackend {
    gpu: GpuDevice,
    tiling: Tiling,
    states: States,
    /// Data sets; they stay when everything else is cleared.
    tables: Tables,
    plans: HashMap<PlanHandle, LoadedPlan>,
    pipelines: Pipelines,
    ahead: Option<Ahead>,
    next_handle: u32,
    wake: Option<Wake>,
    /// Requested values, arrived or not.
    fetched: HashMap<TensorRef, Fetch>,
    /// Staging buffers for reuse: snapshots request the same tensors every time.
    idle: RefCell<Vec<Staging>>,
    /// Clock in milliseconds, for [`Backend::runs_at_once`]; without it one run is in progress at a time.
    clock: Option<fn() -> f64>,
    last_finish_ms: f64,
    /// Measure the next run; and the plan of the run that was measured.
    times_next: bool,
    timed: Option<(PlanHandle, Timer)>,
}

enum Fetch {
    OnItsWay(Staging),
    Arrived(Vec<f32>),
}

impl GpuBackend {
    /// Makes a backend on a device, with the tiling for its kind; a measurement may change the tiling.
    pub fn new(gpu: GpuDevice) -> Self {
        let tiling = if gpu.is_software { Tiling::Registers } else { Tiling::Workgroup };
        Self {
            gpu,
            tiling,
            states: States::default(),
            tables: Tables::default(),
            plans: HashMap::new(),
            pipelines: Pipelines::default(),
            ahead: None,
            next_handle: 0,
            wake: None,
            fetched: HashMap::new(),
            idle: RefCell::default(),
            clock: None,
            last_finish_ms: 0.0,
            times_next: false,
            timed: None,
        }
    }

    /// Sets the tiling of plans that are loaded from now on.
    pub fn set_tiling(&mut self, tiling: Tiling) {
        self.tiling = tiling;
    }

    pub fn tiling(&self) -> Tiling {
        self.tiling
    }

    pub fn device(&self) -> &GpuDevice {
        &self.gpu
    }

    /// Sets the clock in milliseconds that lets several short runs be in progress at once.
    pub fn set_clock(&mut self, clock: fn() -> f64) {
        self.clock = Some(clock);
    }

    /// Returns the dispatches of one run of a plan.
    pub fn dispatches(&self, handle: PlanHandle) -> usize {
        self.plans.get(&handle).map_or(0, LoadedPlan::dispatches)
    }

    pub(super) fn loaded(&self, handle: PlanHandle) -> Result<&LoadedPlan> {
        self.plans.get(&handle).ok_or_else(unknown_plan)
    }

    fn loaded_mut(&mut self, handle: PlanHandle) -> Result<&mut LoadedPlan> {
        self.plans.get_mut(&handle).ok_or_else(unknown_plan)
    }

    /// Returns the maximum number of words of a buffer.
    fn limit_words(&self) -> usize {
        let limits = self.gpu.device.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) as usize / 4
    }

    fn write(&self, range: &Range, words: &[f32]) {
        if !words.is_empty() {
            self.gpu.queue.write_buffer(&range.buffer, range.offset_bytes, bytemuck::cast_slice(words));
        }
    }

    /// Returns the number of pipelines made so far.
    pub fn pipelines_made(&self) -> usize {
        self.pipelines.made()
    }

    /// Lowers a plan to commands, and returns the places of its states, which are made if they are missing.
    fn lowered(&mut self, plan: &Plan) -> Result<(Lowered, Vec<Option<Place>>)> {
        let limit_words = self.limit_words();
        let too_large = |size: usize| {
            Error::from(BackendError::TensorTooLarge { size_mib: size >> 18, limit_mib: limit_words >> 18 })
        };
        let is_too_large = |size: &usize| size + ALIGNMENT_WORDS > limit_words;
        if let Some(size) = plan.slots.iter().map(|slot| slot.size_words).find(is_too_large) {
            return Err(too_large(size));
        }
        for slot in &plan.slots {
            let SlotKind::State(name) = &slot.kind else { continue };
            if let Some((_, size)) = self.states.get(name).filter(|(_, size)| *size != slot.size_words) {
                return Err(BackendError::StateSize { name: name.clone(), expected: slot.size_words, got: size }.into());
            }
        }
        let mut places = Vec::with_capacity(plan.slots.len());
        for slot in &plan.slots {
            places.push(match &slot.kind {
                SlotKind::State(name) => {
                    self.state(name, slot.size_words);
                    self.states.get(name).map(|(place, _)| place)
                }
                _ => None,
            });
        }
        let lowered = lower(plan, self.tiling, &places)?;
        let sizes = lowered.scratch_words.iter().copied().chain([lowered.packed_words]);
        if let Some(size) = sizes.into_iter().find(is_too_large) {
            return Err(too_large(size));
        }
        Ok((lowered, places))
    }

    /// Returns the range of a state, making it if there is none of this size.
    fn state(&mut self, name: &str, size_words: usize) -> Range {
        let place = self.states.place(&self.gpu.device, name, size_words, self.limit_words());
        Range::new(&self.states.buffers[place.buffer], place.offset_words, size_words)
    }

    /// Returns the buffer of a value, and its number of words.
    fn source(&self, (handle, name): &TensorRef) -> Result<(Range, usize)> {
        match handle {
            None => self
                .states
                .get(name)
                .map(|(place, size)| (Range::new(&self.states.buffers[place.buffer], place.offset_words, size), size))
                .ok_or_else(|| BackendError::UnknownState { name: name.clone() }.into()),
            Some(handle) => {
                let loaded = self.loaded(*handle)?;
                let value = loaded.plan.value(name)?;
                Ok((loaded.slots[value.slot.0 as usize].clone(), value.tensor_type.shape.len()))
            }
        }
    }

    /// Copies a value into a staging buffer and requests it.
    fn send_for(&self, wanted: &TensorRef) -> Result<Staging> {
        let (range, size_words) = self.source(wanted)?;
        let mut idle = self.idle.borrow_mut();
        let staging = match idle.iter().position(|staging| staging.size_words() == size_words) {
            Some(position) => idle.swap_remove(position),
            None => Staging::new(&self.gpu.device, size_words),
        };
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        range.copy_to(&mut encoder, &staging.buffer, 0, size_words);
        self.gpu.queue.submit([encoder.finish()]);
        staging.request(self.wake.as_ref());
        Ok(staging)
    }

    /// Returns the words of a value: fetched before or, natively, now.
    fn words(&self, wanted: &TensorRef) -> Result<Vec<f32>> {
        if let Some(Fetch::Arrived(words)) = self.fetched.get(wanted) {
            return Ok(words.clone());
        }
        self.gpu.faults.check()?;
        let staging = self.send_for(wanted)?;
        match staging.take(&self.gpu.device) {
            Ok(Some(mut words)) => {
                words.truncate(self.source(wanted)?.1);
                self.idle.borrow_mut().push(staging);
                Ok(words)
            }
            Ok(None) => Err(BackendError::NotFetched { name: wanted.1.clone() }.into()),
            Err(()) => Err(self.lost()),
        }
    }

    fn lost(&self) -> Error {
        match self.gpu.faults.check() {
            Err(error) => error,
            Ok(()) => BackendError::DeviceSilent.into(),
        }
    }
}

fn unknown_plan() -> Error {
    BackendError::UnknownPlan { backend: "webgpu".to_owned() }.into()
}

fn unknown_input(name: &str) -> Error {
    BackendError::NotAnInput { name: name.to_owned() }.into()
}

impl Backend for GpuBackend {
    fn name(&self) -> &'static str {
        "webgpu"
    }

    fn load(&mut self, plan: Arc<Plan>) -> Result<PlanHandle> {
        self.gpu.faults.check()?;
        let (lowered, places) = self.lowered(&plan)?;
        let is_used = |slot: usize| lowered.uses(BufferRef::Slot(SlotId(slot as u32)));
        let mut slots = Vec::with_capacity(plan.slots.len());
        for (index, slot) in plan.slots.iter().enumerate() {
            slots.push(match (&slot.kind, places[index]) {
                (SlotKind::State(_), Some(place)) => {
                    Range::new(&self.states.buffers[place.buffer], place.offset_words, slot.size_words)
                }
                (SlotKind::Constant(value), _) => {
                    let range = Range::new(&storage(&self.gpu.device, slot.size_words), 0, slot.size_words);
                    self.write(&range, value.words());
                    range
                }
                (SlotKind::Temporary, _) if !is_used(index) => Range::new(&storage(&self.gpu.device, 0), 0, 0),
                _ => Range::new(&storage(&self.gpu.device, slot.size_words), 0, slot.size_words),
            });
        }
        let handle = PlanHandle(self.next_handle);
        self.next_handle += 1;
        let mut loaded =
            LoadedPlan::new(&self.gpu.device, plan, &lowered, slots, &self.states.buffers, &mut self.pipelines);
        if self.clock.is_some() {
            loaded.unknown_parts = UNKNOWN_PARTS;
        }
        self.plans.insert(handle, loaded);
        Ok(handle)
    }

    fn prepare(&mut self, plans: &[Arc<Plan>]) -> Result<Option<(usize, usize)>> {
        self.gpu.faults.check()?;
        let mut ahead = match self.ahead.take().filter(|ahead| ahead.is_for(plans)) {
            Some(ahead) => ahead,
            None => {
                let lowered: Result<Vec<Lowered>> = plans.iter().map(|plan| Ok(self.lowered(plan)?.0)).collect();
                Ahead::new(&self.gpu.device, plans, lowered?, &self.pipelines)
            }
        };
        let progress = ahead.make_next(&self.gpu.device, &mut self.pipelines, self.wake.as_ref());
        self.ahead = progress.map(|_| ahead);
        Ok(progress)
    }

    fn unload(&mut self, handle: PlanHandle) {
        self.plans.remove(&handle);
        self.fetched.clear();
        self.idle.borrow_mut().clear();
    }

    fn write_state(&mut self, name: &str, value: &HostTensor) {
        self.fetched.clear();
        let range = self.state(name, value.words().len());
        self.write(&range, value.words());
    }

    fn read_state(&self, name: &str) -> Result<Vec<f32>> {
        self.words(&(None, name.to_owned()))
    }

    fn clear(&mut self) {
        self.states.clear();
        self.plans.clear();
        self.fetched.clear();
        self.idle.borrow_mut().clear();
        self.pipelines.outdate();
        self.ahead = None;
    }

    fn write_input(&mut self, handle: PlanHandle, name: &str, fill: &mut dyn FnMut(&mut [f32])) -> Result<()> {
        self.fetched.clear();
        let loaded = self.loaded_mut(handle)?;
        let slot = loaded.input(name).ok_or_else(|| unknown_input(name))?;
        loaded.rows.forget(slot);
        let mut words = std::mem::take(&mut loaded.input_words);
        words.resize(loaded.plan.slots[slot].size_words, 0.0);
        fill(&mut words);
        let loaded = self.loaded(handle)?;
        self.write(&loaded.slots[slot], &words);
        self.loaded_mut(handle)?.input_words = words;
        Ok(())
    }

    fn gather_rows(
        &mut self,
        handle: PlanHandle,
        name: &str,
        table: &ResidentDataset<'_>,
        rows: &[u32],
    ) -> Result<bool> {
        self.gpu.faults.check()?;
        if (table.rows * table.row_bytes()).div_ceil(4) > self.limit_words() {
            return Ok(false);
        }
        let Self { gpu, tables, plans, pipelines, .. } = self;
        let Some(own) = tables.send(gpu, table) else { return Ok(false) };
        self.fetched.clear();
        let loaded = plans.get_mut(&handle).ok_or_else(unknown_plan)?;
        let slot = loaded.input(name).ok_or_else(|| unknown_input(name))?;
        loaded.rows.set(gpu, own, table, (slot, &loaded.slots[slot]), rows, pipelines);
        Ok(true)
    }

    fn forget_datasets(&mut self) {
        self.tables.clear();
        for loaded in self.plans.values_mut() {
            loaded.rows.clear();
        }
    }

    fn begin(&mut self, handle: PlanHandle) -> Result<()> {
        self.gpu.faults.check()?;
        self.fetched.clear();
        let loaded = self.plans.get_mut(&handle).ok_or_else(unknown_plan)?;
        let now_ms = self.clock.map_or(0.0, |clock| clock());
        let mut timer = None;
        if std::mem::take(&mut self.times_next) {
            timer = Timer::new(&self.gpu.device, loaded.dispatches());
        }
        loaded.submit(&self.gpu, now_ms, self.wake.as_ref(), timer.as_mut());
        if let Some(timer) = timer {
            self.timed = Some((handle, timer));
        }
        Ok(())
    }

    fn run(&mut self, handle: PlanHandle, _has_time: &mut dyn FnMut() -> bool) -> Result<RunStatus> {
        if self.loaded(handle)?.runs.is_empty() {
            self.begin(handle)?;
        }
        self.gpu.faults.check()?;
        let loaded = self.plans.get_mut(&handle).ok_or_else(unknown_plan)?;
        match loaded.finish(&self.gpu.device) {
            Ok(Some(begun_ms)) => {
                if let Some(clock) = self.clock {
                    let now_ms = clock();
                    // A run that was begun ahead had to wait for the previous one.
                    loaded.took(now_ms - begun_ms.max(self.last_finish_ms));
                    self.last_finish_ms = now_ms;
                }
                Ok(RunStatus::Done)
            }
            Ok(None) => Ok(RunStatus::Unfinished),
            Err(()) => Err(self.lost()),
        }
    }

    fn cancel(&mut self, handle: PlanHandle) {
        if let Some(loaded) = self.plans.get_mut(&handle) {
            loaded.runs.clear();
        }
    }

    fn read(&self, handle: PlanHandle, name: &str) -> Result<HostTensor> {
        let loaded = self.loaded(handle)?;
        let value = loaded.plan.value(name)?;
        let size = value.tensor_type.shape.len();
        let output = loaded.outputs.iter().find(|(index, _)| loaded.plan.values[*index].name == name);
        let results = loaded.results.borrow();
        let words = match output.and_then(|&(_, first)| results.get(first..first + size)) {
            Some(words) => words.to_vec(),
            None => self.words(&(Some(handle), name.to_owned()))?,
        };
        HostTensor::from_words(value.tensor_type.clone(), words).ok_or_else(unknown_plan)
    }

    fn fetch(&mut self, wanted: &[TensorRef]) -> Result<bool> {
        self.gpu.faults.check()?;
        let mut complete = true;
        for own in wanted {
            let fetch = match self.fetched.remove(own) {
                Some(fetch) => fetch,
                None => Fetch::OnItsWay(self.send_for(own)?),
            };
            let fetch = match fetch {
                Fetch::OnItsWay(staging) => match staging.take(&self.gpu.device) {
                    Ok(Some(mut words)) => {
                        words.truncate(self.source(own)?.1);
                        self.idle.borrow_mut().push(staging);
                        Fetch::Arrived(words)
                    }
                    Ok(None) => {
                        complete = false;
                        Fetch::OnItsWay(staging)
                    }
                    Err(()) => return Err(self.lost()),
                },
                arrived => arrived,
            };
            self.fetched.insert(own.clone(), fetch);
        }
        Ok(complete)
    }

    fn is_asynchronous(&self) -> bool {
        cfg!(target_arch = "wasm32")
    }

    fn runs_at_once(&self, handle: PlanHandle) -> usize {
        // Only this plan counts: the time of one image says nothing about a step of a thousand.
        match self.plans.get(&handle).and_then(LoadedPlan::run_ms) {
            Some(run_ms) if self.clock.is_some() => ((AHEAD_MS / run_ms.max(0.1)) as usize).clamp(1, MAX_RUNS_AHEAD),
            _ => 1,
        }
    }

    fn busy_ms(&self) -> f64 {
        self.plans.values().map(LoadedPlan::busy_ms).sum()
    }

    fn run_cost(&self, handle: PlanHandle) -> Option<(usize, usize)> {
        let loaded = self.plans.get(&handle)?;
        let rows = usize::from(loaded.rows.command().is_some());
        Some((loaded.dispatches() + rows, loaded.submissions()))
    }

    fn time_next_run(&mut self) -> bool {
        self.times_next = self.gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        self.times_next
    }

    fn take_times(&mut self) -> Option<Vec<Timed>> {
        let (handle, timer) = self.timed.as_ref()?;
        let times = timer.take(&self.gpu.device, &self.gpu.queue).ok()??;
        let timed = self.plans.get(handle).map(|loaded| loaded.timed(times));
        self.timed = None;
        timed
    }

    fn set_wake(&mut self, wake: Wake) {
        self.wake = Some(wake);
    }
}
