//! A line for each epoch of training.

use std::time::Instant;

use chalkgrad_engine::protocol::EpochReport;

/// Prints loss, accuracy and speed of each epoch of this many examples.
pub fn printer(examples: u32) -> impl FnMut(&EpochReport) {
    let mut start = Instant::now();
    move |epoch| {
        let seconds = start.elapsed().as_secs_f64();
        let (number, speed) = (epoch.epoch + 1, f64::from(examples) / seconds);
        println!(
            "Epoch {number}: loss {:.4}, accuracy {:.4} ({seconds:.0} s, {speed:.0} examples/s)",
            epoch.loss, epoch.accuracy
        );
        start = Instant::now();
    }
}
