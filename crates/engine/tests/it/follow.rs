//! Numbers of a step, followed from the new weights back to the pixels, for every layer, setting, loss and optimizer of
//! `tests/keras/learning.py`, alone and with several workers: each printed number follows from the others.

mod notation;

use std::collections::{BTreeSet, HashMap, VecDeque};

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::Part;
use chalkgrad_engine::protocol::explanation::{CellInfo, Explanation, Origin, PartKind};
use chalkgrad_engine::protocol::{ArrayData, Cell};
use chalkgrad_engine::train::Session;

use crate::keras::runs::following::{self, train};
use crate::keras::support::read;
use crate::replicas::InThread;
use notation::evaluate;

/// The numbers that are followed in each run.
const CELLS: usize = 160;
/// The factors of each explanation that are followed.
const BRANCHES: usize = 3;

fn explain(session: &mut Session, cell: &Cell, terms: usize) -> Explanation {
    while !session.prepare_explanation(cell, &mut || false).unwrap_or_else(|error| panic!("{cell:?}: {error}")) {}
    session.explain(cell, terms).unwrap_or_else(|error| panic!("{cell:?}: {error}"))
}

fn close(one: f64, other: f64, scale: f64) -> bool {
    (one - other).abs() <= 2e-4 * one.abs().max(other.abs()).max(scale) || one == other
}

/// Checks that the parts follow from their terms, the number from its parts by the printed formula, and the formula with numbers
/// from that with letters.
fn check(label: &str, explanation: &Explanation) {
    let Explanation { cell, formula, numbers, parts, origin, .. } = explanation;
    let mut letters = HashMap::new();
    // A sum of large numbers that cancel is exact to the size of the numbers.
    let mut scale: f64 = 1e-6;
    for part in parts {
        let listed = part.terms.iter().map(|term| {
            let product: f64 = term.factors.iter().map(|factor| f64::from(factor.value)).product();
            let value = f64::from(term.coefficient) * product;
            assert!(close(value, term.value.into(), 1e-30), "{label}: {term:?}");
            value
        });
        let listed: Vec<f64> = listed.collect();
        let all = match part.kind {
            PartKind::Number => listed[0],
            PartKind::Sum => listed.iter().sum::<f64>() + f64::from(part.rest),
            PartKind::Max => listed[0],
            PartKind::SumOfExponentials => listed.iter().map(|value| value.exp()).sum::<f64>() + f64::from(part.rest),
        };
        let size = listed.iter().fold(0.0, |top: f64, value| top.max(value.abs()));
        scale = scale.max(size);
        assert!(close(all, part.value.into(), size), "{label}: {} is {all} for {}", part.letter, part.value);
        letters.insert(part.letter.clone(), f64::from(part.value));
    }
    if *origin != Origin::Computed {
        assert!(parts.is_empty() || *origin == Origin::Random, "{label}: {explanation:?}");
        return;
    }
    let value = f64::from(cell.value);
    let (by_letters, by_numbers) = (evaluate(formula, &letters), evaluate(numbers, &HashMap::new()));
    assert!(close(by_letters, value, scale), "{label}: {formula} with {letters:?} is {by_letters}, not {value}");
    // Numbers are printed with five digits; a difference loses some.
    let largest = letters.values().fold(scale, |top: f64, value| top.max(value.abs()));
    let is_close = (by_numbers - value).abs() <= 2e-4 * largest.max(value.abs()).max(1e-9)
        || numbers.contains('[')
        || numbers.contains("cases");
    assert!(is_close, "{label}: {numbers} is {by_numbers}, not {value}");
}

/// Returns the factors of the largest terms.
fn largest(explanation: &Explanation) -> impl Iterator<Item = &CellInfo> {
    explanation.parts.iter().flat_map(|part| part.terms.iter().take(BRANCHES).flat_map(|term| &term.factors))
}

/// Follows numbers from the new states on; returns the names of the tensors and ops that were met.
fn follow(label: &str, session: &mut Session) -> (BTreeSet<String>, BTreeSet<String>) {
    let names: Vec<String> = session.tensor_names().into_iter().filter(|name| name.starts_with("before ")).collect();
    let roots = names.iter().map(|name| Cell { tensor: name[7..].to_owned(), index: 0, shard: None });
    let mut queue: VecDeque<Cell> = roots.collect();
    let (mut seen, mut tensors, mut ops) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    while let Some(cell) = queue.pop_front() {
        if seen.contains(&cell) || seen.len() == CELLS {
            continue;
        }
        let all = explain(session, &cell, 5000);
        let label = format!("{label}, {cell:?}");
        assert_eq!(all.cell.cell.tensor, cell.tensor, "{label}");
        check(&label, &all);
        let few = explain(session, &cell, 2);
        check(&label, &few);
        assert!(few.parts.iter().all(|part| part.terms.len() <= 2 || part.kind == PartKind::Number));
        for map in &all.maps {
            assert_eq!(map.values.len(), (map.rows * map.columns) as usize, "{label}");
        }
        for factor in largest(&few).filter(|factor| !factor.cell.tensor.is_empty()) {
            let own = explain(session, &factor.cell, 1);
            assert!(
                own.cell.value.to_bits() == factor.value.to_bits() && own.cell.place == factor.place,
                "{label}: {factor:?} is explained as {:?}",
                own.cell
            );
            assert_eq!(own.cell.example, factor.example, "{label}");
            queue.push_back(factor.cell.clone());
        }
        tensors.insert(cell.tensor.clone());
        ops.insert(all.op);
        seen.push(cell);
    }
    (tensors, ops)
}

