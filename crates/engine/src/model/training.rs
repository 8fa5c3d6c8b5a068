//! Checks of a training configuration that need neither a model nor data.

use super::spec::{OptimizerSpec, ScheduleSpec, TrainingConfig};
use crate::error::{Error, Result};
use crate::tensor::number_text;

/// The largest batch that is accepted, and the most training images.
pub const MAX_SAMPLES: u32 = 1 << 24;

/// Checks every number of a configuration.
///
/// # Errors
/// `bad-setting`, naming the field as a spec does.
pub fn check(config: &TrainingConfig) -> Result<()> {
    whole("epochs", config.epochs, 100_000)?;
    whole("trainSamples", config.train_samples, MAX_SAMPLES)?;
    whole("batchSize", config.batch_size, MAX_SAMPLES)?;
    number("validationSplit", config.validation_split, "a number from 0 to less than 1", |x| (0.0..1.0).contains(&x))?;
    if config.clip_norm.is_some() && config.clip_value.is_some() {
        return Err(Error::new("bad-setting", "clipNorm")
            .expected("only one of clipNorm and clipValue")
            .got("both")
            .hint("Remove one of the two."));
    }
    for (name, value) in [("clipNorm", config.clip_norm), ("clipValue", config.clip_value)] {
        if let Some(value) = value {
            number(name, value, "a number above 0", |x| x > 0.0)?;
        }
    }
    if let Some(target) = config.target_accuracy {
        number("targetAccuracy", target, "a number above 0 and at most 1", |x| x > 0.0 && x <= 1.0)?;
    }
    if let Some(patience) = config.patience {
        whole("patience", patience, 100_000)?;
        if config.validation_split == 0.0 {
            return Err(Error::new("bad-setting", "patience")
                .expected("images to validate on")
                .got("validationSplit 0")
                .hint("Hold some back, for example with validationSplit 0.1."));
        }
    }
    check_schedule(&config.learning_rate_schedule)?;
    check_optimizer(&config.optimizer)?;
    let trained = trained_samples(config, config.train_samples as usize);
    if config.batch_size as usize > trained {
        return Err(Error::new("bad-setting", "batchSize")
            .expected(format!("at most the {trained} images that are trained on"))
            .got(config.batch_size.to_string())
            .hint("Make the batch smaller or use more images."));
    }
    Ok(())
}

/// How many of the first `samples` images are trained on; the rest, at their end, is held back for validation as in
/// Keras.
pub fn trained_samples(config: &TrainingConfig, samples: usize) -> usize {
    (samples as f64 * (1.0 - config.validation_split)).floor() as usize
}

fn check_optimizer(optimizer: &OptimizerSpec) -> Result<()> {
    number("learningRate", optimizer.learning_rate(), "a number of at least 0", |x| x >= 0.0)?;
    let share = |name, value| number(name, value, "a number from 0 to less than 1", |x| (0.0..1.0).contains(&x));
    let positive = |name, value| number(name, value, "a number above 0", |x| x > 0.0);
    match *optimizer {
        OptimizerSpec::Sgd { momentum, .. } => {
            number("momentum", momentum, "a number from 0 to 1", |x| (0.0..=1.0).contains(&x))
        }
        OptimizerSpec::RmsProp { rho, epsilon, .. } => {
            share("rho", rho)?;
            positive("epsilon", epsilon)
        }
        OptimizerSpec::Adagrad { initial_accumulator_value, epsilon, .. } => {
            number("initialAccumulatorValue", initial_accumulator_value, "a number of at least 0", |x| x >= 0.0)?;
            positive("epsilon", epsilon)
        }
        OptimizerSpec::Adam { beta1, beta2, epsilon, .. } => {
            share("beta1", beta1)?;
            share("beta2", beta2)?;
            positive("epsilon", epsilon)
        }
        OptimizerSpec::AdamW { beta1, beta2, epsilon, weight_decay, .. } => {
            share("beta1", beta1)?;
            share("beta2", beta2)?;
            positive("epsilon", epsilon)?;
            number("weightDecay", weight_decay, "a number of at least 0", |x| x >= 0.0)
        }
    }
}

fn check_schedule(schedule: &ScheduleSpec) -> Result<()> {
    match *schedule {
        ScheduleSpec::Constant => Ok(()),
        ScheduleSpec::Step { every_epochs, factor } => {
            whole("everyEpochs", every_epochs, 100_000)?;
            number("factor", factor, "a number above 0", |x| x > 0.0)
        }
        ScheduleSpec::Cosine { final_factor } => {
            number("finalFactor", final_factor, "a number from 0 to 1", |x| (0.0..=1.0).contains(&x))
        }
    }
}

fn whole(name: &str, value: u32, max: u32) -> Result<()> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::new("bad-setting", name).expected(format!("a whole number from 1 to {max}")).got(value.to_string()))
}

/// Infinities and what is not a number fail whatever `fits` says.
fn number(name: &str, value: f64, expected: &str, fits: impl Fn(f64) -> bool) -> Result<()> {
    if value.is_finite() && (value as f32).is_finite() && fits(value) {
        return Ok(());
    }
    Err(Error::new("bad-setting", name).expected(expected).got(number_text(value)))
}
