//! The data set in use: what the page knows of it, and the change to another one.

use leptos::prelude::*;

use super::State;
use crate::ui::features::input::store::Source;
use crate::ui::text::locale;
use chalkgrad_engine::data::{DatasetInfo, DatasetKind, FieldType, Target, sources};
use chalkgrad_engine::model::metrics;
use chalkgrad_engine::model::spec::{LossSpec, TargetChoice, TrainingConfig};
use chalkgrad_engine::model::task::{Task, effective_target};

/// Returns the description of a data set. One that is not known here counts as MNIST.
fn info(name: &str, added: &[DatasetInfo]) -> DatasetInfo {
    let known = sources::find(name).map(|source| source.info());
    known.or_else(|| added.iter().find(|info| info.name == name).cloned()).unwrap_or_else(DatasetInfo::mnist)
}

/// Returns the task that a configuration sets.
pub(super) fn task(config: &TrainingConfig, added: &[DatasetInfo]) -> Task {
    Task::new(&info(&config.dataset, added).with_text(config.text).schema, config)
}

impl State {
    /// Describes the data set in use. The surrounding view follows it.
    pub fn dataset(&self) -> DatasetInfo {
        let (name, text) = self.engine.training().with(|training| (training.dataset.clone(), training.text));
        self.engine.added().with(|added| info(&name, added)).with_text(text)
    }

    /// Returns the number of classes that a model tells apart; 0 if its target is no class. The surrounding view follows it.
    pub fn classes(&self) -> usize {
        self.task_target().class_names().len()
    }

    /// Returns the target that the configuration has chosen. The surrounding view follows it.
    pub fn task_target(&self) -> Target {
        let info = self.dataset();
        self.engine.training().with(|training| effective_target(&info.schema, training))
    }

    /// Returns the task of the model, without tracking.
    pub fn task(&self) -> Task {
        untrack(|| self.engine.training().with(|training| self.engine.added().with(|added| task(training, added))))
    }

    /// Names a class in the language of the page, which the surrounding view follows.
    pub fn class_name(&self, class: usize) -> String {
        let info = self.dataset();
        let text = locale().text(&format!("class.{}.{class}", info.name));
        let name = || info.schema.target.class_names().get(class).cloned();
        text.map(str::to_owned).or_else(name).unwrap_or_else(|| class.to_string())
    }

    /// Names a value of the target in the language of the page, which the surrounding view follows.
    pub fn value_name(&self, column: usize) -> String {
        let info = self.dataset();
        let own = match &info.schema.target {
            Target::Values { names } => names.get(column).cloned(),
            Target::Class { .. } | Target::Input => None,
        };
        let text = locale().text(&format!("value.{}.{column}", info.name));
        text.map(str::to_owned).or(own).unwrap_or_else(|| (column + 1).to_string())
    }

    /// Names a column of a table in the language of the page, which the surrounding view follows.
    pub fn column_name(&self, column: usize) -> String {
        let info = self.dataset();
        let text = locale().text(&format!("column.{}.{column}", info.name));
        let own = || info.schema.input.columns.get(column).cloned();
        text.map(str::to_owned).or_else(own).unwrap_or_else(|| (column + 1).to_string())
    }

    /// Names a data set in the language of the page, which the surrounding view follows.
    pub fn dataset_title(&self, name: &str) -> String {
        let text = locale().text(&format!("dataset.{name}"));
        let title = || sources::find(name).map(|source| source.title);
        text.or_else(title).unwrap_or(name).to_owned()
    }

    /// Lists the names of all data sets. The surrounding view follows them.
    pub fn dataset_names(&self) -> Vec<String> {
        let known = sources::SOURCES.iter().map(|source| source.name.to_owned());
        self.engine.added().with(|added| known.chain(added.iter().map(|info| info.name.clone())).collect())
    }

    /// Returns the key of a text that speaks of digits, or of the one for other data. The surrounding view follows that.
    pub fn digit_key(&self, key: &str) -> String {
        let is_digits = self.engine.training().with(|training| training.dataset == sources::MNIST.name);
        if is_digits { key.to_owned() } else { format!("{key}_other") }
    }

    /// Returns true if people can draw an input: grey images of MNIST's size. The surrounding view follows it.
    pub fn can_draw(&self) -> bool {
        let input = self.dataset().schema.input;
        matches!(input.dtype, FieldType::U8 { .. }) && input.shape == [28, 28, 1]
    }

    /// Returns true if an input is a point of a plane, and the answer a class or a value. The surrounding view follows it.
    pub fn is_plane(&self) -> bool {
        let input = self.dataset().schema.input;
        let is_point = matches!(input.dtype, FieldType::F32) && input.shape == [2];
        is_point && !matches!(self.task_target(), Target::Input)
    }

    /// Returns true if the inputs are images. The surrounding view follows it.
    pub fn has_images(&self) -> bool {
        self.dataset().schema.kind() == DatasetKind::Image
    }

    /// Returns true if the inputs are texts. The surrounding view follows it.
    pub fn has_texts(&self) -> bool {
        self.dataset().text.is_some()
    }

    /// Changes to another data set. Loss and metrics that do not fit its target make way for those that do.
    pub fn choose_dataset(&self, name: &str) {
        let mut config = self.engine.training().get_untracked();
        let info = untrack(|| self.engine.added().with(|added| info(name, added)));
        let target = info.schema.target;
        name.clone_into(&mut config.dataset);
        if config.loss.check_target(&target).is_err() {
            config.loss = LossSpec::for_target(&target);
        }
        if metrics::chosen(config.metrics.as_deref(), &target).is_err() {
            config.metrics = None;
        }
        config.target = TargetChoice::Label;
        config.standardize = false;
        config.text = info.text;
        self.fetch_dataset(config);
    }

    /// Takes over a configuration that the engine has.
    pub(super) fn training_changed(&self, config: &TrainingConfig) {
        let is_other = self.engine.training().with_untracked(|training| training.dataset != config.dataset);
        self.engine.set_training(config.clone());
        // Its last progress may have come before the configuration.
        if let Some(progress) = self.engine.end_fetch().filter(|progress| progress.dataset == config.dataset) {
            self.engine.set_data(&progress);
        }
        if is_other {
            self.forget_data();
        }
        self.validate();
    }

    /// Checks the model again, because its task may have changed.
    pub(super) fn validate(&self) {
        self.network.validate(&self.task());
    }

    /// Drops what belongs to the data set of before.
    fn forget_data(&self) {
        self.input.forget_samples();
        self.plane.forget();
        if matches!(self.input.source().get_untracked(), Source::Test { .. }) {
            self.input.clear();
        }
        self.results.forget();
    }
}
