//! Pictures as files: PNG at twice the size of the screen, and SVG, each with title, legend and configuration.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

use super::canvas::draw;
use super::figure::{Caption, compose};
use super::shapes::{Shape, svg};
use crate::ui::browser::{save_text, save_url};

/// Pixels of a PNG per CSS pixel.
const RATIO: f64 = 2.0;

/// Picture that can be saved.
pub struct Figure {
    /// Name of the file, without its ending.
    pub name: String,
    pub caption: Caption,
    pub body: Body,
}

pub enum Body {
    /// A canvas at this size in CSS pixels; `is_pixelated` if each of its pixels stands for a number.
    Canvas { canvas: HtmlCanvasElement, size: [f64; 2], is_pixelated: bool },
    /// Shapes from the corner (0, 0), of this size.
    Shapes { shapes: Vec<Shape>, size: [f64; 2] },
}

/// Saves a canvas as it is shown. A chart looks best if the canvas was drawn with two pixels per CSS pixel or more.
pub fn export_png(name: &str, canvas: &HtmlCanvasElement, caption: Caption) {
    Figure::of_canvas(name, canvas, caption).save_png();
}

impl Figure {
    /// Makes a figure of a canvas, at its size on the page.
    pub fn of_canvas(name: &str, canvas: &HtmlCanvasElement, caption: Caption) -> Self {
        let size = [canvas.client_width(), canvas.client_height()].map(f64::from);
        Self {
            name: name.to_owned(),
            caption,
            body: Body::Canvas { canvas: canvas.clone(), size, is_pixelated: false },
        }
    }

    fn composed(&self) -> ([f64; 2], Vec<Shape>) {
        match &self.body {
            Body::Canvas { size, is_pixelated, .. } => compose(&self.caption, *size, |x, y| {
                let [width, height] = *size;
                vec![Shape::Picture { x, y, width, height, is_pixelated: *is_pixelated }]
            }),
            Body::Shapes { shapes, size } => {
                compose(&self.caption, *size, |x, y| shapes.iter().map(|shape| shape.moved(x, y)).collect())
            }
        }
    }

    fn picture(&self) -> Option<&HtmlCanvasElement> {
        match &self.body {
            Body::Canvas { canvas, .. } => Some(canvas),
            Body::Shapes { .. } => None,
        }
    }

    pub fn save_png(&self) {
        let (size, shapes) = self.composed();
        let Ok(canvas) = document().create_element("canvas") else { return };
        let canvas: HtmlCanvasElement = canvas.unchecked_into();
        draw(&canvas, size, RATIO, &shapes, self.picture());
        // This fails only for a canvas of size zero.
        if let Ok(url) = canvas.to_data_url() {
            save_url(&format!("{}.png", self.name), &url);
        }
    }

    pub fn save_svg(&self) {
        let ([width, height], shapes) = self.composed();
        let picture = self.picture().and_then(|canvas| canvas.to_data_url().ok()).unwrap_or_default();
        save_text(&format!("{}.svg", self.name), &svg(width, height, &shapes, &picture));
    }
}
