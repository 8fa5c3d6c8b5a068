//! Plans: random graphs run as planned and by the reference interpreter, and golden files of the printed form.

use std::collections::HashMap;
use std::sync::Arc;

use chalkgrad_engine::autograd::gradients;
use chalkgrad_engine::backend::{Backend, RunStatus, cpu::CpuBackend};
use chalkgrad_engine::ir::interpret::interpret;
use chalkgrad_engine::ir::{Graph, NodeId, NodeKind};
use chalkgrad_engine::ops::case_values::uniform;
use chalkgrad_engine::ops::pointwise::{TABLE, apply};
use chalkgrad_engine::ops::sum_to::sum_to;
use chalkgrad_engine::ops::{dropout, gather, layout, one_hot, reduce, reshape, softmax};
use chalkgrad_engine::plan::{Plan, Work};
use chalkgrad_engine::tensor::{HostTensor, Shape, TensorType};
use proptest::prelude::*;

const SHAPES: [&[usize]; 5] = [&[3, 4], &[4], &[3, 1], &[], &[2, 3, 4]];

/// One random choice per node: the op, and its earlier nodes.
type Choice = (u8, u16, u16);

fn pick(nodes: &[NodeId], choice: u16) -> NodeId {
    nodes[usize::from(choice) % nodes.len()]
}

/// Appends one of the ops that are not pointwise, with attributes that follow from the operands. Operands of a maximum
/// get noise: if two values nearly tie, plan and interpreter may rightly send the gradient to different ones.
fn structural(graph: &mut Graph, what: u8, a: NodeId, b: NodeId) -> chalkgrad_engine::error::Result<NodeId> {
    let dims = graph.tensor_type(a).shape.dims().to_vec();
    let last = dims.len().saturating_sub(1);
    match what % 13 {
        0 => reduce::sum(graph, a, &[usize::from(b.0 as u8) % dims.len().max(1)], b.0.is_multiple_of(2)),
        1 => reduce::mean(graph, a, &(0..last).collect::<Vec<_>>(), false),
        2 => softmax::softmax(graph, a),
        3 => softmax::log_softmax(graph, a),
        4 => reshape::reshape(graph, a, [dims.iter().product::<usize>()]),
        5 => layout::transpose(graph, a, &(0..dims.len()).rev().collect::<Vec<_>>()),
        6 => layout::concat(graph, &[a, b, a], last),
        7 => layout::slice(
            graph,
            a,
            &vec![0; dims.len()],
            &dims.iter().map(|extent| extent.div_ceil(2)).collect::<Vec<_>>(),
        ),
        8 => layout::pad(graph, a, &vec![1; dims.len()], &vec![0; dims.len()]),
        9 => {
            let noise = graph.constant(uniform(dims.clone(), 0.0, 1.0, u64::from(b.0)));
            let noisy = apply(graph, "add", &[a, noise])?;
            let axes: Vec<usize> = (0..dims.len()).filter(|axis| (b.0 >> axis).is_multiple_of(2)).collect();
            reduce::max(graph, noisy, &axes, b.0.is_multiple_of(3))
        }
        10 => {
            let rows = *dims.first().unwrap_or(&1) as i32;
            // One row occurs twice, another perhaps not at all.
            let indices = [b.0 as i32, a.0 as i32, b.0 as i32].map(|index| index % rows);
            let indices = graph.constant(HostTensor::i32([3], &indices).unwrap());
            gather::gather(graph, a, indices)
        }
        11 => {
            let Some((&classes, rows)) = dims.split_last() else { return Ok(a) };
            let count = rows.iter().product::<usize>() as i32;
            let labels: Vec<i32> = (0..count).map(|row| (row + b.0 as i32) % classes as i32).collect();
            let labels = graph.constant(HostTensor::i32(rows, &labels).unwrap());
            let hot = one_hot::one_hot(graph, labels, classes)?;
            apply(graph, "mul", &[hot, a])
        }
        _ => {
            let key = graph.constant(HostTensor::i32([2], &[7, b.0 as i32]).unwrap());
            dropout::dropout(graph, a, key, 0.25, 1)
        }
    }
}

