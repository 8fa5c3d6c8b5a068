//! Drawing as SVG.

use std::fmt::Write;

use super::plot::{Anchor, Frame, Point, Stroke, Surface};

/// Picture that is drawn as SVG elements.
#[derive(Default)]
pub struct Svg {
    elements: String,
    /// Clips so far, which number them.
    clips: u32,
}

impl Svg {
    /// Returns the file of a picture of this width and height.
    pub fn finish(self, [width, height]: Point) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"system-ui, sans-serif\">{}</svg>\n",
            self.elements
        )
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // A string takes in everything.
        let _ = self.elements.write_fmt(element);
    }

    fn stroked(&mut self, path: &str, stroke: Stroke<'_>) {
        let Stroke { colour, width, is_dashed, opacity } = stroke;
        let dash = if is_dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        self.add(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" stroke-opacity=\"{opacity}\" \
             stroke-linejoin=\"round\"{dash}/>",
            escaped(colour)
        ));
    }
}

impl Surface for Svg {
    fn path(&mut self, points: &[Point], stroke: Stroke<'_>) {
        if points.len() > 1 {
            self.stroked(&path(points), stroke);
        }
    }

    fn segments(&mut self, segments: &[[Point; 2]], stroke: Stroke<'_>) {
        let path: String = segments.iter().map(|segment| path(segment)).collect();
        if !path.is_empty() {
            self.stroked(&path, stroke);
        }
    }

    fn dots(&mut self, centres: &[Point], radius: f64, fill: &str, edge: Option<&str>) {
        let (fill, edge) = (escaped(fill), escaped(edge.unwrap_or("none")));
        for [x, y] in centres {
            self.add(format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{edge}\"/>"
            ));
        }
    }

    fn rectangle(&mut self, frame: Frame, fill: &str, opacity: f64) {
        let Frame { left, top, width, height } = frame;
        self.add(format_args!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{}\" \
             fill-opacity=\"{opacity}\"/>",
            escaped(fill)
        ));
    }

    fn text(&mut self, text: &str, [x, y]: Point, anchor: Anchor, colour: &str, size_px: f64) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size_px}\" text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
            escaped(colour),
            escaped(text)
        ));
    }

    fn clip(&mut self, frame: Frame) {
        self.clips += 1;
        let (number, Frame { left, top, width, height }) = (self.clips, frame);
        self.add(format_args!(
            "<clipPath id=\"clip{number}\"><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"/></clipPath><g clip-path=\"url(#clip{number})\">"
        ));
    }

    fn unclip(&mut self) {
        self.elements.push_str("</g>");
    }
}

fn path(points: &[Point]) -> String {
    let mut text = String::new();
    for (index, [x, y]) in points.iter().enumerate() {
        // A string takes in everything.
        let _ = write!(text, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_valid_markup() {
        let mut svg = Svg::default();
        let frame = Frame { left: 0.0, top: 1.0, width: 2.0, height: 3.0 };
        svg.clip(frame);
        svg.path(&[[0.0, 1.0], [2.0, 3.25]], Stroke { colour: "#123", width: 1.0, is_dashed: true, opacity: 0.5 });
        svg.unclip();
        svg.rectangle(frame, "red", 0.5);
        svg.text("a < b & \"c\"", [1.0, 2.0], Anchor::End, "black", 11.0);
        let text = svg.finish([10.0, 20.0]);
        assert!(text.starts_with("<svg xmlns") && text.ends_with("</svg>\n"));
        assert!(text.contains("a &lt; b &amp; &quot;c&quot;") && text.contains("M0.0 1.0L2.0 3.2"));
        assert_eq!(text.matches("<g ").count(), text.matches("</g>").count());
    }
}
