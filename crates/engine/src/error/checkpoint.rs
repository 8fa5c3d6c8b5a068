//! Errors of saved experiments.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum CheckpointError {
    #[error(
        "This is not a file that chalkgrad has saved (safetensors), or it is damaged: {details}. Nothing here has changed."
    )]
    #[strum(serialize = "bad-file")]
    NotSafetensors { details: String },
    #[error("This is not a file that chalkgrad has saved (safetensors), or it is damaged. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    OtherKindOfFile,
    #[error("The file is cut off: its header is longer than the file. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    CutOff,
    #[error("The file is cut off, or bytes follow its last tensor. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    DataLength,
    #[error("In the file, there is a gap or an overlap before {name}: it is damaged. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    TensorPlace { name: String },
    #[error("In the file, a tensor does not have as many bytes as its shape and type say. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    TensorBytes,
    #[error("In the file, {name} stands twice. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    NameTwice { name: String },
    #[error(
        "The safetensors file has no metadata entry chalkgrad, which holds model, configuration and position: another \
         program has written it. Nothing here has changed."
    )]
    #[strum(serialize = "bad-file")]
    ForeignFile,
    #[error("The file's description of the experiment is damaged: {details}. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    DamagedDescription { details: String },
    #[error("In the file, {name} should have the shape {expected}, but has {got}. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    TensorShape { name: String, expected: String, got: String },
    #[error("In the file, {name} should hold numbers of type F32, but holds {got}. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    TensorType { name: String, got: String },
    #[error(
        "The file has version {got}, but only versions up to {newest} can be read here: it was saved by a newer chalkgrad. \
         Load the page again."
    )]
    NewerFile { got: u32, newest: u32 },
    #[error("The file has {size_mib} MiB, but at most {limit_mib} MiB can be opened. Nothing here has changed.")]
    FileTooLarge { size_mib: u64, limit_mib: u64 },
    #[error("The browser cannot read this file. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    UnreadableFile,
    #[error("The experiment cannot be written as a file: {details}.")]
    #[strum(serialize = "bad-message")]
    UnwritableFile { details: String },
}