/// Makes a graph of random ops over inputs and states, with random outputs and updates.
fn random_graph(choices: &[Choice]) -> (Graph, HashMap<String, HostTensor>) {
    let mut graph = Graph::new();
    let mut leaves = HashMap::new();
    let mut nodes = Vec::new();
    for (number, shape) in SHAPES.iter().enumerate() {
        for (kind, name) in [("input", format!("input{number}")), ("state", format!("state{number}"))] {
            let tensor_type = TensorType::f32(*shape);
            let id = if kind == "input" { graph.input(&name, tensor_type) } else { graph.state(&name, tensor_type) };
            nodes.push(id.unwrap());
            leaves.insert(name, uniform(*shape, 0.5, 1.5, number as u64));
        }
    }
    for &(what, first, second) in choices {
        let (a, b) = (pick(&nodes, first), pick(&nodes, second));
        let result = match what % 8 {
            0 => sum_to(&mut graph, a, &SHAPES[usize::from(second) % SHAPES.len()].into()),
            1 => {
                graph.add_output(a);
                continue;
            }
            2 => {
                let state = graph.find(&format!("state{}", usize::from(first) % SHAPES.len())).unwrap();
                let taken = graph.updates().iter().any(|(own, value)| *own == state || *value == b);
                if !taken && matches!(graph.node(b).kind, NodeKind::Op(_)) {
                    let _ = graph.add_update(state, b);
                }
                continue;
            }
            3 => structural(&mut graph, what / 8, a, b),
            _ => {
                // Smooth and bounded ops only, so that values stay comparable.
                let name = ["add", "sub", "mul", "max", "sigmoid", "tanh", "relu", "swish"][usize::from(what / 8) % 8];
                let arity = TABLE.iter().find(|row| row.name == name).unwrap().arity;
                apply(&mut graph, name, &[a, b][..arity])
            }
        };
        // Shapes that do not fit are refused, and the graph is unchanged.
        if let Ok(id) = result {
            nodes.push(id);
        }
    }
    graph.add_output(*nodes.last().unwrap());
    (graph, leaves)
}

/// Names every node that is read.
fn name_all(graph: &mut Graph, ids: &[NodeId]) {
    for &id in ids {
        if graph.node(id).name.is_empty() {
            graph.set_name(id, &format!("node{}", id.0)).unwrap();
        }
    }
}

fn check(mut graph: Graph, leaves: &HashMap<String, HostTensor>, taps: &[NodeId]) -> Result<(), TestCaseError> {
    let mut asked = graph.outputs().to_vec();
    asked.extend(taps);
    name_all(&mut graph, &asked);
    let expected = interpret(&graph, leaves).unwrap();
    let plan = Plan::compile(&graph, taps).unwrap();
    let mut backend = CpuBackend::new();
    for (name, value) in leaves {
        backend.write_state(name, value);
    }
    let handle = backend.load(Arc::new(plan.clone())).unwrap();
    for (name, value) in leaves {
        // Inputs that no kernel reads are not part of the plan.
        let _ = backend.write_input(handle, name, &mut |words| words.copy_from_slice(value.words()));
    }
    // Stops after every kernel, like a run without any time left.
    let mut runs = 1;
    while backend.run(handle, &mut || false).unwrap() == RunStatus::Unfinished {
        runs += 1;
    }
    prop_assert!(runs == plan.kernels.len().max(1));
    let updated: Vec<NodeId> = graph.updates().iter().map(|(state, _)| *state).collect();
    for id in asked.into_iter().filter(|id| !updated.contains(id)) {
        let name = &graph.node(id).name;
        let actual = backend.read(handle, name).unwrap();
        close(name, &plan, actual.words(), expected.get(id).words())?;
    }
    for &(state, value) in graph.updates() {
        let name = &graph.node(state).name;
        close(name, &plan, &backend.read_state(name).unwrap(), expected.get(value).words())?;
    }
    Ok(())
}

