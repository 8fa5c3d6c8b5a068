//! The weights that an edit of the model costs.

use crate::ui::features::network::checked::ValidatedModel;
use crate::ui::features::network::history::{LayerId, ModelDraft};

/// Layers of a valid model with the shapes of their weights.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WeightShapes(Vec<LayerWeights>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct LayerWeights {
    id: LayerId,
    name: String,
    shapes: Vec<Vec<usize>>,
}

impl WeightShapes {
    /// Reads the shapes from a draft that is valid.
    pub fn new(draft: &ModelDraft, checked: &ValidatedModel) -> Self {
        let layers = draft.layers.iter().zip(&checked.layers).map(|((id, _), layer)| LayerWeights {
            id: *id,
            name: layer.name.clone(),
            shapes: layer.weight_shapes.clone(),
        });
        Self(layers.collect())
    }

    /// Returns the names of the layers whose weights are new after an edit of `before`.
    pub fn renewed(&self, before: &Self) -> Vec<&str> {
        let is_new = |layer: &&LayerWeights| {
            !layer.shapes.is_empty()
                && !before.0.iter().any(|other| other.id == layer.id && other.shapes == layer.shapes)
        };
        self.0.iter().filter(is_new).map(|layer| layer.name.as_str()).collect()
    }

    /// Counts the layers that have weights.
    pub fn count(&self) -> usize {
        self.0.iter().filter(|layer| !layer.shapes.is_empty()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::features::network::checked::tests::digits;
    use crate::ui::features::network::history::History;
    use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec};

    fn shapes(history: &History) -> WeightShapes {
        WeightShapes::new(history.draft(), &ValidatedModel::new(history.draft(), &digits()))
    }

    #[test]
    fn a_layer_and_its_successor_get_new_weights_when_its_width_changes() {
        let mut history = History::new(&ModelSpec::reference_cnn());
        let before = shapes(&history);
        assert_eq!(before.count(), 5);
        history.set(history.ids()[6], "units", Some(32.0.into()));
        assert_eq!(shapes(&history).renewed(&before), ["dense", "dense_1"]);
    }

    #[test]
    fn a_layer_without_weights_costs_nothing() {
        let mut history = History::new(&ModelSpec::reference_cnn());
        let before = shapes(&history);
        history.insert(7, LayerSpec::new("Dropout"));
        assert!(shapes(&history).renewed(&before).is_empty());
    }
}
