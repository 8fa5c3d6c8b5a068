//! Sessions on texts: the vocabulary and what depends on it, predictions, shares, saved models.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::data::{Dataset, DatasetInfo, Inputs, Part, Schema, Target, TextSpec, TextSplit, Values};
use chalkgrad_engine::engine::Engine;
use chalkgrad_engine::error::Error;
use chalkgrad_engine::model::builders::{dense, embedding, global_average_pooling1d, gru};
use chalkgrad_engine::model::spec::{LayerSpec, LossSpec, ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::{
    Answer, ArrayData, Command, Envelope, INPUT_SHARES, MODEL_OUTPUT, Message, Request, Split,
};
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::{Goal, Pixels, Progress, Session};

use super::replicas::InThread;

const SPEC: TextSpec = TextSpec { max_tokens: 24, sequence_length: 6, split: TextSplit::Whitespace };
const TRAIN: usize = 240;
const TEST: usize = 40;

/// Notes of four to six words, of which one tells the class. The first is empty.
fn notes(count: usize, stream: u64) -> (Vec<String>, Vec<u8>) {
    let mut random = Philox::new(5, stream);
    let note = |index: usize| {
        let class = random.below(2) as usize;
        let mut words: Vec<String> = (0..3 + random.below(3)).map(|_| format!("word{}", random.below(14))).collect();
        words.insert(random.below(words.len() as u32 + 1) as usize, ["Bad,", "Good!"][class].to_owned());
        (if index == 0 { String::new() } else { words.join(" ") }, class as u8)
    };
    (0..count).map(note).unzip()
}

fn dataset(spec: TextSpec) -> Dataset {
    let schema = Schema::texts(spec, Target::classes(["negative", "positive"]));
    let name = "reviews-en".to_owned();
    let mut dataset =
        Dataset::new(DatasetInfo { name, schema, train_total: TRAIN, test_total: TEST, text: Some(spec) });
    for (part, count, stream) in [(Part::Train, TRAIN, 0), (Part::Test, TEST, 1)] {
        let (texts, classes) = notes(count, stream);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        dataset.add_shard(part, Inputs::Texts(&texts), Values::U8(&classes)).unwrap();
    }
    dataset
}

fn model(middle: LayerSpec) -> ModelSpec {
    let words = embedding(SPEC.max_tokens, 8).with("maskZero", true);
    ModelSpec { name: None, input_shape: vec![6], layers: vec![words, middle, dense(2).activation("softmax")] }
}

fn session(middle: LayerSpec) -> Session {
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset(SPEC), model(middle)).unwrap();
    let optimizer = serde_json::from_str(r#"{"type": "Adam", "learningRate": 0.02}"#).unwrap();
    session.set_training(TrainingConfig { optimizer, ..session.training().clone() }).unwrap();
    session
}

fn run(session: &mut Session, goal: Goal) -> Vec<f32> {
    session.start(goal).unwrap();
    let mut losses = Vec::new();
    loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Step(report) => losses.push(report.loss),
            Progress::Finished => return losses,
            Progress::WaitingForData => panic!("all texts are there"),
            _ => {}
        }
    }
}

fn epochs(session: &mut Session, epochs: u32) -> Vec<f32> {
    run(session, Goal { epochs: Some(epochs), steps: None })
}

fn vocabulary(session: &Session) -> Vec<String> {
    session.dataset().vectorization().unwrap().vocabulary.words().to_vec()
}

#[test]
fn reviews_are_learned_and_an_empty_one_keeps_the_loss_a_number() {
    for middle in [global_average_pooling1d(), gru(8)] {
        let mut session = session(middle);
        let losses = epochs(&mut session, 12);
        assert!(losses.iter().all(|loss| loss.is_finite()));
        session.start_evaluation(Split::Test, None).unwrap();
        let Progress::Evaluated(evaluation, predictions) = session.advance(&mut || true).unwrap() else { panic!() };
        // Nothing tells the class of the empty one.
        assert!(evaluation.loss.is_finite() && evaluation.accuracy.unwrap() >= 0.97, "{evaluation:?}");
        assert_eq!(evaluation.class_names, ["negative", "positive"]);
        assert_eq!((predictions.confusion.len(), evaluation.class_scores.len()), (4, 2));

        let ids = session.token_ids(["good", "bad thing", ""]).unwrap();
        let (outputs, classes) = session.predict(Pixels::I32(ids)).unwrap();
        assert_eq!(classes, 2);
        assert!(
            outputs[1] > 0.9 && outputs[2] > 0.9 && outputs[4..].iter().all(|output| output.is_finite()),
            "{outputs:?}"
        );
    }
}