fn close(name: &str, plan: &Plan, actual: &[f32], expected: &[f32]) -> Result<(), TestCaseError> {
    prop_assert_eq!(actual.len(), expected.len());
    let scale = expected.iter().fold(1.0f32, |largest, v| largest.max(v.abs()));
    for (a, e) in actual.iter().zip(expected) {
        prop_assert!(
            a.to_bits() == e.to_bits() || (a - e).abs() <= 1e-5 * scale,
            "{} is {}, expected {}\n{}",
            name,
            a,
            e,
            plan
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn planned_runs_match_the_interpreter(choices in prop::collection::vec(any::<Choice>(), 1..60)) {
        let (graph, leaves) = random_graph(&choices);
        check(graph, &leaves, &[])?;
    }

    #[test]
    fn watching_tensors_changes_no_number(
        choices in prop::collection::vec(any::<Choice>(), 1..60),
        watched in prop::collection::vec(any::<u16>(), 1..5),
    ) {
        let (graph, leaves) = random_graph(&choices);
        let all: Vec<NodeId> = graph.ids().collect();
        let taps: Vec<NodeId> = watched.iter().map(|&choice| pick(&all, choice)).collect();
        check(graph, &leaves, &taps)?;
    }

    #[test]
    fn gradients_plan_like_everything_else(choices in prop::collection::vec(any::<Choice>(), 1..40)) {
        let (mut graph, leaves) = random_graph(&choices);
        let last = *graph.outputs().last().unwrap();
        let loss = sum_to(&mut graph, last, &Shape::scalar()).unwrap();
        let wrt = [graph.find("state0").unwrap(), graph.find("state1").unwrap()];
        for gradient in gradients(&mut graph, loss, &wrt).unwrap() {
            graph.add_output(gradient);
        }
        check(graph, &leaves, &[])?;
    }
}

#[test]
fn a_view_of_a_state_shows_the_value_before_the_update() {
    let mut graph = Graph::new();
    let state = graph.state("state", TensorType::f32([2, 2])).unwrap();
    let view = reshape::reshape(&mut graph, state, [4]).unwrap();
    let doubled = apply(&mut graph, "add", &[state, state]).unwrap();
    graph.add_output(view);
    graph.add_update(state, doubled).unwrap();
    let leaves = HashMap::from([("state".to_owned(), uniform([2, 2], 0.5, 1.5, 1))]);
    check(graph, &leaves, &[]).unwrap();
}

#[test]
fn chains_fuse_and_buffers_are_used_again() {
    let mut graph = Graph::new();
    let x = graph.input("x", TensorType::f32([64, 8])).unwrap();
    let bias = graph.state("bias", TensorType::f32([8])).unwrap();
    let sum = apply(&mut graph, "add", &[x, bias]).unwrap();
    let active = apply(&mut graph, "relu", &[sum]).unwrap();
    let total = sum_to(&mut graph, active, &Shape::from([8])).unwrap();
    let again = apply(&mut graph, "mul", &[active, total]).unwrap();
    graph.set_name(again, "again").unwrap();
    graph.add_output(again);
    let plan = Plan::compile(&graph, &[]).unwrap();
    let pointwise = plan.kernels.iter().filter(|kernel| matches!(kernel.work, Work::Pointwise(_))).count();
    assert_eq!((plan.kernels.len(), pointwise), (3, 2), "{plan}");
    // x, bias, the active values (overwritten in place by the product) and the total.
    assert_eq!(plan.slots.len(), 4, "{plan}");

    let tapped = Plan::compile(&graph, &[sum]).unwrap();
    assert_eq!(tapped.kernels.len(), 4, "a watched tensor is not fused away\n{tapped}");
}
