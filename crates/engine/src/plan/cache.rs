//! Cache of plans, so that alternating between training and evaluation compiles each only once.

use crate::error::Result;

/// Small cache from a key (graph, batch size, taps, backend) to the value made for it. When it is full it drops the
/// least recently used entry.
#[derive(Debug)]
pub struct Cache<K, V> {
    /// Entries are few, so a linear search suffices.
    entries: Vec<Entry<K, V>>,
    capacity: usize,
    clock: u64,
    made: u64,
}

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    used: u64,
    value: V,
}

impl<K: Eq + Clone, V> Cache<K, V> {
    /// Makes a cache for at least one entry.
    pub fn new(capacity: usize) -> Self {
        Self { entries: Vec::new(), capacity: capacity.max(1), clock: 0, made: 0 }
    }

    /// Returns the entry of a key, making it if it is missing. The value dropped to make room is given to `dispose`.
    ///
    /// # Errors
    /// Errors of `make`; the cache is then unchanged.
    pub fn get_or_make(
        &mut self,
        key: &K,
        make: impl FnOnce() -> Result<V>,
        dispose: impl FnOnce(V),
    ) -> Result<&mut V> {
        self.clock += 1;
        let index = match self.entries.iter().position(|entry| entry.key == *key) {
            Some(index) => index,
            None => {
                let value = make()?;
                self.made += 1;
                if self.entries.len() >= self.capacity {
                    self.evict_oldest().map(dispose);
                }
                self.entries.push(Entry { key: key.clone(), used: 0, value });
                self.entries.len() - 1
            }
        };
        let entry = &mut self.entries[index];
        entry.used = self.clock;
        Ok(&mut entry.value)
    }

    /// Returns the number of entries made so far, for tests of the cache.
    pub fn made(&self) -> u64 {
        self.made
    }

    pub fn contains(&self, key: &K) -> bool {
        self.entries.iter().any(|entry| entry.key == *key)
    }

    /// Returns all values, in no particular order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().map(|entry| &entry.value)
    }

    /// Takes out the least recently used entry.
    pub fn evict_oldest(&mut self) -> Option<V> {
        let oldest = (0..self.entries.len()).min_by_key(|&index| self.entries[index].used)?;
        Some(self.entries.swap_remove(oldest).value)
    }

    /// Removes and returns all values.
    pub fn drain(&mut self) -> impl Iterator<Item = V> + '_ {
        self.entries.drain(..).map(|entry| entry.value)
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
