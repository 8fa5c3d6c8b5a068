//! Shapes of a drawing, which is painted on a canvas or written as SVG: what the screen shows and what a file holds
//! come from the same list.

use std::fmt::Write;

/// Alignment of a text to its position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Rectangle in CSS pixels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Frame {
    fn moved(self, by_x: f64, by_y: f64) -> Self {
        Self { left: self.left + by_x, top: self.top + by_y, ..self }
    }
}

/// Look of a line.
#[derive(Clone, PartialEq, Debug)]
pub struct Stroke {
    pub colour: String,
    pub width: f64,
    pub is_dashed: bool,
    pub opacity: f64,
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
    /// Several lines of one look.
    Strokes {
        lines: Vec<Vec<(f64, f64)>>,
        stroke: Stroke,
    },
    /// Filled circles, with an edge if it has a colour.
    Dots {
        centres: Vec<(f64, f64)>,
        radius: f64,
        fill: String,
        edge: Option<String>,
    },
    /// Transparent rectangle.
    Veil {
        frame: Frame,
        fill: String,
        opacity: f64,
    },
    /// Shapes of which only the part in a frame is drawn.
    Clip {
        frame: Frame,
        shapes: Vec<Shape>,
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
            Self::Strokes { lines, .. } => {
                for (x, y) in lines.iter_mut().flatten() {
                    *x += by_x;
                    *y += by_y;
                }
            }
            Self::Dots { centres, .. } => {
                for (x, y) in centres {
                    *x += by_x;
                    *y += by_y;
                }
            }
            Self::Veil { frame, .. } => *frame = frame.moved(by_x, by_y),
            Self::Clip { frame, shapes } => {
                *frame = frame.moved(by_x, by_y);
                shapes.iter_mut().for_each(|inner| *inner = inner.moved(by_x, by_y));
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
    write_shapes(&mut out, shapes, picture, &mut 0);
    out + "</svg>\n"
}

/// Writes shapes. `clips` counts the frames so far, which numbers them.
fn write_shapes(out: &mut String, shapes: &[Shape], picture: &str, clips: &mut u32) {
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
            Shape::Strokes { lines, stroke: Stroke { colour, width, is_dashed, opacity } } => writeln!(
                out,
                "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-opacity=\"{}\" \
                 stroke-linejoin=\"round\"{}/>",
                lines
                    .iter()
                    .filter(|line| !line.is_empty())
                    .map(|line| format!("M{}", listed(line)))
                    .collect::<String>(),
                escape(colour),
                short(*width),
                short(*opacity),
                if *is_dashed { " stroke-dasharray=\"4 3\"" } else { "" },
            ),
            Shape::Dots { centres, radius, fill, edge } => centres.iter().try_for_each(|(x, y)| {
                writeln!(
                    out,
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\" stroke=\"{}\"/>",
                    short(*x),
                    short(*y),
                    short(*radius),
                    escape(fill),
                    escape(edge.as_deref().unwrap_or("none")),
                )
            }),
            Shape::Veil { frame: Frame { left, top, width, height }, fill, opacity } => writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>",
                short(*left),
                short(*top),
                short(*width),
                short(*height),
                escape(fill),
                short(*opacity),
            ),
            Shape::Clip { frame: Frame { left, top, width, height }, shapes } => {
                *clips += 1;
                let opened = writeln!(
                    out,
                    "<clipPath id=\"clip{clips}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>\
                     <g clip-path=\"url(#clip{clips})\">",
                    short(*left),
                    short(*top),
                    short(*width),
                    short(*height),
                );
                write_shapes(out, shapes, picture, clips);
                opened.and_then(|()| writeln!(out, "</g>"))
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

    #[test]
    fn lines_dots_and_frames_become_svg_and_move_along() {
        let frame = Frame { left: 0.0, top: 1.0, width: 2.0, height: 3.0 };
        let stroke = Stroke { colour: "#123".into(), width: 1.0, is_dashed: true, opacity: 0.5 };
        let clip = Shape::Clip {
            frame,
            shapes: vec![
                Shape::Strokes { lines: vec![vec![(0.0, 1.0), (2.0, 3.0)], vec![]], stroke },
                Shape::Dots { centres: vec![(1.0, 2.0)], radius: 3.0, fill: "red".into(), edge: None },
            ],
        };
        let veil = Shape::Veil { frame, fill: "red".into(), opacity: 0.25 };
        let text = svg(10.0, 10.0, &[clip.moved(1.0, 1.0), veil], "");
        for part in [
            "<clipPath id=\"clip1\"><rect x=\"1\" y=\"2\" width=\"2\" height=\"3\"/></clipPath>",
            "<path d=\"M1,2 3,4\" fill=\"none\"",
            "stroke-dasharray",
            "<circle cx=\"2\" cy=\"3\" r=\"3\" fill=\"red\" stroke=\"none\"/>",
            "fill-opacity=\"0.25\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(text.matches("<g ").count(), text.matches("</g>").count());
    }
}