#[test]
fn the_vocabulary_is_that_of_the_training_part_and_a_trained_model_keeps_it() {
    let mut session = session(global_average_pooling1d());
    let all = vocabulary(&session);
    assert_eq!((all.len(), &all[0][..], &all[1][..]), (18, "", "[UNK]"));
    let few = TrainingConfig { train_samples: 40, validation_split: 0.5, batch_size: 10, ..session.training().clone() };
    session.set_training(few.clone()).unwrap();
    let (texts, _) = notes(20, 0);
    let counted = chalkgrad_engine::data::TextVectorization::adapt(SPEC, texts.iter().map(String::as_str));
    assert_eq!(vocabulary(&session), counted.vocabulary.words());

    run(&mut session, Goal { epochs: None, steps: Some(2) });
    session.set_training(TrainingConfig { train_samples: 240, ..few }).unwrap();
    assert_eq!(vocabulary(&session), counted.vocabulary.words(), "its embedding has a row for each");
    session.reset();
    assert_ne!(vocabulary(&session), counted.vocabulary.words());
}

#[test]
fn other_words_make_an_input_of_another_shape() {
    let mut session = session(gru(4));
    let text = TextSpec { sequence_length: 9, ..SPEC };
    session.set_training(TrainingConfig { text: Some(text), ..session.training().clone() }).unwrap();
    assert_eq!(session.mismatch().map(|error| error.code), Some("wrong-input"));
    assert_eq!(session.start(Goal::default()).unwrap_err().code, "wrong-input");
    session.set_model(&ModelSpec { input_shape: vec![9], ..model(gru(4)) }).unwrap();
    assert!(epochs(&mut session, 1).iter().all(|loss| loss.is_finite()));

    let text = TextSpec { max_tokens: 2_000, ..text };
    session.set_training(TrainingConfig { text: Some(text), ..session.training().clone() }).unwrap();
    assert_eq!(session.mismatch().map(|error| error.code), Some("vocabulary"), "the embedding has 24 rows");
    for text in [
        TextSpec { max_tokens: 2, ..SPEC },
        TextSpec { sequence_length: 0, ..SPEC },
        TextSpec { sequence_length: 20_000, ..SPEC },
    ] {
        let error =
            session.set_training(TrainingConfig { text: Some(text), ..session.training().clone() }).unwrap_err();
        assert_eq!(error.code, "bad-setting", "{error}");
    }
}

#[test]
fn inputs_that_are_none_are_refused() {
    let mut session = session(global_average_pooling1d());
    let code = |result: Result<_, Error>| result.map(drop).unwrap_err().code;
    assert_eq!(code(session.predict(Pixels::I32(vec![0, 1, 24, 0, 0, 0]))), "unknown-token");
    assert_eq!(code(session.predict(Pixels::I32(vec![0, 1, -1, 0, 0, 0]))), "unknown-token");
    assert_eq!(code(session.predict(Pixels::I32(vec![0; 7]))), "wrong-length");
    assert_eq!(code(session.predict(Pixels::F32(vec![0.0; 6]))), "wrong-type");
    assert_eq!(code(session.predict(Pixels::U8(vec![0; 6]))), "wrong-type");
    let images = DatasetInfo::images("mnist", [4, 4, 1], 3, [10, 10]);
    let spec = ModelSpec {
        name: None,
        input_shape: vec![4, 4, 1],
        layers: vec![LayerSpec::new("Flatten"), dense(3).activation("softmax")],
    };
    let mut pictures = Session::with(Box::new(CpuBackend::new()), Dataset::new(images), spec).unwrap();
    assert_eq!(code(pictures.predict(Pixels::I32(vec![0; 16]))), "wrong-type");
    assert_eq!(pictures.token_ids(["good"]).unwrap_err().code, "no-texts");
    let config = TrainingConfig { text: Some(SPEC), ..pictures.training().clone() };
    assert_eq!(pictures.set_training(config).unwrap_err().setting(), Some("text"));
}

