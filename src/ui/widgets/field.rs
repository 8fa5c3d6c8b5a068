//! Rows of a form: a label, a control, help, and what is wrong with the value.

use leptos::prelude::*;

use crate::model::catalogue::SettingKind;
use crate::ui::fields::stepped;
use crate::ui::text::{t, t_or_empty};

/// One row. `id` is the control's; the row's help and error are tied to it as `<id>-help` and `<id>-error`.
#[component]
pub fn Row(
    id: String,
    #[prop(into)] label: String,
    #[prop(into)] help: String,
    #[prop(into)] error: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    let help_id = format!("{id}-help");
    let error_id = format!("{id}-error");
    let label_key = label;
    let title = {
        let help = help.clone();
        move || t_or_empty(&help)
    };
    view! {
        <div class="row" title=title>
            <label for=id>{move || t(&label_key)}</label>
            <div class="row-controls">{children()}</div>
            <span class="visually-hidden" id=help_id>{move || t_or_empty(&help)}</span>
            <p class="row-error" id=error_id role="alert" hidden=move || error.with(Option::is_none)>
                {move || error.get()}
            </p>
        </div>
    }
    .into_any()
}

/// A text field for a number. Arrow keys step it; every change is reported at once.
#[component]
pub fn NumberInput(
    id: String,
    /// The id of the row, for help and error.
    row: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] invalid: Signal<bool>,
    kind: SettingKind,
    #[prop(optional, into)] placeholder: MaybeProp<String>,
    #[prop(optional, into)] name: MaybeProp<String>,
    on_input: impl Fn(String) + Clone + 'static,
    on_done: impl Fn() + 'static,
) -> impl IntoView {
    let described = format!("{row}-help {row}-error");
    let on_step = on_input.clone();
    let on_keydown = move |event: leptos::ev::KeyboardEvent| {
        let up = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return,
        };
        if event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        if let Some(text) = stepped(&kind, &event_target_value(&event), up) {
            event.prevent_default();
            on_step(text);
        }
    };
    view! {
        <input
            class="input number"
            id=id
            type="text"
            role="spinbutton"
            aria-valuenow=value
            inputmode="decimal"
            autocomplete="off"
            spellcheck="false"
            aria-describedby=described
            aria-label=Signal::derive(move || name.get())
            aria-invalid=Signal::derive(move || invalid.get().to_string())
            placeholder=Signal::derive(move || placeholder.get())
            prop:value=value
            on:input=move |event| on_input(event_target_value(&event))
            on:change=move |_| on_done()
            on:keydown=on_keydown
        />
    }
    .into_any()
}

/// A choice between a few words. Words without a text of their own (`relu`) show as they are.
#[component]
pub fn Select(
    id: String,
    row: String,
    choices: Vec<&'static str>,
    #[prop(into)] value: Signal<String>,
    on_choice: impl Fn(String) + 'static,
) -> impl IntoView {
    let options = choices
        .into_iter()
        .map(|choice| {
            let text = move || {
                let text = t_or_empty(&format!("choice_{choice}"));
                if text.is_empty() { choice.to_owned() } else { text }
            };
            view! {
                <option value=choice selected=move || value.with(|value| value == choice)>
                    {text}
                </option>
            }
        })
        .collect_view();
    view! {
        <select
            class="input"
            id=id
            aria-describedby=format!("{row}-help {row}-error")
            prop:value=value
            on:change=move |event| on_choice(event_target_value(&event))
        >
            {options}
        </select>
    }
    .into_any()
}
