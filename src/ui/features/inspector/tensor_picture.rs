//! A tensor of the network as an image that follows training: values under the pointer or the keyboard's cursor, one
//! tile enlarged at a time, kernels by filter, dense weights as images, and the distribution of the numbers.

use std::sync::Arc;

use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::histogram::HistogramView;
use super::kernel_picker::{FilterCompanions, KernelPicker, Pick};
use super::legend::{Legend, scale_text};
use super::settings::use_pictures;
use super::watch::Sight;
use super::watching::use_tensors_of;
use crate::ui::charts::export::{Body, Figure};
use crate::ui::charts::figure::{Caption, Legend as FigureLegend};
use crate::ui::charts::histogram::Histogram;
use crate::ui::charts::palette::ColourScale;
use crate::ui::charts::plane::Window;
use crate::ui::charts::tensor_canvas::{frame, paint_on, pixel_under};
use crate::ui::charts::tensor_image::{Cell, Limits, Meaning, Role, Tiles, flattened_shape};
use crate::ui::components::export_menu::ExportMenu;
use crate::ui::features::follow::FollowNumber;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};
use chalkgrad_engine::model::catalogue::Source;

const BINS: usize = 48;

/// Values of a tensor at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Use of the layer's weights.
#[derive(Clone, PartialEq, Debug, Default)]
struct Context {
    /// Shape `[H,W,C]` of the image whose flattened numbers the weights multiply.
    flattened: Option<[usize; 3]>,
    /// The units are the classes.
    has_classes: bool,
}

/// Finds the layer of a tensor such as `grad dense.kernel`.
fn context(state: State, tensor: &str) -> Context {
    let name = tensor.strip_prefix("grad ").unwrap_or(tensor);
    let Some((layer, _)) = name.rsplit_once('.') else { return Context::default() };
    state.network.history().with(|history| {
        state.network.checked().with(|checked| {
            let draft = history.draft();
            let Some(at) = checked.layers.iter().position(|other| other.name == layer) else {
                return Context::default();
            };
            // The layers on the way to this one, from the input or from where several ways meet.
            let before = |at: &usize| match checked.layers.get(*at).map(|layer| &layer.inputs[..]) {
                Some([Source::Layer(before)]) => Some(*before),
                _ => None,
            };
            let mut way: Vec<usize> = std::iter::successors(Some(at), before).skip(1).collect();
            way.reverse();
            let types: Vec<&str> = way.iter().map(|at| draft.layers[*at].1.type_name.as_str()).collect();
            let outputs: Vec<&[usize]> = way.iter().map(|at| &checked.layers[*at].output_shape[..]).collect();
            let is_dense = draft.layers.get(at).is_some_and(|(_, layer)| layer.type_name == "Dense");
            Context {
                flattened: is_dense.then(|| flattened_shape(&types, &outputs, &draft.input_shape)).flatten(),
                has_classes: is_dense && at + 1 == draft.layers.len(),
            }
        })
    })
}

/// Lays out a reading as it was picked.
fn lay_out(reading: &Reading, role: Role, context: &Context, pick: Pick, limits: Limits) -> Tiles {
    if let (&[height, width, inputs, filters], Pick::One(filter), Role::Weights) = (&reading.shape[..], pick, role)
        && filter < filters
    {
        return Tiles::filter([height, width, inputs, filters], filter, limits);
    }
    if let (&[inputs, units], Some(shape), Role::Weights) = (&reading.shape[..], context.flattened, role)
        && shape.iter().product::<usize>() == inputs
    {
        match pick {
            Pick::One(unit) if unit < units => return Tiles::templates(shape, units, Some(unit), limits),
            Pick::All if shape[2] == 1 => return Tiles::templates(shape, units, None, limits),
            _ => {}
        }
    }
    Tiles::within(&reading.shape, role, limits)
}

