//! A tensor of the network as an image that follows training: values under the pointer or the keyboard's cursor, one
//! tile enlarged at a time, and the distribution of the numbers.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, KeyboardEvent};

use super::element::{Element, button, el};
use super::tensor_canvas::{colour, frame, paint, pixel_under, scale_of};
use crate::ui::browser::{InView, context_2d};
use crate::ui::format;
use crate::ui::histogram::Histogram;
use crate::ui::live::Live;
use crate::ui::state::State;
use crate::ui::tensor_image::{Role, Tiles};
use crate::ui::text::{t, t_with};
use crate::ui::watch::Subscriptions;
use chalkgrad_engine::protocol::responses::TensorData;

const BINS: usize = 48;

struct Shown {
    role: Role,
    canvas: HtmlCanvasElement,
    values: RefCell<Option<(Tiles, Vec<f32>)>>,
    /// Largest magnitude; 0 while there are no values.
    scale: Live<f32>,
    /// Counter of readings.
    version: Live<u32>,
    has_none: Live<bool>,
    /// Tile, row, column and index in the tensor.
    cursor: Live<Option<[usize; 4]>>,
    alone: Live<Option<usize>>,
}

/// Watches the tensors while the element is mounted and in view.
pub fn watched(element: Element, watching: Rc<Subscriptions>) -> Element {
    let weak = Rc::downgrade(&watching);
    let in_view = InView::follow(&element.node(), move |is_seen| {
        if let Some(watching) = weak.upgrade() {
            watching.set_seen(is_seen);
        }
    });
    element.keep(watching).keep(in_view)
}

pub fn tensor_view(state: State, name: &str, role: Role) -> Element {
    let image = el("canvas")
        .class("tensor-image")
        .attr("role", "img")
        .attr("aria-label", name)
        .attr("tabindex", "0")
        .attr("aria-describedby", "tensor-readout");
    let shown = Rc::new(Shown {
        role,
        canvas: image.canvas(),
        values: RefCell::new(None),
        scale: Live::new(0.0),
        version: Live::new(0),
        has_none: Live::new(false),
        cursor: Live::new(None),
        alone: Live::new(None),
    });
    let with = |run: fn(&Shown, &web_sys::Event)| {
        let shown = shown.clone();
        move |event: web_sys::Event| run(&shown, &event)
    };
    let drawn = shown.clone();
    let image = image
        .effect(move || drawn.draw(state.is_dark.get()))
        .on("pointermove", with(|shown, event| shown.cursor.set(shown.place(event))))
        .on("pointerleave", with(|shown, _| shown.cursor.set(None)))
        .on("click", with(|shown, event| shown.enlarge(shown.place(event))))
        .on("keydown", with(|shown, event| shown.on_key(event.unchecked_ref())));
    let (named, framed, scaled, failed, left, is_alone) =
        (shown.clone(), shown.clone(), shown.clone(), shown.clone(), shown.clone(), shown.clone());
    let cursor = el("span").class("tensor-cursor").attr_fn("style", move || framed.frame());
    let all = button("button quiet", move || left.alone.set(None))
        .flag("hidden", move || is_alone.alone.get().is_none())
        .tr("all_images");
    let scale = move || match scaled.scale.get() {
        0.0 => String::new(),
        scale => t_with("tensor_scale", &[("scale", &format::value(scale))]),
    };
    let figure = el("figure")
        .class("tensor")
        .child(
            el("figcaption").child(el("code").text(name)).child(
                el("span")
                    .class("tensor-readout")
                    .id("tensor-readout")
                    .attr("aria-live", "polite")
                    .text_fn(move || named.readout()),
            ),
        )
        .child(el("div").class("tensor-place").child(image).child(cursor))
        .child(all)
        .child(legend())
        .child(el("p").class("help").text_fn(scale))
        .child(el("p").class("help").text_fn(move || failed.problem()))
        .child(histogram(state, &shown));
    let watching = state.watch(vec![name.to_owned()], move |tensors| shown.take(&tensors[0]));
    watched(figure, watching)
}

/// Shows the diverging palette.
pub fn legend() -> Element {
    el("div").class("tensor-scale").attr("aria-hidden", "true")
}

fn histogram(state: State, shown: &Rc<Shown>) -> Element {
    let bars = el("canvas").class("histogram").attr("aria-hidden", "true");
    let (canvas, counted, summed) = (bars.canvas(), shown.clone(), shown.clone());
    let count = |shown: &Shown| {
        shown.version.track();
        shown.values.borrow().as_ref().map(|(_, values)| Histogram::new(values, BINS))
    };
    let bars = bars.effect(move || {
        let is_dark = state.is_dark.get();
        if let Some(histogram) = count(&counted) {
            draw_bars(&canvas, &histogram, is_dark);
        }
    });
    let summary = move || match count(&summed) {
        Some(histogram) if histogram.total > 0 => {
            let zeros = format::percent(histogram.zeros as f32 / histogram.total as f32, 1);
            let number = format::value;
            t_with(
                "tensor_summary",
                &[
                    ("low", &number(histogram.low)),
                    ("high", &number(histogram.high)),
                    ("mean", &number(histogram.mean)),
                    ("deviation", &number(histogram.deviation)),
                    ("zeros", &zeros),
                ],
            )
        }
        _ => String::new(),
    };
    el("div").class("histogram-place").child(bars).child(el("p").class("help").text_fn(summary))
}

