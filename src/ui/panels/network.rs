//! The network: its layers as cards, in order, with the shapes that flow between them.

use leptos::prelude::*;
use std::rc::Rc;

use wasm_bindgen::JsCast;

use crate::ui::browser::{event_text, focus_soon};
use crate::ui::checked::CheckedLayer;
use crate::ui::digit::SIDE;
use crate::ui::fields;
use crate::ui::format;
use crate::ui::history::{History, LayerId};
use crate::ui::presets::{PRESETS, preset};
use crate::ui::state::{AddMenu, State};
use crate::ui::text::{error_detail, error_title, report_text, t, t_once, t_with};
use crate::ui::widgets::digit_image::digit_image;
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::fix_buttons::fix_buttons;
use crate::ui::widgets::icon::icon;
use crate::ui::widgets::layer_detail::layer_detail;
use crate::ui::widgets::move_handle::{draggable, handle};
use crate::ui::widgets::shape_chip::shape_chip;
use crate::ui::widgets::thumbnail::thumbnail;
use crate::ui::widgets::{icon_button, panel_header, place};
use chalkgrad_engine::model::catalogue;

pub fn network_panel(state: State) -> Element {
    let layers = move || state.history.with(|history| history.draft().layers.iter().map(|(id, _)| *id).collect());
    let is_faulty = move || state.checked.with(|checked| checked.error.is_some());
    let total = move || {
        if is_faulty() {
            return t("last_valid_kept");
        }
        let batch = state.training.with(|training| training.batch_size);
        state.checked.with(|checked| {
            let flops: u64 = checked.layers.iter().map(|layer| layer.flops).sum();
            let memory: u64 = checked.layers.iter().map(|layer| layer.memory_bytes(batch)).sum();
            t_with(
                "cost_total",
                &[
                    ("params", &format::count(checked.params())),
                    ("flops", &format::magnitude(flops as f64)),
                    ("memory", &format::magnitude(memory as f64)),
                ],
            )
        })
    };
    let undo = icon_button("undo", "undo", "Ctrl+Z", move || state.undo())
        .flag("disabled", move || !state.history.with(History::can_undo));
    let redo = icon_button("redo", "redo", "Ctrl+Y", move || state.redo())
        .flag("disabled", move || !state.history.with(History::can_redo));
    let end = gap(state, Rc::new(move || state.history.with(|history| history.draft().layers.len())));
    let cards = el("ol")
        .class("cards")
        .on("keydown", move |event| on_key(state, event.unchecked_ref()))
        .child(el("li").class("slot").child(input_card(state)))
        .keyed(layers, move |id| slot(state, id))
        .child(el("li").class("slot slot-end").child(end));
    el("section")
        .class("panel network")
        .id("network")
        .attr("tabindex", "-1")
        .attr("aria-labelledby", "network-title")
        .child(
            panel_header("network-title", "network")
                .child(el("span").class("panel-note").title("cost_help").toggle("fault", is_faulty).text_fn(total))
                .child(el("div").class("panel-actions").child(preset_list(state)).child(undo).child(redo)),
        )
        .child(model_fault(state))
        .child(cards)
}

/// Makes the list of known networks to start from; choosing one is an edit.
fn preset_list(state: State) -> Element {
    let choose = move |event: web_sys::Event| {
        let name = event_text(&event);
        if !name.is_empty() {
            state.edit(|history| history.replace(&preset(&name)));
            state.selected.set(None);
        }
        if let Some(list) = event.target() {
            // The list is a menu: it shows no choice.
            let _ = js_sys::Reflect::set(&list, &"value".into(), &"".into());
        }
    };
    el("select")
        .class("input presets")
        .label("presets")
        .child(el("option").attr("value", "").tr("preset_choose"))
        .children(PRESETS.map(|name| el("option").attr("value", name).tr(name)))
        .on("change", choose)
}

