//! Every op on its own test cases: CPU kernel against the plain reference, gradients against finite differences.

use std::collections::HashMap;
use std::sync::Arc;

use chalkgrad_engine::autograd::gradients;
use chalkgrad_engine::ir::interpret::{interpret, run_cpu_kernel};
use chalkgrad_engine::ir::op::Case;
use chalkgrad_engine::ir::pointwise::Pointwise;
use chalkgrad_engine::ir::{Expr, Graph, NodeId};
use chalkgrad_engine::ops::case_values::uniform;
use chalkgrad_engine::ops::{registry, sum_to::sum_to};
use chalkgrad_engine::tensor::{HostTensor, Shape, TensorType};

pub fn all_cases() -> Vec<(String, Case)> {
    registry()
        .into_iter()
        .flat_map(|entry| {
            let cases = (entry.cases)();
            assert!(!cases.is_empty(), "op {} has no test case", entry.name);
            cases.into_iter().map(move |case| (format!("{} / {}", entry.name, case.label), case))
        })
        .collect()
}

/// Finds ops that the registry lacks, which no other test would run.
#[test]
fn every_op_is_in_the_registry() {
    let folder = format!("{}/src/ops", env!("CARGO_MANIFEST_DIR"));
    let registered: Vec<&str> = registry().into_iter().map(|entry| entry.name).collect();
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let source = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
        let name = path.file_stem().unwrap().to_str().unwrap();
        // A folder without a module holds the shaders of the file beside it.
        if !source.exists() {
            continue;
        }
        if std::fs::read_to_string(source).unwrap().contains("impl Op for") {
            assert!(registered.contains(&name), "src/ops/{name} has ops that ops::registry does not list");
            found += 1;
        }
    }
    assert!(found >= 10, "only {found} files with ops");
}

#[test]
fn cpu_kernels_match_their_references() {
    let mut compared = 0;
    for (label, case) in all_cases() {
        let types: Vec<&TensorType> = case.inputs.iter().map(HostTensor::tensor_type).collect();
        let output_type = case.op.infer(&types).unwrap_or_else(|error| panic!("{label}: {error}"));
        let inputs: Vec<&HostTensor> = case.inputs.iter().collect();
        let Some(expected) = case.op.reference(&inputs, &output_type) else { continue };
        let actual = run_cpu_kernel(case.op.as_ref(), &inputs, &output_type);
        assert_close(&label, actual.words(), expected.words(), case.tolerance);
        compared += 1;
    }
    assert!(compared > 0);
    println!("{compared} cases compared");
}

/// Compares with central differences of `sum(weights * op(inputs))`, evaluated in the reference interpreter. The
/// precision of `f32` limits them: with a step of about 1e-2 they are accurate to about 1e-2 of the gradient's scale.
#[test]
fn gradients_match_finite_differences() {
    let mut checked = 0;
    for (label, case) in all_cases() {
        if !case.differentiable.contains(&true) {
            continue;
        }
        let (graph, loss, leaves, wrt) = weighted_sum(&case).unwrap_or_else(|error| panic!("{label}: {error}"));
        let mut with_gradients = graph.clone();
        let gradient_ids =
            gradients(&mut with_gradients, loss, &wrt).unwrap_or_else(|error| panic!("{label}: {error}"));
        chalkgrad_engine::ir::verify::verify(&with_gradients).unwrap_or_else(|error| panic!("{label}: {error}"));
        let values = interpret(&with_gradients, &leaves).unwrap();
        for (&input, &gradient) in wrt.iter().zip(&gradient_ids) {
            let name = graph.node(input).name.clone();
            let analytic = values.get(gradient).clone();
            assert_eq!(analytic.shape(), leaves[&name].shape(), "{label}: shape of grad {name}");
            // Checking every element of big tensors takes long and finds nothing more.
            let stride = (leaves[&name].shape().len() / 24).max(1);
            let scale = analytic.words().iter().fold(0.0f32, |largest, v| largest.max(v.abs())).max(1.0);
            for element in (0..leaves[&name].shape().len()).step_by(stride) {
                let step = 1e-2;
                let difference = |sign: f32| {
                    let mut moved = leaves.clone();
                    moved.get_mut(&name).unwrap().words_mut()[element] += sign * step;
                    weighted_total(&graph, &moved)
                };
                let numeric = ((difference(1.0) - difference(-1.0)) / (2.0 * f64::from(step))) as f32;
                let exact = analytic.words()[element];
                assert!(
                    (numeric - exact).abs() <= 1.5e-2 * scale,
                    "{label}: grad {name}[{element}] is {exact}, finite differences give {numeric}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 0);
    println!("{checked} elements checked");
}

pub type Leaves = HashMap<String, HostTensor>;

/// Builds the graph of `sum(weights * op(inputs))` with node `weighted` before the sum.
pub fn weighted_sum(case: &Case) -> chalkgrad_engine::error::Result<(Graph, NodeId, Leaves, Vec<NodeId>)> {
    let (mut graph, mut leaves, mut inputs, mut wrt) = (Graph::new(), Leaves::new(), vec![], vec![]);
    for (position, value) in case.inputs.iter().enumerate() {
        let name = format!("input{position}");
        let id = graph.input(&name, value.tensor_type().clone())?;
        leaves.insert(name, value.clone());
        inputs.push(id);
        if case.differentiable.get(position) == Some(&true) {
            wrt.push(id);
        }
    }
    let output = graph.apply(case.op.clone(), &inputs)?;
    let weights = graph.constant(uniform(graph.tensor_type(output).shape.clone(), 0.5, 1.5, 99));
    let product = Pointwise {
        derivatives: vec![Expr::input(3) * Expr::input(1), Expr::input(3) * Expr::input(0)],
        ..chalkgrad_engine::ops::pointwise::find("mul").unwrap()
    };
    let weighted = graph.apply(Arc::new(product), &[output, weights])?;
    graph.set_name(weighted, "weighted")?;
    let loss = sum_to(&mut graph, weighted, &Shape::scalar())?;
    Ok((graph, loss, leaves, wrt))
}

/// Sums in double precision, so that differences of sums keep their digits.
fn weighted_total(graph: &Graph, leaves: &Leaves) -> f64 {
    let values = interpret(graph, leaves).unwrap();
    values.get(graph.find("weighted").unwrap()).words().iter().map(|&v| f64::from(v)).sum()
}

fn assert_close(label: &str, actual: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(actual.len(), expected.len(), "{label}: length");
    let scale = expected.iter().filter(|v| v.is_finite()).fold(0.0f32, |largest, v| largest.max(v.abs())).max(1e-3);
    for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!(
            a.to_bits() == e.to_bits() || (a - e).abs() <= tolerance * scale,
            "{label}: element {index} is {a}, expected {e}"
        );
    }
}
