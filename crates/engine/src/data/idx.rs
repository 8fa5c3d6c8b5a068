//! The IDX format of the original MNIST files: two zero bytes, the element type, the number of axes, one big-endian
//! 32-bit extent per axis, then the values (described by LeCun, Cortes and Burges beside the data set).

use crate::error::{DataError, Error, Result};

/// The element type of unsigned bytes, the only one that images and labels use.
const UNSIGNED_BYTE: u8 = 0x08;

/// An IDX file of unsigned bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Idx<'a, const AXES: usize> {
    pub shape: [usize; AXES],
    /// Row-major.
    pub values: &'a [u8],
}

/// Reads an IDX file of unsigned bytes with this many axes: 3 for images `[n,H,W]`, 1 for labels `[n]`. `name` is how
/// errors call the file.
///
/// # Errors
/// `bad-idx` if the magic number is another one, `truncated-idx` if bytes are missing, `bad-idx` if bytes follow.
pub fn read<'a, const AXES: usize>(name: &str, bytes: &'a [u8]) -> Result<Idx<'a, AXES>> {
    let header_len = 4 + 4 * AXES;
    let expected_magic = [0, 0, UNSIGNED_BYTE, AXES as u8];
    let magic = bytes.get(..4).ok_or_else(|| truncated(name, header_len, bytes.len()))?;
    if magic != expected_magic {
        let file = name.to_owned();
        return Err(match magic.starts_with(&[0x1f, 0x8b]) {
            true => DataError::GzipIdx { file },
            false => DataError::NotIdx { file, axes: AXES, expected: hex(&expected_magic), got: hex(magic) },
        }
        .into());
    }
    let header = bytes.get(4..header_len).ok_or_else(|| truncated(name, header_len, bytes.len()))?;
    let mut shape = [0; AXES];
    for (extent, bytes) in shape.iter_mut().zip(header.chunks_exact(4)) {
        *extent = bytes.iter().fold(0, |value, &byte| (value << 8) | usize::from(byte));
    }
    let len = shape.iter().try_fold(1usize, |len, &extent| len.checked_mul(extent));
    let len = len.ok_or_else(|| DataError::HugeIdx { file: name.to_owned(), extents: shape.iter().collect() })?;
    let values = &bytes[header_len..];
    if values.len() < len {
        return Err(truncated(name, len.saturating_add(header_len), bytes.len()));
    }
    if values.len() > len {
        let (extents, expected) = (shape.iter().collect(), header_len + len);
        return Err(DataError::IdxTooLong { file: name.to_owned(), extents, expected, got: bytes.len() }.into());
    }
    Ok(Idx { shape, values })
}

fn truncated(name: &str, expected: usize, got: usize) -> Error {
    DataError::TruncatedIdx { file: name.to_owned(), expected, got }.into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IMAGES: [u8; 20] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4];

    #[test]
    fn images_and_labels_are_read() {
        let images = read::<3>("images", &IMAGES).unwrap();
        assert_eq!(images.shape, [2, 1, 2]);
        assert_eq!(images.values, [1, 2, 3, 4]);
        let labels = read::<1>("labels", &[0, 0, 8, 1, 0, 0, 0, 2, 7, 9]).unwrap();
        assert_eq!((labels.shape, labels.values), ([2], &[7, 9][..]));
    }

    #[test]
    fn every_cut_is_noticed() {
        for len in 0..IMAGES.len() {
            assert_eq!(read::<3>("images", &IMAGES[..len]).unwrap_err().code, "truncated-idx", "{len} bytes");
        }
        let error = read::<3>("train-images", &IMAGES[..18]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "train-images should have 20 bytes, but has 18. The file is not complete: fetch it again."
        );
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let error = read::<1>("labels", &IMAGES).unwrap_err();
        assert_eq!(error.code, "bad-idx");
        assert!(
            error
                .to_string()
                .contains("an IDX file of bytes with 1 axes: it should begin with the magic number 00000801")
        );
        let error = read::<3>("images", &[0x1f, 0x8b, 8, 0, 0, 0]).unwrap_err();
        assert!(error.to_string().contains("is a gzip file, not an IDX file: unpack it first."), "{error}");
        let mut longer = IMAGES.to_vec();
        longer.push(0);
        assert_eq!(read::<3>("images", &longer).unwrap_err().code, "bad-idx");
        let huge = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(read::<3>("images", &huge).is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = read::<3>("images", &bytes);
            let _ = read::<1>("labels", &bytes);
        }
    }
}
