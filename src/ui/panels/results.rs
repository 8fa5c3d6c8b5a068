//! Accuracy on unseen images: a confusion matrix whose cells open their images.

use std::rc::Rc;

use leptos::prelude::document;
use wasm_bindgen::JsCast;

use crate::ui::browser::focus_soon;
use crate::ui::format;
use crate::ui::state::{State, TestResult};
use crate::ui::text::t_with;
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::gallery::{MAX_SHOWN, Shown, evaluation_note, gallery};
use crate::ui::widgets::place;
use leptos::prelude::*;

/// Pair of a true class and a predicted one.
type Cell = [usize; 2];

/// Focused cell and open cell. If each of a hundred cells followed these, a hundred effects would run at each change.
struct Cells {
    focused: std::cell::Cell<Cell>,
    open: RwSignal<Option<Cell>>,
}

impl Cells {
    /// Moves the cell that the Tab key reaches.
    fn focus(&self, cell: Cell) {
        mark(self.focused.replace(cell), "tabindex", "-1");
        mark(cell, "tabindex", "0");
    }

    /// Opens a cell instead of the open one, or closes it.
    fn toggle(&self, cell: Cell) {
        self.focus(cell);
        let before = self.open.get_untracked();
        if let Some(before) = before {
            mark(before, "aria-expanded", "false");
        }
        let open = (before != Some(cell)).then_some(cell);
        if open.is_some() {
            mark(cell, "aria-expanded", "true");
        }
        self.open.set(open);
    }
}

fn id([truth, predicted]: Cell) -> String {
    format!("cell-{truth}-{predicted}")
}

fn mark(cell: Cell, attribute: &str, value: &str) {
    if let Some(element) = document().get_element_by_id(&id(cell)) {
        // The attribute's name is valid.
        let _ = element.set_attribute(attribute, value);
    }
}

pub fn results_panel(state: State) -> Element {
    let key = move || {
        if state.result.with(Option::is_some) { state.result_number.get_value().to_string() } else { String::new() }
    };
    let content = move |_: &str| state.result.get_untracked().map(|result| result_view(state, result));
    el("section")
        .class("results")
        .attr("aria-labelledby", "results-title")
        .child(el("h3").id("results-title").class("visually-hidden").tr("results"))
        .child(evaluation_note(state))
        .child(place().switch(key, content))
}

fn number(key: &'static str, class: &str, value: &str) -> Element {
    el("div").child(el("dt").tr(key)).child(el("dd").class(class).text(value))
}

fn result_view(state: State, result: TestResult) -> Element {
    let cells = Rc::new(Cells { focused: std::cell::Cell::new([0, 0]), open: RwSignal::new(None) });
    let (moved, opened) = (cells.clone(), cells.clone());
    let images: Vec<Shown> = Shown::all(&result).collect();
    let unanswered = images.iter().filter(|image| image.predicted.is_none()).count();
    let TestResult { evaluation, confusion, .. } = result;
    let samples = format::count(evaluation.samples as usize);
    let wrong = (1.0 - evaluation.accuracy as f64) * evaluation.samples as f64;
    let wrong = format::count(wrong.round().max(0.0) as usize);
    let classes = evaluation.classes.max(1) as usize;
    let numbers = el("dl")
        .class("result-numbers")
        .child(number("test_accuracy", "result-big", &format::percent(evaluation.accuracy, 2)))
        .child(number("test_loss", "", &format::loss(evaluation.loss)));
    let summary = move || t_with("result_summary", &[("samples", &samples), ("wrong", &wrong)]);
    let without_answer = (unanswered > 0).then(|| {
        let count = format::count(unanswered);
        el("p").class("help").text_fn(move || t_with("result_unanswered", &[("count", &count)]))
    });
    let corner = el("th")
        .attr("scope", "col")
        .class("corner")
        .child(el("span").tr("true_class"))
        .text("  ")
        .child(el("span").tr("predicted_class"));
    let head = (0..classes).map(|class| el("th").attr("scope", "col").text(&class.to_string()));
    let rows = confusion.chunks(classes).enumerate().map(|(class, row)| confusion_row(&cells, class, row));
    let table = el("table")
        .class("confusion")
        .child(el("caption").tr("confusion"))
        .child(el("thead").child(el("tr").child(corner).children(head)))
        .child(el("tbody").children(rows))
        .on("keydown", move |event| on_key(&moved, classes, event.unchecked_ref()));
    let key = move || opened.open.get().map(|[truth, predicted]| format!("{truth} {predicted}")).unwrap_or_default();
    let of_cell = move |key: &str| {
        let (truth, predicted) = key.split_once(' ')?;
        let is_in = |one: &Shown| one.truth.to_string() == truth && one.predicted_text() == predicted;
        Some(cell_images(state, truth, predicted, images.iter().filter(|one| is_in(one)).copied().collect()))
    };
    let table_and_facts = el("div")
        .class("result")
        .child(
            el("div")
                .class("result-facts")
                .child(numbers)
                .child(el("p").class("help").text_fn(summary))
                .children(without_answer)
                .child(legend()),
        )
        .child(el("div").class("confusion-scroll").attr("role", "group").label("confusion_help").child(table));
    place().child(table_and_facts).child(place().switch(key, of_cell))
}

