//! Shapes of a drawing, which is painted on a canvas or written as SVG: what the screen shows and what a file holds
//! come from the same list.

use std::fmt::Write;

/// Where a text stands in relation to its position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// One shape, in CSS pixels from the upper left corner. Colours are those of CSS.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    Rectangle {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        fill: String,
    },
    /// Line through all points.
    Line {
        points: Vec<(f64, f64)>,
        stroke: String,
        width: f64,
    },
    Area {
        points: Vec<(f64, f64)>,
        fill: String,
    },
    Text {
        x: f64,
        /// Position of the base line.
        y: f64,
        text: String,
        size: f64,
        fill: String,
        anchor: Anchor,
        is_bold: bool,
    },
    /// The picture of the figure, without smoothing if its pixels are numbers.
    Picture {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        is_pixelated: bool,
    },
}

impl Shape {
    /// Makes a text in the usual weight.
    pub fn text(x: f64, y: f64, text: impl Into<String>, size: f64, fill: &str, anchor: Anchor) -> Self {
        Self::Text { x, y, text: text.into(), size, fill: fill.to_owned(), anchor, is_bold: false }
    }

    /// Returns the shape, moved.
    pub fn moved(&self, by_x: f64, by_y: f64) -> Self {
        let mut shape = self.clone();
        match &mut shape {
            Self::Rectangle { x, y, .. } | Self::Text { x, y, .. } | Self::Picture { x, y, .. } => {
                *x += by_x;
                *y += by_y;
            }
            Self::Line { points, .. } | Self::Area { points, .. } => {
                for (x, y) in points {
                    *x += by_x;
                    *y += by_y;
                }
            }
        }
        shape
    }

    /// Makes a straight line of one pixel.
    pub fn straight(from: (f64, f64), to: (f64, f64), stroke: &str) -> Self {
        Self::Line { points: vec![from, to], stroke: stroke.to_owned(), width: 1.0 }
    }
}

pub const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', sans-serif";

/// Estimates the width of a text. Exact widths need a browser; this one is rather too large.
pub fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(|letter| if letter > '\u{2E80}' { size } else { size * 0.58 }).sum()
}

/// Writes a document of this size. `picture` is the address of the figure's picture.
pub fn svg(width: f64, height: f64, shapes: &[Shape], picture: &str) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"{}\">\n",
        escape(FONT)
    );
    for shape in shapes {
        // Writing to a string cannot fail.
        let _ = match shape {
            Shape::Rectangle { x, y, width, height, fill } => writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                short(*x),
                short(*y),
                short(*width),
                short(*height),
                escape(fill)
            ),
            Shape::Line { points, stroke, width } => writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"/>",
                listed(points),
                escape(stroke),
                short(*width)
            ),
            Shape::Area { points, fill } => {
                writeln!(out, "<polygon points=\"{}\" fill=\"{}\"/>", listed(points), escape(fill))
            }
            Shape::Text { x, y, text, size, fill, anchor, is_bold } => writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\" text-anchor=\"{}\"{}>{}</text>",
                short(*x),
                short(*y),
                short(*size),
                escape(fill),
                match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                },
                if *is_bold { " font-weight=\"600\"" } else { "" },
                escape(text)
            ),
            Shape::Picture { x, y, width, height, is_pixelated } => writeln!(
                out,
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\"{} href=\"{}\"/>",
                short(*x),
                short(*y),
                short(*width),
                short(*height),
                if *is_pixelated { " style=\"image-rendering:pixelated\"" } else { "" },
                escape(picture)
            ),
        };
    }
    out + "</svg>\n"
}

/// Writes a coordinate with at most two decimals.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn listed(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect::<Vec<_>>().join(" ")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_become_svg_and_texts_are_escaped() {
        let shapes = [
            Shape::Rectangle { x: 1.0, y: 2.5, width: 10.0, height: 1.0 / 3.0, fill: "#fff".into() },
            Shape::straight((0.0, 0.0), (4.0, 4.126), "red"),
            Shape::Area { points: vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)], fill: "blue".into() },
            Shape::text(3.0, 4.0, "a < b & \"c\"", 11.0, "black", Anchor::End),
            Shape::Picture { x: 0.0, y: 0.0, width: 9.0, height: 9.0, is_pixelated: true },
        ];
        let text = svg(20.0, 10.0, &shapes, "data:image/png;base64,AA");
        for part in [
            "viewBox=\"0 0 20 10\"",
            "<rect x=\"1\" y=\"2.5\" width=\"10\" height=\"0.33\" fill=\"#fff\"/>",
            "<polyline points=\"0,0 4,4.13\"",
            "<polygon points=\"0,0 1,0 1,1\" fill=\"blue\"/>",
            "text-anchor=\"end\">a &lt; b &amp; &quot;c&quot;</text>",
            "href=\"data:image/png;base64,AA\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(text.matches('<').count(), text.matches('>').count());
    }
}
