//! The model being edited, and how to go back: plain state, no signals.
//!
//! Every layer carries an id that it keeps while it moves and through undo and redo, so that the page's keyed list
//! keeps its card, its focus and its scroll position.

use chalkgrad_engine::model::naming::follow_edit;
use chalkgrad_engine::model::quick_fixes::Fix;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, SettingValue, TrainingConfig};

/// Identifies a layer for as long as the page lives.
pub type LayerId = u32;

/// Edits that can be taken back; the oldest are forgotten first.
const MAX_UNDO: usize = 200;

/// A model in which every layer has an id. It may be invalid.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelDraft {
    pub name: Option<String>,
    pub input_shape: Vec<usize>,
    pub layers: Vec<(LayerId, LayerSpec)>,
}

impl ModelDraft {
    pub fn spec(&self) -> ModelSpec {
        ModelSpec {
            name: self.name.clone(),
            input_shape: self.input_shape.clone(),
            layers: self.layers.iter().map(|(_, layer)| layer.clone()).collect(),
        }
    }

    pub fn position(&self, id: LayerId) -> Option<usize> {
        self.layers.iter().position(|(other, _)| *other == id)
    }

    pub fn layer(&self, id: LayerId) -> Option<&LayerSpec> {
        self.layers.iter().find(|(other, _)| *other == id).map(|(_, layer)| layer)
    }
}

/// Change of the training configuration that came with an edit.
#[derive(Clone, PartialEq, Debug)]
pub struct TrainingChange {
    pub before: TrainingConfig,
    pub after: TrainingConfig,
}

/// A draft that an edit has left or would lead to, and the change of the training configuration that belongs to the edit.
#[derive(Clone, PartialEq, Debug)]
struct Edition {
    draft: ModelDraft,
    training: Option<Box<TrainingChange>>,
}

/// The draft with its past and its future.
#[derive(Clone, PartialEq, Debug)]
pub struct History {
    past: Vec<Edition>,
    present: ModelDraft,
    future: Vec<Edition>,
    next_id: LayerId,
    /// The field that the last edit changed: typing on in it is one step to undo, not one per key.
    open_field: Option<(LayerId, String)>,
}

impl History {
    pub fn new(spec: &ModelSpec) -> Self {
        let layers: Vec<_> = (0..).zip(spec.layers.iter().cloned()).collect();
        let next_id = layers.len() as LayerId;
        let present = ModelDraft { name: spec.name.clone(), input_shape: spec.input_shape.clone(), layers };
        Self { past: Vec::new(), present, future: Vec::new(), next_id, open_field: None }
    }

    pub fn draft(&self) -> &ModelDraft {
        &self.present
    }

    pub fn spec(&self) -> ModelSpec {
        self.present.spec()
    }

