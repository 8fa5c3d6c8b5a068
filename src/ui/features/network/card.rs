//! The cards of the input and of the layers.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::card_drag::CardDrag;
use super::gap::Gap;
use super::layer_detail::LayerDetail;
use super::panel::FAULT_ID;
use super::quick_fixes::QuickFixes;
use super::shape_chip::ShapeChip;
use super::store::{NetworkStore, Placed, TipSubject};
use super::thumbnail::{Thumbnail, left_out};
use crate::ui::components::digit_image::DigitImage;
use crate::ui::components::icon::Icon;
use crate::ui::features::follow::names::BATCH_INPUT;
use crate::ui::features::follow::trail::Mark;
use crate::ui::features::network::blocks::{Part, initials, kind, short_name};
use crate::ui::features::network::checked::CheckedLayer;
use crate::ui::features::network::history::LayerId;
use crate::ui::fields;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{error_detail, error_title, t, t_with};
use chalkgrad_engine::data::DatasetKind;
use chalkgrad_engine::error::Error;
use chalkgrad_engine::model::catalogue;

/// Card of the network's input.
#[component]
pub fn InputCard() -> impl IntoView {
    let state = use_state();
    let values = move || {
        t(match state.dataset().schema.kind() {
            DatasetKind::Image => "input_values",
            DatasetKind::Text => "input_tokens",
            DatasetKind::Table => "input_numbers",
        })
    };
    let mark = Memo::new(move |_| state.follow.mark_of_tensor(BATCH_INPUT));
    view! {
        <div class="input-place">
            <div
                class="card card-input"
                class:followed=move || mark.get() != Mark::None
                class:followed-now=move || mark.get() == Mark::Current
            >
                <span class="card-type">{move || t("input")}</span>
                <span class="card-name">{move || state.dataset_title(&state.dataset().name)}</span>
                <span class="card-settings">{values}</span>
                <span class="thumbnail-place" hidden=move || !state.has_images()>
                    <DigitImage pixels=Signal::derive(move || state.staged_image().unwrap_or_else(|| state.looked_at())) />
                </span>
            </div>
            <ShapeChip index=0usize />
        </div>
    }
}

/// Layer as the cards show it.
#[derive(Clone, Copy)]
struct Layer {
    id: LayerId,
    index: Memo<usize>,
    place: Memo<Option<Placed>>,
    /// The layer with its shapes, if it is in order.
    checked: Memo<Option<CheckedLayer>>,
    error: Memo<Option<Error>>,
}

impl Layer {
    fn new(id: LayerId) -> Self {
        let (state, store) = (use_state(), NetworkStore::get());
        let index = Memo::new(move |_| {
            state.network.history().with(|history| history.draft().position(id)).unwrap_or_default()
        });
        let place = Memo::new(move |_| store.placed.with(|placed| placed.iter().find(|layer| layer.id == id).copied()));
        let checked =
            Memo::new(move |_| state.network.checked().with(|checked| checked.layers.get(index.get()).cloned()));
        let error = Memo::new(move |_| state.network.checked().with(|checked| checked.error_at(index.get()).cloned()));
        Self { id, index, place, checked, error }
    }

    /// Returns the layer's place in a folded block.
    fn folded_part(self) -> Option<Part> {
        self.place.get().filter(|place| place.is_folded).and_then(|place| place.part)
    }

    /// Returns a fact of a layer that is in order, else an empty text.
    fn fact(self, read: impl Fn(&CheckedLayer) -> String) -> String {
        self.checked.with(|layer| layer.as_ref().map(read)).unwrap_or_default()
    }
}

