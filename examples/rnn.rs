//! A recurrent network that reads the digits of MNIST row by row, natively.
//!
//! `cargo run --release --example rnn [FOLDER]`; the folder holds MNIST's four IDX files or the shards that
//! `cargo xtask data` makes (`www/data/mnist`, the default). In Keras it is
//!
//! ```python
//! model = keras.Sequential([
//!     keras.Input((28, 28)),
//!     layers.LSTM(128),
//!     layers.Dense(10, activation="softmax"),
//! ])
//! model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
//! model.fit(train_images, train_labels, epochs=2, batch_size=32)
//! print("Test accuracy:", model.evaluate(test_images, test_labels)[1])
//! ```

#[path = "mnist/epochs.rs"]
mod epochs;
#[path = "mnist/files.rs"]
mod files;

use chalkgrad_engine::model::builders::{dense, lstm, reshape};
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::train::fit::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mnist = files::load(&std::env::args().nth(1).unwrap_or("www/data/mnist".to_owned()))?;

    let layers = [reshape([28, 28]), lstm(128), dense(10).activation("softmax")];
    let mut model = Model::sequential(layers, mnist)?;

    let config = TrainingConfig { epochs: 2, batch_size: 32, ..TrainingConfig::default() };
    model.fit(config, epochs::printer(60_000))?;

    println!("Test accuracy: {:.4}", model.evaluate()?.accuracy.unwrap_or_default());
    Ok(())
}
