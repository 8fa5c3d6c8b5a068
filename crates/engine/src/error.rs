//! The one error type: where it happened, what was expected, what came, what to do.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::tensor::Shape;

/// An error that a user, a file, a URL, a message or a device can cause. A pointer, so that results stay small.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Error(Box<Report>);

/// What an [`Error`] says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// A stable word in kebab case, such as `unknown-layer` or `shape-mismatch`: pages and lessons branch on it.
    pub code: &'static str,
    /// The op, layer, tensor, setting or file at fault, as the user knows it.
    pub subject: String,
    pub expected: String,
    pub got: String,
    /// What to do about it; empty where there is nothing to say.
    pub hint: String,
    /// The name of the layer at fault, where one is.
    pub layer: Option<String>,
    /// The index of that layer in the spec.
    pub layer_index: Option<usize>,
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

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(code: &'static str, subject: impl Into<String>) -> Self {
        Self(Box::new(Report {
            code,
            subject: subject.into(),
            expected: String::new(),
            got: String::new(),
            hint: String::new(),
            layer: None,
            layer_index: None,
        }))
    }

    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    pub fn got(mut self, got: impl Into<String>) -> Self {
        self.got = got.into();
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Names the layer at fault, unless one is named already.
    pub fn at_layer(mut self, index: usize, name: &str) -> Self {
        self.layer.get_or_insert_with(|| name.to_owned());
        self.layer_index.get_or_insert(index);
        self
    }

    /// An op that got operands of shapes that do not fit.
    pub fn shapes(op: &str, expected: impl Into<String>, got: &[&Shape]) -> Self {
        let got: Vec<String> = got.iter().map(|shape| shape.to_string()).collect();
        Self::new("shape-mismatch", op).expected(expected).got(got.join(" and "))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.layer {
            Some(layer) if *layer != self.subject => write!(f, "{layer}, {}", self.subject)?,
            _ => f.write_str(&self.subject)?,
        }
        if !self.expected.is_empty() {
            write!(f, ": expected {}", self.expected)?;
        }
        if !self.got.is_empty() {
            write!(f, "{} got {}", if self.expected.is_empty() { ":" } else { "," }, self.got)?;
        }
        f.write_str(".")?;
        if !self.hint.is_empty() {
            write!(f, " {}", self.hint)?;
        }
        Ok(())
    }
}
