//! The menu of layers that "Add layer" opens.

use leptos::prelude::*;

use crate::ui::browser::{focus, focus_soon};
use crate::ui::state::use_state;
use crate::ui::stores::network::AddMenu;
use crate::ui::text::t;
use chalkgrad_engine::model::catalogue;
use chalkgrad_engine::model::layers::LAYERS;
use chalkgrad_engine::model::quick_fixes::{Fix, fitting_inputs};
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec};

/// Makes a new layer for this place, with its required settings filled in, and its inputs if it merges several.
fn new_layer(spec: &ModelSpec, index: usize, type_name: &str) -> LayerSpec {
    let mut layer = LayerSpec::new(type_name);
    let Ok(layer_type) = catalogue::find(type_name) else { return layer };
    for setting in layer_type.schema().settings {
        let initial = setting.initial_value().filter(|initial| setting.default.value().as_ref() != Some(initial));
        if let Some(value) = initial {
            layer = layer.with(setting.name, value);
        }
    }
    let inputs = fitting_inputs(&inserted(spec, index, layer.clone()), index.min(spec.layers.len()));
    LayerSpec { inputs, ..layer }
}

/// Returns the model with one more layer. The inputs of the others follow their layers.
fn inserted(spec: &ModelSpec, index: usize, layer: LayerSpec) -> ModelSpec {
    Fix::Insert { index, layers: vec![layer] }.apply(spec)
}

/// Returns true if the model with the layer inserted there is valid at least up to that layer.
fn fits(spec: &ModelSpec, index: usize, layer: LayerSpec) -> bool {
    let (valid, _) = catalogue::resolve_prefix(&inserted(spec, index, layer));
    valid.len() > index.min(spec.layers.len())
}

/// Returns true if a layer inserted there conflicts with those after it.
fn breaks(spec: &ModelSpec, index: usize, layer: LayerSpec) -> bool {
    catalogue::resolve(spec).is_ok() && catalogue::resolve(&inserted(spec, index, layer)).is_err()
}

/// Menu of layers, while it is open.
#[component]
pub fn LayerMenu() -> impl IntoView {
    let state = use_state();
    move || state.network.add_menu().get().map(|menu| view! { <OpenMenu menu /> })
}

#[component]
fn OpenMenu(menu: AddMenu) -> impl IntoView {
    let state = use_state();
    let spec = state.network.history().with_untracked(|history| history.spec());
    let fitting: Vec<&'static str> = LAYERS
        .iter()
        .map(|layer_type| layer_type.type_name())
        .filter(|type_name| fits(&spec, menu.index, new_layer(&spec, menu.index, type_name)))
        .collect();
    let count = fitting.len() as isize;
    let opener = StoredValue::new_local(document().active_element());
    let on_keydown = move |event: web_sys::KeyboardEvent| {
        let places: isize = match event.key().as_str() {
            "Escape" | "Tab" => {
                event.prevent_default();
                event.stop_propagation();
                let opener = opener.get_value();
                state.network.close_menu();
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
        let next = match places {
            isize::MIN => 0,
            isize::MAX => count - 1,
            places => (current + places).rem_euclid(count.max(1)),
        };
        // At once: a key that is pressed quickly after this one is for the item that it moves to.
        if let Some(item) = document().get_element_by_id(&format!("menu-item-{next}")) {
            focus(&item);
        }
    };
    let item = |(at, type_name): (usize, &'static str)| {
        let layer = new_layer(&spec, menu.index, type_name);
        let breaks = breaks(&spec, menu.index, layer.clone());
        view! { <MenuItem at layer index=menu.index breaks /> }
    };
    let items = fitting.iter().copied().enumerate().map(item).collect_view();
    let nothing = fitting.is_empty().then(|| {
        view! {
            <p class="help" id="menu-item-0" tabindex="-1" role="menuitem" aria-disabled="true">
                {move || t("nothing_fits")}
            </p>
        }
    });
    let place = Place::new(menu.anchor);
    focus_soon("menu-item-0".to_owned());
    view! {
        <div class="menu-backdrop" on:click=move |_| state.network.close_menu()></div>
        <div
            class="menu"
            role="menu"
            aria-label=move || t("add_layer")
            style:left=place.left
            style:top=place.top
            style:bottom=place.bottom
            style:max-height=place.max_height
            on:keydown=on_keydown
        >
            {items}
            {nothing}
        </div>
    }
}

#[component]
fn MenuItem(
    at: usize,
    layer: LayerSpec,
    /// Index of the new layer.
    index: usize,
    /// Layers behind it would not fit any more.
    breaks: bool,
) -> impl IntoView {
    let state = use_state();
    let type_name = layer.type_name.clone();
    let help = format!("layer_{type_name}_help");
    let choose = move |_| {
        state.network.close_menu();
        state.insert_layer(index, layer.clone());
        if let Some(id) = state.network.selected().get_untracked() {
            focus_soon(format!("card-{id}"));
        }
    };
    view! {
        // The menu scrolls, so one item can be reached by Tab; the arrow keys move on from there.
        <button
            type="button"
            class="menu-item"
            role="menuitem"
            id=format!("menu-item-{at}")
            tabindex=if at == 0 { "0" } else { "-1" }
            on:click=choose
        >
            <span class="menu-name">{type_name}</span>
            {breaks.then(|| view! { <span class="menu-note">{move || t("breaks_later")}</span> })}
            <span class="menu-help">{move || t(&help)}</span>
        </button>
    }
}

/// Place of the menu in the window. On a phone the style sheet puts it at the bottom instead.
struct Place {
    left: String,
    top: String,
    bottom: String,
    max_height: String,
}

impl Place {
    /// Places the menu below the button at `anchor` (left, top, bottom), or above it if there is more room.
    fn new([left, top, bottom]: [f64; 3]) -> Self {
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
        let pixels = |length: f64| format!("{}px", length as i32);
        let auto = || "auto".to_owned();
        let (top, bottom) = if is_below {
            (pixels(bottom + MARGIN / 2.0), auto())
        } else {
            (auto(), pixels(window_height - top + MARGIN / 2.0))
        };
        Self { left: pixels(left), top, bottom, max_height: pixels(if is_below { room_below } else { room_above }) }
    }
}
