//! All requests of the page, one entry each: fields, response, and effect on the engine.

use serde::{Deserialize, Serialize};

use super::responses::{Evaluated, ExampleBatch, Response, RunHistory, StepData, TensorData, Tokenized};
use super::{
    ArrayData, BackendChoice, BackendInfo, Cell, DatasetDescription, EngineInfo, Explanation, GradientCheck,
    KernelTime, ModelSummary, Neighbour, RunState, SnapshotInfo, Split,
};
use crate::model::spec::{ModelSpec, TrainingConfig};

/// The effect of a request on the engine, from none to the largest. Everything that treats requests differently asks this.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// Reads, and changes no other answer and no result of training.
    Reads,
    /// Pauses, resumes or ends work, or adds an evaluation to it.
    ControlsRun,
    /// Trains: the weights are the user's from here on.
    Trains,
    /// Takes over the outputs of the layers, so that nothing may change the model before the answer.
    Predicts,
    /// Changes the configuration, or restores weights.
    Configures,
    /// Replaces the model or its weights by the user's.
    ReplacesModel,
}

/// A request, as `client.request(Evaluate { split, samples }).await?` sends it.
pub trait Request {
    type Response: Response;
    const EFFECT: Effect;

    /// Returns the command for the worker and the arrays that travel beside it.
    fn into_parts(self) -> (Command, Vec<ArrayData>);
}

/// A field of a request that travels as transferred arrays.
trait Transfer {
    fn append_to(self, arrays: &mut Vec<ArrayData>);
}

impl Transfer for ArrayData {
    fn append_to(self, arrays: &mut Vec<ArrayData>) {
        arrays.push(self);
    }
}

impl Transfer for Vec<f32> {
    fn append_to(self, arrays: &mut Vec<ArrayData>) {
        arrays.push(ArrayData::F32(self));
    }
}

impl Transfer for Vec<Vec<f32>> {
    fn append_to(self, arrays: &mut Vec<ArrayData>) {
        arrays.extend(self.into_iter().map(ArrayData::F32));
    }
}

