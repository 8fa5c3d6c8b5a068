//! The row above the charts: smoothing, axes, zoom and files.

use leptos::prelude::*;

use super::figure::{exported, is_log, visible};
use crate::ui::browser::{event_checked, event_text, save_text};
use crate::ui::charts::axis::Unit;
use crate::ui::components::export_menu::ExportMenu;
use crate::ui::features::curves::charted_history::ChartedHistory;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

#[component]
pub fn Controls() -> impl IntoView {
    let state = use_state();
    let view = state.curves;
    let is_zoomed = move || view.zoom.with(Option::is_some);
    let has_none = move || state.charted().with(ChartedHistory::is_empty);
    let save_csv = move |_| save_text("chalkgrad-curves.csv", &state.charted().with_untracked(ChartedHistory::csv));
    let logarithmic = Memo::new(move |_| is_log(state));
    view! {
        <Smoothing />
        <label class="curve-option">
            <input
                type="checkbox"
                class="checkbox"
                prop:checked=move || logarithmic.get()
                on:change=move |event| view.is_log.set(Some(event_checked(&event)))
            />
            <span>{move || t("log_axis")}</span>
        </label>
        <UnitChoice />
        <div class="curve-option">
            <button
                type="button"
                class="button quiet"
                title=move || t("zoom_help")
                disabled=has_none
                on:click=move |_| view.zoom_in(&untrack(|| visible(state)))
            >
                {move || t("zoom_in")}
            </button>
            <button type="button" class="button quiet" disabled=move || !is_zoomed() on:click=move |_| view.reset_zoom()>
                {move || t("zoom_reset")}
            </button>
        </div>
        <div class="panel-actions">
            <button
                type="button"
                class="button quiet"
                title=move || t("export_csv")
                disabled=has_none
                on:click=save_csv
            >
                "CSV"
            </button>
            <ExportMenu figure=move || exported(state) />
        </div>
    }
}

/// Slider for smoothing: the number of steps to both sides that count.
#[component]
fn Smoothing() -> impl IntoView {
    const LEVELS: [u32; 6] = [0, 5, 10, 50, 100, 250];
    let state = use_state();
    let level = Memo::new(move |_| {
        let reach = state.charted().with(ChartedHistory::reach);
        LEVELS.iter().position(|level| *level >= reach).unwrap_or(LEVELS.len() - 1)
    });
    let text = move || match LEVELS[level.get()] {
        0 => t("smoothing_none"),
        reach => t_with("smoothing_steps", &[("steps", &format::count(reach as usize))]),
    };
    let choose = move |event| {
        let chosen = format::parse(&event_text(&event)).unwrap_or_default() as usize;
        state.smooth_curves(LEVELS[chosen.min(LEVELS.len() - 1)]);
    };
    view! {
        <label class="smoothing">
            <span>{move || t("smoothing")}</span>
            <input
                type="range"
                min="0"
                max=(LEVELS.len() - 1).to_string()
                prop:value=move || level.get().to_string()
                aria-valuetext=text
                on:input=choose
            />
            <span class="help" aria-hidden="true">{text}</span>
        </label>
    }
}

#[component]
fn UnitChoice() -> impl IntoView {
    const UNITS: [(&str, Unit); 3] =
        [("axis_steps", Unit::Steps), ("axis_epochs", Unit::Epochs), ("axis_seconds", Unit::Seconds)];
    let view = use_state().curves;
    let choose = move |event| {
        let key = event_text(&event);
        if let Some((_, unit)) = UNITS.into_iter().find(|(name, _)| *name == key) {
            view.set_unit(unit);
        }
    };
    view! {
        <label class="curve-option">
            <span>{move || t("axis_unit")}</span>
            <select class="select" on:change=choose>
                {UNITS
                    .map(|(key, unit)| view! {
                        <option value=key selected=move || view.unit.get() == unit>{move || t(key)}</option>
                    })
                    .collect_view()}
            </select>
        </label>
    }
}
