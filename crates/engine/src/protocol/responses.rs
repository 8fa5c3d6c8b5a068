//! Typed responses, put together from an answer of the worker and the arrays that travel beside it.

use super::{
    Answer, ArrayData, BackendInfo, DatasetDescription, EngineInfo, Evaluation, ExamplesInfo, Explanation,
    GradientCheck, History, KernelTime, LayerStats, ModelSummary, Neighbour, RunState, StepInfo, WordMap,
};
use crate::data::Token;
use crate::model::spec::{ModelSpec, TrainingConfig};

/// The response to a request.
pub trait Response: Sized {
    /// Returns `None` for the answer to another kind of request.
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self>;
}

/// A tensor's shape and values in row-major order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TensorData {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Tensors of the last step, in the order of their names.
#[derive(Clone, PartialEq, Debug)]
pub struct StepData {
    pub info: StepInfo,
    pub tensors: Vec<TensorData>,
}

/// Examples of the data set.
#[derive(Clone, PartialEq, Debug)]
pub struct ExampleBatch {
    pub info: ExamplesInfo,
    /// `[k, shape]`: bytes, numbers as the network gets them, or token ids.
    pub inputs: ArrayData,
    /// The values of the targets, `[k, columns]`; none if the target is no values.
    pub values: Vec<f32>,
}

/// One example of a batch.
#[derive(Clone, PartialEq, Debug)]
pub struct ExampleData {
    /// The text whose token ids are the input.
    pub text: Option<String>,
    pub input: ArrayData,
    /// The class, if the target is one.
    pub class: Option<u32>,
    pub values: Vec<f32>,
}

impl ExampleBatch {
    /// Returns the examples one by one.
    pub fn into_examples(self) -> Vec<ExampleData> {
        let Self { info, inputs, values } = self;
        let width = info.shape.iter().product::<usize>().max(1);
        let inputs: Vec<ArrayData> = match inputs {
            ArrayData::U8(bytes) => bytes.chunks_exact(width).map(|input| ArrayData::U8(input.to_vec())).collect(),
            ArrayData::F32(numbers) => {
                numbers.chunks_exact(width).map(|input| ArrayData::F32(input.to_vec())).collect()
            }
            ArrayData::I32(ids) => ids.chunks_exact(width).map(|input| ArrayData::I32(input.to_vec())).collect(),
        };
        let columns = values.len() / inputs.len().max(1);
        let example = |(at, input)| ExampleData {
            input,
            text: info.texts.get(at).cloned(),
            class: info.classes.get(at).copied(),
            values: values[at * columns..(at + 1) * columns].to_vec(),
        };
        inputs.into_iter().enumerate().map(example).collect()
    }
}

/// A text as the network gets it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tokenized {
    /// All words of the text, with their ids.
    pub tokens: Vec<Token>,
    /// The ids that the network gets, `[sequenceLength]`: cut off or padded.
    pub ids: Vec<i32>,
}

/// An evaluation with its confusion matrix and the prediction for each example.
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluated {
    pub evaluation: Evaluation,
    /// `[classes,classes]`, by true class and predicted class.
    pub confusion: Vec<f32>,
    pub labels: Vec<u8>,
    /// The predicted class, or -1 for none; if the target is values, those predicted, `[n,columns]`.
    pub predicted: Vec<f32>,
    /// The score of the predicted class, which is its probability after a softmax.
    pub confidence: Vec<f32>,
    /// The true values, `[n,columns]`, if the target is values.
    pub values: Vec<f32>,
}

/// A run with the loss of every step, which the client adds to the answer as an array.
#[derive(Clone, PartialEq, Debug)]
pub struct RunHistory {
    pub history: History,
    pub losses: Vec<f32>,
}

fn f32_array(array: ArrayData) -> Option<Vec<f32>> {
    match array {
        ArrayData::F32(values) => Some(values),
        ArrayData::U8(_) | ArrayData::I32(_) => None,
    }
}

fn u8_array(array: ArrayData) -> Option<Vec<u8>> {
    match array {
        ArrayData::U8(values) => Some(values),
        ArrayData::F32(_) | ArrayData::I32(_) => None,
    }
}

/// Returns exactly `N` arrays.
fn arrays_of<const N: usize>(arrays: Vec<ArrayData>) -> Option<[ArrayData; N]> {
    arrays.try_into().ok()
}

/// Implements [`Response`] for types that are the whole answer.
macro_rules! plain_responses {
    ($($pattern:pat => $type:ty: $value:expr;)+) => {
        $(
            impl Response for $type {
                fn from_parts(answer: Answer, _: Vec<ArrayData>) -> Option<Self> {
                    if let $pattern = answer { Some($value) } else { None }
                }
            }
        )+
    };
}

