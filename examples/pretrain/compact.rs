//! Weights as one byte a number: fit for showing what a network does, not for training on.

use chalkgrad_engine::checkpoint::decode_f8;
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};

/// Rewrites a saved experiment with numbers of type "F8_E4M3": 3 bits of fraction, 448 at most.
pub fn compact(file: &[u8]) -> Result<Vec<u8>, SafeTensorError> {
    let (_, header) = SafeTensors::read_metadata(file)?;
    let read = SafeTensors::deserialize(file)?;
    let encoded: Vec<(&str, Vec<usize>, Vec<u8>)> = read
        .iter()
        .map(|(name, view)| {
            let values =
                view.data().chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]));
            (name, view.shape().to_vec(), values.map(encode_f8).collect())
        })
        .collect();
    let views = encoded
        .iter()
        .map(|(name, shape, codes)| Ok((*name, TensorView::new(Dtype::F8_E4M3, shape.clone(), codes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    safetensors::serialize(views, header.metadata().clone())
}

/// Rounds to the nearest value.
fn encode_f8(value: f32) -> u8 {
    let distance = |code: &u8| (decode_f8(*code) - value.abs()).abs();
    let code = (0..0x7f).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0);
    code | if value < 0.0 { 0x80 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_hold_what_they_can() {
        for value in [0.0, 1.0, -1.0, 0.001953125, 0.015625, 448.0, -0.4375, 1.125] {
            assert_eq!(decode_f8(encode_f8(value)), value);
        }
        assert_eq!([1e9, -1e9, 0.3, 1e-9].map(|value| decode_f8(encode_f8(value))), [448.0, -448.0, 0.3125, 0.0]);
    }
}
