//! Numbers of a line as a reader with a calculator needs them: enough digits, and terms that make up the total.

use chalkgrad_engine::protocol::explanation::{Part, PartKind, Term};

use crate::ui::format::{value, with_minus};

/// Significant digits of which sums and products are right to four.
const DIGITS: i32 = 6;
/// More digits than an `f32` has.
const ALL_DIGITS: i32 = 9;

/// Formats a number in six significant digits.
pub fn precise(number: f32) -> String {
    precise_to(number, DIGITS)
}

/// Returns the digits that the terms of a part need, so that their sum is right to four although they cancel each other.
pub fn digits(part: &Part) -> i32 {
    let largest = part.terms.iter().map(|term| addend(part, term).abs()).fold(part.rest.abs(), f32::max);
    let ratio = (largest / part.value.abs()).log10();
    if ratio.is_finite() { (DIGITS + ratio.ceil().max(0.0) as i32).min(ALL_DIGITS) } else { ALL_DIGITS }
}

/// Formats a number in this many significant digits.
pub fn precise_to(number: f32, digits: i32) -> String {
    if number == 0.0 || !number.is_finite() {
        return value(number);
    }
    let scientific = format!("{number:.*e}", (digits - 1) as usize);
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let text = match power {
        power if (-4..digits).contains(&power) => format!("{number:.*}", (digits - 1 - power) as usize),
        _ => scientific,
    };
    with_minus(text)
}

/// Returns what a term adds to its part. The term of a sum of exponentials is the exponent.
pub fn addend(part: &Part, term: &Term) -> f32 {
    if part.kind == PartKind::SumOfExponentials { f64::from(term.value).exp() as f32 } else { term.value }
}

/// Returns the length of each term's bar, as a share of the longest one.
pub fn bars(part: &Part) -> Vec<f64> {
    let size = |value: f32| if value.is_finite() { f64::from(value.abs()) } else { 0.0 };
    let sizes: Vec<f64> = part.terms.iter().map(|term| size(addend(part, term))).collect();
    let longest = sizes.iter().copied().fold(0.0, f64::max);
    sizes.into_iter().map(|size| if longest > 0.0 { size / longest } else { 0.0 }).collect()
}

/// Returns the number of terms that are not listed.
pub fn unlisted(part: &Part) -> usize {
    (part.count as usize).saturating_sub(part.terms.len())
}

/// Returns true if the listed terms and the rest add up to the part.
pub fn adds_up(part: &Part) -> bool {
    matches!(part.kind, PartKind::Sum | PartKind::SumOfExponentials)
}

/// Returns true if a term has a factor that is no number of a tensor and not 1.
pub fn has_coefficients(part: &Part) -> bool {
    part.terms.iter().any(|term| term.coefficient != 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn six_digits_are_enough_for_a_calculator() {
        let cases = [
            (0.0, "0"),
            (-0.076_168_27, "−0.0761683"),
            (1.0, "1.00000"),
            (123_456.0, "123456"),
            (0.000_123_456_7, "0.000123457"),
            (1.234_567e-7, "1.23457e−7"),
            (-2.5e9, "−2.50000e9"),
            (f32::NAN, "NaN"),
        ];
        for (number, text) in cases {
            assert_eq!(precise(number), text);
        }
    }

    #[test]
    fn listed_terms_and_the_rest_make_up_the_printed_total() {
        let read = |number: f32| crate::ui::format::parse(&precise(number)).unwrap();
        for part in fixture::gradient().parts.iter().filter(|part| adds_up(part)) {
            let printed = |term: &chalkgrad_engine::protocol::explanation::Term| {
                let product: f64 = term.factors.iter().map(|factor| read(factor.value)).product();
                (read(term.value), product * f64::from(term.coefficient))
            };
            let terms: Vec<(f64, f64)> = part.terms.iter().map(printed).collect();
            for (value, product) in &terms {
                assert!((value - product).abs() <= 1e-4 * value.abs(), "{value} {product}");
            }
            let total: f64 = terms.iter().map(|(value, _)| value).sum::<f64>() + read(part.rest);
            assert!((total - read(part.value)).abs() <= 1e-4 * total.abs(), "{total} {}", part.value);
            assert_eq!(unlisted(part), 2);
            assert_eq!(bars(part)[0], 1.0);
        }
    }

    #[test]
    fn terms_that_cancel_each_other_have_more_digits() {
        let term = |value: f32| chalkgrad_engine::protocol::explanation::Term { value, ..Default::default() };
        let part = |values: &[f32]| Part {
            terms: values.iter().copied().map(term).collect(),
            value: values.iter().sum(),
            ..Part::default()
        };
        assert_eq!(digits(&part(&[0.5, 0.25])), 6);
        assert_eq!(digits(&part(&[0.5, -0.49])), 8);
        assert_eq!(digits(&part(&[0.5, -0.5])), 9);
        assert_eq!(precise_to(0.123_456_79, 9), "0.123456791");
    }

    #[test]
    fn exponents_become_exponentials() {
        let terms = vec![Term { value: 0.0, ..Term::default() }, Term { value: -1.0, ..Term::default() }];
        let part = Part { kind: PartKind::SumOfExponentials, terms, ..Part::default() };
        assert_eq!(addend(&part, &part.terms[0]), 1.0);
        assert!((bars(&part)[1] - (-1f64).exp()).abs() < 1e-6);
    }

    #[test]
    fn bars_of_nothing_are_empty() {
        let part = Part { terms: vec![Default::default(); 2], ..Part::default() };
        assert_eq!(bars(&part), [0.0, 0.0]);
        assert!(has_coefficients(&part), "0 is no 1");
    }
}