plain_responses! {
    Answer::Done => (): ();
    Answer::Engine(info) => EngineInfo: info;
    Answer::Backend(info) => BackendInfo: info;
    Answer::Model(spec) => ModelSpec: spec;
    Answer::Summary(summary) => ModelSummary: summary;
    Answer::Training(config) => TrainingConfig: config;
    Answer::State { state } => RunState: state;
    Answer::Names(names) => Vec<String>: names;
    Answer::Datasets(datasets) => Vec<DatasetDescription>: datasets;
    Answer::Explanation(explanation) => Explanation: *explanation;
    Answer::GradientCheck(check) => GradientCheck: check;
    Answer::LayerStats(layer_stats) => LayerStats: layer_stats;
    Answer::Profile(kernels) => Vec<KernelTime>: kernels;
    Answer::WordMap(map) => WordMap: map;
    Answer::Neighbours(neighbours) => Vec<Neighbour>: neighbours;
}

impl Response for RunHistory {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let (Answer::History(history), [losses]) = (answer, arrays_of(arrays)?) else { return None };
        Some(Self { history, losses: f32_array(losses)? })
    }
}

impl Response for Evaluated {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let Answer::Evaluation(evaluation) = answer else { return None };
        let [confusion, labels, predicted, confidence, values] = arrays_of(arrays)?;
        Some(Self {
            evaluation,
            confusion: f32_array(confusion)?,
            labels: u8_array(labels)?,
            predicted: f32_array(predicted)?,
            confidence: f32_array(confidence)?,
            values: f32_array(values)?,
        })
    }
}

/// Probabilities, `[k,classes]`.
impl Response for Vec<f32> {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let (Answer::Probabilities { .. }, [values]) = (answer, arrays_of(arrays)?) else { return None };
        f32_array(values)
    }
}

/// Labels, one for each example.
impl Response for Vec<u8> {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let (Answer::Labels, [labels]) = (answer, arrays_of(arrays)?) else { return None };
        u8_array(labels)
    }
}

impl Response for TensorData {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let (Answer::Tensor { shape }, [values]) = (answer, arrays_of(arrays)?) else { return None };
        Some(Self { shape, values: f32_array(values)? })
    }
}

/// Tensors in the order of their names, empty if there is no value yet.
impl Response for Vec<TensorData> {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let Answer::Tensors { shapes } = answer else { return None };
        tensors(shapes, arrays)
    }
}

impl Response for Tokenized {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let (Answer::Tokens(tokens), [ArrayData::I32(ids)]) = (answer, arrays_of(arrays)?) else { return None };
        Some(Self { tokens, ids })
    }
}

impl Response for StepData {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let Answer::Step { info, shapes } = answer else { return None };
        Some(Self { info, tensors: tensors(shapes, arrays)? })
    }
}

fn tensors(shapes: Vec<Vec<usize>>, arrays: Vec<ArrayData>) -> Option<Vec<TensorData>> {
    let tensors = shapes.into_iter().zip(arrays);
    tensors.map(|(shape, values)| Some(TensorData { shape, values: f32_array(values)? })).collect()
}

impl Response for ExampleBatch {
    fn from_parts(answer: Answer, arrays: Vec<ArrayData>) -> Option<Self> {
        let (Answer::Examples(info), [inputs, values]) = (answer, arrays_of(arrays)?) else { return None };
        Some(Self { info, inputs, values: f32_array(values)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::requests::{Evaluate, Pause, Predict, Request, SetTensor};
    use crate::protocol::{Command, Effect, Split};

    #[test]
    fn requests_carry_their_arrays_and_effects() {
        let (command, arrays) = SetTensor { name: "dense.bias".to_owned(), values: vec![1.0] }.into_parts();
        assert_eq!(
            (&command, arrays),
            (&Command::SetTensor { name: "dense.bias".to_owned() }, vec![ArrayData::F32(vec![1.0])])
        );
        assert_eq!(command.effect(), Effect::ReplacesModel);
        assert_eq!(
            Predict { pixels: ArrayData::U8(vec![7]) }.into_parts(),
            (Command::Predict, vec![ArrayData::U8(vec![7])])
        );
        let evaluate = Evaluate { split: Split::Test, samples: None }.into_parts().0;
        assert!(evaluate.is_repeatable() && Pause {}.into_parts().0.is_repeatable() && !command.is_repeatable());
    }

    #[test]
    fn an_answer_of_another_kind_or_without_its_arrays_is_no_response() {
        let evaluation = Evaluation { loss: f32::NAN, samples: 2, classes: 1, ..Evaluation::default() };
        let arrays = vec![
            ArrayData::F32(vec![2.0]),
            ArrayData::U8(vec![0; 2]),
            ArrayData::F32(vec![-1.0, 0.0]),
            ArrayData::F32(vec![1.0; 2]),
            ArrayData::F32(Vec::new()),
        ];
        let evaluated = Evaluated::from_parts(Answer::Evaluation(evaluation.clone()), arrays.clone()).unwrap();
        assert_eq!((evaluated.confusion, evaluated.predicted), (vec![2.0], vec![-1.0, 0.0]));
        assert!(Evaluated::from_parts(Answer::Evaluation(evaluation), arrays[..4].to_vec()).is_none());
        assert!(Evaluated::from_parts(Answer::Done, arrays).is_none());
        assert!(TensorData::from_parts(Answer::Tensor { shape: vec![1] }, vec![ArrayData::U8(vec![1])]).is_none());
    }
}
