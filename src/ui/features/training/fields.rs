//! The rows of the training form: settings of the configuration, and of the optimizer, schedule and loss that it chooses.

use crate::ui::fields;
use chalkgrad_engine::error::Result;
use chalkgrad_engine::model::entry::{Catalogue, Configured};
use chalkgrad_engine::model::losses::LossSpec;
use chalkgrad_engine::model::optimizers::OptimizerSpec;
use chalkgrad_engine::model::schedules::ScheduleSpec;
use chalkgrad_engine::model::settings::{Setting, SettingDefault};
use chalkgrad_engine::model::spec::{SettingValue, TrainingConfig};
use chalkgrad_engine::model::training::{self, FIELDS, Field, Group, TEXT_FIELDS};

/// A setting in the form.
#[derive(Clone, Copy)]
pub enum TrainingRow {
    Field(&'static Field),
    Optimizer(&'static Setting),
    Schedule(&'static Setting),
    Loss(&'static Setting),
}

impl TrainingRow {
    pub fn setting(self) -> &'static Setting {
        match self {
            Self::Field(field) => &field.setting,
            Self::Optimizer(setting) | Self::Schedule(setting) | Self::Loss(setting) => setting,
        }
    }

    /// Returns the value in a configuration; `None` if it is left out.
    pub fn get(self, config: &TrainingConfig) -> Option<SettingValue> {
        match self {
            Self::Field(field) => field.get(config),
            Self::Optimizer(setting) => config.optimizer.settings.get(setting.name).cloned(),
            Self::Schedule(setting) => config.learning_rate_schedule.settings.get(setting.name).cloned(),
            Self::Loss(setting) => config.loss.settings.get(setting.name).cloned(),
        }
    }

    /// Returns the text of its field.
    pub fn text(self, config: &TrainingConfig) -> String {
        self.get(config).map(|value| fields::value_text(&value)).unwrap_or_default()
    }

    /// Returns the configuration with another value.
    ///
    /// # Errors
    /// If the setting does not accept it.
    pub fn with(self, config: &TrainingConfig, value: Option<SettingValue>) -> Result<TrainingConfig> {
        let mut config = config.clone();
        match self {
            Self::Field(field) => field.set(&mut config, value)?,
            Self::Optimizer(setting) => config.optimizer = config.optimizer.with(setting.name, value)?,
            Self::Schedule(setting) => {
                config.learning_rate_schedule = config.learning_rate_schedule.with(setting.name, value)?;
            }
            Self::Loss(setting) => config.loss = config.loss.with(setting.name, value)?,
        }
        Ok(config)
    }

    /// Returns the configuration with the value of a text, checked against this number of training images as the engine
    /// checks a script's settings.
    ///
    /// # Errors
    /// If the setting does not accept the value, or if the configuration was valid and no longer would be.
    pub fn read(self, config: &TrainingConfig, text: &str, images: usize) -> Result<TrainingConfig> {
        let setting = self.setting();
        let value = match fields::value(&setting.kind, [text, ""]) {
            // Empty is no number, unless the setting may be left out.
            None if setting.default != SettingDefault::Absent => Some(SettingValue::Text(String::new())),
            value => value,
        };
        let changed = self.with(config, value)?;
        match check(&changed, images) {
            Err(error) if error.subject == setting.name || check(config, images).is_ok() => Err(error),
            _ => Ok(changed),
        }
    }
}

fn check(config: &TrainingConfig, images: usize) -> Result<()> {
    training::check(config)?;
    training::check_examples(config, images)
}

/// Returns the rows of a group of the configuration's own fields.
pub fn group_rows(group: Group) -> Vec<TrainingRow> {
    FIELDS.iter().chain(TEXT_FIELDS).filter(|field| field.group == group).map(TrainingRow::Field).collect()
}

/// A choice of the form: an entry of a catalogue, and the rows of its settings.
pub trait Choice: Catalogue {
    /// The key of its label; `<key>_help` describes it.
    const LABEL: &'static str;

    fn row(setting: &'static Setting) -> TrainingRow;

    fn of(config: &TrainingConfig) -> &Configured<Self>;

    fn of_mut(config: &mut TrainingConfig) -> &mut Configured<Self>;

    /// Returns the names of the types.
    fn type_names() -> Vec<&'static str> {
        Self::entries().iter().map(|entry| entry.schema().type_name).collect()
    }

    /// Returns the rows of a type.
    fn rows(type_name: &str) -> Vec<TrainingRow> {
        let entry = Self::entries().iter().find(|entry| entry.schema().type_name == type_name);
        entry.map(|entry| entry.schema().settings.iter().map(Self::row).collect()).unwrap_or_default()
    }

    /// Chooses a type, with the values that a menu starts with.
    fn choose(config: &mut TrainingConfig, type_name: &str) {
        if let Some(entry) = Self::entries().iter().find(|entry| entry.schema().type_name == type_name) {
            *Self::of_mut(config) = Configured::initial(*entry);
        }
    }
}

macro_rules! choice {
    ($catalogue:ident, $spec:ident, $row:ident, $label:literal, $field:ident) => {
        impl Choice for dyn chalkgrad_engine::model::$catalogue::$row {
            const LABEL: &'static str = $label;

            fn row(setting: &'static Setting) -> TrainingRow {
                TrainingRow::$row(setting)
            }

            fn of(config: &TrainingConfig) -> &$spec {
                &config.$field
            }

            fn of_mut(config: &mut TrainingConfig) -> &mut $spec {
                &mut config.$field
            }
        }
    };
}

choice!(optimizers, OptimizerSpec, Optimizer, "optimizer", optimizer);
choice!(schedules, ScheduleSpec, Schedule, "schedule", learning_rate_schedule);
choice!(losses, LossSpec, Loss, "loss_function", loss);

#[cfg(test)]
pub mod tests {
    use super::*;
    use chalkgrad_engine::model::losses::Loss;
    use chalkgrad_engine::model::optimizers::Optimizer;
    use chalkgrad_engine::model::schedules::Schedule;
    use chalkgrad_engine::model::settings::SettingKind;

    const IMAGES: usize = 60_000;

    /// Configurations of which each shows other rows.
    fn configs() -> Vec<TrainingConfig> {
        let mut configs = Vec::new();
        for optimizer in <dyn Optimizer>::type_names() {
            for schedule in <dyn Schedule>::type_names() {
                let mut config = TrainingConfig::default();
                <dyn Optimizer>::choose(&mut config, optimizer);
                <dyn Schedule>::choose(&mut config, schedule);
                configs.push(config);
            }
        }
        configs
    }

    pub fn rows(config: &TrainingConfig) -> Vec<TrainingRow> {
        let mut rows = <dyn Optimizer>::rows(config.optimizer.type_name());
        rows.extend(<dyn Schedule>::rows(config.learning_rate_schedule.type_name()));
        rows.extend(<dyn Loss>::rows(config.loss.type_name()));
        rows.extend([Group::Step, Group::Data, Group::End].into_iter().flat_map(group_rows));
        rows
    }

    /// Returns every row that some configuration shows.
    pub fn all_rows() -> Vec<TrainingRow> {
        configs().iter().flat_map(rows).collect()
    }

    fn row(name: &str) -> TrainingRow {
        all_rows().into_iter().find(|row| row.setting().name == name).unwrap()
    }

    #[test]
    fn every_row_reads_back_its_own_text() {
        for config in configs() {
            for row in rows(&config) {
                assert_eq!(row.read(&config, &row.text(&config), IMAGES).unwrap(), config, "{}", row.setting().name);
            }
        }
    }

    /// The form, a script and the engine agree on every number at and around the ends of its range.
    #[test]
    fn the_form_accepts_what_a_script_may_set_and_nothing_else() {
        let mut compared = 0;
        for base in configs() {
            let base = TrainingConfig { validation_split: 0.5, ..base };
            for row in rows(&base) {
                let name = row.setting().name;
                let numbers = match row.setting().kind {
                    SettingKind::Integer { min, max } => {
                        let [min, max] = [min, max].map(|bound| bound as f64);
                        vec![min - 1.0, min, min + 0.5, max, max + 1.0]
                    }
                    SettingKind::Number { .. } => {
                        vec![-1.0, -1e-9, 0.0, 1e-9, 0.5, 0.9999, 0.999_999_9, 1.0, 1.5, 100.0, 101.0, 1e7, 1e300]
                    }
                    _ => continue,
                };
                for number in numbers {
                    let by_form = row.read(&base, &fields::number_text(number), IMAGES);
                    let mut json = serde_json::to_value(&base).unwrap();
                    let place = match row {
                        TrainingRow::Field(_) => &mut json,
                        TrainingRow::Optimizer(_) => &mut json["optimizer"],
                        TrainingRow::Schedule(_) => &mut json["learningRateSchedule"],
                        TrainingRow::Loss(_) => &mut json["loss"],
                    };
                    place[name] = number.into();
                    let by_script = chalkgrad_engine::json::read::<TrainingConfig>("training", &json)
                        .and_then(|config| check(&config, IMAGES).map(|()| config));
                    assert_eq!(by_form.is_ok(), by_script.is_ok(), "{name} {number}: {by_form:?}, {by_script:?}");
                    if let (Ok(form), Ok(script)) = (by_form, by_script) {
                        assert_eq!(form, script, "{name} {number}");
                    }
                    compared += 1;
                }
            }
        }
        assert!(compared > 1_000, "{compared}");
    }

    #[test]
    fn one_way_of_clipping_takes_the_place_of_the_other() {
        let config = row("clipNorm").read(&TrainingConfig::default(), "1", IMAGES).unwrap();
        let config = row("clipValue").read(&config, "0.5", IMAGES).unwrap();
        assert_eq!((config.clip_norm, config.clip_value), (None, Some(0.5)));
        let config = row("clipNorm").read(&config, "", IMAGES).unwrap();
        assert_eq!((config.clip_norm, config.clip_value), (None, Some(0.5)));
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        let config = TrainingConfig::default();
        for (name, text, subject) in [
            ("learningRate", "NaN", "learningRate"),
            ("learningRate", "inf", "learningRate"),
            ("learningRate", "", "learningRate"),
            ("learningRate", "fast", "learningRate"),
            ("learningRate", "-1", "learningRate"),
            ("batchSize", "0", "batchSize"),
            ("batchSize", "1.5", "batchSize"),
            ("batchSize", "60001", "batchSize"),
            ("trainSamples", "60001", "trainSamples"),
            ("validationSplit", "1", "validationSplit"),
            ("patience", "1.5", "patience"),
            // There is nothing to validate on.
            ("patience", "3", "patience"),
        ] {
            let error = row(name).read(&config, text, IMAGES).unwrap_err();
            assert_eq!((error.code, error.subject.as_str()), ("bad-setting", subject), "{name} {text}");
        }
        assert_eq!(row("learningRate").read(&config, "1e-3", IMAGES).unwrap(), config);
        // A valid configuration stays valid: the validation images that `patience` needs are kept.
        let patient = TrainingConfig { validation_split: 0.1, patience: Some(3), ..config };
        assert_eq!(row("validationSplit").read(&patient, "0", IMAGES).unwrap_err().subject, "patience");
    }
}
