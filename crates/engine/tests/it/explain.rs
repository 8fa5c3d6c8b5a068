//! Explanations of numbers: every number of every op's cases, and of their gradients, follows from the parts that its
//! explanation names.

use std::collections::BTreeSet;

use chalkgrad_engine::autograd::gradients;
use chalkgrad_engine::ir::interpret::interpret;
use chalkgrad_engine::ir::{ExplainCall, NodeKind, explain};
use chalkgrad_engine::tensor::{DType, HostTensor};

use super::ops::{all_cases, weighted_sum};

/// Ops whose results are no numbers of a network: counts, and tests of whole tensors.
const WITHOUT: [&str; 4] = ["all_finite", "argmax", "correct_predictions", "threshold_counts"];

#[test]
fn every_number_follows_from_the_parts_of_its_explanation() {
    let (mut explained, mut seen) = (0, BTreeSet::new());
    for (label, case) in all_cases() {
        if WITHOUT.contains(&case.op.name()) {
            continue;
        }
        let is_number = |tensor: &HostTensor| tensor.words().iter().all(|word| word.is_finite());
        if !case.inputs.iter().all(is_number) {
            continue;
        }
        let (mut graph, loss, leaves, wrt) = weighted_sum(&case).unwrap_or_else(|error| panic!("{label}: {error}"));
        gradients(&mut graph, loss, &wrt).unwrap_or_else(|error| panic!("{label}: {error}"));
        let values = interpret(&graph, &leaves).unwrap();
        for id in graph.ids() {
            let node = graph.node(id);
            let NodeKind::Op(op) = &node.kind else { continue };
            let inputs: Vec<&HostTensor> = node.inputs.iter().map(|input| values.get(*input)).collect();
            let output = values.get(id);
            let numbers = (0..output.shape().len()).map(|at| explain::number(output, at));
            let scale = numbers.clone().filter(|v| v.is_finite()).fold(1e-2_f32, |top, v| top.max(v.abs()));
            // Checking every element of big tensors takes long and finds nothing more.
            let stride = (output.shape().len() / 200).max(1);
            for (at, expected) in numbers.enumerate().step_by(stride) {
                let call = ExplainCall { inputs: &inputs, output, at };
                let Some(explanation) = op.explain(&call) else {
                    // A label outside of the classes has no loss.
                    assert!(expected.is_nan(), "{label}: {id} {} [{at}] has no explanation", op.name());
                    continue;
                };
                let value = explanation.value(&|place| call.value(place));
                assert!(
                    (value - expected).abs() <= 2e-5 * scale,
                    "{label}: {id} {} {{{}}} [{at}] is {expected}, its explanation gives {value}: {explanation:?}",
                    op.name(),
                    op.attributes(),
                );
                explained += 1;
            }
            assert_eq!(output.dtype(), DType::F32);
            seen.insert(op.name());
        }
    }
    println!("{explained} numbers of {} ops: {seen:?}", seen.len());
    assert!(explained > 20_000);
    for op in
        ["recurrent_gradient", "conv2d_kernel_gradient", "max_pool2d_gradient", "gather_gradient", "softmax_gradient"]
    {
        assert!(seen.contains(op), "{op} has not been explained");
    }
}
