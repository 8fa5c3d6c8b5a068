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

pub fn flatten() -> LayerSpec {
    LayerSpec::new("Flatten")
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

impl LayerSpec {
    /// Returns the same layer with an activation function, by Keras's name.
    pub fn activation(self, name: &str) -> Self {
        self.with("activation", name)
    }
}
