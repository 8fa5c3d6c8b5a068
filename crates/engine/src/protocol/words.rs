//! Words of an embedding, as the page shows them.

use serde::{Deserialize, Serialize};

/// The most frequent words of the vocabulary in the plane of the first two principal components of their embeddings.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WordMap {
    /// The share that each of the two components has in the variance.
    pub explained: Vec<f32>,
    /// The id of the first word; the others follow.
    pub first_id: u32,
    pub places: Vec<[f32; 2]>,
}

/// A word near another one.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Neighbour {
    pub word: String,
    pub id: u32,
    /// The cosine of the angle between both embeddings.
    pub cosine: f32,
}
