//! The configuration as a line, for pictures that leave the page.

use leptos::prelude::*;

use crate::ui::format;
use crate::ui::state::State;
use crate::ui::text::t_with;

impl State {
    /// Describes network, training and step in a line, without tracking.
    pub fn configuration_line(&self) -> String {
        let network = self.network.history().with_untracked(|history| {
            let layers = history.draft().layers.iter().map(|(_, layer)| layer.type_name.clone());
            layers.collect::<Vec<_>>().join(" → ")
        });
        let params = format::count(self.network.checked().with_untracked(|checked| checked.params()));
        let training = self.engine.training().get_untracked();
        let rate = format::number(training.optimizer.learning_rate());
        let values = [
            ("network", network.as_str()),
            ("params", &params),
            ("optimizer", training.optimizer.type_name()),
            ("rate", &rate),
            ("batch", &training.batch_size.to_string()),
            ("seed", &training.seed.to_string()),
            ("step", &format::count(self.steps() as usize)),
        ];
        untrack(|| t_with("configuration_line", &values))
    }
}
