//! Sentences on why there are no numbers, or why they belong to a step that is over, with the button that helps.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::stores::follow::Trouble;
use crate::ui::text::{report_text, t, t_with};
use chalkgrad_engine::protocol::RunState;

/// The state of affairs, if it has to be said.
#[derive(Clone, PartialEq)]
enum Said {
    Training,
    /// The data set is on its way.
    Waiting,
    Evaluating,
    Edited,
    Trouble(Trouble),
    NotFinite,
    Loading,
}

impl Said {
    fn now(state: State) -> Option<Self> {
        let follow = &state.follow;
        match state.run.state().get() {
            RunState::Training if follow.is_stepping().get() => return Some(Self::Loading),
            RunState::Training => return Some(Self::Training),
            RunState::Waiting => return Some(Self::Waiting),
            RunState::Evaluating => return Some(Self::Evaluating),
            _ => {}
        }
        if state.is_edited_since() {
            return Some(Self::Edited);
        }
        if let Some(trouble) = follow.trouble().get() {
            return Some(Self::Trouble(trouble));
        }
        let (is_empty, is_finite) = follow.trail().with(|trail| {
            let is_finite = trail.lines().iter().all(|line| line.explanation.cell.value.is_finite());
            (trail.is_empty(), is_finite)
        });
        if is_empty && follow.is_asking().get() {
            return Some(Self::Loading);
        }
        (!is_finite).then_some(Self::NotFinite)
    }

    fn text(&self) -> String {
        match self {
            Self::Training => t("follow_training"),
            Self::Waiting => t("follow_waiting"),
            Self::Evaluating => t("follow_evaluating"),
            Self::Edited => t("follow_edited"),
            Self::Trouble(Trouble::NotRecorded) => t("follow_not_recorded"),
            Self::Trouble(Trouble::NoWeights) => t("follow_no_weights"),
            Self::Trouble(Trouble::Failed(report)) => report_text(report),
            Self::NotFinite => t("follow_not_finite"),
            Self::Loading => t("follow_loading"),
        }
    }
}

/// Sentence on the state of affairs; empty while all is well.
#[component]
pub fn TroubleView() -> impl IntoView {
    let state = use_state();
    let said = Memo::new(move |_| Said::now(state));
    let over = move || {
        let step = state.follow.step().get().filter(|_| state.follow.is_over().get())?;
        Some(match step.info() {
            Some(info) => t_with("follow_over", &[("step", &format::count(info.step as usize))]),
            None => t("follow_input_over"),
        })
    };
    let step_button = move || {
        view! {
            <button type="button" class="button" on:click=move |_| state.step_and_follow()>
                {move || t("follow_take_step")}
            </button>
        }
        .into_any()
    };
    let help = move || match said.get()? {
        Said::Training | Said::Waiting => Some(
            view! {
                <button type="button" class="button" on:click=move |_| state.train_or_pause()>
                    {move || t("pause")}
                </button>
            }
            .into_any(),
        ),
        Said::Trouble(Trouble::NotRecorded) => Some(step_button()),
        Said::Edited if state.network.checked().with(|checked| checked.error.is_none()) => Some(step_button()),
        Said::NotFinite => Some(
            view! {
                <button type="button" class="button" on:click=move |_| state.reset()>
                    {move || t("reset")}
                </button>
            }
            .into_any(),
        ),
        Said::Trouble(Trouble::Failed(_)) => Some(
            view! {
                <button type="button" class="button" on:click=move |_| state.load_followed()>
                    {move || t("retry")}
                </button>
            }
            .into_any(),
        ),
        _ => None,
    };
    view! {
        <div class="follow-said" role="status" hidden=move || said.with(Option::is_none)>
            <Icon name="warning" />
            <p>
                {over}
                " "
                {move || said.get().map(|said| said.text())}
            </p>
            {help}
        </div>
    }
}
