//! Accuracy on unseen images: a confusion matrix whose cells open their images.

use leptos::prelude::*;

use super::gallery::{EvaluationNote, Gallery, MAX_SHOWN, Shown};
use super::rates::{precisions, recalls};
use super::value_result::ValueResult;
use crate::ui::browser::{event_checked, focus_soon};
use crate::ui::charts::confusion_chart::ConfusionChart;
use crate::ui::charts::export::{Body, Figure};
use crate::ui::charts::figure::{Caption, Legend as FigureLegend};
use crate::ui::components::export_menu::ExportMenu;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::stores::results::TestResult;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::model::metrics::ACCURACY;

/// Pair of a true class and a predicted one.
type Cell = [usize; 2];

#[component]
pub fn Confusion() -> impl IntoView {
    let state = use_state();
    let content = move || {
        state.results.latest().get().map(|result| match result.evaluation.classes {
            0 => view! { <ValueResult result /> }.into_any(),
            _ => view! { <Result result /> }.into_any(),
        })
    };
    view! {
        <section class="results" aria-labelledby="results-title">
            <h3 id="results-title" class="visually-hidden">{move || t("results")}</h3>
            <EvaluationNote />
            {content}
        </section>
    }
}

#[component]
fn Result(result: TestResult) -> impl IntoView {
    let state = use_state();
    let open = RwSignal::new(None::<Cell>);
    let hides_diagonal = RwSignal::new(false);
    let images: Vec<Shown> = Shown::all(&result).collect();
    let unanswered = images.iter().filter(|image| image.predicted.is_none()).count();
    let TestResult { evaluation, confusion, .. } = result;
    let accuracy = evaluation.accuracy.unwrap_or_default();
    let others: Vec<(String, f32)> = evaluation
        .metrics
        .iter()
        .filter(|(name, _)| *name != ACCURACY)
        .map(|(name, value)| (name.clone(), *value))
        .collect();
    let exported = {
        let (counts, classes) = (confusion.clone(), evaluation.classes.max(1) as usize);
        let accuracy = format::percent(accuracy, 2);
        move || {
            let axes = [t("true_class"), t("predicted_class")];
            let is_dark = state.screen.is_dark().get();
            let names = (0..classes).map(|class| state.class_name(class)).collect();
            let chart = ConfusionChart { counts: &counts, names, axes, is_dark };
            let caption = Caption {
                title: format!("{}. {}: {accuracy}", t("confusion"), t("test_accuracy")),
                legend: FigureLegend::None,
                configuration: state.configuration_line(),
                is_dark,
            };
            let shapes = chart.shapes(|share| f64::from(shade(share)) / 100.0);
            Some(Figure { name: "confusion".to_owned(), caption, body: Body::Shapes { shapes, size: chart.size() } })
        }
    };
    let samples = format::count(evaluation.samples as usize);
    let wrong = (1.0 - f64::from(accuracy)) * f64::from(evaluation.samples);
    let wrong = format::count(wrong.round().max(0.0) as usize);
    let summary = move || t_with("result_summary", &[("samples", &samples), ("wrong", &wrong)]);
    let without_answer = (unanswered > 0).then(|| {
        let count = format::count(unanswered);
        view! { <p class="help">{move || t_with("result_unanswered", &[("count", &count)])}</p> }
    });
    let images = StoredValue::new(images);
    let of_cell = move || {
        open.get().map(|[truth, predicted]| {
            let is_in = |one: &&Shown| usize::from(one.truth) == truth && one.predicted == Some(predicted as u32);
            let images = images.with_value(|images| images.iter().filter(is_in).copied().collect::<Vec<_>>());
            view! { <CellImages cell=[truth, predicted] images /> }
        })
    };
    view! {
        <div class="result">
            <div class="result-facts">
                <dl class="result-numbers">
                    <div>
                        <dt>{move || t("test_accuracy")}</dt>
                        <dd class="result-big">{format::percent(accuracy, 2)}</dd>
                    </div>
                    <div>
                        <dt>{move || t("test_loss")}</dt>
                        <dd>{format::loss(evaluation.loss)}</dd>
                    </div>
                    {others
                        .into_iter()
                        .map(|(name, value)| {
                            view! {
                                <div>
                                    <dt>{move || t(&format!("metric_{name}"))}</dt>
                                    <dd>{format::loss(value)}</dd>
                                </div>
                            }
                        })
                        .collect_view()}
                </dl>
                <p class="help">{summary}</p>
                {without_answer}
                <label class="curve-option">
                    <input
                        type="checkbox"
                        class="checkbox"
                        on:change=move |event| hides_diagonal.set(event_checked(&event))
                    />
                    <span>{move || t("hide_diagonal")}</span>
                </label>
                <Legend hides_diagonal />
                <ExportMenu figure=exported />
            </div>
            <Matrix confusion classes=evaluation.classes.max(1) as usize open hides_diagonal />
        </div>
        {of_cell}
    }
}

