//! The table of pointwise ops. To add one, add a row: name, expression and derivatives.
//!
//! A derivative is an expression over the inputs (`x`, `a`, `b`), the output `y` and the gradient `g` of the loss with
//! respect to the output. It uses `y` if possible, so that the input need not be kept for the backward pass.

use std::sync::Arc;

use super::case_values::uniform;
use super::sum_to::sum_to;
use crate::error::Result;
use crate::ir::op::Case;
use crate::ir::pointwise::Pointwise;
use crate::ir::{Expr, Graph, NodeId, VjpCall};

/// Row of the table: a pointwise op of one or two inputs.
pub struct Row {
    pub name: &'static str,
    /// Number of inputs.
    pub arity: usize,
    pub expression: fn() -> Expr,
    /// Derivatives, one per input.
    pub derivatives: fn() -> Vec<Expr>,
    /// Bounds of the inputs in test cases, within which the op is defined and smooth enough.
    pub domain: (f32, f32),
}

/// Returns the input of an op with one input: `x`; in derivatives `y` and `g` follow it.
fn x() -> Expr {
    Expr::input(0)
}
fn y() -> Expr {
    Expr::input(1)
}
fn g() -> Expr {
    Expr::input(2)
}
/// Returns an input of an op with two inputs: `a`, `b`; in derivatives the output and the gradient follow them.
fn a() -> Expr {
    Expr::input(0)
}
fn b() -> Expr {
    Expr::input(1)
}
fn y2() -> Expr {
    Expr::input(2)
}
fn g2() -> Expr {
    Expr::input(3)
}
fn c(value: f32) -> Expr {
    Expr::constant(value)
}

const INVERSE_SQRT_2: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// `1 / sqrt(2 pi)`
const NORMAL_PEAK: f32 = 0.398_942_3;

/// Builds `1 / (1 + exp(-x))`. The exponential overflows to infinity for very negative x, which gives the correct 0.
fn sigmoid_of(x: Expr) -> Expr {
    c(1.0) / (c(1.0) + (-x).exp())
}

