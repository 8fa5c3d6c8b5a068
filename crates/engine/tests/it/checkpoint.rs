//! Experiments as files: they come back as they were, go on as if there had been no break, are what other programs take for
//! safetensors, and what is no such file is refused.

use std::collections::BTreeMap;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::checkpoint::{Checkpoint, MAX_FILE_BYTES, check_size};
use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::history::TrainingHistory;
use chalkgrad_engine::model::spec::{ModelSpec, OptimizerSpec, TrainingConfig};
use chalkgrad_engine::protocol::EpochReport;
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::{Goal, Pixels, Progress, Session};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

#[path = "../../../../examples/pretrain/compact.rs"]
mod compact;

const SIDE: usize = 8;

fn dataset() -> Dataset {
    let mut dataset = Dataset::new(DatasetInfo::images("bars", [SIDE, SIDE, 1], 3, [300, 3]));
    let mut random = Philox::new(1, 0);
    let labels: Vec<u8> = (0..303).map(|_| random.below(3) as u8).collect();
    let pixels: Vec<u8> = labels
        .iter()
        .flat_map(|label| {
            (0..SIDE * SIDE).map(move |pixel| if pixel / SIDE / 3 == usize::from(*label) { 120 } else { 0 })
        })
        .map(|base| base + random.below(100) as u8)
        .collect();
    dataset.add_train(&pixels[..300 * SIDE * SIDE], &labels[..300]).unwrap();
    dataset.add_test(&pixels[300 * SIDE * SIDE..], &labels[300..]).unwrap();
    dataset
}

fn spec(layers: &str) -> ModelSpec {
    serde_json::from_str(&format!(r#"{{"inputShape": [{SIDE}, {SIDE}, 1], "layers": {layers}}}"#)).unwrap()
}

/// Batch normalisation, whose statistics are no parameters, and dropout, whose masks depend on the step.
fn model() -> ModelSpec {
    spec(
        r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3}, {"type": "BatchNormalization", "name": "norm"},
            {"type": "Activation", "activation": "relu"}, {"type": "MaxPooling2D"}, {"type": "Flatten"},
            {"type": "Dropout", "rate": 0.3}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#,
    )
}

fn session(optimizer: OptimizerSpec) -> Session {
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset(), model()).unwrap();
    let training = session.training().clone();
    session
        .set_training(TrainingConfig { optimizer, seed: 11, batch_size: 32, validation_split: 0.1, ..training })
        .unwrap();
    session
}

/// Another session, at another place, of another model.
fn elsewhere() -> Session {
    let other = spec(r#"[{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#);
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset(), other).unwrap();
    train(&mut session, 3);
    session
}

/// Returns losses and epochs of a number of steps.
fn train(session: &mut Session, steps: u32) -> (Vec<f32>, Vec<EpochReport>) {
    session.start(Goal { epochs: None, steps: Some(steps) }).unwrap();
    let (mut losses, mut epochs) = (Vec::new(), Vec::new());
    loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Step(report) => losses.push(report.loss),
            Progress::Epoch(report) => epochs.push(report),
            Progress::Finished => return (losses, epochs),
            _ => {}
        }
    }
}

fn open(session: &mut Session, file: &[u8]) -> Result<(), chalkgrad_engine::error::Error> {
    let read = Checkpoint::from_bytes(file)?;
    session.open(&read.model, &read.training, &read.snapshot, &read.arrays).map(drop)
}

fn adam() -> OptimizerSpec {
    OptimizerSpec::default()
}

/// A file with everything in it.
fn full() -> Checkpoint {
    let mut session = session(adam());
    let (losses, mut epochs) = train(&mut session, 21);
    epochs[0].val_loss = None;
    epochs[0].val_accuracy = None;
    let accuracies = vec![0.75; losses.len()];
    Checkpoint { history: TrainingHistory::new(losses, accuracies, epochs), ..session.checkpoint().unwrap() }
}

/// With its arrays by name: a file has an order of its own.
fn by_name(mut checkpoint: Checkpoint) -> Checkpoint {
    let arrays: BTreeMap<String, Vec<f32>> = checkpoint.snapshot.names.into_iter().zip(checkpoint.arrays).collect();
    (checkpoint.snapshot.names, checkpoint.arrays) = arrays.into_iter().unzip();
    checkpoint
}

