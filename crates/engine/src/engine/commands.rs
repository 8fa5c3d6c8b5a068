//! Execution of the commands.

use super::backends::{check_backend, engine_info};
use super::examples::{self, Examples};
use super::records::Halt;
use super::{Engine, TURN_MS};
use crate::error::{Given, MessageError, Result, SettingError, SettingRule};
use crate::protocol::{Answer, ArrayData, BackendChoice, Command, SnapshotInfo};
use crate::tensor::HostTensor;
use crate::train::Pixels;

/// The longest rest between two steps.
const MAX_STEP_DELAY_MS: f64 = 60_000.0;

impl Engine {
    /// Returns the answer, or `None` if it comes later.
    pub(super) fn carry_out(
        &mut self,
        id: u32,
        command: Command,
        arrays: Vec<ArrayData>,
        clock: &dyn Fn() -> f64,
    ) -> Result<Option<(Answer, Vec<ArrayData>)>> {
        let answer = match command {
            Command::Init { data_url } => {
                if self.download.url.is_none() {
                    self.download.url = Some(data_url);
                }
                Answer::Engine(engine_info(self.backend_info(), self.backend.is_some(), &self.datasets()))
            }
            Command::SetBackend { choice, workers } => {
                if self.backend.is_none() || choice == BackendChoice::Cpu {
                    check_backend(choice, workers)?;
                    self.ask_for_workers(workers);
                }
                Answer::Backend(self.backend_info())
            }
            Command::SetModel { spec, kept } => {
                let summary = match kept {
                    Some(kept) => self.session.edit_model(&spec, &kept)?,
                    None => self.session.set_model(&spec)?,
                };
                self.resize_pool();
                self.begin_anew(clock());
                Answer::Summary(summary)
            }
            Command::GetModel => Answer::Model(self.session.model().clone()),
            Command::SetTraining { config } => {
                self.session.set_training(config)?;
                self.refuse_snapshots();
                self.resize_pool();
                self.phase.stop_waiting(clock());
                self.snapshots.note_change();
                Answer::Training(self.session.training().clone())
            }
            Command::GetTraining => Answer::Training(self.session.training().clone()),
            Command::Train { epochs, steps } => {
                self.start(id, epochs, steps, clock())?;
                return Ok(None);
            }
            Command::SetStepDelay { step_delay_ms } => {
                if !(0.0..=MAX_STEP_DELAY_MS).contains(&step_delay_ms) {
                    let rule = SettingRule::Number { min: "0".to_owned(), max: MAX_STEP_DELAY_MS.to_string() };
                    return Err(SettingError::BadSetting {
                        setting: "stepDelayMs".to_owned(),
                        value: step_delay_ms.to_string(),
                        rule,
                    }
                    .into());
                }
                self.set_step_delay(step_delay_ms, clock());
                Answer::Done
            }
            Command::Pause => return Ok(self.halt(id, Halt::Pause, clock).map(|answer| (answer, Vec::new()))),
            Command::Resume => {
                self.resume(clock());
                Answer::State { state: self.state() }
            }
            Command::Stop => return Ok(self.halt(id, Halt::Stop, clock).map(|answer| (answer, Vec::new()))),
            Command::Reset => {
                self.session.reset();
                self.begin_anew(clock());
                Answer::Done
            }
            Command::Evaluate { split, samples } => {
                self.session.start_evaluation(split, samples)?;
                self.evaluations.push(id, split, samples);
                self.fetch_dataset();
                self.show_state();
                return Ok(None);
            }
            Command::Predict => {
                let pixels = match one_array(arrays)? {
                    ArrayData::U8(pixels) => Pixels::U8(pixels),
                    ArrayData::F32(pixels) => Pixels::F32(pixels),
                    ArrayData::I32(ids) => Pixels::I32(ids),
                };
                return self.begin_prediction(id, pixels, clock);
            }
            Command::PredictTexts { texts } => {
                let ids = self.session.token_ids(texts.iter().map(String::as_str))?;
                return self.begin_prediction(id, Pixels::I32(ids), clock);
            }
            Command::Tokenize { text } => {
                let ids = self.session.token_ids([&text[..]])?;
                let tokens = self.session.dataset().vectorization().map(|own| own.tokens(&text)).unwrap_or_default();
                return Ok(Some((Answer::Tokens(tokens), vec![ArrayData::I32(ids)])));
            }
            Command::Vocabulary => {
                let vectorization = self.session.dataset().vectorization();
                Answer::Names(vectorization.map(|own| own.vocabulary.words().to_vec()).unwrap_or_default())
            }
            Command::WordMap { layer, words } => Answer::WordMap(self.session.word_map(&layer, words)?),
            Command::NearestWords { layer, word, count } => {
                Answer::Neighbours(self.session.nearest_words(&layer, &word, count)?)
            }
            Command::TensorNames => Answer::Names(self.session.tensor_names()),
            Command::Tensor { name } => {
                // A shared step changes nothing that can be read before its end.
                if self.session.workers() == 1 {
                    self.settle(clock);
                }
                let tensor = self.session.tensor(&name)?;
                let shape = tensor.shape().dims().to_vec();
                return Ok(Some((Answer::Tensor { shape }, vec![ArrayData::F32(tensor.into_words())])));
            }
            Command::SetTensor { name } => {
                let values = floats(&name, one_array(arrays)?)?;
                self.settle(clock);
                self.session.set_tensor(&name, values)?;
                self.snapshots.note_change();
                Answer::Done
            }
            Command::Inspect { names } => {
                let inputs = one_array(arrays)?;
                while !self.session.is_asynchronous() && !self.session.prepare_inspection(&inputs, &names)? {}
                let (mut shapes, mut arrays) = (Vec::new(), Vec::new());
                for tensor in self.session.inspect(&inputs, &names)? {
                    shapes.push(tensor.as_ref().map(|tensor| tensor.shape().dims().to_vec()).unwrap_or_default());
                    arrays.push(ArrayData::F32(tensor.map(HostTensor::into_words).unwrap_or_default()));
                }
                return Ok(Some((Answer::Tensors { shapes }, arrays)));
            }
            Command::LastStep { names } => return self.last_step(&names).map(Some),
            Command::Explain { cell, terms } => {
                while !self.session.is_asynchronous() && !self.session.prepare_explanation(&cell, &mut || true)? {}
                Answer::Explanation(Box::new(self.session.explain(&cell, terms as usize)?))
            }
            Command::ExplainInput { cell, terms } => {
                let input = one_array(arrays)?;
                while !self.session.is_asynchronous() && !self.session.prepare_input_explanation(&input, &cell)? {}
                Answer::Explanation(Box::new(self.session.explain_input(&cell, terms as usize)?))
            }
            Command::CheckGradient { parameter, index } => {
                let index = index as usize;
                while !self.session.is_asynchronous()
                    && !self.session.prepare_gradient_check(&parameter, index, &mut || true)?
                {}
                Answer::GradientCheck(self.session.gradient_check()?)
            }
            Command::LayerStats { layer } => {
                if self.session.workers() == 1 {
                    self.settle(clock);
                }
                Answer::LayerStats(self.session.layer_stats(&layer)?)
            }
            Command::Labels { split } => {
                let labels = examples::labels(self.session.dataset(), self.session.training(), split);
                return Ok(Some((Answer::Labels, vec![ArrayData::U8(labels.to_vec())])));
            }
            Command::Datasets => Answer::Datasets(self.datasets()),
            Command::Examples { split, indices } => {
                let (dataset, config) = (self.session.dataset(), self.session.training());
                let Examples { info, inputs, values } = examples::examples(dataset, config, split, &indices)?;
                return Ok(Some((Answer::Examples(info), vec![inputs, ArrayData::F32(values)])));
            }
            Command::FetchData => {
                self.fetch_dataset();
                Answer::Done
            }
            Command::Profile => {
                self.ask_for_times(id)?;
                return Ok(None);
            }
            Command::Ping => Answer::Done,
            Command::Restore { snapshot } => {
                self.session.restore(&snapshot, f32_arrays(arrays)?)?;
                self.begin_anew(clock());
                Answer::Done
            }
            Command::Open { model, training, snapshot } => {
                let summary = self.session.open(&model, &training, &snapshot, &f32_arrays(arrays)?)?;
                self.resize_pool();
                self.begin_anew(clock());
                Answer::Summary(summary)
            }
            Command::ShowPretrained { names } => {
                let info = SnapshotInfo { names, ..SnapshotInfo::default() };
                self.session.show_pretrained(&info, &f32_arrays(arrays)?)?;
                Answer::Done
            }
            Command::Snapshot => {
                self.snapshots.note_change();
                self.snapshots.ask(id);
                return Ok(None);
            }
        };
        Ok(Some((answer, Vec::new())))
    }

