//! The menu of layers that "Add layer" opens.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::focus_soon;
use crate::model::catalogue::{self, SettingDefault, SettingKind};
use crate::model::layers::CATALOGUE;
use crate::model::spec::{LayerSpec, ModelSpec, SettingValue};
use crate::ui::state::{AddMenu, State};
use crate::ui::text::{t, tr};

/// A new layer with what the user would have to say filled in.
fn new_layer(type_name: &str) -> LayerSpec {
    let mut layer = LayerSpec::new(type_name);
    let Ok(layer_type) = catalogue::find(type_name) else { return layer };
    for setting in layer_type.settings() {
        let usual: Option<SettingValue> = match (setting.name, &setting.default, &setting.kind) {
            // A network of layers without any activation could be one layer; so new ones have one.
            ("activation", ..) => Some("relu".into()),
            ("rate", ..) => Some(0.25.into()),
            (_, SettingDefault::Required, SettingKind::Pair { .. }) => Some(vec![3.0, 3.0].into()),
            (_, SettingDefault::Required, SettingKind::Integer { .. }) => Some(32.0.into()),
            _ => None,
        };
        if let Some(value) = usual {
            layer = layer.with(setting.name, value);
        }
    }
    layer
}

/// Whether the model with the layer put there is in order at least up to that layer.
fn fits(mut spec: ModelSpec, index: usize, layer: LayerSpec) -> bool {
    let index = index.min(spec.layers.len());
    spec.layers.truncate(index);
    spec.layers.push(layer);
    catalogue::resolve(&spec).is_ok()
}

#[component]
pub fn LayerMenu() -> impl IntoView {
    let state = expect_context::<State>();
    view! { {move || state.add_menu.get().map(|menu| view! { <OpenMenu menu=menu/> })} }.into_any()
}

#[component]
fn OpenMenu(menu: AddMenu) -> impl IntoView {
    let state = expect_context::<State>();
    let opener = document().active_element();
    let close = move || state.add_menu.set(None);
    let give_focus_back = {
        let opener = StoredValue::new_local(opener);
        move || {
            let opener = opener.get_value().and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
            if let Some(opener) = opener {
                // It may be gone; then the focus goes where the browser puts it.
                let _ = opener.focus();
            }
        }
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        let places: isize = match event.key().as_str() {
            "Escape" | "Tab" => {
                event.prevent_default();
                event.stop_propagation();
                close();
                return give_focus_back();
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
        let count = CATALOGUE.len() as isize;
        let next = match places {
            isize::MIN => 0,
            isize::MAX => count - 1,
            places => (current + places).rem_euclid(count),
        };
        focus_soon(format!("menu-item-{next}"));
    };
    let spec = state.history.with_untracked(|history| history.spec());
    let items = CATALOGUE
        .iter()
        .enumerate()
        .map(|(at, layer_type)| {
            let type_name = layer_type.type_name();
            let fits = fits(spec.clone(), menu.index, new_layer(type_name));
            let choose = move |_| {
                close();
                state.insert_layer(menu.index, new_layer(type_name));
                if let Some(id) = state.selected.get_untracked() {
                    focus_soon(format!("card-{id}"));
                }
            };
            view! {
                <button
                    type="button"
                    role="menuitem"
                    class="menu-item"
                    class:unfit=!fits
                    id=format!("menu-item-{at}")
                    tabindex="-1"
                    on:click=choose
                >
                    <span class="menu-name">{type_name}</span>
                    {(!fits).then(|| view! { <span class="menu-unfit">{tr("does_not_fit")}</span> })}
                    <span class="menu-help">{move || t(&format!("layer_{type_name}_help"))}</span>
                </button>
            }
        })
        .collect_view();
    let [left, top, bottom] = menu.anchor;
    let place = place(left, top, bottom);
    focus_soon("menu-item-0".to_owned());
    view! {
        <div class="menu-backdrop" on:click=move |_| close()></div>
        <div class="menu" role="menu" aria-label=tr("add_layer") style=place on:keydown=on_keydown>
            {items}
        </div>
    }
    .into_any()
}

/// Below the button, or above it where there is more room. On a phone the style sheet puts it at the bottom instead.
fn place(left: f64, top: f64, bottom: f64) -> String {
    const WIDTH: f64 = 320.0;
    const MARGIN: f64 = 8.0;
    let size = |value: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
        value.ok().and_then(|value| value.as_f64()).unwrap_or(800.0)
    };
    let (window_width, window_height) = (size(window().inner_width()), size(window().inner_height()));
    let left = left.min(window_width - WIDTH - MARGIN).max(MARGIN);
    let room_below = window_height - bottom - 2.0 * MARGIN;
    let room_above = top - 2.0 * MARGIN;
    if room_below >= 320.0 || room_below >= room_above {
        format!("left:{left:.0}px;top:{:.0}px;max-height:{room_below:.0}px", bottom + MARGIN / 2.0)
    } else {
        format!("left:{left:.0}px;bottom:{:.0}px;max-height:{room_above:.0}px", window_height - top + MARGIN / 2.0)
    }
}
