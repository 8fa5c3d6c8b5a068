//! The computation of a layer: its formulas with its numbers, and the derivation of one number of its output.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, KeyboardEvent};

use super::element::{Element, button, el};
use super::place;
use super::tensor_canvas::{colour, frame, paint, pixel_under, scale_of};
use super::tensor_view::watched;
use crate::ui::browser::event_text;
use crate::ui::charts::palette::{ColourScale, Mapping};
use crate::ui::features::inspector::legend::ScaleBar;
use crate::ui::format;
use crate::ui::history::{History, LayerId};
use crate::ui::state::State;
use crate::ui::tensor_image::{Role, Tiles};
use crate::ui::text::{t, t_with};
use chalkgrad_engine::model::catalogue::{self, ResolvedLayer};
use chalkgrad_engine::model::formula::{self, Derivation, Reduction, Step, Term, Trace};
use chalkgrad_engine::protocol::responses::TensorData;
use leptos::prelude::*;

/// Number of terms shown before more are requested.
const FEW_TERMS: usize = 10;
/// Maximum number of terms; more would be slow to show, and no reader needs them.
const MAX_TERMS: usize = 300;
/// Maximum size of a window that is shown whole.
const MAX_WINDOW: usize = 100;
/// Above this size the sum of a softmax is not derived.
const MAX_SOFTMAX_TERMS: usize = 1 << 21;

/// Tensors of one example around a layer.
struct Values {
    input: Vec<f32>,
    output: Vec<f32>,
    weights: Vec<(&'static str, Vec<f32>)>,
}

impl Values {
    fn weight(&self, name: &str) -> &[f32] {
        self.weights.iter().find(|(own, _)| *own == name).map_or(&[], |(_, values)| values)
    }
}

struct Worked {
    state: State,
    layer: ResolvedLayer,
    /// Element of the output that is derived.
    at: RwSignal<usize>,
    /// Input channel whose terms are shown; `None`: the one that contributes most.
    group: RwSignal<Option<usize>>,
    shows_all: RwSignal<bool>,
    values: RefCell<Option<Values>>,
    version: RwSignal<u32>,
    canvas: HtmlCanvasElement,
}

pub fn formula_view(state: State, id: LayerId) -> Element {
    let (layers, _) = state.history.with_untracked(|history| catalogue::resolve_prefix(&history.spec()));
    let at = state.history.with_untracked(|history: &History| history.draft().position(id)).unwrap_or_default();
    let Some(layer) = layers.get(at).cloned() else { return place() };
    let before = at.checked_sub(1).and_then(|at| layers.get(at)).map(|layer| format!("{}.output", layer.name));
    el("div").class("formula-view").children(formulas(&layer)).child(worked_out(state, layer, before))
}

fn formulas(layer: &ResolvedLayer) -> Vec<Element> {
    let formula = layer.formula();
    let lines = |label: &'static str, formulas: &[String]| {
        // Long formulas scroll.
        let lines = formulas.iter().map(|formula| el("div").class("formula").math(formula));
        el("div").class("formulas").attr("role", "group").attr("tabindex", "0").label(label).children(lines)
    };
    let shapes = formula.symbols.iter().map(|(letter, shape)| format!("{letter} ∈ ℝ^{{{}}}", format::shape(shape)));
    let where_: Vec<String> = shapes.chain(formula.ranges.iter().cloned()).collect();
    let mut parts = vec![el("h3").tr("formula_forward"), lines("formula_forward", &formula.forward)];
    parts.push(lines("formula_symbols", &where_).attr("class", "formulas symbols"));
    parts.push(el("h3").tr("formula_backward"));
    parts.push(lines("formula_backward", &formula.backward));
    parts.push(el("p").class("help").tr("formula_gradient"));
    parts
}