/// The change of the answer's logit when the embedding of each token is left out tells its share in a model that adds embeddings.
#[test]
fn shares_of_words_are_what_they_add_to_the_answer() {
    let mut session = session(global_average_pooling1d());
    epochs(&mut session, 6);
    let ids = session.token_ids(["word3 good word5 word1"]).unwrap();
    let input = ArrayData::I32(ids.clone());
    let names = [INPUT_SHARES, MODEL_OUTPUT].map(str::to_owned);
    while !session.prepare_inspection(&input, &names).unwrap() {}
    let tensors = session.inspect(&input, &names).unwrap();
    let [Some(shares), Some(output)] = &tensors[..] else { panic!("no values") };
    assert_eq!(shares.shape().dims(), [1, 6]);
    let class = usize::from(output.words()[1] > output.words()[0]);
    assert_eq!(class, 1, "it is good");
    let table = session.tensor("embedding.embeddings").unwrap();
    let kernel = session.tensor("dense.kernel").unwrap();
    for (place, id) in ids.iter().enumerate() {
        let row = &table.words()[*id as usize * 8..][..8];
        let weights = kernel.words().iter().skip(class).step_by(2);
        // The mean is over the four words that are there.
        let expected: f32 = row.iter().zip(weights).map(|(value, weight)| value * weight / 4.0).sum();
        let expected = if *id == 0 { 0.0 } else { expected };
        let share = shares.words()[place];
        assert!((share - expected).abs() <= 1e-5 * expected.abs().max(1e-2), "{place}: {share}, {expected}");
    }
    let largest = (0..6).max_by(|one, other| shares.words()[*one].total_cmp(&shares.words()[*other]));
    assert_eq!(largest, Some(1));
}

#[test]
fn the_shares_of_one_output_are_those_of_the_class_that_it_names() {
    let layers =
        vec![embedding(24, 8).with("maskZero", true), global_average_pooling1d(), dense(1).activation("sigmoid")];
    let spec = ModelSpec { name: None, input_shape: vec![6], layers };
    let mut session = session(gru(3));
    let loss = LossSpec::new("binary_crossentropy", []).unwrap();
    session.set_model(&spec).unwrap_err();
    // The loss for one output comes first, as it fits two as well.
    session.set_training(TrainingConfig { loss, ..session.training().clone() }).unwrap();
    session.set_model(&spec).unwrap();
    epochs(&mut session, 12);
    for text in ["good", "bad"] {
        let input = ArrayData::I32(session.token_ids([text]).unwrap());
        let names = [INPUT_SHARES.to_owned()];
        while !session.prepare_inspection(&input, &names).unwrap() {}
        let shares = session.inspect(&input, &names).unwrap()[0].clone().unwrap();
        assert!(shares.words()[0] > 0.0, "{text}: {:?}", shares.words());
    }
}

#[test]
fn replicas_get_the_tokens() {
    let mut alone = session(gru(5));
    let mut shared = session(gru(5));
    shared.set_replicas(Some(Box::new(InThread::new(2))));
    let (expected, losses) = (epochs(&mut alone, 2), epochs(&mut shared, 2));
    assert_eq!(expected.len(), losses.len());
    for (one, other) in expected.iter().zip(&losses) {
        assert!((one - other).abs() < 1e-4, "{one} {other}");
    }
}

#[test]
fn a_file_keeps_the_vocabulary() {
    let mut saved = session(gru(5));
    let few = TrainingConfig { train_samples: 60, ..saved.training().clone() };
    saved.set_training(few.clone()).unwrap();
    epochs(&mut saved, 2);
    // The words stay those of the first 60 texts.
    saved.set_training(TrainingConfig { train_samples: 200, ..few }).unwrap();
    let words = vocabulary(&saved);
    let file = saved.checkpoint().unwrap().to_bytes().unwrap();
    let expected = epochs(&mut saved, 1);

    let Checkpoint { model, training, snapshot, arrays, .. } = Checkpoint::from_bytes(&file).unwrap();
    let mut opened = session(global_average_pooling1d());
    opened.open(&model, &training, &snapshot, &arrays).unwrap();
    assert_eq!(vocabulary(&opened), words);
    assert_eq!(epochs(&mut opened, 1), expected, "bit for bit");

    let mut damaged = snapshot.clone();
    damaged.vocabulary[5] = damaged.vocabulary[4].clone();
    let error = opened.open(&model, &training, &damaged, &arrays).unwrap_err();
    assert_eq!((error.code, vocabulary(&opened) == words), ("wrong-snapshot", true), "{error}");
    // A file of before the words were kept has the words of its training part.
    let older = chalkgrad_engine::protocol::SnapshotInfo { vocabulary: Vec::new(), ..snapshot };
    opened.open(&model, &training, &older, &arrays).unwrap();
    assert_ne!(vocabulary(&opened), words);
}

