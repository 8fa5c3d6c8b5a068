//! Layers that draw random numbers while training, alone in a model: what they leave and what they change.

use std::collections::HashMap;

use chalkgrad_engine::ir::Graph;
use chalkgrad_engine::ir::interpret::interpret;
use chalkgrad_engine::model::catalogue::resolve;
use chalkgrad_engine::model::lower::{Mode, append_model};
use chalkgrad_engine::model::spec::ModelSpec;
use chalkgrad_engine::tensor::{HostTensor, TensorType};

const SHAPE: [usize; 4] = [8, 3, 2, 64];

/// Returns images whose pixels are their own numbers, the same in each channel.
fn places() -> Vec<f32> {
    let pixel = |at: usize| (at / SHAPE[3] % (SHAPE[1] * SHAPE[2])) as f32;
    (0..SHAPE.iter().product()).map(pixel).collect()
}

/// Returns the output of a layer for ones, in training with this key or in inference.
fn output(layer: &str, key: Option<[i32; 2]>) -> Vec<f32> {
    output_of(layer, key, &vec![1.0; SHAPE.iter().product()])
}

/// Returns the output of a layer for these numbers.
fn output_of(layer: &str, key: Option<[i32; 2]>, input: &[f32]) -> Vec<f32> {
    let spec: ModelSpec =
        serde_json::from_str(&format!(r#"{{"inputShape": [3, 2, 64], "layers": [{layer}]}}"#)).unwrap();
    let mut graph = Graph::new();
    let x = graph.input("x", TensorType::f32(SHAPE)).unwrap();
    let mode = match key {
        Some(key) => Mode::Training { key: graph.constant(HostTensor::i32([2], &key).unwrap()) },
        None => Mode::Inference,
    };
    let network = append_model(&mut graph, &resolve(&spec).unwrap(), x, mode).unwrap();
    let input = HostTensor::f32(SHAPE, input.to_vec()).unwrap();
    let values = interpret(&graph, &HashMap::from([("x".to_owned(), input)])).unwrap();
    values.get(network.output).words().to_vec()
}

#[test]
fn spatial_dropout_drops_whole_channels_of_an_image() {
    let layer = r#"{"type": "SpatialDropout2D", "rate": 0.25}"#;
    let values = output(layer, Some([4, 1]));
    let (mut dropped, channels) = (0, SHAPE[0] * SHAPE[3]);
    for image in values.chunks_exact(3 * 2 * 64) {
        for channel in 0..64 {
            let pixels: Vec<f32> = image.iter().skip(channel).step_by(64).copied().collect();
            let factor = pixels[0];
            assert!(factor == 0.0 || (factor - 1.0 / 0.75).abs() < 1e-6, "{factor}");
            assert!(pixels.iter().all(|pixel| *pixel == factor), "{pixels:?}");
            dropped += usize::from(factor == 0.0);
        }
    }
    let share = dropped as f64 / channels as f64;
    assert!((share - 0.25).abs() < 0.06, "{share}");
    assert_ne!(values, output(layer, Some([4, 2])));
    assert!(output(layer, None).iter().all(|value| *value == 1.0));
}

/// Takes apart an image whose pixels are their own places.
#[test]
fn images_are_moved_turned_and_mirrored_each_in_its_own_way() {
    let still = |layer: &str| output_of(layer, None, &places());
    for layer in [
        r#"{"type": "RandomTranslation", "heightFactor": 0.5, "widthFactor": 0.5}"#,
        r#"{"type": "RandomRotation", "factor": 0.5}"#,
        r#"{"type": "RandomZoom", "heightFactor": [-0.5, -0.1]}"#,
        r#"{"type": "RandomFlip"}"#,
        r#"{"type": "RandomContrast", "factor": 0.5}"#,
    ] {
        let moved = output_of(layer, Some([4, 1]), &places());
        let images: Vec<&[f32]> = moved.chunks_exact(3 * 2 * 64).collect();
        let kinds = (1..images.len()).filter(|at| !images[..*at].contains(&images[*at])).count() + 1;
        // A mirror has two sides.
        let expected = if layer.contains("Flip") { 2 } else { images.len() };
        assert_eq!(kinds, expected, "{layer}");
        assert_eq!(moved, output_of(layer, Some([4, 1]), &places()), "{layer} repeats");
        assert_ne!(moved, output_of(layer, Some([4, 2]), &places()), "{layer} is drawn anew in each step");
        assert_eq!(still(layer), places(), "{layer} leaves images alone that are not trained on");
    }
}

#[test]
fn half_of_the_images_are_mirrored() {
    let layer = r#"{"type": "RandomFlip", "mode": "horizontal"}"#;
    let mirrored = (0..100).flat_map(|step| {
        let values = output_of(layer, Some([0, step]), &places());
        values.chunks_exact(3 * 2 * 64).map(|image| image[0] != 0.0).collect::<Vec<_>>()
    });
    let share = mirrored.filter(|is_mirrored| *is_mirrored).count() as f64 / 800.0;
    assert!((share - 0.5).abs() < 0.06, "{share}");
}

#[test]
fn gaussian_noise_keeps_the_mean_and_has_its_deviation() {
    let layer = r#"{"type": "GaussianNoise", "stddev": 0.5}"#;
    let values = output(layer, Some([4, 1]));
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt();
    assert!((mean - 1.0).abs() < 0.04 && (deviation - 0.5).abs() < 0.03, "{mean}, {deviation}");
    assert!(output(layer, None).iter().all(|value| *value == 1.0));
}
