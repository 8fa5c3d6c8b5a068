//! A picture with its title, its legend and the configuration that it comes from, as one drawing for a file.

use super::palette::ColourScale;
use super::shapes::{Anchor, Shape, text_width};

/// Explains the colours of a picture.
#[derive(Clone, PartialEq, Debug)]
pub enum Legend {
    None,
    /// Colours (of CSS) and their names.
    Names(Vec<(String, String)>),
    /// A scale of numbers, and its name.
    Scale(ColourScale, String),
}

/// Texts of a figure.
#[derive(Clone, PartialEq, Debug)]
pub struct Caption {
    pub title: String,
    pub legend: Legend,
    /// Network, training and step, in a line.
    pub configuration: String,
    pub is_dark: bool,
}

const MARGIN: f64 = 16.0;
const SMALL: f64 = 11.0;
const MIN_WIDTH: f64 = 360.0;
pub const SCALE_HEIGHT: f64 = 34.0;

/// Colours of text, faint text, lines and the ground of a drawing.
pub struct Ink {
    pub text: &'static str,
    pub soft: &'static str,
    pub line: &'static str,
    pub ground: &'static str,
}

/// Returns the same colours as the style sheet has.
pub fn ink(is_dark: bool) -> Ink {
    match is_dark {
        false => Ink { text: "#20282c", soft: "#566065", line: "#ded8ca", ground: "#fffdf8" },
        true => Ink { text: "#eef0e8", soft: "#a9b3b2", line: "#333f44", ground: "#1e262a" },
    }
}

/// Composes a figure around a body of this size, which `body` draws from the given corner. Returns its size and shapes.
pub fn compose(
    caption: &Caption,
    [width, height]: [f64; 2],
    body: impl FnOnce(f64, f64) -> Vec<Shape>,
) -> ([f64; 2], Vec<Shape>) {
    let ink = ink(caption.is_dark);
    let total = width.max(MIN_WIDTH) + 2.0 * MARGIN;
    let mut shapes = Vec::new();
    let mut y = MARGIN + 14.0;
    for line in wrap(&caption.title, 14.0, total - 2.0 * MARGIN) {
        shapes.push(Shape::Text {
            x: MARGIN,
            y,
            text: line,
            size: 14.0,
            fill: ink.text.to_owned(),
            anchor: Anchor::Start,
            is_bold: true,
        });
        y += 18.0;
    }
    shapes.extend(body(MARGIN, y));
    y += height + 12.0;
    match &caption.legend {
        Legend::None => {}
        Legend::Names(names) => {
            let mut x = MARGIN;
            for (colour, name) in names {
                let needed = 26.0 + text_width(name, SMALL) + 14.0;
                if x > MARGIN && x + needed > total - MARGIN {
                    x = MARGIN;
                    y += 18.0;
                }
                shapes.push(Shape::Rectangle { x, y: y + 4.0, width: 20.0, height: 3.0, fill: colour.clone() });
                shapes.push(Shape::text(x + 26.0, y + 9.0, name.as_str(), SMALL, ink.text, Anchor::Start));
                x += needed;
            }
            y += 20.0;
        }
        Legend::Scale(scale, name) => {
            let bar = (total - 2.0 * MARGIN).min(420.0);
            shapes.extend(scale_shapes(scale, [MARGIN, y, bar], ink.soft));
            y += SCALE_HEIGHT;
            for line in wrap(name, SMALL, total - 2.0 * MARGIN) {
                shapes.push(Shape::text(MARGIN, y + 8.0, line, SMALL, ink.soft, Anchor::Start));
                y += 15.0;
            }
            y += 3.0;
        }
    }
    for line in wrap(&caption.configuration, SMALL, total - 2.0 * MARGIN) {
        shapes.push(Shape::text(MARGIN, y + 8.0, line, SMALL, ink.soft, Anchor::Start));
        y += 15.0;
    }
    let total_height = (y + MARGIN).ceil();
    let ground = Shape::Rectangle { x: 0.0, y: 0.0, width: total, height: total_height, fill: ink.ground.to_owned() };
    shapes.insert(0, ground);
    ([total, total_height], shapes)
}