fn draw_bars(canvas: &HtmlCanvasElement, histogram: &Histogram, is_dark: bool) {
    const HEIGHT: f64 = 48.0;
    const BAR: f64 = 5.0;
    let width = BAR * histogram.counts.len() as f64;
    canvas.set_width(width as u32);
    canvas.set_height(HEIGHT as u32);
    let Some(context) = context_2d(canvas) else { return };
    let scale = histogram.low.abs().max(histogram.high.abs()).max(f32::MIN_POSITIVE);
    for (bin, height) in histogram.heights().enumerate() {
        // Near zero the palette is as pale as the ground, so bars there get at least a little colour.
        let share = histogram.middle(bin) / scale;
        let [red, green, blue, _] = colour(if share < 0.0 { share.min(-0.15) } else { share.max(0.15) }, is_dark);
        context.set_fill_style_str(&format!("rgb({red} {green} {blue})"));
        let height = f64::from(height) * HEIGHT;
        context.fill_rect(bin as f64 * BAR, HEIGHT - height, BAR - 1.0, height);
    }
}

impl Shown {
    fn take(&self, tensor: &TensorData) {
        self.has_none.set(tensor.values.is_empty());
        if tensor.values.is_empty() {
            return;
        }
        let scale = scale_of(&tensor.values);
        *self.values.borrow_mut() = Some((Tiles::new(&tensor.shape, self.role), tensor.values.clone()));
        self.version.update(|version| *version += 1);
        self.scale.set(scale);
    }

    fn draw(&self, is_dark: bool) {
        self.version.track();
        let alone = self.alone.get();
        if let Some((tiles, values)) = &*self.values.borrow() {
            paint(&self.canvas, &alone.map_or(*tiles, |tile| tiles.only(tile)), values, scale_of(values), is_dark);
        }
    }

    /// Returns the tiles as they are shown now.
    fn tiles(&self) -> Option<Tiles> {
        let tiles = self.values.borrow().as_ref().map(|(tiles, _)| *tiles)?;
        Some(self.alone.get_untracked().map_or(tiles, |tile| tiles.only(tile)))
    }

    /// Returns the position under the pointer.
    fn place(&self, event: &web_sys::Event) -> Option<[usize; 4]> {
        let tiles = self.tiles()?;
        let (x, y) = pixel_under(&self.canvas, event.unchecked_ref(), &tiles);
        tiles.at(x, y)
    }

    /// Enlarges one tile, or shows all of them again.
    fn enlarge(&self, place: Option<[usize; 4]>) {
        let has_many = self.values.borrow().as_ref().is_some_and(|(tiles, _)| tiles.count > 1);
        let next = match (self.alone.get_untracked(), place) {
            (None, Some([tile, ..])) if has_many => Some(tile),
            _ => None,
        };
        self.alone.set(next);
    }

    fn on_key(&self, event: &KeyboardEvent) {
        let Some(tiles) = self.tiles() else { return };
        let (by_x, by_y): (isize, isize) = match event.key().as_str() {
            "ArrowRight" => (1, 0),
            "ArrowLeft" => (-1, 0),
            "ArrowDown" => (0, 1),
            "ArrowUp" => (0, -1),
            "Enter" | " " => {
                event.prevent_default();
                return self.enlarge(self.cursor.get_untracked());
            }
            "Escape" if self.alone.get_untracked().is_some() => return self.alone.set(None),
            _ => return,
        };
        event.prevent_default();
        let next = match self.cursor.get_untracked() {
            None => tiles.at(0, 0),
            Some([tile, row, column, _]) => {
                let (x, y) = tiles.position([tile, row, column]);
                // There is an unused pixel between two tiles.
                (1..=2)
                    .find_map(|step| tiles.at(x.checked_add_signed(by_x * step)?, y.checked_add_signed(by_y * step)?))
            }
        };
        if next.is_some() {
            self.cursor.set(next);
        }
    }

    fn frame(&self) -> String {
        self.version.track();
        self.alone.track();
        match (self.cursor.get(), self.tiles()) {
            (Some([tile, row, column, _]), Some(tiles)) => frame(&tiles, tiles.position([tile, row, column])),
            _ => "display:none".to_owned(),
        }
    }

    fn problem(&self) -> String {
        if self.has_none.get() { t("no_value_yet") } else { String::new() }
    }

    fn readout(&self) -> String {
        self.version.track();
        let Some([tile, row, column, index]) = self.cursor.get() else { return String::new() };
        let values = self.values.borrow();
        let Some((tiles, values)) = values.as_ref() else { return String::new() };
        let Some(value) = values.get(index).copied() else { return String::new() };
        let value = format::value(value);
        if tiles.is_vector {
            return t_with("tensor_unit", &[("unit", &index.to_string()), ("value", &value)]);
        }
        let [tile, row, column] = [tile, row, column].map(|at| at.to_string());
        t_with("tensor_value", &[("tile", &tile), ("row", &row), ("column", &column), ("value", &value)])
    }
}
