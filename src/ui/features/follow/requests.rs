//! Questions about the last step. None is asked while a run goes on, which they would slow down.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::names::{Axes, BATCH_TARGET, Known};
use super::route::{Goal, MOST_LINES, next};
use super::trail::{FEW_TERMS, Line, MOST_TERMS, Trail, largest};
use crate::ui::browser::{after_ms, focus_soon};
use crate::ui::features::network::history::History;
use crate::ui::features::phone::Part;
use crate::ui::state::State;
use crate::ui::stores::follow::{Entry, Followed, Subject, Trouble, View};
use chalkgrad_engine::protocol::requests::{CheckGradient, Explain, ExplainInput, LastStep, Vocabulary};
use chalkgrad_engine::protocol::{Cell, ErrorReport, Explanation, GradientCheck, RunState};

/// Code of the errors of numbers that are not there.
const NO_VALUE: &str = "no-value-yet";

/// Between two lines of a trail that is played.
const PLAY_MS: i32 = 1000;

/// Returns the id of a line's heading.
pub fn line_id(at: usize) -> String {
    format!("follow-line-{at}")
}

impl State {
    /// Opens the panel and follows something. The element of this id gets the focus back when it closes.
    pub fn open_follow(&self, entry: Entry, opener: &str) {
        self.screen.show(Part::Results);
        self.follow.open(entry, opener);
        focus_soon("follow-title".to_owned());
        self.load_followed();
    }

    /// Closes the panel.
    pub fn close_follow(&self) {
        // The buttons that open it are all beside the network.
        self.screen.show(Part::Network);
        if let Some(opener) = self.follow.close() {
            focus_soon(opener);
        }
    }

    /// Returns true if the engine has time for questions about the network that is shown. The surrounding view follows it.
    pub fn can_follow(&self) -> bool {
        let is_busy =
            self.run.state().with(|run| matches!(run, RunState::Training | RunState::Waiting | RunState::Evaluating));
        !is_busy && !self.is_edited_since()
    }

    /// Returns true if the network that is shown is not the engine's. The surrounding view follows it.
    pub fn is_edited_since(&self) -> bool {
        self.run.weights_version().track();
        let shown = self.network.history().with(History::spec);
        shown != self.engine_model()
    }

    /// Describes the weights of the network, by which names of tensors are understood.
    fn known_weights(&self) -> Known {
        let types: Vec<String> = self.network.history().with_untracked(|history| {
            history.draft().layers.iter().map(|(_, layer)| layer.type_name.clone()).collect()
        });
        self.network.checked().with_untracked(|checked| {
            let layers = checked.layers.iter().zip(&types);
            Known::new(layers.flat_map(|(layer, layer_type)| {
                layer.weights.iter().zip(&layer.weight_shapes).map(move |(weight, shape)| {
                    let axes = Axes::of(layer_type, weight.name, shape.len());
                    (format!("{}.{}", layer.name, weight.name), axes)
                })
            }))
        })
    }

    /// Returns the first weight that is trained.
    fn first_weight(&self) -> Option<String> {
        self.network.checked().with_untracked(|checked| {
            checked.layers.iter().find_map(|layer| {
                let weight = layer.weights.iter().find(|weight| weight.trainable)?;
                Some(format!("{}.{}", layer.name, weight.name))
            })
        })
    }

    /// Reads the last step, and the lines of it: the entry, or those that are followed.
    pub fn load_followed(&self) {
        let state = *self;
        if !self.follow.is_open().get_untracked() || !untrack(|| state.can_follow()) {
            return;
        }
        let question = self.follow.ask();
        spawn_local(async move {
            let loaded = state.load(question).await;
            if !state.follow.is_latest(question) {
                return;
            }
            state.follow.answered(question);
            if let Err(trouble) = loaded {
                match trouble == Trouble::NotRecorded && state.follow.may_take_step() {
                    true => state.step_and_follow(),
                    false => state.follow.fail(trouble),
                }
            }
        });
    }

    /// Takes one step. Once it is taken, the run ends, and its numbers are read.
    pub fn step_and_follow(&self) {
        self.follow.begin_stepping();
        self.step();
    }

