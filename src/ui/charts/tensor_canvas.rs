//! Tensors as pixels, in the diverging palette.

use wasm_bindgen::Clamped;
use web_sys::{HtmlCanvasElement, ImageData, PointerEvent};

use crate::ui::browser::context_2d;
use crate::ui::charts::canvas::pointer_place;
use crate::ui::charts::histogram_chart::MARKED;
use crate::ui::charts::palette::{ColourScale, Mapping, limit};
use crate::ui::charts::tensor_image::Tiles;

/// Returns the largest magnitude, which gets the full colour.
pub fn scale_of(values: &[f32]) -> f32 {
    limit(values, false)
}

/// Draws the tiles, one pixel per number, and marks numbers.
pub fn paint_on(
    canvas: &HtmlCanvasElement,
    tiles: &Tiles,
    values: &[f32],
    scale: &ColourScale,
    is_marked: impl Fn(f32) -> bool,
) {
    let (width, height) = tiles.size();
    let mut rgba = vec![0; width * height * 4];
    for (at, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        let Some([.., index]) = tiles.at(at % width.max(1), at / width.max(1)) else { continue };
        let value = values.get(index).copied().unwrap_or_default();
        let [red, green, blue] =
            if is_marked(value) { MARKED[usize::from(scale.is_dark)] } else { scale.colour(value) };
        pixel.copy_from_slice(&[red, green, blue, 255]);
    }
    // Setting a size, even the same one, allocates a new buffer.
    if (canvas.width(), canvas.height()) != (width as u32, height as u32) {
        canvas.set_width(width as u32);
        canvas.set_height(height as u32);
    }
    if let (Some(context), Ok(image)) =
        (context_2d(canvas), ImageData::new_with_u8_clamped_array(Clamped(&rgba), width as u32))
    {
        // This fails only for an image of another origin.
        let _ = context.put_image_data(&image, 0.0, 0.0);
    }
}

/// Returns the pixel of the image under the pointer.
pub fn pixel_under(canvas: &HtmlCanvasElement, event: &PointerEvent, tiles: &Tiles) -> (usize, usize) {
    let (width, height) = tiles.size();
    let [x, y] = pointer_place(canvas, event);
    let x = x / f64::from(canvas.offset_width().max(1)) * width as f64;
    let y = y / f64::from(canvas.offset_height().max(1)) * height as f64;
    ((x.max(0.0) as usize).min(width.max(1) - 1), (y.max(0.0) as usize).min(height.max(1) - 1))
}

/// Returns left, top, width and height of a frame round a pixel of the image, as CSS lengths.
pub fn frame(tiles: &Tiles, (x, y): (usize, usize)) -> [String; 4] {
    let (width, height) = tiles.size();
    let share = |at: usize, length: usize| {
        let hundredths = at * 10_000 / length.max(1);
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    };
    [share(x, width), share(y, height), share(1, width), share(1, height)]
}

/// Maps -1 (blue) over 0 (the ground) to 1 (orange), on a root scale.
pub fn colour(value: f32, is_dark: bool) -> [u8; 4] {
    let [red, green, blue] = root_scale(1.0, is_dark).colour(value);
    [red, green, blue, 255]
}

fn root_scale(limit: f32, is_dark: bool) -> ColourScale {
    ColourScale { limit, mapping: Mapping::Root, is_dark, has_caps: false }
}
