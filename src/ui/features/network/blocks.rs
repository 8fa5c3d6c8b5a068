//! Blocks of layers that a network repeats, which the page can show as one card.

/// A layer's place in a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Index of the block's first layer.
    pub first: usize,
    /// Place in the block, from 0.
    pub place: usize,
    /// Layers of the block.
    pub count: usize,
}

impl Part {
    pub fn is_last(self) -> bool {
        self.place + 1 == self.count
    }
}

/// Finds the block of each layer: a convolution, its batch normalisation and its activation. Other layers are in none.
pub fn blocks(types: &[&str]) -> Vec<Option<Part>> {
    const BLOCK: [&str; 3] = ["Conv2D", "BatchNormalization", "Activation"];
    let mut parts = vec![None; types.len()];
    for first in 0..types.len() {
        if types[first..].starts_with(&BLOCK) {
            for place in 0..BLOCK.len() {
                parts[first + place] = Some(Part { first, place, count: BLOCK.len() });
            }
        }
    }
    parts
}

/// Kind of a layer, which gives its card its colour.
pub const KINDS: [&str; 4] = ["convolution", "pooling", "dense", "other"];

/// Returns the kind of a layer type, one of [`KINDS`].
pub fn kind(type_name: &str) -> &'static str {
    match type_name {
        _ if type_name.contains("Conv") => KINDS[0],
        _ if type_name.contains("Pooling") => KINDS[1],
        "Dense" => KINDS[2],
        _ => KINDS[3],
    }
}

/// Returns the usual short form of a layer type, for cards without room for the whole.
pub fn short_name(type_name: &str) -> &str {
    match type_name {
        "BatchNormalization" => "BatchNorm",
        "MaxPooling2D" | "MaxPooling1D" => "MaxPool",
        "AveragePooling2D" | "AveragePooling1D" => "AvgPool",
        "GlobalAveragePooling2D" | "GlobalAveragePooling1D" => "GlobalAvg",
        "GlobalMaxPooling2D" | "GlobalMaxPooling1D" => "GlobalMax",
        "Conv2DTranspose" => "ConvTransp",
        "LayerNormalization" => "LayerNorm",
        "SpatialDropout2D" => "SpatialDrop",
        "ZeroPadding2D" => "ZeroPad",
        "Concatenate" => "Concat",
        "Bidirectional" => "BiRNN",
        other => other,
    }
}

/// Returns an abbreviation of a few letters, for folded blocks in narrow cards.
pub fn initials(type_name: &str) -> &str {
    match type_name {
        "Conv2D" => "Conv",
        "BatchNormalization" => "BN",
        "Activation" => "Act",
        other => short_name(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_convolution_with_its_normalisation_and_activation_is_a_block() {
        let types = ["Conv2D", "Conv2D", "BatchNormalization", "Activation", "MaxPooling2D", "BatchNormalization"];
        let parts = blocks(&types);
        let part = |place| Some(Part { first: 1, place, count: 3 });
        assert_eq!(parts, [None, part(0), part(1), part(2), None, None]);
        assert!(parts[3].is_some_and(Part::is_last));
        assert_eq!(blocks(&["Conv2D", "BatchNormalization"]), [None, None]);
        assert!(blocks(&[]).is_empty());
    }

    #[test]
    fn each_layer_has_a_kind() {
        let kinds = ["Conv2D", "GlobalAveragePooling2D", "Dense", "Flatten"].map(kind);
        assert_eq!(kinds, KINDS);
    }
}
