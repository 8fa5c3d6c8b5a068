//! The number that is followed through the last step, and the moment of the step that is looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use crate::ui::features::follow::names::Known;
use crate::ui::features::follow::stages::Moment;
use crate::ui::features::follow::trail::{Mark, Trail};
use chalkgrad_engine::protocol::responses::TensorData;
use chalkgrad_engine::protocol::{ArrayData, Cell, ErrorReport, StepInfo};

/// The number with which the panel opens.
#[derive(Clone, PartialEq, Debug)]
pub enum Entry {
    /// The weight of the first layer whose gradient is largest. Without a recorded step, one is taken.
    LargestGradient,
    Cell(Cell),
    /// A number of the example in the input panel, with the weights of now.
    InputCell(Cell),
}

/// The content of the panel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum View {
    #[default]
    Trail,
    /// The step stage by stage.
    Stages,
}

/// The reason for which there are no numbers.
#[derive(Clone, PartialEq, Debug)]
pub enum Trouble {
    NotRecorded,
    /// No layer has a weight that is trained.
    NoWeights,
    Failed(ErrorReport),
}

/// The computation that the numbers belong to.
#[derive(Clone, PartialEq, Debug)]
pub enum Subject {
    Step {
        info: StepInfo,
        /// Targets of the batch.
        targets: TensorData,
    },
    /// The way of one input through the network.
    Input(ArrayData),
}

/// The numbers that are followed.
#[derive(Clone, PartialEq, Debug)]
pub struct Followed {
    pub subject: Subject,
    pub known: Known,
}

impl Followed {
    /// Describes the step, if the numbers are those of one.
    pub fn info(&self) -> Option<&StepInfo> {
        match &self.subject {
            Subject::Step { info, .. } => Some(info),
            Subject::Input(_) => None,
        }
    }

    /// Returns the targets of the batch; none if the numbers are not those of a step.
    pub fn targets(&self) -> Option<&TensorData> {
        match &self.subject {
            Subject::Step { targets, .. } => Some(targets),
            Subject::Input(_) => None,
        }
    }

    pub fn examples(&self) -> usize {
        self.info().map_or(0, |info| info.indices.len())
    }

    /// Returns the input, if the numbers are those of one.
    pub fn input(&self) -> Option<&ArrayData> {
        match &self.subject {
            Subject::Step { .. } => None,
            Subject::Input(input) => Some(input),
        }
    }
}

/// Tensors of a batch by their names.
pub type StepTensors = BTreeMap<String, TensorData>;

/// See the [module](self).
pub struct Follow {
    is_open: RwSignal<bool>,
    view: RwSignal<View>,
    trail: RwSignal<Trail>,
    step: RwSignal<Option<Arc<Followed>>>,
    is_over: RwSignal<bool>,
    trouble: RwSignal<Option<Trouble>>,
    is_asking: RwSignal<bool>,
    /// A step is being taken for the panel.
    is_stepping: RwSignal<bool>,
    /// The line that is looked at.
    current: RwSignal<usize>,
    is_playing: RwSignal<bool>,
    /// Words of the tokens, if the inputs are texts.
    words: RwSignal<Arc<Vec<String>>>,
    moment: RwSignal<Moment>,
    example: RwSignal<usize>,
    tensors: RwSignal<Arc<StepTensors>>,
    entry: StoredValue<Option<Entry>>,
    has_taken_step: StoredValue<bool>,
    /// The cells of a trail that had to go.
    lost: StoredValue<Vec<(Cell, u32)>>,
    pace_ms: RwSignal<u32>,
    /// Counts the walks over the cards, so that an earlier one ends.
    walk: StoredValue<u32>,
    opener: StoredValue<Option<String>>,
    /// Counts what was asked for, so that an answer to an earlier question is left aside.
    question: StoredValue<u32>,
}

