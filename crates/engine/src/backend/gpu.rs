//! The GPU backend: plans as compute shaders, in the browser through WebGPU, natively through Vulkan.
//!
//! * [`lower`]: a plan as shaders and commands. Pure, so that every shader can be checked without a device.
//! * [`updates`]: which kernels that update states run together, and what has to lie where for that.
//! * [`wgsl`]: how shaders are put together.
//! * `device`, `states`, `loaded`, `staging`: a device, what outlives plans, a plan on it, and what comes back from it.
//! * `pipelines`: shaders compiled, each once and, while the device has nothing else to do, ahead of the first run.
//! * `rows`: data sets that stay on the device, and what takes batches from them.
//! * `timer`, `profile`: how long each dispatch takes, of a run as it goes on and, natively, of a plan by itself.
//!
//! Buffers and bind groups are made when a plan is loaded, and the pipelines that were not made ahead. A run is one
//! submission, several where it takes long, which also copies the plan's outputs into a staging buffer; it has come to
//! its end when that buffer has arrived. In the browser nothing can wait for that, so [`Backend::run`] answers
//! `Unfinished` until then, and everything else that is to be read is [fetched](Backend::fetch) first. Natively reading
//! waits.

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
