//! The shape that flows from one card to the next, and its derivation.

use leptos::prelude::*;

use super::store::{NetworkStore, TipSubject};
use super::tip::TIP;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

/// Shape before the layer at an index. Pointing at it or focusing it shows the rule with its numbers.
#[component]
pub fn ShapeChip(#[prop(into)] index: Signal<usize>) -> impl IntoView {
    let (state, store) = (use_state(), NetworkStore::get());
    let shape = Memo::new(move |_| match index.get().checked_sub(1) {
        None => Some(state.network.history().with(|history| history.draft().input_shape.clone())),
        Some(at) => {
            state.network.checked().with(|checked| checked.layers.get(at).map(|layer| layer.output_shape.clone()))
        }
    });
    let show = move |event: &web_sys::Event| {
        if let Some(chip) = event.current_target() {
            use wasm_bindgen::JsCast;
            store.show_tip(TipSubject::Shape(index.get_untracked()), chip.unchecked_into(), 0);
        }
    };
    let chip = move || match shape.get() {
        None => view! { <span class="chip chip-unknown">"?"</span> }.into_any(),
        Some(shape) => view! {
            <button
                type="button"
                class="chip"
                aria-describedby=TIP
                on:pointerenter=move |event| show(&event)
                on:focus=move |event| show(&event)
                on:pointerleave=move |_| store.leave_tip()
                on:blur=move |_| store.hide_tip()
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        store.hide_tip();
                    }
                }
            >
                {format::shape(&shape)}
            </button>
        }
        .into_any(),
    };
    view! { <span class="chip-place">{chip}</span> }
}

/// Writes one line per axis: `rows: (28 - 3) / 1 + 1 = 26`, after the name of the layer.
pub fn rule(state: State, index: usize) -> Vec<String> {
    let Some(at) = index.checked_sub(1) else { return vec![t("input_values")] };
    state.network.checked().with(|checked| {
        let Some(layer) = checked.layers.get(at) else { return Vec::new() };
        let axes: &[&str] = match layer.rule.len() {
            3 => &["axis_rows", "axis_columns", "axis_channels"],
            2 => &["axis_positions", "axis_channels"],
            _ => &["axis_units"],
        };
        let line = |(axis, rule): (&&str, &String)| t_with("shape_rule", &[("axis", &t(axis)), ("rule", rule)]);
        [layer.name.clone()].into_iter().chain(axes.iter().zip(&layer.rule).map(line)).collect()
    })
}