    fn begin_prediction(
        &mut self,
        id: u32,
        pixels: Pixels,
        clock: &dyn Fn() -> f64,
    ) -> Result<Option<(Answer, Vec<ArrayData>)>> {
        self.session.start_prediction(pixels)?;
        if !self.session.is_asynchronous() {
            let deadline_ms = clock() + TURN_MS;
            if let Some(done) = self.session.go_on_predicting(&mut || clock() < deadline_ms)? {
                return Ok(Some(prediction(done)));
            }
        }
        self.predicting = Some(id);
        Ok(None)
    }
}

pub(super) fn prediction((probabilities, classes): (Vec<f32>, usize)) -> (Answer, Vec<ArrayData>) {
    (Answer::Probabilities { classes: classes as u32 }, vec![ArrayData::F32(probabilities)])
}

pub(super) fn f32_arrays(arrays: Vec<ArrayData>) -> Result<Vec<Vec<f32>>> {
    arrays.into_iter().map(|array| floats("arrays", array)).collect()
}

fn floats(name: &str, array: ArrayData) -> Result<Vec<f32>> {
    let class = match array {
        ArrayData::F32(values) => return Ok(values),
        ArrayData::U8(_) => "Uint8Array",
        ArrayData::I32(_) => "Int32Array",
    };
    Err(MessageError::NotFloats { name: name.to_owned(), got: Given::ObjectOf { class: class.to_owned() } }.into())
}

fn one_array(arrays: Vec<ArrayData>) -> Result<ArrayData> {
    let count = arrays.len();
    let mut arrays = arrays.into_iter();
    match (arrays.next(), arrays.next()) {
        (Some(array), None) => Ok(array),
        _ => Err(MessageError::NotOneArray { name: "arrays".to_owned(), got: count }.into()),
    }
}