#[test]
fn a_file_gives_back_what_was_saved() {
    let saved = by_name(full());
    assert_eq!((saved.snapshot.step, saved.snapshot.epoch, saved.snapshot.batch_in_epoch), (21, 2, 3));
    assert_eq!((saved.history.epochs().len(), saved.history.steps()), (2, 21));
    let file = saved.to_bytes().unwrap();
    assert_eq!(by_name(Checkpoint::from_bytes(&file).unwrap()), saved);
    let rate = OptimizerSpec::new(
        "SGD",
        [("learningRate", (0.1 + 0.2).into()), ("momentum", (1.0 / 3.0).into()), ("nesterov", true.into())],
    )
    .unwrap();
    let saved = by_name(session(rate).checkpoint().unwrap());
    assert!(saved.snapshot.untouched);
    assert_eq!(by_name(Checkpoint::from_bytes(&saved.to_bytes().unwrap()).unwrap()), saved);
}

#[test]
fn going_on_from_a_file_equals_never_having_stopped() {
    let optimizers = [
        OptimizerSpec::new(
            "SGD",
            [("learningRate", 0.05.into()), ("momentum", 0.9.into()), ("nesterov", false.into())],
        )
        .unwrap(),
        adam(),
        OptimizerSpec::new(
            "RMSprop",
            [("learningRate", 0.001.into()), ("rho", 0.9.into()), ("epsilon", (1e-7).into())],
        )
        .unwrap(),
    ];
    for optimizer in optimizers {
        let mut whole = session(optimizer.clone());
        let (expected, expected_epochs) = train(&mut whole, 40);
        // In the middle of an epoch (of 9 steps), at the end of one, before the first step.
        for pause in [13, 18, 0] {
            let mut first = session(optimizer.clone());
            let mut losses = if pause > 0 { train(&mut first, pause).0 } else { Vec::new() };
            let file = first.checkpoint().unwrap().to_bytes().unwrap();
            let mut second = elsewhere();
            open(&mut second, &file).unwrap();
            let (rest, epochs) = train(&mut second, 40 - pause);
            losses.extend(rest);
            assert_eq!(losses, expected, "{optimizer:?}, a break after step {pause}");
            assert_eq!(epochs, expected_epochs[expected_epochs.len() - epochs.len()..]);
            for name in whole.tensor_names() {
                assert!(second.fetch_tensor(&name).unwrap() && whole.fetch_tensor(&name).unwrap());
                assert_eq!(second.tensor(&name).unwrap(), whole.tensor(&name).unwrap(), "{name}");
            }
        }
    }
}

#[test]
fn weights_that_nobody_has_touched_follow_the_seed_after_a_break_as_well() {
    let mut first = session(adam());
    let mut second = elsewhere();
    open(&mut second, &first.checkpoint().unwrap().to_bytes().unwrap()).unwrap();
    for session in [&mut first, &mut second] {
        let training = session.training().clone();
        session.set_training(TrainingConfig { seed: 12, ..training }).unwrap();
    }
    assert_eq!(first.tensor("conv2d.kernel").unwrap(), second.tensor("conv2d.kernel").unwrap());
}

#[test]
fn the_safetensors_crate_reads_what_is_written_and_the_other_way_round() {
    let saved = full();
    let file = saved.to_bytes().unwrap();
    let read = SafeTensors::deserialize(&file).unwrap();
    let kernel = read.tensor("conv2d.kernel").unwrap();
    assert_eq!((kernel.dtype(), kernel.shape()), (Dtype::F32, &[3, 3, 1, 4][..]));
    let position = saved.snapshot.names.iter().position(|name| name == "conv2d.kernel").unwrap();
    let bytes: Vec<u8> = saved.arrays[position].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(kernel.data(), bytes);
    assert_eq!(read.tensor("adam.v norm.gamma").unwrap().shape(), [4]);
    assert_eq!(read.len(), saved.arrays.len() + 3);

    // Earlier versions wrote the tensors in the order of the session.
    let (_, header) = SafeTensors::read_metadata(&file).unwrap();
    let about = &header.metadata().as_ref().unwrap()["chalkgrad"];
    let (mut entries, mut data) = (serde_json::Map::new(), Vec::new());
    entries.insert("__metadata__".to_owned(), serde_json::json!({ "chalkgrad": about }));
    let mut tensors = read.tensors();
    tensors.sort_by(|(one, _), (other, _)| other.cmp(one));
    for (name, view) in &tensors {
        let begin = data.len();
        data.extend_from_slice(view.data());
        let offsets = [begin, data.len()];
        entries.insert(
            name.clone(),
            serde_json::json!({ "dtype": "F32", "shape": view.shape(), "data_offsets": offsets }),
        );
    }
    let rewritten = container(&serde_json::to_string(&entries).unwrap(), &data);
    assert_ne!(rewritten, file);
    let (mut direct, mut round) = (elsewhere(), elsewhere());
    open(&mut direct, &file).unwrap();
    open(&mut round, &rewritten).unwrap();
    assert_eq!(train(&mut direct, 5), train(&mut round, 5));
    assert_eq!(Checkpoint::from_bytes(&rewritten).unwrap().history, saved.history);
}