/// Declares requests: `Name { fields } with { arrays } -> Response: effect;`. `repeatable` marks requests that another engine
/// answers as well if the first one is replaced before its answer.
macro_rules! requests {
    (@is_repeatable) => { false };
    (@is_repeatable repeatable) => { true };
    ($(
        $(#[$doc:meta])*
        $name:ident $({ $($field:ident: $type:ty),+ })? $(with { $array:ident: $array_type:ty })?
            -> $response:ty: $effect:ident $($repeatable:ident)?;
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Debug)]
            pub struct $name { $($(pub $field: $type,)+)? $(pub $array: $array_type,)? }

            impl Request for $name {
                type Response = $response;
                const EFFECT: Effect = Effect::$effect;

                fn into_parts(self) -> (Command, Vec<ArrayData>) {
                    #[allow(unused_mut)]
                    let mut arrays = Vec::new();
                    $(self.$array.append_to(&mut arrays);)?
                    (Command::$name $({ $($field: self.$field),+ })?, arrays)
                }
            }
        )+

        /// A request on its way to the worker, without its arrays.
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
        pub enum Command {
            $($(#[$doc])* $name $({ $($field: $type),+ })?,)+
        }

        impl Command {
            pub fn effect(&self) -> Effect {
                match self {
                    $(Self::$name { .. } => $name::EFFECT,)+
                }
            }

            /// Returns true if another engine answers the command as well.
            pub fn is_repeatable(&self) -> bool {
                match self {
                    $(Self::$name { .. } => requests!(@is_repeatable $($repeatable)?),)+
                }
            }
        }
    };
}

requests! {
    /// The first request. `data_url` is the absolute URL of the folder with the data set shards.
    Init { data_url: String } -> EngineInfo: ControlsRun;
    SetBackend { choice: BackendChoice, workers: Option<u32> } -> BackendInfo: ReplacesModel;
    /// `kept` holds, for each layer, the index in the current model of the layer whose weights it takes over, if there is one
    /// and they fit. Without `kept`, and as long as no weight has been trained or written, all weights come from the seed.
    SetModel { spec: ModelSpec, kept: Option<Vec<Option<u32>>> } -> ModelSummary: ReplacesModel;
    GetModel -> ModelSpec: Reads repeatable;
    SetTraining { config: TrainingConfig } -> TrainingConfig: Configures;
    GetTraining -> TrainingConfig: Reads repeatable;
    /// Trains on for so many epochs, or so many steps, or as the configuration says. Answered when the run ends (done, stopped or
    /// failed).
    Train { epochs: Option<u32>, steps: Option<u32> } -> RunHistory: Trains;
    Pause -> RunState: ControlsRun repeatable;
    Resume -> RunState: ControlsRun repeatable;
    Stop -> RunState: ControlsRun repeatable;
    Reset -> (): ReplacesModel;
    Evaluate { split: Split, samples: Option<u32> } -> Evaluated: ControlsRun repeatable;
    /// `pixels` are `U8` (0 to 255, scaled by 1/255), `F32` (as they are) or `I32` (token ids), k times the input size.
    Predict with { pixels: ArrayData } -> Vec<f32>: Predicts;
    /// The same for texts.
    PredictTexts { texts: Vec<String> } -> Vec<f32>: Predicts;
    /// Splits a text as the data set's are.
    Tokenize { text: String } -> Tokenized: Reads repeatable;
    /// Lists the words of the tokens by id; none before the data set of texts has arrived.
    Vocabulary -> Vec<String>: Reads repeatable;
    TensorNames -> Vec<String>: Reads repeatable;
    Tensor { name: String } -> TensorData: Reads repeatable;
    SetTensor { name: String } with { values: Vec<f32> } -> (): ReplacesModel;
    /// Reads tensors of one moment: the outputs of layers for k inputs (the model's own by the name
    /// [`MODEL_OUTPUT`](super::MODEL_OUTPUT)), the [`INPUT_SHARES`](super::INPUT_SHARES) of one, weights, gradients of the last step.
    /// The answers to [`Tensor`] stay the same.
    Inspect { names: Vec<String> } with { inputs: ArrayData } -> Vec<TensorData>: Reads;
    /// Reads tensors of the last step, all of them as they were for this step: outputs and gradients from the weights before its
    /// update, states before (`before conv2d.kernel`) and after it.
    LastStep { names: Vec<String> } -> StepData: Reads repeatable;
    /// Explains a number of the last step by the numbers that it comes from. At most so many terms of each sum are listed.
    Explain { cell: Cell, terms: u32 } -> Explanation: Reads repeatable;
    /// Explains a number on the way of one input through the network, with the weights as they are.
    ExplainInput { cell: Cell, terms: u32 } with { input: ArrayData } -> Explanation: Reads;
    /// Compares the gradient of one number of a trained weight in the last step with the one that finite differences give.
    CheckGradient { parameter: String, index: u32 } -> GradientCheck: Reads repeatable;
    /// Reads the statistics of a layer in the last step.
    LayerStats { layer: String } -> super::LayerStats: Reads;
    /// Reads the examples of a split with these indices, which must have arrived.
    Examples { split: Split, indices: Vec<u32> } -> ExampleBatch: Reads repeatable;
    /// Reads the labels of those examples of a split that have arrived.
    Labels { split: Split } -> Vec<u8>: Reads;
    /// Reads the places of the most frequent words in the plane of the first two principal components of a layer's embeddings.
    WordMap { layer: String, words: u32 } -> super::WordMap: Reads;
    /// Reads the words whose embeddings are nearest to that of a word.
    NearestWords { layer: String, word: String, count: u32 } -> Vec<Neighbour>: Reads;
    /// Lists the data sets that a configuration can name.
    Datasets -> Vec<DatasetDescription>: Reads repeatable;
    /// Starts the download of the data set in use, if it has not begun or has failed. The first run or evaluation does so, too.
    FetchData -> (): ControlsRun;
    /// Sets the pause after each training step, 0 for none.
    SetStepDelay { step_delay_ms: f64 } -> (): Reads;
    /// Asks for the times of the kernels of the next training step, on a GPU with timestamps.
    Profile -> Vec<KernelTime>: ControlsRun;
    /// Asks for a sign of life.
    Ping -> (): ControlsRun;
    /// Restores the contents of an [`Event::Snapshot`](super::Event::Snapshot) after a restart of the worker.
    Restore { snapshot: SnapshotInfo } with { arrays: Vec<Vec<f32>> } -> (): Configures;
    /// Posts an [`Event::Snapshot`](super::Event::Snapshot), then answers.
    Snapshot -> (): Reads;
    /// Continues another session, completely or not at all. Ends a run.
    Open { model: ModelSpec, training: TrainingConfig, snapshot: SnapshotInfo } with { arrays: Vec<Vec<f32>> }
        -> ModelSummary: ReplacesModel;
    /// Lets weights that were trained elsewhere serve predictions until the first step or change. One array for each name.
    ShowPretrained { names: Vec<String> } with { arrays: Vec<Vec<f32>> } -> (): Configures;
}
