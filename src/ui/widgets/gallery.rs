//! Test images with their predicted classes. Choosing one makes it the input.

use std::rc::Rc;

use super::digit_image::digit_image;
use super::element::{Element, button, el};
use super::place;
use crate::ui::browser::{next_frame, scroll_to};
use crate::ui::digit::SIDE;
use crate::ui::format;
use crate::ui::input::{Sample, Source};
use crate::ui::state::{State, TestResult};
use crate::ui::text::{t_once, t_with};
use leptos::prelude::*;

/// Maximum number of images shown at a time.
pub const MAX_SHOWN: usize = 60;

/// Evaluated image.
#[derive(Clone, Copy)]
pub struct Shown {
    pub index: u32,
    pub truth: u8,
    /// `None` where the network gave no answer.
    pub predicted: Option<u32>,
    pub confidence: f32,
}

impl Shown {
    pub fn is_right(&self) -> bool {
        self.predicted == Some(self.truth.into())
    }

    pub fn predicted_text(&self) -> String {
        self.predicted.map_or_else(|| "–".to_owned(), |class| class.to_string())
    }

    /// Iterates over all evaluated images in order.
    pub fn all(result: &TestResult) -> impl Iterator<Item = Self> {
        let images = result.labels.iter().zip(&result.predicted).zip(&result.confidence);
        images.enumerate().map(|(index, ((truth, predicted), confidence))| Self {
            index: index as u32,
            truth: *truth,
            predicted: *predicted,
            confidence: *confidence,
        })
    }
}

/// Shows the first [`MAX_SHOWN`] of these images.
pub fn gallery(state: State, mut shown: Vec<Shown>) -> Element {
    shown.truncate(MAX_SHOWN);
    let images: Rc<RwSignal<Vec<Sample>>> = Rc::new(RwSignal::new(Vec::new()));
    let arrived = images.clone();
    state.test_images(shown.iter().map(|one| one.index).collect(), move |samples| arrived.set(samples));
    let count = Rc::new(RwSignal::new(0));
    let total = shown.len();
    grow(count.clone(), total);
    el("ul").class("gallery").keyed(
        move || (0..count.get().min(total) as u32).collect(),
        move |at| item(state, images.clone(), at as usize, shown[at as usize]),
    )
}

/// Adds a few images per frame, because adding all at once would block the page.
fn grow(count: Rc<RwSignal<usize>>, total: usize) {
    const AT_ONCE: usize = 8;
    count.update(|count| *count += AT_ONCE);
    if count.get_untracked() < total {
        next_frame(move || grow(count, total));
    }
}

fn item(state: State, images: Rc<RwSignal<Vec<Sample>>>, at: usize, one: Shown) -> Element {
    let drawn = images.clone();
    let pick = move || {
        let Some(sample) = images.with_untracked(|images| images.get(at).cloned()) else { return };
        state.show_sample(sample);
        let number = format::count(one.index as usize + 1);
        state.announcement.set(t_once("image_shown", &[("number", &number), ("label", &one.truth.to_string())]));
        scroll_to("network");
    };
    let (truth, predicted) = (one.truth.to_string(), one.predicted_text());
    let confidence = format::percent(one.confidence, 1);
    let caption = format!("{truth} → {predicted}");
    let name = {
        let confidence = confidence.clone();
        move || {
            let number = format::count(one.index as usize + 1);
            let values =
                [("number", number.as_str()), ("true", &truth), ("predicted", &predicted), ("confidence", &confidence)];
            t_with("gallery_image", &values)
        }
    };
    let is_shown = move || matches!(state.input.source.get(), Source::Test { index, .. } if index == one.index);
    let pixels = move || drawn.with(|images| images.get(at).map(|image| image.pixels.clone())).unwrap_or_default();
    el("li").child(
        button(if one.is_right() { "gallery-image" } else { "gallery-image wrong" }, pick)
            .attr_fn("aria-label", name)
            .bool_attr("aria-pressed", is_shown)
            .child(digit_image(state, pixels, SIDE))
            .child(el("span").text(&caption))
            .child(el("small").text(&confidence)),
    )
}

/// Makes the note for a missing evaluation, with a button that starts one, and for an outdated one.
pub fn evaluation_note(state: State) -> Element {
    let has_result = move || state.result.with(Option::is_some);
    let text = move || match state.result.with(|result| result.as_ref().map(|result| result.step)) {
        None if state.is_evaluating.get() => crate::ui::text::t("state_evaluating"),
        None => crate::ui::text::t("no_result_yet"),
        Some(step) => {
            let now = state.batch.with(|batch| batch.as_ref().map_or(0, |batch| batch.step));
            let values = [("step", format::count(step as usize)), ("now", format::count(now as usize))];
            let [step, now] = &values;
            if step.1 == now.1 { String::new() } else { t_with("result_is_old", &[(step.0, &step.1), (now.0, &now.1)]) }
        }
    };
    let is_current = move || has_result() && text().is_empty();
    place().child(
        el("p").class("help evaluation-note").flag("hidden", is_current).child(el("span").text_fn(text)).child(
            button("button quiet", move || state.evaluate())
                .flag("disabled", move || state.is_evaluating.get())
                .attr_fn("aria-label", || crate::ui::text::t("evaluate_now"))
                .tr("evaluate_now"),
        ),
    )
}