/// The images of a cell.
#[component]
fn CellImages(cell: Cell, images: Vec<Shown>) -> impl IntoView {
    let state = use_state();
    let (count, shown) = (format::count(images.len()), format::count(images.len().min(MAX_SHOWN)));
    let title = move || {
        let [truth, predicted] = cell.map(|class| state.class_name(class));
        let values =
            [("true", truth.as_str()), ("predicted", &predicted), ("count", count.as_str()), ("shown", shown.as_str())];
        t_with("cell_images", &values)
    };
    view! {
        <div class="cell-images">
            <p role="status">{title}</p>
            <Gallery shown=images />
        </div>
    }
}

/// The matrix, with the recall of each class at the end of its row and the precision below its column.
#[component]
fn Matrix(
    confusion: Vec<f32>,
    classes: usize,
    open: RwSignal<Option<Cell>>,
    hides_diagonal: RwSignal<bool>,
) -> impl IntoView {
    let state = use_state();
    let focused = RwSignal::new([0, 0]);
    // A selector tells only the cells that change, not all hundred.
    let (is_focused, is_open) = (Selector::new(move || focused.get()), Selector::new(move || open.get()));
    let percent = |share: Option<f32>| share.map_or_else(|| "–".to_owned(), |share| format::percent(share, 1));
    let precision =
        precisions(&confusion, classes).into_iter().map(|share| view! { <td class="rate">{percent(share)}</td> });
    let precision = precision.collect_view();
    let off_diagonal = confusion.iter().enumerate().filter(|(at, _)| at / classes != at % classes);
    let most_mistaken = off_diagonal.map(|(_, count)| *count).fold(1.0, f32::max);
    let recall = recalls(&confusion, classes);
    let row = |(truth, (counts, recall)): (usize, (&[f32], Option<f32>))| {
        let total = counts.iter().sum::<f32>().max(1.0);
        let cells = counts.iter().enumerate().map(|(predicted, count)| {
            let cell = [truth, predicted];
            let (focused_one, open_one) = (is_focused.clone(), is_open.clone());
            let shares = [count / total, count / most_mistaken];
            view! {
                <MatrixCell
                    cell
                    count=*count
                    shares
                    hides_diagonal
                    is_focused=Signal::derive(move || focused_one.selected(&cell))
                    is_open=Signal::derive(move || open_one.selected(&Some(cell)))
                    on_open=move || {
                        focused.set(cell);
                        open.update(|open| *open = (*open != Some(cell)).then_some(cell));
                    }
                />
            }
        });
        view! {
            <tr>
                <th scope="row">{move || state.class_name(truth)}</th>
                {cells.collect_view()}
                <td class="rate">{percent(recall)}</td>
            </tr>
        }
    };
    let rows = confusion.chunks(classes).zip(recall).enumerate().map(row).collect_view();
    view! {
        <div class="confusion-scroll" role="group" aria-label=move || t("confusion_help")>
            <table class="confusion" on:keydown=move |event| on_key(focused, classes, &event)>
                <caption>{move || t("confusion")}</caption>
                <thead>
                    <tr>
                        <th scope="col" class="corner">
                            <span>{move || t("true_class")}</span>
                            "  "
                            <span>{move || t("predicted_class")}</span>
                        </th>
                        {(0..classes)
                            .map(|class| view! { <th scope="col">{move || state.class_name(class)}</th> })
                            .collect_view()}
                        <th scope="col" title=move || t("recall_help")>{move || t("recall")}</th>
                    </tr>
                </thead>
                <tbody>
                    {rows}
                    <tr>
                        <th scope="row" title=move || t("precision_help")>{move || t("precision")}</th>
                        {precision}
                        <td></td>
                    </tr>
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn MatrixCell(
    cell: Cell,
    count: f32,
    /// Its share of the row, and of the largest number of mistakes.
    shares: [f32; 2],
    hides_diagonal: RwSignal<bool>,
    is_focused: Signal<bool>,
    is_open: Signal<bool>,
    on_open: impl Fn() + 'static,
) -> impl IntoView {
    let state = use_state();
    let [truth, predicted] = cell;
    let is_hit = truth == predicted;
    let shade = Memo::new(move |_| match (hides_diagonal.get(), is_hit) {
        (false, _) => shade(shares[0]),
        (true, true) => 0,
        (true, false) => shade(shares[1]),
    });
    // The text is black or white, whichever is readable; the threshold differs between the light and the dark theme.
    let class = move || match (shade.get(), is_hit) {
        (76.., true) => "dark hit",
        (76.., false) => "dark",
        (56.., true) => "middle hit",
        (56.., false) => "middle",
        (_, true) if hides_diagonal.get() => "hit faint",
        (_, true) => "hit",
        (_, false) => "",
    };
    let name = move || {
        let (truth, guess) = (state.class_name(truth), state.class_name(predicted));
        let images = format::count(count as usize);
        t_with("confusion_cell", &[("images", &images), ("true", &truth), ("predicted", &guess)])
    };
    view! {
        <td class=class style=("--shade", move || format!("{}%", shade.get()))>
            <button
                type="button"
                class="cell"
                id=id(cell)
                aria-expanded=move || if is_open.get() { "true" } else { "false" }
                tabindex=move || if is_focused.get() { "0" } else { "-1" }
                aria-label=name
                on:click=move |_| on_open()
            >
                {count as u32}
            </button>
        </td>
    }
}

fn id([truth, predicted]: Cell) -> String {
    format!("cell-{truth}-{predicted}")
}

/// Moves between the cells with arrow keys.
fn on_key(focused: RwSignal<Cell>, classes: usize, event: &web_sys::KeyboardEvent) {
    let [row, column] = focused.get_untracked();
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
    event.prevent_default();
    focused.set(next);
    focus_soon(id(next));
}

/// Computes the shade of a cell in per cent, on a scale that shows the few mistakes beside the many correct ones.
fn shade(share: f32) -> u32 {
    (share.clamp(0.0, 1.0).powf(0.4) * 100.0).round() as u32
}

#[component]
fn Legend(hides_diagonal: RwSignal<bool>) -> impl IntoView {
    let stop = |share: f32| {
        let left = format!("{}%", shade(share));
        view! { <span class="scale-tick" style:left=left>{format::percent(share, 0)}</span> }
    };
    view! {
        <figure class="scale">
            <div class="scale-bar"></div>
            <div class="scale-ticks" aria-hidden="true">{[0.0, 0.01, 0.1, 1.0].map(stop).collect_view()}</div>
            <figcaption>
                {move || t(if hides_diagonal.get() { "confusion_scale_mistakes" } else { "confusion_scale" })}
            </figcaption>
        </figure>
    }
}
