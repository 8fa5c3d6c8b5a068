//! The states of a recurrent layer over time, for the input that is looked at.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use leptos_use::use_element_size;

use super::legend::{ScaleBar, scale_text};
use super::watching::use_tensors;
use crate::ui::charts::canvas::{draw, pixel_ratio};
use crate::ui::charts::export::{Body, Figure};
use crate::ui::charts::figure::{Caption, Legend};
use crate::ui::charts::palette::{ColourScale, Mapping, limit};
use crate::ui::charts::states::{MAX_UNITS, StatesChart, sizes};
use crate::ui::components::data_table::DataTable;
use crate::ui::components::export_menu::ExportMenu;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

/// States of the input that is looked at.
#[derive(Clone, PartialEq, Debug, Default)]
struct States {
    /// `[T,units]`, without the padding of a text.
    values: Vec<f32>,
    units: usize,
    /// Words of the steps; none if the input is no text.
    names: Vec<String>,
}

/// Returns the words of the text that is looked at, if it is one and each step has a word.
fn words(state: State, steps: usize) -> Vec<String> {
    if !untrack(|| state.has_texts()) {
        return Vec::new();
    }
    let words = state.input.sentence.sentence().with_untracked(|sentence| {
        sentence.tokens.iter().take(steps).map(|token| token.word.clone()).collect::<Vec<_>>()
    });
    let length =
        state.engine.training().with_untracked(|training| training.text.map(|text| text.sequence_length as usize));
    if length == Some(steps) { words } else { Vec::new() }
}

/// Picture of the tensor with this name, `[1,T,units]`.
#[component]
pub fn StatesPicture(#[prop(into)] name: String) -> impl IntoView {
    let state = use_state();
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let width = use_element_size(place).width;
    let states = RwSignal::new(States::default());
    use_tensors(vec![name.clone()], place, move |tensors| {
        let (Some(tensor), Some(&[_, steps, units])) =
            (tensors.first(), tensors.first().map(|tensor| &tensor.shape[..]))
        else {
            return states.set(States::default());
        };
        let names = words(state, steps);
        let shown = if names.is_empty() { steps } else { names.len() };
        let values = tensor.values.iter().take(shown * units).copied().collect();
        states.set(States { values, units, names });
    });
    let scale = Memo::new(move |_| ColourScale {
        limit: states.with(|states| limit(&states.values, false)),
        mapping: Mapping::Linear,
        is_dark: state.screen.is_dark().get(),
        has_caps: false,
    });
    let drawn = move |width: f64| {
        let axes = [t("states_across"), t("states_down")];
        states.with(|own| {
            let States { values, units, names } = own;
            let chart = StatesChart { values, units: *units, names, scale: scale.get(), axes, width };
            (chart.shapes(), [width, chart.height()])
        })
    };
    Effect::new(move |_| {
        let width = width.get();
        let Some(canvas) = canvas.get() else { return };
        if width < 80.0 || states.with(|states| states.values.is_empty()) {
            return;
        }
        let (shapes, size) = drawn(width);
        draw(&canvas, size, pixel_ratio(&canvas), &shapes, None);
    });
    let rest = move || match states.with(|states| states.units) {
        units if units > MAX_UNITS => {
            t_with("states_rest", &[("shown", &format::count(MAX_UNITS)), ("count", &format::count(units))])
        }
        _ => String::new(),
    };
    let title = StoredValue::new(name.clone());
    let figure = move || {
        const WIDTH: f64 = 640.0;
        let scale = scale.get();
        let (shapes, size) = drawn(WIDTH);
        let name = title.get_value();
        let caption = Caption {
            title: format!("{name}: {}", t("states")),
            legend: Legend::Scale(scale, scale_text(&scale)),
            configuration: state.configuration_line(),
            is_dark: scale.is_dark,
        };
        let is_empty = states.with(|states| states.values.is_empty());
        (!is_empty).then_some(Figure { name, caption, body: Body::Shapes { shapes, size } })
    };
    let rows = move || {
        states.with(|states| {
            let row = |(step, size): (usize, f32)| {
                let word = states.names.get(step).cloned().unwrap_or_else(|| step.to_string());
                view! {
                    <tr>
                        <td>{word}</td>
                        <td>{format::value(size)}</td>
                    </tr>
                }
            };
            sizes(&states.values, states.units).into_iter().enumerate().map(row).collect_view()
        })
    };
    view! {
        <figure class="states">
            <figcaption>
                <code>{name}</code>
                " "
                <span class="help">{move || t("states_help")}</span>
            </figcaption>
            <div class="states-place" node_ref=place>
                <canvas role="img" aria-label=move || t("states") node_ref=canvas width="0" height="0"></canvas>
            </div>
            <p class="help" hidden=move || rest().is_empty()>{rest}</p>
            <ScaleBar scale />
            <ExportMenu figure />
            <details class="data">
                <summary>{move || t("states_table")}</summary>
                <DataTable name="states_table" columns=["states_step", "states_size"]>{rows}</DataTable>
            </details>
        </figure>
    }
}
