//! Speed of every op's CPU kernel on its own test cases: `cargo xtask bench ops [WORD]...` runs only ops whose name
//! contains a word. The cases are small, so this shows the cost of a call rather than peak speed; `benches/kernels.rs`
//! has real sizes.

#[path = "common/clock.rs"]
mod clock;

use chalkgrad_engine::ir::interpret::run_cpu_kernel;
use chalkgrad_engine::ops::registry;
use chalkgrad_engine::tensor::{HostTensor, TensorType};

/// Time for which a case is repeated, in each of several turns; the best turn counts.
const TURN_MS: f64 = 10.0;
const TURNS: usize = 5;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    clock::print(&format!("{:<64} {:>10} {:>9}", "op and case", "us a call", "GFLOP/s"));
    for entry in registry() {
        if !words.is_empty() && !words.iter().any(|word| entry.name.contains(word.as_str())) {
            continue;
        }
        for case in (entry.cases)().into_iter().filter(|case| !case.op.is_view()) {
            let types: Vec<&TensorType> = case.inputs.iter().map(HostTensor::tensor_type).collect();
            let Ok(output_type) = case.op.infer(&types) else { continue };
            let inputs: Vec<&HostTensor> = case.inputs.iter().collect();
            let run = || drop(std::hint::black_box(run_cpu_kernel(case.op.as_ref(), &inputs, &output_type)));
            let mut best_ms = f64::INFINITY;
            for _ in 0..TURNS {
                let (start, mut calls) = (clock::now_ms(), 0);
                while clock::now_ms() - start < TURN_MS {
                    run();
                    calls += 1;
                }
                best_ms = best_ms.min((clock::now_ms() - start) / f64::from(calls));
            }
            let gflops = case.op.flops(&types, &output_type) as f64 / best_ms / 1e6;
            let label = format!("{} / {}", case.op.name(), case.label);
            clock::print(&format!("{label:<64} {:10.2} {gflops:9.2}", best_ms * 1e3));
        }
    }
}
