//! State of the network's view.

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::ui::browser::{after_ms, remember, remembered};
use crate::ui::features::network::blocks::{Part, blocks};
use crate::ui::features::network::history::LayerId;
use crate::ui::state::State;

/// Key of the stored preference that the cards fit into the width.
const FIT: &str = "chalkgrad.network-fit";

/// Subject of the tip that is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TipSubject {
    /// The shape before the layer at this index.
    Shape(usize),
    Layer(LayerId),
}

/// A layer of the draft and its place in a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    pub id: LayerId,
    pub part: Option<Part>,
    /// The block shows as one card.
    pub is_folded: bool,
    /// The first layer of the block.
    pub block: LayerId,
}

/// Effect of the last edit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EditCost {
    pub ended_run: bool,
    /// Names of the layers whose weights are new.
    pub renewed: Vec<String>,
    /// No layer keeps its weights.
    pub all: bool,
}

/// State that the views of the network share. Copied freely: it is a handle.
#[derive(Clone, Copy)]
pub struct NetworkStore {
    /// The cards shrink until all are in view.
    pub is_fitted: RwSignal<bool>,
    /// Blocks that are shown layer by layer, by their first layer.
    unfolded: RwSignal<BTreeSet<LayerId>>,
    /// The layers in their order.
    pub placed: Memo<Vec<Placed>>,
    pub edit_cost: RwSignal<EditCost>,
    pub tip: RwSignal<Option<TipSubject>>,
    /// The element that the tip belongs to.
    tip_owner: StoredValue<Option<web_sys::Element>, LocalStorage>,
    /// Edges of that element in the window: left, top, right, bottom.
    pub tip_anchor: RwSignal<[f64; 4]>,
    /// Counter of wishes to show or hide a tip; only the last is granted.
    tip_wish: StoredValue<u32>,
}

impl NetworkStore {
    pub fn new(state: State) -> Self {
        let unfolded = RwSignal::new(BTreeSet::new());
        let placed = Memo::new(move |_| {
            let is_list = state.screen.is_narrow().get();
            state.network.history().with(|history| {
                let layers = &history.draft().layers;
                let types: Vec<&str> = layers.iter().map(|(_, layer)| layer.type_name.as_str()).collect();
                let parts = blocks(&types);
                let place = |((id, _), part): (&(LayerId, _), Option<Part>)| {
                    let block = part.map_or(*id, |part| layers[part.first].0);
                    let is_unfolded = unfolded.with(|unfolded: &BTreeSet<LayerId>| unfolded.contains(&block));
                    Placed { id: *id, part, is_folded: part.is_some() && !is_list && !is_unfolded, block }
                };
                layers.iter().zip(parts).map(place).collect::<Vec<_>>()
            })
        });
        Self {
            is_fitted: RwSignal::new(remembered(FIT).is_some_and(|fit| fit == "true")),
            unfolded,
            placed,
            edit_cost: RwSignal::default(),
            tip: RwSignal::new(None),
            tip_owner: StoredValue::new_local(None),
            tip_anchor: RwSignal::default(),
            tip_wish: StoredValue::new(0),
        }
    }

    /// Returns the store that the panel provides.
    pub fn get() -> Self {
        expect_context()
    }

    pub fn toggle_fit(self) {
        self.is_fitted.update(|is_fitted| *is_fitted = !*is_fitted);
        remember(FIT, if self.is_fitted.get_untracked() { "true" } else { "false" });
    }

    /// Shows a block as one card, or layer by layer.
    pub fn toggle_fold(self, block: LayerId) {
        self.unfolded.update(|unfolded| {
            if !unfolded.remove(&block) {
                unfolded.insert(block);
            }
        });
    }

    /// Counts the columns of cards, the input's among them.
    pub fn columns(self) -> usize {
        let is_column = |layer: &&Placed| !layer.is_folded || layer.part.is_none_or(|part| part.place == 0);
        self.placed.with(|placed| placed.iter().filter(is_column).count()) + 1
    }

    fn wish(self) -> u32 {
        self.tip_wish.update_value(|wish| *wish += 1);
        self.tip_wish.get_value()
    }

    /// Shows a tip beside an element, after a delay in milliseconds.
    pub fn show_tip(self, subject: TipSubject, owner: web_sys::Element, delay_ms: i32) {
        let wish = self.wish();
        let show = move || {
            if self.tip_wish.try_get_value() == Some(wish) && owner.is_connected() {
                self.tip_owner.set_value(Some(owner));
                self.place_tip();
                self.tip.set(Some(subject));
            }
        };
        if delay_ms == 0 {
            show();
        } else {
            after_ms(delay_ms, show);
        }
    }

    /// Hides the tip soon, unless the pointer moves on into it.
    pub fn leave_tip(self) {
        const GRACE_MS: i32 = 120;
        let wish = self.wish();
        after_ms(GRACE_MS, move || {
            if self.tip_wish.try_get_value() == Some(wish) {
                self.tip.set(None);
            }
        });
    }

    /// Keeps the tip while the pointer is over it.
    pub fn keep_tip(self) {
        self.wish();
    }

    pub fn hide_tip(self) {
        self.wish();
        if self.tip.with_untracked(Option::is_some) {
            self.tip.set(None);
        }
    }

    /// Reads the place of the tip's element again, which scrolling changes.
    pub fn place_tip(self) {
        let bounds = self.tip_owner.with_value(|owner| owner.as_ref().map(web_sys::Element::get_bounding_client_rect));
        if let Some(bounds) = bounds {
            self.tip_anchor.set([bounds.left(), bounds.top(), bounds.right(), bounds.bottom()]);
        }
    }
}
