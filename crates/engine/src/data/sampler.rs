//! The order in which training sees the images.

use crate::random::Philox;

/// In the first epoch the order is shuffled within consecutive blocks of this many images, one shard each, so that
/// training starts with the first shard and still sees the same order whenever the others arrive.
pub const BLOCK_EXAMPLES: u32 = 10_000;

/// Marks the streams of the generator that shuffle, so that no other use of the same seed shares their numbers.
const SHUFFLE_STREAM: u64 = 0x5368_7566 << 32;

/// A seeded order of `0..images` for every epoch, a pure function of seed, epoch and number of images.
#[derive(Clone, Debug)]
pub struct Sampler {
    seed: u64,
    shuffle: bool,
    order: Vec<u32>,
    epoch: Option<u32>,
}

impl Sampler {
    /// Makes a sampler over the first `images` images of the training file; without `shuffle` in file order.
    pub fn new(seed: u64, shuffle: bool, images: usize) -> Self {
        Self { seed, shuffle, order: (0..images as u32).collect(), epoch: None }
    }

    pub fn images(&self) -> usize {
        self.order.len()
    }

    /// Returns the order of an epoch, `[images]`. Computes it once per epoch, without allocating.
    pub fn order(&mut self, epoch: u32) -> &[u32] {
        if self.epoch != Some(epoch) {
            self.epoch = Some(epoch);
            if self.shuffle {
                for (index, value) in self.order.iter_mut().enumerate() {
                    *value = index as u32;
                }
                let mut random = Philox::new(self.seed, SHUFFLE_STREAM | u64::from(epoch));
                let block = if epoch == 0 { BLOCK_EXAMPLES as usize } else { self.order.len().max(1) };
                for block in self.order.chunks_mut(block) {
                    shuffle(block, &mut random);
                }
            }
        }
        &self.order
    }

    /// Returns the images of one batch; the last batch of an epoch may be shorter, and one past it is empty.
    pub fn batch(&mut self, epoch: u32, batch: usize, batch_size: usize) -> &[u32] {
        let images = self.images();
        let start = batch.saturating_mul(batch_size).min(images);
        let end = start.saturating_add(batch_size).min(images);
        &self.order(epoch)[start..end]
    }

    /// Returns the number of images, from the beginning of the training file, that must have arrived before this batch
    /// can be drawn.
    ///
    /// It may be more than the batch itself touches: it depends on the position only.
    pub fn needed(&self, epoch: u32, batch: usize, batch_size: usize) -> usize {
        let images = self.images();
        let end = batch.saturating_add(1).saturating_mul(batch_size).min(images);
        match (self.shuffle, epoch) {
            (false, _) => end,
            (true, 0) => end.next_multiple_of(BLOCK_EXAMPLES as usize).min(images),
            (true, _) => images,
        }
    }
}

/// Shuffles in place (Fisher and Yates).
fn shuffle(values: &mut [u32], random: &mut Philox) {
    for last in (1..values.len()).rev() {
        values.swap(last, random.below(last as u32 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_shuffle_it_is_file_order() {
        let mut sampler = Sampler::new(0, false, 70);
        assert_eq!(sampler.batch(3, 1, 32), (32..64).collect::<Vec<_>>());
        assert_eq!(sampler.batch(3, 2, 32), (64..70).collect::<Vec<_>>());
        assert!(sampler.batch(3, 3, 32).is_empty());
        assert_eq!(sampler.needed(3, 1, 32), 64);
    }

    #[test]
    fn seeds_and_epochs_give_different_orders() {
        let order = |seed, epoch| Sampler::new(seed, true, 1000).order(epoch).to_vec();
        assert_ne!(order(0, 1), order(1, 1));
        assert_ne!(order(0, 1), order(0, 2));
        assert_ne!(order(0, 0), order(0, 1));
        assert_eq!(order(5, 2), order(5, 2));
    }

    #[test]
    fn the_first_epoch_goes_shard_by_shard_and_later_ones_mix_them() {
        let mut sampler = Sampler::new(0, true, 25_000);
        for (index, &image) in sampler.order(0).iter().enumerate() {
            assert_eq!(image / BLOCK_EXAMPLES, index as u32 / BLOCK_EXAMPLES);
        }
        assert_eq!(sampler.needed(0, 0, 32), 10_000);
        // Batch 312 is 9,984 .. 10,016 and straddles the first two shards.
        assert_eq!(sampler.needed(0, 312, 32), 20_000);
        assert_eq!(sampler.needed(0, 781, 32), 25_000);
        assert_eq!(sampler.needed(1, 0, 32), 25_000);
        assert!(sampler.order(1)[..10_000].iter().any(|&image| image >= 20_000));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Checks that every epoch visits each image once, in batches that are full except the last.
        #[test]
        fn an_epoch_visits_every_image_once(
            seed: u64, shuffle: bool, images in 0usize..25_000, batch_size in 1usize..4_000, epoch in 0u32..3,
        ) {
            let mut sampler = Sampler::new(seed, shuffle, images);
            let mut seen = vec![0; images];
            for batch in 0..images.div_ceil(batch_size) {
                let size = sampler.batch(epoch, batch, batch_size).len();
                prop_assert_eq!(size, batch_size.min(images - batch * batch_size));
                for &image in sampler.batch(epoch, batch, batch_size) {
                    seen[image as usize] += 1;
                }
            }
            prop_assert!(seen.iter().all(|&count| count == 1));
        }

        /// Checks that a draw does not depend on earlier draws, and never exceeds the range that the sampler announced.
        #[test]
        fn a_batch_depends_on_its_position_only(
            seed: u64, shuffle: bool, images in 1usize..25_000, batch_size in 1usize..4_000, epoch in 0u32..3,
            earlier in proptest::collection::vec((0u32..4, 0usize..20), 0..4),
        ) {
            let mut sampler = Sampler::new(seed, shuffle, images);
            for (epoch, batch) in earlier {
                sampler.batch(epoch, batch, batch_size);
            }
            let mut fresh = Sampler::new(seed, shuffle, images);
            for batch in [0, images.div_ceil(batch_size) / 2, images.div_ceil(batch_size) - 1] {
                let needed = sampler.needed(epoch, batch, batch_size);
                prop_assert!(needed <= images);
                let drawn = sampler.batch(epoch, batch, batch_size);
                prop_assert!(drawn.iter().all(|&image| (image as usize) < needed));
                prop_assert_eq!(drawn, fresh.batch(epoch, batch, batch_size));
            }
        }
    }
}
