//! The GPU backend: plans as compute shaders, in the browser through WebGPU, natively through Vulkan.
//!
//! * [`lower`]: a plan as shaders and commands. Pure, so that every shader can be checked without a device.
//! * [`wgsl`]: how shaders are put together.

pub mod lower;
pub mod wgsl;
