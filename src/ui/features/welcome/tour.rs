//! The tour: a card that goes from element to element. The page stays usable meanwhile.

use leptos::ev;
use leptos::html::Div;
use leptos::prelude::*;

use super::steps::STEPS;
use crate::ui::browser::{focus, focus_soon, next_frame};
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::welcome::beside::{Edges, beside};
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

const NEXT_ID: &str = "tour-next";

/// State of the tour. Copied freely: it is a handle.
#[derive(Clone, Copy)]
pub struct Tour {
    /// Index of the step that is shown.
    step: RwSignal<Option<usize>>,
    /// The element that had the focus before.
    opener: StoredValue<Option<web_sys::Element>, LocalStorage>,
}

impl Default for Tour {
    fn default() -> Self {
        Self { step: RwSignal::new(None), opener: StoredValue::new_local(None) }
    }
}

impl Tour {
    /// Returns the store that the page provides.
    pub fn get() -> Self {
        expect_context()
    }

    pub fn is_open(self) -> bool {
        self.step.with(Option::is_some)
    }

    pub fn start(self) {
        self.opener.set_value(document().active_element());
        self.step.set(Some(0));
        focus_soon(NEXT_ID.to_owned());
    }

    fn leave(self) {
        self.step.set(None);
        // The opener may be gone; the browser then places the focus.
        if let Some(opener) = self.opener.try_update_value(Option::take).flatten() {
            focus(&opener);
        }
    }

    /// Goes a step back or forward. Behind the last step the tour ends.
    fn go(self, to: usize) {
        if to < STEPS.len() { self.step.set(Some(to)) } else { self.leave() }
    }
}

/// Button that begins the tour at any time.
#[component]
pub fn TourButton() -> impl IntoView {
    let tour = Tour::get();
    view! { <IconButton text="tour_start" icon="help" on_click=move || tour.start() /> }
}

#[component]
pub fn TourView() -> impl IntoView {
    let tour = Tour::get();
    move || tour.is_open().then(|| view! { <OpenTour /> })
}

#[component]
fn OpenTour() -> impl IntoView {
    let (state, tour) = (use_state(), Tour::get());
    let index = Memo::new(move |_| tour.step.get().unwrap_or_default());
    let (target, place) = (RwSignal::new(None::<Edges>), RwSignal::new([0.0; 2]));
    let card = NodeRef::<Div>::new();
    let on_escape = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" {
            event.prevent_default();
            tour.leave();
        }
    });
    on_cleanup(move || on_escape.remove());
    Effect::new(move |_| show(state, index.get()));
    card.on_load(move |card| follow(tour, card, target, place));
    let position = move || {
        let (step, count) = ((index.get() + 1).to_string(), STEPS.len().to_string());
        t_with("tour_position", &[("step", &step), ("count", &count)])
    };
    let is_last = move || index.get() + 1 == STEPS.len();
    let side = move |edge: usize| move || target.get().map(|edges| format!("{}px", edges[edge]));
    let extent = move |from: usize| move || target.get().map(|edges| format!("{}px", edges[from + 2] - edges[from]));
    view! {
        <div
            class="tour-frame"
            hidden=move || target.get().is_none()
            style:left=side(0)
            style:top=side(1)
            style:width=extent(0)
            style:height=extent(1)
        ></div>
        <div
            class="tour-card"
            role="dialog"
            aria-label=move || t("tour")
            style:left=move || format!("{}px", place.get()[0])
            style:top=move || format!("{}px", place.get()[1])
            node_ref=card
        >
            <p aria-live="polite">{move || t(STEPS[index.get()].text)}</p>
            <div class="tour-buttons">
                <span class="panel-note">{position}</span>
                <button
                    type="button"
                    class="button"
                    disabled=move || index.get() == 0
                    on:click=move |_| tour.go(index.get_untracked().saturating_sub(1))
                >
                    {move || t("tour_back")}
                </button>
                <button
                    type="button"
                    class="button primary"
                    id=NEXT_ID
                    on:click=move |_| tour.go(index.get_untracked() + 1)
                >
                    {move || t(if is_last() { "tour_done" } else { "tour_next" })}
                </button>
            </div>
            <IconButton text="tour_leave" icon="close" on_click=move || tour.leave() />
        </div>
    }
}

/// Opens the part of the page where a step's element is, and brings the element into view.
fn show(state: State, step: usize) {
    state.screen.show(STEPS[step].part);
    next_frame(move || {
        let Some(element) = element_of(step) else { return };
        let [left, top, right, bottom] = edges(&element);
        let [width, height] = window_size();
        if left < 0.0 || top < 0.0 || right > width || bottom > height {
            element.scroll_into_view();
        }
    });
}

/// Keeps frame and card at the element of the present step, for as long as the tour is open.
fn follow(tour: Tour, card: web_sys::HtmlDivElement, target: RwSignal<Option<Edges>>, place: RwSignal<[f64; 2]>) {
    let Some(Some(step)) = tour.step.try_get_untracked() else { return };
    let found = element_of(step).map(|element| edges(&element));
    let size = [card.offset_width(), card.offset_height()].map(f64::from);
    let at = beside(found.unwrap_or_default(), size, window_size());
    // The tour may be left meanwhile, and another one begun.
    if !card.is_connected() {
        return;
    }
    if target.try_get_untracked() != Some(found) {
        target.try_set(found);
    }
    if place.try_get_untracked() != Some(at) {
        place.try_set(at);
    }
    next_frame(move || follow(tour, card, target, place));
}

/// Finds the element of a step.
fn element_of(step: usize) -> Option<web_sys::Element> {
    let found = document().query_selector_all(STEPS[step].target).ok()?;
    let mut elements = (0..found.length()).filter_map(|at| found.item(at)).map(wasm_bindgen::JsCast::unchecked_into);
    elements.find(|element: &web_sys::Element| element.get_bounding_client_rect().width() > 0.0)
}

fn edges(element: &web_sys::Element) -> Edges {
    let bounds = element.get_bounding_client_rect();
    [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()]
}

fn window_size() -> [f64; 2] {
    document().document_element().map_or([0.0; 2], |root| [root.client_width(), root.client_height()].map(f64::from))
}
