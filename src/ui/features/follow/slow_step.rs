//! The step stage by stage: the batch, forward, the loss, backward and the update.

use leptos::prelude::*;

use super::amounts::precise;
use super::names::{BATCH_INPUT, BATCH_LOSS};
use super::stages::{Change, Stage, classes, grey, of_example, probability};
use crate::ui::browser::{event_text, focus_soon};
use crate::ui::components::data_table::DataTable;
use crate::ui::components::digit_image::DigitImage;
use crate::ui::components::icon::Icon;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

/// The most examples that are shown.
const MOST_EXAMPLES: usize = 128;

/// Times between two moments that can be chosen, with the keys of their names.
const PACES: [(u32, &str); 3] = [(2000, "pace_slow"), (1000, "pace_normal"), (400, "pace_fast")];

#[component]
pub fn SlowStep() -> impl IntoView {
    let state = use_state();
    let stage = Memo::new(move |_| state.follow.moment().get().stage);
    let is_ready = Memo::new(move |_| {
        state.follow.step().with(|step| step.as_ref().is_some_and(|step| step.info().is_some())) && state.can_follow()
    });
    let is_playing = state.follow.is_playing();
    let button = move |own: Stage| {
        view! {
            <button
                type="button"
                id=own.key()
                aria-pressed=move || (stage.get() == own).to_string()
                tabindex=move || if stage.get() == own { "0" } else { "-1" }
                disabled=move || !is_ready.get()
                on:click=move |_| state.show_stage(own)
            >
                {move || t(own.key())}
            </button>
        }
    };
    let pace = move |(pace_ms, text): (u32, &'static str)| {
        let is_chosen = state.follow.pace_ms().get_untracked() == pace_ms;
        view! { <option value=pace_ms.to_string() selected=is_chosen>{move || t(text)}</option> }
    };
    let set_pace = move |event: web_sys::Event| {
        if let Ok(pace_ms) = event_text(&event).parse() {
            state.follow.set_pace_ms(pace_ms);
        }
    };
    let content = move || match stage.get() {
        Stage::Batch => view! { <Batch /> }.into_any(),
        Stage::Loss => view! { <Losses /> }.into_any(),
        Stage::Update => view! { <Updates /> }.into_any(),
        Stage::Forward | Stage::Backward => view! { <Shown /> }.into_any(),
    };
    view! {
        <div class="follow-controls">
            <div class="segmented step-stages" role="group" aria-label=move || t("stages") on:keydown=move |event| on_key(state, &event)>
                {Stage::ALL.map(button)}
            </div>
            <button type="button" class="button" disabled=move || !is_ready.get() on:click=move |_| state.play_step()>
                {move || view! { <Icon name=if is_playing.get() { "pause" } else { "train" } /> }}
                <span>{move || t(if is_playing.get() { "follow_stop" } else { "follow_play" })}</span>
            </button>
            <label class="follow-pace">
                <span>{move || t("pace")}</span>
                <select class="input" on:change=set_pace>
                    {PACES.map(pace)}
                </select>
            </label>
        </div>
        <p class="follow-stage-help" aria-live="polite">{move || t(stage.get().help())}</p>
        {content}
    }
}

/// Moves between the stages by arrow keys.
fn on_key(state: State, event: &web_sys::KeyboardEvent) {
    let now = state.follow.moment().get_untracked().stage;
    let count = Stage::ALL.len();
    let at = Stage::ALL.iter().position(|stage| *stage == now).unwrap_or_default();
    let next = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => (at + 1).min(count - 1),
        "ArrowLeft" | "ArrowUp" => at.saturating_sub(1),
        "Home" => 0,
        "End" => count - 1,
        _ => return,
    };
    event.prevent_default();
    if next != at {
        state.show_stage(Stage::ALL[next]);
        focus_soon(Stage::ALL[next].key().to_owned());
    }
}

/// Number of examples that are shown.
fn examples(state: State) -> usize {
    state.follow.step().with(|step| step.as_ref().map_or(0, |step| step.examples())).min(MOST_EXAMPLES)
}

/// Names the true class of an example; empty where the target is no class.
fn label(state: State, example: usize) -> String {
    let count = state.classes();
    let class = state.follow.step().with(|step| {
        let step = step.as_ref()?;
        classes(step.targets()?, count).get(example).copied()
    });
    class.map(|class| state.class_name(class)).unwrap_or_default()
}

fn example_name(state: State, example: usize) -> String {
    let number = example.to_string();
    match label(state, example) {
        label if label.is_empty() => t_with("stage_example", &[("example", &number)]),
        label => t_with("stage_example_labelled", &[("example", &number), ("label", &label)]),
    }
}