#[test]
fn every_number_of_every_layer_follows_from_others() {
    let document = read("learning.json");
    let (mut ops, mut to_input) = (BTreeSet::new(), 0);
    let runs = document["runs"].as_array().unwrap();
    for run in runs {
        for workers in [1, 2] {
            let mut session = following::session(&document, run, Box::new(CpuBackend::new()));
            if workers > 1 {
                session.set_replicas(Some(Box::new(InThread::new(workers - 1))));
            }
            train(&mut session, 2);
            let label = format!("{} with {workers} workers", run["name"]);
            let (tensors, met) = follow(&label, &mut session);
            ops.extend(met);
            to_input += usize::from(tensors.contains("batch.input"));
            assert!(tensors.iter().any(|name| name.starts_with("grad ")), "{label}: {tensors:?}");
        }
    }
    println!("{} runs, {to_input} of {} reach the input; ops: {ops:?}", runs.len(), 2 * runs.len());
    assert!(to_input > runs.len());
}

#[test]
fn cells_that_are_not_there_are_refused_and_nothing_breaks() {
    let document = read("learning.json");
    let run = &document["runs"][0];
    let mut session = following::session(&document, run, Box::new(CpuBackend::new()));
    let cell = |tensor: &str, index: u32, shard: Option<u32>| Cell { tensor: tensor.to_owned(), index, shard };
    let code = |session: &mut Session, cell: &Cell| {
        let prepared = session.prepare_explanation(cell, &mut || true);
        let result = prepared.and_then(|is_ready| if is_ready { session.explain(cell, 9).map(|_| ()) } else { Ok(()) });
        result.map_err(|error| error.code)
    };
    let names = [
        "",
        "x",
        "before ",
        "before x",
        "grad x",
        "update ",
        "update x",
        "batch.loss",
        "loss",
        "logits",
        "grad logits",
    ];
    assert_eq!(code(&mut session, &cell("loss", 0, Some(0))), Err("no-value-yet"));
    train(&mut session, 1);
    let own = session.tensor_names();
    for name in own.iter().map(String::as_str).chain(names) {
        for index in [0, 1, 1 << 20, u32::MAX] {
            for shard in [None, Some(0), Some(1), Some(u32::MAX)] {
                let result = code(&mut session, &cell(name, index, shard));
                assert!(result.is_ok() || result == Err("unknown-tensor"), "{name} {index} {shard:?}: {result:?}");
                assert!(result.is_err() || index < 1 << 20 && shard != Some(1), "{name} {index} {shard:?}");
            }
        }
    }
    assert_eq!(code(&mut session, &cell("loss", 0, Some(0))), Ok(()));
    session.reset();
    assert_eq!(code(&mut session, &cell("loss", 0, Some(0))), Err("no-value-yet"));
}

