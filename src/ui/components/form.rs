//! Rows and fields of a form.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icon::Icon;
use crate::ui::browser::{after_ms, cancel, event_checked, event_text};
use crate::ui::fields::stepped;
use crate::ui::format;
use crate::ui::text::{t, t_or_empty};
use chalkgrad_engine::model::catalogue::SettingKind;

/// Row of a form: a label, a control, help, and the error of the value.
#[component]
pub fn FormRow(
    /// Id of the control. Help and error are tied to it as `<id>-help` and `<id>-error`.
    #[prop(into)]
    id: String,
    /// Key of the label's text.
    #[prop(into)]
    label: String,
    /// Key of the help's text.
    #[prop(into)]
    help: String,
    #[prop(optional, into)] error: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    let help = StoredValue::new(help);
    let help_text = move || help.with_value(|help| t_or_empty(help));
    view! {
        <div class="row" title=help_text>
            <label for=id.clone()>{move || t(&label)}</label>
            <div class="row-controls">{children()}</div>
            <span class="visually-hidden" id=format!("{id}-help")>
                {help_text}
            </span>
            <p class="row-error" id=format!("{id}-error") role="alert" hidden=move || error.with(Option::is_none)>
                {move || error.get()}
            </p>
        </div>
    }
}

fn described_by(row: &str) -> String {
    format!("{row}-help {row}-error")
}

/// Field for a number. Arrow keys step it.
///
/// A text that is acceptable is reported at once, so that the page follows the typing. Any other text is reported when
/// the field is left or the typing rests, so that nothing is called wrong that is only unfinished.
#[component]
pub fn NumberField(
    #[prop(into)] id: String,
    /// Id of the row, for help and error, if it is not the field's own.
    #[prop(optional, into)]
    row: Option<String>,
    #[prop(into)] value: Signal<String>,
    #[prop(optional, into)] invalid: Signal<bool>,
    kind: SettingKind,
    /// Steps of one key or button.
    #[prop(default = 1)]
    steps: u8,
    /// Shows buttons that step.
    #[prop(optional)]
    steppers: bool,
    #[prop(optional)] placeholder: &'static str,
    #[prop(optional, into)] aria_label: MaybeProp<String>,
    #[prop(default = Callback::new(|text: String| !text.trim().is_empty()))] accepts: Callback<String, bool>,
    on_input: Callback<String>,
    #[prop(default = Callback::new(|()| ()))] on_done: Callback<()>,
) -> impl IntoView {
    const REST_MS: i32 = 900;
    let described = described_by(row.as_deref().unwrap_or(&id));
    // Text of the field from the first key to the end of typing.
    let typed = RwSignal::new(None::<String>);
    // Leaving the field does not report once more what it has reported: an edit would follow that is none.
    let reported = StoredValue::new(None::<String>);
    let report = move |text: String| {
        reported.set_value(Some(text.clone()));
        on_input.run(text);
    };
    let waiting = StoredValue::new(None::<i32>);
    let stop_waiting = move || {
        if let Some(waiting) = waiting.try_update_value(Option::take).flatten() {
            cancel(waiting);
        }
    };
    on_cleanup(stop_waiting);
    let shown = move || typed.get().unwrap_or_else(|| value.get());
    let input = move |event: web_sys::Event| {
        let text = event_text(&event);
        stop_waiting();
        typed.set(Some(text.clone()));
        reported.set_value(None);
        if accepts.run(text.clone()) {
            report(text);
        } else {
            waiting.set_value(Some(after_ms(REST_MS, move || report(text))));
        }
    };
    let change = move |_| {
        stop_waiting();
        // A field that is removed while it has the focus reports a change after its signals are gone.
        let Some(text) = typed.try_get_untracked() else { return };
        if let Some(text) = text {
            if reported.with_value(|reported| reported.as_ref() != Some(&text)) {
                on_input.run(text);
            }
            typed.set(None);
        }
        on_done.run(());
    };
    let step = move |up: bool| {
        let text = (0..steps).try_fold(untrack(shown), |text, _| stepped(&kind, &text, up));
        let is_number = text.is_some();
        if let Some(text) = text {
            stop_waiting();
            typed.set(None);
            on_input.run(text);
        }
        is_number
    };
    let keydown = move |event: web_sys::KeyboardEvent| {
        let up = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return,
        };
        if !event.alt_key() && !event.ctrl_key() && !event.meta_key() && step(up) {
            event.prevent_default();
        }
    };
    let button = move |key: &'static str, icon: &'static str, up: bool| {
        // The arrow keys do the same, so the buttons are no stops of the Tab key.
        view! {
            <button
                type="button"
                class="stepper"
                tabindex="-1"
                aria-label=move || t(key)
                title=move || t(key)
                on:click=move |_| {
                    step(up);
                    on_done.run(());
                }
            >
                <Icon name=icon />
            </button>
        }
    };
    view! {
        {steppers.then(|| button("step_down", "minus", false))}
        <input
            class="input number"
            id=id
            type="text"
            role="spinbutton"
            aria-valuenow=move || plain_number(&shown())
            aria-label=move || aria_label.get()
            aria-describedby=described
            aria-invalid=move || invalid.get().to_string()
            inputmode="decimal"
            autocomplete="off"
            spellcheck="false"
            placeholder=placeholder
            prop:value=shown
            on:input=input
            on:change=change
            on:keydown=keydown
        />
        {steppers.then(|| button("step_up", "plus", true))}
    }
}

