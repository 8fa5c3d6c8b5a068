//! The network's input: a drawing, an image of the test set, or a picture from a file.

use wasm_bindgen_futures::spawn_local;

use crate::ui::features::input::digit::{Drawing, Point};
use crate::ui::features::input::photo::Stage;
use crate::ui::features::input::sentence::SentenceStore;
use crate::ui::state::State;
use crate::ui::stores::messages::NoticeKind;
use chalkgrad_engine::protocol::ArrayData;
use chalkgrad_engine::protocol::Split;
use chalkgrad_engine::protocol::requests::{Examples, Labels};
use chalkgrad_engine::protocol::responses::{ExampleBatch, ExampleData};
use leptos::prelude::*;

/// The pen, in units of the pad's side.
pub const PEN_RADIUS: f32 = 0.042;

/// Source of the image.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Source {
    #[default]
    Drawing,
    Picture,
    /// An image of the test set: its index and its true class.
    Test {
        index: u32,
        label: u8,
    },
}

/// An image of the test set.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    pub index: u32,
    pub label: u8,
    pub pixels: Vec<u8>,
}

/// An example of the test set that is no image.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub index: u32,
    /// Counter of the rows that have been shown.
    pub number: u32,
    /// As the network gets them.
    pub values: Vec<f32>,
    /// Mean and deviation by which each was standardised; none if they are as they came.
    pub scales: Vec<[f32; 2]>,
    /// Values were typed in, so that class and target are another row's.
    pub is_edited: bool,
    /// The class, if the target is one.
    pub label: Option<u32>,
    pub target: Vec<f32>,
}

impl Row {
    /// Returns a value in the units of the data set.
    pub fn own_value(&self, column: usize) -> Option<f32> {
        let value = *self.values.get(column)?;
        Some(self.scales.get(column).map_or(value, |[mean, deviation]| value * deviation + mean))
    }

    fn set_own_value(&mut self, column: usize, value: f32) {
        if let Some(own) = self.values.get_mut(column) {
            *own = self.scales.get(column).map_or(value, |[mean, deviation]| (value - mean) / deviation);
            self.is_edited = true;
        }
    }
}

/// See the [module](self).
pub struct Input {
    drawing: RwSignal<Drawing>,
    /// The test image or picture under the strokes; empty: paper.
    ground: RwSignal<Vec<u8>>,
    /// As the network gets it, `[28,28]`, ink 255 on 0; empty: there is nothing.
    image: RwSignal<Vec<u8>>,
    source: RwSignal<Source>,
    /// Steps by which the last picture from a file was prepared.
    picture: RwSignal<Vec<Stage>>,
    /// The example that is looked at, if the data set has no images.
    row: RwSignal<Option<Row>>,
    /// The text that is looked at, if the data set has texts.
    pub sentence: SentenceStore,
    /// Outputs of the network for the input: probabilities, if the target is a class.
    probabilities: RwSignal<Option<Vec<f32>>>,
    /// The labels of the test images; empty before they have come.
    test_labels: RwSignal<Vec<u8>>,
    /// One image of each class, as far as they have come.
    samples: RwSignal<Vec<Sample>>,
    /// Index of a test image that is shown as soon as it has arrived, and the strokes over it.
    awaited: RwSignal<Option<(u32, Drawing)>>,
    is_asking_labels: StoredValue<bool>,
    /// The drawing is the page's example; the first stroke replaces it.
    is_example: StoredValue<bool>,
    /// A user, a link or the example has set the input.
    is_touched: StoredValue<bool>,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            drawing: RwSignal::new(Drawing::default()),
            ground: RwSignal::new(Vec::new()),
            image: RwSignal::new(Vec::new()),
            source: RwSignal::new(Source::Drawing),
            picture: RwSignal::new(Vec::new()),
            row: RwSignal::new(None),
            sentence: SentenceStore::default(),
            probabilities: RwSignal::new(None),
            test_labels: RwSignal::new(Vec::new()),
            samples: RwSignal::new(Vec::new()),
            awaited: RwSignal::new(None),
            is_asking_labels: StoredValue::new(false),
            is_example: StoredValue::new(false),
            is_touched: StoredValue::new(false),
        }
    }
}

impl Input {
    /// The drawing on the pad.
    pub fn drawing(&self) -> ReadSignal<Drawing> {
        self.drawing.read_only()
    }

    /// The test image or picture under the strokes, `[28,28]`; empty: paper.
    pub fn ground(&self) -> ReadSignal<Vec<u8>> {
        self.ground.read_only()
    }

    /// The image as the network gets it, `[28,28]`, ink 255 on 0; empty: there is nothing.
    pub fn image(&self) -> ReadSignal<Vec<u8>> {
        self.image.read_only()
    }

    pub fn source(&self) -> ReadSignal<Source> {
        self.source.read_only()
    }

    /// The example that is looked at, if the data set has no images.
    pub fn row(&self) -> ReadSignal<Option<Row>> {
        self.row.read_only()
    }

