//! The engine's tests against independent values, one module per subject. They share one binary, because each binary
//! links the whole engine.

mod branches;
mod catalogue;
mod checkpoint;
mod device;
mod engine;
mod epilogues;
mod explain;
mod follow;
mod formulas;
mod golden;
mod keras;
mod memory;
mod ops;
mod plans;
mod presets;
mod random_layers;
mod replay;
mod replicas;
mod robustness;
mod sequences;
mod session;
mod shaders;
mod step_record;
mod tables;
mod texts;
