//! Points in the plane, made from a seed.

use super::{Origin, Source};
use crate::data::Dataset;
use crate::data::schema::{Schema, Target};
use crate::error::Result;
use crate::random::Philox;

/// Marks the streams of the generator that make points, so that no other use of the same seed shares their numbers.
const POINTS_STREAM: u64 = 0x506F_696E << 32;

/// The seed of all points: a saved experiment finds its data again.
const SEED: u64 = 0;

/// The names of the two features.
pub(super) const COLUMNS: [&str; 2] = ["x", "y"];

/// Numbers of training and of test points.
const POINTS: [usize; 2] = [1_000, 500];

/// A point and its target: the number of its class, or a value.
pub struct Point {
    pub at: [f32; 2],
    pub target: f32,
}

/// Makes a point. `share` goes from 0 to below 1 over the points of a part.
pub type MakePoint = fn(random: &mut Philox, share: f32) -> Point;

/// Describes points that `make_point` makes.
pub(super) const fn source(
    name: &'static str,
    title: &'static str,
    schema: fn() -> Schema,
    make_point: MakePoint,
) -> Source {
    Source {
        name,
        title,
        schema,
        examples: POINTS,
        licence: "MIT OR Apache-2.0",
        origin: "made from a seed, as in TensorFlow Playground",
        files: Origin::Made(make_point),
    }
}

/// Describes points of two classes, named as the page paints them.
pub(super) const fn two_classes(name: &'static str, title: &'static str, make_point: MakePoint) -> Source {
    source(name, title, || Schema::named_table(COLUMNS, Target::classes(["blue", "orange"])), make_point)
}

/// Makes all points of a source, in an order that mixes the classes.
///
/// # Errors
/// If the points do not fit the source's schema; none does.
pub(super) fn make(source: &Source, make_point: MakePoint) -> Result<Dataset> {
    let mut dataset = Dataset::new(source.info());
    for (part, stream) in [(crate::data::Part::Train, 0), (crate::data::Part::Test, 1)] {
        let count = dataset.total(part);
        let mut random = Philox::new(SEED, POINTS_STREAM | stream);
        let mut points: Vec<Point> =
            (0..count).map(|index| make_point(&mut random, index as f32 / count as f32)).collect();
        for last in (1..points.len()).rev() {
            points.swap(last, random.below(last as u32 + 1) as usize);
        }
        let inputs: Vec<f32> = points.iter().flat_map(|point| point.at).collect();
        if dataset.schema().target.class_names().is_empty() {
            let values: Vec<f32> = points.iter().map(|point| point.target).collect();
            dataset.add(part, &inputs, &values)?;
        } else {
            let labels: Vec<u8> = points.iter().map(|point| point.target as u8).collect();
            dataset.add(part, &inputs, &labels)?;
        }
    }
    Ok(dataset)
}

/// Returns a number between -`bound` and `bound`.
pub(super) fn spread(random: &mut Philox, bound: f32) -> f32 {
    (2.0 * random.uniform() - 1.0) * bound
}

/// Returns the class of a coin toss, 0 or 1.
pub(super) fn coin(random: &mut Philox) -> f32 {
    random.below(2) as f32
}
