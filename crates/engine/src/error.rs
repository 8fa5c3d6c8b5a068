//! Errors: typed values, one enum for each area, with a code, named arguments and an English sentence.
//!
//! The sentence is the variant's `Display`: what was expected, what came, what to do. Programs branch on the code, which
//! several variants may share. Pages in other languages look the variant's key up in their locale files and put the
//! arguments in the place of `{name}`.

mod backend;
mod checkpoint;
mod data;
mod graph;
mod message;
mod model;
mod session;
mod setting;
mod text;

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::Serialize;

pub use backend::BackendError;
pub use checkpoint::CheckpointError;
pub use data::{DataError, FetchFault, FileFault};
pub use graph::GraphError;
pub use message::{Given, MessageError};
pub use model::ModelError;
pub use session::SessionError;
pub use setting::{SettingError, SettingRule};
pub use text::{Arguments, List, key_and_arguments};

/// An error that a user, a file, a URL, a message or a device can cause. A pointer, so that results stay small.
#[derive(Clone, PartialEq, Debug)]
pub struct Error(Box<Report>);

/// The contents of an [`Error`].
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// A stable word in kebab case, such as `unknown-layer` or `shape-mismatch`: pages and lessons branch on it.
    pub code: &'static str,
    pub kind: ErrorKind,
    /// The setting at fault, as the user knows it; empty where there is none.
    pub subject: String,
    /// The name of the layer at fault, where one is.
    pub layer: Option<String>,
    /// The index of that layer in the spec.
    pub layer_index: Option<usize>,
}

/// An error of any area.
#[derive(Clone, PartialEq, Debug, Serialize, thiserror::Error)]
#[serde(untagged)]
pub enum ErrorKind {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl ErrorKind {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Backend(error) => error.into(),
            Self::Checkpoint(error) => error.into(),
            Self::Data(error) => error.into(),
            Self::Graph(error) => error.into(),
            Self::Message(error) => error.into(),
            Self::Model(error) => error.into(),
            Self::Session(error) => error.into(),
            Self::Setting(error) => error.into(),
        }
    }

    /// Returns the name of the setting at fault, where one is.
    fn setting(&self) -> Option<&str> {
        match self {
            Self::Setting(error) => error.setting(),
            Self::Model(error) => error.setting(),
            _ => None,
        }
    }
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl<Kind: Into<ErrorKind>> From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        let kind = kind.into();
        let subject = kind.setting().unwrap_or_default().to_owned();
        Self(Box::new(Report { code: kind.code(), kind, subject, layer: None, layer_index: None }))
    }
}

impl Deref for Error {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Report {
        &mut self.0
    }
}

impl Error {
    /// Returns the name of the setting at fault, where one is.
    pub fn setting(&self) -> Option<&str> {
        self.kind.setting()
    }

    /// Gives the setting at fault another name, where its path was its name.
    pub fn rename_setting(&mut self, name: String) {
        self.subject.clone_from(&name);
        if let ErrorKind::Setting(error) = &mut self.kind {
            error.rename(name);
        }
    }

    /// Names the layer at fault, unless one is named already.
    pub fn at_layer(mut self, index: usize, name: &str) -> Self {
        self.layer.get_or_insert_with(|| name.to_owned());
        self.layer_index.get_or_insert(index);
        self
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.layer {
            Some(layer) => write!(f, "{layer}: {}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}
