//! The map of words: a dot for each in the plane of two components, with as many names as find room.

use super::figure::ink;
use super::palette::ColourScale;
use super::shapes::{Anchor, Shape, text_width};
use crate::ui::charts::ticks::{tick_text, ticks};

const LEFT: f64 = 44.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 34.0;
const SMALL: f64 = 10.0;
const NAME: f64 = 11.0;
const RADIUS: f64 = 2.6;
const MARKED_RADIUS: f64 = 4.6;

/// Word in the plane.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    pub word: String,
    pub at: [f32; 2],
    /// The answer of the network to the word alone, from -1 for the first class to 1 for the second; 0 where there is none.
    pub tendency: f32,
}

/// The map as it is drawn.
pub struct WordMapChart<'a> {
    pub places: &'a [Place],
    /// Indices of words that stand out: the one that was looked for, then its neighbours.
    pub marked: &'a [usize],
    pub scale: ColourScale,
    /// Names of the axes.
    pub axes: [String; 2],
    pub size: [f64; 2],
}

/// Rectangle that is taken: left, top, right, bottom.
type Taken = [f64; 4];

fn overlaps(one: Taken, other: Taken) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

impl WordMapChart<'_> {
    /// Returns the least and the largest value of both axes, with a margin.
    fn bounds(&self) -> [[f64; 2]; 2] {
        [0, 1].map(|axis| {
            let values = self.places.iter().map(|place| f64::from(place.at[axis])).filter(|value| value.is_finite());
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
            let margin = ((high - low) * 0.05).max(1e-6);
            if low <= high { [low - margin, high + margin] } else { [-1.0, 1.0] }
        })
    }

    /// Draws axes, dots and names. Marked words are named first, then the others by their order, each where it hides no other.
    pub fn shapes(&self) -> Vec<Shape> {
        let ink = ink(self.scale.is_dark);
        let [width, height] = self.size;
        let bounds = self.bounds();
        let share = |axis: usize, value: f64| (value - bounds[axis][0]) / (bounds[axis][1] - bounds[axis][0]);
        let x = |value: f64| LEFT + share(0, value) * (width - LEFT - RIGHT);
        let y = |value: f64| TOP + (1.0 - share(1, value)) * (height - TOP - BOTTOM);
        let mut shapes = Vec::new();
        let [across, up] = bounds.map(|[low, high]| ticks(low, high));
        for tick in &across {
            shapes.push(Shape::straight((x(*tick), TOP), (x(*tick), height - BOTTOM), ink.line));
            let text = tick_text(*tick, &across);
            shapes.push(Shape::text(x(*tick), height - BOTTOM + 13.0, text, SMALL, ink.soft, Anchor::Middle));
        }
        for tick in &up {
            shapes.push(Shape::straight((LEFT, y(*tick)), (width - RIGHT, y(*tick)), ink.line));
            shapes.push(Shape::text(LEFT - 5.0, y(*tick) + 3.5, tick_text(*tick, &up), SMALL, ink.soft, Anchor::End));
        }
        let [across, up] = &self.axes;
        shapes.push(Shape::text(width - RIGHT, height - 5.0, across, SMALL, ink.soft, Anchor::End));
        shapes.push(Shape::text(LEFT, height - 5.0, up, SMALL, ink.soft, Anchor::Start));

        let points: Vec<(f64, f64)> =
            self.places.iter().map(|place| (x(f64::from(place.at[0])), y(f64::from(place.at[1])))).collect();
        for (index, (place, point)) in self.places.iter().zip(&points).enumerate() {
            let [red, green, blue] = self.scale.colour(place.tendency);
            let is_marked = self.marked.contains(&index);
            shapes.push(Shape::Dots {
                centres: vec![*point],
                radius: if is_marked { MARKED_RADIUS } else { RADIUS },
                fill: format!("rgb({red},{green},{blue})"),
                edge: Some(if is_marked { ink.text } else { ink.soft }.to_owned()),
            });
        }
        let others = (0..points.len()).filter(|index| !self.marked.contains(index));
        let mut taken: Vec<Taken> = Vec::new();
        for index in self.marked.iter().copied().filter(|index| *index < points.len()).chain(others) {
            let is_marked = self.marked.contains(&index);
            let Some((area, [x, y])) = self.room(&self.places[index].word, points[index], &taken) else { continue };
            taken.push(area);
            let fill = if is_marked { ink.text } else { ink.soft };
            shapes.push(Shape::Text {
                x,
                y,
                text: self.places[index].word.clone(),
                size: NAME,
                fill: fill.to_owned(),
                anchor: Anchor::Start,
                is_bold: is_marked,
            });
        }
        shapes
    }

    /// Finds a place for a name beside its dot. Returns the area that it takes, and the begin of its base line.
    fn room(&self, word: &str, (x, y): (f64, f64), taken: &[Taken]) -> Option<(Taken, [f64; 2])> {
        let length = text_width(word, NAME);
        let gap = MARKED_RADIUS + 1.5;
        let candidates = [
            [x + gap, y + 4.0],
            [x - gap - length, y + 4.0],
            [x - length / 2.0, y - gap],
            [x - length / 2.0, y + gap + NAME * 0.8],
        ];
        let [width, height] = self.size;
        candidates.into_iter().find_map(|[left, base]| {
            let area = [left, base - NAME * 0.85, left + length, base + NAME * 0.2];
            let is_inside = area[0] >= LEFT && area[1] >= 0.0 && area[2] <= width && area[3] <= height - BOTTOM + 2.0;
            (is_inside && !taken.iter().any(|other| overlaps(area, *other))).then_some((area, [left, base]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::charts::palette::Mapping;

    fn chart<'a>(places: &'a [Place], marked: &'a [usize]) -> WordMapChart<'a> {
        let scale = ColourScale { limit: 1.0, mapping: Mapping::Linear, is_dark: false, has_caps: false };
        WordMapChart { places, marked, scale, axes: ["x", "y"].map(str::to_owned), size: [400.0, 300.0] }
    }

    fn names(shapes: &[Shape]) -> Vec<(String, Taken)> {
        let named = shapes.iter().filter_map(|shape| match shape {
            Shape::Text { x, y, text, size, .. } if *size == NAME => {
                Some((text.clone(), [*x, y - NAME * 0.85, x + text_width(text, NAME), y + NAME * 0.2]))
            }
            _ => None,
        });
        named.collect()
    }

    #[test]
    fn names_hide_no_other_and_marked_words_have_theirs() {
        let place = |index: usize| {
            let at = [(index * 37 % 101) as f32 / 40.0, (index * 53 % 89) as f32 / 60.0];
            Place { word: format!("word{index}"), at, tendency: 0.5 }
        };
        let places: Vec<Place> = (0..200).map(place).collect();
        let marked = [199, 150];
        let shapes = chart(&places, &marked).shapes();
        let names = names(&shapes);
        assert_eq!((&names[0].0[..], &names[1].0[..]), ("word199", "word150"));
        assert!(names.len() > 30 && names.len() < 200, "{}", names.len());
        for (index, (_, area)) in names.iter().enumerate() {
            assert!(names[..index].iter().all(|(_, other)| !overlaps(*area, *other)));
        }
        let dots = shapes.iter().filter(|shape| matches!(shape, Shape::Dots { .. })).count();
        assert_eq!(dots, 200, "a word without room for its name is a dot");
    }

    #[test]
    fn a_map_of_equal_places_and_an_empty_one_can_be_drawn() {
        let same = Place { word: "a".to_owned(), at: [0.5; 2], tendency: f32::NAN };
        for places in [vec![], vec![same.clone()], vec![same; 3]] {
            let shapes = chart(&places, &[7]).shapes();
            let is_finite = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
            assert!(shapes.iter().all(|shape| match shape {
                Shape::Dots { centres, .. } => centres.iter().all(is_finite),
                _ => true,
            }));
        }
    }
}