    /// Outputs of the network for the input: probabilities, if the target is a class.
    pub fn probabilities(&self) -> ReadSignal<Option<Vec<f32>>> {
        self.probabilities.read_only()
    }

    /// The labels of the test images; empty before they have come.
    pub fn test_labels(&self) -> ReadSignal<Vec<u8>> {
        self.test_labels.read_only()
    }

    /// One image of each class, as far as they have come.
    pub fn samples(&self) -> ReadSignal<Vec<Sample>> {
        self.samples.read_only()
    }

    pub fn set_probabilities(&self, probabilities: Option<Vec<f32>>) {
        self.probabilities.set(probabilities);
    }

    /// Sets the steps by which the picture from a file was prepared.
    pub fn set_picture(&self, stages: Vec<Stage>) {
        self.picture.set(stages);
    }

    pub fn set_source(&self, source: Source) {
        self.source.set(source);
    }

    /// Shows a test image as soon as it has arrived, with strokes over it.
    pub fn await_test_image(&self, index: u32, strokes: Drawing) {
        self.is_touched.set_value(true);
        self.awaited.set(Some((index, strokes)));
    }

    /// Shows the example drawing unless there has been any other input.
    pub fn show_example(&self) {
        if !self.is_touched.get_value() {
            self.draw(|drawing| *drawing = Drawing::sample());
            self.is_example.set_value(true);
        }
    }

    /// Returns true if the drawing is the page's own.
    pub fn is_example(&self) -> bool {
        self.is_example.get_value()
    }

    /// Returns true if the user has painted a cell of the keyboard's grid.
    pub fn is_painted(&self, cell: [usize; 2]) -> bool {
        !self.is_example.get_value() && self.drawing.with_untracked(|drawing| drawing.is_painted(cell))
    }

    /// Drops the labels and the samples of the test set, because another data set is in use.
    pub fn forget_samples(&self) {
        self.test_labels.set(Vec::new());
        self.samples.set(Vec::new());
        self.row.set(None);
        self.sentence.forget();
        self.probabilities.set(None);
    }

    /// Takes away what there is.
    pub fn clear(&self) {
        self.show(Vec::new(), Source::Drawing);
    }

    /// Changes the drawing, and makes it what the network looks at. Strokes over a test image or a picture stay where they
    /// are; a drawing on paper is prepared as MNIST's were.
    pub fn draw(&self, change: impl FnOnce(&mut Drawing)) {
        self.is_touched.set_value(true);
        if self.is_example.get_value() {
            self.is_example.set_value(false);
            self.drawing.update(Drawing::clear);
        }
        self.drawing.update(change);
        let image = self.drawing.with_untracked(|drawing| {
            self.ground.with_untracked(|ground| match (ground.is_empty(), drawing.is_empty()) {
                (false, _) => drawing.over(ground, PEN_RADIUS),
                (true, true) => Vec::new(),
                (true, false) => drawing.image(PEN_RADIUS),
            })
        });
        self.image.set(image);
    }

    /// Puts a pen down. Returns the index of its stroke.
    pub fn begin_stroke(&self, point: Point) -> usize {
        let mut stroke = 0;
        self.draw(|drawing| stroke = drawing.begin(point));
        stroke
    }

    pub fn extend_stroke(&self, stroke: usize, point: Point) {
        self.draw(|drawing| drawing.extend(stroke, point));
    }

    /// Shows an image instead of a drawing.
    pub fn show(&self, pixels: Vec<u8>, source: Source) {
        self.is_touched.set_value(true);
        self.is_example.set_value(false);
        self.drawing.update(Drawing::clear);
        self.source.set(source);
        self.ground.set(pixels.clone());
        self.image.set(pixels);
    }

    /// Returns the steps of the image's preparation; none for images of the data set.
    pub fn stages(&self) -> Vec<Stage> {
        match self.source.get() {
            Source::Drawing => self.drawing.with(|drawing| drawing.stages(PEN_RADIUS)),
            Source::Picture => self.picture.get(),
            Source::Test { .. } => Vec::new(),
        }
    }
}

impl State {
    /// Asks for the labels of the test images once these have come, and for an image of each class.
    pub fn load_test_set(&self) {
        let name = self.engine.training().with(|training| training.dataset.clone());
        let is_there =
            self.engine.data().with(|data| data.test_images > 0 && data.dataset == name) && self.has_images();
        let has_labels = self.input.test_labels.with_untracked(|labels| !labels.is_empty());
        if !is_there || has_labels || self.input.is_asking_labels.get_value() {
            return;
        }
        self.input.is_asking_labels.set_value(true);
        let (state, response) = (*self, self.client().request(Labels { split: Split::Test }));
        spawn_local(async move {
            let response = response.await;
            state.input.is_asking_labels.set_value(false);
            let Ok(labels) = response else { return };
            // Another data set may have come meanwhile.
            if state.engine.training().with_untracked(|training| training.dataset != name) {
                return;
            }
            let first = |class: u8| labels.iter().position(|label| *label == class).map(|index| index as u32);
            let classes = untrack(|| state.dataset()).schema.target.class_names().len() as u32;
            let indices: Vec<u32> = (0..classes).filter_map(|class| first(class as u8)).collect();
            state.input.test_labels.set(labels);
            state.test_images(indices, move |samples| state.input.samples.set(samples));
        });
    }