fn worked_out(state: State, layer: ResolvedLayer, before: Option<String>) -> Element {
    let image = el("canvas")
        .class("tensor-image")
        .attr("role", "img")
        .attr("tabindex", "0")
        .attr_fn("aria-label", || t("pick_number"));
    let middle: Vec<usize> = match layer.output_shape[..] {
        [rows, columns, _] => vec![rows / 2, columns / 2, 0],
        _ => vec![0; layer.output_shape.len()],
    };
    let at = formula::index(&layer.output_shape, &middle);
    let worked = Rc::new(Worked {
        state,
        layer,
        at: RwSignal::new(at),
        group: RwSignal::new(None),
        shows_all: RwSignal::new(false),
        values: RefCell::new(None),
        version: RwSignal::new(0),
        canvas: image.canvas(),
    });
    let mut names: Vec<String> = before.iter().cloned().collect();
    names.push(format!("{}.output", worked.layer.name));
    names.extend(worked.layer.weights.iter().map(|weight| format!("{}.{}", worked.layer.name, weight.name)));
    let (drawn, framed, clicked, pressed) = (worked.clone(), worked.clone(), worked.clone(), worked.clone());
    let image = image
        .effect(move || drawn.draw())
        .on("click", move |event| clicked.pick(&event))
        .on("keydown", move |event| pressed.on_key(event.unchecked_ref()));
    let cursor = el("span").class("tensor-cursor").attr_fn("style", move || framed.frame());
    let (keyed, made, taken) = (worked.clone(), worked.clone(), worked.clone());
    let numbers = place().switch(
        move || {
            let parts = [keyed.version.get() as usize, keyed.at.get(), keyed.group.get().map_or(0, |group| group + 1)];
            let parts = parts.map(|part| part.to_string());
            format!("{} {}", parts.join(" "), keyed.shows_all.get())
        },
        move |_| made.numbers(),
    );
    let has_first = before.is_some();
    let watching = state.watch(names, move |tensors| taken.take(tensors, has_first));
    let scaled = StoredValue::new_local(worked.clone());
    let scale = Signal::derive(move || scaled.with_value(|worked| worked.scale()));
    let view = el("div")
        .child(el("h3").tr("one_number"))
        .child(el("p").class("help").tr("one_number_help"))
        .child(worked.fields())
        .child(el("div").class("tensor-place").child(image).child(cursor))
        .child(place().view(view! { <ScaleBar scale /> }))
        .child(worked.group_field())
        .child(numbers);
    watched(view, watching)
}

impl Worked {
    fn take(&self, tensors: &[TensorData], has_layer_before: bool) {
        let mut tensors = tensors.iter();
        let input = if has_layer_before {
            tensors.next().map(|tensor| tensor.values.clone()).unwrap_or_default()
        } else {
            self.state.looked_at_now().iter().map(|pixel| f32::from(*pixel) / 255.0).collect()
        };
        let output = tensors.next().map(|tensor| tensor.values.clone()).unwrap_or_default();
        let names = self.layer.weights.iter().map(|weight| weight.name);
        let weights = names.zip(tensors.map(|tensor| tensor.values.clone())).collect();
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        let fits = input.len() == size(&self.layer.input_shape) && output.len() == size(&self.layer.output_shape);
        // While an edit is on its way to the engine, its tensors are still those of the previous model.
        *self.values.borrow_mut() = fits.then_some(Values { input, output, weights });
        self.version.update(|version| *version += 1);
    }

    fn tiles(&self) -> Tiles {
        let shape = [&[1], &self.layer.output_shape[..]].concat();
        let tiles = Tiles::new(&shape, Role::Activations);
        if tiles.is_vector { tiles } else { tiles.only(self.place().last().copied().unwrap_or_default()) }
    }

    /// Returns the position of the derived element, by axis.
    fn place(&self) -> Vec<usize> {
        formula::place(&self.layer.output_shape, self.at.get_untracked())
    }

    fn draw(&self) {
        self.version.track();
        self.at.track();
        let is_dark = self.state.is_dark.get();
        if let Some(values) = &*self.values.borrow() {
            paint(&self.canvas, &self.tiles(), &values.output, scale_of(&values.output), is_dark);
        }
    }

    fn scale(&self) -> ColourScale {
        self.version.track();
        let limit = self.values.borrow().as_ref().map_or(0.0, |values| scale_of(&values.output));
        ColourScale { limit, mapping: Mapping::Root, is_dark: self.state.is_dark.get(), has_caps: false }
    }

