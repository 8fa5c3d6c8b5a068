//! Plans by what they were made for, so that alternating between training and evaluation makes none twice.

use std::collections::HashMap;
use std::hash::Hash;

use crate::error::Result;

/// A small map from a key (graph, batch size, taps, backend) to what was made for it, with the least recently used
/// entry dropped when it is full.
#[derive(Debug)]
pub struct Cache<K, V> {
    entries: HashMap<K, (u64, V)>,
    capacity: usize,
    clock: u64,
    made: u64,
}

impl<K: Hash + Eq + Clone, V> Cache<K, V> {
    /// A cache for at least one entry.
    pub fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), capacity: capacity.max(1), clock: 0, made: 0 }
    }

    /// The entry of a key, made where there is none. What had to make room for it is given to `dispose`.
    ///
    /// # Errors
    /// Those of `make`; the cache is then as before.
    pub fn get_or_make(
        &mut self,
        key: &K,
        make: impl FnOnce() -> Result<V>,
        dispose: impl FnOnce(V),
    ) -> Result<&mut V> {
        self.clock += 1;
        if !self.entries.contains_key(key) {
            let value = make()?;
            self.made += 1;
            if self.entries.len() >= self.capacity {
                let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
                if let Some((_, old)) = oldest.and_then(|key| self.entries.remove(&key)) {
                    dispose(old);
                }
            }
            self.entries.insert(key.clone(), (self.clock, value));
        }
        let clock = self.clock;
        let entry = self.entries.entry(key.clone()).and_modify(|(used, _)| *used = clock);
        match entry {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(&mut entry.into_mut().1),
            std::collections::hash_map::Entry::Vacant(_) => unreachable!("the entry was inserted above"),
        }
    }

    /// How many entries have been made so far: what a test of the cache counts.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// Takes everything out.
    pub fn drain(&mut self) -> impl Iterator<Item = V> + '_ {
        self.entries.drain().map(|(_, (_, value))| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternating_does_not_thrash_and_the_oldest_goes() {
        let mut cache = Cache::new(2);
        for key in ["train", "evaluate", "train", "evaluate", "train"] {
            cache.get_or_make(&key, || Ok(key), |_| panic!("nothing has to go")).unwrap();
        }
        assert_eq!(cache.made(), 2);
        let mut gone = None;
        cache.get_or_make(&"predict", || Ok("predict"), |old| gone = Some(old)).unwrap();
        assert_eq!(gone, Some("evaluate"));
    }
}
