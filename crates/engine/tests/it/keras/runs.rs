//! Ten steps of training from the weights that Keras drew.

use chalkgrad_engine::backend::cpu::CpuBackend;

use super::support::read;

#[path = "following.rs"]
mod following;

#[test]
fn recurrent_models_learn_as_keras_does() {
    let document = read("recurrent.json");
    let runs = document["runs"].as_array().unwrap();
    assert!(runs.len() >= 32);
    for run in runs {
        following::follow(&document, run, Box::new(CpuBackend::new()));
    }
}