pub static TABLE: &[Row] = &[
    Row { name: "add", arity: 2, expression: || a() + b(), derivatives: || vec![g2(), g2()], domain: (-2.0, 2.0) },
    Row { name: "sub", arity: 2, expression: || a() - b(), derivatives: || vec![g2(), -g2()], domain: (-2.0, 2.0) },
    Row {
        name: "mul",
        arity: 2,
        expression: || a() * b(),
        derivatives: || vec![g2() * b(), g2() * a()],
        domain: (-2.0, 2.0),
    },
    Row {
        name: "div",
        arity: 2,
        expression: || a() / b(),
        derivatives: || vec![g2() / b(), -(g2() * y2() / b())],
        domain: (0.5, 2.0),
    },
    Row {
        name: "pow",
        arity: 2,
        expression: || a().pow(b()),
        // For a base of 0 the logarithm is infinite, and the gradient of the exponent is 0 there.
        derivatives: || {
            vec![
                g2() * b() * a().pow(b() - 1.0),
                a().greater(0.0).select(g2() * y2() * a().max(f32::MIN_POSITIVE).log(), 0.0),
            ]
        },
        domain: (0.5, 2.0),
    },
    Row {
        name: "max",
        arity: 2,
        expression: || a().max(b()),
        // If both are equal, the gradient goes to the first.
        derivatives: || vec![a().greater_equal(b()).select(g2(), 0.0), a().greater_equal(b()).select(0.0, g2())],
        domain: (-2.0, 2.0),
    },
    Row {
        name: "min",
        arity: 2,
        expression: || a().min(b()),
        derivatives: || vec![b().greater_equal(a()).select(g2(), 0.0), b().greater_equal(a()).select(0.0, g2())],
        domain: (-2.0, 2.0),
    },
    Row { name: "neg", arity: 1, expression: || -x(), derivatives: || vec![-g()], domain: (-2.0, 2.0) },
    Row {
        name: "abs",
        arity: 1,
        expression: || x().abs(),
        derivatives: || vec![g() * (x().greater(0.0) - c(0.0).greater(x()))],
        domain: (-2.0, 2.0),
    },
    Row {
        name: "square",
        arity: 1,
        expression: || x() * x(),
        derivatives: || vec![g() * 2.0 * x()],
        domain: (-2.0, 2.0),
    },
    Row { name: "exp", arity: 1, expression: || x().exp(), derivatives: || vec![g() * y()], domain: (-2.0, 2.0) },
    Row { name: "log", arity: 1, expression: || x().log(), derivatives: || vec![g() / x()], domain: (0.3, 3.0) },
    Row {
        name: "sqrt",
        arity: 1,
        expression: || x().sqrt(),
        derivatives: || vec![g() * 0.5 / y()],
        domain: (0.3, 3.0),
    },
    Row {
        name: "rsqrt",
        arity: 1,
        expression: || x().rsqrt(),
        derivatives: || vec![g() * -0.5 * y() / x()],
        domain: (0.3, 3.0),
    },
    Row {
        name: "relu",
        arity: 1,
        expression: || x().max(0.0),
        derivatives: || vec![y().greater(0.0).select(g(), 0.0)],
        domain: (-2.0, 2.0),
    },
    // Slope 0.2, the default of Keras 3's `leaky_relu`.
    Row {
        name: "leaky_relu",
        arity: 1,
        expression: || x().greater(0.0).select(x(), x() * 0.2),
        derivatives: || vec![x().greater(0.0).select(g(), g() * 0.2)],
        domain: (-2.0, 2.0),
    },
    Row {
        name: "elu",
        arity: 1,
        expression: || x().greater(0.0).select(x(), x().min(0.0).exp() - 1.0),
        derivatives: || vec![x().greater(0.0).select(g(), g() * (y() + 1.0))],
        domain: (-2.0, 2.0),
    },
    Row {
        name: "sigmoid",
        arity: 1,
        expression: || sigmoid_of(x()),
        derivatives: || vec![g() * y() * (c(1.0) - y())],
        domain: (-3.0, 3.0),
    },
    Row {
        name: "tanh",
        arity: 1,
        expression: || x().tanh(),
        derivatives: || vec![g() * (c(1.0) - y() * y())],
        domain: (-2.0, 2.0),
    },
    // `x * Phi(x)` with the normal distribution's Phi (Hendrycks and Gimpel 2016), not the tanh approximation.
    Row {
        name: "gelu",
        arity: 1,
        expression: || x() * 0.5 * ((x() * INVERSE_SQRT_2).erf() + 1.0),
        derivatives: || {
            let density = (x() * x() * -0.5).exp() * NORMAL_PEAK;
            vec![g() * (((x() * INVERSE_SQRT_2).erf() + 1.0) * 0.5 + x() * density)]
        },
        domain: (-3.0, 3.0),
    },
    // `log(1 + exp(x))`, written so that large x does not overflow.
    Row {
        name: "softplus",
        arity: 1,
        expression: || x().max(0.0) + (-x().abs()).exp().log1p(),
        derivatives: || vec![g() * sigmoid_of(x())],
        domain: (-3.0, 3.0),
    },
    Row {
        name: "swish",
        arity: 1,
        expression: || x() * sigmoid_of(x()),
        derivatives: || vec![g() * (y() + sigmoid_of(x()) * (c(1.0) - y()))],
        domain: (-3.0, 3.0),
    },
];

/// Returns the op of a row, or `None` if the table has no such name.
pub fn find(name: &str) -> Option<Pointwise> {
    TABLE.iter().find(|row| row.name == name).map(make)
}

fn make(row: &Row) -> Pointwise {
    Pointwise { name: row.name, expression: (row.expression)(), derivatives: (row.derivatives)(), vjp: Some(vjp) }
}

/// Applies a derivative per input, then sums over the axes along which that input was broadcast.
fn vjp(op: &Pointwise, graph: &mut Graph, call: &VjpCall<'_>) -> Result<Vec<Option<NodeId>>> {
    let mut operands = call.inputs.to_vec();
    operands.extend([call.output, call.gradient]);
    let mut gradients = Vec::with_capacity(call.inputs.len());
    for (&input, derivative) in call.inputs.iter().zip(&op.derivatives) {
        let gradient = match derivative {
            Expr::Input(index) if *index == operands.len() - 1 => call.gradient,
            _ => apply_expression(graph, gradient_name(op.name), derivative, &operands)?,
        };
        let shape = graph.tensor_type(input).shape.clone();
        gradients.push(Some(sum_to(graph, gradient, &shape)?));
    }
    Ok(gradients)
}