/// Picture of the tensor with this name.
#[component]
pub fn TensorPicture(
    #[prop(into)] name: String,
    role: Role,
    /// Inputs of the outputs that are shown.
    #[prop(optional)]
    sight: Sight,
) -> impl IntoView {
    let (state, pictures) = (use_state(), use_pictures());
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let reading = RwSignal::new(None::<Arc<Reading>>);
    let has_none = RwSignal::new(false);
    let pick = RwSignal::new(Pick::All);
    let limits = RwSignal::new(Limits::default());
    // Tile, row, column and index in the tensor.
    let cursor = RwSignal::new(None::<[usize; 4]>);
    // The number that was clicked, or reached by keys: the pointer leaves the picture on its way to the button.
    let chosen = RwSignal::new(None::<usize>);
    let alone = RwSignal::new(None::<usize>);
    let marked = RwSignal::new(None::<usize>);
    use_tensors_of(sight, vec![name.clone()], place, move |tensors| {
        let tensor = &tensors[0];
        has_none.set(tensor.values.is_empty());
        if !tensor.values.is_empty() {
            reading.set(Some(Arc::new(Reading { shape: tensor.shape.clone(), values: tensor.values.clone() })));
        }
    });
    let named = StoredValue::new(name.clone());
    let context = Memo::new(move |_| named.with_value(|name| context(state, name)));
    let shape = Memo::new(move |_| reading.with(|reading| reading.as_ref().map(|reading| reading.shape.clone())));
    let all_tiles = Memo::new(move |_| {
        shape.with(|shape| {
            if sight == Sight::Plane {
                return Some(Tiles::surfaces(shape.as_ref()?, limits.get()));
            }
            let reading = Reading { shape: shape.clone()?, values: Vec::new() };
            Some(context.with(|context| lay_out(&reading, role, context, pick.get(), limits.get())))
        })
    });
    let tiles = Memo::new(move |_| {
        let tiles = all_tiles.get()?;
        Some(alone.get().map_or(tiles, |tile| tiles.only(tile)))
    });
    let scale = Memo::new(move |_| {
        let is_dark = state.screen.is_dark().get();
        reading.with(|reading| {
            let values = reading.as_ref().map_or(&[][..], |reading| &reading.values);
            named.with_value(|name| pictures.scale(name, values, is_dark))
        })
    });
    Effect::new(move |_| {
        if pictures.is_locked() {
            named.with_value(|name| pictures.keep(name, scale.get().limit));
        }
    });
    let clipped = Memo::new(move |_| {
        let scale = scale.get();
        if !scale.has_caps {
            return 0;
        }
        reading.with(|reading| {
            reading.as_ref().map_or(0, |reading| reading.values.iter().filter(|value| scale.clips(**value)).count())
        })
    });
    let histogram = Memo::new(move |_| {
        reading.with(|reading| reading.as_ref().map(|reading| Histogram::new(&reading.values, BINS)))
    });
    Effect::new(move |_| {
        let (Some(canvas), Some(tiles)) = (canvas.get(), tiles.get()) else { return };
        let (scale, marked) = (scale.get(), marked.get());
        reading.with(|reading| {
            let Some(reading) = reading else { return };
            match marked {
                None => paint_on(&canvas, &tiles, &reading.values, &scale, |_| false),
                Some(bin) => histogram.with(|histogram| {
                    let is_marked = |value| histogram.as_ref().and_then(|h| h.bin(value)) == Some(bin);
                    paint_on(&canvas, &tiles, &reading.values, &scale, is_marked);
                }),
            }
        });
    });
    let under = move |event: &web_sys::PointerEvent| {
        let (tiles, canvas) = (tiles.get_untracked()?, canvas.get_untracked()?);
        let (x, y) = pixel_under(&canvas, event, &tiles);
        tiles.at(x, y)
    };
    let enlarge = move |at: Option<[usize; 4]>| {
        let has_many = all_tiles.get_untracked().is_some_and(|tiles| tiles.count > 1);
        alone.set(match (alone.get_untracked(), at) {
            (None, Some([tile, ..])) if has_many => Some(tile),
            _ => None,
        });
    };
    let on_click = move |event: web_sys::MouseEvent| {
        use wasm_bindgen::JsCast;
        let at = under(event.unchecked_ref());
        if let Some([.., index]) = at {
            chosen.set(Some(index));
        }
        enlarge(at);
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let Some(tiles) = tiles.get_untracked() else { return };
        let (by_x, by_y): (isize, isize) = match event.key().as_str() {
            "ArrowRight" => (1, 0),
            "ArrowLeft" => (-1, 0),
            "ArrowDown" => (0, 1),
            "ArrowUp" => (0, -1),
            "Enter" | " " => {
                event.prevent_default();
                return enlarge(cursor.get_untracked());
            }
            "Escape" if alone.get_untracked().is_some() => return alone.set(None),
            _ => return,
        };
        event.prevent_default();
        let next = match cursor.get_untracked() {
            None => tiles.at(0, 0),
            Some([tile, row, column, _]) => {
                let (x, y) = tiles.position([tile, row, column]);
                // There is an unused pixel between two tiles.
                (1..=2)
                    .find_map(|step| tiles.at(x.checked_add_signed(by_x * step)?, y.checked_add_signed(by_y * step)?))
            }
        };
        if let Some([.., index]) = next {
            cursor.set(next);
            chosen.set(Some(index));
        }
    };
    let edges = move || {
        let ([tile, row, column, _], tiles) = (cursor.get()?, tiles.get()?);
        Some(frame(&tiles, tiles.position([tile, row, column])))
    };
    let readout = move || {
        let (Some(at), Some(tiles)) = (cursor.get(), tiles.get()) else { return String::new() };
        let value = reading.with(|reading| reading.as_ref().and_then(|reading| reading.values.get(at[3]).copied()));
        value
            .map(|value| match tiles.cell(at) {
                Cell::Surface { unit, row, column } => surface_text(state, unit, [row, column], tiles.height, value),
                cell => cell_text(cell, value, context.with(|context| context.has_classes)),
            })
            .unwrap_or_default()
    };
    let rest = move || all_tiles.get().filter(|_| alone.get().is_none()).and_then(|tiles| tiles.rest());
    let rest_text = move || match rest() {
        None => String::new(),
        Some(rest) => {
            let key = if rest.is_rows { "rest_rows" } else { "rest_tiles" };
            t_with(key, &[("shown", &format::count(rest.shown)), ("total", &format::count(rest.total))])
        }
    };
    let more_text = move || match rest() {
        None => String::new(),
        Some(rest) => {
            let next = limits.get().more();
            let next = if rest.is_rows { next.rows } else { next.tiles };
            let (key, count) = if next >= rest.total { ("show_all_count", rest.total) } else { ("show_more", next) };
            t_with(key, &[("count", &format::count(count))])
        }
    };
    // The tiles of units carry their numbers.
    let labels = move || {
        let has_numbers =
            |tiles: &Tiles| matches!(tiles.meaning, Meaning::Templates | Meaning::Surfaces) && tiles.count <= 32;
        let Some(tiles) = tiles.get().filter(has_numbers) else { return Vec::new() };
        if alone.get().is_some() {
            return Vec::new();
        }
        let (width, height) = tiles.size();
        let label = |tile: usize| {
            let (x, y) = tiles.position([tile, 0, 0]);
            let percent = |at: usize, length: usize| format!("{:.2}%", at as f64 / length.max(1) as f64 * 100.0);
            view! {
                <span class="tile-label" aria-hidden="true" style:left=percent(x, width) style:top=percent(y, height)>
                    {tile}
                </span>
            }
        };
        (0..tiles.count).map(label).collect()
    };
    let meaning = move || {
        if sight == Sight::Plane {
            return t("surfaces_help");
        }
        let is_templates =
            tiles.get().is_some_and(|tiles| matches!(tiles.meaning, Meaning::Templates | Meaning::Unit(_)));
        match (is_templates, context.with(|context| context.has_classes)) {
            (false, _) => String::new(),
            (true, true) => t("templates_classes_help"),
            (true, false) => t("templates_help"),
        }
    };
    let figure = move || {
        let (canvas, tiles) = (canvas.get()?, tiles.get()?);
        let (width, height) = tiles.size();
        let zoom = (520 / width.max(1)).clamp(1, 24);
        let size = [width * zoom, height * zoom].map(|length| length as f64);
        let name = named.get_value();
        let scale = scale.get();
        let caption = Caption {
            title: title(&name, &tiles),
            legend: FigureLegend::Scale(scale, scale_text(&scale)),
            configuration: state.configuration_line(),
            is_dark: scale.is_dark,
        };
        Some(Figure { name, caption, body: Body::Canvas { canvas, size, is_pixelated: true } })
    };
    let layer_name = layer_of(&name);
    let is_tall = move || limits.get() != Limits::default();
    let picked = Memo::new(move |_| match (pick.get(), tiles.get().map(|tiles| tiles.meaning)) {
        (Pick::One(filter), Some(Meaning::Filter(_))) => Some(filter),
        _ => None,
    });
    view! {
        <div class="tensor-picture" node_ref=place>
            <figure class="tensor">
                <figcaption>
                    <code>{name.clone()}</code>
                    <span class="tensor-readout" id="tensor-readout" aria-live="polite">{readout}</span>
                </figcaption>
                <KernelPicker reading role flattened=Signal::derive(move || context.with(|context| context.flattened)) pick />
                <div class="tensor-scroll" class:tall=is_tall>
                    <div class="tensor-place">
                        <canvas
                            class="tensor-image"
                            role="img"
                            aria-label=name.clone()
                            tabindex="0"
                            aria-describedby="tensor-readout"
                            node_ref=canvas
                            on:pointermove=move |event| cursor.set(under(&event))
                            on:pointerleave=move |_| cursor.set(None)
                            on:click=on_click
                            on:keydown=on_key
                        ></canvas>
                        {labels}
                        <span
                            class="tensor-cursor"
                            hidden=move || edges().is_none()
                            style:left=move || edges().map(|edges| edges[0].clone())
                            style:top=move || edges().map(|edges| edges[1].clone())
                            style:width=move || edges().map(|edges| edges[2].clone())
                            style:height=move || edges().map(|edges| edges[3].clone())
                        ></span>
                    </div>
                </div>
                <button type="button" class="button quiet" hidden=move || alone.get().is_none() on:click=move |_| alone.set(None)>
                    {move || t("all_images")}
                </button>
                <p class="help rest" hidden=move || rest().is_none()>
                    {rest_text}" "
                    <button type="button" class="button quiet" on:click=move |_| limits.update(|limits| *limits = limits.more())>
                        {more_text}
                    </button>
                </p>
                <p class="help" hidden=move || meaning().is_empty()>{meaning}</p>
                {move || picked.get().map(|filter| view! { <FilterCompanions layer=layer_name.clone() filter /> })}
                {(sight == Sight::Input)
                    .then(|| {
                        let is_output = role == Role::Activations;
                        view! {
                            <p class="follow-number-choice">
                                <FollowNumber name=name.clone() is_output chosen />
                            </p>
                        }
                    })}
                <p class="help">{move || if has_none.get() { t("no_value_yet") } else { String::new() }}</p>
                <Legend scale clipped />
                <ExportMenu figure />
                <HistogramView name=name histogram scale marked />
            </figure>
        </div>
    }
}

