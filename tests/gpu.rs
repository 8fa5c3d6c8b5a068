//! The GPU backend against the CPU's, on whatever adapter the machine has. Run it with `--features gpu`.
#![cfg(feature = "gpu")]

use std::sync::{Arc, Mutex};

use chalkgrad::backend::cpu::CpuBackend;
use chalkgrad::backend::gpu::{GpuBackend, GpuDevice};
use chalkgrad::backend::{Backend, RunStatus};
use chalkgrad::ir::Graph;
use chalkgrad::ir::gpu::Tiling;
use chalkgrad::ir::op::Case;
use chalkgrad::ops::registry;
use chalkgrad::plan::Plan;
use chalkgrad::tensor::{DType, HostTensor};

/// Software adapters do not like several devices at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn open() -> Option<GpuBackend> {
    match pollster::block_on(GpuDevice::open()) {
        Ok(gpu) => {
            println!("adapter: {}", gpu.name);
            Some(GpuBackend::new(gpu))
        }
        Err(error) => {
            println!("skipped: no adapter ({error})");
            None
        }
    }
}

fn plan(case: &Case) -> Plan {
    let mut graph = Graph::new();
    let inputs: Vec<_> = (0..case.inputs.len())
        .map(|index| graph.input(&format!("input{index}"), case.inputs[index].tensor_type().clone()).unwrap())
        .collect();
    let output = graph.apply(case.op.clone(), &inputs).unwrap();
    graph.set_name(output, "output").unwrap();
    graph.add_output(output);
    Plan::compile(&graph, &[]).unwrap()
}

fn run(backend: &mut dyn Backend, plan: &Arc<Plan>, inputs: &[HostTensor]) -> HostTensor {
    let handle = backend.load(plan.clone()).unwrap();
    for (index, value) in inputs.iter().enumerate() {
        backend
            .write_input(handle, &format!("input{index}"), &mut |words| words.copy_from_slice(value.words()))
            .unwrap();
    }
    while backend.run(handle, &mut || true).unwrap() == RunStatus::Unfinished {}
    let output = backend.read(handle, "output").unwrap();
    backend.unload(handle);
    output
}

#[test]
fn every_op_case_agrees_with_the_cpu() {
    let _guard = ONE_AT_A_TIME.lock().unwrap();
    let Some(mut gpu) = open() else { return };
    let mut cpu = CpuBackend::new();
    let (mut compared, mut faults) = (0, Vec::new());
    for tiling in [Tiling::Registers, Tiling::Workgroup] {
        gpu.set_tiling(tiling);
        for entry in registry() {
            for case in (entry.cases)() {
                let plan = Arc::new(plan(&case));
                let (actual, expected) = (run(&mut gpu, &plan, &case.inputs), run(&mut cpu, &plan, &case.inputs));
                if let Some(fault) = difference(&actual, &expected, case.tolerance) {
                    faults.push(format!("{tiling:?}: {}, {}: {fault}", entry.name, case.label));
                }
                compared += 1;
            }
        }
    }
    println!("{compared} cases compared");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    assert!(compared > 400);
}

/// What the largest difference is, if it is more than the tolerance times the largest value; rounding of a last digit is
/// granted where the op allows none on the CPU.
fn difference(actual: &HostTensor, expected: &HostTensor, tolerance: f32) -> Option<String> {
    assert_eq!(actual.shape(), expected.shape());
    if expected.dtype() == DType::I32 {
        return (actual.i32s() != expected.i32s()).then(|| "integers differ".to_owned());
    }
    let finite = expected.words().iter().filter(|value| value.is_finite());
    let scale = finite.fold(0.0f32, |largest, value| largest.max(value.abs())).max(1e-3);
    let tolerance = tolerance.max(1e-6);
    let pairs = actual.words().iter().zip(expected.words());
    pairs.enumerate().find_map(|(index, (a, e))| {
        let close = a.to_bits() == e.to_bits() || (a.is_nan() && e.is_nan()) || (a - e).abs() <= tolerance * scale;
        (!close).then(|| format!("element {index} is {a}, expected {e}"))
    })
}
