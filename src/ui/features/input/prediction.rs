//! The prediction for the image: the verdict, and the probability of every class.

use chalkgrad_engine::data::{DatasetKind, Target};
use chalkgrad_engine::ops::classification::predicted_class;
use chalkgrad_engine::protocol::MODEL_OUTPUT;
use leptos::prelude::*;

use crate::ui::components::reconstruction::{Reconstruction, pixels};
use crate::ui::features::input::store::Source;
use crate::ui::features::inspector::watch::Sight;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

#[component]
pub fn Prediction() -> impl IntoView {
    let state = use_state();
    follow_probabilities(state);
    let best = Memo::new(move |_| state.input.probabilities().with(|all| all.as_deref().and_then(predicted_class)));
    let classes = Memo::new(move |_| state.classes());
    let verdict = move || match best.get() {
        _ if classes.get() == 0 => values(state),
        None if state.input.probabilities().with(Option::is_some) => t("no_answer"),
        None if state.has_texts() => t("own_text_hint"),
        None => t(&state.digit_key("draw_to_see")),
        Some(class) => t_with("looks_like", &[("label", &state.class_name(class))]),
    };
    let pretrained = move || {
        let accuracy = state.pretrained.accuracy().get();
        accuracy.map(|accuracy| t_with("pretrained", &[("accuracy", &format::percent(accuracy, 1))]))
    };
    let is_reconstruction = Memo::new(move |_| matches!(state.task_target(), Target::Input) && state.has_images());
    let reconstructed = Signal::derive(move || {
        state.input.probabilities().with(|outputs| outputs.as_deref().map(pixels).unwrap_or_default())
    });
    view! {
        <p class="verdict">{verdict}</p>
        <Show when=move || is_reconstruction.get()>
            <Reconstruction input=state.input.image() output=reconstructed />
        </Show>
        // All rows are always there, so that nothing moves when an answer comes.
        <table class="bars">
            <caption class="visually-hidden">{move || t("probabilities")}</caption>
            <tbody>
                <For each=move || 0..classes.get() key=|class| *class let:class>
                    <Bar class best />
                </For>
            </tbody>
        </table>
        <p class="pretrained" hidden=move || state.pretrained.accuracy().get().is_none()>
            {move || pretrained().unwrap_or_default()}
        </p>
    }
}

/// Describes the predicted values of a target that is no class.
fn values(state: State) -> String {
    let Target::Values { names } = state.task_target() else { return String::new() };
    state.input.probabilities().with(|outputs| {
        let outputs = outputs.as_deref().unwrap_or_default();
        let text = |(column, value): (usize, &f32)| format!("{}: {}", state.value_name(column), format::value(*value));
        outputs.iter().take(names.len()).enumerate().map(text).collect::<Vec<_>>().join(", ")
    })
}

/// Row of a class.
#[component]
fn Bar(class: usize, best: Memo<Option<usize>>) -> impl IntoView {
    let state = use_state();
    let share = Memo::new(move |_| {
        state.input.probabilities().with(|all| all.as_ref().and_then(|all| all.get(class).copied()))
    });
    let is_true =
        move || matches!(state.input.source().get(), Source::Test { label, .. } if usize::from(label) == class);
    let fill = move || format::scale_x(f64::from(share.get().unwrap_or_default()));
    view! {
        <tr class:best=move || best.get() == Some(class) class:true-class=is_true>
            <th scope="row">{move || state.class_name(class)}</th>
            <td class="bar-cell">
                <span class="bar-track">
                    <span class="bar-fill" style:transform=fill></span>
                </span>
            </td>
            <td class="bar-value">
                {move || share.get().map(|share| format::percent(share, 1)).unwrap_or_default()}
            </td>
        </tr>
    }
}

/// Follows the network's output for the image, for as long as the view lives.
fn follow_probabilities(state: State) {
    let subscription = state.watch(Sight::Input, vec![MODEL_OUTPUT.to_owned()], move |tensors| {
        // Without an image of the network's size another one is looked at.
        let has_image =
            state.input.image().with_untracked(|image| !image.is_empty() && image.len() == state.input_size());
        let is_there = match untrack(|| state.dataset()).schema.kind() {
            DatasetKind::Image => has_image,
            DatasetKind::Text => state.input.sentence.sentence().with_untracked(|own| !own.tokens.is_empty()),
            DatasetKind::Table => state.input.row().with_untracked(Option::is_some),
        };
        let output = tensors.first().map(|output| match (&output.values[..], untrack(|| state.classes())) {
            // One output is the probability of the second of two classes.
            (&[second], 2) => vec![1.0 - second, second],
            (values, _) => values.to_vec(),
        });
        state.input.set_probabilities(output.filter(|output| is_there && !output.is_empty()));
    });
    subscription.set_seen(true);
    StoredValue::new_local(subscription);
    Effect::new(move |_| {
        if state.input.image().with(Vec::is_empty) && state.has_images() {
            state.input.set_probabilities(None);
        }
    });
}
