//! Data sets: the list of them, the change to another one, and what happens when it does not come.

use chalkgrad_engine::data::{DatasetInfo, Inputs, Part, Values, sources};
use chalkgrad_engine::error::{DataError, FetchFault};
use chalkgrad_engine::model::spec::{LossSpec, TrainingConfig};
use chalkgrad_engine::protocol::{Answer, Command, DatasetDescription, Event, RunState, Split, TargetDescription};

use super::{Bench, TRAIN_IMAGES, classifier, train};

fn change(bench: &Bench, dataset: &str) -> Command {
    let config = TrainingConfig { dataset: dataset.to_owned(), ..bench.engine_config() };
    Command::SetTraining { config }
}

impl Bench {
    fn engine_config(&self) -> TrainingConfig {
        TrainingConfig { train_samples: TRAIN_IMAGES as u32, batch_size: 10, ..TrainingConfig::default() }
    }

    /// Makes an engine that can fetch data sets, with the first one complete.
    fn connected() -> Self {
        let mut bench = Self::with_data();
        bench.ask(Command::Init { data_url: "https://host/data/".to_owned() }).unwrap();
        bench.engine.take_download_request();
        bench.ask(Command::SetTraining { config: bench.engine_config() }).unwrap();
        bench
    }

    /// Lets a small version of Fashion-MNIST arrive: so many images of zeros, whose labels go round.
    fn fashion_arrives(&mut self, [train, test]: [usize; 2]) {
        let name = self.engine.take_download_request().unwrap().name;
        let info = DatasetInfo { train_total: train, test_total: test, ..sources::find(&name).unwrap().info() };
        self.engine.set_dataset_info(info).unwrap();
        for (part, count) in [(Part::Train, train), (Part::Test, test)] {
            let labels: Vec<u8> = (0..count).map(|index| (index % 10) as u8).collect();
            let pixels = vec![7; count * 784];
            self.engine
                .shard_arrived(&name, part, Inputs::Values(Values::U8(&pixels)), Values::U8(&labels), self.now_ms.get())
                .unwrap();
        }
        let now_ms = self.now_ms.get();
        self.engine.download_ended(&name, Ok(()), &|| now_ms);
        self.listen();
    }
}

#[test]
fn the_catalogue_is_listed_with_its_classes() {
    let mut bench = Bench::new();
    let (Answer::Datasets(datasets), _) = bench.ask(Command::Datasets).unwrap() else { panic!("not the data sets") };
    let of = |name: &str| datasets.iter().find(|dataset: &&DatasetDescription| dataset.name == name).unwrap();
    let fashion = of("fashion-mnist");
    assert_eq!((fashion.train, fashion.test, &fashion.input.shape[..]), (60_000, 10_000, &[28, 28, 1][..]));
    let TargetDescription::Class { classes } = &fashion.target else { panic!("not classes") };
    assert_eq!((classes.len(), classes[9].as_str()), (10, "Ankle boot"));
    let Answer::Engine(info) = bench.ask(Command::Init { data_url: String::new() }).unwrap().0 else { panic!() };
    assert_eq!(info.datasets, datasets.iter().map(|dataset| dataset.name.clone()).collect::<Vec<_>>());
}

#[test]
fn another_data_set_takes_the_place_of_the_first_when_all_of_it_is_there() {
    let mut bench = Bench::connected();
    let request = bench.send(change(&bench, "fashion-mnist"));
    assert!(bench.answer(request).is_none(), "nothing has arrived");
    // Requests that do not depend on it are answered at once, with the former data set.
    let (Answer::Training(config), _) = bench.ask(Command::GetTraining).unwrap() else { panic!() };
    assert_eq!(config.dataset, "mnist");
    let held = bench.send(Command::SetModel { spec: classifier("softmax"), kept: None });
    assert!(bench.answer(held).is_none(), "it may depend on the data set");

    bench.fashion_arrives([40, 20]);
    let (Answer::Training(config), _) = bench.answer(request).unwrap().unwrap() else { panic!() };
    assert_eq!((config.dataset.as_str(), config.train_samples), ("fashion-mnist", 40), "all of it is trained on");
    // The model of before takes 4x4 pixels.
    let error = bench.answer(held).unwrap().unwrap_err();
    assert_eq!(error.code, "wrong-input");
    for command in [train(Some(1), None), Command::Evaluate { split: Split::Test, samples: None }] {
        let error = bench.ask(command).unwrap_err();
        assert_eq!((error.code.as_str(), error.message.contains("28×28×1")), ("wrong-input", true));
    }
    let mut spec = classifier("softmax");
    spec.input_shape = vec![28, 28, 1];
    spec.layers[1] = spec.layers[1].clone().with("units", 10.0);
    bench.ask(Command::SetModel { spec, kept: None }).unwrap();
    let run = bench.send(train(Some(1), None));
    bench.work();
    let (Answer::History(history), _) = bench.answer(run).unwrap().unwrap() else { panic!() };
    assert_eq!((history.steps, history.state), (4, RunState::Done));
    let command = Command::Examples { split: Split::Test, indices: vec![19, 3] };
    let (Answer::Examples(examples), arrays) = bench.ask(command).unwrap() else { panic!() };
    assert_eq!((&examples.classes[..], &examples.class_names[9][..], arrays.len()), (&[9, 3][..], "Ankle boot", 2));
}

