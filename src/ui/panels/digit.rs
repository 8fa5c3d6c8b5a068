//! The input: a pad to draw on, sample digits, pictures from files, and the network's prediction.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::untrack;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::ui::browser::get;
use crate::ui::digit::SIDE;
use crate::ui::first_run;
use crate::ui::format;
use crate::ui::input::{Sample, Source};
use crate::ui::photo::Stage;
use crate::ui::picture;
use crate::ui::state::{CLASSES, State};
use crate::ui::text::{t, t_with};
use crate::ui::watch::Subscriptions;
use crate::ui::widgets::digit_image::{digit_image, stage_image};
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::icon::icon;
use crate::ui::widgets::pad::pad;
use crate::ui::widgets::{icon_button, panel_header, place};
use chalkgrad_engine::ops::classification::predicted_class;
use chalkgrad_engine::protocol::MODEL_OUTPUT;
use leptos::prelude::*;

pub fn digit_panel(state: State) -> Element {
    let clear = button("button quiet", move || state.input.clear())
        .flag("disabled", move || state.input.image.with(Vec::is_empty))
        .tr("clear");
    let actions = el("div").class("panel-actions").child(open_picture(state)).child(clear);
    let preview = el("figure")
        .class("preview")
        .child(digit_image(state, move || state.input.image.get(), SIDE))
        .child(el("figcaption").child(el("span").tr("preview")).child(el("span").class("truth").text_fn(truth(state))));
    el("section")
        .class("panel digit")
        .attr("aria-labelledby", "digit-title")
        .child(panel_header("digit-title", "digit").child(actions))
        .child(el("div").class("digit-input").child(pad(state)).child(preview))
        .child(stages(state))
        .child(samples(state))
        .children(bars(state))
        .child(first_run::label(state))
        .effect(move || state.load_test_set())
        .keep(show_probabilities(state))
        .effect(move || {
            if state.input.image.with(Vec::is_empty) {
                state.input.probabilities.set(None);
            }
        })
        .effect(move || {
            if state.pretrained.get().is_some() {
                state.input.show_example();
            }
        })
}

/// Describes the image's true class, if known.
fn truth(state: State) -> impl Fn() -> String + 'static {
    move || match state.input.source.get() {
        Source::Test { label, .. } => t_with("true_label", &[("label", &label.to_string())]),
        _ => String::new(),
    }
}

/// Shows the network's output for the image as probabilities, for as long as the result is kept.
fn show_probabilities(state: State) -> Rc<Subscriptions> {
    let watching = state.watch(vec![MODEL_OUTPUT.to_owned()], move |tensors| {
        // Without an image of the network's size another one is looked at.
        let is_there = state.input.image.with_untracked(|image| !image.is_empty() && image.len() == state.input_size());
        let output = tensors.first().map(|output| output.values.clone());
        state.input.probabilities.set(output.filter(|output| is_there && !output.is_empty()));
    });
    watching.set_seen(true);
    watching
}

/// Makes a button for choosing a picture: a file field with a label that looks like a button.
fn open_picture(state: State) -> Element {
    let open = move |event: web_sys::Event| {
        let Some(field) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        if let Some(file) = field.files().and_then(|files| files.get(0)) {
            picture::open(state, file);
        }
        // Clearing the field lets the same file be chosen again.
        field.set_value("");
    };
    let field = el("input")
        .class("visually-hidden")
        .attr("type", "file")
        .attr("accept", "image/*")
        .label("open_picture_help")
        .on("change", open);
    el("label").class("icon-button file-button").title("open_picture_help").child(field).child(icon("picture"))
}

/// Shows the steps by which the image was prepared.
fn stages(state: State) -> Element {
    let is_open = Rc::new(RwSignal::new(false));
    let opened = is_open.clone();
    let note = move || match state.input.source.get() {
        Source::Test { .. } => t("stages_of_sample"),
        _ if state.input.image.with(Vec::is_empty) => t("stages_of_nothing"),
        _ => String::new(),
    };
    let version = Cell::new(0u32);
    let key = move || {
        if !is_open.get() {
            return String::new();
        }
        state.input.image.track();
        state.input.source.track();
        version.set(version.get() + 1);
        version.get().to_string()
    };
    let content = move |key: &str| (!key.is_empty()).then(|| all_stages(state));
    el("details")
        .class("preparation")
        .on("toggle", move |event| {
            opened.set(event.current_target().is_some_and(|details| get(&details, "open").is_truthy()));
        })
        .child(el("summary").tr("preparation"))
        .child(place().switch(key, content))
        .child(el("p").class("help").text_fn(note))
}

