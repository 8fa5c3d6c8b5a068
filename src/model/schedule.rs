//! Learning-rate schedules: a factor on the learning rate as a function of the step.

use super::spec::ScheduleSpec;

/// The factor at `step` (from 0) of a run of `epochs` epochs; after its end a cosine stays where it ended.
pub fn factor(schedule: &ScheduleSpec, step: u32, steps_per_epoch: u32, epochs: u32) -> f64 {
    let steps_per_epoch = f64::from(steps_per_epoch.max(1));
    match *schedule {
        ScheduleSpec::Constant => 1.0,
        // Keras's `ExponentialDecay` with `staircase`.
        ScheduleSpec::Step { every_epochs, factor } => {
            let times = (f64::from(step) / (f64::from(every_epochs.max(1)) * steps_per_epoch)).floor();
            factor.powf(times)
        }
        // Keras's `CosineDecay` (Loshchilov and Hutter 2016).
        ScheduleSpec::Cosine { final_factor } => {
            let share = (f64::from(step) / (f64::from(epochs.max(1)) * steps_per_epoch)).min(1.0);
            let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
            (1.0 - final_factor) * cosine + final_factor
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_start_at_one_and_fall() {
        let at = |schedule: &ScheduleSpec, step| factor(schedule, step, 10, 4);
        let step = ScheduleSpec::Step { every_epochs: 2, factor: 0.5 };
        assert_eq!([0, 19, 20, 39, 40].map(|s| at(&step, s)), [1.0, 1.0, 0.5, 0.5, 0.25]);
        let cosine = ScheduleSpec::Cosine { final_factor: 0.1 };
        assert_eq!(at(&cosine, 0), 1.0);
        assert!((at(&cosine, 20) - 0.55).abs() < 1e-12);
        assert!((at(&cosine, 40) - 0.1).abs() < 1e-12 && (at(&cosine, 400) - 0.1).abs() < 1e-12);
        assert_eq!(at(&ScheduleSpec::Constant, 7), 1.0);
    }
}
