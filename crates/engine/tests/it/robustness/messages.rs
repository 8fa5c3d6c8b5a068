//! Messages to an engine: sequences of commands with mutated arguments. Every request is answered once.

use std::cell::Cell;
use std::collections::HashSet;

use chalkgrad_engine::engine::{DownloadRequest, Engine};
use chalkgrad_engine::error::{DataError, Error, FetchFault, MessageError};
use chalkgrad_engine::protocol::{ArrayData, BackendChoice, Command, Envelope, Message, Request, SnapshotInfo, Split};

use super::mutations::Mutations;
use super::{CONFIGS, MODELS, mutated_json, parse, run, session};

const NAMES: [&str; 11] = [
    "dense.kernel",
    "dense_1.bias",
    "adam.v dense.kernel",
    "grad dense.kernel",
    "grad dense.output",
    "flatten.output",
    "output",
    "nonsense",
    "input shares",
    "",
    "grad ",
];

fn whole(mutations: &mut Mutations) -> u32 {
    if mutations.random.below(2) == 0 { mutations.random.below(40) } else { mutations.number() as u32 }
}

fn maybe(mutations: &mut Mutations) -> Option<u32> {
    (mutations.random.below(2) == 0).then(|| whole(mutations))
}

fn name(mutations: &mut Mutations) -> String {
    NAMES[mutations.random.below(NAMES.len() as u32) as usize].to_owned()
}

fn names(mutations: &mut Mutations) -> Vec<String> {
    (0..mutations.random.below(5)).map(|_| name(mutations)).collect()
}

fn split(mutations: &mut Mutations) -> Split {
    [Split::Train, Split::Validation, Split::Test][mutations.random.below(3) as usize]
}

fn arrays(mutations: &mut Mutations) -> Vec<ArrayData> {
    let array = |mutations: &mut Mutations| {
        let len = [0, 1, 3, 15, 16, 17, 32, 36, 48, 192, 16 * 300][mutations.random.below(11) as usize];
        match mutations.random.below(4) {
            0 => ArrayData::F32((0..len).map(|_| mutations.number() as f32).collect()),
            1 => ArrayData::F32(vec![0.25; len]),
            2 => ArrayData::I32((0..len).map(|_| mutations.number() as i32).collect()),
            _ => ArrayData::U8(vec![7; len]),
        }
    };
    let count = [1, 1, 1, 1, 0, 2][mutations.random.below(6) as usize];
    (0..count).map(|_| array(mutations)).collect()
}

fn snapshot(mutations: &mut Mutations) -> SnapshotInfo {
    SnapshotInfo {
        step: whole(mutations),
        epoch: whole(mutations),
        batch_in_epoch: whole(mutations),
        names: names(mutations),
        untouched: mutations.random.below(2) == 0,
        vocabulary: names(mutations),
    }
}

