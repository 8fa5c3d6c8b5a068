//! Trains the small network with which the page opens, and writes it to `www/pretrained.safetensors`.
//!
//! `cargo run --release --example pretrain [FOLDER]`; the folder holds MNIST, as for the example `mnist`. It takes six epochs.
//!
//! It is the page's own network with seed 0, so that its cards, images and shapes are those with which training starts.
//! Two things make the file small: small weights are set to zero during training (Zhu and Gupta 2017, "To prune, or not
//! to prune"), and the others are rounded to eight bits.

#[path = "pretrain/compact.rs"]
mod compact;
#[path = "mnist/files.rs"]
mod files;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::{Evaluation, Split};
use chalkgrad_engine::train::{Goal, Progress, Session};

use self::compact::compact;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const FILE: &str = "www/pretrained.safetensors";

/// Share of each kernel that is zero in the end; the other tensors are not pruned.
const SPARSITY: [(&str, f64); 3] = [("conv2d_1.kernel", 0.9), ("conv2d_2.kernel", 0.95), ("dense.kernel", 0.97)];

const STEPS_PER_EPOCH: u32 = 1875;
const DENSE_UNTIL: u32 = 2 * STEPS_PER_EPOCH;
const SPARSE_FROM: u32 = 4 * STEPS_PER_EPOCH;
const END: u32 = 6 * STEPS_PER_EPOCH;

/// Number of steps after which the pruned weights are set to zero again.
const STRIDE: u32 = 25;

fn main() -> Result<()> {
    let mnist = files::load(&std::env::args().nth(1).unwrap_or("www/data/mnist".to_owned()))?;
    let mut session = Session::with(Box::new(CpuBackend::new()), mnist, ModelSpec::reference_cnn())?;
    for step in (0..END).step_by(STRIDE as usize) {
        if step == SPARSE_FROM {
            let config = session.training().clone();
            let optimizer = config.optimizer.clone().with_learning_rate(0.0003)?;
            session.set_training(TrainingConfig { optimizer, ..config })?;
        }
        let loss = train(&mut session)?;
        prune(&mut session, step + STRIDE)?;
        if (step + STRIDE).is_multiple_of(STEPS_PER_EPOCH) {
            let accuracy = evaluate(&mut session)?.accuracy.unwrap_or_default();
            println!("Epoch {}: loss {loss:.4}, test accuracy {accuracy:.4}", (step + STRIDE) / STEPS_PER_EPOCH);
        }
    }
    let mut trained = session.checkpoint()?;
    // Only weights, without the optimizer's state.
    let weights = trained.snapshot.names.iter().map(|name| !name.contains(' ')).collect::<Vec<_>>();
    let mut keep = weights.iter();
    trained.snapshot.names.retain(|_| *keep.next().unwrap_or(&false));
    let mut keep = weights.iter();
    trained.arrays.retain(|_| *keep.next().unwrap_or(&false));
    // The accuracy of the rounded weights counts.
    let rounded = Checkpoint::from_bytes(&compact(&trained.to_bytes()?)?)?;
    for (name, values) in rounded.snapshot.names.iter().zip(&rounded.arrays) {
        session.set_tensor(name, values.clone())?;
    }
    let accuracy = evaluate(&mut session)?.accuracy.unwrap_or_default();
    let file = compact(&Checkpoint { test_accuracy: Some(accuracy), ..rounded }.to_bytes()?)?;
    std::fs::write(FILE, &file)?;
    println!("Test accuracy {accuracy:.4}; {} bytes in {FILE}", file.len());
    Ok(())
}

/// Trains for [`STRIDE`] steps and returns the loss of the last one.
fn train(session: &mut Session) -> Result<f32> {
    session.start(Goal { epochs: None, steps: Some(STRIDE) })?;
    let mut loss = f32::NAN;
    loop {
        match session.advance(&mut || true)? {
            Progress::Step(report) => loss = report.loss,
            Progress::Finished => return Ok(loss),
            Progress::WaitingForData => return Err("images are missing; run `cargo xtask data` first".into()),
            _ => {}
        }
    }
}

/// Sets the smallest weights to zero, a growing share on the cubic schedule of the paper.
fn prune(session: &mut Session, step: u32) -> Result<()> {
    if step < DENSE_UNTIL {
        return Ok(());
    }
    let left = 1.0 - (f64::from(step - DENSE_UNTIL) / f64::from(SPARSE_FROM - DENSE_UNTIL)).min(1.0);
    for (name, sparsity) in SPARSITY {
        let mut kernel = session.tensor(name)?.into_words();
        let zeros = (kernel.len() as f64 * sparsity * (1.0 - left.powi(3))) as usize;
        let mut sizes: Vec<f32> = kernel.iter().map(|value| value.abs()).collect();
        sizes.sort_by(f32::total_cmp);
        let least = sizes[zeros.min(sizes.len() - 1)];
        kernel.iter_mut().filter(|value| value.abs() < least).for_each(|value| *value = 0.0);
        session.set_tensor(name, kernel)?;
    }
    Ok(())
}

fn evaluate(session: &mut Session) -> Result<Evaluation> {
    session.start_evaluation(Split::Test, None)?;
    loop {
        match session.advance(&mut || true)? {
            Progress::Evaluated(evaluation, _) => return Ok(evaluation),
            Progress::WaitingForData => return Err("images are missing; run `cargo xtask data` first".into()),
            _ => {}
        }
    }
}
