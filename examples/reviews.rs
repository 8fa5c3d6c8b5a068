//! A network that tells good reviews from bad ones by the mean of their words' embeddings, natively.
//!
//! `cargo run --release --example reviews [FOLDER]`; the folder holds the shards that `cargo xtask data` makes (`www/data`, the default).
//! In Keras it is
//!
//! ```python
//! vectorize = layers.TextVectorization(5000, output_sequence_length=40)
//! vectorize.adapt(train_texts)
//! model = keras.Sequential([
//!     keras.Input((40,), dtype="int32"),
//!     layers.Embedding(5000, 32, mask_zero=True),
//!     layers.GlobalAveragePooling1D(),
//!     layers.Dense(2, activation="softmax"),
//! ])
//! model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
//! model.fit(vectorize(train_texts), train_classes, epochs=10, batch_size=32)
//! print("Test accuracy:", model.evaluate(vectorize(test_texts), test_classes)[1])
//! print(model.predict(vectorize(["A wonderful film.", "Dull and far too long."])))
//! ```

#[path = "mnist/epochs.rs"]
mod epochs;
#[path = "presets/shards.rs"]
mod shards;

use std::path::Path;

use chalkgrad_engine::data::sources;
use chalkgrad_engine::model::builders::{dense, embedding, global_average_pooling1d};
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::train::fit::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or("www/data".to_owned());
    let reviews = shards::load(&sources::REVIEWS_EN, Path::new(&folder))?;
    let count = reviews.info().train_total as u32;

    let layers =
        [embedding(5000, 32).with("maskZero", true), global_average_pooling1d(), dense(2).activation("softmax")];
    let mut model = Model::sequential(layers, reviews)?;

    let config = TrainingConfig { dataset: "reviews-en".to_owned(), epochs: 10, ..TrainingConfig::default() };
    model.fit(config, epochs::printer(count))?;

    println!("Test accuracy: {:.4}", model.evaluate()?.accuracy.unwrap_or_default());
    println!("{:.2?}", model.predict_texts(["A wonderful film.", "Dull and far too long."])?);
    Ok(())
}
