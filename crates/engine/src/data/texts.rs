//! Texts of a data set, and the token ids that a network gets in their place.

use super::Part;
use super::text::{TextSpec, TextVectorization, Vocabulary};

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Texts {
    train: Vec<String>,
    test: Vec<String>,
    spec: TextSpec,
    /// The number of training examples whose words make the vocabulary.
    examples: usize,
    tokenized: Option<Tokenized>,
}

/// The ids of all texts that have arrived, `[n,sequenceLength]`.
#[derive(Clone, Debug)]
struct Tokenized {
    vectorization: TextVectorization,
    /// The number of training examples that the vocabulary was made of; `None` for one that was taken over.
    examples: Option<usize>,
    train: Vec<i32>,
    test: Vec<i32>,
}

impl Texts {
    pub fn new(spec: TextSpec) -> Self {
        Self { train: Vec::new(), test: Vec::new(), spec, examples: usize::MAX, tokenized: None }
    }

    /// Returns the vocabulary with the way of splitting, once its examples have arrived.
    pub fn vectorization(&self) -> Option<&TextVectorization> {
        self.tokenized.as_ref().map(|own| &own.vectorization)
    }

    pub fn text(&self, part: Part, index: usize) -> Option<&str> {
        self.of(part).get(index).map(String::as_str)
    }

    /// Returns the ids of all texts of a part; none before there is a vocabulary.
    pub fn ids(&self, part: Part) -> &[i32] {
        match (&self.tokenized, part) {
            (None, _) => &[],
            (Some(own), Part::Train) => &own.train,
            (Some(own), Part::Test) => &own.test,
        }
    }

    /// Appends texts. Their ids follow as soon as there is a vocabulary.
    pub fn append(&mut self, part: Part, texts: &[&str]) {
        let own = match part {
            Part::Train => &mut self.train,
            Part::Test => &mut self.test,
        };
        own.extend(texts.iter().map(|text| (*text).to_owned()));
        match (&mut self.tokenized, part) {
            (Some(own), Part::Train) => append_ids(&own.vectorization, texts.iter().copied(), &mut own.train),
            (Some(own), Part::Test) => append_ids(&own.vectorization, texts.iter().copied(), &mut own.test),
            (None, _) => self.adapt_if_arrived(),
        }
    }

    /// Makes the vocabulary of the first `examples` training examples. One that was made for the same way of splitting stays if
    /// `keeps_vocabulary`. Returns true if the ids have changed.
    pub fn adapt(&mut self, spec: TextSpec, examples: usize, keeps_vocabulary: bool) -> bool {
        (self.spec, self.examples) = (spec, examples);
        let stays =
            |own: &Tokenized| own.vectorization.spec == spec && (own.examples == Some(examples) || keeps_vocabulary);
        if self.tokenized.as_ref().is_some_and(stays) {
            return false;
        }
        self.tokenized = None;
        self.adapt_if_arrived();
        true
    }

    /// Takes over a vocabulary. Returns true if the ids have changed.
    pub fn set_vocabulary(&mut self, vocabulary: Vocabulary) -> bool {
        if self.vectorization().is_some_and(|own| own.vocabulary == vocabulary) {
            return false;
        }
        self.tokenize(TextVectorization { spec: self.spec, vocabulary }, None);
        true
    }

    fn adapt_if_arrived(&mut self) {
        if let Some(texts) = self.train.get(..self.examples) {
            let vectorization = TextVectorization::adapt(self.spec, texts.iter().map(String::as_str));
            self.tokenize(vectorization, Some(self.examples));
        }
    }

    fn tokenize(&mut self, vectorization: TextVectorization, examples: Option<usize>) {
        let [train, test] = [Part::Train, Part::Test].map(|part| {
            let mut ids = Vec::with_capacity(self.of(part).len() * self.spec.sequence_length as usize);
            append_ids(&vectorization, self.of(part).iter().map(String::as_str), &mut ids);
            ids
        });
        self.tokenized = Some(Tokenized { vectorization, examples, train, test });
    }

    fn of(&self, part: Part) -> &[String] {
        match part {
            Part::Train => &self.train,
            Part::Test => &self.test,
        }
    }
}

fn append_ids<'a>(vectorization: &TextVectorization, texts: impl Iterator<Item = &'a str>, ids: &mut Vec<i32>) {
    texts.for_each(|text| vectorization.append_ids(text, ids));
}
