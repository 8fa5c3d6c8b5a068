//! The input panel.

use chalkgrad_engine::data::DatasetKind;
use leptos::prelude::*;

use super::dataset::DatasetChoice;
use super::pad::Pad;
use super::plane::Plane;
use super::prediction::Prediction;
use super::preparation::Preparation;
use super::rows::Rows;
use super::samples::Samples;
use super::text::TextInput;
use crate::ui::components::digit_image::DigitImage;
use crate::ui::components::icon::Icon;
use crate::ui::components::panel_header::PanelHeader;
use crate::ui::features::input::digit::SIDE;
use crate::ui::features::input::picture;
use crate::ui::features::input::store::Source;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

#[component]
pub fn InputPanel() -> impl IntoView {
    let state = use_state();
    let is_empty = Memo::new(move |_| {
        state.input.image().with(Vec::is_empty) && state.input.sentence.text().with(String::is_empty)
    });
    let clear = move |_| {
        state.input.clear();
        if untrack(|| state.has_texts()) {
            state.show_text(String::new(), Source::Drawing);
        }
    };
    let truth = move || match state.input.source().get() {
        Source::Test { label, .. } => t_with("true_label", &[("label", &state.class_name(label.into()))]),
        _ => String::new(),
    };
    let kind = Memo::new(move |_| state.dataset().schema.kind());
    Effect::new(move |_| state.load_test_set());
    Effect::new(move |_| state.show_awaited());
    Effect::new(move |_| state.load_plane());
    view! {
        <section class="panel digit" aria-label=move || t("input")>
            <PanelHeader id="digit-title" title=Signal::derive(move || state.digit_key("digit"))>
                <div class="panel-actions">
                    <Show when=move || state.can_draw()>
                        <OpenPicture />
                    </Show>
                    <button
                        type="button"
                        class="button quiet"
                        disabled=is_empty
                        on:click=clear
                    >
                        {move || t("clear")}
                    </button>
                </div>
            </PanelHeader>
            <DatasetChoice />
            <div class="digit-input" hidden=move || !state.has_images()>
                <Pad />
                <figure class="preview">
                    <DigitImage pixels=move || state.input.image().get() width=SIDE />
                    <figcaption>
                        <span>{move || t("preview")}</span>
                        <span class="truth">{truth}</span>
                    </figcaption>
                </figure>
            </div>
            <Show when=move || state.can_draw()>
                <Preparation />
            </Show>
            <Show when=move || state.is_plane()>
                <Plane />
            </Show>
            {move || match kind.get() {
                DatasetKind::Image => view! { <Samples /> }.into_any(),
                DatasetKind::Text => view! { <TextInput /> }.into_any(),
                DatasetKind::Table => view! { <Rows /> }.into_any(),
            }}
            <Prediction />
        </section>
    }
}

/// A file field with a label that looks like a button.
#[component]
fn OpenPicture() -> impl IntoView {
    let state = use_state();
    let open = move |event: web_sys::Event| {
        let field: web_sys::HtmlInputElement = event_target(&event);
        if let Some(file) = field.files().and_then(|files| files.get(0)) {
            picture::open(state, file);
        }
        // Clearing the field lets the same file be chosen again.
        field.set_value("");
    };
    view! {
        <label class="icon-button file-button" title=move || t("open_picture_help")>
            <input
                class="visually-hidden"
                type="file"
                accept="image/*"
                aria-label=move || t("open_picture_help")
                on:change=open
            />
            <Icon name="picture" />
        </label>
    }
}
