//! A picture from a file, as what the network looks at.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, HtmlCanvasElement, ImageBitmap};

use leptos::prelude::*;

use crate::error::PageError;
use crate::ui::browser::context_2d;
use crate::ui::features::input::photo::{Stage, prepare};
use crate::ui::features::input::store::Source;
use crate::ui::format;
use crate::ui::state::State;
use crate::ui::stores::messages::NoticeKind;

/// Larger files are refused unread: no photograph needs as much.
const MAX_BYTES: f64 = 20e6;

/// Pictures are prepared at this size at most; it is ten times what comes out.
const MAX_SIDE: f64 = 280.0;

/// Reads an image file. On an error, reports it and keeps the current input.
pub fn open(state: State, file: File) {
    if file.size() > MAX_BYTES {
        let (size, most) = (format::megabytes(file.size()), format::megabytes(MAX_BYTES));
        return refuse(state, PageError::PictureTooLarge { size, most });
    }
    let name = file.name();
    let Ok(bitmap) = window().create_image_bitmap_with_blob(&file) else { return };
    wasm_bindgen_futures::spawn_local(async move {
        let bitmap = JsFuture::from(bitmap).await.ok().and_then(|bitmap| bitmap.dyn_into::<ImageBitmap>().ok());
        show(state, bitmap, &name);
    });
}

fn show(state: State, bitmap: Option<ImageBitmap>, name: &str) {
    if !reads_what_it_paints() {
        return refuse(state, PageError::PictureIsNoise);
    }
    let stages = match bitmap.as_ref().map(read) {
        Some(Ok(stages)) => stages,
        _ => return refuse(state, PageError::NoPicture { name: name.to_owned() }),
    };
    let Some(image) = stages.as_ref().and_then(|stages| stages.last()).map(|last| last.pixels.clone()) else {
        return refuse(state, PageError::EmptyPicture { name: name.to_owned() });
    };
    state.input.set_picture(stages.unwrap_or_default());
    state.input.show(image, Source::Picture);
}

fn refuse(state: State, error: PageError) {
    state.notify(NoticeKind::Error, error.into());
}

/// Returns false if the browser hands pages noise instead of a canvas's pixels, as some do against tracking. Changes too small
/// to matter are no noise.
fn reads_what_it_paints() -> bool {
    const SIDE: u32 = 16;
    const GREY: u8 = 128;
    const TOLERANCE: u8 = 8;
    let read = || {
        let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.unchecked_into();
        canvas.set_width(SIDE);
        canvas.set_height(SIDE);
        let context = context_2d(&canvas)?;
        context.set_fill_style_str(&format!("rgb({GREY}, {GREY}, {GREY})"));
        context.fill_rect(0.0, 0.0, SIDE.into(), SIDE.into());
        Some(context.get_image_data(0.0, 0.0, SIDE.into(), SIDE.into()).ok()?.data())
    };
    let is_grey = |pixel: &[u8]| pixel[..3].iter().all(|value| value.abs_diff(GREY) <= TOLERANCE);
    read().is_some_and(|pixels| pixels.chunks_exact(4).all(is_grey))
}

/// Reads and prepares the picture's pixels; `None` if it is empty.
fn read(bitmap: &ImageBitmap) -> Result<Option<Vec<Stage>>, JsValue> {
    let (width, height) = (f64::from(bitmap.width()), f64::from(bitmap.height()));
    let scale = (MAX_SIDE / width.max(height).max(1.0)).min(1.0);
    let [width, height] = [width, height].map(|side| (side * scale).round().max(1.0));
    let canvas: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context = context_2d(&canvas).ok_or(JsValue::NULL)?;
    context.draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, width, height)?;
    bitmap.close();
    let pixels = context.get_image_data(0.0, 0.0, width, height)?.data();
    Ok(prepare(width as usize, height as usize, &pixels))
}