/// Appends a pointwise node for an expression over `operands`. Its inputs are only those that occur in the expression.
///
/// # Errors
/// If the shapes do not broadcast.
pub fn apply_expression(
    graph: &mut Graph,
    name: &'static str,
    expression: &Expr,
    operands: &[NodeId],
) -> Result<NodeId> {
    let mut used: Vec<usize> = (0..operands.len()).filter(|&index| expression.reads(index)).collect();
    used.dedup_by_key(|index| operands[*index]);
    let renumbered = expression.substitute(&|index| {
        Expr::input(used.iter().position(|&own| operands[own] == operands[index]).unwrap_or(index))
    });
    let inputs: Vec<NodeId> = used.iter().map(|&index| operands[index]).collect();
    graph.apply(Arc::new(Pointwise::new(name, renumbered)), &inputs)
}

fn gradient_name(name: &'static str) -> &'static str {
    match name {
        "relu" => "relu_gradient",
        "mul" => "mul_gradient",
        "sigmoid" => "sigmoid_gradient",
        "tanh" => "tanh_gradient",
        _ => "pointwise_gradient",
    }
}

/// Appends a pointwise op of the table.
///
/// # Errors
/// If the table has no such op, or the inputs do not fit.
pub fn apply(graph: &mut Graph, name: &str, inputs: &[NodeId]) -> Result<NodeId> {
    let op = find(name).ok_or_else(|| crate::error::GraphError::UnknownOp { op: name.to_owned() })?;
    graph.apply(Arc::new(op), inputs)
}

macro_rules! helpers {
    ($($name:ident($($input:ident),+)),+ $(,)?) => {
        $(
            #[doc = concat!("Appends `", stringify!($name), "`, with broadcasting.")]
            ///
            /// # Errors
            /// If the shapes do not broadcast together.
            pub fn $name(graph: &mut Graph, $($input: NodeId),+) -> Result<NodeId> {
                apply(graph, stringify!($name), &[$($input),+])
            }
        )+
    };
}

helpers! {
    add(a, b), sub(a, b), mul(a, b), div(a, b), pow(a, b), max(a, b), min(a, b),
    neg(x), abs(x), square(x), exp(x), log(x), sqrt(x), rsqrt(x), relu(x), sigmoid(x), tanh(x),
}

/// Makes test cases of every row, with equal shapes and with broadcasting.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for row in TABLE {
        let (low, high) = row.domain;
        let shapes: &[&[&[usize]]] = match row.arity {
            1 => &[&[&[3, 5]], &[&[2, 3, 301]]],
            _ => &[
                &[&[3, 5], &[3, 5]],
                &[&[2, 3, 4], &[4]],
                &[&[4], &[2, 3, 4]],
                &[&[3, 1], &[3, 7]],
                &[&[], &[3, 7]],
                &[&[2, 1, 3], &[4, 1]],
            ],
        };
        for (number, shapes) in shapes.iter().enumerate() {
            let inputs = shapes
                .iter()
                .enumerate()
                .map(|(position, &shape)| {
                    let mut values = uniform(shape, low, high, (number * 10 + position) as u64);
                    // Two grids, half a mesh apart: no value is 0 and no two inputs are equal, so that finite
                    // differences do not step over a kink.
                    let offset = if position == 0 { 0.05 } else { 0.0 };
                    values.words_mut().iter_mut().for_each(|value| *value = (*value * 10.0).floor() / 10.0 + offset);
                    values
                })
                .collect::<Vec<_>>();
            cases.push(Case {
                label: format!("{} {:?}", row.name, shapes),
                op: Arc::new(make(row)),
                differentiable: vec![true; inputs.len()],
                inputs,
                tolerance: 1e-5,
            });
        }
    }
    cases
}
