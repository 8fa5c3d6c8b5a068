//! Test images with their predicted classes. Choosing one makes it the input.

use leptos::prelude::*;

use crate::ui::browser::{next_frame, scroll_to};
use crate::ui::components::digit_image::DigitImage;
use crate::ui::features::input::store::{Sample, Source};
use crate::ui::features::phone::Part;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::stores::results::TestResult;
use crate::ui::text::{t, t_with};

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

    /// Names the predicted class.
    fn predicted_text(&self, state: State) -> String {
        self.predicted.map_or_else(|| "–".to_owned(), |class| state.class_name(class as usize))
    }

    /// Names the true class.
    fn truth_text(&self, state: State) -> String {
        state.class_name(self.truth.into())
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

/// The first [`MAX_SHOWN`] of these images.
#[component]
pub fn Gallery(mut shown: Vec<Shown>) -> impl IntoView {
    shown.truncate(MAX_SHOWN);
    let state = use_state();
    let images = RwSignal::new(Vec::<Sample>::new());
    state.test_images(shown.iter().map(|one| one.index).collect(), move |samples| {
        // The gallery may have gone meanwhile.
        let _ = images.try_set(samples);
    });
    let (count, total) = (RwSignal::new(0), shown.len());
    grow(count, total);
    let shown = StoredValue::new(shown);
    view! {
        <ul class="gallery">
            <For each=move || 0..count.get().min(total) key=|at| *at let:at>
                <GalleryImage one=shown.with_value(|shown| shown[at]) sample=Signal::derive(move || images.with(|images| images.get(at).cloned())) />
            </For>
        </ul>
    }
}

/// Adds a few images per frame, because adding all at once would block the page.
fn grow(count: RwSignal<usize>, total: usize) {
    const AT_ONCE: usize = 8;
    let shown = count.try_update(|count| {
        *count += AT_ONCE;
        *count
    });
    if shown.is_some_and(|shown| shown < total) {
        next_frame(move || grow(count, total));
    }
}

#[component]
fn GalleryImage(one: Shown, sample: Signal<Option<Sample>>) -> impl IntoView {
    let state = use_state();
    let pick = move |_| {
        let Some(sample) = sample.get_untracked() else { return };
        state.show_sample(sample);
        let number = format::count(one.index as usize + 1);
        state.messages.announce(untrack(|| {
            let values = [("number", number.as_str()), ("label", &one.truth_text(state))];
            t_with(&state.digit_key("image_shown"), &values)
        }));
        state.screen.show(Part::Network);
        scroll_to("network");
    };
    let caption = move || format!("{} → {}", one.truth_text(state), one.predicted_text(state));
    let confidence = format::percent(one.confidence, 1);
    let name = move || {
        let values = [
            ("number", format::count(one.index as usize + 1)),
            ("true", one.truth_text(state)),
            ("predicted", one.predicted_text(state)),
            ("confidence", format::percent(one.confidence, 1)),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        t_with(&state.digit_key("gallery_image"), &values)
    };
    let is_shown =
        Memo::new(move |_| matches!(state.input.source().get(), Source::Test { index, .. } if index == one.index));
    view! {
        <li>
            <button
                type="button"
                class=if one.is_right() { "gallery-image" } else { "gallery-image wrong" }
                aria-label=name
                aria-pressed=move || if is_shown.get() { "true" } else { "false" }
                on:click=pick
            >
                <DigitImage pixels=Signal::derive(move || sample.get().map(|sample| sample.pixels).unwrap_or_default()) />
                <span>{caption}</span>
                <small>{confidence}</small>
            </button>
        </li>
    }
}

/// Note for a missing evaluation, with a button that starts one, and for an outdated one.
#[component]
pub fn EvaluationNote() -> impl IntoView {
    let state = use_state();
    let text = move || {
        let measured = state.results.latest().with(|result| result.as_ref().map(|result| result.step));
        let now = state.run.batch().with(|batch| batch.as_ref().map_or(0, |batch| batch.step));
        match measured {
            None if state.results.is_evaluating().get() => t("state_evaluating"),
            None => t("no_result_yet"),
            Some(step) if step == now => String::new(),
            Some(step) => {
                let [step, now] = [step, now].map(|step| format::count(step as usize));
                t_with("result_is_old", &[("step", &step), ("now", &now)])
            }
        }
    };
    view! {
        <p class="help evaluation-note" hidden=move || text().is_empty()>
            <span>{text}</span>
            <button
                type="button"
                class="button quiet"
                disabled=move || state.results.is_evaluating().get()
                on:click=move |_| state.evaluate()
            >
                {move || t("evaluate_now")}
            </button>
        </p>
    }
}