    /// Ids of the layers, in their order.
    pub fn ids(&self) -> Vec<LayerId> {
        self.present.layers.iter().map(|(id, _)| *id).collect()
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Undoes the last edit. Returns false if there is none.
    pub fn undo(&mut self) -> bool {
        self.open_field = None;
        let Some(Edition { draft, training }) = self.past.pop() else { return false };
        self.future.push(Edition { draft: std::mem::replace(&mut self.present, draft), training });
        true
    }

    /// Returns the training configuration that [`History::undo`] should bring back, if the last edit changed it.
    pub fn undone_training(&self) -> Option<&TrainingConfig> {
        Some(&self.past.last()?.training.as_ref()?.before)
    }

    /// Returns the training configuration that [`History::redo`] should bring back.
    pub fn redone_training(&self) -> Option<&TrainingConfig> {
        Some(&self.future.last()?.training.as_ref()?.after)
    }

    /// Redoes the last undone edit. Returns false if there is none.
    pub fn redo(&mut self) -> bool {
        self.open_field = None;
        let Some(Edition { draft, training }) = self.future.pop() else { return false };
        self.past.push(Edition { draft: std::mem::replace(&mut self.present, draft), training });
        true
    }

    /// Puts a layer at `index` (at the end if that is past it).
    pub fn insert(&mut self, index: usize, layer: LayerSpec) -> LayerId {
        self.remember();
        let id = self.new_id();
        let index = index.min(self.present.layers.len());
        self.change_layers(|layers| layers.insert(index, (id, layer)));
        id
    }

    /// Changes the list of layers. Their inputs follow the layers that they name.
    fn change_layers(&mut self, change: impl FnOnce(&mut Vec<(LayerId, LayerSpec)>)) {
        let before = self.present.layers.clone();
        change(&mut self.present.layers);
        follow_edit(&before, &mut self.present.layers);
    }

    /// Removes a layer and returns the one that should be selected instead: the next, or else the previous.
    pub fn remove(&mut self, id: LayerId) -> Option<LayerId> {
        let index = self.present.position(id)?;
        self.remember();
        self.change_layers(|layers| drop(layers.remove(index)));
        let layers = &self.present.layers;
        layers.get(index).or_else(|| layers.last()).map(|(id, _)| *id)
    }

    /// Puts a copy behind the layer. The copy has no name of its own, since names are unique.
    pub fn duplicate(&mut self, id: LayerId) -> Option<LayerId> {
        let index = self.present.position(id)?;
        let mut copy = self.present.layers[index].1.clone();
        copy.name = None;
        Some(self.insert(index + 1, copy))
    }

    /// Moves a layer by a number of positions. Returns false if the target position is out of range.
    pub fn move_by(&mut self, id: LayerId, places: isize) -> bool {
        let Some(from) = self.present.position(id) else { return false };
        let Some(to) = from.checked_add_signed(places).filter(|to| *to < self.present.layers.len()) else {
            return false;
        };
        if to == from {
            return false;
        }
        self.remember();
        self.change_layers(|layers| {
            let layer = layers.remove(from);
            layers.insert(to, layer);
        });
        true
    }

    /// Sets a setting, or with `None` leaves it out again.
    pub fn set(&mut self, id: LayerId, setting: &str, value: Option<SettingValue>) {
        let Some(index) = self.present.position(id) else { return };
        if self.present.layers[index].1.settings.get(setting) == value.as_ref() {
            return;
        }
        let field = (id, setting.to_owned());
        if self.open_field.as_ref() != Some(&field) {
            self.remember();
            self.open_field = Some(field);
        }
        self.future.clear();
        let settings = &mut self.present.layers[index].1.settings;
        match value {
            Some(value) => settings.insert(setting.to_owned(), value),
            None => settings.remove(setting),
        };
    }

    /// Names a layer, or with `None` lets it be named automatically.
    pub fn set_name(&mut self, id: LayerId, name: Option<String>) {
        const FIELD: &str = "name";
        let Some(index) = self.present.position(id) else { return };
        if self.present.layers[index].1.name == name {
            return;
        }
        let field = (id, FIELD.to_owned());
        if self.open_field.as_ref() != Some(&field) {
            self.remember();
            self.open_field = Some(field);
        }
        self.future.clear();
        self.change_layers(|layers| layers[index].1.name = name);
    }

    /// Sets the layers whose outputs a layer takes, or with `None` lets it take that of the layer before it.
    pub fn set_inputs(&mut self, id: LayerId, inputs: Option<Vec<String>>) {
        let Some(index) = self.present.position(id) else { return };
        if self.present.layers[index].1.inputs != inputs {
            self.remember();
            self.present.layers[index].1.inputs = inputs;
        }
    }

    /// Makes an edit that puts the model right, as one step.
    pub fn apply(&mut self, fix: &Fix) {
        self.close_field();
        match fix {
            // So that the layer stays the one that it was.
            Fix::Move { index, to } => {
                if let Some((id, _)) = self.present.layers.get(*index) {
                    self.move_by(*id, *to as isize - *index as isize);
                }
            }
            Fix::Set { index, setting, value } => {
                if let Some((id, _)) = self.present.layers.get(*index) {
                    self.set(*id, setting, value.clone());
                    self.close_field();
                }
            }
            Fix::SetInputs { index, inputs } => {
                if let Some((id, _)) = self.present.layers.get(*index) {
                    self.set_inputs(*id, inputs.clone());
                }
            }
            Fix::Unname { index } => {
                if let Some((id, _)) = self.present.layers.get(*index) {
                    self.set_name(*id, None);
                    self.close_field();
                }
            }
            Fix::Insert { .. } | Fix::Remove { .. } | Fix::SetInputShape { .. } | Fix::Replace { .. } => {
                let spec = fix.apply(&self.spec());
                self.replace(&spec);
            }
        }
    }

    /// Ends the current field's edit (it lost the focus), so that its next edit is a step of its own.
    pub fn close_field(&mut self) {
        self.open_field = None;
    }

    /// Takes over a model that came from elsewhere (the JavaScript API), as one step that can be undone. Layers at its
    /// two ends that did not change keep their ids.
    pub fn replace(&mut self, spec: &ModelSpec) {
        if self.spec() != *spec {
            self.replace_with(spec, None);
        }
    }

    /// Takes over a model and, as part of the same step, a change of the training configuration.
    pub fn replace_with(&mut self, spec: &ModelSpec, training: Option<TrainingChange>) {
        self.remember();
        let is_fresh = training.is_some();
        if let Some(edition) = self.past.last_mut() {
            edition.training = training.map(Box::new);
        }
        if self.spec() == *spec {
            return;
        }
        // On other data no layer is the one that it was.
        if is_fresh {
            let layers = (self.next_id..).zip(spec.layers.iter().cloned()).collect::<Vec<_>>();
            self.next_id += layers.len() as LayerId;
            self.present = ModelDraft { name: spec.name.clone(), input_shape: spec.input_shape.clone(), layers };
            return;
        }
        let old = &self.present.layers;
        let same = |pair: &(&(LayerId, LayerSpec), &LayerSpec)| pair.0.1 == *pair.1;
        let head = old.iter().zip(&spec.layers).take_while(same).count();
        let tail_room = old.len().min(spec.layers.len()) - head;
        let tail = old.iter().rev().zip(spec.layers.iter().rev()).take(tail_room).take_while(same).count();
        let kept_tail = old[old.len() - tail..].to_vec();
        let mut layers = old[..head].to_vec();
        for layer in &spec.layers[head..spec.layers.len() - tail] {
            layers.push((self.next_id, layer.clone()));
            self.next_id += 1;
        }
        layers.extend(kept_tail);
        self.present = ModelDraft { name: spec.name.clone(), input_shape: spec.input_shape.clone(), layers };
    }

    fn remember(&mut self) {
        if self.past.len() == MAX_UNDO {
            self.past.remove(0);
        }
        self.past.push(Edition { draft: self.present.clone(), training: None });
        self.future.clear();
        self.open_field = None;
    }

    fn new_id(&mut self) -> LayerId {
        self.next_id += 1;
        self.next_id - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(history: &History) -> Vec<String> {
        history.draft().layers.iter().map(|(_, layer)| layer.type_name.clone()).collect()
    }

    fn ids(history: &History) -> Vec<LayerId> {
        history.draft().layers.iter().map(|(id, _)| *id).collect()
    }

    fn model(layers: &[&str]) -> ModelSpec {
        ModelSpec {
            name: None,
            input_shape: vec![28, 28, 1],
            layers: layers.iter().map(|layer| LayerSpec::new(layer)).collect(),
        }
    }

    #[test]
    fn every_edit_can_be_undone_and_redone() {
        let mut history = History::new(&model(&["A", "B", "C"]));
        let start = history.draft().clone();
        history.insert(1, LayerSpec::new("New"));
        let b = history.draft().layers[2].0;
        history.duplicate(b);
        history.move_by(b, -2);
        history.set(b, "units", Some(SettingValue::Number(5.0)));
        let after_remove = history.remove(b);
        assert_eq!(after_remove, Some(start.layers[0].0));
        assert_eq!(types(&history), ["A", "New", "B", "C"]);
        let end = history.draft().clone();
        let mut steps = 0;
        while history.undo() {
            steps += 1;
        }
        assert_eq!(steps, 5);
        assert_eq!(history.draft(), &start);
        while history.redo() {}
        assert_eq!(history.draft(), &end);
    }

    #[test]
    fn typing_in_one_field_is_one_step() {
        let mut history = History::new(&model(&["Dense"]));
        for value in [1.0, 12.0, 128.0] {
            history.set(0, "units", Some(SettingValue::Number(value)));
        }
        history.set(0, "activation", Some("relu".into()));
        assert!(history.undo());
        assert_eq!(history.draft().layers[0].1.settings[&"units".to_owned()], SettingValue::Number(128.0));
        assert!(history.undo());
        assert!(history.draft().layers[0].1.settings.is_empty());
        assert!(!history.can_undo());
    }

    #[test]
    fn setting_the_same_value_is_no_step_and_an_edit_clears_the_future() {
        let mut history = History::new(&model(&["Dense"]));
        history.set(0, "units", Some(SettingValue::Number(1.0)));
        history.set(0, "units", Some(SettingValue::Number(1.0)));
        history.undo();
        assert!(history.can_redo());
        history.insert(0, LayerSpec::new("Flatten"));
        assert!(!history.can_redo());
        assert!(history.undo());
        assert!(!history.can_undo());
    }

    #[test]
    fn ids_survive_moves_and_undo_and_are_never_reused() {
        let mut history = History::new(&model(&["A", "B", "C"]));
        assert!(history.move_by(2, -2));
        assert_eq!(ids(&history), [2, 0, 1]);
        assert!(!history.move_by(2, -1), "the first layer cannot move up");
        assert!(!history.move_by(1, 1), "the last layer cannot move down");
        let copy = history.duplicate(0);
        assert_eq!(copy, Some(3));
        history.undo();
        assert_eq!(history.duplicate(0), Some(4));
    }

    #[test]
    fn a_model_from_elsewhere_keeps_the_cards_that_did_not_change() {
        let mut history = History::new(&model(&["A", "B", "C", "D"]));
        history.replace(&model(&["A", "X", "Y", "D"]));
        assert_eq!(ids(&history), [0, 4, 5, 3]);
        history.replace(&model(&["A", "D"]));
        assert_eq!(ids(&history), [0, 3]);
        history.replace(&model(&["A", "A", "D"]));
        assert_eq!(ids(&history), [0, 6, 3]);
        history.undo();
        history.undo();
        history.undo();
        assert_eq!(ids(&history), [0, 1, 2, 3]);
    }

    #[test]
    fn a_change_of_the_training_goes_back_and_forth_with_its_edit() {
        let mut history = History::new(&model(&["A"]));
        let before = TrainingConfig::default();
        let after = TrainingConfig { epochs: 77, ..TrainingConfig::default() };
        let change = TrainingChange { before: before.clone(), after: after.clone() };
        // Also if the network stays the same.
        history.replace_with(&model(&["A"]), Some(change));
        assert_eq!((history.undone_training(), history.redone_training()), (Some(&before), None));
        history.insert(1, LayerSpec::new("B"));
        assert_eq!(history.undone_training(), None, "the insertion changed no training");
        history.undo();
        assert_eq!(history.undone_training(), Some(&before));
        assert!(history.undo() && !history.can_undo());
        assert_eq!((history.undone_training(), history.redone_training()), (None, Some(&after)));
        history.redo();
        assert_eq!(history.undone_training(), Some(&before));
        // Another network starts anew, also where a layer is the same.
        let kept = ids(&history);
        history.replace_with(&model(&["A", "C"]), Some(TrainingChange { before: after.clone(), after }));
        assert!(ids(&history).iter().all(|id| !kept.contains(id)));
    }

    #[test]
    fn a_fix_is_one_step_and_keeps_the_other_layers() {
        let mut history = History::new(&model(&["A", "B"]));
        let layers = vec![LayerSpec::new("X"), LayerSpec::new("Y")];
        history.apply(&Fix::Insert { index: 1, layers });
        assert_eq!(
            (types(&history), ids(&history)),
            (["A", "X", "Y", "B"].map(str::to_owned).to_vec(), vec![0, 2, 3, 1])
        );
        history.apply(&Fix::Move { index: 3, to: 0 });
        assert_eq!(ids(&history), [1, 0, 2, 3]);
        history.set_name(1, Some("last".to_owned()));
        history.set_name(1, Some("lastly".to_owned()));
        history.apply(&Fix::Unname { index: 0 });
        for _ in 0..4 {
            assert!(history.undo());
        }
        assert!(!history.can_undo());
        assert_eq!(ids(&history), [0, 1]);
    }

    #[test]
    fn inputs_follow_their_layers_and_are_one_step_to_undo() {
        let mut history = History::new(&model(&["Conv2D", "Conv2D", "Add"]));
        history.set_inputs(2, Some(vec!["conv2d".to_owned(), "conv2d_1".to_owned()]));
        let inputs = |history: &History| history.draft().layer(2).and_then(|layer| layer.inputs.clone()).unwrap();
        history.insert(0, LayerSpec::new("Conv2D"));
        assert_eq!(inputs(&history), ["conv2d_1", "conv2d_2"]);
        history.set_name(0, Some("way".to_owned()));
        assert_eq!(inputs(&history), ["way", "conv2d_1"]);
        history.remove(1);
        assert_eq!(inputs(&history), ["way", "way"]);
        history.undo();
        assert_eq!(inputs(&history), ["way", "conv2d_1"]);
        while history.undo() {}
        assert_eq!(history.draft().layer(2).unwrap().inputs, None);
    }

    #[test]
    fn removing_selects_the_neighbour() {
        let mut history = History::new(&model(&["A", "B"]));
        assert_eq!(history.remove(1), Some(0));
        assert_eq!(history.remove(0), None);
        assert_eq!(history.remove(0), None);
        assert!(history.draft().layers.is_empty());
    }

    #[test]
    fn the_past_is_bounded() {
        let mut history = History::new(&model(&[]));
        for _ in 0..MAX_UNDO + 50 {
            history.insert(0, LayerSpec::new("Dense"));
        }
        let mut steps = 0;
        while history.undo() {
            steps += 1;
        }
        assert_eq!(steps, MAX_UNDO);
    }
}