/// Draws the legend of a colour scale at `[x, y, width]`: a bar in the scale's own colours with ticks below, and at
/// both ends the colours of what lies beyond.
pub fn scale_shapes(scale: &ColourScale, [x, y, width]: [f64; 3], ink: &str) -> Vec<Shape> {
    const BAR: f64 = 10.0;
    const CAP: f64 = 8.0;
    let inner = width - 2.0 * CAP;
    let steps = inner.round().max(2.0) as usize;
    let step = inner / steps as f64;
    let css = |[red, green, blue]: [u8; 3]| format!("#{red:02x}{green:02x}{blue:02x}");
    let mut shapes: Vec<Shape> = (0..steps)
        .map(|at| {
            let share = (at as f32 + 0.5) / steps as f32 * 2.0 - 1.0;
            // A little wider than a step, so that no ground shines through between two.
            Shape::Rectangle {
                x: x + CAP + at as f64 * step,
                y,
                width: step + 0.3,
                height: BAR,
                fill: css(scale.colour(scale.value_at(share))),
            }
        })
        .collect();
    if scale.has_caps {
        for (left, value) in [(x, -2.0), (x + width - CAP + 1.0, 2.0)] {
            let fill = css(scale.colour(value * scale.limit));
            shapes.push(Shape::Rectangle { x: left, y, width: CAP - 1.0, height: BAR, fill });
        }
    }
    let ticks = scale.ticks();
    let place = |share: f32| x + CAP + inner * f64::from((share + 1.0) / 2.0);
    let extent = |(share, label): &(f32, String)| {
        let length = text_width(label, SMALL);
        let left = match *share {
            -1.0 => x,
            1.0 => x + width - length,
            share => place(share) - length / 2.0,
        };
        [left, left + length]
    };
    // Without room for all numbers, those of the quarters are left out.
    let has_room = ticks.windows(2).all(|pair| extent(&pair[0])[1] + 6.0 <= extent(&pair[1])[0]);
    for (share, label) in ticks {
        let at = place(share);
        shapes.push(Shape::straight((at, y + BAR), (at, y + BAR + 3.0), ink));
        if !has_room && share.abs() == 0.5 {
            continue;
        }
        let (at, anchor) = match share {
            -1.0 => (x, Anchor::Start),
            1.0 => (x + width, Anchor::End),
            _ => (at, Anchor::Middle),
        };
        shapes.push(Shape::text(at, y + BAR + 14.0, label, SMALL, ink, anchor));
    }
    shapes
}

/// Breaks a text into lines of at most this width, at spaces.
fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // Chinese has no spaces, but lines may break after its marks.
    let is_mark = |letter: char| "，。；：".contains(letter);
    let words = text.split_inclusive(|letter| letter == ' ' || is_mark(letter));
    for word in words.filter(|word| *word != " ") {
        match lines.last_mut() {
            Some(line) if text_width(line, size) + text_width(word.trim_end(), size) <= width => line.push_str(word),
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::charts::palette::Mapping;
    use crate::ui::charts::shapes::svg;

    #[test]
    fn a_figure_has_title_legend_and_configuration_within_its_size() {
        let scale = ColourScale { limit: 2.0, mapping: Mapping::Root, is_dark: false, has_caps: true };
        let caption = Caption {
            title: "conv2d.kernel".into(),
            legend: Legend::Scale(scale, "root scale".into()),
            configuration: "Conv2D ".repeat(40),
            is_dark: false,
        };
        let ([width, height], shapes) = compose(&caption, [300.0, 200.0], |x, y| {
            vec![Shape::Picture { x, y, width: 300.0, height: 200.0, is_pixelated: true }]
        });
        let text = svg(width, height, &shapes, "");
        for part in ["conv2d.kernel", "root scale", ">−2<", ">−0.5<", ">0<", ">0.5<", ">2<", "Conv2D Conv2D"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let bottom = shapes.iter().map(|shape| match shape {
            Shape::Text { y, .. } => *y,
            Shape::Picture { y, height, .. } | Shape::Rectangle { y, height, .. } => y + height,
            _ => 0.0,
        });
        assert!(bottom.fold(0.0, f64::max) <= height);
        let texts = shapes.iter().filter(|shape| matches!(shape, Shape::Text { .. })).count();
        assert!(texts > 8, "a long configuration takes several lines: {texts}");
    }

    #[test]
    fn names_stand_in_rows() {
        let names = (0..12).map(|at| ("red".to_owned(), format!("run number {at}"))).collect();
        let caption =
            Caption { title: "t".into(), legend: Legend::Names(names), configuration: String::new(), is_dark: true };
        let ([width, _], shapes) = compose(&caption, [100.0, 10.0], |_, _| Vec::new());
        for shape in shapes {
            if let Shape::Text { x, text, size, .. } = shape {
                assert!(x + text_width(&text, size) <= width, "{text}");
            }
        }
    }
}
