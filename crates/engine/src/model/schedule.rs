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
            let cosine = 0.5 * (1.0 + cos_pi(share));
            (1.0 - final_factor) * cosine + final_factor
        }
    }
}

/// The cosine of pi times `x`, for `x` from 0 to 1, by the Taylor series of the sine: the last term is below 1e-14. The
/// library's cosine, good for any angle, would be the largest function of the program.
fn cos_pi(x: f64) -> f64 {
    let angle = std::f64::consts::PI * (0.5 - x);
    let (mut term, mut sum) = (angle, angle);
    for n in 1..=10 {
        term *= -angle * angle / f64::from(2 * n * (2 * n + 1));
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_is_the_librarys() {
        for x in (0..=1000).map(|n| f64::from(n) / 1000.0) {
            assert!((cos_pi(x) - (std::f64::consts::PI * x).cos()).abs() < 1e-14, "{x}");
        }
    }

    #[test]
    fn schedules_start_at_one_and_fall() {
        let at = |schedule: &ScheduleSpec, step| factor(schedule, step, 10, 4);
        let step = ScheduleSpec::Step { every_epochs: 2, factor: 0.5 };
        assert_eq!([0, 19, 20, 39, 40].map(|s| at(&step, s)), [1.0, 1.0, 0.5, 0.5, 0.25]);
        let cosine = ScheduleSpec::Cosine { final_factor: 0.1 };
        assert!((at(&cosine, 0) - 1.0).abs() < 1e-14);
        assert!((at(&cosine, 20) - 0.55).abs() < 1e-12);
        assert!((at(&cosine, 40) - 0.1).abs() < 1e-12 && (at(&cosine, 400) - 0.1).abs() < 1e-12);
        assert_eq!(at(&ScheduleSpec::Constant, 7), 1.0);
    }
}