/// Returns the layer of a tensor.
fn layer_of(tensor: &str) -> String {
    let name = tensor.strip_prefix("grad ").unwrap_or(tensor);
    name.rsplit_once('.').map_or(name, |(layer, _)| layer).to_owned()
}

/// Names a tensor and the part of it that is shown.
fn title(name: &str, tiles: &Tiles) -> String {
    match tiles.meaning {
        Meaning::Filter(filter) => format!("{name}, {}", t_with("filter_number", &[("filter", &filter.to_string())])),
        Meaning::Unit(unit) => format!("{name}, {}", t_with("unit_number", &[("unit", &unit.to_string())])),
        _ => name.to_owned(),
    }
}

/// Names a unit, a place of the plane, and the unit's output there.
fn surface_text(state: State, unit: usize, [row, column]: [usize; 2], side: usize, value: f32) -> String {
    let place = state.plane.marks().with(|marks| Window::around(marks)).place(side, row, column);
    let [x, y, value] = [place[0], place[1], value].map(format::value);
    t_with("cell_surface", &[("unit", &unit.to_string()), ("x", &x), ("y", &y), ("value", &value)])
}

/// Names the axes of a number, and the number.
fn cell_text(cell: Cell, value: f32, has_classes: bool) -> String {
    let value = format::value(value);
    let text = |key: &str, names: &[(&str, usize)]| {
        let numbers: Vec<(&str, String)> = names.iter().map(|(name, at)| (*name, at.to_string())).collect();
        let mut values: Vec<(&str, &str)> = numbers.iter().map(|(name, text)| (*name, text.as_str())).collect();
        values.push(("value", &value));
        t_with(key, &values)
    };
    match cell {
        Cell::Kernel { filter, channel, row, column } => {
            text("cell_kernel", &[("filter", filter), ("channel", channel), ("row", row), ("column", column)])
        }
        Cell::Weight { input, unit } => text("cell_weight", &[("input", input), ("unit", unit)]),
        Cell::Template { unit, channel, row, column } => {
            let key = if has_classes { "cell_template_class" } else { "cell_template" };
            text(key, &[("unit", unit), ("channel", channel), ("row", row), ("column", column)])
        }
        Cell::Map { channel, row, column } => {
            text("cell_map", &[("channel", channel), ("row", row), ("column", column)])
        }
        Cell::Surface { unit, .. } | Cell::Number(unit) => text("tensor_unit", &[("unit", unit)]),
    }
}

/// Returns the scale that a small picture beside has: that of its own numbers.
pub fn own_scale(values: &[f32], like: ColourScale) -> ColourScale {
    ColourScale { limit: crate::ui::charts::palette::limit(values, false), has_caps: false, ..like }
}
