//! Scalar expressions in the notation of formulas.

use crate::ir::Expr;
use crate::ir::expr::{BinaryFunction, UnaryFunction};

/// Ranks of expressions by how strongly they bind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Sum,
    Product,
    Atom,
}

/// Formats an expression, with the given texts for its inputs: `a - b \cdot \frac{c}{\sqrt{d} + 1e-7}`.
pub fn expression(expression: &Expr, operand: &dyn Fn(usize) -> String) -> String {
    write(expression, operand).0
}

/// Formats a number in five significant digits, large and small ones with a power of ten: `1.2·10^{-5}`.
pub fn significant(value: f32) -> String {
    const DIGITS: i32 = 5;
    if !value.is_finite() {
        return if value.is_nan() { "NaN".to_owned() } else { format!("{}∞", if value < 0.0 { "-" } else { "" }) };
    }
    let scientific = format!("{value:.4e}");
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if value == 0.0 {
        "0".to_owned()
    } else if (-4..DIGITS).contains(&power) {
        trimmed(&format!("{value:.*}", (DIGITS - 1 - power) as usize))
    } else {
        format!("{}·10^{{{power}}}", trimmed(digits))
    }
}

/// Puts brackets round a text that would not bind strongly enough, or that begins with a sign.
fn bracketed((text, binding): (String, Binding), least: Binding) -> String {
    if binding < least || text.starts_with('-') { format!("({text})") } else { text }
}

fn write(expr: &Expr, operand: &dyn Fn(usize) -> String) -> (String, Binding) {
    let again = |child: &Expr| write(child, operand);
    let plain = |child: &Expr| again(child).0;
    match expr {
        Expr::Input(index) => atom(operand(*index)),
        Expr::Constant(value) => atom(significant(*value)),
        Expr::Unary(function, x) => match function {
            UnaryFunction::Neg => (format!("-{}", bracketed(again(x), Binding::Product)), Binding::Sum),
            UnaryFunction::Abs => (format!("|{}|", plain(x)), Binding::Atom),
            UnaryFunction::Exp => (format!("e^{{{}}}", plain(x)), Binding::Atom),
            UnaryFunction::Log => (format!(r"\ln({})", plain(x)), Binding::Atom),
            UnaryFunction::Log1p => (format!(r"\ln(1 + {})", bracketed(again(x), Binding::Sum)), Binding::Atom),
            UnaryFunction::Sqrt => (format!(r"\sqrt{{{}}}", plain(x)), Binding::Atom),
            UnaryFunction::Rsqrt => (format!(r"\frac{{1}}{{\sqrt{{{}}}}}", plain(x)), Binding::Atom),
            UnaryFunction::Tanh | UnaryFunction::Erf => (format!(r"\{}({})", function.name(), plain(x)), Binding::Atom),
        },
        Expr::Binary(function, a, b) => match function {
            BinaryFunction::Add => (format!("{} + {}", plain(a), bracketed(again(b), Binding::Sum)), Binding::Sum),
            BinaryFunction::Sub => (format!("{} - {}", plain(a), bracketed(again(b), Binding::Product)), Binding::Sum),
            BinaryFunction::Mul => {
                let [a, b] = [a, b].map(|child| bracketed(again(child), Binding::Product));
                (format!("{a} · {b}"), Binding::Product)
            }
            BinaryFunction::Div => (format!(r"\frac{{{}}}{{{}}}", plain(a), plain(b)), Binding::Product),
            BinaryFunction::Pow => (format!("{}^{{{}}}", bracketed(again(a), Binding::Atom), plain(b)), Binding::Atom),
            BinaryFunction::Max | BinaryFunction::Min => {
                (format!(r"\{}({}, {})", function.symbol(), plain(a), plain(b)), Binding::Atom)
            }
            BinaryFunction::Greater | BinaryFunction::GreaterEqual | BinaryFunction::Equal => {
                (format!("[{}]", condition(expr, operand, false)), Binding::Atom)
            }
        },
        Expr::Select(test, yes, no) => {
            let (is, is_not) = (condition(test, operand, false), condition(test, operand, true));
            (format!(r"\cases{{{} & {is} \\ {} & {is_not}}}", plain(yes), plain(no)), Binding::Atom)
        }
    }
}

fn atom(text: String) -> (String, Binding) {
    // A power of ten is a product.
    let binding = if text.contains('·') { Binding::Product } else { Binding::Atom };
    (text, binding)
}

/// Formats an expression as a condition, or its contrary.
fn condition(test: &Expr, operand: &dyn Fn(usize) -> String, is_contrary: bool) -> String {
    let (a, b, signs) = match test {
        Expr::Binary(BinaryFunction::Greater, a, b) => (a, Some(b), [">", "≤"]),
        Expr::Binary(BinaryFunction::GreaterEqual, a, b) => (a, Some(b), ["≥", "<"]),
        Expr::Binary(BinaryFunction::Equal, a, b) => (a, Some(b), ["=", "≠"]),
        other => (&Box::new(other.clone()), None, ["≠", "="]),
    };
    let sign = signs[usize::from(is_contrary)];
    let b = b.map_or_else(|| "0".to_owned(), |b| write(b, operand).0);
    format!("{} {sign} {b}", write(a, operand).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_stand_where_they_are_needed() {
        let [a, b, c] = [0, 1, 2].map(Expr::input);
        let text = |expr: Expr| expression(&expr, &|index| ["a", "b", "c"][index].to_owned());
        assert_eq!(text(a.clone() - b.clone() * c.clone()), "a - b · c");
        assert_eq!(text((a.clone() - b.clone()) * c.clone()), "(a - b) · c");
        assert_eq!(text(a.clone() - (b.clone() - c.clone())), "a - (b - c)");
        assert_eq!(text(-a.clone().log()), r"-\ln(a)");
        assert_eq!(text(a.clone() / (b.clone().sqrt() + 1e-7)), r"\frac{a}{\sqrt{b} + 1·10^{-7}}");
        assert_eq!(text(b.clone().greater(0.0).select(a.clone(), 0.0)), r"\cases{a & b > 0 \\ 0 & b ≤ 0}");
        assert_eq!(text((a.clone() - b.clone().equal(3.0)) * c), "(a - [b = 3]) · c");
        let numbers = |expr: Expr| expression(&expr, &|index| significant([-0.5, 0.25][index]));
        assert_eq!(numbers(a.clone() - b.clone() * a.clone()), "-0.5 - 0.25 · (-0.5)");
        assert_eq!(numbers(a.clone() + a), "-0.5 + (-0.5)");
    }

    #[test]
    fn numbers_have_five_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.076_168_23, "0.076168"),
            (-12_345.6, "-12346"),
            (123_456.0, "1.2346·10^{5}"),
            (1e-7, "1·10^{-7}"),
            (0.000_123_456, "0.00012346"),
            (f32::NEG_INFINITY, "-∞"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}