    /// Returns the pixel of the derived element.
    fn pixel(&self) -> (usize, usize) {
        let tiles = self.tiles();
        match self.place()[..] {
            [row, column, _] => (column, row),
            _ => {
                let at = self.at.get_untracked();
                (at % tiles.width.max(1), at / tiles.width.max(1))
            }
        }
    }

    fn frame(&self) -> String {
        self.version.track();
        self.at.track();
        let [left, top, width, height] = frame(&self.tiles(), self.pixel());
        format!("left:{left};top:{top};width:{width};height:{height}")
    }

    fn pick(&self, event: &web_sys::Event) {
        let tiles = self.tiles();
        let (x, y) = pixel_under(&self.canvas, event.unchecked_ref(), &tiles);
        if let Some([.., index]) = tiles.at(x, y) {
            self.at.set(index);
        }
    }

    fn on_key(&self, event: &KeyboardEvent) {
        let (by_x, by_y) = match event.key().as_str() {
            "ArrowRight" => (1, 0),
            "ArrowLeft" => (-1, 0),
            "ArrowDown" => (0, 1),
            "ArrowUp" => (0, -1),
            _ => return,
        };
        event.prevent_default();
        let (x, y) = self.pixel();
        let next = x.checked_add_signed(by_x).zip(y.checked_add_signed(by_y));
        if let Some([.., index]) = next.and_then(|(x, y)| self.tiles().at(x, y)) {
            self.at.set(index);
        }
    }

    /// Makes one field per axis that shows and sets the derived element.
    fn fields(self: &Rc<Self>) -> Element {
        let axes: &[&'static str] = match self.layer.output_shape.len() {
            3 => &["axis_rows_one", "axis_columns_one", "axis_channels_one"],
            _ => &["axis_units_one"],
        };
        let fields = axes.iter().enumerate().map(|(axis, label)| {
            let (shown, set) = (self.clone(), self.clone());
            let value = move || {
                shown.at.track();
                shown.place().get(axis).copied().unwrap_or_default()
            };
            let change = move |to: usize| {
                let mut place = set.place();
                place[axis] = to.min(set.layer.output_shape[axis] - 1);
                set.at.set(formula::index(&set.layer.output_shape, &place));
            };
            small_number(label, self.layer.output_shape[axis], value, change)
        });
        el("div").class("number-fields").children(fields)
    }

    fn has_groups(&self) -> bool {
        self.layer.output_shape.len() == 3 && self.layer.input_shape.len() == 3 && self.derivation(0).groups.len() > 1
    }

    fn group_field(self: &Rc<Self>) -> Element {
        if !self.has_groups() {
            return place();
        }
        let (shown, set) = (self.clone(), self.clone());
        let channels = self.layer.input_shape.last().copied().unwrap_or(1);
        let value = move || {
            shown.version.track();
            shown.at.track();
            shown.group.get().unwrap_or_else(|| shown.largest_group())
        };
        let change = move |to: usize| set.group.set(Some(to.min(channels - 1)));
        el("div").class("number-fields").child(small_number("input_channel", channels, value, change))
    }

    fn derivation(&self, at: usize) -> Derivation {
        self.layer.derivation(at)
    }