/// Formats a number without an exponent, which an attribute may not have; `None` if the text is not a number.
fn plain_number(text: &str) -> Option<String> {
    const DECIMALS: u8 = 12;
    let number = format::parse(text)?;
    Some(if text.contains(['e', 'E']) { format::fixed(number, DECIMALS) } else { text.trim().to_owned() })
}

/// Field for two numbers, height and width. One field means both while they are equal, unless the user parts them.
#[component]
pub fn PairField(
    #[prop(into)] id: String,
    /// Key of the label's text.
    #[prop(into)]
    label: String,
    #[prop(into)] values: Signal<[String; 2]>,
    #[prop(optional, into)] invalid: Signal<bool>,
    kind: SettingKind,
    #[prop(default = 1)] steps: u8,
    #[prop(optional)] placeholder: &'static str,
    accepts: Callback<[String; 2], bool>,
    on_input: Callback<[String; 2]>,
    #[prop(default = Callback::new(|()| ()))] on_done: Callback<()>,
) -> impl IntoView {
    let is_parted = RwSignal::new(false);
    let is_linked = Memo::new(move |_| !is_parted.get() && values.with(|[height, width]| height == width));
    let (id, label) = (StoredValue::new(id), StoredValue::new(label));
    let toggle = move |_| {
        if is_linked.get_untracked() {
            is_parted.set(true);
        } else {
            is_parted.set(false);
            let [height, _] = values.get_untracked();
            on_input.run([height.clone(), height]);
            on_done.run(());
        }
    };
    let side = move |at: usize, key: &'static str| {
        let replaced = move |text: String| {
            let mut both = values.get_untracked();
            both[at] = text;
            both
        };
        let id = id.get_value();
        view! {
            <NumberField
                id=if at == 0 { id.clone() } else { format!("{id}-width") }
                row=id
                value=Signal::derive(move || values.with(|values| values[at].clone()))
                invalid
                kind
                placeholder
                aria_label=Signal::derive(move || label.with_value(|label| format!("{}: {}", t(label), t(key))))
                accepts=Callback::new(move |text| accepts.run(replaced(text)))
                on_input=Callback::new(move |text| on_input.run(replaced(text)))
                on_done
            />
        }
    };
    let both = move || {
        view! {
            <NumberField
                id=id.get_value()
                value=Signal::derive(move || values.with(|[height, _]| height.clone()))
                invalid
                kind
                steps
                steppers=true
                placeholder
                accepts=Callback::new(move |text: String| accepts.run([text.clone(), text]))
                on_input=Callback::new(move |text: String| on_input.run([text.clone(), text]))
                on_done
            />
        }
    };
    let each = move || {
        view! {
            {side(0, "height")}
            <span aria-hidden="true">"×"</span>
            {side(1, "width")}
        }
    };
    view! {
        {move || if is_linked.get() { both().into_any() } else { each().into_any() }}
        <button
            type="button"
            class="icon-button pair-link"
            aria-pressed=move || is_linked.get().to_string()
            aria-label=move || t("same_height_and_width")
            title=move || t("same_height_and_width")
            on:click=toggle
        >
            <Icon name="link" />
        </button>
    }
}

/// Choice between a few words. A word without a text of its own (`relu`) is shown as it is.
#[component]
pub fn SelectField(
    #[prop(into)] id: String,
    choices: Vec<&'static str>,
    #[prop(into)] value: Signal<String>,
    on_choice: Callback<String>,
) -> impl IntoView {
    let option = move |choice: &'static str| {
        let text = move || Some(t_or_empty(&format!("choice_{choice}"))).filter(|text| !text.is_empty());
        view! {
            <option value=choice selected=move || value.with(|value| value == choice)>
                {move || text().unwrap_or_else(|| choice.to_owned())}
            </option>
        }
    };
    view! {
        <select
            class="input"
            id=id.clone()
            aria-describedby=described_by(&id)
            prop:value=move || value.get()
            on:change=move |event| on_choice.run(event_text(&event))
        >
            {choices.into_iter().map(option).collect_view()}
        </select>
    }
}

/// Checkbox.
#[component]
pub fn CheckboxField(
    #[prop(into)] id: String,
    #[prop(into)] value: Signal<bool>,
    on_change: Callback<bool>,
) -> impl IntoView {
    view! {
        <input
            class="checkbox"
            type="checkbox"
            id=id.clone()
            aria-describedby=format!("{id}-help")
            prop:checked=move || value.get()
            on:change=move |event| on_change.run(event_checked(event.unchecked_ref()))
        />
    }
}
