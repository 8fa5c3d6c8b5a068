//! The input: a pad to draw on, sample digits, and what the network makes of them.

use crate::tensor::limit;
use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, PointerEvent};

use crate::protocol::{Answer, Bulk, Command, Split};
use crate::ui::browser::{after_ms, context_2d, next_frame};
use crate::ui::digit::{Drawing, Point, SIDE};
use crate::ui::format;
use crate::ui::live::Live;
use crate::ui::state::{CLASSES, State, floats};
use crate::ui::text::{t, t_with};
use crate::ui::widgets::digit_image::digit_image;
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::icon::icon;
use crate::ui::widgets::{panel_header, place};

/// The side of the pad's canvas, in its own pixels.
const PAD: u32 = 448;

/// The pen, in units of the pad's side.
const PEN_RADIUS: f32 = 0.042;

const SAMPLES: u32 = 10;

/// A picture from the test images.
struct Sample {
    label: u32,
    pixels: Vec<u8>,
}

/// What is drawn or chosen, and what the network makes of it.
struct Input {
    drawing: Live<Drawing>,
    /// As the network gets it; empty: nothing.
    image: Live<Vec<u8>>,
    probabilities: Live<Option<Vec<f32>>>,
    samples: Live<Vec<Sample>>,
    /// Counts the choices of samples, so that views tell one from the next.
    samples_version: Cell<u32>,
    is_asking_samples: Cell<bool>,
    is_predicting: Cell<bool>,
    /// Counts the answers that were out of date when they came.
    stale: Live<u32>,
}

impl Input {
    fn clear(&self) {
        self.drawing.update(Drawing::clear);
        self.image.set(Vec::new());
    }

    fn choose(&self, sample: usize) {
        self.drawing.update(Drawing::clear);
        let pixels = self.samples.with_untracked(|samples| samples.get(sample).map(|sample| sample.pixels.clone()));
        self.image.set(pixels.unwrap_or_default());
    }
}

pub fn digit_panel(state: State) -> Element {
    let input = Rc::new(Input {
        drawing: Live::new(Drawing::default()),
        image: Live::new(Vec::new()),
        probabilities: Live::new(None),
        samples: Live::new(Vec::new()),
        samples_version: Cell::new(0),
        is_asking_samples: Cell::new(false),
        is_predicting: Cell::new(false),
        stale: Live::new(0),
    });
    let (cleared, shown, previewed, predicted) = (input.clone(), input.clone(), input.clone(), input.clone());
    let clear = button("button quiet", move || cleared.clear())
        .flag("disabled", move || shown.image.with(Vec::is_empty))
        .tr("clear");
    let preview = el("figure")
        .class("preview")
        .child(digit_image(state, move || previewed.image.get(), SIDE))
        .child(el("figcaption").tr("preview"));
    el("section")
        .class("panel digit")
        .attr("aria-labelledby", "digit-title")
        .child(panel_header("digit-title", "digit").child(el("div").class("panel-actions").child(clear)))
        .child(el("div").class("digit-input").child(pad(state, input.clone())).child(preview))
        .child(samples(state, input.clone()))
        .children(bars(&input))
        .effect(move || predict(state, &predicted))
}

/// Asks for new probabilities when the image or the weights change: one question at a time, at most 20 a second, and the
/// last image is never left out.
fn predict(state: State, input: &Rc<Input>) {
    const PAUSE_MS: i32 = 50;
    input.image.track();
    state.weights_version.track();
    input.stale.track();
    let pixels = input.image.get_untracked();
    if pixels.is_empty() {
        return input.probabilities.set(None);
    }
    if input.is_predicting.replace(true) {
        return;
    }
    let (input, answered) = (input.clone(), input.clone());
    let version = state.weights_version.get_untracked();
    let wait = move |pixels: Vec<u8>| {
        after_ms(PAUSE_MS, move || {
            input.is_predicting.set(false);
            let moved_on = input.image.with_untracked(|image| *image != pixels)
                || state.weights_version.get_untracked() != version;
            if moved_on {
                input.stale.update(|count| *count += 1);
            }
        });
    };
    let size = state.history.with_untracked(|history| history.draft().input_shape.iter().product::<usize>());
    if size != pixels.len() {
        return wait(pixels);
    }
    state.ask(Command::Predict, vec![Bulk::U8(pixels.clone())], move |outcome| {
        if let Ok((Answer::Probabilities { .. }, arrays)) = outcome {
            let answer = arrays.into_iter().find_map(floats);
            answered.probabilities.set(answer.filter(|_| answered.image.with_untracked(|image| !image.is_empty())));
        }
        wait(pixels);
    });
}

