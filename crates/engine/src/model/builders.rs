//! Layers in Rust, about as short as in Keras: `conv2d(32, 3).activation("relu")`.

use super::spec::LayerSpec;

pub fn conv2d(filters: u32, kernel_size: u32) -> LayerSpec {
    LayerSpec::new("Conv2D").with("filters", f64::from(filters)).with("kernelSize", f64::from(kernel_size))
}

pub fn max_pooling2d(pool_size: u32) -> LayerSpec {
    LayerSpec::new("MaxPooling2D").with("poolSize", f64::from(pool_size))
}

pub fn average_pooling2d(pool_size: u32) -> LayerSpec {
    LayerSpec::new("AveragePooling2D").with("poolSize", f64::from(pool_size))
}

pub fn global_average_pooling2d() -> LayerSpec {
    LayerSpec::new("GlobalAveragePooling2D")
}

pub fn global_average_pooling1d() -> LayerSpec {
    LayerSpec::new("GlobalAveragePooling1D")
}

pub fn flatten() -> LayerSpec {
    LayerSpec::new("Flatten")
}

/// Gives an input another shape: `reshape([28, 28])` makes a sequence of the rows of an image.
pub fn reshape<const RANK: usize>(target_shape: [u32; RANK]) -> LayerSpec {
    LayerSpec::new("Reshape").with("targetShape", target_shape.map(f64::from).to_vec())
}

pub fn simple_rnn(units: u32) -> LayerSpec {
    LayerSpec::new("SimpleRNN").with("units", f64::from(units))
}

pub fn lstm(units: u32) -> LayerSpec {
    LayerSpec::new("LSTM").with("units", f64::from(units))
}

pub fn gru(units: u32) -> LayerSpec {
    LayerSpec::new("GRU").with("units", f64::from(units))
}

/// Reads a sequence in both directions, with two such layers.
pub fn bidirectional(layer: LayerSpec) -> LayerSpec {
    LayerSpec::new("Bidirectional").with("layer", layer)
}

pub fn embedding(input_dim: u32, output_dim: u32) -> LayerSpec {
    LayerSpec::new("Embedding").with("inputDim", f64::from(input_dim)).with("outputDim", f64::from(output_dim))
}

pub fn dense(units: u32) -> LayerSpec {
    LayerSpec::new("Dense").with("units", f64::from(units))
}

pub fn activation(name: &str) -> LayerSpec {
    LayerSpec::new("Activation").activation(name)
}

pub fn dropout(rate: f64) -> LayerSpec {
    LayerSpec::new("Dropout").with("rate", rate)
}

pub fn batch_normalization() -> LayerSpec {
    LayerSpec::new("BatchNormalization")
}

/// Adds the outputs of the layers with these names.
pub fn add<const INPUTS: usize>(inputs: [&str; INPUTS]) -> LayerSpec {
    LayerSpec::new("Add").inputs(&inputs)
}

impl LayerSpec {
    /// Returns the same layer with an activation function, by Keras's name.
    pub fn activation(self, name: &str) -> Self {
        self.with("activation", name)
    }
}
