//! The numbers of the training configuration as form fields: where each lives and what it may be.

use super::format::parse;
use chalkgrad_engine::model::spec::{OptimizerSpec, ScheduleSpec, TrainingConfig};

/// A number in the training configuration.
#[derive(Clone, Copy)]
pub struct NumberField {
    /// The key of its label; `<name>_help` describes it.
    pub name: &'static str,
    pub get: fn(&TrainingConfig) -> f64,
    pub set: fn(&mut TrainingConfig, f64),
    pub is_whole: bool,
    pub min: f64,
    pub max: f64,
    /// `min` itself is refused.
    pub is_min_excluded: bool,
    /// The number must not exceed the number of images.
    pub is_images: bool,
    /// The field may be empty; its number is then NaN.
    pub is_optional: bool,
}

/// Returns the fault in a field's text.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    NoNumber,
    NotWhole,
    OutOfRange {
        min: f64,
        max: f64,
    },
    NotAbove {
        min: f64,
    },
    MoreThanData {
        images: f64,
    },
    /// There are no images to validate on.
    NoValidation,
}

impl NumberField {
    const fn whole(
        name: &'static str,
        min: f64,
        max: f64,
        get: fn(&TrainingConfig) -> f64,
        set: fn(&mut TrainingConfig, f64),
    ) -> Self {
        Self { name, get, set, is_whole: true, min, max, is_min_excluded: false, is_images: false, is_optional: false }
    }

    const fn real(
        name: &'static str,
        min: f64,
        max: f64,
        get: fn(&TrainingConfig) -> f64,
        set: fn(&mut TrainingConfig, f64),
    ) -> Self {
        Self { name, get, set, is_whole: false, min, max, is_min_excluded: false, is_images: false, is_optional: false }
    }

    const fn above_min(mut self) -> Self {
        self.is_min_excluded = true;
        self
    }

    const fn of_images(mut self) -> Self {
        self.is_images = true;
        self
    }

    const fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// Parses a text, and returns the number if it is valid for this number of training images.
    pub fn read(&self, text: &str, images: f64) -> Result<f64, Fault> {
        if self.is_optional && text.trim().is_empty() {
            return Ok(f64::NAN);
        }
        let number = parse(text).ok_or(Fault::NoNumber)?;
        if self.is_whole && number.fract() != 0.0 {
            return Err(Fault::NotWhole);
        }
        if self.is_images && number > images {
            return Err(Fault::MoreThanData { images });
        }
        if self.is_min_excluded && number <= self.min {
            return Err(Fault::NotAbove { min: self.min });
        }
        if number < self.min || number > self.max {
            return Err(Fault::OutOfRange { min: self.min, max: self.max });
        }
        Ok(number)
    }
}

/// The names of the optimizers, as in a spec.
pub fn optimizer_names() -> [&'static str; 5] {
    ["SGD", "RMSprop", "Adagrad", "Adam", "AdamW"]
}

pub fn optimizer_name(optimizer: &OptimizerSpec) -> &'static str {
    match optimizer {
        OptimizerSpec::Sgd { .. } => "SGD",
        OptimizerSpec::RmsProp { .. } => "RMSprop",
        OptimizerSpec::Adagrad { .. } => "Adagrad",
        OptimizerSpec::Adam { .. } => "Adam",
        OptimizerSpec::AdamW { .. } => "AdamW",
    }
}

/// The optimizer of this name with Keras's defaults; Adam for a name that is none.
pub fn optimizer_named(name: &str) -> OptimizerSpec {
    let (epsilon, beta1, beta2) = (1e-7, 0.9, 0.999);
    match name {
        "SGD" => OptimizerSpec::Sgd { learning_rate: 0.01, momentum: 0.0, nesterov: false },
        "RMSprop" => OptimizerSpec::RmsProp { learning_rate: 0.001, rho: 0.9, epsilon },
        "Adagrad" => OptimizerSpec::Adagrad { learning_rate: 0.001, initial_accumulator_value: 0.1, epsilon },
        "AdamW" => OptimizerSpec::AdamW { learning_rate: 0.001, beta1, beta2, epsilon, weight_decay: 0.004 },
        _ => OptimizerSpec::default(),
    }
}

/// A field of the optimizer that exists in some of its kinds: reads 0 and sets nothing in the others.
macro_rules! optimizer_field {
    ($name:literal, $min:expr, $max:expr, $field:ident in $($kind:ident)|+) => {
        NumberField::real(
            $name,
            $min,
            $max,
            |config| match config.optimizer {
                $(OptimizerSpec::$kind { $field, .. })|+ => $field,
                #[allow(unreachable_patterns)]
                _ => 0.0,
            },
            |config, number| match &mut config.optimizer {
                $(OptimizerSpec::$kind { $field, .. })|+ => *$field = number,
                #[allow(unreachable_patterns)]
                _ => {}
            },
        )
    };
}

/// The names of the schedules of the learning rate, as in a spec.
pub const SCHEDULES: [&str; 3] = ["Constant", "Step", "Cosine"];

