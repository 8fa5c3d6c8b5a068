//! Scalar expressions: the computation of a pointwise op for one element.
//!
//! One expression serves every purpose: the CPU backend evaluates it in SIMD blocks, the GPU backend prints it as WGSL,
//! and the reference interpreter evaluates it number by number.

use std::fmt;

use crate::tensor::constant_text;

/// Expression over numbered inputs. Comparisons give 1 or 0.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    Input(usize),
    Constant(f32),
    Unary(UnaryFunction, Box<Expr>),
    Binary(BinaryFunction, Box<Expr>, Box<Expr>),
    /// The second operand if the first is not 0, else the third.
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum UnaryFunction {
    Neg,
    Abs,
    Exp,
    /// Natural logarithm.
    Log,
    /// `log(1 + x)`, exact near 0.
    Log1p,
    Sqrt,
    /// `1 / sqrt(x)`.
    Rsqrt,
    Tanh,
    /// The Gauss error function.
    Erf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum BinaryFunction {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Max,
    Min,
    Greater,
    GreaterEqual,
    Equal,
}

impl UnaryFunction {
    pub fn name(self) -> &'static str {
        match self {
            Self::Neg => "-",
            Self::Abs => "abs",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Log1p => "log1p",
            Self::Sqrt => "sqrt",
            Self::Rsqrt => "rsqrt",
            Self::Tanh => "tanh",
            Self::Erf => "erf",
        }
    }

    /// Computes the function of one number.
    #[inline(always)]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Neg => -x,
            Self::Abs => x.abs(),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Log1p => x.ln_1p(),
            Self::Sqrt => x.sqrt(),
            Self::Rsqrt => 1.0 / x.sqrt(),
            Self::Tanh => x.tanh(),
            Self::Erf => erf(x),
        }
    }
}

impl BinaryFunction {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Pow => "pow",
            Self::Max => "max",
            Self::Min => "min",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
        }
    }

    /// Computes the function of two numbers.
    #[inline(always)]
    pub fn apply(self, a: f32, b: f32) -> f32 {
        let truth = |condition: bool| if condition { 1.0 } else { 0.0 };
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Pow => a.powf(b),
            // Keeps a NaN in `a`, so that a relu cannot hide it.
            Self::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
            Self::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Self::Greater => truth(a > b),
            Self::GreaterEqual => truth(a >= b),
            Self::Equal => truth(a == b),
        }
    }
}

/// Computes the Gauss error function with an absolute error below 1.5e-7 (Abramowitz and Stegun, formula 7.1.26). WGSL
/// has no such function, so every backend uses this formula.
pub fn erf(x: f32) -> f32 {
    const COEFFICIENTS: [f64; 5] = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
    let magnitude = f64::from(x.abs());
    let t = 1.0 / (1.0 + 0.3275911 * magnitude);
    let polynomial = COEFFICIENTS.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    (1.0 - polynomial * (-magnitude * magnitude).exp()).copysign(f64::from(x)) as f32
}

impl Expr {
    pub fn input(index: usize) -> Self {
        Self::Input(index)
    }

    pub fn constant(value: f32) -> Self {
        Self::Constant(value)
    }

    pub fn unary(self, function: UnaryFunction) -> Self {
        Self::Unary(function, Box::new(self))
    }

    pub fn binary(self, function: BinaryFunction, other: impl Into<Expr>) -> Self {
        Self::Binary(function, Box::new(self), Box::new(other.into()))
    }

    pub fn exp(self) -> Self {
        self.unary(UnaryFunction::Exp)
    }

    pub fn log(self) -> Self {
        self.unary(UnaryFunction::Log)
    }

    pub fn log1p(self) -> Self {
        self.unary(UnaryFunction::Log1p)
    }

    pub fn sqrt(self) -> Self {
        self.unary(UnaryFunction::Sqrt)
    }

    pub fn rsqrt(self) -> Self {
        self.unary(UnaryFunction::Rsqrt)
    }

    pub fn tanh(self) -> Self {
        self.unary(UnaryFunction::Tanh)
    }

    pub fn abs(self) -> Self {
        self.unary(UnaryFunction::Abs)
    }

    pub fn erf(self) -> Self {
        self.unary(UnaryFunction::Erf)
    }

    pub fn pow(self, other: impl Into<Expr>) -> Self {
        self.binary(BinaryFunction::Pow, other)
    }

    pub fn max(self, other: impl Into<Expr>) -> Self {
        self.binary(BinaryFunction::Max, other)
    }

    pub fn min(self, other: impl Into<Expr>) -> Self {
        self.binary(BinaryFunction::Min, other)
    }

    pub fn greater(self, other: impl Into<Expr>) -> Self {
        self.binary(BinaryFunction::Greater, other)
    }

    pub fn greater_equal(self, other: impl Into<Expr>) -> Self {
        self.binary(BinaryFunction::GreaterEqual, other)
    }

