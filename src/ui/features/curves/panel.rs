//! The panel of the curves.

use leptos::prelude::*;

use super::chart::CurveChart;
use super::controls::Controls;
use super::figure::run_name;
use super::table::EpochTable;
use crate::ui::charts::plot::run_colour;
use crate::ui::features::curves::charted_history::Quantity;
use crate::ui::state::use_state;
use crate::ui::text::t;

/// Charts of loss and accuracy with their controls, and the epochs in numbers.
#[component]
pub fn Curves() -> impl IntoView {
    view! {
        <section class="curves" aria-labelledby="curves-title">
            <h3 id="curves-title" class="visually-hidden">{move || t("curves")}</h3>
            <LegendList />
            <div class="charts">
                <CurveChart quantity=Quantity::Loss />
                <CurveChart quantity=Quantity::Accuracy />
            </div>
            <div class="dock-header">
                <Controls />
            </div>
            <EpochTable />
        </section>
    }
}

/// Signs of the lines, with their names.
#[component]
fn LegendList() -> impl IntoView {
    const SIGNS: [(&str, &str); 4] = [
        ("legend-line legend-train", "training_smoothed"),
        ("legend-line legend-raw", "single_batches"),
        ("legend-line legend-mean", "epoch_mean"),
        ("legend-line legend-validation", "validation_images"),
    ];
    let state = use_state();
    let runs = Memo::new(move |_| {
        let entry = |run: &crate::ui::features::runs::records::RunRecord| (run_colour(run.number), run_name(run));
        state.runs.runs().with(|runs| runs.compared().map(entry).collect::<Vec<_>>())
    });
    let sign = |(class, key): (&'static str, &'static str)| {
        view! {
            <li><span class=class></span><span>{move || t(key)}</span></li>
        }
    };
    view! {
        <ul class="legend">
            {SIGNS.map(sign).collect_view()}
            <For each=move || runs.get() key=Clone::clone let((colour, name))>
                <li><span class=format!("legend-line run-colour-{colour}")></span><span>{name}</span></li>
            </For>
        </ul>
    }
}
