//! Round numbers for the axes of charts.

use crate::ui::format::{fixed, number_short, with_minus};

/// Chooses three to six round numbers within `low..=high`.
pub fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    if span <= 0.0 || !span.is_finite() {
        return Vec::new();
    }
    let rough = span / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|at| at as f64 * step).collect()
}

/// Formats a tick with as many decimals as its neighbours need.
pub fn tick_text(value: f64, ticks: &[f64]) -> String {
    let step = ticks.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
    let decimals = (0..6).find(|decimals| {
        let scaled = step * 10f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6
    });
    with_minus(fixed(value, decimals.unwrap_or(6) as u8))
}

/// Chooses round numbers for a logarithmic axis: powers of ten, with 2 and 5 times them where there are few.
pub fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    if low <= 0.0 || high <= low || !high.is_finite() {
        return Vec::new();
    }
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let factors: &[f64] = if high / low < 300.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = ((last - first) / 6).max(1);
    let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
    let all = powers.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
    all.filter(|tick| (low..=high).contains(tick)).collect()
}

/// Formats a tick of a logarithmic axis.
pub fn log_tick_text(value: f64) -> String {
    match value {
        value if (1e-3..1e5).contains(&value) => {
            let decimals = (-(value * 1.000_001).log10().floor()).max(0.0);
            fixed(value, decimals as u8)
        }
        value => number_short(value as f32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0.0, 1.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
        for (low, high) in [(0.0, 2.5), (0.0, 9375.0), (0.9, 1.0), (0.0, 1e-3), (0.0, 1.0)] {
            let ticks = ticks(low, high);
            assert!((3..=6).contains(&ticks.len()), "{ticks:?}");
        }
        assert!(ticks(1.0, 1.0).is_empty());
        assert!(ticks(0.0, f64::NAN).is_empty());
        assert_eq!(tick_text(0.9, &ticks(0.9, 1.0)), "0.900");
        assert_eq!(tick_text(2000.0, &ticks(0.0, 9000.0)), "2000");
    }

    #[test]
    fn logarithmic_ticks_are_round_and_few() {
        assert_eq!(log_ticks(0.04, 2.5), [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]);
        for (low, high) in [(0.01, 2.5), (1e-8, 1.0), (1.0, 1e22), (0.5, 0.9)] {
            assert!((1..=9).contains(&log_ticks(low, high).len()), "{:?}", log_ticks(low, high));
        }
        assert!(log_ticks(0.0, 1.0).is_empty() && log_ticks(1.0, f64::INFINITY).is_empty());
        assert_eq!(
            [0.05, 0.1, 2.0, 100.0, 1e22, 1e-5].map(log_tick_text),
            ["0.05", "0.1", "2", "100", "1.0e22", "1.0e−5"]
        );
    }
}
