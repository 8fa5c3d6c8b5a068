//! The program that ends the course text, natively: a small convolutional network learns MNIST.
//!
//! `cargo run --release --example mnist [FOLDER]`; the folder holds MNIST's four IDX files or the shards that
//! `cargo xtask data` makes (`www/data/mnist`, the default).

#[path = "mnist/epochs.rs"]
mod epochs;
#[path = "mnist/files.rs"]
mod files;

use chalkgrad_engine::model::builders::{conv2d, dense, flatten, max_pooling2d};
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::train::fit::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mnist = files::load(&std::env::args().nth(1).unwrap_or("www/data/mnist".to_owned()))?;

    let layers = [
        conv2d(32, 3).activation("relu"),
        max_pooling2d(2),
        conv2d(64, 3).activation("relu"),
        max_pooling2d(2),
        conv2d(64, 3).activation("relu"),
        flatten(),
        dense(64).activation("relu"),
        dense(10).activation("softmax"),
    ];
    let mut model = Model::sequential(layers, mnist)?;

    let config = TrainingConfig { epochs: 5, batch_size: 32, ..TrainingConfig::default() };
    model.fit(config, epochs::printer(60_000))?;

    println!("Test accuracy: {:.4}", model.evaluate()?.accuracy.unwrap_or_default());
    Ok(())
}
