//! Places of states on a device: several in one buffer, so that one dispatch can update all of them.

use std::collections::HashMap;

use super::loaded::storage;
use super::lower::Place;
use super::updates::ALIGNMENT_WORDS;

/// Size of the first buffer; each further buffer is twice as large as the one before.
const FIRST_WORDS: usize = 1 << 20;
const LARGEST_WORDS: usize = 1 << 24;

/// States of a backend, by name.
#[derive(Default)]
pub struct States {
    places: HashMap<String, (Place, usize)>,
    pub buffers: Vec<wgpu::Buffer>,
    /// Words of the last buffer that are in use.
    taken: usize,
}

impl States {
    /// Returns a state's place and its number of words.
    pub fn get(&self, name: &str) -> Option<(Place, usize)> {
        self.places.get(name).copied()
    }

    /// Returns a state's place, making it if there is none of this size. One buffer holds at most `limit_words`.
    pub fn place(&mut self, device: &wgpu::Device, name: &str, size_words: usize, limit_words: usize) -> Place {
        if let Some((place, _)) = self.get(name).filter(|(_, size)| *size == size_words) {
            return place;
        }
        let room = size_words.max(1).next_multiple_of(ALIGNMENT_WORDS);
        let words_of = |buffer: &wgpu::Buffer| buffer.size() as usize / 4;
        let last = self.buffers.last().map_or(0, words_of);
        if self.taken + room > last {
            let usual = (2 * last).clamp(FIRST_WORDS, LARGEST_WORDS).min(limit_words);
            self.buffers.push(storage(device, usual.max(room)));
            self.taken = 0;
        }
        let place = Place { buffer: self.buffers.len() - 1, offset_words: self.taken };
        self.taken += room;
        self.places.insert(name.to_owned(), (place, size_words));
        place
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
