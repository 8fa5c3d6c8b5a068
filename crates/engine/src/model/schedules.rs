//! Schedules of the learning rate, one file each.

use super::entry::{Configured, catalogue};
use super::settings::{Schema, Settings};

/// A factor on the learning rate as a function of the position in a run.
pub trait Schedule: Sync {
    fn schema(&self) -> &'static Schema;

    /// Returns the factor at a position.
    fn factor(&self, settings: &Settings, position: Position) -> f64;
}

/// A place in a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Position {
    /// Epochs done, and the share of the present one.
    pub epochs_done: f64,
    /// Epochs of the whole run.
    pub epochs: u32,
    /// Steps done.
    pub step: u32,
}

impl Position {
    /// Returns the position after `step` steps of a run that began at its first.
    pub fn at_step(step: u32, steps_per_epoch: u32, epochs: u32) -> Self {
        Self { epochs_done: f64::from(step) / f64::from(steps_per_epoch.max(1)), epochs, step }
    }
}

catalogue! {
    /// Every schedule. To add one, write its file under `schedules/` and add its line here.
    SCHEDULES: Schedule for "learningRateSchedule" {
        constant::Constant,
        step::Step,
        cosine::Cosine,
        exponential_decay::ExponentialDecay,
    }
}

/// A schedule with its settings.
pub type ScheduleSpec = Configured<dyn Schedule>;

impl Default for ScheduleSpec {
    fn default() -> Self {
        Self::initial(&Constant)
    }
}

impl ScheduleSpec {
    /// Returns the factor on the learning rate at a position.
    pub fn factor(&self, position: Position) -> f64 {
        self.entry.factor(&self.settings, position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_start_at_one_and_fall() {
        let at = |schedule: &ScheduleSpec, epochs_done| schedule.factor(Position { epochs_done, epochs: 4, step: 0 });
        let step = ScheduleSpec::new("Step", [("everyEpochs", 2.0.into()), ("factor", 0.5.into())]).unwrap();
        assert_eq!([0.0, 1.9, 2.0, 3.9, 4.0].map(|epochs| at(&step, epochs)), [1.0, 1.0, 0.5, 0.5, 0.25]);
        let cosine = ScheduleSpec::new("Cosine", [("finalFactor", 0.1.into())]).unwrap();
        assert!((at(&cosine, 0.0) - 1.0).abs() < 1e-14);
        assert!((at(&cosine, 2.0) - 0.55).abs() < 1e-12);
        assert!((at(&cosine, 4.0) - 0.1).abs() < 1e-12 && (at(&cosine, 40.0) - 0.1).abs() < 1e-12);
        assert_eq!(at(&ScheduleSpec::default(), 0.7), 1.0);
    }
}