    fn largest_group(&self) -> usize {
        let derivation = self.derivation(self.at.get_untracked());
        let values = self.values.borrow();
        let Some(values) = values.as_ref() else { return 0 };
        let trace = derivation.trace(&values.input, &|name| values.weight(name));
        let sizes = trace.groups.iter().map(|group| group.abs()).enumerate();
        sizes.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(at, _)| at)
    }

    /// Shows all terms of the number, and the number.
    fn numbers(self: &Rc<Self>) -> Option<Element> {
        let values = self.values.borrow();
        let values = values.as_ref()?;
        let derivation = self.derivation(self.at.get_untracked());
        let trace = derivation.trace(&values.input, &|name| values.weight(name));
        let group = self.group.get_untracked().unwrap_or_else(|| self.largest_group()).min(derivation.groups.len() - 1);
        let mut parts = Vec::new();
        if derivation.reduction != Reduction::Copy {
            parts.push(self.terms(values, &derivation, group));
            if derivation.groups.len() > 1 {
                parts.push(sums(&trace));
            }
        }
        parts.push(self.chain(values, &derivation, &trace));
        Some(place().children(parts))
    }

    fn terms(self: &Rc<Self>, values: &Values, derivation: &Derivation, group: usize) -> Element {
        let terms = &derivation.groups[group];
        let weights = derivation.weight.map(|name| values.weight(name)).unwrap_or_default();
        let contribution = |term: &Term| derivation.contribution(*term, &values.input, weights);
        let mut shown: Vec<&Term> = terms.iter().collect();
        let is_window = self.layer.input_shape.len() == 3;
        let limit = match (self.shows_all.get_untracked(), is_window && shown.len() <= MAX_WINDOW) {
            (true, _) => MAX_TERMS,
            (false, true) => MAX_WINDOW,
            (false, false) => FEW_TERMS,
        };
        if shown.len() > limit {
            // The largest ones first.
            shown.sort_by(|one, other| contribution(other).abs().total_cmp(&contribution(one).abs()));
        }
        shown.truncate(limit);
        let (rest, is_dark) = (terms.len() - shown.len(), self.state.is_dark.get_untracked());
        let scale = shown.iter().map(|term| contribution(term).abs()).fold(f32::MIN_POSITIVE, f32::max);
        let top = shown
            .iter()
            .filter(|term| term.input.is_some())
            .map(|term| contribution(term))
            .fold(f32::NEG_INFINITY, f32::max);
        let rows: Vec<Element> = shown
            .iter()
            .map(|term| {
                let place = match term.input {
                    None => t("padding_zero"),
                    Some(at) => match formula::place(&self.layer.input_shape, at)[..] {
                        [row, column, _] => [row, column].map(|at| at.to_string()).join(", "),
                        _ => at.to_string(),
                    },
                };
                let input = term.input.and_then(|at| values.input.get(at)).copied().unwrap_or_default();
                let product = contribution(term);
                let is_top = derivation.reduction == Reduction::Max && term.input.is_some() && product == top;
                let row =
                    el("tr").class(if is_top { "best" } else { "" }).child(el("th").attr("scope", "row").text(&place));
                let row = row.child(number_cell(input));
                if derivation.weight.is_none() {
                    return row;
                }
                let weight = weights.get(term.weight).copied().unwrap_or_default();
                let [red, green, blue, _] = colour(product / scale, is_dark);
                let swatch = el("i").class("swatch").attr("style", &format!("background:rgb({red} {green} {blue})"));
                row.child(number_cell(weight)).child(el("td").child(swatch).text(&format::value(product)))
            })
            .collect();
        let mut heads = vec!["term_place", "term_input"];
        if derivation.weight.is_some() {
            heads.extend(["term_weight", "term_product"]);
        }
        let head = el("tr").children(heads.into_iter().map(|head| el("th").attr("scope", "col").text(&t(head))));
        let caption = if derivation.groups.len() > 1 {
            t_with(
                "terms_of_channel",
                &[("channel", &group.to_string()), ("count", &derivation.groups.len().to_string())],
            )
        } else {
            t("terms")
        };
        let table = el("table")
            .class("numbers-table")
            .child(el("caption").text(&caption))
            .child(el("thead").child(head))
            .child(el("tbody").children(rows));
        let more = self.clone();
        let all = button("button quiet", move || more.shows_all.update(|shows| *shows = !*shows));
        let all = match (rest, self.shows_all.get_untracked()) {
            (0, false) => None,
            (_, true) => Some(all.text(&t("show_few"))),
            (_, false) => Some(all.text(&t_with("show_all", &[("count", &terms.len().min(MAX_TERMS).to_string())]))),
        };
        place().child(scroller("terms").child(table)).children(all)
    }

    /// Shows the steps from the sum to the output.
    fn chain(&self, values: &Values, derivation: &Derivation, trace: &Trace) -> Element {
        let count = derivation
            .groups
            .iter()
            .flatten()
            .filter(|term| term.input.is_some() || derivation.weight.is_some())
            .count();
        let count = [("count", &*count.to_string())];
        let first = match derivation.reduction {
            Reduction::Copy => t("derivation_copy"),
            Reduction::Sum => t_with("derivation_sum", &count),
            Reduction::Max => t_with("derivation_max", &count),
            Reduction::Mean => t_with("derivation_mean", &count),
        };
        let mut rows = vec![(first, Some(trace.reduced))];
        let number = |weight: &str, at: usize| values.weight(weight).get(at).copied();
        let mut last = String::new();
        for step in &derivation.steps {
            let name = |weight: &str, at: usize| format!("{weight}[{at}]");
            match step {
                Step::Add { weight, at } => rows.push((format!("+ {}", name(weight, *at)), number(weight, *at))),
                Step::Subtract { weight, at } => rows.push((format!("− {}", name(weight, *at)), number(weight, *at))),
                Step::Multiply { weight, at } => rows.push((format!("× {}", name(weight, *at)), number(weight, *at))),
                Step::DivideByRoot { weight, at, epsilon } => {
                    let root = format!("÷ √({} + {})", name(weight, *at), format::number(*epsilon));
                    rows.push((root, number(weight, *at)));
                }
                Step::Function(name) => last = format!("{name}(z) = "),
                Step::Softmax => {
                    if let Some(sum) = self.softmax_sum(values) {
                        rows.push(("z".to_owned(), Some(trace.last())));
                        rows.push(("Σ exp(z)".to_owned(), Some(sum)));
                    }
                    last = "exp(z) / Σ exp(z) = ".to_owned();
                }
            }
        }
        if matches!(derivation.steps.last(), Some(Step::Function(_))) {
            rows.push(("z".to_owned(), Some(trace.last())));
        }
        let place: Vec<String> = [0].into_iter().chain(self.place()).map(|at| at.to_string()).collect();
        let name = format!("{last}{}.output[{}]", self.layer.name, place.join(", "));
        let output = values.output.get(self.at.get_untracked()).copied();
        let row = |class: &str, label: &str, value: Option<f32>| {
            let value = value.map(format::value).unwrap_or_default();
            el("tr").class(class).child(el("th").attr("scope", "row").text(label)).child(el("td").text(&value))
        };
        let rows = rows.iter().map(|(label, value)| row("", label, *value));
        let body = el("tbody").children(rows).child(row("best", &name, output));
        el("table").class("numbers-table").child(el("caption").text(&t("result_of_terms"))).child(body)
    }

    /// Computes the sum by which a softmax divides, over the last axis.
    fn softmax_sum(&self, values: &Values) -> Option<f32> {
        let units = self.layer.output_shape.last().copied()?;
        let first = self.at.get_untracked() / units * units;
        let terms: usize = self.derivation(first).groups.iter().map(Vec::len).sum();
        if terms * units > MAX_SOFTMAX_TERMS {
            return None;
        }
        let weight = |name: &str| values.weight(name);
        let exponentials =
            (first..first + units).map(|at| self.derivation(at).trace(&values.input, &weight).last().exp());
        Some(exponentials.sum())
    }
}

