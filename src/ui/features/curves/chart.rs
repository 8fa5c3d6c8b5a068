//! A chart with its values, drawn on animation frames.

use leptos::ev::PointerEvent;
use leptos::html::Canvas;
use leptos::prelude::*;
use leptos_use::{signal_throttled, use_element_size};

use super::figure::{is_empty, plot, read_palette, readings, summary, visible};
use crate::ui::browser::next_frame;
use crate::ui::charts::canvas::{draw, pixel_ratio, pointer_place};
use crate::ui::charts::plot::{Palette, position_at, shapes};
use crate::ui::charts::shapes::Frame;
use crate::ui::features::curves::charted_history::Quantity;
use crate::ui::state::{State, use_state};
use crate::ui::text::t;

/// The least time between two drawings of what training adds.
const BETWEEN_DRAWINGS_MS: f64 = 250.0;

#[component]
pub fn CurveChart(quantity: Quantity) -> impl IntoView {
    let (state, canvas) = (use_state(), NodeRef::<Canvas>::new());
    let view = state.curves;
    draw_when_changed(state, quantity, canvas);
    let title = if quantity == Quantity::Loss { "loss" } else { "accuracy" };
    let values = Memo::new(move |_| readings(state, quantity));
    let label = move || {
        // Follows only the epochs: a summary that changed with every batch could not be read.
        state.run.epoch().track();
        state.run.state().track();
        state.charted().with_untracked(|charted| summary(charted, quantity))
    };
    let position = move |event: &PointerEvent| {
        let (x, width) = canvas.get_untracked().map_or((0.0, 0.0), |canvas| {
            let [x, _] = pointer_place(&canvas, event);
            (x, f64::from(canvas.client_width()))
        });
        let scale = state.screen.picture_scale();
        position_at(x / scale, width / scale, &untrack(|| visible(state)))
    };
    let press = move |event: PointerEvent| {
        if event.button() != 0 || untrack(|| is_empty(state)) {
            return;
        }
        if let Some(canvas) = canvas.get_untracked() {
            // A pointer that is gone already needs no capture.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        let start = position(&event);
        view.brush.set(Some(start..start));
    };
    let hover = move |event: PointerEvent| {
        let at = position(&event);
        view.cursor.set((!untrack(|| is_empty(state))).then_some(at));
        if let Some(brush) = view.brush.get_untracked() {
            view.brush.set(Some(brush.start..at));
        }
    };
    view! {
        <figure class="chart">
            <figcaption>
                <span class="chart-title">{move || t(title)}</span>
                <span class="chart-step">{move || values.with(|(position, _)| position.clone())}</span>
                <ul class="chart-values">
                    {move || {
                        let values = values.with(|(_, values)| values.clone());
                        let entry = |reading: super::figure::Reading| view! {
                            <li>
                                <span class=reading.class></span>
                                <span>{reading.name}</span>
                                <strong>{reading.value}</strong>
                            </li>
                        };
                        values.into_iter().map(entry).collect_view()
                    }}
                </ul>
            </figcaption>
            <canvas
                class="chart-canvas"
                role="img"
                aria-label=label
                node_ref=canvas
                on:pointerdown=press
                on:pointermove=hover
                on:pointerup=move |_| view.end_brush(&untrack(|| visible(state)))
                on:pointercancel=move |_| view.brush.set(None)
                on:pointerleave=move |_| view.cursor.set(None)
                on:dblclick=move |_| view.reset_zoom()
            ></canvas>
            <Show when=move || is_empty(state)>
                <p class="chart-empty">{move || t("no_curve_yet")}</p>
            </Show>
        </figure>
    }
}

/// Draws the chart before the next frame whenever its content, its size or the theme has changed.
fn draw_when_changed(state: State, quantity: Quantity, canvas: NodeRef<Canvas>) {
    let size = use_element_size(canvas);
    // While the network trains, every drawing of a whole chart takes time from the cores that train.
    let content: Signal<(u32, u32)> = signal_throttled(
        Signal::derive(move || state.charted().with(|charted| (charted.steps(), charted.reach()))),
        BETWEEN_DRAWINGS_MS,
    );
    let is_requested = StoredValue::new(false);
    // Colours, and true if they are the dark theme's.
    let palette = StoredValue::new(None::<(bool, Palette)>);
    Effect::new(move |_| {
        let view = state.curves;
        content.track();
        state.run.epoch().track();
        state.runs.runs().track();
        state.screen.is_dark().track();
        state.screen.is_presenting().track();
        size.width.track();
        size.height.track();
        view.unit.track();
        view.is_log.track();
        view.zoom.track();
        view.cursor.track();
        view.brush.track();
        // The names on the axes follow the language.
        crate::ui::text::locale();
        if is_requested.get_value() {
            return;
        }
        is_requested.set_value(true);
        next_frame(move || {
            // Neither is there if the tab was closed meanwhile.
            let Some(Some(canvas)) = canvas.try_get_untracked() else { return };
            if is_requested.try_set_value(false).is_some() {
                return;
            }
            let is_dark = state.screen.is_dark().get_untracked();
            if palette.with_value(|palette| palette.as_ref().is_none_or(|(known, _)| *known != is_dark)) {
                palette.set_value(read_palette().map(|palette| (is_dark, palette)));
            }
            palette.with_value(|palette| {
                let Some((_, palette)) = palette else { return };
                let scale = state.screen.picture_scale();
                let [width, height] =
                    [canvas.client_width(), canvas.client_height()].map(|extent| f64::from(extent) / scale);
                let plot = untrack(|| plot(state, palette, quantity, width.max(1.0) as usize));
                let shapes = shapes(&plot, palette, Frame { left: 0.0, top: 0.0, width, height });
                draw(&canvas, [width, height], scale * pixel_ratio(&canvas), &shapes, None);
            });
        });
    });
}