    pub fn equal(self, other: impl Into<Expr>) -> Self {
        self.binary(BinaryFunction::Equal, other)
    }

    /// Selects `yes` if this expression is not 0, else `no`.
    pub fn select(self, yes: impl Into<Expr>, no: impl Into<Expr>) -> Self {
        Self::Select(Box::new(self), Box::new(yes.into()), Box::new(no.into()))
    }

    /// Returns the expression with others in the place of its inputs.
    pub fn substitute(&self, of_input: &dyn Fn(usize) -> Expr) -> Self {
        let again = |child: &Expr| Box::new(child.substitute(of_input));
        match self {
            Self::Input(index) => of_input(*index),
            Self::Constant(value) => Self::Constant(*value),
            Self::Unary(function, x) => Self::Unary(*function, again(x)),
            Self::Binary(function, a, b) => Self::Binary(*function, again(a), again(b)),
            Self::Select(a, b, c) => Self::Select(again(a), again(b), again(c)),
        }
    }

    /// Returns the expression's direct operands.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Self::Input(_) | Self::Constant(_) => vec![],
            Self::Unary(_, x) => vec![x],
            Self::Binary(_, a, b) => vec![a, b],
            Self::Select(a, b, c) => vec![a, b, c],
        }
    }

    /// Evaluates the expression for one element's inputs. A missing input counts as NaN; the verifier rules that out.
    pub fn evaluate(&self, inputs: &[f32]) -> f32 {
        match self {
            Self::Input(index) => inputs.get(*index).copied().unwrap_or(f32::NAN),
            Self::Constant(value) => *value,
            Self::Unary(function, x) => function.apply(x.evaluate(inputs)),
            Self::Binary(function, a, b) => function.apply(a.evaluate(inputs), b.evaluate(inputs)),
            Self::Select(condition, yes, no) => {
                if condition.evaluate(inputs) != 0.0 {
                    yes.evaluate(inputs)
                } else {
                    no.evaluate(inputs)
                }
            }
        }
    }

    /// Returns the number of inputs: one more than the highest that occurs.
    pub fn arity(&self) -> usize {
        match self {
            Self::Input(index) => index + 1,
            _ => self.children().into_iter().map(Expr::arity).max().unwrap_or(0),
        }
    }

    /// Returns true if the input occurs.
    pub fn reads(&self, input: usize) -> bool {
        match self {
            Self::Input(index) => *index == input,
            _ => self.children().into_iter().any(|child| child.reads(input)),
        }
    }

    /// Counts the functions that one evaluation computes.
    pub fn operations(&self) -> u64 {
        let children = self.children();
        u64::from(!children.is_empty()) + children.into_iter().map(Expr::operations).sum::<u64>()
    }
}

impl From<f32> for Expr {
    fn from(value: f32) -> Self {
        Self::Constant(value)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $function:ident) => {
        impl<T: Into<Expr>> std::ops::$trait<T> for Expr {
            type Output = Expr;

            fn $method(self, other: T) -> Expr {
                self.binary(BinaryFunction::$function, other)
            }
        }
    };
}

operator!(Add, add, Add);
operator!(Sub, sub, Sub);
operator!(Mul, mul, Mul);
operator!(Div, div, Div);

impl std::ops::Neg for Expr {
    type Output = Expr;

    fn neg(self) -> Expr {
        self.unary(UnaryFunction::Neg)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(index) => write!(f, "x{index}"),
            Self::Constant(value) => f.write_str(&constant_text(*value)),
            Self::Unary(UnaryFunction::Neg, x) => write!(f, "-{x}"),
            Self::Unary(function, x) => write!(f, "{}({x})", function.name()),
            Self::Binary(function @ (BinaryFunction::Pow | BinaryFunction::Max | BinaryFunction::Min), a, b) => {
                write!(f, "{}({a}, {b})", function.symbol())
            }
            Self::Binary(function, a, b) => write!(f, "({a} {} {b})", function.symbol()),
            Self::Select(condition, yes, no) => write!(f, "select({condition}, {yes}, {no})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with Python 3.11's `math.erf` at these points.
    #[test]
    fn erf_matches_the_c_library() {
        for (x, expected) in
            [(0.0f32, 0.0f32), (0.1, 0.112_462_916), (-0.5, -0.520_499_9), (1.0, 0.842_700_8), (2.5, 0.999_593)]
        {
            assert!((erf(x) - expected).abs() < 3e-7, "erf({x})");
        }
    }

    #[test]
    fn nan_is_not_hidden_by_relu() {
        assert!(Expr::input(0).max(0.0).evaluate(&[f32::NAN]).is_nan());
    }

    #[test]
    fn prints_as_a_formula() {
        let swish = Expr::input(0) / (Expr::constant(1.0) + (-Expr::input(0)).exp());
        assert_eq!(swish.to_string(), "(x0 / (1.0 + exp(-x0)))");
    }
}