fn number_cell(value: f32) -> Element {
    el("td").text(&format::value(value))
}

fn scroller(label: &'static str) -> Element {
    el("div").class("scroller").attr("tabindex", "0").attr("role", "group").label(label)
}

/// Shows the contribution of each input channel.
fn sums(trace: &Trace) -> Element {
    let rows =
        trace.groups.iter().enumerate().map(|(at, sum)| {
            el("tr").child(el("th").attr("scope", "row").text(&at.to_string())).child(number_cell(*sum))
        });
    let head = ["input_channel", "channel_sum"].map(|head| el("th").attr("scope", "col").text(&t(head)));
    let table = el("table")
        .class("numbers-table")
        .child(el("caption").text(&t("channel_sums")))
        .child(el("thead").child(el("tr").children(head)))
        .child(el("tbody").children(rows));
    scroller("channel_sums").child(table)
}

/// Makes a field for an integer below `count`.
fn small_number(
    label: &'static str,
    count: usize,
    value: impl Fn() -> usize + 'static,
    change: impl Fn(usize) + 'static,
) -> Element {
    let input = el("input")
        .class("input")
        .attr("type", "number")
        .attr("min", "0")
        .attr("max", &count.saturating_sub(1).to_string())
        .property("value", move || value().to_string().into())
        .on("input", move |event| {
            if let Ok(number) = event_text(&event).parse() {
                change(number);
            }
        });
    el("label").child(el("span").tr(label)).child(input)
}