fn all_stages(state: State) -> Element {
    let stages = untrack(|| state.input.stages());
    if stages.is_empty() {
        return place();
    }
    let step = |stage: Stage| {
        let (key, size) = (stage.key, format!("{}×{}", stage.width, stage.height));
        el("li")
            .child(stage_image(state, stage))
            .child(el("span").text_fn(move || format!("{} ", t(key))).child(el("small").text(&size)))
    };
    el("ol").class("stages").children(stages.into_iter().map(step))
}

/// Shows a sample image of each class, and a link to the others of its class.
fn samples(state: State) -> Element {
    let buttons = (0..CLASSES as u8).map(|class| {
        let of_class = move || {
            let find = |samples: &Vec<_>| samples.iter().find(|sample: &&Sample| sample.label == class).cloned();
            state.input.samples.with(find)
        };
        let is_shown = move || matches!(state.input.source.get(), Source::Test { label, .. } if label == class);
        let choose = move || {
            // A second click on the same class shows another image.
            match untrack(of_class) {
                Some(_) if untrack(is_shown) => state.show_neighbour(true),
                Some(sample) => state.show_sample(sample),
                None => {}
            }
        };
        button("sample", choose)
            .attr_fn("aria-label", move || t_with("sample", &[("label", &class.to_string())]))
            .bool_attr("aria-pressed", is_shown)
            .flag("disabled", move || of_class().is_none())
            .child(digit_image(state, move || of_class().map(|sample| sample.pixels).unwrap_or_default(), SIDE))
    });
    let is_sample = move || matches!(state.input.source.get(), Source::Test { .. });
    let way = |key: &'static str, icon: &'static str, is_next: bool| {
        icon_button(key, icon, "", move || state.show_neighbour(is_next)).flag("disabled", move || !is_sample())
    };
    let position = move || {
        let Source::Test { index, label } = state.input.source.get() else { return t("samples_hint") };
        state.input.test_labels.with(|labels| {
            let count = labels.iter().filter(|other| **other == label).count();
            let place = labels.iter().take(index as usize + 1).filter(|other| **other == label).count();
            let (place, count) = (format::count(place), format::count(count));
            t_with("sample_position", &[("label", &label.to_string()), ("place", &place), ("count", &count)])
        })
    };
    el("div")
        .class("samples-box")
        .attr("role", "group")
        .label("samples")
        .child(el("div").class("samples").children(buttons))
        .child(
            el("div")
                .class("samples-way")
                .child(way("previous_sample", "left", false))
                .child(el("span").attr("role", "status").text_fn(position))
                .child(way("next_sample", "right", true)),
        )
}

/// Shows the probability of every class. The bars are always there, so that nothing moves when an answer comes.
fn bars(state: State) -> [Element; 2] {
    let best = move || state.input.probabilities.with(|all| all.as_deref().and_then(predicted_class));
    let rows = (0..CLASSES).map(|class| {
        let share = move || state.input.probabilities.with(|all| all.as_ref().and_then(|all| all.get(class).copied()));
        let fill = el("span")
            .class("bar-fill")
            .attr_fn("style", move || format::scale_x(f64::from(share().unwrap_or_default())));
        el("tr")
            .toggle("best", move || best() == Some(class))
            .toggle(
                "true-class",
                move || matches!(state.input.source.get(), Source::Test { label, .. } if usize::from(label) == class),
            )
            .child(el("th").attr("scope", "row").text(&class.to_string()))
            .child(el("td").class("bar-cell").child(el("span").class("bar-track").child(fill)))
            .child(
                el("td")
                    .class("bar-value")
                    .text_fn(move || share().map(|share| format::percent(share, 1)).unwrap_or_default()),
            )
    });
    let table = el("table")
        .class("bars")
        .child(el("caption").class("visually-hidden").tr("probabilities"))
        .child(el("tbody").children(rows));
    let verdict = move || match best() {
        None if state.input.probabilities.with(Option::is_some) => t("no_answer"),
        None => t("draw_to_see"),
        Some(class) => t_with("looks_like", &[("label", &class.to_string())]),
    };
    [el("p").class("verdict").text_fn(verdict), table]
}
