//! The GPU backend: plans as compute shaders, in the browser through WebGPU, natively through Vulkan.
//!
//! * [`lower`]: a plan as shaders and commands. It is pure, so that tests can check every shader without a device.
//! * [`updates`]: groups kernels that update states into common dispatches.
//! * [`wgsl`]: composes shaders.
//! * `device`, `states`, `loaded`, `staging`: the device, buffers that outlive plans, a plan on the device, and buffers
//!   on their way back from it.
//! * `pipelines`: compiles each shader once, ahead of the first run if the device is idle.
//! * `rows`: data sets that stay on the device, and the gathering of batches from them.
//! * `timer`, `profile`: times of each dispatch, of a training run and, natively, of a single plan.
//!
//! Loading a plan makes its buffers and bind groups, and the pipelines that were not compiled ahead. A run is one
//! submission, or several if it takes long, which also copies the plan's outputs into a staging buffer. The run has
//! ended when that buffer has arrived. In the browser the program cannot block until then, so [`Backend::run`] returns
//! `Unfinished`, and everything else to be read is [fetched](Backend::fetch) first. Natively, reading blocks.

#[cfg(feature = "gpu")]
mod device;
#[cfg(feature = "gpu")]
mod loaded;
pub mod lower;
#[cfg(feature = "gpu")]
mod pipelines;
#[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
mod profile;
#[cfg(feature = "gpu")]
mod rows;
#[cfg(feature = "gpu")]
mod staging;
#[cfg(feature = "gpu")]
mod states;
#[cfg(feature = "gpu")]
mod timer;
pub mod updates;
pub mod wgsl;

#[cfg(feature = "gpu")]
mod execute;
#[cfg(feature = "gpu")]
pub use device::GpuDevice;
#[cfg(feature = "gpu")]
pub use execute::GpuBackend;
