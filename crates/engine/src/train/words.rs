//! The embedding of the words of texts: a map of the most frequent ones, and the nearest to a word.

use super::Session;
use crate::analysis::pca::Pca;
use crate::data::text::{TextVectorization, UNKNOWN};
use crate::error::{Result, SessionError};
use crate::protocol::{Neighbour, WordMap};

/// The most words of a map: its components take time in proportion to the third power of this where embeddings are longer.
const MAX_WORDS: u32 = 300;

impl Session {
    /// Returns the name of the tensor that holds the embeddings of a layer.
    pub fn embeddings_name(layer: &str) -> String {
        format!("{layer}.embeddings")
    }

    /// Projects the embeddings of the `count` most frequent words on their first two principal components.
    ///
    /// # Errors
    /// `unknown-tensor` if the layer is no embedding; `no-texts` without a vocabulary.
    pub fn word_map(&self, layer: &str, count: u32) -> Result<WordMap> {
        let rows = self.embeddings(layer)?;
        let shown: Vec<&[f32]> = rows.iter().map(|row| &row.values[..]).take(count.min(MAX_WORDS) as usize).collect();
        let width = shown.first().map_or(0, |row| row.len());
        let pca = Pca::fit(&shown.concat(), width, 2);
        let explained = pca.explained_variance_ratio.iter().map(|ratio| *ratio as f32).collect();
        let places = shown.iter().map(|row| {
            let at = |axis: usize| pca.project(row).get(axis).map_or(0.0, |place| *place as f32);
            [at(0), at(1)]
        });
        Ok(WordMap { explained, first_id: UNKNOWN as u32 + 1, places: places.collect() })
    }

    /// Returns the words whose embeddings have the smallest angles to that of a word, nearest first.
    ///
    /// # Errors
    /// `unknown-word` if the vocabulary does not have it; as [`Session::word_map`].
    pub fn nearest_words(&self, layer: &str, word: &str, count: u32) -> Result<Vec<Neighbour>> {
        let vectorization = self.vectorization()?;
        let id = vectorization.tokens(word).first().map_or(UNKNOWN, |token| token.id);
        let rows = self.embeddings(layer)?;
        let Some(own) = rows.iter().find(|row| row.id == id) else {
            return Err(SessionError::UnknownWord { word: word.chars().take(64).collect() }.into());
        };
        let dot = |one: &[f32], other: &[f32]| {
            one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum::<f64>()
        };
        let length = |row: &[f32]| dot(row, row).sqrt().max(f64::MIN_POSITIVE);
        let own_length = length(&own.values);
        let others = rows.iter().filter(|row| row.id != id);
        let mut cosines: Vec<(f64, i32)> =
            others.map(|row| (dot(&row.values, &own.values) / (length(&row.values) * own_length), row.id)).collect();
        cosines.sort_by(|one, other| other.0.total_cmp(&one.0));
        let words = vectorization.vocabulary.words();
        let neighbour = |(cosine, id): (f64, i32)| Neighbour {
            word: words.get(id as usize).cloned().unwrap_or_default(),
            id: id as u32,
            cosine: cosine as f32,
        };
        Ok(cosines.into_iter().take(count as usize).map(neighbour).collect())
    }

    /// Returns the embeddings of the vocabulary's words, without padding and unknown word.
    fn embeddings(&self, layer: &str) -> Result<Vec<Row>> {
        let words = self.vectorization()?.vocabulary.words().len();
        let tensor = self.tensor(&Self::embeddings_name(layer))?;
        let width = tensor.shape().dims().last().copied().unwrap_or_default().max(1);
        let rows = tensor.words().chunks_exact(width).zip(0..).take(words).skip(UNKNOWN as usize + 1);
        Ok(rows.map(|(values, id)| Row { id, values: values.to_vec() }).collect())
    }

    fn vectorization(&self) -> Result<&TextVectorization> {
        let dataset = self.dataset();
        let missing = || SessionError::NoTexts { dataset: dataset.info().name.clone() };
        Ok(dataset.vectorization().ok_or_else(missing)?)
    }
}

/// A row of an embedding.
struct Row {
    id: i32,
    values: Vec<f32>,
}
