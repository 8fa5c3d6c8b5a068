//! Subscriptions of views to tensors, for the input in the input panel or all over the plane of two features: one request to the
//! engine for all of a kind, a few times a second, and none while no view is visible.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::ui::browser::{after_ms, callback};
use crate::ui::state::State;
use chalkgrad_engine::protocol::ArrayData;
use chalkgrad_engine::protocol::requests::Inspect;
use chalkgrad_engine::protocol::responses::TensorData;

/// Between two questions while only the weights change, and where the inputs change too.
const PAUSE_MS: i32 = 250;
const IMAGE_PAUSE_MS: i32 = 34;

/// Inputs for which outputs are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Sight {
    /// The one in the input panel.
    #[default]
    Input,
    /// Places all over the plane of two features.
    Plane,
}

/// Shows the tensors that were named, in their order. Shapes have the batch axis, of the number of inputs, where the tensor has
/// one; a tensor that does not exist yet has no values.
type Show = Box<dyn Fn(&[TensorData])>;

/// View that subscribes to tensors.
struct TensorSubscription {
    names: Vec<String>,
    /// The view is visible.
    is_seen: Cell<bool>,
    show: Show,
}

/// Keeps a view informed; dropping it ends that.
pub struct Subscriptions {
    state: State,
    sight: Sight,
    watcher: Rc<TensorSubscription>,
}

impl Subscriptions {
    /// Sets whether the view is visible. A hidden view gets no tensors.
    pub fn set_seen(&self, is_seen: bool) {
        if self.watcher.is_seen.replace(is_seen) != is_seen && is_seen {
            self.state.look_soon(self.sight);
        }
    }
}

/// Subscriptions of each sight.
#[derive(Default)]
pub struct Watches {
    input: Watch,
    plane: Watch,
}

impl Watches {
    fn of(&self, sight: Sight) -> &Watch {
        match sight {
            Sight::Input => &self.input,
            Sight::Plane => &self.plane,
        }
    }
}

/// All subscriptions of a sight.
struct Watch {
    watchers: StoredValue<Vec<Weak<TensorSubscription>>, LocalStorage>,
    is_asking: StoredValue<bool>,
    is_stale: StoredValue<bool>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            watchers: StoredValue::new_local(Vec::new()),
            is_asking: StoredValue::new(false),
            is_stale: StoredValue::new(false),
        }
    }
}

impl State {
    /// Shows the named tensors now and whenever they may have changed. Nothing is shown before [`Subscriptions::set_seen`].
    pub fn watch(&self, sight: Sight, names: Vec<String>, show: impl Fn(&[TensorData]) + 'static) -> Rc<Subscriptions> {
        let watcher = Rc::new(TensorSubscription { names, is_seen: Cell::new(false), show: Box::new(show) });
        self.watches.of(sight).watchers.update_value(|watchers| watchers.push(Rc::downgrade(&watcher)));
        Rc::new(Subscriptions { state: *self, sight, watcher })
    }

    /// Returns the image that all views inspect: the one in the input panel, or else one of the test set, so that
    /// something is visible from the start. The surrounding view follows it.
    pub fn looked_at(&self) -> Vec<u8> {
        self.input.image().track();
        self.input.samples().track();
        self.looked_at_now()
    }

    /// Returns the image like [`State::looked_at`], without tracking. It is blank before the first images have arrived,
    /// and if the network takes another number of pixels, so that its weights are visible all the same.
    pub fn looked_at_now(&self) -> Vec<u8> {
        const STAND_IN: usize = 3;
        let size = self.input_size();
        let mut image = self.input.image().get_untracked();
        if image.is_empty() {
            image = self.input.samples().with_untracked(|samples| {
                samples.get(STAND_IN).or(samples.first()).map(|sample| sample.pixels.clone()).unwrap_or_default()
            });
        }
        if image.len() == size { image } else { vec![0; size] }
    }