/// A command with its arrays, or the error of JSON that is refused before it is one.
fn command(mutations: &mut Mutations) -> Result<(Command, Vec<ArrayData>), Error> {
    let one_of = |mutations: &mut Mutations, texts: &[&'static str]| {
        let text = texts[mutations.random.below(texts.len() as u32) as usize];
        mutated_json(mutations, text)
    };
    let spec = |mutations: &mut Mutations| parse(&one_of(mutations, &MODELS[1..]));
    let config = |mutations: &mut Mutations| parse(&one_of(mutations, &CONFIGS));
    let command = match mutations.random.below(36) {
        0 => Command::Init { data_url: name(mutations) },
        1 => Command::SetBackend { choice: BackendChoice::Auto, workers: maybe(mutations) },
        2 => Command::SetModel { spec: spec(mutations)?, kept: None },
        3 => {
            let kept = (0..mutations.random.below(6)).map(|_| maybe(mutations)).collect();
            Command::SetModel { spec: spec(mutations)?, kept: Some(kept) }
        }
        4 => Command::SetTraining { config: config(mutations)? },
        5 => Command::GetModel,
        6..=8 => Command::Train { epochs: Some(1 + mutations.random.below(3)), steps: maybe(mutations) },
        9 => Command::Train {
            epochs: maybe(mutations).map(|epochs| epochs.min(9)),
            steps: Some(mutations.random.below(9)),
        },
        10 => Command::SetStepDelay { step_delay_ms: mutations.number() },
        11 => Command::Pause,
        12 => Command::Resume,
        13 => Command::Stop,
        14 => Command::Reset,
        15 => Command::Evaluate { split: split(mutations), samples: maybe(mutations) },
        16 => Command::Predict,
        17 => Command::TensorNames,
        18 => Command::Tensor { name: name(mutations) },
        19 => Command::SetTensor { name: name(mutations) },
        20 => Command::Inspect { names: names(mutations) },
        21 => Command::LayerStats { layer: name(mutations).replace(".kernel", "") },
        22 => Command::Examples {
            split: split(mutations),
            indices: (0..mutations.random.below(4)).map(|_| whole(mutations)).collect(),
        },
        23 => Command::Labels { split: split(mutations) },
        24 => Command::Restore { snapshot: snapshot(mutations) },
        25 => Command::Open { model: spec(mutations)?, training: config(mutations)?, snapshot: snapshot(mutations) },
        26 => Command::ShowPretrained { names: names(mutations) },
        27 => Command::Snapshot,
        28 => Command::Datasets,
        29 => Command::FetchData,
        30 => Command::PredictTexts { texts: names(mutations) },
        31 => Command::Tokenize { text: name(mutations) },
        32 => Command::Vocabulary,
        33 => Command::WordMap { layer: name(mutations), words: whole(mutations) },
        34 => Command::NearestWords { layer: name(mutations), word: name(mutations), count: whole(mutations) },
        _ => Command::Profile,
    };
    let needs_arrays = matches!(
        command,
        Command::Predict
            | Command::SetTensor { .. }
            | Command::Inspect { .. }
            | Command::Restore { .. }
            | Command::Open { .. }
            | Command::ShowPretrained { .. }
    );
    let arrays = if needs_arrays || mutations.random.below(10) == 0 { arrays(mutations) } else { Vec::new() };
    Ok((command, arrays))
}

#[test]
fn messages() {
    let mut mutations = Mutations::new(6);
    let mut engine = Engine::with(session());
    let now_ms = Cell::new(0.0);
    let clock = || {
        now_ms.set(now_ms.get() + 0.5);
        now_ms.get()
    };
    let (mut open, mut id) = (HashSet::new(), 0);
    run("messages", |index| {
        // The model of the names, and an end of all that is under way, now and then.
        let (command, arrays) = match index % 20 {
            0 => (Command::Stop, Vec::new()),
            1 => (Command::SetModel { spec: parse(MODELS[2]).unwrap(), kept: None }, Vec::new()),
            2 => (Command::SetTraining { config: parse(CONFIGS[1]).unwrap() }, Vec::new()),
            3 => (Command::SetStepDelay { step_delay_ms: 0.0 }, Vec::new()),
            _ => match command(&mut mutations) {
                Ok(command) => command,
                Err(error) => return (0, Err(error)),
            },
        };
        id += 1;
        open.insert(id);
        let said = format!("{command:?}").len() + 4 * 4 * 16 * 300;
        engine.handle(Envelope { message: Request { id, command }, arrays }, &clock);
        while let Some(DownloadRequest { name, .. }) = engine.take_download_request() {
            let (file, reason) = (name.clone(), FetchFault::NoConnection);
            engine.download_ended(&name, Err(DataError::DataUnavailable { file, reason }.into()), &clock);
        }
        for _ in 0..mutations.random.below(4) {
            engine.turn(&clock);
        }
        if index % 20 == 0 {
            let mut turns = 0;
            while engine.has_work() && turns < 1_000 {
                engine.turn(&clock);
                turns += 1;
            }
        }
        let mut result = Ok(());
        for said in engine.take_outbox() {
            match said.message {
                Message::Reply { id: of, result: reply } => {
                    assert!(open.remove(&of), "request {of} is answered twice");
                    if let Err(report) = reply
                        && of == id
                    {
                        assert!(!report.code.is_empty() && !report.message.is_empty());
                        result = Err(MessageError::Unreadable { details: report.code }.into());
                    }
                }
                Message::Event(_) | Message::Ready => {}
            }
        }
        if index % 20 == 0 {
            assert!(open.is_empty(), "never answered: {open:?}");
        }
        (said, result)
    });
}
