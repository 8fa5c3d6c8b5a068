//! Runs repeat bit for bit with every layer and option of `tests/keras/learning.py`: on from a file that was saved in the middle,
//! and with several workers.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::train::Session;
use chalkgrad_engine::train::replicas::Replicas;
use serde_json::Value;

use crate::keras::runs::following::{self, train};
use crate::keras::support::read;
use crate::replicas::InThread;

const STEPS: u32 = 6;

fn session(document: &Value, run: &Value) -> Session {
    following::session(document, run, Box::new(CpuBackend::new()))
}

#[test]
fn every_layer_goes_on_from_a_file_as_if_there_had_been_no_break() {
    let document = read("learning.json");
    for run in document["runs"].as_array().unwrap() {
        let losses = train(&mut session(&document, run), STEPS);
        let mut before = session(&document, run);
        let mut again = train(&mut before, STEPS / 2);
        let file = before.checkpoint().unwrap().to_bytes().unwrap();
        let read = Checkpoint::from_bytes(&file).unwrap();
        // In a session whose weights are others, and which has trained already.
        let mut after = session(&document, run);
        train(&mut after, 1);
        after.open(&read.model, &read.training, &read.snapshot, &read.arrays).unwrap();
        again.extend(train(&mut after, STEPS - STEPS / 2));
        assert_eq!(losses, again, "{}", run["name"]);
    }
}

#[test]
fn every_layer_repeats_with_as_many_workers() {
    let document = read("learning.json");
    for run in document["runs"].as_array().unwrap() {
        let losses = |workers: usize| {
            let mut session = session(&document, run);
            let replicas: Box<dyn Replicas> = Box::new(InThread::new(workers - 1));
            session.set_replicas(Some(replicas));
            train(&mut session, STEPS)
        };
        for workers in [2, 3] {
            assert_eq!(losses(workers), losses(workers), "{} with {workers} workers", run["name"]);
        }
    }
}