/// Shows the images of a cell.
fn cell_images(state: State, truth: &str, predicted: &str, images: Vec<Shown>) -> Element {
    let (truth, predicted) = (truth.to_owned(), predicted.to_owned());
    let (count, shown) = (format::count(images.len()), format::count(images.len().min(MAX_SHOWN)));
    let title = move || {
        let values =
            [("true", truth.as_str()), ("predicted", &predicted), ("count", count.as_str()), ("shown", shown.as_str())];
        t_with("cell_images", &values)
    };
    el("div").class("cell-images").child(el("p").attr("role", "status").text_fn(title)).child(gallery(state, images))
}

/// Moves between the cells with arrow keys.
fn on_key(cells: &Cells, classes: usize, event: &web_sys::KeyboardEvent) {
    let [row, column] = cells.focused.get();
    let last = classes.saturating_sub(1);
    let next = match event.key().as_str() {
        "ArrowUp" => [row.saturating_sub(1), column],
        "ArrowDown" => [(row + 1).min(last), column],
        "ArrowLeft" => [row, column.saturating_sub(1)],
        "ArrowRight" => [row, (column + 1).min(last)],
        "Home" => [row, 0],
        "End" => [row, last],
        _ => return,
    };
    if document().active_element().is_none_or(|focused| !focused.id().starts_with("cell-")) {
        return;
    }
    event.prevent_default();
    cells.focus(next);
    focus_soon(id(next));
}

/// Computes the shade of a cell in per cent, on a scale that shows the few mistakes beside the many correct ones.
fn shade(share: f32) -> u32 {
    (share.clamp(0.0, 1.0).powf(0.4) * 100.0).round() as u32
}

fn confusion_row(cells: &Rc<Cells>, class: usize, row: &[f32]) -> Element {
    let total = row.iter().sum::<f32>().max(1.0);
    let columns = row.iter().enumerate().map(|(predicted, count)| {
        let shade = shade(count / total);
        let images = format::count(*count as usize);
        // The text is black or white, whichever is readable; the threshold differs between the light and the dark
        // theme.
        let class_name = match (shade, predicted == class) {
            (76.., true) => "dark hit",
            (76.., false) => "dark",
            (56.., true) => "middle hit",
            (56.., false) => "middle",
            (_, true) => "hit",
            (_, false) => "",
        };
        let name = move || {
            let (truth, guess) = (class.to_string(), predicted.to_string());
            t_with("confusion_cell", &[("images", &images), ("true", &truth), ("predicted", &guess)])
        };
        let (own, opened) = ([class, predicted], cells.clone());
        let cell = button("cell", move || opened.toggle(own))
            .id(&id(own))
            .attr("aria-expanded", "false")
            .attr("tabindex", if own == [0, 0] { "0" } else { "-1" })
            .attr_fn("aria-label", name)
            .text(&(*count as u32).to_string());
        el("td").attr("style", &format!("--shade:{shade}%")).class(class_name).child(cell)
    });
    el("tr").child(el("th").attr("scope", "row").text(&class.to_string())).children(columns)
}

fn legend() -> Element {
    let stops = [0.0, 0.01, 0.1, 1.0].map(|share: f32| {
        el("span")
            .class("scale-tick")
            .attr("style", &format!("left:{}%", shade(share)))
            .text(&format::percent(share, 0))
    });
    el("figure")
        .class("scale")
        .child(el("div").class("scale-bar"))
        .child(el("div").class("scale-ticks").attr("aria-hidden", "true").children(stops))
        .child(el("figcaption").tr("confusion_scale"))
}
