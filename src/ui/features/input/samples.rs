//! A sample image of each class, and the way to the others of its class.

use leptos::prelude::*;

use crate::ui::components::digit_image::DigitImage;
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::input::digit::SIDE;
use crate::ui::features::input::store::{Sample, Source};
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

#[component]
pub fn Samples() -> impl IntoView {
    let state = use_state();
    let is_drawing = Memo::new(move |_| !matches!(state.input.source().get(), Source::Test { .. }));
    let classes = Memo::new(move |_| state.dataset().schema.target.class_names().len());
    let position = move || {
        let Source::Test { index, label } = state.input.source().get() else { return t("samples_hint") };
        state.input.test_labels().with(|labels| {
            let count = labels.iter().filter(|other| **other == label).count();
            let place = labels.iter().take(index as usize + 1).filter(|other| **other == label).count();
            let (place, count) = (format::count(place), format::count(count));
            t_with(
                &state.digit_key("sample_position"),
                &[("label", &state.class_name(label.into())), ("place", &place), ("count", &count)],
            )
        })
    };
    view! {
        <div class="samples-box" role="group" aria-label=move || t(&state.digit_key("samples"))>
            <div class="samples">
                <For each=move || 0..classes.get() as u8 key=|class| *class let:class>
                    <SampleButton class />
                </For>
            </div>
            <div class="samples-way">
                <IconButton
                    text="previous_sample"
                    icon="left"
                    disabled=is_drawing
                    on_click=move || state.show_neighbour(false)
                />
                <span role="status">{position}</span>
                <IconButton
                    text="next_sample"
                    icon="right"
                    disabled=is_drawing
                    on_click=move || state.show_neighbour(true)
                />
            </div>
        </div>
    }
}

/// Button that shows the sample of a class; a second click shows another image of the class.
#[component]
fn SampleButton(class: u8) -> impl IntoView {
    let state = use_state();
    let sample = Memo::new(move |_| {
        state.input.samples().with(|samples| samples.iter().find(|sample: &&Sample| sample.label == class).cloned())
    });
    let is_shown =
        Memo::new(move |_| matches!(state.input.source().get(), Source::Test { label, .. } if label == class));
    let choose = move |_| match sample.get_untracked() {
        Some(_) if is_shown.get_untracked() => state.show_neighbour(true),
        Some(sample) => state.show_sample(sample),
        None => {}
    };
    view! {
        <button
            type="button"
            class="sample"
            aria-label=move || t_with(&state.digit_key("sample"), &[("label", &state.class_name(class.into()))])
            aria-pressed=move || if is_shown.get() { "true" } else { "false" }
            disabled=move || sample.with(Option::is_none)
            on:click=choose
        >
            <DigitImage
                pixels=move || sample.get().map(|sample| sample.pixels).unwrap_or_default()
                width=SIDE
            />
        </button>
    }
}