#[test]
fn words_that_do_the_same_come_near_each_other() {
    let mut session = session(global_average_pooling1d());
    let map = session.word_map("embedding", 5).unwrap();
    assert_eq!((map.places.len(), map.first_id, map.explained.len()), (5, 2, 2));
    epochs(&mut session, 12);
    let near = session.nearest_words("embedding", "GOOD!", 3).unwrap();
    assert_eq!(near.len(), 3);
    assert!(near.windows(2).all(|pair| pair[0].cosine >= pair[1].cosine));
    let all = session.nearest_words("embedding", "good", 100).unwrap();
    // All words but itself, padding and unknown.
    assert_eq!((all.len(), &all.last().unwrap().word[..]), (15, "bad"));
    assert!(all[14].cosine < -0.8, "{all:?}");
    assert_eq!(session.nearest_words("embedding", "excellent", 3).unwrap_err().code, "unknown-word");
    assert_eq!(session.word_map("dense", 5).unwrap_err().code, "unknown-tensor");
}

/// Sends a command, and returns the answer.
fn ask(engine: &mut Engine, command: Command, arrays: Vec<ArrayData>) -> Result<(Answer, Vec<ArrayData>), String> {
    let clock = || 0.0;
    engine.handle(Envelope { message: Request { id: 1, command }, arrays }, &clock);
    while engine.has_work() {
        engine.turn(&clock);
    }
    let answered = engine.take_outbox().into_iter().find_map(|said| match said.message {
        Message::Reply { id: 1, result } => Some((result, said.arrays)),
        _ => None,
    });
    let (result, arrays) = answered.expect("an answer");
    result.map(|answer| (answer, arrays)).map_err(|error| error.code)
}

#[test]
fn the_engine_splits_shows_and_predicts_texts() {
    let mut engine = Engine::with(session(global_average_pooling1d()));
    let example = Command::Examples { split: Split::Test, indices: vec![1] };
    let (Answer::Examples(example), mut arrays) = ask(&mut engine, example, vec![]).unwrap() else {
        panic!("no example")
    };
    let (texts, classes) = notes(TEST, 1);
    assert_eq!((&example.texts[..], &example.shape[..]), (&texts[1..2], &[6][..]));
    assert_eq!(example.classes, [u32::from(classes[1])]);
    arrays.truncate(1);
    let tokenize = Command::Tokenize { text: texts[1].clone() };
    let (Answer::Tokens(tokens), ids) = ask(&mut engine, tokenize, vec![]).unwrap() else { panic!("no tokens") };
    assert_eq!(ids, arrays, "the ids are those of the example");
    assert_eq!(tokens.len(), texts[1].split(' ').count());
    let texts_of =
        |texts: &[&str]| Command::PredictTexts { texts: texts.iter().map(|text| (*text).to_owned()).collect() };
    let (_, outputs) = ask(&mut engine, texts_of(&[&texts[1], "good"]), vec![]).unwrap();
    let (_, by_ids) = ask(&mut engine, Command::Predict, ids).unwrap();
    let (ArrayData::F32(outputs), ArrayData::F32(by_ids)) = (&outputs[0], &by_ids[0]) else { panic!("no numbers") };
    assert_eq!((outputs.len(), &outputs[..2]), (4, &by_ids[..]));
    assert_eq!(ask(&mut engine, texts_of(&[]), vec![]).unwrap_err(), "wrong-length");
    let (Answer::Names(words), _) = ask(&mut engine, Command::Vocabulary, vec![]).unwrap() else { panic!("no words") };
    assert_eq!(words.len(), 18);
}