#[test]
fn only_the_data_set_that_is_named_first_is_fetched() {
    let start = || {
        let mut bench = Bench::new();
        bench.ask(Command::Init { data_url: "https://host/data/".to_owned() }).unwrap();
        bench
    };
    // Points are made at once; what the page opens with is not fetched.
    let mut bench = start();
    let config = TrainingConfig { dataset: "spiral".to_owned(), train_samples: 1000, ..TrainingConfig::default() };
    bench.ask(Command::SetTraining { config }).unwrap();
    bench.ask(Command::FetchData).unwrap();
    assert!(bench.engine.take_download_request().is_none());

    // One that has to come is fetched alone; if it fails, the first one is.
    let mut bench = start();
    let request = bench.send(change(&bench, "fashion-mnist"));
    bench.send(Command::FetchData);
    let name = bench.engine.take_download_request().unwrap().name;
    assert_eq!((name.as_str(), bench.engine.take_download_request().is_none()), ("fashion-mnist", true));
    let (file, reason) = ("fashion-mnist/manifest.json".to_owned(), FetchFault::NoConnection);
    bench.engine.download_ended(&name, Err(DataError::DataUnavailable { file, reason }.into()), &|| 0.0);
    bench.listen();
    assert!(bench.answer(request).unwrap().is_err());
    assert_eq!(bench.engine.take_download_request().unwrap().name, "mnist");
    assert!(bench.engine.wants("mnist") && !bench.engine.wants("fashion-mnist"));
}

#[test]
fn a_data_set_that_does_not_come_leaves_the_former_one() {
    let mut bench = Bench::connected();
    let request = bench.send(change(&bench, "fashion-mnist"));
    let run = bench.send(train(Some(1), None));
    let name = bench.engine.take_download_request().unwrap().name;
    let (file, reason) = ("fashion-mnist/manifest.json".to_owned(), FetchFault::HttpStatus { status: 404 });
    let now_ms = bench.now_ms.get();
    bench.engine.download_ended(&name, Err(DataError::DataUnavailable { file, reason }.into()), &|| now_ms);
    bench.listen();
    let error = bench.answer(request).unwrap().unwrap_err();
    assert_eq!((error.code.as_str(), error.message.contains("404")), ("data-unavailable", true));
    bench.work();
    let (Answer::History(history), _) = bench.answer(run).unwrap().unwrap() else { panic!() };
    assert_eq!(history.state, RunState::Done, "the request that waited trains on the former data set");
    let told = bench.events(|event| if let Event::Data(data) = event { Some(data.dataset.clone()) } else { None });
    assert_eq!(told.last().map(String::as_str), Some("mnist"));
}

#[test]
fn what_cannot_be_changed_to_is_refused_at_once() {
    let mut bench = Bench::connected();
    let error = bench.ask(change(&bench, "fashion_mnist")).unwrap_err();
    assert_eq!((error.code.as_str(), error.message.contains("\"fashion-mnist\"")), ("unknown-dataset", true));
    let config = TrainingConfig { train_samples: 70_000, ..bench.engine_config() };
    let config = TrainingConfig { dataset: "fashion-mnist".to_owned(), ..config };
    let error = bench.ask(Command::SetTraining { config }).unwrap_err();
    assert_eq!(error.code, "bad-setting");
    assert!(bench.engine.take_download_request().is_none(), "nothing is fetched for it");
}

#[test]
fn every_loss_says_which_targets_it_takes() {
    use chalkgrad_engine::data::Target;
    let (classes, values) = (Target::classes(["a", "b"]), Target::values(["price"]));
    let fits = |name: &str, target: &Target, outputs| LossSpec::new(name, []).unwrap().check_fit(target, outputs);
    fits("sparse_categorical_crossentropy", &classes, 2).unwrap();
    fits("binary_crossentropy", &classes, 1).unwrap();
    fits("mean_squared_error", &values, 1).unwrap();
    fits("binary_crossentropy", &Target::Input, 784).unwrap();
    for (name, target, outputs) in [
        ("sparse_categorical_crossentropy", &values, 1),
        ("binary_crossentropy", &values, 1),
        ("sparse_categorical_crossentropy", &classes, 1),
        ("sparse_categorical_crossentropy", &Target::Input, 784),
    ] {
        let error = fits(name, target, outputs).unwrap_err();
        assert_eq!((error.code, error.setting()), ("bad-setting", Some("loss")));
        assert!(error.to_string().contains("mean_squared_error"), "{error}");
    }
}
