//! Requested evaluations, in order.

use std::collections::VecDeque;

use crate::data::{self, Dataset, Part};
use crate::model::spec::TrainingConfig;
use crate::protocol::Split;

/// An evaluation that the session has been asked for.
struct Waiting {
    /// The request to answer; `None` once it has been answered otherwise.
    request_id: Option<u32>,
    split: Split,
    samples: Option<u32>,
}

#[derive(Default)]
pub struct Evaluations {
    queue: VecDeque<Waiting>,
}

impl Evaluations {
    pub fn push(&mut self, request_id: u32, split: Split, samples: Option<u32>) {
        self.queue.push_back(Waiting { request_id: Some(request_id), split, samples });
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes the first, which is done, and returns the request to answer.
    pub fn pop(&mut self) -> Option<u32> {
        self.queue.pop_front().and_then(|waiting| waiting.request_id)
    }

    /// Returns true if the images of the first one have arrived.
    pub fn is_ready(&self, dataset: &Dataset, config: &TrainingConfig) -> bool {
        self.queue.front().is_some_and(|waiting| waiting.is_ready(dataset, config))
    }

    /// Takes the requests whose images are missing; they count as answered.
    pub fn take_unready(&mut self, dataset: &Dataset, config: &TrainingConfig) -> Vec<u32> {
        let unready = self.queue.iter_mut().filter(|waiting| !waiting.is_ready(dataset, config));
        unready.filter_map(|waiting| waiting.request_id.take()).collect()
    }
}

impl Waiting {
    fn is_ready(&self, dataset: &Dataset, config: &TrainingConfig) -> bool {
        let (trained, validation) = data::split(config.train_samples as usize, config.validation_split);
        let (part, range) = match self.split {
            Split::Train => (Part::Train, trained),
            Split::Validation => (Part::Train, validation),
            Split::Test => (Part::Test, 0..dataset.total(Part::Test)),
        };
        let end = self.samples.map_or(range.end, |samples| range.end.min(range.start + samples as usize));
        dataset.examples(part) >= end
    }
}
