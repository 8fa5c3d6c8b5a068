//! Images through given affine maps (`affine.py`): the random layers draw such maps.

use chalkgrad_engine::ops::affine_warp::{AffineWarp, FillMode, Interpolation, affine_warp};

use super::Bench;
use super::support::{f32s, read, shape, text};

#[test]
fn affine_maps_show_what_they_do_in_keras() {
    let document = read("affine.json");
    let cases = document["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let interpolation = match text(&case["interpolation"]) {
            "nearest" => Interpolation::Nearest,
            _ => Interpolation::Bilinear,
        };
        let fill = match text(&case["fill"]) {
            "constant" => FillMode::Constant(0.3),
            "reflect" => FillMode::Reflect,
            "wrap" => FillMode::Wrap,
            _ => FillMode::Nearest,
        };
        let mut bench = Bench::default();
        let leaf = |bench: &mut Bench, name: &str| {
            let tensor = &document[name];
            bench.leaf(name, &shape(&tensor["shape"]), f32s(&tensor["data"]))
        };
        let (images, maps) = (leaf(&mut bench, "images"), leaf(&mut bench, "maps"));
        let output = affine_warp(&mut bench.graph, images, maps, AffineWarp { interpolation, fill }).unwrap();
        bench.check(&format!("{fill:?}, {interpolation:?}"), 5e-6, &[("output", output, f32s(&case["output"]))]);
    }
}