    /// Opens the slow step, of the last step even if the trail is one of an input.
    pub fn load_stages(&self) {
        let is_of_step =
            self.follow.step().with_untracked(|step| step.as_ref().is_some_and(|step| step.info().is_some()));
        match is_of_step {
            true => self.load_stage(),
            false => {
                self.follow.enter(Entry::LargestGradient);
                self.load_followed();
            }
        }
    }

    async fn load(&self, question: u32) -> Result<(), Trouble> {
        let follow = &self.follow;
        let entry = follow.entry();
        let is_input = match &entry {
            Some(entry) => matches!(entry, Entry::InputCell(_)),
            None => follow.step().with_untracked(|step| step.as_ref().is_some_and(|step| step.input().is_some())),
        };
        let subject = match is_input {
            true => Subject::Input(self.input_now()),
            false => {
                let request = LastStep { names: vec![BATCH_TARGET.to_owned()] };
                let read = self.client().request(request).await.map_err(trouble)?;
                let targets = read.tensors.into_iter().next().unwrap_or_default();
                Subject::Step { info: read.info, targets }
            }
        };
        let is_known = follow.step().with_untracked(|step| step.as_ref().is_some_and(|step| step.subject == subject));
        if is_known && entry.is_none() && !follow.is_over().get_untracked() && !is_input {
            return Ok(());
        }
        let words = match untrack(|| self.has_texts()) {
            // A missing vocabulary costs the words only.
            true => self.client().request(Vocabulary {}).await.unwrap_or_default(),
            false => Vec::new(),
        };
        let is_entry = entry.is_some();
        let cells = match entry {
            Some(Entry::Cell(cell) | Entry::InputCell(cell)) => vec![(cell, FEW_TERMS)],
            Some(Entry::LargestGradient) => Vec::new(),
            None => follow.wanted(),
        };
        let mut lines = Vec::with_capacity(cells.len());
        for (cell, terms) in cells {
            match self.explanation(&subject, cell, terms).await {
                Ok(explanation) => lines.push(Line::new(explanation, terms)),
                Err(report) if is_entry => return Err(trouble(report)),
                // The lines above it hold all the same, and another network may not have this number.
                Err(_) => break,
            }
            if !follow.is_latest(question) {
                return Ok(());
            }
        }
        if lines.is_empty() && !is_input {
            let cell = self.largest_gradient().await?;
            let explanation = self.explanation(&subject, cell, FEW_TERMS).await.map_err(trouble)?;
            lines.push(Line::new(explanation, FEW_TERMS));
        }
        if !follow.is_latest(question) {
            return Ok(());
        }
        follow.begin_step(Followed { subject, known: self.known_weights() }, words);
        let current = if is_entry { 0 } else { follow.current().get_untracked() };
        follow.change(|trail| trail.reset(lines), current);
        follow.entered();
        if follow.view().get_untracked() == View::Stages {
            self.load_stage();
        }
        Ok(())
    }

    /// Asks for the explanation of a number of a step or of an input.
    async fn explanation(&self, subject: &Subject, cell: Cell, terms: u32) -> Result<Explanation, ErrorReport> {
        match subject {
            Subject::Step { .. } => self.client().request(Explain { cell, terms }).await,
            Subject::Input(input) => self.client().request(ExplainInput { cell, terms, input: input.clone() }).await,
        }
    }

    /// Finds the number of the first weight whose gradient is largest.
    async fn largest_gradient(&self) -> Result<Cell, Trouble> {
        let weight = self.first_weight().ok_or(Trouble::NoWeights)?;
        let gradient = format!("grad {weight}");
        let read = self.client().request(LastStep { names: vec![gradient] }).await.map_err(trouble)?;
        let values = read.tensors.first().map_or(&[][..], |tensor| &tensor.values);
        let index = largest(values).unwrap_or_default();
        Ok(Cell { tensor: weight, index, shard: None })
    }

    /// Asks for a line; `None` if another question has been asked since, or if there is no answer, which is said.
    async fn explain(&self, question: u32, cell: Cell, terms: u32) -> Option<Line> {
        let subject = self.follow.step().with_untracked(|step| step.as_ref().map(|step| step.subject.clone()))?;
        let answer = self.explanation(&subject, cell, terms).await;
        if !self.follow.is_latest(question) {
            return None;
        }
        match answer {
            Ok(explanation) => Some(Line::new(explanation, terms)),
            Err(report) => {
                self.follow.answered(question);
                self.follow.fail(trouble(report));
                None
            }
        }
    }