/// A file of this header and these data.
fn container(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// A file with an edited header.
fn reheaded(file: &[u8], edit: impl Fn(&str) -> String) -> Vec<u8> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    container(&edit(std::str::from_utf8(&file[8..8 + length]).unwrap()), &file[8 + length..])
}

#[test]
fn a_file_that_lies_is_refused_naming_where() {
    let file = full().to_bytes().unwrap();
    let entry = |header: &str, name: &str| {
        let begin = header.find(&format!("\"{name}\":")).unwrap();
        let end = begin + header[begin..].find('}').unwrap() + 1;
        header[begin..end].to_owned()
    };
    let replaced = |name: &str, from: &str, to: &str| {
        reheaded(&file, |header| {
            let before = entry(header, name);
            assert!(before.contains(from), "{from} in {before}");
            header.replacen(&before, &before.replacen(from, to, 1), 1)
        })
    };
    let (_, read) = SafeTensors::read_metadata(&file).unwrap();
    let (begin, end) = read.info("dense.bias").unwrap().data_offsets;
    let own = format!("[{begin},{end}]");
    let added = |text: &dyn Fn(&str) -> String| {
        reheaded(&file, |header| format!("{},{}}}", header.trim_end().strip_suffix('}').unwrap(), text(header)))
    };
    let typed = |dtype: &str| replaced("dense.bias", "F32", dtype);
    let cases = [
        (
            "named twice, from other bytes",
            added(&|header| entry(header, "dense.bias").replacen(&own, "[0,12]", 1)),
            "dense.bias",
        ),
        ("named twice, from the same bytes", added(&|header| entry(header, "dense.bias")), "dense.bias"),
        (
            "metadata named twice",
            reheaded(&file, |header| header.replacen("\"chalkgrad\":", "\"chalkgrad\":\"{}\",\"chalkgrad\":", 1)),
            "chalkgrad",
        ),
        ("two blocks of metadata", added(&|_| r#""__metadata__":{"a":"b"}"#.to_owned()), "__metadata__"),
        (
            "two tensors on the same bytes",
            added(&|header| entry(header, "dense.bias").replacen("dense.bias", "dense.bios", 1)),
            "dense.bi",
        ),
        ("an overlap", replaced("dense.bias", &own, &format!("[{},{}]", begin - 4, end - 4)), "dense.bias"),
        ("a gap", replaced("dense.bias", &own, &format!("[{},{}]", begin + 4, end + 4)), "dense.bias"),
        (
            "bytes of no tensor",
            reheaded(&file, |header| header.replacen(&format!(",{}", entry(header, "adam.v norm.gamma")), "", 1)),
            "file",
        ),
        ("bytes behind the last tensor", [&file[..], &[0; 4]].concat(), "file"),
        ("offsets beyond the file", replaced("dense.bias", &own, "[4000000000,4000000012]"), "dense."),
        ("half precision", typed("F16"), "dense.bias should hold numbers of type F32, but holds F16"),
        ("bfloat", typed("BF16"), "dense.bias should hold numbers of type F32, but holds BF16"),
        ("double precision", typed("F64"), "dense.bias should hold numbers of type F32, but holds F64"),
        ("whole numbers", typed("I64"), "dense.bias should hold numbers of type F32, but holds I64"),
        ("a type that there is not", typed("F128"), "F128"),
        ("no metadata", reheaded(&file, |header| header.replacen("__metadata__", "metadata", 1)), "file"),
    ];
    for (what, bytes, place) in cases {
        let error = open(&mut elsewhere(), &bytes).expect_err(what);
        assert_eq!(error.code, "bad-file", "{what}: {error}");
        assert!(error.to_string().contains(place), "{what}: {error}");
    }
}

#[test]
fn what_another_program_saves_again_is_refused_naming_what_it_left_out() {
    let file = full().to_bytes().unwrap();
    let read = SafeTensors::deserialize(&file).unwrap();
    let without = safetensors::serialize(read.tensors(), None).unwrap();
    let other = safetensors::serialize(read.tensors(), Some([("format".into(), "pt".into())].into_iter().collect()));
    for bytes in [without, other.unwrap()] {
        let error = open(&mut elsewhere(), &bytes).unwrap_err();
        assert_eq!(error.code, "bad-file");
        assert!(error.to_string().contains("metadata entry chalkgrad"), "{error}");
    }
    // As Python does with weights that were made half as long.
    let halves: Vec<(String, Vec<usize>, Vec<u8>)> = read
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, view.shape().to_vec(), vec![0; view.data().len() / 2]))
        .collect();
    for dtype in [Dtype::F16, Dtype::BF16] {
        let views =
            halves.iter().map(|(name, shape, data)| (name, TensorView::new(dtype, shape.clone(), data).unwrap()));
        let (_, header) = SafeTensors::read_metadata(&file).unwrap();
        let bytes = safetensors::serialize(views, header.metadata().clone()).unwrap();
        let error = open(&mut elsewhere(), &bytes).unwrap_err();
        assert_eq!(error.code, "bad-file");
        let text = error.to_string();
        assert!(text.contains(&format!("but holds {dtype}.")) && text.contains("of type F32"), "{text}");
        assert!(halves.iter().any(|(name, ..)| text.contains(name.as_str())), "{text}");
    }
}

