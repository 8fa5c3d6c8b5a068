//! Errors of training sessions and of the engine round them.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SessionError {
    #[error(
        "The loss became infinite or NaN. Training has stopped; the weights are those before this step. Try a smaller \
         learning rate."
    )]
    #[strum(serialize = "not-a-number")]
    LossNotFinite,
    #[error(
        "The outputs became infinite or NaN. Training has stopped; the weights are those before this step. Try a smaller \
         learning rate."
    )]
    #[strum(serialize = "not-a-number")]
    OutputNotFinite,
    #[error(
        "The gradient became infinite or NaN. Training has stopped; the weights are those before this step. Try a \
         smaller learning rate."
    )]
    #[strum(serialize = "not-a-number")]
    GradientNotFinite,
    #[error("The model has no layer {layer}.")]
    #[strum(serialize = "unknown-layer")]
    NotInModel { layer: String },
    #[error("There is no value of {name} before the first training step. Train for a step first.")]
    #[strum(serialize = "no-value-yet")]
    NotTrainedYet { name: String },
    #[error(
        "There is no value of {name} before the first training step. Train for a step first; for an output, a prediction \
         does as well."
    )]
    NoValueYet { name: String },
    #[error(
        "The last step was not recorded, so its batch and gradients are not there. Pause the training or take a step."
    )]
    #[strum(serialize = "no-value-yet")]
    NotRecorded,
    #[error("There is no tensor {name}. The names are those of tensorNames().")]
    UnknownTensor { name: String },
    #[error("There is no tensor {name}. Did you mean \"{nearest}\"? The names are those of tensorNames().")]
    #[strum(serialize = "unknown-tensor")]
    MisspeltTensor { name: String, nearest: String },
    #[error("{name} is an output or a gradient, which can be read only. Only parameters can be set.")]
    ReadOnly { name: String },
    #[error("{name} takes {expected} numbers for its shape {shape}, but got {got}.")]
    #[strum(serialize = "wrong-length")]
    TensorLength { name: String, expected: usize, shape: String, got: usize },
    #[error("The number of pixels must be a multiple of the input size {size}, but is {got}.")]
    #[strum(serialize = "wrong-length")]
    PixelsLength { size: usize, got: usize },
    #[error("The inputs of {dataset} are token ids. Give an Int32Array of ids, or an array of texts.")]
    #[strum(serialize = "wrong-type")]
    NoTokenIds { dataset: String },
    #[error("The inputs of {dataset} are numbers, not token ids. Give a Uint8Array or a Float32Array.")]
    #[strum(serialize = "wrong-type")]
    TokenIds { dataset: String },
    #[error(
        "The token id {id} is not in the vocabulary, whose ids go from 0 to {max}. Use those ids, or raise maxTokens."
    )]
    UnknownToken { id: i32, max: u32 },
    #[error("\"{word}\" is not in the vocabulary. Look for another word, or raise maxTokens.")]
    UnknownWord { word: String },
    #[error(
        "The data set {dataset} has no texts, so its inputs are not made of words. Choose a data set of texts first."
    )]
    NoTexts { dataset: String },
    #[error("A task for a worker does not fit its model.")]
    #[strum(serialize = "bad-message")]
    ForeignTask,
    #[error("The GPU does not compute as the CPU does: {fault}. The CPU is used instead.")]
    #[strum(serialize = "backend-unavailable")]
    GpuSelfTest { fault: String },
    #[error(
        "One batch would take {size_mib} MiB of memory, but at most {limit_mib} MiB can be used. Use smaller batches or smaller layers."
    )]
    #[strum(serialize = "too-large")]
    BatchMemory { size_mib: u64, limit_mib: u64 },
    #[error(
        "Weights and optimizer would take {size_mib} MiB of memory, but at most {limit_mib} MiB can be used. Use smaller layers."
    )]
    #[strum(serialize = "too-large")]
    WeightsMemory { size_mib: u64, limit_mib: u64 },
    #[error("Not all images that training asks for have arrived.")]
    MissingData,
    #[error("The weights here are the user's already: pretrained ones serve only a model that is not trained.")]
    AlreadyTrained,
    #[error(
        "A snapshot names {expected} tensors, but has {got}. It fits only the model and the optimizer that it was taken of. Nothing here has changed."
    )]
    #[strum(serialize = "wrong-snapshot")]
    SnapshotCount { expected: usize, got: usize },
    #[error(
        "The snapshot has no {name}. It fits only the model and the optimizer that it was taken of. Nothing here has changed."
    )]
    #[strum(serialize = "wrong-snapshot")]
    SnapshotWithout { name: String },
    #[error(
        "The snapshot's {name} should have the shape {shape}, but has {got} numbers. It fits only the model and the optimizer that it was taken of. Nothing here has changed."
    )]
    #[strum(serialize = "wrong-snapshot")]
    SnapshotShape { name: String, shape: String, got: usize },
    #[error(
        "The snapshot's vocabulary of {words} words is damaged: it should have at most {max}, all different, beginning with padding \
         and unknown word. Nothing here has changed."
    )]
    #[strum(serialize = "wrong-snapshot")]
    SnapshotVocabulary { words: usize, max: u32 },

    #[error(
        "The learning rate is 0, because the schedule has come to its end. This run does not change the weights. Reset \
         the model, raise the epochs or choose another schedule."
    )]
    RateIsZero,
    #[error(
        "This layer takes statistics of a batch, so each of {workers} workers needs at least {images} images, but a batch \
         has {batch}. {most} of the workers compute it."
    )]
    FewerWorkers { workers: usize, images: usize, batch: usize, most: usize },

    #[error(
        "The snapshot is of step {step} in epoch {epoch}, but both go up to {max} only: it is damaged. Nothing here has \
         changed."
    )]
    #[strum(serialize = "wrong-snapshot")]
    SnapshotPosition { step: u32, epoch: u32, max: u32 },

    #[error("Training goes on already. Wait for it, or stop it first.")]
    AlreadyTraining,
    #[error("The model was replaced before it was evaluated.")]
    EvaluationDropped,
    #[error("The model was replaced before its snapshot was taken.")]
    SnapshotDropped,
    #[error("This GPU cannot measure the time of its work (timestamp-query).")]
    NoClock,
    #[error("Kernels are timed while training goes on. Start training, then ask again.")]
    NotTraining,
    #[error("This engine has no backend \"webgpu\". Choose \"cpu\" or \"auto\".")]
    #[strum(serialize = "backend-unavailable")]
    NoGpuBackend,
}