    /// Returns the input that all views inspect, without tracking: the image or, if the data set has none, the token ids of the text
    /// or the numbers of the example.
    pub fn input_now(&self) -> ArrayData {
        if untrack(|| self.has_images()) {
            return ArrayData::U8(self.looked_at_now());
        }
        let size = self.input_size();
        if untrack(|| self.has_texts()) {
            let ids = self.input.sentence.sentence().with_untracked(|sentence| sentence.ids.clone());
            return ArrayData::I32(if ids.len() == size { ids } else { vec![0; size] });
        }
        let values = self.input.row().with_untracked(|row| row.as_ref().map(|row| row.values.clone()));
        ArrayData::F32(values.filter(|values| values.len() == size).unwrap_or_else(|| vec![0.0; size]))
    }

    /// Returns the inputs of a sight, without tracking; `None` if there is nothing to look at.
    fn inputs_now(&self, sight: Sight) -> Option<ArrayData> {
        match sight {
            Sight::Input => Some(self.input_now()),
            Sight::Plane => self.plane_places().map(ArrayData::F32),
        }
    }

    /// Returns the number of values of a network input.
    pub fn input_size(&self) -> usize {
        self.network.history().with_untracked(|history| history.draft().input_shape.iter().product())
    }

    /// Begins to follow what may change tensors. Called once.
    pub fn follow_tensors(&self) {
        let state = *self;
        let listener = callback(Box::new(move |_| state.inspect_soon()));
        let _ = document().add_event_listener_with_callback("visibilitychange", &listener);
    }

    /// Asks for all that is looked at.
    pub fn inspect_soon(&self) {
        self.look_soon(Sight::Input);
        self.look_soon(Sight::Plane);
    }

    /// Asks for all of a sight: one question at a time, and the last change is never left out.
    fn look_soon(&self, sight: Sight) {
        let state = *self;
        let watch = self.watches.of(sight);
        if watch.is_asking.get_value() || document().hidden() {
            watch.is_stale.set_value(true);
            return;
        }
        watch.watchers.update_value(|watchers| watchers.retain(|watcher| watcher.strong_count() > 0));
        let watchers: Vec<Rc<TensorSubscription>> =
            watch.watchers.with_value(|watchers| watchers.iter().filter_map(Weak::upgrade).collect());
        let seen: Vec<Rc<TensorSubscription>> = watchers.into_iter().filter(|watcher| watcher.is_seen.get()).collect();
        if seen.is_empty() {
            return;
        }
        let Some(inputs) = self.inputs_now(sight) else { return };
        let mut names: Vec<String> = Vec::new();
        for name in seen.iter().flat_map(|watcher| &watcher.names) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        // A view that goes meanwhile is not called any more.
        let seen: Vec<Weak<TensorSubscription>> = seen.iter().map(Rc::downgrade).collect();
        watch.is_asking.set_value(true);
        watch.is_stale.set_value(false);
        let request = Inspect { names: names.clone(), inputs: inputs.clone() };
        let response = self.client().request(request);
        spawn_local(async move {
            if let Ok(tensors) = response.await {
                show(&seen, &names, &tensors);
            }
            after_ms(IMAGE_PAUSE_MS, move || {
                if state.inputs_now(sight).as_ref() != Some(&inputs) {
                    return state.look_again(sight);
                }
                after_ms(PAUSE_MS - IMAGE_PAUSE_MS, move || {
                    let watch = state.watches.of(sight);
                    if watch.is_stale.get_value() { state.look_again(sight) } else { watch.is_asking.set_value(false) }
                });
            });
        });
    }

    fn look_again(&self, sight: Sight) {
        self.watches.of(sight).is_asking.set_value(false);
        self.look_soon(sight);
    }
}

/// Shows each watcher the tensors that it named, in its order.
fn show(watchers: &[Weak<TensorSubscription>], names: &[String], tensors: &[TensorData]) {
    for watcher in watchers.iter().filter_map(Weak::upgrade).filter(|watcher| watcher.is_seen.get()) {
        let own =
            watcher.names.iter().filter_map(|name| tensors.get(names.iter().position(|other| other == name)?).cloned());
        let own: Vec<TensorData> = own.collect();
        if own.len() == watcher.names.len() {
            (watcher.show)(&own);
        }
    }
}