/// Follows the numbers of an input back from the answer, for every layer, with the weights after two steps.
#[test]
fn numbers_of_an_input_are_followed_to_its_own() {
    let document = read("learning.json");
    let mut to_input = 0;
    let runs = document["runs"].as_array().unwrap();
    for run in runs {
        let mut session = following::session(&document, run, Box::new(CpuBackend::new()));
        train(&mut session, 2);
        let mut words = vec![0.0; session.dataset().info().input_len()];
        session.dataset().copy_inputs(Part::Train, &[3], &mut words).unwrap();
        let input = match following::reads_words(run) {
            true => ArrayData::I32(words.iter().map(|word| word.to_bits() as i32).collect()),
            false => ArrayData::F32(words.clone()),
        };
        let answer = format!("{}.output", session.summary().layers.last().unwrap().name);
        let mut queue = VecDeque::from([Cell { tensor: answer, index: 0, shard: None }]);
        let mut seen: Vec<Cell> = Vec::new();
        while let Some(cell) = queue.pop_front() {
            // A recurrence leads back to itself.
            let is_known = seen.iter().filter(|other| other.tensor == cell.tensor).count() == 2 * BRANCHES;
            if is_known || seen.contains(&cell) || seen.len() == CELLS {
                continue;
            }
            let label = format!("{}, {cell:?}", run["name"]);
            assert!(session.prepare_input_explanation(&input, &cell).unwrap(), "{label}");
            let own = session.explain_input(&cell, 5000).unwrap();
            check(&label, &own);
            assert_eq!((own.cell.example, own.cell.cell.shard), (None, None), "{label}");
            if cell.tensor == "batch.input" {
                let word = words[cell.index as usize];
                let number = if following::reads_words(run) { word.to_bits() as f32 } else { word };
                assert_eq!(own.cell.value, number, "{label}");
            }
            queue.extend(
                largest(&own).filter(|factor| !factor.cell.tensor.is_empty()).map(|factor| factor.cell.clone()),
            );
            seen.push(cell);
        }
        let reaches = seen.iter().any(|cell| cell.tensor == "batch.input");
        if !reaches {
            println!("{}: {:?}", run["name"], seen.iter().map(|cell| &cell.tensor).collect::<BTreeSet<_>>());
        }
        to_input += usize::from(reaches);
    }
    println!("{to_input} of {} reach the input", runs.len());
    assert!(to_input * 10 > runs.len() * 9);
}

/// Checks gradients by finite differences, by the request that the page makes.
#[test]
fn gradients_agree_with_finite_differences_of_the_users_own_network() {
    let document = read("learning.json");
    let (mut checked, mut apart) = (0, Vec::new());
    for run in document["runs"].as_array().unwrap() {
        for workers in [1, 2] {
            let mut session = following::session(&document, run, Box::new(CpuBackend::new()));
            if workers > 1 {
                session.set_replicas(Some(Box::new(InThread::new(workers - 1))));
            }
            train(&mut session, 2);
            let names: Vec<String> = session.tensor_names();
            let states: BTreeSet<&str> = names.iter().filter_map(|name| name.strip_prefix("before ")).collect();
            let gradients = names.iter().filter_map(|name| name.strip_prefix("grad "));
            let parameters: Vec<String> = gradients.filter(|name| states.contains(name)).map(str::to_owned).collect();
            for parameter in parameters {
                while !session.prepare_gradient_check(&parameter, 0, &mut || false).unwrap() {}
                let check = session.gradient_check().unwrap();
                let allowed = f64::from(check.rounding) + 2e-2 * f64::from(check.analytic.abs());
                if f64::from(check.analytic - check.numeric).abs() > allowed.max(1e-4) {
                    apart.push(format!("{}, {parameter}: {check:?}", run["name"]));
                }
                checked += 1;
            }
        }
    }
    println!("{checked} gradients checked, {} apart: {apart:#?}", apart.len());
    assert!(checked > 500);
    // A kink or a bend lies within the change of a weight now and then.
    assert!(apart.len() * 50 < checked, "{apart:#?}");
}

/// Follows the largest gradient of each weight on by the gradient in the largest term, as the page does: it leads to the loss.
#[test]
fn every_gradient_is_followed_to_the_loss() {
    let document = read("learning.json");
    let mut longest = 0;
    for run in document["runs"].as_array().unwrap() {
        let mut session = following::session(&document, run, Box::new(CpuBackend::new()));
        train(&mut session, 2);
        let names: Vec<String> = session.tensor_names();
        let is_weight = |name: &&String| names.iter().any(|other| *other == format!("grad {name}"));
        for weight in
            names.iter().filter(is_weight).filter(|name| name.split('.').count() > 1 && !name.ends_with("output"))
        {
            let name = format!("grad {weight}");
            assert!(session.fetch_tensor(&name).unwrap());
            let gradient = session.tensor(&name).unwrap();
            let largest = gradient.words().iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
            let Some((index, value)) = largest.filter(|(_, value)| **value != 0.0) else { continue };
            let mut way = vec![Cell { tensor: name, index: index as u32, shard: None }];
            loop {
                let line = explain(&mut session, &way[way.len() - 1].clone(), 1);
                let factors = line.parts.iter().flat_map(|part| &part.terms).flat_map(|term| &term.factors);
                let gradients = factors.filter(|factor| factor.cell.tensor.starts_with("grad ") && factor.value != 0.0);
                let next = gradients.max_by(|one, other| one.value.abs().total_cmp(&other.value.abs()));
                match next.map(|next| next.cell.clone()).filter(|next| !way.contains(next)) {
                    Some(next) => way.push(next),
                    None => break,
                }
            }
            let last = &way[way.len() - 1].tensor;
            assert!(last.contains("loss"), "{}: from {weight} ({value}) to {last}: {way:?}", run["name"]);
            longest = longest.max(way.len());
        }
    }
    println!("the longest way has {longest} lines");
    assert!(longest > 10);
}
