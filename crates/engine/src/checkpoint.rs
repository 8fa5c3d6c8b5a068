//! A whole experiment as a file: model, configuration, weights, optimizer state, position and history.
//!
//! With the same seed, backend, number of workers and build, training that goes on from a file gives the losses that it
//! would have given without a break, bit for bit: the order of the images, dropout and schedules are functions of seed and
//! position, and everything else is in the file. Files are [safetensors](https://github.com/huggingface/safetensors) with one entry of metadata,
//! `chalkgrad`, which is JSON; other programs can read the weights under their names, `conv2d.kernel` for example.

mod safetensors;

pub use safetensors::decode_f8;

use serde::{Deserialize, Serialize};

use self::safetensors::Tensor;
use crate::error::{CheckpointError, Error, Result};
use crate::history::{HistoryTensor, TrainingHistory};
use crate::json;
use crate::model::catalogue;
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::protocol::SnapshotInfo;

/// The largest file that is written or read: no model is larger that can be trained.
pub const MAX_FILE_BYTES: usize = 1 << 30;

/// Raised when a file can no longer be read by earlier versions.
const VERSION: u32 = 1;

/// See the [module](self).
#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoint {
    pub model: ModelSpec,
    pub training: TrainingConfig,
    /// Progress of the model, and the names of the arrays.
    pub snapshot: SnapshotInfo,
    /// Weights and optimizer state.
    pub arrays: Vec<Vec<f32>>,
    pub history: TrainingHistory,
    /// Backend's name and number of workers.
    pub backend: String,
    pub workers: u32,
    /// On the test images, where it was measured.
    pub test_accuracy: Option<f32>,
}

/// The metadata of a file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct About {
    version: u32,
    model: ModelSpec,
    training: TrainingConfig,
    step: u32,
    epoch: u32,
    batch_in_epoch: u32,
    untouched: bool,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    vocabulary: Vec<String>,
    backend: String,
    workers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_accuracy: Option<f32>,
}

impl Checkpoint {
    /// Writes the file.
    ///
    /// # Errors
    /// `file-too-large`; those of the model, if it is invalid.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let shapes = shapes(&self.model)?;
        let mut tensors = Vec::new();
        for (name, values) in self.snapshot.names.iter().zip(&self.arrays) {
            let shape = shape_of(&shapes, name).map_or_else(|| vec![values.len()], <[usize]>::to_vec);
            tensors.push(Tensor { name: name.into(), shape, values: values.into() });
        }
        for HistoryTensor { name, shape, values } in self.history.tensors() {
            tensors.push(Tensor { name, shape, values });
        }
        check_size(tensors.iter().map(|tensor| size_of_val(&*tensor.values)).sum::<usize>() as f64)?;
        let SnapshotInfo { step, epoch, batch_in_epoch, untouched, .. } = self.snapshot;
        let about = About {
            version: VERSION,
            model: self.model.clone(),
            training: self.training.clone(),
            step,
            epoch,
            batch_in_epoch,
            untouched,
            vocabulary: self.snapshot.vocabulary.clone(),
            backend: self.backend.clone(),
            workers: self.workers,
            test_accuracy: self.test_accuracy,
        };
        safetensors::write(json::to_text(&about)?, &tensors)
    }

    /// Reads a file. A session checks when it opens it that all arrays of the model are present.
    ///
    /// # Errors
    /// `bad-file` if it is another kind of file, damaged or cut off, or a tensor has another shape than its model says;
    /// `newer-file` if a later version has written it; `file-too-large`; those of the model, if it is invalid.
    pub fn from_bytes(file: &[u8]) -> Result<Self> {
        check_size(file.len() as f64)?;
        let (about, tensors) = safetensors::read(file)?;
        let about = read_about(&about)?;
        let snapshot = SnapshotInfo {
            step: about.step,
            epoch: about.epoch,
            batch_in_epoch: about.batch_in_epoch,
            names: Vec::new(),
            untouched: about.untouched,
            vocabulary: about.vocabulary,
        };
        let mut read = Self {
            model: about.model,
            training: about.training,
            snapshot,
            arrays: Vec::new(),
            history: TrainingHistory::default(),
            backend: about.backend,
            workers: about.workers,
            test_accuracy: about.test_accuracy,
        };
        let shapes = shapes(&read.model)?;
        for tensor in tensors {
            if let Some(expected) = shape_of(&shapes, &tensor.name)
                && *expected != tensor.shape
            {
                let (expected, got) = (catalogue::shape_text(expected), catalogue::shape_text(&tensor.shape));
                return Err(CheckpointError::TensorShape { name: tensor.name.to_string(), expected, got }.into());
            }
            let values = tensor.values.into_owned();
            if let Some(values) = read.history.read_tensor(&tensor.name, values) {
                read.snapshot.names.push(tensor.name.into_owned());
                read.arrays.push(values);
            }
        }
        read.history.complete_reading();
        Ok(read)
    }
}

/// Weights by name, and their shapes.
fn shapes(model: &ModelSpec) -> Result<Vec<(String, Vec<usize>)>> {
    let layers = catalogue::resolve(model)?;
    let weights = layers.iter().flat_map(|layer| layer.weights.iter().map(move |weight| (layer, weight)));
    Ok(weights.map(|(layer, weight)| (format!("{}.{}", layer.name, weight.name), weight.shape.clone())).collect())
}

/// Returns the shape of a weight, or of the optimizer's state for it, whose name ends with the weight's: `momentum
/// conv2d.kernel`.
fn shape_of<'a>(shapes: &'a [(String, Vec<usize>)], name: &str) -> Option<&'a [usize]> {
    let weight = name.rsplit(' ').next()?;
    shapes.iter().find(|(own, _)| own == weight).map(|(_, shape)| &shape[..])
}

fn read_about(text: &str) -> Result<About> {
    let damaged = |error: Error| {
        let details = error.to_string().trim_end_matches('.').to_owned();
        CheckpointError::DamagedDescription { details }
    };
    let value = json::parse(text).map_err(damaged)?;
    let version: u32 = json::read("version", &value["version"]).map_err(damaged)?;
    if version > VERSION {
        return Err(CheckpointError::NewerFile { got: version, newest: VERSION }.into());
    }
    json::read("metadata", &value).map_err(|error| damaged(error).into())
}

/// # Errors
/// `file-too-large`.
pub fn check_size(size_bytes: f64) -> Result<()> {
    if size_bytes <= MAX_FILE_BYTES as f64 {
        return Ok(());
    }
    let size_mib = (size_bytes / f64::from(1 << 20)) as u64;
    Err(CheckpointError::FileTooLarge { size_mib, limit_mib: (MAX_FILE_BYTES >> 20) as u64 }.into())
}
