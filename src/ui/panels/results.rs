//! How well the network does on images that it has never seen.

use crate::tensor::limit;
use crate::ui::format;
use crate::ui::state::{State, TestResult};
use crate::ui::text::{t, t_with};
use crate::ui::widgets::element::{Element, el};
use crate::ui::widgets::{panel_header, place};

pub fn results_panel(state: State) -> Element {
    let key = move || {
        if state.result.with(Option::is_some) { state.result_number.get().to_string() } else { String::new() }
    };
    let content = move |_: &str| {
        Some(match state.result.get_untracked() {
            Some(result) => result_view(result),
            None => el("p")
                .class("help empty")
                .text_fn(move || t(if state.is_evaluating.get() { "state_evaluating" } else { "no_result_yet" })),
        })
    };
    el("section")
        .class("panel results")
        .attr("aria-labelledby", "results-title")
        .child(panel_header("results-title", "results"))
        .child(place().switch(key, content))
}

fn number(key: &'static str, class: &str, value: &str) -> Element {
    el("div").child(el("dt").tr(key)).child(el("dd").class(class).text(value))
}

fn result_view(result: TestResult) -> Element {
    let TestResult { evaluation, confusion } = result;
    let samples = format::count(evaluation.samples as usize);
    let wrong = (1.0 - evaluation.accuracy as f64) * evaluation.samples as f64;
    let wrong = format::count(wrong.round().max(0.0) as usize);
    let classes = evaluation.classes.max(1) as usize;
    let numbers = el("dl")
        .class("result-numbers")
        .child(number("test_accuracy", "result-big", &format::percent(evaluation.accuracy, 2)))
        .child(number("test_loss", "", &format::loss(evaluation.loss)));
    let summary = move || t_with("result_summary", &[("samples", &samples), ("wrong", &wrong)]);
    let corner = el("th")
        .attr("scope", "col")
        .class("corner")
        .child(el("span").tr("true_class"))
        .text("  ")
        .child(el("span").tr("predicted_class"));
    let head = (0..classes).map(|class| el("th").attr("scope", "col").text(&class.to_string()));
    let rows = confusion.chunks(classes).enumerate().map(|(class, row)| confusion_row(class, row));
    let table = el("table")
        .class("confusion")
        .child(el("caption").tr("confusion"))
        .child(el("thead").child(el("tr").child(corner).children(head)))
        .child(el("tbody").children(rows));
    el("div")
        .class("result")
        .child(
            el("div")
                .class("result-facts")
                .child(numbers)
                .child(el("p").class("help").text_fn(summary))
                .child(legend()),
        )
        .child(
            el("div")
                .class("confusion-scroll")
                .attr("tabindex", "0")
                .attr("role", "group")
                .label("confusion")
                .child(table),
        )
}

/// How dark a cell is, in per cent: shares of a row on a scale that shows the few mistakes beside the many hits.
fn shade(share: f32) -> u32 {
    ((limit(share.into(), 0.0, 1.0) as f32).powf(0.4) * 100.0).round() as u32
}

fn confusion_row(class: usize, row: &[f32]) -> Element {
    let total = row.iter().sum::<f32>().max(1.0);
    let cells = row.iter().enumerate().map(|(predicted, count)| {
        let shade = shade(count / total);
        let images = format::count(*count as usize);
        let class_name = match (shade > 55, predicted == class) {
            (true, true) => "dark hit",
            (true, false) => "dark",
            (false, true) => "hit",
            (false, false) => "",
        };
        el("td")
            .attr("style", &format!("--shade:{shade}%"))
            .class(class_name)
            .attr_fn("title", move || {
                let (truth, guess) = (class.to_string(), predicted.to_string());
                t_with("confusion_cell", &[("images", &images), ("true", &truth), ("predicted", &guess)])
            })
            .text(&(*count as u32).to_string())
    });
    el("tr").child(el("th").attr("scope", "row").text(&class.to_string())).children(cells)
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
