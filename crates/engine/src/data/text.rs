//! Texts as token ids, as Keras's `TextVectorization` makes them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::schema::{Field, FieldType};

/// The way in which texts become token ids. ASCII letters become small and ASCII punctuation is dropped first, as by Keras's
/// `standardize="lower_and_strip_punctuation"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextSpec {
    /// The size of the vocabulary, with the padding and the unknown word.
    pub max_tokens: u32,
    /// The number of tokens of an input. Longer texts are cut off at the end, shorter ones padded there.
    pub sequence_length: u32,
    pub split: TextSplit,
}

/// The unit that becomes a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum TextSplit {
    /// Words between ASCII spaces.
    #[default]
    Whitespace,
    /// Each character (Unicode scalar value).
    Character,
}

/// The id that fills short texts up.
pub const PADDING: i32 = 0;

/// The id of all words that the vocabulary does not have.
pub const UNKNOWN: i32 = 1;

/// The words of these two ids, as Keras names them.
const SPECIAL: [&str; 2] = ["", "[UNK]"];

/// The words of a training set by id.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Vocabulary {
    words: Vec<String>,
    ids: HashMap<String, i32>,
}

/// A way of splitting with the vocabulary that belongs to it.
#[derive(Clone, PartialEq, Debug)]
pub struct TextVectorization {
    pub spec: TextSpec,
    pub vocabulary: Vocabulary,
}

/// A word of a text, and its id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Token {
    pub word: String,
    pub id: i32,
}

impl Default for TextSpec {
    fn default() -> Self {
        Self::WORDS
    }
}

impl TextSpec {
    /// The 5,000 most frequent words, 40 of them in a text.
    pub const WORDS: Self = Self { max_tokens: 5_000, sequence_length: 40, split: TextSplit::Whitespace };

    /// Describes the input of a network for texts.
    pub fn field(self) -> Field {
        let dtype = FieldType::Tokens { vocabulary: self.max_tokens };
        Field { shape: vec![self.sequence_length as usize], dtype, columns: Vec::new() }
    }

    /// Calls `take` with the words of a text.
    fn for_each_word(self, text: &str, mut take: impl FnMut(&str)) {
        let plain: String = text
            .chars()
            .filter(|letter| !letter.is_ascii_punctuation())
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        match self.split {
            // TensorFlow's `isspace` counts the vertical tab as well, Rust's does not.
            TextSplit::Whitespace => plain
                .split(|letter: char| letter.is_ascii_whitespace() || letter == '\u{b}')
                .filter(|word| !word.is_empty())
                .for_each(take),
            TextSplit::Character => {
                let mut buffer = [0; 4];
                plain.chars().for_each(|letter| take(letter.encode_utf8(&mut buffer)));
            }
        }
    }
}

impl Vocabulary {
    /// Takes words in the order of their ids, with those of padding and unknown words; `None` if they begin otherwise, a word comes
    /// twice, or there are more than `max_tokens`.
    pub fn from_words(words: Vec<String>, max_tokens: u32) -> Option<Self> {
        let ids: HashMap<String, i32> = words.iter().cloned().zip(0..).collect();
        let is_valid = words.len() >= SPECIAL.len()
            && words.iter().zip(SPECIAL).all(|(word, special)| word == special)
            && ids.len() == words.len()
            && words.len() <= max_tokens as usize;
        is_valid.then_some(Self { words, ids })
    }

    /// Returns the words in the order of their ids: the padding `""`, the unknown word `"[UNK]"`, then the words from the most to
    /// the least frequent, and of the same frequency in descending order, as Keras sorts them.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Returns the id of a word.
    pub fn id(&self, word: &str) -> i32 {
        self.ids.get(word).copied().unwrap_or(UNKNOWN)
    }
}

impl TextVectorization {
    /// Counts the words of texts, and keeps the most frequent ones.
    pub fn adapt<'a>(spec: TextSpec, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for text in texts {
            spec.for_each_word(text, |word| match counts.get_mut(word) {
                Some(count) => *count += 1,
                None => drop(counts.insert(word.to_owned(), 1)),
            });
        }
        let mut counted: Vec<(String, u32)> = counts.into_iter().collect();
        counted.sort_unstable_by(|(word, count), (other, others)| others.cmp(count).then_with(|| other.cmp(word)));
        let special = SPECIAL.map(str::to_owned).into_iter();
        let words = special.chain(counted.into_iter().map(|(word, _)| word)).take(spec.max_tokens as usize).collect();
        Self { spec, vocabulary: Vocabulary::from_words(words, spec.max_tokens).unwrap_or_default() }
    }

    /// Returns the words of a text with their ids.
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.spec
            .for_each_word(text, |word| tokens.push(Token { word: word.to_owned(), id: self.vocabulary.id(word) }));
        tokens
    }

    /// Appends the ids of a text, `[sequenceLength]`.
    pub fn append_ids(&self, text: &str, ids: &mut Vec<i32>) {
        let end = ids.len() + self.spec.sequence_length as usize;
        self.spec.for_each_word(text, |word| {
            if ids.len() < end {
                ids.push(self.vocabulary.id(word));
            }
        });
        ids.resize(end, PADDING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: TextSpec = TextSpec { max_tokens: 6, sequence_length: 4, split: TextSplit::Whitespace };

    #[test]
    fn short_texts_are_padded_and_long_ones_cut_off() {
        let vectorization = TextVectorization::adapt(WORDS, ["a b b c", "c c d"]);
        assert_eq!(vectorization.vocabulary.words(), ["", "[UNK]", "c", "b", "d", "a"]);
        let ids = |text: &str| {
            let mut ids = Vec::new();
            vectorization.append_ids(text, &mut ids);
            ids
        };
        assert_eq!(ids("C, b!"), [2, 3, 0, 0]);
        assert_eq!(ids("a x c d b"), [5, 1, 2, 4]);
        assert_eq!(ids(" \t"), [0; 4]);
        let words = vectorization.tokens("A new c");
        assert_eq!(
            words.iter().map(|token| (&token.word[..], token.id)).collect::<Vec<_>>(),
            [("a", 5), ("new", 1), ("c", 2)]
        );
    }

    #[test]
    fn a_vocabulary_is_taken_back_only_if_it_is_one() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let good = words(&["", "[UNK]", "good"]);
        assert_eq!(Vocabulary::from_words(good.clone(), 3).unwrap().words(), good);
        assert_eq!(Vocabulary::from_words(good, 2), None);
        assert_eq!(Vocabulary::from_words(words(&["", "good"]), 9), None);
        assert_eq!(Vocabulary::from_words(words(&["", "[UNK]", "good", "good"]), 9), None);
    }
}
