//! The numbers of the training configuration as form fields: where each lives and what it may be.

use super::format::parse;
use crate::model::spec::{OptimizerSpec, TrainingConfig};

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
    /// Whether `min` itself is refused.
    pub is_min_excluded: bool,
    /// Whether it must not be above the number of images.
    pub is_images: bool,
}

/// What is wrong with the text of a field.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    NoNumber,
    NotWhole,
    OutOfRange { min: f64, max: f64 },
    NotAbove { min: f64 },
    MoreThanData { images: f64 },
}

impl NumberField {
    const fn whole(
        name: &'static str,
        min: f64,
        max: f64,
        get: fn(&TrainingConfig) -> f64,
        set: fn(&mut TrainingConfig, f64),
    ) -> Self {
        Self { name, get, set, is_whole: true, min, max, is_min_excluded: false, is_images: false }
    }

    const fn real(
        name: &'static str,
        min: f64,
        max: f64,
        get: fn(&TrainingConfig) -> f64,
        set: fn(&mut TrainingConfig, f64),
    ) -> Self {
        Self { name, get, set, is_whole: false, min, max, is_min_excluded: false, is_images: false }
    }

    const fn above_min(mut self) -> Self {
        self.is_min_excluded = true;
        self
    }

    const fn of_images(mut self) -> Self {
        self.is_images = true;
        self
    }

    /// The number in a text, if it may be set while there are so many training images.
    pub fn read(&self, text: &str, images: f64) -> Result<f64, Fault> {
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

/// The fields of the form, in its order, for a kind of optimizer.
pub fn number_fields(optimizer: &OptimizerSpec) -> Vec<NumberField> {
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
    fields.extend([
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
            "epochs",
            1.0,
            10_000.0,
            |config| config.epochs as f64,
            |config, number| {
                config.epochs = number as u32;
            },
        ),
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
    ]);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> NumberField {
        let all = optimizer_names().into_iter().flat_map(|kind| number_fields(&optimizer_named(kind)));
        all.into_iter().find(|field| field.name == name).unwrap()
    }

    #[test]
    fn every_field_reads_back_what_it_sets_and_accepts_its_default() {
        for kind in optimizer_names() {
            let optimizer = optimizer_named(kind);
            assert_eq!(optimizer_name(&optimizer), kind);
            for field in number_fields(&optimizer) {
                let mut config = TrainingConfig { optimizer: optimizer.clone(), ..TrainingConfig::default() };
                let default = (field.get)(&config);
                assert_eq!(field.read(&default.to_string(), 60_000.0), Ok(default), "{kind} {}", field.name);
                let other = if field.is_whole { 7.0 } else { 0.125 };
                (field.set)(&mut config, other);
                assert_eq!((field.get)(&config), other, "{kind} {}", field.name);
            }
        }
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
