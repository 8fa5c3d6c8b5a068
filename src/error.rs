//! Errors of the page: of its talk with the engine, of links, pictures and files that people open, of the browser's storage.
//!
//! Like the engine's errors they have a code, named arguments, an English sentence as `Display`, and a text under
//! `error.<key>` in each locale file.

use std::fmt;

use chalkgrad_engine::error::Arguments;
use chalkgrad_engine::protocol::ErrorReport;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

/// An error of the page's side of the engine.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ClientError {
    #[error("The engine gave no answer. Try again.")]
    #[strum(serialize = "worker-failed")]
    NoAnswer,
    #[error("The engine's worker is not there. Load the page again.")]
    #[strum(serialize = "worker-failed")]
    NoWorker,
    #[error("The browser refuses to start the engine's worker; the reason given is \"{details}\".")]
    #[strum(serialize = "worker-failed")]
    NotStarted { details: String },
    #[error("The engine's program cannot be handed to its worker; the reason given is \"{details}\".")]
    #[strum(serialize = "worker-failed")]
    NotHandedOver { details: String },
    #[error("A message to the engine cannot be posted; the reason given is \"{details}\".")]
    #[strum(serialize = "worker-failed")]
    NotPosted { details: String },
    #[error(
        "The engine could not be kept running. {fault} Load the page again; if that does not help, close other tabs or \
         use a smaller model."
    )]
    #[strum(serialize = "worker-failed")]
    NotKeptRunning { fault: WorkerFault },
    #[error("The engine could not be kept running. Load the page again.")]
    #[strum(serialize = "worker-failed")]
    EngineDown,

    #[error("The engine was restarted. {fault} {lost}")]
    #[strum(serialize = "worker-restarted")]
    Restarted { fault: WorkerFault, lost: LostWork },
    #[error("The engine was replaced before it answered. Try again.")]
    #[strum(serialize = "worker-restarted")]
    Replaced,
    #[error("The engine was restarted before it could say where it stands. Save once more.")]
    #[strum(serialize = "worker-restarted")]
    RestartedWhileSaving,
    /// Its code is that of the cause.
    #[error("The engine could not be brought back to where it was. {cause}")]
    #[strum(serialize = "worker-restarted")]
    NotRestored { cause: Cause },

    #[error("This browser lets pages use no GPU. Choose \"cpu\" or \"auto\".")]
    #[strum(serialize = "backend-unavailable")]
    NoGpuInBrowser,
    #[error(
        "Browsers offer the GPU only to pages from https or from localhost, and this page came by plain http. Choose \
         \"cpu\" or \"auto\"."
    )]
    #[strum(serialize = "backend-unavailable")]
    InsecurePage,
    /// Its code is that of the cause.
    #[error("{cause} {lost} The GPU goes on.")]
    #[strum(serialize = "device-lost")]
    GpuGoesOn { cause: Cause, lost: LostWork },
    /// Its code is that of the cause.
    #[error("{cause} {lost} The CPU goes on.")]
    #[strum(serialize = "device-lost")]
    CpuGoesOn { cause: Cause, lost: LostWork },
}

impl From<ClientError> for ErrorReport {
    fn from(error: ClientError) -> Self {
        Self::of((&error).into(), &error)
    }
}

/// A reason for which a worker is given up.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, EnumIter, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum WorkerFault {
    #[default]
    #[error("It did not answer for ten seconds.")]
    Silent,
    #[error("Its program met an error from which it cannot continue ({details}).")]
    Crashed { details: String },
    #[error("Its program could not be loaded.")]
    NotLoaded,
    #[error("One of its messages could not be read.")]
    GarbledMessage,
    #[error("One of its messages does not fit the page ({details}).")]
    ForeignMessage { details: String },
}

/// The training steps that a restart costs.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, EnumIter, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum LostWork {
    #[default]
    #[error("No training step was lost.")]
    NoStep,
    #[error("The {steps} training steps since the last snapshot (step {from}) were lost.")]
    StepsSinceSnapshot { steps: u32, from: u32 },
    #[error("All {steps} training steps were lost: the model starts again from its seed.")]
    AllSteps { steps: u32 },
}

/// An error as an argument of another one.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Cause {
    /// The key of its text.
    key: String,
    /// Its English sentence, for an error without a key.
    message: String,
    #[serde(flatten)]
    arguments: Arguments,
}

impl From<&ErrorReport> for Cause {
    fn from(report: &ErrorReport) -> Self {
        Self { key: report.key.clone(), message: report.message.clone(), arguments: report.arguments.clone() }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error of the page's views: links, pictures, files, storage.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PageError {
    #[error("The link cannot be read: it is damaged or too long. Nothing here has changed.")]
    BadLink,
    /// A message, not a fault: the work is still there.
    #[error(
        "The link's network has taken the place of yours, which had been trained for {steps} steps. The browser's Back \
         button brings it back."
    )]
    LinkTaken { steps: u32 },
    #[error("The browser lets this page copy nothing. Copy the link from here: {address}")]
    ClipboardRefused { address: String },
    #[error("The browser cannot read this file. Nothing here has changed.")]
    #[strum(serialize = "bad-file")]
    FileNotRead,

    #[error(
        "This network is too large to be kept in the browser by itself. Save it to a file before you close the page."
    )]
    #[strum(serialize = "storage-full")]
    TooLargeToKeep,
    #[error("The browser's storage is full, so this work is not kept. Save it to a file before you close the page.")]
    StorageFull,
    #[error(
        "The browser does not let this page keep anything, as in a private window. Save your work to a file before you \
         close the page."
    )]
    StorageForbidden,

    /// A message, not a fault: whether the frame lets files out cannot be known.
    #[error(
        "The file was handed to the browser. If no download has begun, the page around this one forbids it: open {address} \
         in a window of its own and save there."
    )]
    SavedInFrame { address: String },
    #[error("The picture has {size}; the limit is {most}. Choose a smaller one. The input is unchanged.")]
    PictureTooLarge { size: String, most: String },
    #[error(
        "“{name}” is not a picture that this browser can read. Choose a PNG, JPEG, WebP or GIF. The input is unchanged."
    )]
    NoPicture { name: String },
    #[error("“{name}” cannot be opened here. Drop a picture of a digit, or an experiment that this page has saved.")]
    #[strum(serialize = "bad-file")]
    NotDroppable { name: String },
    #[error("Text cannot be opened here. Drop a picture of a digit, or an experiment that this page has saved.")]
    #[strum(serialize = "bad-file")]
    NoFileDropped,
    #[error("“{name}” shows nothing: its brightness is the same everywhere. The input is unchanged.")]
    EmptyPicture { name: String },
    #[error(
        "This browser gives pages noise instead of a picture's pixels, to protect you from tracking. Allow this page to \
         read canvases, or draw the digit. The input is unchanged."
    )]
    PictureIsNoise,

    /// A message, not a fault: training goes on.
    #[error(
        "Training was paused while the page was hidden and now continues. You can turn this off in the training settings."
    )]
    PausedHidden,
}

impl From<PageError> for ErrorReport {
    fn from(error: PageError) -> Self {
        Self::of((&error).into(), &error)
    }
}