/// Shows a fault that belongs to no single card.
fn model_fault(state: State) -> Element {
    let text = move || {
        state
            .checked
            .with(|checked| checked.error.as_ref().filter(|error| error.layer_index.is_none()).map(error_detail))
            .or_else(|| state.refusal.with(|refusal| refusal.as_ref().map(report_text)))
            .unwrap_or_default()
    };
    place().switch(text, move |text| {
        let error = state.checked.with_untracked(|checked| checked.error.clone());
        let alert = || {
            let fixes = error.map(|error| fix_buttons(state, &error));
            el("p").class("fault-box").attr("role", "alert").child(icon("warning")).text(" ").text(text).children(fixes)
        };
        (!text.is_empty()).then(alert)
    })
}

/// Handles the keys of a focused card: arrows select, Alt+arrows move, Delete deletes.
fn on_key(state: State, event: &web_sys::KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(card) = target.filter(|element| element.class_list().contains("card")) else { return };
    if event.ctrl_key() || event.meta_key() {
        return;
    }
    // Keys act on the focused layer, whichever was selected before.
    let select_focused = || {
        let name = card.id();
        let focused = state.history.with_untracked(History::ids).into_iter().find(|id| format!("card-{id}") == name);
        state.selected.set(focused);
    };
    let places = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => 1,
        "ArrowLeft" | "ArrowUp" => -1,
        "Delete" | "Backspace" => {
            event.prevent_default();
            select_focused();
            state.delete_selected();
            focus_selected(state);
            return;
        }
        "Escape" => return state.selected.set(None),
        _ => return,
    };
    event.prevent_default();
    if event.alt_key() {
        select_focused();
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

/// Makes a gap and the card after it.
fn slot(state: State, id: LayerId) -> Element {
    let index: Index = Rc::new(move || state.history.with(|history| history.draft().position(id)).unwrap_or_default());
    let is_open = move || state.is_narrow.get() && state.selected.get() == Some(id);
    el("li").class("slot").child(gap(state, index.clone())).child(
        card(state, id, index)
            .child(place().when(is_open, move || el("div").class("card-detail").child(layer_detail(state, id)))),
    )
}

/// Position of a layer, which may change.
type Index = Rc<dyn Fn() -> usize>;

/// Makes the gap between two cards: the shape that flows there, and the button that adds a layer.
fn gap(state: State, index: Index) -> Element {
    let (chip, here) = (index.clone(), index.clone());
    let (place_here, opened, open_at) = (index.clone(), index.clone(), index);
    let open = move |event: web_sys::Event| {
        let Some(target) = event.current_target() else { return };
        let bounds = target.unchecked_ref::<web_sys::Element>().get_bounding_client_rect();
        let anchor = [bounds.left(), bounds.top(), bounds.bottom()];
        state.add_menu.set(Some(AddMenu { index: open_at(), anchor }));
    };
    let add = el("button")
        .attr("type", "button")
        .class("add")
        .label("add_layer")
        .attr("aria-haspopup", "menu")
        .bool_attr("aria-expanded", move || state.add_menu.with(|menu| menu.is_some_and(|menu| menu.index == opened())))
        .attr_fn("title", move || t_with("add_layer_here", &[("place", &(place_here() + 1).to_string())]))
        .on("click", open)
        .child(icon("plus"));
    el("div")
        .class("gap")
        .toggle("drop", move || state.drop_gap.get() == Some(here()))
        .child(shape_chip(state, chip))
        .child(add)
}

fn input_card(state: State) -> Element {
    let shape = move || state.history.with(|history| format::shape(&history.draft().input_shape));
    el("div")
        .class("card card-input")
        .child(el("span").class("card-type").tr("input"))
        .child(el("span").class("card-name").text("MNIST"))
        .child(el("span").class("card-settings").tr("input_values"))
        .child(el("span").class("thumbnail-place").child(digit_image(state, move || state.looked_at(), SIDE)))
        .child(el("span").class("card-facts").child(el("span").class("card-shape").text_fn(shape)))
}

fn card(state: State, id: LayerId, index: Index) -> Element {
    let type_name = state
        .history
        .with_untracked(|history| history.draft().layer(id).map(|layer| layer.type_name.clone()))
        .unwrap_or_default();
    let settings = catalogue::find(&type_name).map(|layer_type| layer_type.schema().settings).unwrap_or_default();
    let place_of_fault = index.clone();
    let fault = move || {
        let index = place_of_fault();
        state
            .checked
            .with(|checked| checked.error_at(index).map(|error| (error_title(error.code), error_detail(error))))
    };
    let place_of_facts = index.clone();
    let place_of_cost = index.clone();
    let fact = Rc::new(move |read: fn(&CheckedLayer) -> String| {
        let index = place_of_facts();
        state.checked.with(|checked| checked.layers.get(index).map(read))
    });
    let fact = |read: fn(&CheckedLayer) -> String| {
        let fact = fact.clone();
        move || fact(read).unwrap_or_default()
    };
    let is_known = fact(|_| "known".to_owned());
    let is_selected = move || state.selected.get() == Some(id);
    let tab_stop = move || {
        let is_stop = is_selected() || (index() == 0 && state.selected.get().is_none());
        if is_stop { "0" } else { "-1" }.to_owned()
    };
    let summary = move || {
        state.history.with(|history| {
            history.draft().layer(id).map(|layer| fields::summary(settings, layer).join(" · ")).unwrap_or_default()
        })
    };
    let cost = move || {
        let batch = state.training.with(|training| training.batch_size);
        let index = place_of_cost();
        state.checked.with(|checked| {
            let Some(layer) = checked.layers.get(index) else { return String::new() };
            let memory = format::magnitude(layer.memory_bytes(batch) as f64);
            t_with("cost_short", &[("flops", &format::magnitude(layer.flops as f64)), ("memory", &memory)])
        })
    };
    let name = fact(|layer| layer.name.clone());
    let params = |layer: &CheckedLayer| match layer.params {
        0 => String::new(),
        params => t_with("params_short", &[("count", &format::count(params))]),
    };
    // A tap on the open card closes its form on a phone; a mouse click on a desktop only selects.
    let select = move || {
        let closes = state.is_narrow.get_untracked() && state.selected.get_untracked() == Some(id);
        state.selected.set((!closes).then_some(id));
    };
    let mut title = el("span").class("card-type");
    for part in format::words(&type_name) {
        title = title.text(part).child(el("wbr"));
    }
    let fault_id = format!("card-{id}-fault");
    let described = fault_id.clone();
    let (is_faulty, is_described, shown) = (fault.clone(), fault.clone(), fault);
    let card = button(&format!("card family-{}", type_name.to_ascii_lowercase()), select)
        .toggle("selected", is_selected)
        .toggle("faulty", move || is_faulty().is_some())
        .toggle("unknown", move || is_known().is_empty())
        .id(&format!("card-{id}"))
        .attr_fn("tabindex", tab_stop)
        .bool_attr("aria-pressed", is_selected)
        .attr_option("aria-describedby", move || is_described().map(|_| described.clone()))
        .child(title)
        .child(el("span").class("card-name").text_fn(fact(|layer| layer.name.clone())))
        .child(el("span").class("card-settings").text_fn(summary))
        .child(place().switch(name, move |name| (!name.is_empty()).then(|| thumbnail(state, name))))
        .child(
            el("span")
                .class("card-facts")
                .child(el("span").class("card-shape").text_fn(fact(|layer| format::shape(&layer.output_shape))))
                .child(el("span").class("card-params").text_fn(fact(params)))
                .child(el("span").class("card-cost").text_fn(cost)),
        );
    // Beside the button, not in it: screen readers do not announce changes inside a button.
    let problem = move |text: &str| {
        let (title, detail) = text.split_once('\n')?;
        let error = state.checked.with_untracked(|checked| checked.error.clone());
        Some(
            el("p")
                .class("card-fault")
                .id(&fault_id)
                .attr("role", "alert")
                .child(el("span").class("card-fault-title").child(icon("warning")).text(" ").text(title))
                .child(el("span").class("card-fault-detail").text(detail))
                .children(error.map(|error| fix_buttons(state, &error))),
        )
    };
    let problem_text = move || shown().map(|(title, detail)| format!("{title}\n{detail}")).unwrap_or_default();
    let element =
        el("div").class("card-place").child(card).child(handle()).child(place().switch(problem_text, problem));
    draggable(state, id, element, announce_place)
}
