//! A layer's output for the image, small, on its card.

use std::cell::RefCell;
use std::rc::Rc;

use super::element::{Element, el};
use super::tensor_canvas::{paint, scale_of};
use super::tensor_view::watched;
use crate::ui::state::State;
use crate::ui::tensor_image::{Role, Tiles};
use leptos::prelude::*;

/// Rows and columns of channels shown.
const CHANNELS: (usize, usize) = (2, 4);

/// Shows the output of a layer for the input image, updated while it is visible.
pub fn thumbnail(state: State, layer: &str) -> Element {
    let image = el("canvas").class("thumbnail").attr("width", "0").attr("height", "0").attr("aria-hidden", "true");
    let canvas = image.canvas();
    let last = Rc::new(RefCell::new(None::<(Tiles, Vec<f32>)>));
    let version = Rc::new(RwSignal::new(0));
    let (drawn, seen_version) = (last.clone(), version.clone());
    let image = image.effect(move || {
        seen_version.track();
        let is_dark = state.is_dark.get();
        if let Some((tiles, values)) = &*drawn.borrow() {
            paint(&canvas, tiles, values, scale_of(values), is_dark);
        }
    });
    let watching = state.watch(vec![format!("{layer}.output")], move |tensors| {
        if tensors[0].values.is_empty() {
            return;
        }
        let tiles = Tiles::new(&tensors[0].shape, Role::Activations).first(CHANNELS.0, CHANNELS.1);
        *last.borrow_mut() = Some((tiles, tensors[0].values.clone()));
        version.update(|version| *version += 1);
    });
    watched(el("span").class("thumbnail-place").child(image), watching)
}