#[test]
fn what_is_no_such_file_is_refused_and_nothing_changes() {
    let file = full().to_bytes().unwrap();
    let header_bytes = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let text = |from: &str, to: &str| {
        // Same length, so that the rest stays where it is.
        assert_eq!(from.len(), to.len());
        let header = String::from_utf8(file[8..8 + header_bytes].to_vec()).unwrap();
        assert!(header.contains(from), "{from} in {header}");
        [&file[..8], header.replacen(from, to, 1).as_bytes(), &file[8 + header_bytes..]].concat()
    };
    let length = |length: u64| [&length.to_le_bytes(), &file[8..]].concat();
    let foreign =
        safetensors::serialize([("conv2d.kernel", TensorView::new(Dtype::F32, vec![2], &[0; 8]).unwrap())], None);
    let nested = format!("{:8}", "[".repeat(100_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "bad-file"),
        ("seven bytes", vec![0; 7], "bad-file"),
        ("zeros", vec![0; 1000], "bad-file"),
        ("an image", b"\x89PNG\r\n\x1a\n and so on, as images go".to_vec(), "bad-file"),
        ("a header of 2^63 bytes", length(u64::MAX / 2), "bad-file"),
        ("a header of 4 MiB", length(4 << 20), "bad-file"),
        ("a header of nothing", length(0), "bad-file"),
        ("half", file[..file.len() / 2].to_vec(), "bad-file"),
        ("a byte less", file[..file.len() - 1].to_vec(), "bad-file"),
        ("a byte more", [&file[..], &[0]].concat(), "bad-file"),
        ("another program's", foreign.unwrap(), "bad-file"),
        ("lists without end", [&(nested.len() as u64).to_le_bytes(), nested.as_bytes()].concat(), "bad-file"),
        ("another type of numbers", text(r#""dtype":"F32""#, r#""dtype":"I32""#), "bad-file"),
        ("another shape", text(r#""shape":[3,3,1,4]"#, r#""shape":[3,3,4,1]"#), "bad-file"),
        ("another number of values", text(r#""shape":[3,3,1,4]"#, r#""shape":[3,3,1,5]"#), "bad-file"),
        ("a shape that overflows", text(r#""shape":[3,3,1,4]"#, r#""shape":[9e15,4 ]"#), "bad-file"),
        ("offsets that make no sense", text(r#""data_offsets":[0,16]"#, r#""data_offsets":[16,0]"#), "bad-file"),
        ("a tensor of another name", text("conv2d.kernel", "conv2d.kernul"), "wrong-snapshot"),
        ("a layer that there is not", text(r#"type\":\"Flatten"#, r#"type\":\"Flattem"#), "unknown-layer"),
        ("another data set", text(r#"dataset\":\"bars"#, r#"dataset\":\"cars"#), "unknown-dataset"),
        ("a later version", text(r#"version\":1"#, r#"version\":9"#), "newer-file"),
        ("no version", text(r#"version\":1"#, r#"versiom\":1"#), "bad-file"),
    ];
    let mut session = elsewhere();
    let before = session.checkpoint().unwrap();
    for (what, bytes, code) in cases {
        let error = open(&mut session, &bytes).expect_err(what);
        assert_eq!(error.code, code, "{what}: {error}");
        assert!(error.to_string().len() > 20, "{error}");
        assert_eq!(session.checkpoint().unwrap(), before, "{what}");
    }
    // Damage to any bytes gives an error or a usable session.
    let mut random = Philox::new(3, 0);
    for _ in 0..300 {
        let mut damaged = file.clone();
        for _ in 0..4 {
            let place = random.below(header_bytes as u32 + 8) as usize;
            damaged[place] = random.below(256) as u8;
        }
        let _ = open(&mut elsewhere(), &damaged);
    }
    assert_eq!(check_size(2e9).unwrap_err().code, "file-too-large");
    check_size(MAX_FILE_BYTES as f64).unwrap();
}

#[test]
fn weights_from_elsewhere_serve_predictions_and_are_never_trained() {
    let mut trained = session(adam());
    train(&mut trained, 30);
    let exact = Checkpoint { test_accuracy: Some(0.5), ..trained.checkpoint().unwrap() }.to_bytes().unwrap();
    let compact = compact::compact(&exact).unwrap();
    assert!(compact.len() < exact.len());
    let shown = Checkpoint::from_bytes(&compact).unwrap();
    assert_eq!(shown.test_accuracy, Some(0.5));

    let pixels = || Pixels::F32(vec![0.5; SIDE * SIDE]);
    let mut fresh = session(adam());
    let seeded = fresh.predict(pixels()).unwrap();
    let expected = train(&mut session(adam()), 5);
    fresh.show_pretrained(&shown.snapshot, &shown.arrays).unwrap();
    let answer = fresh.predict(pixels()).unwrap();
    let exact = trained.predict(pixels()).unwrap();
    assert!(
        answer != seeded && answer.0.iter().zip(&exact.0).all(|(a, b)| (a - b).abs() < 0.1),
        "{answer:?} {exact:?}"
    );
    // The saved weights are the user's: those of the seed, untouched.
    assert_eq!(fresh.checkpoint().unwrap(), session(adam()).checkpoint().unwrap());
    // Training starts from the seed, and so does what is written or reset.
    assert_eq!(train(&mut fresh, 5), expected);
    assert_eq!(fresh.show_pretrained(&shown.snapshot, &shown.arrays).unwrap_err().code, "already-trained");
    for change in [
        |session: &mut Session| session.reset(),
        |session: &mut Session| {
            let gamma = session.tensor("norm.beta").unwrap().into_words();
            session.set_tensor("norm.beta", vec![0.0; gamma.len()]).unwrap();
        },
    ] {
        let mut fresh = session(adam());
        fresh.show_pretrained(&shown.snapshot, &shown.arrays).unwrap();
        change(&mut fresh);
        assert_eq!(fresh.predict(pixels()).unwrap(), seeded);
    }
    // Another seed while they are shown: training starts from that one.
    let reseed = |session: &mut Session| {
        let training = TrainingConfig { seed: 5, ..session.training().clone() };
        session.set_training(training).unwrap();
        train(session, 3)
    };
    let mut fresh = session(adam());
    fresh.show_pretrained(&shown.snapshot, &shown.arrays).unwrap();
    assert_eq!(reseed(&mut fresh), reseed(&mut session(adam())));

    let mut other = elsewhere();
    other.reset();
    assert_eq!(other.show_pretrained(&shown.snapshot, &shown.arrays).unwrap_err().code, "wrong-snapshot");
}
