//! The input: a pad to draw on, sample digits, and what the network makes of them.

use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::protocol::{Answer, Bulk, Command, Split};
use crate::ui::app::Theme;
use crate::ui::digit::{Drawing, Point, SIDE};
use crate::ui::format;
use crate::ui::state::{CLASSES, State, floats};
use crate::ui::text::{t, t_with, tr};
use crate::ui::widgets::digit_image::DigitImage;
use crate::ui::widgets::icon::icon;

/// The side of the pad's canvas, in its own pixels.
const PAD: u32 = 448;

/// The pen, in units of the pad's side.
const PEN_RADIUS: f32 = 0.042;

const SAMPLES: u32 = 10;

/// A picture from the test images.
#[derive(Clone, PartialEq)]
struct Sample {
    label: u32,
    pixels: Vec<u8>,
}

#[component]
pub fn DigitPanel() -> impl IntoView {
    let state = expect_context::<State>();
    let theme = expect_context::<Theme>();
    let image = RwSignal::new(Vec::<u8>::new());
    let probabilities = RwSignal::new(None::<Vec<f32>>);
    let samples = RwSignal::new(Vec::<Sample>::new());
    let drawing = RwSignal::new(Drawing::default());
    predict_on_change(state, image, probabilities);
    let clear = move |_| {
        drawing.update(Drawing::clear);
        image.set(Vec::new());
    };
    let choose = move |sample: Sample| {
        drawing.update(Drawing::clear);
        image.set(sample.pixels);
    };
    let is_dark = theme.is_dark;
    view! {
        <section class="panel digit" aria-labelledby="digit-title">
            <header class="panel-header">
                <h2 id="digit-title">{tr("digit")}</h2>
                <div class="panel-actions">
                    <button type="button" class="button quiet" disabled=move || image.with(Vec::is_empty) on:click=clear>
                        {tr("clear")}
                    </button>
                </div>
            </header>
            <div class="digit-input">
                <Pad drawing=drawing image=image/>
                <figure class="preview">
                    <DigitImage pixels=image width=SIDE is_dark=is_dark/>
                    <figcaption>{tr("preview")}</figcaption>
                </figure>
            </div>
            <Samples samples=samples choose=choose/>
            <Bars probabilities=probabilities/>
        </section>
    }
    .into_any()
}

/// Asks for new probabilities when the image or the weights change: one question at a time, at most 20 a second, and the
/// last image is never left out.
fn predict_on_change(state: State, image: RwSignal<Vec<u8>>, probabilities: RwSignal<Option<Vec<f32>>>) {
    const PAUSE: Duration = Duration::from_millis(50);
    let is_busy = StoredValue::new(false);
    let is_stale = RwSignal::new(0u32);
    Effect::new(move |_| {
        image.track();
        state.weights_version.track();
        is_stale.track();
        if image.with_untracked(Vec::is_empty) {
            probabilities.set(None);
            return;
        }
        let was_busy = is_busy.try_update_value(|busy| std::mem::replace(busy, true)).unwrap_or(true);
        if was_busy {
            return;
        }
        let pixels = image.get_untracked();
        let version = state.weights_version.get_untracked();
        spawn_local(async move {
            let fits = state.history.with_untracked(|history| history.draft().input_shape.iter().product::<usize>())
                == pixels.len();
            if fits
                && let Ok((Answer::Probabilities { .. }, arrays)) =
                    state.client().request(Command::Predict, vec![Bulk::U8(pixels.clone())]).await
            {
                let answer = arrays.into_iter().find_map(floats);
                probabilities.set(answer.filter(|_| image.with_untracked(|image| !image.is_empty())));
            }
            set_timeout(
                move || {
                    is_busy.set_value(false);
                    let moved_on = image.with_untracked(|image| *image != pixels)
                        || state.weights_version.get_untracked() != version;
                    if moved_on {
                        is_stale.update(|count| *count += 1);
                    }
                },
                PAUSE,
            );
        });
    });
}

#[component]
fn Pad(drawing: RwSignal<Drawing>, image: RwSignal<Vec<u8>>) -> impl IntoView {
    let theme = expect_context::<Theme>();
    let canvas = NodeRef::<Canvas>::new();
    let pen_is_down = StoredValue::new(false);
    let is_requested = StoredValue::new(false);
    Effect::new(move |_| {
        drawing.track();
        theme.is_dark.track();
        if is_requested.get_value() {
            return;
        }
        is_requested.set_value(true);
        request_animation_frame(move || {
            is_requested.set_value(false);
            if let Some(canvas) = canvas.get_untracked() {
                drawing.with_untracked(|drawing| paint(&canvas, drawing, theme.is_dark.get_untracked()));
            }
        });
    });
    let point = move |event: &ev::PointerEvent| {
        let bounds = canvas.get_untracked()?.get_bounding_client_rect();
        let x = (event.client_x() as f64 - bounds.left()) / bounds.width();
        let y = (event.client_y() as f64 - bounds.top()) / bounds.height();
        Some(Point { x: x.clamp(0.0, 1.0) as f32, y: y.clamp(0.0, 1.0) as f32 })
    };
    let publish = move || image.set(drawing.with_untracked(|drawing| drawing.image(PEN_RADIUS)));
    let down = move |event: ev::PointerEvent| {
        if event.button() != 0 {
            return;
        }
        event.prevent_default();
        if let Some(canvas) = canvas.get_untracked() {
            // Without capture the stroke ends at the edge, which is no harm.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        if let Some(point) = point(&event) {
            pen_is_down.set_value(true);
            drawing.update(|drawing| drawing.begin(point));
            publish();
        }
    };
    let moved = move |event: ev::PointerEvent| {
        if !pen_is_down.get_value() {
            return;
        }
        event.prevent_default();
        if let Some(point) = point(&event) {
            drawing.update(|drawing| drawing.extend(point));
            publish();
        }
    };
    let up = move |_: ev::PointerEvent| pen_is_down.set_value(false);
    view! {
        <div class="pad">
            <canvas
                class="pad-canvas"
                width=PAD
                height=PAD
                role="img"
                aria-label=tr("pad")
                node_ref=canvas
                on:pointerdown=down
                on:pointermove=moved
                on:pointerup=up
                on:pointercancel=up
            ></canvas>
            <p class="pad-hint" hidden=move || !drawing.with(Drawing::is_empty)>{tr("pad_hint")}</p>
        </div>
    }
    .into_any()
}