impl Default for Follow {
    fn default() -> Self {
        Self {
            is_open: RwSignal::new(false),
            view: RwSignal::new(View::Trail),
            trail: RwSignal::new(Trail::default()),
            step: RwSignal::new(None),
            is_over: RwSignal::new(false),
            trouble: RwSignal::new(None),
            is_asking: RwSignal::new(false),
            is_stepping: RwSignal::new(false),
            current: RwSignal::new(0),
            is_playing: RwSignal::new(false),
            words: RwSignal::new(Arc::default()),
            moment: RwSignal::new(Moment::default()),
            example: RwSignal::new(0),
            tensors: RwSignal::new(Arc::default()),
            entry: StoredValue::new(None),
            has_taken_step: StoredValue::new(false),
            lost: StoredValue::new(Vec::new()),
            pace_ms: RwSignal::new(1000),
            walk: StoredValue::new(0),
            opener: StoredValue::new(None),
            question: StoredValue::new(0),
        }
    }
}

impl Follow {
    pub fn is_open(&self) -> ReadSignal<bool> {
        self.is_open.read_only()
    }

    pub fn view(&self) -> ReadSignal<View> {
        self.view.read_only()
    }

    pub fn trail(&self) -> ReadSignal<Trail> {
        self.trail.read_only()
    }

    pub fn step(&self) -> ReadSignal<Option<Arc<Followed>>> {
        self.step.read_only()
    }

    /// Another step has been taken since, or is being taken.
    pub fn is_over(&self) -> ReadSignal<bool> {
        self.is_over.read_only()
    }

    pub fn trouble(&self) -> ReadSignal<Option<Trouble>> {
        self.trouble.read_only()
    }

    pub fn is_asking(&self) -> ReadSignal<bool> {
        self.is_asking.read_only()
    }

    /// A step is being taken for the panel, so there is no need to speak of training.
    pub fn is_stepping(&self) -> ReadSignal<bool> {
        self.is_stepping.read_only()
    }

    pub fn begin_stepping(&self) {
        self.is_stepping.set(true);
    }

    pub fn current(&self) -> ReadSignal<usize> {
        self.current.read_only()
    }

    pub fn is_playing(&self) -> ReadSignal<bool> {
        self.is_playing.read_only()
    }

    pub fn words(&self) -> ReadSignal<Arc<Vec<String>>> {
        self.words.read_only()
    }

    pub fn moment(&self) -> ReadSignal<Moment> {
        self.moment.read_only()
    }

    /// The example of the batch that the cards show.
    pub fn example(&self) -> ReadSignal<usize> {
        self.example.read_only()
    }

    /// Tensors of the stage that is looked at.
    pub fn tensors(&self) -> ReadSignal<Arc<StepTensors>> {
        self.tensors.read_only()
    }

    /// Returns the mark of a layer's card. The surrounding view follows it.
    pub fn mark(&self, layer: &str) -> Mark {
        if !self.is_open.get() || self.view.get() != View::Trail {
            return Mark::None;
        }
        self.trail.with(|trail| trail.mark(self.current.get(), layer))
    }

    /// Returns the mark of a tensor that has a card, such as the input. The surrounding view follows it.
    pub fn mark_of_tensor(&self, tensor: &str) -> Mark {
        if !self.is_open.get() || self.view.get() != View::Trail {
            return Mark::None;
        }
        self.trail.with(|trail| trail.mark_of_tensor(self.current.get(), tensor))
    }

    /// Opens the panel with something to follow. The element of this id gets the focus back when it closes.
    pub fn open(&self, entry: Entry, opener: &str) {
        self.entry.set_value(Some(entry));
        self.has_taken_step.set_value(false);
        self.opener.set_value(Some(opener.to_owned()));
        self.trouble.set(None);
        self.view.set(View::Trail);
        self.is_open.set(true);
    }

    /// Closes the panel. Returns the id of the element that opened it.
    pub fn close(&self) -> Option<String> {
        self.ask();
        self.is_open.set(false);
        self.forget();
        self.step.set(None);
        self.trouble.set(None);
        self.entry.set_value(None);
        self.lost.set_value(Vec::new());
        self.is_stepping.set(false);
        self.is_asking.set(false);
        self.opener.try_update_value(Option::take).flatten()
    }

    pub fn show_view(&self, view: View) {
        self.is_playing.set(false);
        self.view.set(view);
    }

    /// Begins a question. Answers to earlier ones count no more.
    pub fn ask(&self) -> u32 {
        self.is_asking.set(true);
        self.question
            .try_update_value(|question| {
                *question += 1;
                *question
            })
            .unwrap_or_default()
    }