/// A gap and the card after it.
#[component]
pub fn Slot(id: LayerId) -> impl IntoView {
    let state = use_state();
    let layer = Layer::new(id);
    let drag = CardDrag::new(state, id);
    let is_open = Memo::new(move |_| state.screen.is_narrow().get() && state.network.selected().get() == Some(id));
    let is_in_list = move || state.screen.is_narrow().get();
    let class = move || match layer.folded_part() {
        Some(part) if part.place == 0 => "slot folded first",
        Some(part) if part.is_last() => "slot folded last",
        Some(_) => "slot folded",
        None if layer.place.get().is_some_and(|place| place.part.is_some()) => "slot unfolded",
        None => "slot",
    };
    let shows_shape = Memo::new(move |_| layer.folded_part().is_none_or(Part::is_last));
    view! {
        <li class=class>
            <Gap index=layer.index />
            <div
                class="card-place"
                class:dragged=move || drag.is_dragged()
                on:pointerdown=move |event| drag.on_down(&event)
                on:pointermove=move |event| drag.on_move(&event)
                on:pointerup=move |_| drag.on_up()
                on:pointercancel=move |_| drag.on_cancel()
                on:click:capture=move |event| drag.on_click(&event)
            >
                <div class="card-box">
                    <Card layer shows_shape />
                    <Show when=move || shows_shape.get()>
                        <ShapeChip index=Signal::derive(move || layer.index.get() + 1) />
                    </Show>
                    <span class="handle" aria-hidden="true">
                        <Icon name="grip" />
                    </span>
                    <FoldButton layer />
                </div>
                <Show when=is_in_list>
                    <CardFault layer />
                </Show>
                <Show when=move || is_open.get()>
                    <div class="card-detail">
                        <LayerDetail id />
                    </div>
                </Show>
            </div>
        </li>
    }
}

#[component]
fn Card(layer: Layer, shows_shape: Memo<bool>) -> impl IntoView {
    let (state, store) = (use_state(), NetworkStore::get());
    let Layer { id, index, error, .. } = layer;
    let type_name = state
        .network
        .history()
        .with_untracked(|history| history.draft().layer(id).map(|layer| layer.type_name.clone()))
        .unwrap_or_default();
    let settings = catalogue::find(&type_name).map(|layer_type| layer_type.schema().settings).unwrap_or_default();
    let is_selected = Memo::new(move |_| state.network.selected().get() == Some(id));
    let tab_stop = move || {
        let is_stop = is_selected.get() || (index.get() == 0 && state.network.selected().with(Option::is_none));
        if is_stop { "0" } else { "-1" }
    };
    let summary = move || {
        state.network.history().with(|history| {
            history.draft().layer(id).map(|layer| fields::summary(settings, layer).join(" · ")).unwrap_or_default()
        })
    };
    let cost = move || {
        let batch = state.engine.training().with(|training| training.batch_size);
        layer.fact(|layer| {
            let memory = format::magnitude(layer.memory_bytes(batch) as f64);
            t_with("cost_short", &[("flops", &format::magnitude(layer.flops as f64)), ("memory", &memory)])
        })
    };
    let params = move || {
        layer.fact(|layer| match layer.params {
            0 => String::new(),
            params => t_with("params_short", &[("count", &format::count(params))]),
        })
    };
    let described = move || {
        error
            .with(Option::is_some)
            .then(|| if state.screen.is_narrow().get() { fault_id(id) } else { FAULT_ID.to_owned() })
    };
    // A tap on the open card closes its form on a phone; a mouse click on a desktop only selects.
    let select = move |_| {
        let closes = state.screen.is_narrow().get_untracked() && state.network.selected().get_untracked() == Some(id);
        state.network.select((!closes).then_some(id));
    };
    let show_tip = move |event: &web_sys::Event, delay_ms: i32| {
        if let Some(card) = event.current_target()
            && !state.screen.is_narrow().get_untracked()
            // The sentence on a fault stands where the tip would be.
            && state.network.checked().with_untracked(|checked| checked.error.is_none())
            && state.network.dragged().with_untracked(Option::is_none)
        {
            store.show_tip(TipSubject::Layer(id), card.unchecked_into(), delay_ms);
        }
    };
    let on_focus = move |event: web_sys::FocusEvent| {
        let is_by_key = event
            .current_target()
            .is_some_and(|card| card.unchecked_ref::<web_sys::Element>().matches(":focus-visible").unwrap_or_default());
        if is_by_key {
            show_tip(&event, HOVER_MS);
        }
    };
    let name = Memo::new(move |_| layer.fact(|layer| layer.name.clone()));
    let mark = Memo::new(move |_| name.with(|name| state.card_mark(name, index.get())));
    let title = format::words(&type_name).into_iter().map(|word| view! { {word.to_owned()}<wbr /> }).collect_view();
    let picture = move || {
        if let Some(error) = error.get() {
            let text = move || error_title(error.code);
            return Some(
                view! {
                    <span class="card-problem">
                        <Icon name="warning" />
                        <span>{text}</span>
                    </span>
                }
                .into_any(),
            );
        }
        let name = Some(name.get()).filter(|name| !name.is_empty() && shows_shape.get())?;
        Some(view! { <Thumbnail layer=name /> }.into_any())
    };
    let channels = move || {
        let is_plane = state.is_plane();
        layer.checked.with(|layer| layer.as_ref().and_then(|layer| left_out(&layer.output_shape, is_plane))).map(
            |(shown, all)| {
                let text =
                    move || t_with("first_channels", &[("shown", &shown.to_string()), ("all", &all.to_string())]);
                view! {
                    <span class="card-channels">
                        <span aria-hidden="true">{format!("{shown}/{all}")}</span>
                        <span class="visually-hidden">{text}</span>
                    </span>
                }
            },
        )
    };
    view! {
        <button
            type="button"
            class=format!("card kind-{}", kind(&type_name))
            class:selected=is_selected
            class:faulty=move || error.with(Option::is_some)
            class:unknown=move || layer.checked.with(Option::is_none)
            class:followed=move || mark.get() != Mark::None
            class:followed-now=move || mark.get() == Mark::Current
            id=format!("card-{id}")
            tabindex=tab_stop
            aria-pressed=move || is_selected.get().to_string()
            aria-describedby=described
            on:click=select
            on:pointerenter=move |event| show_tip(&event, HOVER_MS)
            on:pointerleave=move |_| store.leave_tip()
            on:pointerdown=move |_| store.hide_tip()
            on:focus=on_focus
            on:blur=move |_| store.hide_tip()
        >
            <span class="card-type">
                <span class="card-word">{title}</span>
                <span class="card-short" aria-hidden="true" data-initials=initials(&type_name).to_owned()>
                    {short_name(&type_name).to_owned()}
                </span>
            </span>
            <span class="card-name">{move || name.get()}</span>
            <span class="card-settings">{summary}</span>
            {picture}
            <span class="card-facts">
                <span class="card-params">{params}</span>
                <span class="card-cost">{cost}</span>
            </span>
            {channels}
        </button>
    }
}

