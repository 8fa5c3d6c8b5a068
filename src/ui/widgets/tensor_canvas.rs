//! Tensors as pixels, in the diverging palette.

use wasm_bindgen::Clamped;
use web_sys::{HtmlCanvasElement, ImageData, PointerEvent};

use crate::ui::browser::context_2d;
use crate::ui::tensor_image::Tiles;

/// Returns the largest magnitude, which gets the full colour.
pub fn scale_of(values: &[f32]) -> f32 {
    values.iter().filter(|value| value.is_finite()).fold(0.0, |top: f32, value| top.max(value.abs()))
}

/// Draws the tiles, one pixel per number.
pub fn paint(canvas: &HtmlCanvasElement, tiles: &Tiles, values: &[f32], scale: f32, is_dark: bool) {
    let (width, height) = tiles.size();
    let mut rgba = vec![0; width * height * 4];
    for (at, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        let Some([.., index]) = tiles.at(at % width.max(1), at / width.max(1)) else { continue };
        let value = values.get(index).copied().unwrap_or_default() / scale.max(f32::MIN_POSITIVE);
        pixel.copy_from_slice(&colour(value, is_dark));
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
    let share = |offset: i32, length: i32| f64::from(offset) / f64::from(length.max(1));
    let x = share(event.offset_x(), canvas.client_width()) * width as f64;
    let y = share(event.offset_y(), canvas.client_height()) * height as f64;
    ((x.max(0.0) as usize).min(width.max(1) - 1), (y.max(0.0) as usize).min(height.max(1) - 1))
}

/// Writes a style that puts a frame round a pixel of the image.
pub fn frame(tiles: &Tiles, (x, y): (usize, usize)) -> String {
    let (width, height) = tiles.size();
    let share = |at: usize, length: usize| {
        let hundredths = at * 10_000 / length.max(1);
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    };
    format!("left:{};top:{};width:{};height:{}", share(x, width), share(y, height), share(1, width), share(1, height))
}

/// Maps -1 (blue) over 0 (the ground) to 1 (orange), as `--scale-negative` and `--scale-positive` in the style sheet.
pub fn colour(value: f32, is_dark: bool) -> [u8; 4] {
    let ground: [f32; 3] = if is_dark { [36.0, 42.0, 45.0] } else { [244.0, 243.0, 238.0] };
    let full: [f32; 3] = match (value > 0.0, is_dark) {
        (true, false) => [190.0, 82.0, 14.0],
        (true, true) => [246.0, 150.0, 74.0],
        (false, false) => [28.0, 88.0, 166.0],
        (false, true) => [108.0, 172.0, 246.0],
    };
    // The square root makes small values visible; NaN and infinities stand out.
    let share = if value.is_finite() { value.abs().min(1.0).sqrt() } else { return [255, 0, 200, 255] };
    let mix = |at: usize| (ground[at] + (full[at] - ground[at]) * share) as u8;
    [mix(0), mix(1), mix(2), 255]
}
