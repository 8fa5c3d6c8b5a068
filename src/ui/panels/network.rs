//! The network: its layers as cards, in order, with the shapes that flow between them.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::model::catalogue;
use crate::ui::fields;
use crate::ui::format;
use crate::ui::history::LayerId;
use crate::ui::state::{AddMenu, State};
use crate::ui::text::{error_detail, error_title, report_text, t, t_once, t_with, tr};
use crate::ui::widgets::icon::icon;
use crate::ui::widgets::layer_form::LayerForm;
use crate::ui::widgets::{IconButton, focus_soon};

#[component]
pub fn NetworkPanel() -> impl IntoView {
    let state = expect_context::<State>();
    let layers =
        move || state.history.with(|history| history.draft().layers.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    let count = Memo::new(move |_| state.history.with(|history| history.draft().layers.len()));
    let total = Signal::derive(move || {
        let is_valid = state.checked.with(|checked| checked.error.is_none());
        let params = state.checked.with(|checked| checked.params());
        if is_valid { t_with("params", &[("count", &format::count(params))]) } else { t("last_valid_kept") }
    });
    let cannot_undo = Signal::derive(move || !state.history.with(|history| history.can_undo()));
    let cannot_redo = Signal::derive(move || !state.history.with(|history| history.can_redo()));
    let end = Signal::derive(move || count.get());
    view! {
        <section class="panel network" id="network" tabindex="-1" aria-labelledby="network-title">
            <header class="panel-header">
                <h2 id="network-title">{tr("network")}</h2>
                <span class="panel-note" class:fault=move || state.checked.with(|checked| checked.error.is_some())>
                    {total}
                </span>
                <div class="panel-actions">
                    <IconButton text_key="undo" icon="undo" shortcut="Ctrl+Z" disabled=cannot_undo on_click=move || state.undo()/>
                    <IconButton text_key="redo" icon="redo" shortcut="Ctrl+Y" disabled=cannot_redo on_click=move || state.redo()/>
                </div>
            </header>
            <ModelFault/>
            <ol class="cards" on:keydown=move |event| on_key(state, &event)>
                <li class="slot"><InputCard/></li>
                <For each=layers key=|id| *id children=move |id| view! { <Slot id=id/> }/>
                <li class="slot slot-end"><Gap index=end/></li>
            </ol>
        </section>
    }
    .into_any()
}

/// A fault that no single card can show.
#[component]
fn ModelFault() -> impl IntoView {
    let state = expect_context::<State>();
    let text = move || {
        state
            .checked
            .with(|checked| checked.error.as_ref().filter(|error| error.layer_index.is_none()).map(error_detail))
            .or_else(|| state.refusal.with(|refusal| refusal.as_ref().map(report_text)))
    };
    view! { {move || text().map(|text| view! { <p class="fault-box" role="alert">{icon("warning")} {text}</p> })} }
        .into_any()
}

/// Arrows select, Alt+arrows move, Delete deletes; only while a card itself has the focus.
fn on_key(state: State, event: &ev::KeyboardEvent) {
    let is_card = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| element.class_list().contains("card"));
    if !is_card || event.ctrl_key() || event.meta_key() {
        return;
    }
    let places = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => 1,
        "ArrowLeft" | "ArrowUp" => -1,
        "Delete" | "Backspace" => {
            event.prevent_default();
            state.delete_selected();
            focus_selected(state);
            return;
        }
        "Escape" => return state.selected.set(None),
        _ => return,
    };
    event.prevent_default();
    if event.alt_key() {
        if state.move_selected(places) {
            announce_place(state);
        }
    } else {
        select_next(state, places);
    }
    focus_selected(state);
}

fn focus_selected(state: State) {
    if let Some(id) = state.selected.get_untracked() {
        focus_soon(format!("card-{id}"));
    }
}

fn select_next(state: State, places: isize) {
    let next = state.history.with_untracked(|history| {
        let layers = &history.draft().layers;
        let current = state.selected.get_untracked().and_then(|id| history.draft().position(id));
        let index = match current {
            Some(index) => index.saturating_add_signed(places).min(layers.len().saturating_sub(1)),
            None => 0,
        };
        layers.get(index).map(|(id, _)| *id)
    });
    state.selected.set(next);
}

fn announce_place(state: State) {
    let text = state.history.with_untracked(|history| {
        let layers = &history.draft().layers;
        let index = state.selected.get_untracked().and_then(|id| history.draft().position(id))?;
        let (place, count) = ((index + 1).to_string(), layers.len().to_string());
        let type_name = layers[index].1.type_name.as_str();
        Some(t_once("announce_moved", &[("layer", type_name), ("place", &place), ("count", &count)]))
    });
    state.announcement.set(text.unwrap_or_default());
}

/// A gap and the card behind it.
#[component]
fn Slot(id: LayerId) -> impl IntoView {
    let state = expect_context::<State>();
    let position = Memo::new(move |_| state.history.with(|history| history.draft().position(id)));
    let index = Signal::derive(move || position.get().unwrap_or_default());
    let is_open = Memo::new(move |_| state.is_narrow.get() && state.selected.get() == Some(id));
    view! {
        <li class="slot">
            <Gap index=index/>
            <div class="card-place">
                <Card id=id index=index/>
                {move || is_open.get().then(|| view! { <LayerForm id=id/> })}
            </div>
        </li>
    }
    .into_any()
}

