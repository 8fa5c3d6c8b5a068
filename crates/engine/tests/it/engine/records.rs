//! The tensors of the last step, while it trains, after a halt and after bad luck.

use super::*;
use chalkgrad_engine::protocol::Cell;

/// Names of tensors that together make up the update of a weight by plain gradient descent.
const NAMES: [&str; 3] = ["before dense.kernel", "grad dense.kernel", "dense.kernel"];

fn last_step() -> Command {
    Command::LastStep { names: NAMES.map(str::to_owned).to_vec() }
}

/// Checks that the new weight follows from the old one and the gradient, and returns the number of the step.
fn checked(answer: Result<(Answer, Vec<ArrayData>), ErrorReport>) -> u32 {
    let Ok((Answer::Step { info, .. }, arrays)) = answer else { panic!("{answer:?}") };
    let [before, gradient, after] = &arrays[..] else { panic!("{} arrays", arrays.len()) };
    for ((before, gradient), after) in f32s(before).iter().zip(f32s(gradient)).zip(f32s(after)) {
        assert!((before - info.learning_rate as f32 * gradient - after).abs() < 1e-6);
    }
    assert!(f32s(before) != f32s(after));
    info.step
}

fn bench() -> Bench {
    let mut bench = Bench::with_data();
    let optimizer = OptimizerSpec::new("SGD", [("learningRate", 0.5.into())]).unwrap();
    bench.set_training(|config| config.optimizer = optimizer).unwrap();
    bench
}

#[test]
fn a_paused_and_a_stopped_run_leave_their_last_step() {
    for command in [Command::Pause, Command::Stop] {
        let mut bench = bench();
        bench.send(train(None, Some(2000)));
        for _ in 0..3 {
            bench.turn();
            let id = bench.send(command.clone());
            while bench.answer(id).is_none() {
                bench.turn();
            }
            let step = checked(bench.ask(last_step()));
            assert_eq!(checked(bench.ask(last_step())), step, "looking takes no step");
            if command == Command::Pause {
                assert!(bench.ask(Command::Resume).is_ok());
            } else {
                bench.send(train(None, Some(2000)));
            }
        }
    }
}

#[test]
fn one_who_asks_while_it_trains_gets_a_step_of_then() {
    let mut bench = bench();
    let run = bench.send(train(None, Some(2000)));
    let mut steps = Vec::new();
    for _ in 0..3 {
        bench.turn();
        let id = bench.send(last_step());
        let answer = loop {
            if let Some(answer) = bench.answer(id) {
                break answer;
            }
            bench.turn();
        };
        steps.push(checked(answer));
    }
    assert!(steps.is_sorted() && steps[2] > steps[0], "{steps:?}");
    bench.work();
    let (history, _) = bench.history(run);
    assert_eq!(history.steps, 2000);
    assert_eq!(checked(bench.ask(last_step())), 2000);
}

#[test]
fn without_a_step_there_is_an_error_and_the_engine_goes_on() {
    let mut bench = bench();
    let code = |answer: Result<(Answer, Vec<ArrayData>), ErrorReport>| answer.unwrap_err().code;
    assert_eq!(code(bench.ask(last_step())), "no-value-yet");
    bench.send(train(None, Some(3)));
    bench.work();
    assert_eq!(checked(bench.ask(last_step())), 3);
    let unknown = Command::LastStep { names: vec!["before dense.kernels".to_owned()] };
    assert_eq!(code(bench.ask(unknown)), "unknown-tensor");
    assert!(bench.ask(Command::Reset).is_ok());
    assert_eq!(code(bench.ask(last_step())), "no-value-yet");
    let name = || "before dense.kernel".to_owned();
    assert_eq!(code(bench.ask(Command::Tensor { name: name() })), "no-value-yet");
    // An edit ends the run for which a request waits.
    bench.send(train(None, Some(2000)));
    bench.turn();
    let asked = bench.send(Command::Tensor { name: name() });
    let replaced = bench.send(Command::SetModel { spec: classifier("tanh"), kept: None });
    bench.work();
    assert!(bench.answer(replaced).expect("an answer").is_ok());
    assert!(bench.answer(asked).expect("an answer").is_err());
}

#[test]
fn a_step_follows_a_pause_at_once() {
    let mut bench = bench();
    bench.send(train(None, Some(2000)));
    bench.turn();
    let paused = bench.send(Command::Pause);
    let step = bench.send(train(None, Some(1)));
    while bench.answer(step).is_none() {
        bench.turn();
    }
    assert!(matches!(bench.answer(paused), Some(Ok((Answer::State { state: RunState::Paused }, _)))));
    assert!(!bench.engine.has_work());
    checked(bench.ask(last_step()));
}

#[test]
fn a_number_of_the_last_step_is_explained_and_none_of_an_earlier_network() {
    let mut bench = bench();
    let explain =
        |tensor: &str| Command::Explain { cell: Cell { tensor: tensor.to_owned(), index: 3, shard: None }, terms: 4 };
    let code = |answer: Result<(Answer, Vec<ArrayData>), ErrorReport>| answer.unwrap_err().code;
    assert_eq!(code(bench.ask(explain("dense.kernel"))), "no-value-yet");
    bench.send(train(None, Some(3)));
    bench.work();
    let Ok((Answer::Explanation(own), _)) = bench.ask(explain("dense.kernel")) else { panic!() };
    let numbers: Vec<f32> = own.parts.iter().map(|part| part.value).collect();
    let [before, gradient, rate] = numbers[..] else { panic!("{own:?}") };
    assert!((before - rate * gradient - own.cell.value).abs() < 1e-6, "{own:?}");
    assert_eq!(code(bench.ask(explain("dense.kernels"))), "unknown-tensor");
    assert!(bench.ask(Command::SetModel { spec: classifier("tanh"), kept: None }).is_ok());
    assert_eq!(code(bench.ask(explain("dense.kernel"))), "no-value-yet");
}

#[test]
fn steps_that_are_now_slow_and_now_quick_are_recorded_for_a_pause() {
    let mut bench = bench();
    bench.send(train(None, Some(100_000)));
    for round in 0..60 {
        for turn in 0..round % 5 {
            let wait_ms = if (round + turn) % 3 == 0 { 90.0 } else { 2.0 };
            bench.now_ms.set(bench.now_ms.get() + wait_ms);
            bench.turn();
        }
        let id = bench.send(Command::Pause);
        while bench.answer(id).is_none() {
            bench.turn();
        }
        checked(bench.ask(last_step()));
        assert!(bench.ask(Command::Resume).is_ok());
    }
}