/// Button that chooses an example of the batch.
#[component]
fn Example(example: usize, children: Children) -> impl IntoView {
    let state = use_state();
    view! {
        <button
            type="button"
            class="gallery-image"
            aria-label=move || example_name(state, example)
            aria-pressed=move || (state.follow.example().get() == example).to_string()
            on:click=move |_| state.show_example(example)
        >
            {children()}
        </button>
    }
}

/// The batch's examples as small pictures with their labels.
#[component]
fn Batch() -> impl IntoView {
    let state = use_state();
    let pictures = move || {
        state.follow.tensors().with(|tensors| {
            let inputs = tensors.get(BATCH_INPUT);
            let button = |example: usize| {
                let pixels = inputs.and_then(|inputs| of_example(inputs, example)).and_then(grey);
                let name = move || label(state, example);
                view! {
                    <Example example>
                        {pixels.map(|(pixels, width)| view! { <DigitImage pixels=Signal::stored(pixels) width /> })}
                        <small>{format!("#{example}")}</small>
                        <span>{name}</span>
                    </Example>
                }
            };
            (0..examples(state)).map(button).collect_view()
        })
    };
    view! {
        <div class="gallery" role="group" aria-label=move || t("stage_batch")>
            {pictures}
        </div>
    }
}

/// The example that the cards show, and the way to the others.
#[component]
fn Shown() -> impl IntoView {
    let state = use_state();
    let option = move |example: usize| {
        let is_chosen = state.follow.example().get_untracked() == example;
        view! { <option value=example.to_string() selected=is_chosen>{move || example_name(state, example)}</option> }
    };
    let choose = move |event: web_sys::Event| {
        if let Ok(example) = event_text(&event).parse() {
            state.show_example(example);
        }
    };
    view! {
        <label class="follow-pace">
            <span>{move || t("stage_shown")}</span>
            <select class="input" on:change=choose>
                {move || (0..examples(state)).map(option).collect_view()}
            </select>
        </label>
    }
}

/// Loss of each example, and the probability of its true class.
#[component]
fn Losses() -> impl IntoView {
    let state = use_state();
    let rows = move || {
        state.follow.tensors().with(|tensors| {
            let losses = tensors.get(BATCH_LOSS)?;
            let outputs = state.last_output().and_then(|name| tensors.get(&name));
            let count = state.classes();
            let classes = state
                .follow
                .step()
                .with(|step| step.as_ref().and_then(|step| Some(classes(step.targets()?, count))).unwrap_or_default());
            let row = |(example, loss): (usize, &f32)| {
                let own = outputs.and_then(|outputs| of_example(outputs, example));
                let p = own.zip(classes.get(example)).and_then(|(own, class)| probability(&own.values, *class));
                let name = move || example_name(state, example);
                view! {
                    <tr>
                        <th scope="row">
                            <button
                                type="button"
                                class="button quiet"
                                aria-pressed=move || (state.follow.example().get() == example).to_string()
                                on:click=move |_| state.show_example(example)
                            >
                                {name}
                            </button>
                        </th>
                        <td>{p.map_or_else(|| "–".to_owned(), precise)}</td>
                        <td>{precise(*loss)}</td>
                    </tr>
                }
            };
            let mean = losses.values.iter().sum::<f32>() / losses.values.len().max(1) as f32;
            let rows = losses.values.iter().take(MOST_EXAMPLES).enumerate().map(row).collect_view();
            Some(view! {
                {rows}
                <tr>
                    <th scope="row">{move || t("stage_mean")}</th>
                    <td></td>
                    <td>{precise(mean)}</td>
                </tr>
            })
        })
    };
    view! {
        <DataTable name="stage_loss" columns=["stage_loss_example", "stage_loss_probability", "stage_loss_value"]>
            {rows}
        </DataTable>
    }
}

/// Change of each weight, as a share of the weight.
#[component]
fn Updates() -> impl IntoView {
    let state = use_state();
    let rows = move || {
        state.follow.tensors().with(|tensors| {
            let row = |weight: String| {
                let (before, after) = (tensors.get(&format!("before {weight}"))?, tensors.get(&weight)?);
                let change = Change::new(weight, &before.values, &after.values);
                let ratio = change.ratio().map_or_else(|| "–".to_owned(), |ratio| format::value(ratio as f32));
                Some(view! {
                    <tr>
                        <th scope="row"><code>{change.weight.clone()}</code></th>
                        <td>{format::value(change.change as f32)}</td>
                        <td>{format::value(change.before as f32)}</td>
                        <td>{ratio}</td>
                    </tr>
                })
            };
            state.trained_weights().into_iter().filter_map(row).collect_view()
        })
    };
    view! {
        <DataTable name="stage_update" columns=["stage_weight", "stage_change", "stage_before", "stage_ratio"]>
            {rows}
        </DataTable>
    }
}