/// Between two cards: the shape that flows, and the button that puts a layer there.
#[component]
fn Gap(index: Signal<usize>) -> impl IntoView {
    let state = expect_context::<State>();
    let shape = Memo::new(move |_| match index.get().checked_sub(1) {
        None => Some(state.history.with(|history| history.draft().input_shape.clone())),
        Some(before) => {
            state.checked.with(|checked| checked.layers.get(before).map(|layer| layer.output_shape.clone()))
        }
    });
    // Rows and columns above, channels below, so that the chip stays narrow.
    let chip = move || match shape.get() {
        None => view! { <span class="chip chip-unknown">"?"</span> }.into_any(),
        Some(shape) => {
            let (area, channels) = match &shape[..] {
                [rows @ .., channels] if !rows.is_empty() => (format::shape(rows), format!("×{channels}")),
                shape => (format::shape(shape), String::new()),
            };
            view! { <span class="chip">{area}<wbr/><span>{channels}</span></span> }.into_any()
        }
    };
    let title = Signal::derive(move || t_with("add_layer_here", &[("place", &(index.get() + 1).to_string())]));
    let open = move |event: ev::MouseEvent| {
        let Some(button) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
            return;
        };
        let bounds = button.get_bounding_client_rect();
        let anchor = [bounds.left(), bounds.top(), bounds.bottom()];
        state.add_menu.set(Some(AddMenu { index: index.get_untracked(), anchor }));
    };
    let is_open = move || state.add_menu.with(|menu| menu.is_some_and(|menu| menu.index == index.get()));
    view! {
        <div class="gap">
            {chip}
            <button
                type="button"
                class="add"
                aria-label=tr("add_layer")
                aria-haspopup="menu"
                aria-expanded=Signal::derive(move || is_open().to_string())
                title=title
                on:click=open
            >
                {icon("plus")}
            </button>
        </div>
    }
    .into_any()
}

#[component]
fn InputCard() -> impl IntoView {
    let state = expect_context::<State>();
    let shape = Signal::derive(move || state.history.with(|history| format::shape(&history.draft().input_shape)));
    view! {
        <div class="card card-input">
            <span class="card-type">{tr("input")}</span>
            <span class="card-name">"MNIST"</span>
            <span class="card-settings">{tr("input_values")}</span>
            <span class="card-facts"><span class="card-shape">{shape}</span></span>
        </div>
    }
    .into_any()
}

#[component]
fn Card(id: LayerId, index: Signal<usize>) -> impl IntoView {
    let state = expect_context::<State>();
    let layer = Memo::new(move |_| state.history.with(|history| history.draft().layer(id).cloned()));
    let type_name =
        layer.with_untracked(|layer| layer.as_ref().map(|layer| layer.type_name.clone())).unwrap_or_default();
    let checked = Memo::new(move |_| state.checked.with(|checked| checked.layers.get(index.get()).cloned()));
    let fault = Memo::new(move |_| state.checked.with(|checked| checked.error_at(index.get()).cloned()));
    let is_selected = Memo::new(move |_| state.selected.get() == Some(id));
    let tab_stop = move || {
        let is_stop = is_selected.get() || (index.get() == 0 && state.selected.get().is_none());
        if is_stop { "0" } else { "-1" }
    };
    let settings = catalogue::find(&type_name).map(|layer_type| layer_type.settings()).unwrap_or_default();
    let summary = Signal::derive(move || {
        layer.with(|layer| layer.as_ref().map(|layer| fields::summary(settings, layer).join(" · ")))
    });
    let name = Signal::derive(move || checked.with(|checked| checked.as_ref().map(|layer| layer.name.clone())));
    let shape = Signal::derive(move || {
        checked.with(|checked| checked.as_ref().map(|layer| format::shape(&layer.output_shape)))
    });
    let params = Signal::derive(move || {
        let params = checked.with(|checked| checked.as_ref().map_or(0, |layer| layer.params));
        if params == 0 { String::new() } else { t_with("params_short", &[("count", &format::count(params))]) }
    });
    // A finger on a phone closes the form by tapping the card again; a mouse on a desktop just selects.
    let select = move |_| {
        let closes = state.is_narrow.get_untracked() && is_selected.get_untracked();
        state.selected.set((!closes).then_some(id));
    };
    let title_parts =
        format::words(&type_name).into_iter().map(|part| view! { {part.to_owned()} <wbr/> }).collect_view();
    let family = format!("card family-{}", type_name.to_ascii_lowercase());
    let fault_id = format!("card-{id}-fault");
    let described = fault_id.clone();
    // Beside the button, not in it: what is inside a button is not announced.
    let problem = move || {
        fault.get().map(|error| {
            let title = error_title(error.code);
            let detail = error_detail(&error);
            view! {
                <p class="card-fault" id=fault_id.clone() role="alert">
                    <span class="card-fault-title">{icon("warning")} {title}</span>
                    <span class="card-fault-detail">{detail}</span>
                </p>
            }
        })
    };
    view! {
        <button
            type="button"
            class=family
            class:selected=is_selected
            class:faulty=Signal::derive(move || fault.with(Option::is_some))
            class:unknown=Signal::derive(move || checked.with(Option::is_none))
            id=format!("card-{id}")
            tabindex=tab_stop
            aria-pressed=Signal::derive(move || is_selected.get().to_string())
            aria-describedby=Signal::derive(move || fault.with(Option::is_some).then(|| described.clone()))
            on:click=select
        >
            <span class="card-type">{title_parts}</span>
            <span class="card-name">{name}</span>
            <span class="card-settings">{summary}</span>
            <span class="card-facts">
                <span class="card-shape">{shape}</span>
                <span class="card-params">{params}</span>
            </span>
        </button>
        {problem}
    }
    .into_any()
}