fn pad(state: State, input: Rc<Input>) -> Element {
    let side = PAD.to_string();
    let element =
        el("canvas").class("pad-canvas").attr("width", &side).attr("height", &side).attr("role", "img").label("pad");
    let canvas = element.canvas();
    let is_requested = Rc::new(Cell::new(false));
    let pen_is_down = Rc::new(Cell::new(false));
    let (drawn, shown) = (input.clone(), input.clone());
    let surface = canvas.clone();
    let draw_soon = move || {
        drawn.drawing.track();
        state.is_dark.track();
        if is_requested.replace(true) {
            return;
        }
        let (input, canvas, is_requested) = (drawn.clone(), surface.clone(), is_requested.clone());
        next_frame(move || {
            is_requested.set(false);
            input.drawing.with_untracked(|drawing| paint(&canvas, drawing, state.is_dark.get_untracked()));
        });
    };
    // A stroke begins where the pointer goes down and goes on where it moves.
    let pen = Rc::new(move |event: &PointerEvent, begins: bool| {
        event.prevent_default();
        let bounds = canvas.get_bounding_client_rect();
        if begins {
            // Without capture the stroke ends at the edge, which is no harm.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        let x = (event.client_x() as f64 - bounds.left()) / bounds.width();
        let y = (event.client_y() as f64 - bounds.top()) / bounds.height();
        let point = Point { x: limit(x, 0.0, 1.0) as f32, y: limit(y, 0.0, 1.0) as f32 };
        input.drawing.update(|drawing| if begins { drawing.begin(point) } else { drawing.extend(point) });
        input.image.set(input.drawing.with_untracked(|drawing| drawing.image(PEN_RADIUS)));
    });
    let (begin, extend) = (pen.clone(), pen);
    let (set_down, is_down, lifted, cancelled) =
        (pen_is_down.clone(), pen_is_down.clone(), pen_is_down.clone(), pen_is_down);
    let element = element
        .effect(draw_soon)
        .on("pointerdown", move |event| {
            let event: &PointerEvent = event.unchecked_ref();
            if event.button() == 0 {
                set_down.set(true);
                begin(event, true);
            }
        })
        .on("pointermove", move |event| {
            if is_down.get() {
                extend(event.unchecked_ref(), false);
            }
        })
        .on("pointerup", move |_| lifted.set(false))
        .on("pointercancel", move |_| cancelled.set(false));
    let hint = el("p").class("pad-hint").flag("hidden", move || !shown.drawing.with(Drawing::is_empty)).tr("pad_hint");
    el("div").class("pad").child(element).child(hint)
}

fn paint(canvas: &HtmlCanvasElement, drawing: &Drawing, is_dark: bool) {
    let Some(context) = context_2d(canvas) else { return };
    let side = PAD as f64;
    context.clear_rect(0.0, 0.0, side, side);
    context.set_line_cap("round");
    context.set_line_join("round");
    context.set_line_width(2.0 * PEN_RADIUS as f64 * side);
    context.set_stroke_style_str(if is_dark { "#eef0e8" } else { "#20282c" });
    for stroke in drawing.strokes() {
        context.begin_path();
        for (index, point) in stroke.iter().enumerate() {
            let (x, y) = (point.x as f64 * side, point.y as f64 * side);
            if index == 0 {
                context.move_to(x, y);
                // A line of no length still draws its round cap: a dot.
                context.line_to(x, y);
            } else {
                context.line_to(x, y);
            }
        }
        context.stroke();
    }
}

/// Other samples than those that are there.
fn load_samples(state: State, input: &Rc<Input>) {
    if input.is_asking_samples.replace(true) {
        return;
    }
    let seed = input.samples_version.get() + 1;
    input.samples_version.set(seed);
    let input = input.clone();
    let command = Command::Samples { split: Split::Test, label: None, count: SAMPLES, seed };
    state.ask(command, Vec::new(), move |outcome| {
        input.is_asking_samples.set(false);
        if let Ok((Answer::Samples { labels, height, width }, arrays)) = outcome {
            let size = (height * width).max(1) as usize;
            let pixels = arrays.iter().find_map(|bulk| match bulk {
                Bulk::U8(pixels) => Some(&pixels[..]),
                Bulk::F32(_) => None,
            });
            let images = pixels.unwrap_or_default().chunks_exact(size);
            let sample = |(label, pixels): (u32, &[u8])| Sample { label, pixels: pixels.to_vec() };
            input.samples.set(labels.into_iter().zip(images).map(sample).collect());
        }
    });
}

/// Digits of the test images, to be tried with a click.
fn samples(state: State, input: Rc<Input>) -> Element {
    let (asked, listed, shown, more) = (input.clone(), input.clone(), input.clone(), input);
    let has_test_images = move || state.data.with(|data| data.test_images > 0);
    let load_first = move || {
        if has_test_images() && asked.samples_version.get() == 0 {
            load_samples(state, &asked);
        }
    };
    let version = move || {
        if listed.samples.with(Vec::is_empty) { String::new() } else { listed.samples_version.get().to_string() }
    };
    let buttons = move |_: &str| {
        // Places are kept while the images are on their way, so that nothing moves when they come.
        let buttons = (0..SAMPLES as usize).map(|at| {
            let sample = shown.samples.with_untracked(|all| all.get(at).map(|one| (one.label, one.pixels.clone())));
            let Some((label, pixels)) = sample else { return el("span").class("sample sample-empty") };
            let chosen = shown.clone();
            button("sample", move || chosen.choose(at))
                .attr_fn("aria-label", move || t_with("sample", &[("label", &label.to_string())]))
                .child(digit_image(state, move || pixels.clone(), SIDE))
        });
        Some(place().children(buttons))
    };
    el("div")
        .class("samples")
        .attr("role", "group")
        .label("samples")
        .child(place().switch(version, buttons))
        .child(
            button("icon-button sample-more", move || load_samples(state, &more))
                .label("more_samples")
                .title("more_samples")
                .flag("disabled", move || !has_test_images())
                .child(icon("shuffle")),
        )
        .effect(load_first)
}

/// The probability of every class; always there, so that nothing moves when an answer comes.
fn bars(input: &Rc<Input>) -> [Element; 2] {
    let best = {
        let input = input.clone();
        move || {
            input.probabilities.with(|all| {
                let all = all.as_ref()?;
                (0..all.len()).max_by(|a, b| all[*a].total_cmp(&all[*b]))
            })
        }
    };
    let rows = (0..CLASSES).map(|class| {
        let (input, best) = (input.clone(), best.clone());
        let share = move || input.probabilities.with(|all| all.as_ref().and_then(|all| all.get(class).copied()));
        let length = share.clone();
        let fill = el("span")
            .class("bar-fill")
            .attr_fn("style", move || format::scale_x(f64::from(length().unwrap_or_default())));
        el("tr")
            .toggle("best", move || best() == Some(class))
            .child(el("th").attr("scope", "row").text(&class.to_string()))
            .child(el("td").class("bar-cell").child(el("span").class("bar-track").child(fill)))
            .child(
                el("td")
                    .class("bar-value")
                    .text_fn(move || share().map(|share| format::percent(share, 1)).unwrap_or_default()),
            )
    });
    let table = el("table")
        .class("bars")
        .child(el("caption").class("visually-hidden").tr("probabilities"))
        .child(el("tbody").children(rows));
    let verdict = move || match best() {
        None => t("draw_to_see"),
        Some(class) => t_with("looks_like", &[("label", &class.to_string())]),
    };
    [el("p").class("verdict").text_fn(verdict), table]
}