/// Time that the pointer rests on a card before its tip shows.
const HOVER_MS: i32 = 400;

fn fault_id(id: LayerId) -> String {
    format!("card-{id}-fault")
}

/// Button that folds or unfolds the block that begins with this layer.
#[component]
fn FoldButton(layer: Layer) -> impl IntoView {
    let (state, store) = (use_state(), NetworkStore::get());
    let block = Memo::new(move |_| {
        let is_list = state.screen.is_narrow().get();
        let place = layer.place.get().filter(|place| !is_list && place.part.is_some_and(|part| part.place == 0))?;
        let part = place.part?;
        let names = state.network.history().with(|history| {
            let layers = history.draft().layers.iter().skip(part.first).take(part.count);
            layers.map(|(_, layer)| layer.type_name.clone()).collect::<Vec<_>>().join(", ")
        });
        Some((place.block, place.is_folded, names))
    });
    move || {
        block.get().map(|(block, is_folded, layers)| {
            let (key, icon) = if is_folded { ("unfold", "unfold") } else { ("fold", "fold") };
            let text = move || t_with(key, &[("layers", &layers)]);
            view! {
                <button
                    type="button"
                    class="fold"
                    aria-expanded=(!is_folded).to_string()
                    aria-label=text.clone()
                    title=text
                    on:click=move |_| store.toggle_fold(block)
                >
                    <Icon name=icon />
                </button>
            }
        })
    }
}

/// Fault of a layer, below its card in the list of a phone.
#[component]
fn CardFault(layer: Layer) -> impl IntoView {
    // Beside the button, not in it: screen readers do not announce changes inside a button.
    move || {
        layer.error.get().map(|error| {
            let (code, detail) = (error.code, error.clone());
            view! {
                <div class="card-fault" id=fault_id(layer.id) role="alert">
                    <span class="card-fault-title">
                        <Icon name="warning" />
                        " "
                        {move || error_title(code)}
                    </span>
                    <span class="card-fault-detail">{move || error_detail(&detail)}</span>
                    <QuickFixes error />
                </div>
            }
        })
    }
}
