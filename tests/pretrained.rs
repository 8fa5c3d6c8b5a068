//! The network with which the page opens.

use chalkgrad::ui::features::input::digit::Drawing;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::model::spec::ModelSpec;
use chalkgrad_engine::train::{Pixels, Session};

#[test]
fn the_network_that_the_page_opens_with_is_small_and_knows_the_example() {
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/www/pretrained.safetensors")).unwrap();
    assert!(file.len() <= 100_000, "{} bytes", file.len());
    let shown = Checkpoint::from_bytes(&file).unwrap();
    assert_eq!(shown.model, ModelSpec::reference_cnn());
    assert!(shown.test_accuracy.unwrap() > 0.99, "{:?}", shown.test_accuracy);
    let mut session = Session::new().unwrap();
    session.show_pretrained(&shown.snapshot, &shown.arrays).unwrap();
    let (probabilities, _) = session.predict(Pixels::U8(Drawing::sample().image(0.042))).unwrap();
    assert!(probabilities[3] > 0.98, "{probabilities:?}");
}
