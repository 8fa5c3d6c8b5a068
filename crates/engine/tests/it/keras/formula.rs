//! Weights, images and small inputs as `formula.py` beside this file computes them, bit for bit.

/// MurmurHash3's finaliser over `i + seed * 0x9E3779B9`.
pub fn hash(seed: u32, i: u32) -> u32 {
    let mut h = i.wrapping_add(seed.wrapping_mul(0x9E37_79B9));
    h ^= h >> 16;
    h = h.wrapping_mul(0x85EB_CA6B);
    h ^= h >> 13;
    h = h.wrapping_mul(0xC2B2_AE35);
    h ^ h >> 16
}

/// `offset + scale * unit(seed, i)` with `unit` in `[-1, 1)`.
pub fn values(seed: u32, count: usize, scale: f32, offset: f32) -> Vec<f32> {
    let unit = |i: u32| (hash(seed, i) >> 8) as f32 * (1.0 / 8_388_608.0) - 1.0;
    (0..count as u32).map(|i| offset + scale * unit(i)).collect()
}

/// The initial value of the weight called `name` (`kernel`, `gamma`, ...) of this shape.
pub fn initial_weight(name: &str, seed: u32, shape: &[usize]) -> Vec<f32> {
    let count = shape.iter().product();
    let (scale, offset) = match name {
        "kernel" => {
            let (receptive, channels) = shape.split_at(shape.len() - 2);
            let fans = receptive.iter().product::<usize>() * (channels[0] + channels[1]);
            ((6.0 / fans as f64).sqrt() as f32, 0.0)
        }
        "bias" => (0.0625, 0.0),
        "gamma" => (0.25, 1.0),
        "beta" | "moving_mean" => (0.25, 0.0),
        "moving_variance" => (0.5, 1.0),
        other => panic!("formula.py has no weight {other}"),
    };
    values(seed, count, scale, offset)
}

/// Rows and columns, both ends included, of the segments a..g.
const SEGMENTS: [[usize; 4]; 7] =
    [[0, 1, 0, 8], [0, 7, 7, 8], [7, 14, 7, 8], [13, 14, 0, 8], [7, 14, 0, 1], [0, 7, 0, 1], [6, 8, 0, 8]];
const DIGITS: [u32; 10] =
    [0b0111111, 0b0000110, 0b1011011, 0b1001111, 0b1100110, 0b1101101, 0b1111101, 0b0000111, 0b1111111, 0b1101111];

/// Pixels `[count,28,28]` and labels of seven-segment digits.
pub fn seven_segment_digits(count: usize) -> (Vec<u8>, Vec<u8>) {
    const SEED: u32 = 5000;
    let mut images = vec![0u8; count * 784];
    let mut labels = Vec::with_capacity(count);
    for n in 0..count {
        let h = hash(SEED, n as u32);
        let (top, left) = (3 + (h >> 8) as usize % 8, 6 + (h >> 16) as usize % 8);
        labels.push((h % 10) as u8);
        for (segment, [row0, row1, column0, column1]) in SEGMENTS.into_iter().enumerate() {
            if DIGITS[(h % 10) as usize] >> segment & 1 == 0 {
                continue;
            }
            for row in top + row0..=top + row1 {
                for column in left + column0..=left + column1 {
                    let pixel = n * 784 + row * 28 + column;
                    images[pixel] = (255 - hash(SEED + 1, pixel as u32) % 128) as u8;
                }
            }
        }
    }
    (images, labels)
}