fn paint(canvas: &HtmlCanvasElement, drawing: &Drawing, is_dark: bool) {
    let context = canvas.get_context("2d").ok().flatten();
    let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok()) else { return };
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

/// Digits of the test images, to be tried with a click.
#[component]
fn Samples(samples: RwSignal<Vec<Sample>>, choose: impl Fn(Sample) + Copy + Send + Sync + 'static) -> impl IntoView {
    let state = expect_context::<State>();
    let theme = expect_context::<Theme>();
    let seed = StoredValue::new(1u32);
    let is_asking = StoredValue::new(false);
    let load = move || {
        if is_asking.get_value() {
            return;
        }
        is_asking.set_value(true);
        let current = seed.try_update_value(|seed| std::mem::replace(seed, *seed + 1)).unwrap_or_default();
        spawn_local(async move {
            let command = Command::Samples { split: Split::Test, label: None, count: SAMPLES, seed: current };
            let answer = state.client().request(command, Vec::new()).await;
            is_asking.set_value(false);
            if let Ok((Answer::Samples { labels, height, width }, arrays)) = answer {
                let size = (height * width).max(1) as usize;
                let pixels = arrays.iter().find_map(|bulk| match bulk {
                    Bulk::U8(pixels) => Some(&pixels[..]),
                    Bulk::F32(_) => None,
                });
                let images = pixels.unwrap_or_default().chunks_exact(size).map(<[u8]>::to_vec);
                samples.set(labels.into_iter().zip(images).map(|(label, pixels)| Sample { label, pixels }).collect());
            }
        });
    };
    let has_test_images = Memo::new(move |_| state.data.with(|data| data.test_images > 0));
    Effect::new(move |_| {
        if has_test_images.get() && samples.with_untracked(Vec::is_empty) {
            load();
        }
    });
    let buttons = move || {
        let mut samples = samples.get().into_iter();
        // Places are kept while the images are on their way, so that nothing moves when they come.
        (0..SAMPLES)
            .map(|_| match samples.next() {
                None => view! { <span class="sample sample-empty"></span> }.into_any(),
                Some(sample) => {
                    let label = sample.label.to_string();
                    let pixels = sample.pixels.clone();
                    let name = Signal::derive(move || t_with("sample", &[("label", &label)]));
                    view! {
                        <button type="button" class="sample" aria-label=name on:click=move |_| choose(sample.clone())>
                            <DigitImage pixels=Signal::stored(pixels) width=SIDE is_dark=theme.is_dark/>
                        </button>
                    }
                    .into_any()
                }
            })
            .collect_view()
    };
    view! {
        <div class="samples" role="group" aria-label=tr("samples")>
            {buttons}
            <button
                type="button"
                class="icon-button sample-more"
                aria-label=tr("more_samples")
                title=tr("more_samples")
                disabled=Signal::derive(move || !has_test_images.get())
                on:click=move |_| load()
            >
                {icon("shuffle")}
            </button>
        </div>
    }
    .into_any()
}

/// The probability of every class; always there, so that nothing moves when an answer comes.
#[component]
fn Bars(probabilities: RwSignal<Option<Vec<f32>>>) -> impl IntoView {
    let best = Memo::new(move |_| {
        probabilities.with(|all| {
            let all = all.as_ref()?;
            (0..all.len()).max_by(|a, b| all[*a].total_cmp(&all[*b]))
        })
    });
    let rows = (0..CLASSES)
        .map(|class| {
            let share =
                Memo::new(move |_| probabilities.with(|all| all.as_ref().and_then(|all| all.get(class).copied())));
            let text = Signal::derive(move || share.get().map_or_else(String::new, |share| format::percent(share, 1)));
            let style =
                Signal::derive(move || format!("transform:scaleX({:.3})", share.get().unwrap_or(0.0).clamp(0.0, 1.0)));
            view! {
                <tr class:best=move || best.get() == Some(class)>
                    <th scope="row">{class}</th>
                    <td class="bar-cell"><span class="bar-track"><span class="bar-fill" style=style></span></span></td>
                    <td class="bar-value">{text}</td>
                </tr>
            }
        })
        .collect_view();
    let verdict = Signal::derive(move || match best.get() {
        None => t("draw_to_see"),
        Some(class) => t_with("looks_like", &[("label", &class.to_string())]),
    });
    view! {
        <p class="verdict">{verdict}</p>
        <table class="bars">
            <caption class="visually-hidden">{tr("probabilities")}</caption>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
