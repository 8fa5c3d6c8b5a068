//! The computation of a layer: its formulas with its numbers, and the derivation of one number of its output.

use std::sync::Arc;

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::derived::{ProductRow, Values, WorkedOut, largest_group, work_out};
use super::legend::Legend;
use super::settings::use_pictures;
use super::watching::use_tensors;
use crate::ui::browser::event_text;
use crate::ui::charts::palette::{ColourScale, Mapping};
use crate::ui::charts::tensor_canvas::{frame, paint_on, pixel_under};
use crate::ui::charts::tensor_image::{Role, Tiles};
use crate::ui::features::inspector::math::mathml_parts;
use crate::ui::features::network::history::{History, LayerId};
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::t;
use chalkgrad_engine::model::catalogue::{self, ResolvedLayer, Source};
use chalkgrad_engine::model::formula;
use chalkgrad_engine::protocol::ArrayData;

/// Formulas of a layer, and one number worked out. Empty if the layer is not in order.
#[component]
pub fn FormulaView(id: LayerId) -> impl IntoView {
    let state = use_state();
    let (layers, _) = state.network.history().with_untracked(|history| catalogue::resolve_prefix(&history.spec()));
    let at =
        state.network.history().with_untracked(|history: &History| history.draft().position(id)).unwrap_or_default();
    layers.get(at).cloned().map(|layer| {
        let inputs = layer.inputs.iter().map(|source| (*source, source.name(&layers))).collect();
        view! {
            <div class="formula-view">
                {formulas(&layer)}
                <OneNumber layer inputs />
            </div>
        }
    })
}

fn formulas(layer: &ResolvedLayer) -> impl IntoView + use<> {
    let formula = layer.formula();
    let shapes = formula.symbols.iter().map(|(letter, shape)| format!("{letter} ∈ ℝ^{{{}}}", format::shape(shape)));
    let symbols = shapes.chain(formula.ranges.iter().cloned()).collect();
    view! {
        <h3>{move || t("formula_forward")}</h3>
        <Lines label="formula_forward" formulas=formula.forward class="formulas" />
        <Lines label="formula_symbols" formulas=symbols class="formulas symbols" />
        <h3>{move || t("formula_backward")}</h3>
        <Lines label="formula_backward" formulas=formula.backward class="formulas" />
        <p class="help">{move || t("formula_gradient")}</p>
    }
}

/// Formulas that break at their signs where they are too long.
#[component]
fn Lines(label: &'static str, formulas: Vec<String>, class: &'static str) -> impl IntoView {
    let line = |formula: String| view! { <div class="formula" inner_html=mathml_parts(&formula).concat()></div> };
    view! {
        <div class=class role="group" tabindex="0" aria-label=move || t(label)>
            {formulas.into_iter().map(line).collect_view()}
        </div>
    }
}

