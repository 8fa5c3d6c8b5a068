//! The menu of layers that "Add layer" opens.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::element::{Element, button, el};
use super::place;
use crate::ui::browser::{focus, focus_soon};
use crate::ui::state::{AddMenu, State};
use crate::ui::text::t;
use chalkgrad_engine::model::catalogue;
use chalkgrad_engine::model::layers::LAYERS;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec};

/// Makes a new layer with its required settings filled in.
fn new_layer(type_name: &str) -> LayerSpec {
    let mut layer = LayerSpec::new(type_name);
    let Ok(layer_type) = catalogue::find(type_name) else { return layer };
    for setting in layer_type.schema().settings {
        let initial = setting.initial_value().filter(|initial| setting.default.value().as_ref() != Some(initial));
        if let Some(value) = initial {
            layer = layer.with(setting.name, value);
        }
    }
    layer
}

/// Returns true if the model with the layer inserted there is valid at least up to that layer.
fn fits(mut spec: ModelSpec, index: usize, layer: LayerSpec) -> bool {
    let index = index.min(spec.layers.len());
    spec.layers.truncate(index);
    spec.layers.push(layer);
    catalogue::resolve(&spec).is_ok()
}

/// Returns true if a layer inserted there conflicts with those after it.
fn breaks(mut spec: ModelSpec, index: usize, layer: LayerSpec) -> bool {
    let was_right = catalogue::resolve(&spec).is_ok();
    let index = index.min(spec.layers.len());
    spec.layers.insert(index, layer);
    was_right && catalogue::resolve(&spec).is_err()
}

/// Makes the menu while it is open.
pub fn layer_menu(state: State) -> Element {
    place().when(
        move || state.add_menu.with(Option::is_some),
        move || match state.add_menu.get_untracked() {
            Some(menu) => open_menu(state, menu),
            None => place(),
        },
    )
}

fn open_menu(state: State, menu: AddMenu) -> Element {
    let spec = state.history.with_untracked(|history| history.spec());
    let fitting: Vec<&'static str> = LAYERS
        .iter()
        .map(|layer_type| layer_type.type_name())
        .filter(|type_name| fits(spec.clone(), menu.index, new_layer(type_name)))
        .collect();
    let items = fitting.len();
    let opener = document().active_element();
    let on_keydown = move |event: web_sys::Event| {
        let places: isize = match event.unchecked_ref::<web_sys::KeyboardEvent>().key().as_str() {
            "Escape" | "Tab" => {
                event.prevent_default();
                event.stop_propagation();
                state.add_menu.set(None);
                // The opener may be gone; the browser then places the focus.
                if let Some(opener) = &opener {
                    focus(opener);
                }
                return;
            }
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            "Home" => isize::MIN,
            "End" => isize::MAX,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let focused = document().active_element().map(|element| element.id()).unwrap_or_default();
        let current: isize = focused.strip_prefix("menu-item-").and_then(|at| at.parse().ok()).unwrap_or(0);
        let count = items as isize;
        let next = match places {
            isize::MIN => 0,
            isize::MAX => count - 1,
            places => (current + places).rem_euclid(count.max(1)),
        };
        focus_soon(format!("menu-item-{next}"));
    };
    let is_empty = fitting.is_empty();
    let items = fitting.into_iter().enumerate().map(|(at, type_name)| {
        let breaks = breaks(spec.clone(), menu.index, new_layer(type_name));
        let choose = move || {
            state.add_menu.set(None);
            state.insert_layer(menu.index, new_layer(type_name));
            if let Some(id) = state.selected.get_untracked() {
                focus_soon(format!("card-{id}"));
            }
        };
        button("menu-item", choose)
            .attr("role", "menuitem")
            .id(&format!("menu-item-{at}"))
            // The menu scrolls, so one item can be reached by Tab; the arrow keys move on from there.
            .attr("tabindex", if at == 0 { "0" } else { "-1" })
            .child(el("span").class("menu-name").text(type_name))
            .children(breaks.then(|| el("span").class("menu-note").tr("breaks_later")))
            .child(el("span").class("menu-help").text_fn(move || t(&format!("layer_{type_name}_help"))))
    });
    let [left, top, bottom] = menu.anchor;
    focus_soon("menu-item-0".to_owned());
    place().child(el("div").class("menu-backdrop").on("click", move |_| state.add_menu.set(None))).child(
        el("div")
            .class("menu")
            .attr("role", "menu")
            .label("add_layer")
            .attr("style", &style(left, top, bottom))
            .on("keydown", on_keydown)
            .children(items)
            .children(is_empty.then(|| {
                el("p")
                    .class("help")
                    .id("menu-item-0")
                    .attr("tabindex", "-1")
                    .attr("role", "menuitem")
                    .attr("aria-disabled", "true")
                    .tr("nothing_fits")
            })),
    )
}

/// Positions the menu below the button, or above it if there is more room. On a phone the style sheet puts it at the
/// bottom instead.
fn style(left: f64, top: f64, bottom: f64) -> String {
    const WIDTH: f64 = 320.0;
    const MARGIN: f64 = 8.0;
    let size = |value: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
        value.ok().and_then(|value| value.as_f64()).unwrap_or(800.0)
    };
    let (window_width, window_height) = (size(window().inner_width()), size(window().inner_height()));
    let left = left.min(window_width - WIDTH - MARGIN).max(MARGIN);
    let room_below = window_height - bottom - 2.0 * MARGIN;
    let room_above = top - 2.0 * MARGIN;
    let is_below = room_below >= 320.0 || room_below >= room_above;
    let [left, room_below, room_above] = [left, room_below, room_above].map(|length| length as i32);
    if is_below {
        format!("left:{left}px;top:{}px;max-height:{room_below}px", (bottom + MARGIN / 2.0) as i32)
    } else {
        format!("left:{left}px;bottom:{}px;max-height:{room_above}px", (window_height - top + MARGIN / 2.0) as i32)
    }
}
