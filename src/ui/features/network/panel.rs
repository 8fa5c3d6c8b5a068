//! The panel with the strip of cards, its buttons and what is wrong with the network.

use leptos::prelude::*;

use super::edit_note::{EditNote, watch_edits};
use super::preset_list::PresetList;
use super::quick_fixes::QuickFixes;
use super::store::NetworkStore;
use super::strip::Strip;
use super::tip::TipView;
use crate::ui::components::icon::Icon;
use crate::ui::components::icon_button::IconButton;
use crate::ui::components::panel_header::PanelHeader;
use crate::ui::features::follow::FollowGradient;
use crate::ui::features::network::blocks::KINDS;
use crate::ui::features::network::history::History;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{error_detail, error_title, report_text, t, t_with};

/// Id of the sentence on the fault, which the card at fault refers to.
pub const FAULT_ID: &str = "network-fault";

/// Panel with the network.
#[component]
pub fn Network() -> impl IntoView {
    let state = use_state();
    let store = NetworkStore::new(state);
    provide_context(store);
    watch_edits(state, store);
    let is_faulty = Memo::new(move |_| state.network.checked().with(|checked| checked.error.is_some()));
    let total = move || {
        if is_faulty.get() {
            return t("last_valid_kept");
        }
        let batch = state.engine.training().with(|training| training.batch_size);
        state.network.checked().with(|checked| {
            let flops: u64 = checked.layers.iter().map(|layer| layer.flops).sum();
            let memory: u64 = checked.layers.iter().map(|layer| layer.memory_bytes(batch)).sum();
            t_with(
                "cost_total",
                &[
                    ("params", &format::count(checked.params())),
                    ("flops", &format::magnitude(flops as f64)),
                    ("memory", &format::magnitude(memory as f64)),
                ],
            )
        })
    };
    let cannot_undo = Signal::derive(move || !state.network.history().with(History::can_undo));
    let cannot_redo = Signal::derive(move || !state.network.history().with(History::can_redo));
    view! {
        <section class="panel network" id="network" tabindex="-1" aria-labelledby="network-title">
            <PanelHeader id="network-title" title="network">
                <div class="panel-actions">
                    <FollowGradient />
                    <PresetList />
                    <Show when=move || !state.screen.is_narrow().get()>
                        <FitButton />
                    </Show>
                    <IconButton
                        text="undo"
                        icon="undo"
                        shortcut="Ctrl+Z"
                        disabled=cannot_undo
                        on_click=move || state.undo()
                    />
                    <IconButton
                        text="redo"
                        icon="redo"
                        shortcut="Ctrl+Y"
                        disabled=cannot_redo
                        on_click=move || state.redo()
                    />
                </div>
            </PanelHeader>
            <Strip />
            <Fault />
            <footer class="network-footer">
                <Kinds />
                <span class="panel-note" class:fault=is_faulty title=move || t("cost_help")>
                    {total}
                </span>
                <EditNote />
            </footer>
            <TipView />
        </section>
    }
}

/// Switch that shrinks the cards until the whole network is in view.
#[component]
fn FitButton() -> impl IntoView {
    let store = NetworkStore::get();
    view! {
        <button
            type="button"
            class="button quiet fit"
            aria-pressed=move || store.is_fitted.get().to_string()
            title=move || t("fit_help")
            on:click=move |_| store.toggle_fit()
        >
            <Icon name="fit" />
            <span>{move || t("fit")}</span>
        </button>
    }
}

/// Sentence on the model's fault, with the edits that repair it. In the list of a phone, a card shows its own fault.
#[component]
fn Fault() -> impl IntoView {
    let state = use_state();
    let error = Memo::new(move |_| {
        let is_list = state.screen.is_narrow().get();
        state
            .network
            .checked()
            .with(|checked| checked.error.clone().filter(|error| !is_list || error.layer_index.is_none()))
    });
    let refusal = Memo::new(move |_| state.network.refusal().get().filter(|_| error.with(Option::is_none)));
    move || {
        if let Some(error) = error.get() {
            let (code, shown) = (error.code, error.clone());
            return Some(
                view! {
                    <div class="fault-box" id=FAULT_ID role="alert">
                        <Icon name="warning" />
                        <div>
                            <strong>{move || error_title(code)}</strong>
                            " "
                            <span>{move || error_detail(&shown)}</span>
                            <QuickFixes error />
                        </div>
                    </div>
                }
                .into_any(),
            );
        }
        let report = refusal.get()?;
        Some(
            view! {
                <div class="fault-box" role="alert">
                    <Icon name="warning" />
                    <span>{move || report_text(&report)}</span>
                </div>
            }
            .into_any(),
        )
    }
}

/// Legend of the colours of the cards.
#[component]
fn Kinds() -> impl IntoView {
    let kind = |name: &'static str| {
        view! {
            <li>
                <span class=format!("kind-swatch kind-{name}")></span>
                {move || t(&format!("kind_{name}"))}
            </li>
        }
    };
    view! {
        <ul class="kinds" aria-label=move || t("kinds")>
            {KINDS.map(kind).collect_view()}
        </ul>
    }
}