    /// Shows the test image that is awaited once it has arrived. The surrounding view follows that.
    pub fn show_awaited(&self) {
        let Some((index, strokes)) = self.input.awaited.get() else { return };
        let (test_images, is_complete) = self.engine.data().with(|data| (data.test_images, data.complete));
        if index < test_images || is_complete {
            self.input.awaited.set(None);
            // An index beyond the end is reported by the engine.
            let state = *self;
            self.test_images(vec![index], move |samples| {
                let Some(sample) = samples.into_iter().next() else { return };
                state.show_sample(sample);
                if !strokes.is_empty() {
                    state.input.draw(|drawing| *drawing = strokes);
                }
            });
        }
    }

    /// Asks for images of the test set by their places in it.
    pub fn test_images(&self, indices: Vec<u32>, then: impl FnOnce(Vec<Sample>) + 'static) {
        fn boxed(state: State, indices: Vec<u32>, then: Box<dyn FnOnce(Vec<Sample>)>) {
            let response = state.client().request(Examples { split: Split::Test, indices: indices.clone() });
            spawn_local(async move {
                match response.await.map(ExampleBatch::into_examples) {
                    Ok(examples) => {
                        let sample = |(index, ExampleData { input, class, .. })| match input {
                            ArrayData::U8(pixels) => {
                                Some(Sample { index, label: class.unwrap_or_default() as u8, pixels })
                            }
                            // Numbers are no image.
                            ArrayData::F32(_) | ArrayData::I32(_) => None,
                        };
                        then(indices.into_iter().zip(examples).filter_map(sample).collect());
                    }
                    Err(report) => state.notify(NoticeKind::Error, report),
                }
            });
        }
        boxed(*self, indices, Box::new(then));
    }

    /// Makes an example that is no image what the network looks at.
    pub fn show_row(&self, index: u32) {
        let (state, response) = (*self, self.client().request(Examples { split: Split::Test, indices: vec![index] }));
        let name = self.engine.training().with_untracked(|training| training.dataset.clone());
        spawn_local(async move {
            let response = response.await;
            // Another data set may have come meanwhile.
            if state.engine.training().with_untracked(|training| training.dataset != name) {
                return;
            }
            match response {
                Ok(ExampleBatch { info, inputs: ArrayData::F32(values), values: target }) => {
                    let label = info.classes.first().copied();
                    let number = state.input.row.with_untracked(|row| row.as_ref().map_or(0, |row| row.number + 1));
                    let scales = info.scales;
                    state.input.row.set(Some(Row { index, number, values, scales, is_edited: false, label, target }));
                }
                // Bytes are shown as images, token ids as texts.
                Ok(_) => {}
                Err(report) => state.notify(NoticeKind::Error, report),
            }
        });
    }

    /// Changes a value of the row that the network looks at, in the units of the data set.
    pub fn edit_row(&self, column: usize, value: f32) {
        self.input.row.update(|row| {
            if let Some(row) = row {
                row.set_own_value(column, value);
            }
        });
    }

    /// Makes an image of the test set what the network looks at.
    pub fn show_test_image(&self, index: u32) {
        let state = *self;
        self.test_images(vec![index], move |samples| {
            if let Some(sample) = samples.into_iter().next() {
                state.show_sample(sample);
            }
        });
    }

    /// Shows a sample whose image is at hand. It also becomes the sample of its class.
    pub fn show_sample(&self, sample: Sample) {
        self.input.show(sample.pixels.clone(), Source::Test { index: sample.index, label: sample.label });
        let is_known = self.input.samples().with_untracked(|samples| samples.contains(&sample));
        if !is_known {
            self.input.samples.update(|samples| {
                samples
                    .iter_mut()
                    .filter(|other| other.label == sample.label)
                    .for_each(|other| *other = sample.clone());
            });
        }
    }

    /// Shows the next or the previous image of the same class, cyclically.
    pub fn show_neighbour(&self, is_next: bool) {
        let Source::Test { index, label } = self.input.source().get_untracked() else { return };
        let neighbour = self.input.test_labels.with_untracked(|labels| {
            let (count, step) = (labels.len(), if is_next { 1 } else { labels.len().saturating_sub(1) });
            let places = (1..=count).map(|offset| (index as usize + offset * step) % count);
            places.into_iter().find(|place| labels[*place] == label)
        });
        if let Some(neighbour) = neighbour {
            self.show_test_image(neighbour as u32);
        }
    }
}
