//! Errors of data sets: their files, their download, their images.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use super::List;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum DataError {
    #[error(
        "{file} is not an IDX file of bytes with {axes} axes: it should begin with the magic number {expected}, but \
         begins with {got}."
    )]
    #[strum(serialize = "bad-idx")]
    NotIdx { file: String, axes: usize, expected: String, got: String },
    #[error("{file} is a gzip file, not an IDX file: unpack it first.")]
    #[strum(serialize = "bad-idx")]
    GzipIdx { file: String },
    #[error("{file} claims the extents {extents}, which fit into no memory. The file is damaged: fetch it again.")]
    #[strum(serialize = "bad-idx")]
    HugeIdx { file: String, extents: List },
    #[error("{file} should have {expected} bytes for its extents {extents}, but has {got}.")]
    #[strum(serialize = "bad-idx")]
    IdxTooLong { file: String, extents: List, expected: usize, got: usize },
    #[error("{file} should have {expected} bytes, but has {got}. The file is not complete: fetch it again.")]
    TruncatedIdx { file: String, expected: usize, got: usize },

    #[error(
        "{dataset} ({part}) should have {expected} numbers for the input of each of its {examples} examples, but has {got} \
         numbers in all."
    )]
    #[strum(serialize = "bad-data")]
    InputLength { dataset: String, part: String, examples: usize, expected: usize, got: usize },
    #[error("{dataset} ({part}) should have {expected} numbers as the target of each example, but has {got} in all.")]
    #[strum(serialize = "bad-data")]
    TargetCount { dataset: String, part: String, expected: usize, got: usize },
    #[error("{dataset} ({part}) should have labels from 0 to {max}, but has the label {label}.")]
    #[strum(serialize = "bad-data")]
    LabelOutOfRange { dataset: String, part: String, max: usize, label: usize },
    #[error("{dataset} ({part}) should have token ids from 0 to {max}, but has the id {id}.")]
    #[strum(serialize = "bad-data")]
    TokenOutOfRange { dataset: String, part: String, max: u32, id: i32 },
    #[error("{dataset} ({part}) should have finite numbers only, but has {value} at place {place}.")]
    #[strum(serialize = "bad-data")]
    NotFinite { dataset: String, part: String, value: String, place: usize },
    #[error("{dataset} ({part}) should have numbers of the type {expected}, but has {got}.")]
    #[strum(serialize = "bad-data")]
    WrongType { dataset: String, part: String, expected: String, got: String },
    #[error("{dataset} ({part}) has room for {room} more examples, but {got} came.")]
    #[strum(serialize = "bad-data")]
    TooManyExamples { dataset: String, part: String, room: usize, got: usize },
    #[error("{examples} examples of {dataset} ({part}) were asked for, but there is room for {room} numbers only.")]
    #[strum(serialize = "bad-data")]
    NoRoom { dataset: String, part: String, examples: usize, room: usize },
    #[error("Example {index} of {dataset} ({part}) has not arrived: only the first {arrived} have.")]
    #[strum(serialize = "bad-data")]
    ExampleNotArrived { dataset: String, part: String, index: u32, arrived: usize },
    #[error("The description of {dataset} is not the one that this version of chalkgrad expects. Load the page again.")]
    #[strum(serialize = "bad-data")]
    ForeignDescription { dataset: String },

    #[error("{file} could not be fetched. {reason} It was tried twice: check the connection and try again.")]
    #[strum(serialize = "data-unavailable")]
    DataUnavailable { file: String, reason: FetchFault },
    #[error("{file} arrived damaged. {reason} It was tried twice: check the connection and try again.")]
    #[strum(serialize = "data-corrupt")]
    DataCorrupt { file: String, reason: FileFault },
}

/// The reason why a file cannot be fetched.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, EnumIter, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum FetchFault {
    #[default]
    #[error("There is no connection to the server.")]
    NoConnection,
    #[error("The server answered with HTTP status {status}.")]
    HttpStatus { status: u16 },
    #[error("The server's answer was empty.")]
    EmptyAnswer,
    #[error("The server's answer broke off.")]
    AnswerBrokeOff,
}

/// The reason why a file that was fetched cannot be used.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, EnumIter, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum FileFault {
    #[default]
    #[error("It should be gzip, but cannot be unpacked.")]
    NotGzip,
    #[error("It should have {expected} bytes, but has {got}.")]
    PackedLength { expected: usize, got: usize },
    #[error("It should have {expected} bytes when unpacked, but has {got}.")]
    UnpackedLength { expected: usize, got: usize },
    #[error("Its SHA-256 should be {expected}, but is {got}.")]
    Hash { expected: String, got: String },
    #[error("It should describe the data set in JSON, but cannot be read: {details}.")]
    BadDescription { details: String },
    #[error("It should describe the data set in format version {expected}, but has version {got}.")]
    FormatVersion { expected: u32, got: u32 },
    #[error("It should hold {expected} texts in UTF-8, each ended by a line feed.")]
    BadTexts { expected: usize },
    #[error("It describes images that are too large or too many: {extents}.")]
    BadExtents { extents: List },
}