    /// Cuts the trail below a line and follows a number of it.
    pub fn follow_from(&self, at: usize, cell: Cell) {
        let state = *self;
        if !untrack(|| state.can_follow()) {
            return;
        }
        self.follow.set_playing(false);
        let question = self.follow.ask();
        spawn_local(async move {
            let Some(line) = state.explain(question, cell, FEW_TERMS).await else { return };
            state.follow.answered(question);
            state.follow.change(|trail| trail.follow(at, line), at + 1);
            focus_soon(line_id(at + 1));
        });
    }

    /// Lists more terms of a line.
    pub fn show_terms(&self, at: usize, count: usize) {
        let state = *self;
        let cell = self.follow.trail().with_untracked(|trail| trail.lines().get(at).map(|line| line.cell().clone()));
        let Some(cell) = cell.filter(|_| untrack(|| state.can_follow())) else { return };
        let terms = (count as u32).min(MOST_TERMS);
        let question = self.follow.ask();
        spawn_local(async move {
            let Some(line) = state.explain(question, cell, terms).await else { return };
            state.follow.answered(question);
            state.follow.change(|trail| trail.replace(at, line), at);
            focus_soon(line_id(at));
        });
    }

    /// Follows the largest terms from the last line on, up to the loss or down to the input.
    pub fn follow_to(&self, goal: Goal) {
        let state = *self;
        if !untrack(|| state.can_follow()) {
            return;
        }
        self.follow.set_playing(false);
        let question = self.follow.ask();
        spawn_local(async move {
            let follow = &state.follow;
            for turn in 0..MOST_LINES {
                let Some(cell) = state.next_cell(goal) else { break };
                let Some(line) = state.explain(question, cell, FEW_TERMS).await else { break };
                let last = follow.trail().with_untracked(|trail| trail.lines().len());
                let add = |trail: &mut Trail| {
                    if turn == 0 {
                        trail.keep();
                    }
                    trail.extend(line);
                };
                follow.change(add, last);
            }
            if follow.is_latest(question) {
                follow.answered(question);
                focus_soon(line_id(follow.current().get_untracked()));
            }
        });
    }

    /// Returns the next number on the way from the last line; `None` at its end.
    pub fn next_cell(&self, goal: Goal) -> Option<Cell> {
        self.follow.step().with_untracked(|step| {
            let step = step.as_ref().filter(|step| goal == Goal::Input || step.info().is_some())?;
            let known = &step.known;
            self.follow.trail().with_untracked(|trail| {
                let cell = next(&trail.lines().last()?.explanation, goal, known)?;
                (!trail.contains(&cell)).then_some(cell)
            })
        })
    }

    /// Looks at one line after the other, a second each, or stops that.
    pub fn play_trail(&self) {
        let follow = &self.follow;
        if follow.is_playing().get_untracked() {
            return follow.set_playing(false);
        }
        let last = follow.trail().with_untracked(|trail| trail.lines().len()).saturating_sub(1);
        if follow.current().get_untracked() >= last {
            follow.look_at(0);
        }
        follow.set_playing(true);
        self.play_on();
    }

    fn play_on(&self) {
        let state = *self;
        after_ms(PLAY_MS, move || {
            let follow = &state.follow;
            let last = follow.trail().with_untracked(|trail| trail.lines().len()).saturating_sub(1);
            let current = follow.current().get_untracked();
            if !follow.is_playing().get_untracked() || follow.view().get_untracked() != View::Trail {
                return;
            }
            if current >= last {
                return follow.set_playing(false);
            }
            follow.look_at(current + 1);
            state.play_on();
        });
    }
}

impl State {
    /// Compares a gradient of the last step with the one that finite differences give.
    pub async fn check_gradient(&self, parameter: String, index: u32) -> Result<GradientCheck, ErrorReport> {
        self.client().request(CheckGradient { parameter, index }).await
    }
}

/// Tells the errors of a missing step apart from others.
pub fn trouble(report: ErrorReport) -> Trouble {
    if report.code == NO_VALUE { Trouble::NotRecorded } else { Trouble::Failed(report) }
}
