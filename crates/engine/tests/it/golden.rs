//! Golden files: the printed graphs and plans of the reference CNN, and the dispatches of a training step, so that a
//! change to lowering, autograd or planner shows as a readable difference. After an intended change, `UPDATE_GOLDEN=1
//! cargo test -p chalkgrad-engine --features gpu --test it golden` rewrites them.

use std::fs;
use std::path::Path;

use chalkgrad_engine::backend::gpu::lower::{lower, places};
use chalkgrad_engine::data::DatasetInfo;
use chalkgrad_engine::ir::gpu::Tiling;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::plan::Plan;
use chalkgrad_engine::train::graphs::Program;
use chalkgrad_engine::train::model::LoadedModel;

const BATCH: usize = 32;

/// Returns the three programs of the reference CNN by name.
fn programs() -> [(&'static str, Program); 3] {
    let model = LoadedModel::new(&ModelSpec::reference_cnn(), &TrainingConfig::default(), &DatasetInfo::mnist().schema)
        .unwrap();
    [
        ("training", model.training_graph(BATCH).unwrap()),
        ("evaluation", model.evaluation_graph(BATCH).unwrap()),
        ("prediction", model.prediction_graph(1).unwrap()),
    ]
}

fn compare(file: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if let Some((number, (expected, actual))) =
        expected.lines().chain(["(end)"]).zip(actual.lines().chain(["(end)"])).enumerate().find(|(_, (e, a))| e != a)
    {
        panic!(
            "tests/golden/{file} differs at line {}:\n  recorded: {expected}\n  now:      {actual}\n\
             If that is meant, run UPDATE_GOLDEN=1 cargo test --test golden and review the difference.",
            number + 1
        );
    }
}

#[test]
fn graphs_of_the_reference_cnn() {
    for (name, program) in programs() {
        compare(&format!("reference_cnn.{name}.graph"), &program.graph.to_string());
    }
}

#[test]
fn plans_of_the_reference_cnn() {
    for (name, program) in programs() {
        let plan = Plan::compile(&program.graph, &program.taps).unwrap();
        compare(&format!("reference_cnn.{name}.plan"), &plan.to_string());
    }
}

/// Prints every dispatch of a training step with the tiles of real GPUs.
#[test]
fn dispatches_of_the_reference_cnn() {
    let [(name, program), ..] = programs();
    let plan = Plan::compile(&program.graph, &program.taps).unwrap();
    let lowered = lower(&plan, Tiling::Workgroup, &places(&plan)).unwrap();
    compare(&format!("reference_cnn.{name}.dispatches"), &lowered.to_string());
}