    /// Returns true if no other question has been asked since.
    pub fn is_latest(&self, question: u32) -> bool {
        self.question.get_value() == question
    }

    /// Ends a question, well or not.
    pub fn answered(&self, question: u32) {
        if self.is_latest(question) {
            self.is_asking.set(false);
        }
    }

    /// Leaves aside the answer that is waited for.
    pub fn cancel(&self) {
        let question = self.ask();
        self.answered(question);
        self.is_playing.set(false);
    }

    pub fn entry(&self) -> Option<Entry> {
        self.entry.get_value()
    }

    /// Follows something else from now on.
    pub fn enter(&self, entry: Entry) {
        self.has_taken_step.set_value(false);
        self.entry.set_value(Some(entry));
    }

    /// Notes that the entry is on the trail.
    pub fn entered(&self) {
        self.entry.set_value(None);
    }

    /// Returns true once for an entry that may take a step.
    pub fn may_take_step(&self) -> bool {
        let may = self.entry() == Some(Entry::LargestGradient) && !self.has_taken_step.get_value();
        self.has_taken_step.set_value(true);
        may
    }

    pub fn begin_step(&self, step: Followed, words: Vec<String>) {
        let examples = step.examples();
        self.example.update(|example| *example = (*example).min(examples.saturating_sub(1)));
        self.step.set(Some(Arc::new(step)));
        self.words.set(Arc::new(words));
        self.tensors.set(Arc::default());
        self.trouble.set(None);
        self.is_stepping.set(false);
        self.is_over.set(false);
    }

    /// Notes that the numbers belong to a step that is over.
    pub fn step_is_over(&self) {
        self.is_playing.set(false);
        if !self.is_over.get_untracked() && self.step.with_untracked(Option::is_some) {
            self.is_over.set(true);
        }
    }

    pub fn fail(&self, trouble: Trouble) {
        if trouble == Trouble::NotRecorded {
            let cells = self.trail.with_untracked(Trail::cells);
            if !cells.is_empty() {
                self.lost.set_value(cells);
            }
            self.forget();
        }
        self.is_stepping.set(false);
        self.trouble.set(Some(trouble));
    }

    /// Returns the cells to show again in another step.
    pub fn wanted(&self) -> Vec<(Cell, u32)> {
        let cells = self.trail.with_untracked(Trail::cells);
        if cells.is_empty() { self.lost.get_value() } else { cells }
    }

    /// Drops all numbers.
    fn forget(&self) {
        self.is_playing.set(false);
        self.is_over.set(false);
        self.current.set(0);
        self.tensors.set(Arc::default());
        if self.trail.with_untracked(|trail| !trail.is_empty()) {
            self.trail.set(Trail::default());
        }
    }

    /// Changes the trail, and looks at one of its lines.
    pub fn change(&self, change: impl FnOnce(&mut Trail), current: usize) {
        self.trouble.set(None);
        self.trail.update(change);
        self.look_at(current);
    }

    pub fn look_at(&self, line: usize) {
        let lines = self.trail.with_untracked(|trail| trail.lines().len());
        let line = line.min(lines.saturating_sub(1));
        if self.current.get_untracked() != line {
            self.current.set(line);
        }
    }

    pub fn set_playing(&self, is_playing: bool) {
        self.is_playing.set(is_playing);
    }

    /// Time between two moments of a slow step.
    pub fn pace_ms(&self) -> ReadSignal<u32> {
        self.pace_ms.read_only()
    }

    pub fn set_pace_ms(&self, pace_ms: u32) {
        self.pace_ms.set(pace_ms);
    }

    /// Begins a walk over the cards; an earlier one ends.
    pub fn begin_walk(&self) -> u32 {
        self.walk
            .try_update_value(|walk| {
                *walk += 1;
                *walk
            })
            .unwrap_or_default()
    }

    pub fn is_walking(&self, walk: u32) -> bool {
        self.walk.get_value() == walk && self.is_open.get_untracked() && self.view.get_untracked() == View::Stages
    }

    pub fn set_moment(&self, moment: Moment) {
        self.moment.set(moment);
    }

    pub fn choose_example(&self, example: usize) {
        self.example.set(example);
    }

    pub fn set_tensors(&self, tensors: StepTensors) {
        self.tensors.set(Arc::new(tensors));
    }
}