/// Choice of one number of the layer's output, and its derivation.
#[component]
fn OneNumber(
    layer: ResolvedLayer,
    /// The layer's inputs with their names.
    inputs: Vec<(Source, String)>,
) -> impl IntoView {
    let (state, pictures) = (use_state(), use_pictures());
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let middle: Vec<usize> = match layer.output_shape[..] {
        [rows, columns, _] => vec![rows / 2, columns / 2, 0],
        _ => vec![0; layer.output_shape.len()],
    };
    let at = RwSignal::new(formula::index(&layer.output_shape, &middle));
    // Input channel whose terms are shown; `None`: the one that contributes most.
    let group = RwSignal::new(None::<usize>);
    let shows_all = RwSignal::new(false);
    let values = RwSignal::new(None::<Arc<Values>>);
    let output = format!("{}.output", layer.name);
    let from_layers = inputs.iter().filter(|(source, _)| *source != Source::Input);
    let mut names: Vec<String> = from_layers.map(|(_, name)| format!("{name}.output")).collect();
    names.push(output.clone());
    names.extend(layer.weights.iter().map(|weight| format!("{}.{}", layer.name, weight.name)));
    let (input_shape, output_shape) =
        (layer.input_shapes.first().cloned().unwrap_or_default(), layer.output_shape.clone());
    let has_groups = output_shape.len() == 3 && input_shape.len() == 3 && layer.derivation(0).groups.len() > 1;
    let layer = StoredValue::new_local(layer);
    use_tensors(names, place, move |tensors| {
        let mut tensors = tensors.iter().map(|tensor| tensor.values.clone());
        let mut values_of = |source: Source| match source {
            Source::Layer(_) => tensors.next().unwrap_or_default(),
            Source::Input => match state.input_now() {
                ArrayData::U8(pixels) => pixels.iter().map(|pixel| f32::from(*pixel) / 255.0).collect(),
                ArrayData::F32(values) => values,
                ArrayData::I32(ids) => ids.iter().map(|id| *id as f32).collect(),
            },
        };
        let input = inputs.iter().flat_map(|(source, _)| values_of(*source)).collect::<Vec<f32>>();
        let names: Vec<String> = inputs.iter().map(|(_, name)| name.clone()).collect();
        let output = tensors.next().unwrap_or_default();
        layer.with_value(|layer| {
            let weights = layer.weights.iter().map(|weight| weight.name).zip(tensors).collect();
            let size = |shape: &[usize]| shape.iter().product::<usize>();
            let inputs = layer.input_shapes.iter().map(|shape| size(shape)).sum::<usize>();
            let fits = input.len() == inputs && output.len() == size(&layer.output_shape);
            // While an edit is on its way to the engine, its tensors are still those of the previous model.
            values.set(fits.then(|| Arc::new(Values { inputs: names, input, output, weights })));
        });
    });
    let shape = StoredValue::new(output_shape.clone());
    let place_of = move |at: usize| shape.with_value(|shape| formula::place(shape, at));
    let tiles = Memo::new(move |_| {
        let tiles = shape.with_value(|shape| Tiles::new(&[&[1], &shape[..]].concat(), Role::Activations));
        if tiles.is_vector { tiles } else { tiles.only(place_of(at.get()).last().copied().unwrap_or_default()) }
    });
    let pixel = move || match place_of(at.get())[..] {
        [row, column, _] => (column, row),
        _ => {
            let width = tiles.get().width.max(1);
            (at.get() % width, at.get() / width)
        }
    };
    let scale = Memo::new(move |_| {
        let is_dark = state.screen.is_dark().get();
        values.with(|values| match values {
            Some(values) => pictures.scale(&output, &values.output, is_dark),
            None => ColourScale { limit: 0.0, mapping: Mapping::Root, is_dark, has_caps: false },
        })
    });
    let clipped = Memo::new(move |_| {
        let scale = scale.get();
        values.with(|values| {
            let values = values.as_ref().filter(|_| scale.has_caps);
            values.map_or(0, |values| values.output.iter().filter(|value| scale.clips(**value)).count())
        })
    });
    Effect::new(move |_| {
        let (tiles, scale) = (tiles.get(), scale.get());
        let Some(canvas) = canvas.get() else { return };
        values.with(|values| {
            if let Some(values) = values {
                paint_on(&canvas, &tiles, &values.output, &scale, |_| false);
            }
        });
    });
    let on_click = move |event: web_sys::MouseEvent| {
        let (tiles, Some(canvas)) = (tiles.get_untracked(), canvas.get_untracked()) else { return };
        let (x, y) = pixel_under(&canvas, event.unchecked_ref(), &tiles);
        if let Some([.., index]) = tiles.at(x, y) {
            at.set(index);
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let (by_x, by_y) = match event.key().as_str() {
            "ArrowRight" => (1, 0),
            "ArrowLeft" => (-1, 0),
            "ArrowDown" => (0, 1),
            "ArrowUp" => (0, -1),
            _ => return,
        };
        event.prevent_default();
        let (x, y) = untrack(pixel);
        let next = x.checked_add_signed(by_x).zip(y.checked_add_signed(by_y));
        if let Some([.., index]) = next.and_then(|(x, y)| tiles.get_untracked().at(x, y)) {
            at.set(index);
        }
    };
    let edge = move |side: usize| frame(&tiles.get(), pixel())[side].clone();
    let axes: &[&'static str] = match output_shape.len() {
        3 => &["axis_rows_one", "axis_columns_one", "axis_channels_one"],
        2 => &["axis_positions_one", "axis_channels_one"],
        _ => &["axis_units_one"],
    };
    let field = |(axis, label): (usize, &&'static str)| {
        let count = output_shape[axis];
        let value = move || place_of(at.get()).get(axis).copied().unwrap_or_default();
        let change = move |to: usize| {
            let mut place = place_of(at.get_untracked());
            place[axis] = to.min(count - 1);
            at.set(shape.with_value(|shape| formula::index(shape, &place)));
        };
        view! { <NumberField label=*label count value change /> }
    };
    let fields = axes.iter().enumerate().map(field).collect_view();
    let shown_group = Memo::new(move |_| {
        let (at, group) = (at.get(), group.get());
        group.unwrap_or_else(|| {
            let values = values.get();
            values.map_or(0, |values| layer.with_value(|layer| largest_group(layer, &values, at)))
        })
    });
    let channels = input_shape.last().copied().unwrap_or(1);
    let group_field = has_groups.then(|| {
        let change = move |to: usize| group.set(Some(to.min(channels - 1)));
        view! {
            <div class="number-fields">
                <NumberField label="input_channel" count=channels value=move || shown_group.get() change />
            </div>
        }
    });
    let numbers = move || {
        let (at, group, is_dark) = (at.get(), shown_group.get(), state.screen.is_dark().get());
        let is_long = shows_all.get();
        let values = values.get()?;
        let worked = layer.with_value(|layer| work_out(layer, &values, at, group, is_long));
        Some(view! { <Numbers worked is_dark shows_all /> })
    };
    view! {
        <div node_ref=place>
            <h3>{move || t("one_number")}</h3>
            <p class="help">{move || t("one_number_help")}</p>
            <div class="number-fields">{fields}</div>
            <div class="tensor-place">
                <canvas
                    class="tensor-image"
                    role="img"
                    tabindex="0"
                    aria-label=move || t("pick_number")
                    node_ref=canvas
                    on:click=on_click
                    on:keydown=on_key
                ></canvas>
                <span
                    class="tensor-cursor"
                    style:left=move || edge(0)
                    style:top=move || edge(1)
                    style:width=move || edge(2)
                    style:height=move || edge(3)
                ></span>
            </div>
            <Legend scale clipped />
            {group_field}
            {numbers}
        </div>
    }
}

/// Tables of the terms of a number, of their sums and of the steps to the output.
#[component]
fn Numbers(worked: WorkedOut, is_dark: bool, shows_all: RwSignal<bool>) -> impl IntoView {
    let WorkedOut { terms, sums, chain, result } = worked;
    let terms = terms.map(|terms| {
        let heads = if terms.has_weights {
            &["term_place", "term_input", "term_weight", "term_product"][..]
        } else {
            &["term_place", "term_input"]
        };
        let heads = heads.iter().map(|head| view! { <th scope="col">{t(head)}</th> }).collect_view();
        let scale = ColourScale { limit: terms.scale, mapping: Mapping::Root, is_dark, has_caps: false };
        let row = |row: ProductRow| {
            let product = row.weight.map(|weight| {
                let [red, green, blue] = scale.colour(row.product);
                view! {
                    <td>{format::value(weight)}</td>
                    <td>
                        <i class="swatch" style:background=format!("rgb({red} {green} {blue})")></i>
                        {format::value(row.product)}
                    </td>
                }
            });
            view! {
                <tr class=if row.is_top { "best" } else { "" }>
                    <th scope="row">{row.place}</th>
                    <td>{format::value(row.input)}</td>
                    {product}
                </tr>
            }
        };
        let more = match (terms.rest, shows_all.get_untracked()) {
            (0, false) => None,
            (_, true) => Some(t("show_few")),
            (_, false) => Some(terms.more_text),
        };
        let more = more.map(|text| {
            view! {
                <button type="button" class="button quiet" on:click=move |_| shows_all.update(|shows| *shows = !*shows)>
                    {text}
                </button>
            }
        });
        view! {
            <div class="scroller" tabindex="0" role="group" aria-label=t("terms")>
                <table class="numbers-table">
                    <caption>{terms.caption}</caption>
                    <thead>
                        <tr>{heads}</tr>
                    </thead>
                    <tbody>{terms.rows.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            {more}
        }
    });
    let sums = (!sums.is_empty()).then(|| {
        let row = |(at, sum): (usize, f32)| {
            view! {
                <tr>
                    <th scope="row">{at}</th>
                    <td>{format::value(sum)}</td>
                </tr>
            }
        };
        view! {
            <div class="scroller" tabindex="0" role="group" aria-label=t("channel_sums")>
                <table class="numbers-table">
                    <caption>{t("channel_sums")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t("input_channel")}</th>
                            <th scope="col">{t("channel_sum")}</th>
                        </tr>
                    </thead>
                    <tbody>{sums.into_iter().enumerate().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
    });
    let row = |class: &'static str, (label, value): (String, Option<f32>)| {
        view! {
            <tr class=class>
                <th scope="row">{label}</th>
                <td>{value.map(format::value)}</td>
            </tr>
        }
    };
    view! {
        {terms}
        {sums}
        <table class="numbers-table">
            <caption>{t("result_of_terms")}</caption>
            <tbody>{chain.into_iter().map(|line| row("", line)).collect_view()} {row("best", result)}</tbody>
        </table>
    }
}

/// Field for an integer below `count`.
#[component]
fn NumberField(
    label: &'static str,
    count: usize,
    value: impl Fn() -> usize + Send + 'static,
    change: impl Fn(usize) + 'static,
) -> impl IntoView {
    let on_input = move |event: web_sys::Event| {
        if let Ok(number) = event_text(&event).parse() {
            change(number);
        }
    };
    view! {
        <label>
            <span>{move || t(label)}</span>
            <input
                class="input"
                type="number"
                min="0"
                max=count.saturating_sub(1)
                prop:value=move || value().to_string()
                on:input=on_input
            />
        </label>
    }
}
