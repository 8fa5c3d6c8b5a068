//! Connections that skip cards, drawn above the strip.

use leptos::html::Div;
use leptos::prelude::*;
use leptos_use::use_element_size;

use super::store::NetworkStore;
use crate::ui::browser::next_frame;
use crate::ui::features::network::checked::CheckedLayer;
use crate::ui::features::network::history::{History, LayerId};
use crate::ui::features::network::skip_links::{Link, laid_out};
use crate::ui::state::{State, use_state};
use chalkgrad_engine::model::catalogue::Source;

/// Returns the connections that skip layers.
pub fn links(state: State) -> Vec<Link> {
    let pairs = state.network.checked().with(|checked| {
        let inputs = |(to, layer): (usize, &CheckedLayer)| {
            let from = |source: &Source| match *source {
                Source::Input => None,
                Source::Layer(at) => Some(at),
            };
            layer.inputs.iter().map(move |source| (from(source), to)).collect::<Vec<_>>()
        };
        checked.layers.iter().enumerate().flat_map(inputs).collect::<Vec<_>>()
    });
    laid_out(pairs)
}

/// Lines of the connections that skip cards. Cards name their inputs as text, so screen readers need no lines.
#[component]
pub fn Links(strip: NodeRef<Div>) -> impl IntoView {
    let (state, store) = (use_state(), NetworkStore::get());
    let width = use_element_size(strip).width;
    let all = Memo::new(move |_| links(state));
    let ids = Memo::new(move |_| state.network.history().with(History::ids));
    let paths = RwSignal::new(Vec::<String>::new());
    Effect::new(move |_| {
        let (links, ids) = (all.get(), ids.get());
        width.track();
        store.placed.track();
        store.is_fitted.track();
        let Some(strip) = strip.get() else { return };
        // The cards take their new places first.
        next_frame(move || {
            let drawn = links.iter().filter_map(|link| path(&strip, &ids, *link)).collect();
            paths.try_set(drawn);
        });
    });
    let lines = move || {
        let paths = paths.get();
        (!paths.is_empty()).then(|| {
            let line = |path: String| view! { <path d=path></path> };
            view! {
                <svg class="links" width="1" height="1" aria-hidden="true">
                    {paths.into_iter().map(line).collect_view()}
                </svg>
            }
        })
    };
    view! { {lines} }
}

/// Returns the path of a link: from the gap behind one card, above the cards, to the gap before the other.
fn path(strip: &web_sys::HtmlElement, ids: &[LayerId], link: Link) -> Option<String> {
    /// Distance from the card.
    const ASIDE: f64 = 4.0;
    /// As in the style sheet.
    const LANE_HEIGHT: f64 = 5.0;
    const CORNER: f64 = 4.0;
    let place = |selector: &str| Some(strip.query_selector(selector).ok()??.get_bounding_client_rect());
    let card = |at: usize| place(&format!("#card-{}", ids.get(at)?));
    let from = match link.from {
        Some(at) => card(at)?,
        None => place(".card-input")?,
    };
    let (to, cards, outer) = (card(link.to)?, place(".cards")?, strip.get_bounding_client_rect());
    let x = |window: f64| window - outer.left() + f64::from(strip.scroll_left());
    let (start, end) = (x(from.right()) + ASIDE, x(to.left()) - ASIDE);
    let middle = cards.top() + cards.height() / 2.0 - outer.top();
    let top = cards.top() - outer.top() - LANE_HEIGHT * (link.lane as f64 + 0.5) - 1.0;
    // The line behind the source begins at the connection to the next card, and the one before the target ends in an arrow.
    Some(format!(
        "M{start:.0} {middle:.0}V{:.0}q0 -{CORNER} {CORNER} -{CORNER}H{:.0}q{CORNER} 0 {CORNER} {CORNER}V{middle:.0}m-3 -6l3 6l3 -6",
        top + CORNER,
        end - CORNER,
    ))
}
