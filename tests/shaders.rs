//! Every shader is valid WGSL, in every variant: checked by naga, which needs no GPU.

#![cfg(not(target_arch = "wasm32"))]

use chalkgrad::backend::gpu::lower::{Action, lower};
use chalkgrad::ir::Graph;
use chalkgrad::ir::gpu::Tiling;
use chalkgrad::model::catalogue::resolve;
use chalkgrad::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad::ops::registry;
use chalkgrad::plan::Plan;
use chalkgrad::train::plans::{PlanKey, compile};

const TILINGS: [Tiling; 2] = [Tiling::Workgroup, Tiling::Registers];

fn validate(label: &str, text: &str) {
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{label}: {}\n{text}", error.emit_to_string(text)));
    naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{label}: {}\n{text}", error.emit_to_string(text)));
}

fn check(label: &str, plan: &Plan) -> usize {
    for tiling in TILINGS {
        let lowered = lower(plan, tiling).unwrap_or_else(|error| panic!("{label}: {error}"));
        lowered.shaders.iter().for_each(|text| validate(label, text));
        for command in &lowered.commands {
            if let Action::Dispatch { buffers, workgroups, .. } = &command.action {
                assert!(buffers.len() <= 8, "{label}: {} buffers", buffers.len());
                assert!(workgroups.iter().all(|&count| (1..=65_535).contains(&count)), "{label}: {workgroups:?}");
                let (written, read) = buffers.split_last().unwrap();
                assert!(!read.contains(written), "{label}: reads and writes one buffer");
            }
        }
    }
    lower(plan, Tiling::default()).unwrap().shaders.len()
}

#[test]
fn every_op_has_valid_shaders() {
    let mut checked = 0;
    for entry in registry() {
        for case in (entry.cases)() {
            let mut graph = Graph::new();
            let inputs: Vec<_> = case
                .inputs
                .iter()
                .enumerate()
                .map(|(index, value)| graph.input(&format!("input{index}"), value.tensor_type().clone()).unwrap())
                .collect();
            let output = graph.apply(case.op.clone(), &inputs).unwrap();
            graph.add_output(output);
            let plan = Plan::compile(&graph, &[]).unwrap();
            checked += check(&format!("{}, {}", entry.name, case.label), &plan);
        }
    }
    assert!(checked > 100, "only {checked}");
}

#[test]
fn the_reference_cnn_has_valid_shaders() {
    let spec = ModelSpec::reference_cnn();
    let layers = resolve(&spec).unwrap();
    for key in [PlanKey::Training(32), PlanKey::Training(250), PlanKey::Evaluation(128), PlanKey::Prediction(1)] {
        let plan = compile(key, &layers, &spec.input_shape, &TrainingConfig::default()).unwrap();
        check(&format!("{key:?}"), &plan);
    }
}