pub fn schedule_name(schedule: &ScheduleSpec) -> &'static str {
    match schedule {
        ScheduleSpec::Constant => "Constant",
        ScheduleSpec::Step { .. } => "Step",
        ScheduleSpec::Cosine { .. } => "Cosine",
    }
}

/// The schedule of this name, with numbers to start from; none for a name that is none.
pub fn schedule_named(name: &str) -> ScheduleSpec {
    match name {
        "Step" => ScheduleSpec::Step { every_epochs: 2, factor: 0.5 },
        "Cosine" => ScheduleSpec::Cosine { final_factor: 0.0 },
        _ => ScheduleSpec::Constant,
    }
}

/// Converts a field's optional number to the configuration's.
fn given(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// The fields of a schedule.
pub fn schedule_fields(schedule: &ScheduleSpec) -> Vec<NumberField> {
    match schedule {
        ScheduleSpec::Constant => Vec::new(),
        ScheduleSpec::Step { .. } => vec![
            NumberField::whole(
                "every_epochs",
                1.0,
                10_000.0,
                |config| match config.learning_rate_schedule {
                    ScheduleSpec::Step { every_epochs, .. } => every_epochs.into(),
                    _ => 0.0,
                },
                |config, number| {
                    if let ScheduleSpec::Step { every_epochs, .. } = &mut config.learning_rate_schedule {
                        *every_epochs = number as u32;
                    }
                },
            ),
            NumberField::real(
                "factor",
                0.0,
                10.0,
                |config| match config.learning_rate_schedule {
                    ScheduleSpec::Step { factor, .. } => factor,
                    _ => 0.0,
                },
                |config, number| {
                    if let ScheduleSpec::Step { factor, .. } = &mut config.learning_rate_schedule {
                        *factor = number;
                    }
                },
            )
            .above_min(),
        ],
        ScheduleSpec::Cosine { .. } => vec![NumberField::real(
            "final_factor",
            0.0,
            1.0,
            |config| match config.learning_rate_schedule {
                ScheduleSpec::Cosine { final_factor } => final_factor,
                _ => 0.0,
            },
            |config, number| {
                if let ScheduleSpec::Cosine { final_factor } = &mut config.learning_rate_schedule {
                    *final_factor = number;
                }
            },
        )],
    }
}

/// Gradient clipping: one way excludes the other.
pub fn clipping_fields() -> Vec<NumberField> {
    vec![
        NumberField::real(
            "clip_norm",
            0.0,
            1e6,
            |config| config.clip_norm.unwrap_or(f64::NAN),
            |config, number| {
                config.clip_norm = given(number);
                config.clip_value = config.clip_value.filter(|_| config.clip_norm.is_none());
            },
        )
        .above_min()
        .optional(),
        NumberField::real(
            "clip_value",
            0.0,
            1e6,
            |config| config.clip_value.unwrap_or(f64::NAN),
            |config, number| {
                config.clip_value = given(number);
                config.clip_norm = config.clip_norm.filter(|_| config.clip_value.is_none());
            },
        )
        .above_min()
        .optional(),
    ]
}

/// When a run ends.
pub fn stop_fields() -> Vec<NumberField> {
    vec![
        NumberField::whole(
            "epochs",
            1.0,
            10_000.0,
            |config| config.epochs as f64,
            |config, number| {
                config.epochs = number as u32;
            },
        ),
        NumberField::real(
            "target_accuracy",
            0.0,
            1.0,
            |config| config.target_accuracy.unwrap_or(f64::NAN),
            |config, number| config.target_accuracy = given(number),
        )
        .above_min()
        .optional(),
        NumberField::whole(
            "patience",
            1.0,
            10_000.0,
            |config| config.patience.map_or(f64::NAN, f64::from),
            |config, number| config.patience = given(number).map(|epochs| epochs as u32),
        )
        .optional(),
    ]
}

/// Every number of the form.
pub fn number_fields(config: &TrainingConfig) -> Vec<NumberField> {
    let mut fields = optimizer_fields(&config.optimizer);
    fields.extend(schedule_fields(&config.learning_rate_schedule));
    fields.extend(clipping_fields());
    fields.extend(data_fields());
    fields.extend(stop_fields());
    fields
}

/// The fields of a kind of optimizer.
pub fn optimizer_fields(optimizer: &OptimizerSpec) -> Vec<NumberField> {
    let mut fields = vec![
        optimizer_field!("learning_rate", 0.0, 100.0, learning_rate in Sgd | RmsProp | Adagrad | Adam | AdamW)
            .above_min(),
    ];
    let momentum = optimizer_field!("momentum", 0.0, 0.9999, momentum in Sgd);
    let rho = optimizer_field!("rho", 0.0, 0.9999, rho in RmsProp);
    let start = optimizer_field!("initial_accumulator_value", 0.0, 1e6, initial_accumulator_value in Adagrad);
    let beta1 = optimizer_field!("beta1", 0.0, 0.9999, beta1 in Adam | AdamW);
    let beta2 = optimizer_field!("beta2", 0.0, 0.999_999, beta2 in Adam | AdamW);
    let epsilon = optimizer_field!("epsilon", 0.0, 1.0, epsilon in RmsProp | Adagrad | Adam | AdamW).above_min();
    let decay = optimizer_field!("weight_decay", 0.0, 1.0, weight_decay in AdamW);
    match optimizer {
        OptimizerSpec::Sgd { .. } => fields.extend([momentum]),
        OptimizerSpec::RmsProp { .. } => fields.extend([rho, epsilon]),
        OptimizerSpec::Adagrad { .. } => fields.extend([start, epsilon]),
        OptimizerSpec::Adam { .. } => fields.extend([beta1, beta2, epsilon]),
        OptimizerSpec::AdamW { .. } => fields.extend([beta1, beta2, epsilon, decay]),
    }
    fields
}

/// Which images a run is given, and in which order.
pub fn data_fields() -> Vec<NumberField> {
    vec![
        NumberField::whole(
            "batch_size",
            1.0,
            60_000.0,
            |config| config.batch_size as f64,
            |config, number| {
                config.batch_size = number as u32;
            },
        )
        .of_images(),
        NumberField::whole(
            "seed",
            0.0,
            u32::MAX as f64,
            |config| config.seed as f64,
            |config, number| {
                config.seed = number as u32;
            },
        ),
        NumberField::whole(
            "train_samples",
            1.0,
            60_000.0,
            |config| config.train_samples as f64,
            |config, number| {
                config.train_samples = number as u32;
            },
        )
        .of_images(),
        NumberField::real(
            "validation_split",
            0.0,
            0.9,
            |config| config.validation_split,
            |config, number| {
                config.validation_split = number;
            },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Configurations of which each shows other fields.
    fn configs() -> impl Iterator<Item = TrainingConfig> {
        let kinds = optimizer_names().into_iter().flat_map(|kind| SCHEDULES.map(|schedule| (kind, schedule)));
        kinds.map(|(kind, schedule)| TrainingConfig {
            optimizer: optimizer_named(kind),
            learning_rate_schedule: schedule_named(schedule),
            ..TrainingConfig::default()
        })
    }

    fn field(name: &str) -> NumberField {
        let all = configs().flat_map(|config| number_fields(&config));
        all.into_iter().find(|field| field.name == name).unwrap()
    }

    #[test]
    fn every_field_reads_back_what_it_sets_and_accepts_its_default() {
        for base in configs() {
            for field in number_fields(&base) {
                let mut config = base.clone();
                let default = (field.get)(&config);
                let text = if default.is_finite() { default.to_string() } else { String::new() };
                assert_eq!(field.read(&text, 60_000.0).map(f64::to_bits), Ok(default.to_bits()), "{}", field.name);
                assert_eq!(default.is_nan(), field.is_optional, "{}", field.name);
                let other = if field.is_whole { 7.0 } else { 0.125 };
                (field.set)(&mut config, other);
                assert_eq!((field.get)(&config), other, "{}", field.name);
                (field.set)(&mut config, default);
                assert_eq!(config, base, "{}", field.name);
            }
        }
    }

    #[test]
    fn kinds_have_names_and_one_way_of_clipping_excludes_the_other() {
        for kind in optimizer_names() {
            assert_eq!(optimizer_name(&optimizer_named(kind)), kind);
        }
        for kind in SCHEDULES {
            assert_eq!(schedule_name(&schedule_named(kind)), kind);
        }
        let mut config = TrainingConfig::default();
        (field("clip_norm").set)(&mut config, 1.0);
        (field("clip_value").set)(&mut config, 0.5);
        assert_eq!((config.clip_norm, config.clip_value), (None, Some(0.5)));
        (field("clip_norm").set)(&mut config, f64::NAN);
        assert_eq!((config.clip_norm, config.clip_value), (None, Some(0.5)));
        assert_eq!(field("target_accuracy").read("1.5", 1.0), Err(Fault::OutOfRange { min: 0.0, max: 1.0 }));
        assert_eq!(field("patience").read("1.5", 1.0), Err(Fault::NotWhole));
    }

    #[test]
    fn optimizers_start_with_the_defaults_of_their_specs() {
        for kind in optimizer_names() {
            let spec: OptimizerSpec = serde_json::from_value(serde_json::json!({ "type": kind })).unwrap();
            assert_eq!(optimizer_named(kind), spec);
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        let rate = field("learning_rate");
        for text in ["NaN", "inf", "-inf", "", "fast"] {
            assert_eq!(rate.read(text, 60_000.0), Err(Fault::NoNumber), "{text}");
        }
        assert_eq!(rate.read("0", 60_000.0), Err(Fault::NotAbove { min: 0.0 }));
        assert_eq!(rate.read("1e-3", 60_000.0), Ok(0.001));
        let batch = field("batch_size");
        assert_eq!(batch.read("0", 60_000.0), Err(Fault::OutOfRange { min: 1.0, max: 60_000.0 }));
        assert_eq!(batch.read("60001", 60_000.0), Err(Fault::MoreThanData { images: 60_000.0 }));
        assert_eq!(batch.read("1.5", 60_000.0), Err(Fault::NotWhole));
        assert_eq!(field("validation_split").read("1", 60_000.0), Err(Fault::OutOfRange { min: 0.0, max: 0.9 }));
    }
}
