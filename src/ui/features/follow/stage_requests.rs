//! Questions about a stage of the last step, and the walk over the cards.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::names::{BATCH_INPUT, BATCH_LOSS};
use super::requests::trouble;
use super::stages::{Moment, Stage, grey, of_example};
use super::trail::Mark;
use crate::ui::browser::{after_ms, prefers_reduced_motion};
use crate::ui::state::State;
use crate::ui::stores::follow::{StepTensors, View};
use chalkgrad_engine::protocol::requests::LastStep;

impl State {
    /// Returns the names of the network's layers in their order.
    fn layer_names(&self) -> Vec<String> {
        self.network.checked().with_untracked(|checked| checked.layers.iter().map(|layer| layer.name.clone()).collect())
    }

    /// Returns the name of the output of the network.
    pub fn last_output(&self) -> Option<String> {
        self.layer_names().last().map(|layer| format!("{layer}.output"))
    }

    /// Lists the weights that are trained.
    pub fn trained_weights(&self) -> Vec<String> {
        self.network.checked().with_untracked(|checked| {
            let weights = checked.layers.iter().flat_map(|layer| {
                let trained = layer.weights.iter().filter(|weight| weight.trainable);
                trained.map(move |weight| format!("{}.{}", layer.name, weight.name))
            });
            weights.collect()
        })
    }

    /// Lists the tensors of a stage.
    fn stage_tensors(&self, stage: Stage) -> Vec<String> {
        let outputs = || self.layer_names().into_iter().map(|layer| format!("{layer}.output"));
        let gradients = || outputs().map(|output| format!("grad {output}"));
        let input = [BATCH_INPUT.to_owned()].into_iter();
        match stage {
            Stage::Batch => input.collect(),
            Stage::Forward => input.chain(outputs()).collect(),
            Stage::Loss => input.chain([BATCH_LOSS.to_owned()]).chain(outputs()).collect(),
            Stage::Backward => input.chain(gradients()).collect(),
            Stage::Update => {
                let weights = self.trained_weights().into_iter();
                let weights = weights.flat_map(|weight| [format!("before {weight}"), weight]);
                input.chain(weights).chain(gradients()).collect()
            }
        }
    }

    /// Returns the pixels of the example that a slow step shows; `None` outside of it. The surrounding view follows it.
    pub fn staged_image(&self) -> Option<Vec<u8>> {
        let follow = &self.follow;
        if !follow.is_open().get() || follow.view().get() != View::Stages {
            return None;
        }
        let example = follow.example().get();
        follow.tensors().with(|tensors| grey(of_example(tensors.get(BATCH_INPUT)?, example)?)).map(|(pixels, _)| pixels)
    }

    /// Reads the tensors of the stage that is looked at, as far as they are not there.
    pub fn load_stage(&self) {
        let state = *self;
        if !untrack(|| state.can_follow())
            || self.follow.step().with_untracked(|step| step.as_ref().is_none_or(|step| step.info().is_none()))
        {
            return;
        }
        let stage = self.follow.moment().get_untracked().stage;
        let known = self.follow.tensors().get_untracked();
        let names: Vec<String> =
            self.stage_tensors(stage).into_iter().filter(|name| !known.contains_key(name)).collect();
        if names.is_empty() {
            return;
        }
        let question = self.follow.ask();
        spawn_local(async move {
            let mut tensors: StepTensors = (*known).clone();
            let mut last_error = None;
            // One by one, because not every output has a gradient.
            for name in names {
                let read = state.client().request(LastStep { names: vec![name.clone()] }).await;
                if !state.follow.is_latest(question) {
                    return;
                }
                match read {
                    Ok(read) => tensors.extend(read.tensors.into_iter().next().map(|tensor| (name, tensor))),
                    Err(report) => last_error = Some(report),
                }
            }
            state.follow.answered(question);
            match last_error.filter(|_| tensors.len() == known.len()) {
                Some(report) => state.follow.fail(trouble(report)),
                None => state.follow.set_tensors(tensors),
            }
        });
    }

    /// Shows a stage; the cards of a stage that walks have their turns one after the other.
    pub fn show_stage(&self, stage: Stage) {
        let cards = self.layer_names().len();
        let is_still = prefers_reduced_motion();
        let moment = if is_still { Moment::whole(stage, cards) } else { Moment::start(stage) };
        self.follow.set_playing(false);
        self.follow.set_moment(moment);
        self.load_stage();
        let walk = self.follow.begin_walk();
        if stage.walks() && !is_still {
            self.walk_on(walk, true);
        }
    }

    /// Shows the example of the batch on the cards.
    pub fn show_example(&self, example: usize) {
        self.follow.choose_example(example);
    }

    /// Goes from moment to moment to the end of the step, or stops that.
    pub fn play_step(&self) {
        let follow = &self.follow;
        let walk = follow.begin_walk();
        if follow.is_playing().get_untracked() {
            return follow.set_playing(false);
        }
        if follow.moment().get_untracked().stage == Stage::Update {
            follow.set_moment(Moment::default());
        }
        follow.set_playing(true);
        self.load_stage();
        self.walk_on(walk, false);
    }

    fn walk_on(&self, walk: u32, stays_in_stage: bool) {
        let state = *self;
        let pace_ms = self.follow.pace_ms().get_untracked() as i32;
        after_ms(pace_ms, move || {
            let follow = &state.follow;
            if !follow.is_walking(walk) || !untrack(|| state.can_follow()) {
                return;
            }
            let now = follow.moment().get_untracked();
            match now.next(state.layer_names().len()) {
                Some(next) if next.stage == now.stage || !stays_in_stage => {
                    follow.set_moment(next);
                    if next.stage != now.stage {
                        state.load_stage();
                    }
                    state.walk_on(walk, stays_in_stage);
                }
                _ => follow.set_playing(false),
            }
        });
    }

    /// Returns the mark of a layer's card, and follows what it depends on.
    pub fn card_mark(&self, layer: &str, at: usize) -> Mark {
        let follow = &self.follow;
        if !follow.is_open().get() {
            return Mark::None;
        }
        if follow.view().get() == View::Trail {
            return follow.mark(layer);
        }
        let cards = self.network.checked().with(|checked| checked.layers.len());
        let moment = follow.moment().get();
        if !moment.stage.walks() {
            return Mark::None;
        }
        match moment.of_card(at, cards) {
            (_, true) => Mark::Current,
            (true, false) => Mark::Some,
            (false, false) => Mark::None,
        }
    }

    /// Returns the name of the tensor that a layer's card shows in a slow step, or an empty one while its turn has not come;
    /// `None` outside of it. The surrounding view follows it.
    pub fn card_tensor(&self, layer: &str) -> Option<String> {
        let follow = &self.follow;
        let moment = follow.moment().get();
        if !follow.is_open().get() || follow.view().get() != View::Stages {
            return None;
        }
        let (at, cards) = self
            .network
            .checked()
            .with(|checked| (checked.layers.iter().position(|other| other.name == layer), checked.layers.len()));
        let (is_shown, _) = moment.of_card(at?, cards);
        Some(match (is_shown, moment.is_backward()) {
            (false, _) => String::new(),
            (true, true) => format!("grad {layer}.output"),
            (true, false) => format!("{layer}.output"),
        })
    }
}
